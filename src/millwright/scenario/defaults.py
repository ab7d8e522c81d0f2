"""What the user did not say: each field that was defaulted, with its value and why it is what it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from millwright.scenario.fields import Unit
from millwright.scenario.model import Scenario
from millwright.scenario.pattern import Filled
from millwright.scenario.traffic import Traffic
from millwright.scenario.workload import Mode, Slo, Workload


@dataclass(frozen=True)
class DefaultedField:
    """A field the scenario left open: `path` (`workloads.chat.growth`), `value` with its unit, and why (`note`)."""

    path: str
    value: str
    note: str


def defaulted_fields(scenario: Scenario, filled: Mapping[str, tuple[Filled, ...]]) -> tuple[DefaultedField, ...]:
    """Return every defaulted field of `scenario`, in its order; `filled` is what profiles gave, by workload."""
    return tuple(_defaulted(scenario, "", filled))


def _defaulted(model: BaseModel, path: str, filled: Mapping[str, tuple[Filled, ...]]) -> Iterator[DefaultedField]:
    for name, info in type(model).model_fields.items():
        value = getattr(model, name)
        here = f"{path}.{info.alias or name}" if path else info.alias or name
        is_given = name in model.model_fields_set
        if isinstance(value, BaseModel) and (is_given or not _note(info)):
            yield from _defaulted(value, here, filled)
            if isinstance(model, Workload) and isinstance(value, Traffic):
                yield from (DefaultedField(f"{here}.{each.key}", each.value, each.note) for each in filled[model.name])
        elif is_given:
            for item in value if isinstance(value, tuple) else ():
                if isinstance(item, BaseModel):
                    yield from _defaulted(item, f"{here}.{getattr(item, 'name', '')}".rstrip("."), filled)
        elif (note := _note(info)) and _counts(model, name):
            yield DefaultedField(here, shown(value, info), note)


def _note(info: FieldInfo) -> str:
    extra = info.json_schema_extra
    return str(extra.get("default_note", "")) if isinstance(extra, dict) else ""


def _counts(model: BaseModel, name: str) -> bool:
    """Return whether a field of `model` has any effect, given the others."""
    if name in ("kind", "items"):
        return False  # what is usual unless something else is said: no assumption about this organisation
    if isinstance(model, Traffic):
        needs = {"trace_scale": model.trace, "requests_per_user_per_day": model.users}
        return (needs[name] is not None) if name in needs else not (name == "profile" and model.trace is not None)
    if isinstance(model, Workload) and model.mode is Mode.BATCH:
        return name != "slo"
    return not (isinstance(model, Workload) and name == "deadline_hours")


def shown(value: Any, info: FieldInfo) -> str:
    """Return a default as the user would have written it."""
    if value is None or value == ():
        return "not given"
    if isinstance(value, Slo):
        return _slo(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, tuple):
        return ", ".join(
            str(getattr(each, "name", each)) if not isinstance(each, Enum) else each.value for each in value
        )
    if isinstance(value, float):
        unit = next((each for each in _metadata(info) if isinstance(each, Unit)), None)
        return unit.show(value) if unit else f"{value:,.10g}"
    return str(value)


def _slo(slo: Slo) -> str:
    limits = {"TTFT": slo.ttft_s, "TPOT": slo.tpot_s, "E2E": slo.e2e_s}
    shown = ", ".join(f"{name} {limit:,.6g} s" for name, limit in limits.items() if limit is not None)
    return f"{shown} at p{slo.percentile:g}" if shown else "no limit"


def _metadata(info: FieldInfo) -> Iterator[Any]:
    """Yield a field's annotations, those within `… | None` too."""
    yield from info.metadata
    for part in get_args(info.annotation):
        if get_origin(part) is Annotated:
            yield from part.__metadata__
