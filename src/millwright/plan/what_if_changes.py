"""What may be asked "what if" of: a handful of changes, each an edit of the scenario's own text.

A change is never a side door into the plan: it is written into the YAML and read again, so the refreshed answer is the
answer to a scenario that one can save. Comments and layout of the text stay.
"""

from __future__ import annotations

from typing import Annotated
from urllib.parse import parse_qsl, urlencode

from pydantic import Field, ValidationError, field_validator

from millwright.catalog.precision import Precision
from millwright.errors import InputError
from millwright.plan.base_model import PlanModel
from millwright.scenario.edit import EditError, Plain, set_value
from millwright.scenario.faults import KeyPath
from millwright.scenario.load import LoadedScenario
from millwright.scenario.model import Mode, OwnedSite, Scenario, Workload
from millwright.spans import HOURS_PER_WEEK
from millwright.traffic.shape import named_shapes

Edit = tuple[KeyPath, Plain]

_HOURS = (24, HOURS_PER_WEEK)


class Changes(PlanModel):
    """What is changed against the scenario; None is as the scenario has it. Rates are shares per year: 0.08 is 8 %."""

    workload: str | None = None
    """Whose demand, SLO and precision change; None: every workload's."""
    demand: Annotated[float, Field(gt=0.0, le=1000.0)] | None = None
    """Multiple of the demand that the scenario states."""
    growth_per_year: Annotated[float, Field(ge=-0.99, le=20.0)] | None = None
    """Growth of demand."""
    shape: str | tuple[Annotated[float, Field(ge=0.0, le=1e9)], ...] | None = None
    """How demand spreads over the hours: a shape's name, or 24 or 168 weights."""
    electricity_per_kwh: Annotated[float, Field(ge=0.0, le=100.0)] | None = None
    """Price of electricity in the plan's currency, at every room of one's own."""
    discount_rate_per_year: Annotated[float, Field(ge=-0.5, le=2.0)] | None = None
    """Nominal discount rate."""
    host_price: Annotated[float, Field(gt=0.0, le=1000.0)] | None = None
    """Factor on what hosts cost to buy."""
    cloud_price: Annotated[float, Field(gt=0.0, le=1000.0)] | None = None
    """Factor on what instances cost to rent."""
    api_price: Annotated[float, Field(gt=0.0, le=1000.0)] | None = None
    """Factor on what tokens cost."""
    ttft_s: Annotated[float, Field(gt=0.0, le=86_400.0)] | None = None
    """Limit on the time to first token."""
    tpot_s: Annotated[float, Field(gt=0.0, le=86_400.0)] | None = None
    """Limit on the time per output token."""
    e2e_s: Annotated[float, Field(gt=0.0, le=86_400.0)] | None = None
    """Limit on the time of the whole request."""
    percentile: Annotated[float, Field(ge=50.0, lt=100.0)] | None = None
    """Share of requests [%] that must keep the limits."""
    precisions: tuple[Precision, ...] | None = Field(default=None, min_length=1)
    """Number formats of the weights that are good enough."""
    spares: Annotated[int, Field(ge=0, le=1000)] | None = None
    """Whole machines beyond what the peak needs."""

    @field_validator("shape")
    @classmethod
    def _a_shape(cls, value: str | tuple[float, ...] | None) -> str | tuple[float, ...] | None:
        if isinstance(value, str) and value not in named_shapes():
            raise ValueError(f"no shape is called '{value}'; known: {', '.join(named_shapes())}")
        if isinstance(value, tuple) and (len(value) not in _HOURS or max(value) <= 0.0):
            raise ValueError("a shape has 24 or 168 weights, one of them above 0")
        return value

    @property
    def given(self) -> dict[str, object]:
        """The changes that are made, by name, as JSON can hold them."""
        return self.model_dump(mode="json", exclude_none=True, exclude={"workload"})

    def query(self) -> str:
        """Return the changes as the query of a link, such as `demand=1.5&spares=2`; empty for none."""
        texts = {}
        for name, value in self.model_dump(mode="json", exclude_none=True).items():
            texts[name] = " ".join(str(each) for each in value) if isinstance(value, list) else str(value)
        return urlencode(texts)

    @classmethod
    def from_query(cls, query: str) -> Changes:
        """Return the changes that a link's `query` tells; keys that are no change are left alone.

        Raises InputError when a value is none that the change accepts.
        """
        given: dict[str, object] = {}
        for name, text in parse_qsl(query):
            if name in ("precisions",) or (name == "shape" and text[:1].isdigit()):
                given[name] = text.split()
            elif name in cls.model_fields:
                given[name] = text
        return read_changes(given)


def read_changes(given: dict[str, object]) -> Changes:
    """Return the changes in a mapping, as a page or a program sends them. Raises InputError."""
    try:
        return Changes.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        where = str(first["loc"][0]) if first["loc"] else ""
        remedy = f"Known changes: {', '.join(Changes.model_fields)}." if first["type"] == "extra_forbidden" else ""
        raise InputError(first["msg"], where, remedy) from error


def edited_text(loaded: LoadedScenario, changes: Changes) -> str:
    """Return the scenario's YAML with the changes written into it, comments and layout kept.

    Raises EditError where a value cannot be replaced in the text alone (an anchor, a list over several lines).
    """
    text = loaded.source_text
    for path, value in edits(loaded.scenario, changes):
        text = set_value(text, path, value)
    return text


def edits(scenario: Scenario, changes: Changes) -> tuple[Edit, ...]:
    """Return the edits that the changes amount to: the path of each key and its new value.

    Raises EditError for a workload that the scenario does not have.
    """
    found: list[Edit] = []
    chosen = [
        (index, workload)
        for index, workload in enumerate(scenario.workloads)
        if changes.workload in (None, workload.name)
    ]
    if not chosen:
        names = ", ".join(f"'{each.name}'" for each in scenario.workloads)
        raise EditError(f"no workload is called '{changes.workload}'", "workload", f"The scenario has {names}.")
    for index, workload in chosen:
        found += [(("workloads", index, *path), value) for path, value in _of_workload(workload, changes)]
    if changes.electricity_per_kwh is not None:
        found += _electricity(scenario, changes.electricity_per_kwh)
    if changes.discount_rate_per_year is not None:
        found.append((("finance", "discount_rate"), _per_year(changes.discount_rate_per_year)))
    for name in ("host_price", "cloud_price", "api_price"):
        factor = getattr(changes, name)
        if factor is not None:
            found.append((("finance", f"{name}_factor"), factor))
    if changes.spares is not None:
        found.append((("limits", "spares"), changes.spares))
    return tuple(found)


def _of_workload(workload: Workload, changes: Changes) -> list[Edit]:
    found: list[Edit] = []
    if changes.demand is not None:
        found.append((("traffic", "demand_factor"), workload.traffic.demand_factor * changes.demand))
    if changes.growth_per_year is not None:
        found.append((("growth",), _per_year(changes.growth_per_year)))
    if changes.shape is not None:
        shape: Plain = changes.shape if isinstance(changes.shape, str) else list(changes.shape)
        found.append((("traffic", "shape"), shape))
    if changes.precisions is not None:
        found.append((("precisions",), [str(each) for each in changes.precisions]))
    if workload.mode is Mode.ONLINE:
        found += _slo(workload, changes)
    return found


def _slo(workload: Workload, changes: Changes) -> list[Edit]:
    """Return the limits that change; all of them where the scenario leaves the SLO to its default."""
    changed: dict[str, Plain] = {}
    kept: dict[str, Plain] = {}
    for name in ("ttft", "tpot", "e2e"):
        limit_s, own_s = getattr(changes, f"{name}_s"), getattr(workload.slo, f"{name}_s")
        if limit_s is not None:
            changed[name] = f"{limit_s!r} s"
        elif own_s is not None:
            kept[name] = f"{own_s!r} s"
    if changes.percentile is not None:
        changed["percentile"] = changes.percentile
    if not changed:
        return []
    if "slo" not in workload.model_fields_set:
        return [(("slo",), {**kept, **changed})]
    return [(("slo", name), value) for name, value in changed.items()]


def _electricity(scenario: Scenario, price: float) -> list[Edit]:
    """Return the edits that make `price` the one of every owned room: its own figure goes before that of `finance`."""
    text = f"{price!r} {scenario.organisation.currency}/kWh"
    found: list[Edit] = [(("finance", "electricity"), text)]
    for index, site in enumerate(scenario.sites):
        if isinstance(site, OwnedSite) and site.electricity is not None:
            found.append((("sites", index, "electricity"), text))
    return found


def _per_year(share: float) -> str:
    """Return a share per year as the scenario writes it, in per cent."""
    return f"{float(f'{100.0 * share:.12g}')!r} %/y"
