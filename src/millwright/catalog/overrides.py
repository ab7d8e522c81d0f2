"""A scenario's own figures in place of the catalogue's: prices it was quoted, devices nobody has heard of."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from millwright.catalog.device import DEVICE_FACTS, DEVICE_IDENTITY, DeviceKind
from millwright.catalog.facts import Fact, Quality, read_fact, read_facts
from millwright.catalog.host import HOST_FACTS, HOST_IDENTITY
from millwright.catalog.load import Entry
from millwright.catalog.shelf import Shelf, UnknownNameError
from millwright.catalog.units import Measure, UnitError, measure_of, parse
from millwright.errors import InputError
from millwright.quantity import share_text

SCENARIO = "scenario"
"""The source of a fact that the user's scenario states."""

ASSUMED_IDLE_SHARE = 0.25
"""Idle over peak power of a host for which the scenario gives the peak only: an assumption, marked quality C."""

ASSUMED_RACK_UNITS = 4.0
"""Height of a host for which the scenario gives none: an assumption, marked quality C."""

_FACTS: Mapping[str, Mapping[str, Measure]] = {"devices": DEVICE_FACTS, "hosts": HOST_FACTS}
_IDENTITY: Mapping[str, frozenset[str]] = {"devices": DEVICE_IDENTITY, "hosts": HOST_IDENTITY}
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "devices": ("memory", "bandwidth", "bf16", "tdp"),
    "hosts": ("device", "device_count", "price", "power_peak"),
}


class OverrideError(InputError):
    """A scenario's figure for the catalogue cannot be used; the message names kind, entry and field."""


def overridden(
    kind: str, overrides: Mapping[str, Mapping[str, Any]], shelf: Shelf[Any], usd_per: Mapping[str, float]
) -> Iterator[Entry]:
    """Yield the raw entries that result from `overrides` (name -> field -> value) on the entries of one shelf.

    Facts are texts with a unit (`25 kUSD`, `3.35 TB/s`), numbers in the fact's base unit, or whole facts as data files
    write them. Raises OverrideError for an unknown field, a wrong unit or a value missing in a new entry.
    """
    for name, fields in overrides.items():
        if not isinstance(fields, Mapping):
            raise OverrideError("expected fields and values", f"{kind}.{name}")
        try:
            entry = shelf.entries[shelf.id_of(name)]
        except UnknownNameError as error:
            entry = _blank(kind, name, fields, error)
        yield _patched(kind, entry, fields, usd_per)


def _patched(kind: str, entry: Entry, fields: Mapping[str, Any], usd_per: Mapping[str, float]) -> Entry:
    facts: dict[str, Fact] = read_facts(entry)
    plain: dict[str, Any] = {key: value for key, value in entry.items() if key != "facts"}
    measures = {name: measure_of(fact.unit) for name, fact in facts.items()} | dict(_FACTS.get(kind, {}))
    identity = _IDENTITY.get(kind, frozenset(plain))
    for field, value in fields.items():
        where = f"{kind}.{entry['id']}.{field}"
        if field in measures:
            facts[field] = _fact(value, measures[field], usd_per, where)
        elif field in identity and field not in ("id", "facts"):
            plain[field] = _plain(field, value, where)
        else:
            known = sorted({*measures, *identity} - {"id", "facts", "alias_notes"})
            near = difflib.get_close_matches(field, known, n=1)
            remedy = f"Did you mean '{near[0]}'?" if near else f"Known fields: {', '.join(known)}."
            raise OverrideError("unknown field", where, remedy)
    if kind == "devices" and plain["kind"] not in tuple(DeviceKind):
        kinds = ", ".join(DeviceKind)
        raise OverrideError(f"'{plain['kind']}' is no kind of device", f"{kind}.{entry['id']}.kind", f"Use {kinds}.")
    if kind == "hosts":
        _complete_host(fields, facts)
    return {**plain, "facts": {name: _as_written(fact) for name, fact in facts.items()}}


def _complete_host(fields: Mapping[str, Any], facts: dict[str, Fact]) -> None:
    """Fill what a new host leaves open, and drop the shipped range around a price the user knows."""
    if "price" in fields:
        for bound in ("price_low", "price_high"):
            if bound not in fields:
                facts.pop(bound, None)
    peak = facts["power_peak"]
    if "power_idle" not in facts and not isinstance(peak.value, str):
        note = f"assumed {share_text(ASSUMED_IDLE_SHARE)} of the peak"
        facts["power_idle"] = Fact(peak.value * ASSUMED_IDLE_SHARE, peak.unit, SCENARIO, "", Quality.C, note)
    if "rack_units" not in facts:
        facts["rack_units"] = Fact(ASSUMED_RACK_UNITS, "U", SCENARIO, "", Quality.C, "assumed")


def _blank(kind: str, name: str, fields: Mapping[str, Any], unknown: UnknownNameError) -> Entry:
    """Return an entry that holds nothing yet, for a device or host the scenario adds."""
    missing = [field for field in _NEEDED.get(kind, ()) if field not in fields]
    if kind not in _NEEDED:
        raise unknown
    if missing:
        needed = ", ".join(_NEEDED[kind])
        near = f" {unknown.remedy}" if unknown.nearest else ""
        raise OverrideError(
            f"'{name}' is not in the catalogue, and to add it {', '.join(missing)} must be given too",
            f"{kind}.{name}",
            f"A new entry needs {needed}.{near}",
        )
    entry = {"id": name, "name": name, "vendor": "unknown", "facts": {}}
    return entry | {"kind": DeviceKind.GPU.value, "family": "unknown"} if kind == "devices" else entry


def _plain(field: str, value: Any, where: str) -> Any:
    """Return the value of a plain field if it is what that field holds: a list of names, a count, or a text."""
    if field == "aliases" and isinstance(value, list | tuple) and all(isinstance(each, str) for each in value):
        return list(value)
    if field == "device_count" and isinstance(value, int | float) and value == int(value) >= 1:
        return int(value)
    if field not in ("aliases", "alias_notes", "device_count") and isinstance(value, str):
        return value
    wanted = {"aliases": "a list of names", "device_count": "a whole number from 1"}.get(field, "a text")
    raise OverrideError(f"{value!r} is not {wanted}", where)


def _fact(value: Any, measure: Measure, usd_per: Mapping[str, float], where: str) -> Fact:
    if isinstance(value, Mapping | list):
        return read_fact(value)
    if measure is Measure.TEXT:
        return Fact(value, "", SCENARIO, "", Quality.A)
    try:
        number = parse(value, measure, usd_per)
    except UnitError as error:
        raise OverrideError(error.what, where, error.remedy) from None
    if number < 0 or (number == 0 and measure in (Measure.MEMORY, Measure.BANDWIDTH, Measure.COMPUTE)):
        raise OverrideError(f"{value!r} is out of range", where, "Give a positive figure, or leave the field out.")
    return Fact(number, measure.value, SCENARIO, "", Quality.A, f"stated as {value}")


def _as_written(fact: Fact) -> dict[str, Any]:
    return {
        "value": fact.value,
        "unit": fact.unit,
        "source": fact.source,
        "date": fact.date,
        "quality": fact.quality.value,
        "note": fact.note,
        "conflicts": list(fact.conflicts),
    }
