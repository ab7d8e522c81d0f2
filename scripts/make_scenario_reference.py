"""Write docs/scenario.md from the scenario's model: every key, what it means, how it is written, what it defaults to.

python scripts/make_scenario_reference.py [--check]
"""

from __future__ import annotations

import argparse
import inspect
import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from millwright.quantity import accepted_units
from millwright.scenario.defaults import shown
from millwright.scenario.fields import MoneyText, PriceText, Unit
from millwright.scenario.model import ExistingHosts, Scenario
from millwright.scenario.site import SITE_TYPES
from millwright.scenario.traffic import BurstArrivals, EmpiricalLength, GammaArrivals, LognormalLength, UniformLength
from millwright.traffic.profile import profiles
from millwright.traffic.shape import busiest_day_factor, named_shapes, peak_factor

TARGET = Path(__file__).resolve().parent.parent / "docs" / "scenario.md"

HEAD = """# The scenario

<!-- made by scripts/make_scenario_reference.py; edit the model's docstrings, not this file -->

One YAML file says what must be served, how well, where it may run, what it may cost and who runs it. A dozen lines do:

```yaml
name: hospital chat
organisation: {country: DE, sector: health}
workloads:
  - name: chat
    model: llama-3.3-70b
    traffic: {rate: 2 /s, input: 1200 tokens, output: {mean: 250 tokens, p95: 700 tokens}, shape: office-hours}
    slo: {ttft: 2 s, tpot: 80 ms, percentile: 95}
    data: {classes: [personal, health], residency: [EU]}
sites:
  - {name: server room, kind: owned, power: 20 kW, budget: 400 kEUR, air_gap: true}
  - {name: EU cloud, kind: cloud, countries: [EU]}
```

Everything else has a default. The plan lists each default it used, with its reason. `millwright schema scenario` prints
the JSON Schema, by which editors complete and check the file; with the YAML extension of most editors, put
`# yaml-language-server: $schema=scenario.schema.json` into the first line.

How values are written:

- a number that measures something has its unit: `50 ms`, `20 kW`, `2,000 /day`, `8 %/y`. Thousands may be set apart
  by a comma, a space or an underscore; decimals follow a point. A bare number is accepted for tokens, counts and shares
- money has its currency: `400 kEUR`, `1.2 MUSD`, `0.24 EUR/kWh`
- countries are ISO 3166-1 codes (`DE`), areas are `EU`, `EEA` and the like. `NO` is Norway: truth values are `true`
  and `false` only
- a list of one may be written without brackets
- files are found relative to the scenario file

A file that cannot be used is answered with one paragraph per fault, all at once: file, line and column, the key, what
is wrong and what to do.
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare with the file instead of writing it")
    check = parser.parse_args().check
    text = reference()
    if not check:
        TARGET.write_text(text, encoding="utf-8")
    elif not TARGET.exists() or TARGET.read_text(encoding="utf-8") != text:
        sys.stderr.write(f"{TARGET.name} is not what the model says: run {Path(__file__).name}\n")
        return 1
    return 0


def reference() -> str:
    """Return the whole page."""
    return "\n".join([HEAD, *_sections(), *_lengths_and_arrivals(), *_profiles()]).rstrip() + "\n"


def _sections() -> Iterator[str]:
    yield from _table("Top of the file", Scenario)
    seen: set[type[BaseModel]] = {Scenario}
    pending: list[tuple[str, type[BaseModel]]] = list(_children(Scenario, ""))
    while pending:
        path, model = pending.pop(0)
        if model in seen:
            continue
        seen.add(model)
        yield from _table(f"`{path}`", model)
        if model not in SITE_TYPES.values():
            pending = [*_children(model, path), *pending]


def _children(model: type[BaseModel], path: str) -> Iterator[tuple[str, type[BaseModel]]]:
    for name, info in model.model_fields.items():
        key = info.alias or name
        here = f"{path}.{key}" if path else key
        if key == "sites":
            for kind, site in SITE_TYPES.items():
                yield f"sites[]` with `kind: {kind}", site
            yield "sites[].existing[]", ExistingHosts
            continue
        inner = list(_models_in(info.annotation))
        if len(inner) == 1:
            yield here + ("[]" if _is_list(info.annotation) else ""), inner[0]


def _table(title: str, model: type[BaseModel]) -> Iterator[str]:
    yield f"## {title}\n"
    yield inspect.cleandoc(model.__doc__ or "") + "\n"
    yield "| key | meaning | written as | default |\n|---|---|---|---|"
    for name, info in model.model_fields.items():
        meaning = (info.description or "").replace("\n", " ").replace("|", "\\|")
        yield f"| `{info.alias or name}` | {meaning} | {_written(info)} | {_default(info)} |"
    yield ""


def _written(info: FieldInfo) -> str:
    return " or ".join(dict.fromkeys(_forms(info.annotation, info.metadata))).replace("|", "\\|")


def _forms(annotation: Any, metadata: Any = ()) -> Iterator[str]:
    for each in metadata:
        if isinstance(each, Unit):
            yield f"`{each.examples[0]}`" + ("" if not each.shown_unit else f" ({accepted_units(each.dimension)})")
            return
        if isinstance(each, MoneyText | PriceText):
            yield f"`{each.example}`"
            return
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        yield from _forms(arguments[0], arguments[1:])
    elif origin in (Union, UnionType):
        for each in arguments:
            if each is not type(None):
                yield from _forms(each)
    elif origin is tuple:
        yield "list of " + " or ".join(dict.fromkeys(_forms(arguments[0])))
    elif origin is Literal:
        yield f"`{arguments[0]}`"
    elif origin is dict:
        yield "keys and values"
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        kind = annotation.model_fields.get("kind")
        told_by_kind = kind is not None and get_origin(kind.annotation) is Literal
        yield f"{{kind: {kind.default}, …}}" if kind is not None and told_by_kind else "keys and values"
    elif isinstance(annotation, type) and issubclass(annotation, Enum):
        yield ", ".join(f"`{each.value}`" for each in annotation)
    else:
        yield {str: "text", int: "whole number", float: "number", bool: "`true`, `false`"}.get(annotation, "YYYY-MM-DD")


def _default(info: FieldInfo) -> str:
    extra = info.json_schema_extra
    note = str(extra.get("default_note", "")) if isinstance(extra, dict) else ""
    if info.is_required():
        return "**needed**"
    value = info.default if info.default_factory is None else None
    text = "" if value is None or value in ((), "") else f"`{shown(value, info)}`"
    return ": ".join(each for each in (text, note) if each) or "none"


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in (Annotated, Union, UnionType, tuple):
        for each in get_args(annotation):
            yield from _models_in(each)


def _is_list(annotation: Any) -> bool:
    return get_origin(annotation) is tuple or any(_is_list(each) for each in get_args(annotation))


def _lengths_and_arrivals() -> Iterator[str]:
    yield "## Lengths\n"
    yield "`input` and `output` take a number of tokens (`1200 tokens`: every request has it), or a distribution. Its"
    yield "`kind` may be left out where the keys tell it.\n"
    for model in (UniformLength, LognormalLength, EmpiricalLength):
        yield from (
            line.replace("## ", "### ") for line in _table(f"`kind: {model.model_fields['kind'].default}`", model)
        )
    yield "## Arrivals\n"
    yield "`arrivals` takes `poisson`, or one of these.\n"
    for each in (GammaArrivals, BurstArrivals):
        yield from (
            line.replace("## ", "### ") for line in _table(f"`kind: {each.model_fields['kind'].default}`", each)
        )


def _profiles() -> Iterator[str]:
    yield "## Profiles\n"
    yield "Fitted by `scripts/fit_profiles.py` to public traces; the traces themselves are not shipped.\n"
    yield "| profile | input | output | arrivals | shape | source |\n|---|---|---|---|---|---|"
    for profile in profiles().values():
        yield (
            f"| `{profile.name}` | {profile.input.describe()} | {profile.output.describe()} "
            f"| {profile.arrivals.describe()} | {profile.shape} | {profile.source} ({profile.licence}) |"
        )
    yield "\n## Shapes\n"
    yield "| shape | meaning | busiest hour / mean | busiest day / mean | basis |\n|---|---|---|---|---|"
    for shape in named_shapes().values():
        peak, day = peak_factor(shape.weights), busiest_day_factor(shape.weights)
        yield f"| `{shape.name}` | {shape.title} | {peak:.2f} | {day:.2f} | {shape.source} |"


if __name__ == "__main__":
    raise SystemExit(main())
