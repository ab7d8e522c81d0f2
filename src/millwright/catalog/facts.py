"""A fact: one value with its unit, source, date and quality, and how one is read from a data file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from millwright.catalog.units import Measure, to_base
from millwright.errors import InputError


class Quality(StrEnum):
    """How good a source is: A primary, B secondary but checked, C claimed or estimated."""

    A = "A"
    B = "B"
    C = "C"


@dataclass(frozen=True, slots=True)
class Source:
    """Where facts come from: a document, a table, a price list."""

    id: str
    title: str
    url: str
    licence: str


@dataclass(frozen=True, slots=True)
class Fact:
    """One catalogue value as authored: `value` in `unit`, read from source `source` as of `date` (ISO, may be a year).

    `conflicts` lists what other sources say where they differ by more than 3 %, as text.
    """

    value: float | str | bool
    unit: str
    source: str
    date: str
    quality: Quality
    note: str = ""
    conflicts: tuple[str, ...] = ()


class FactError(InputError):
    """A fact in a data file is not well-formed."""


def read_fact(raw: object) -> Fact:
    """Return the fact written as `{"value": …, "unit": …, "source": …, "date": …, "quality": …}` or as a list.

    The list is `[value, unit, source, date, quality]`, with an optional note as sixth. Raises FactError otherwise.
    """
    if isinstance(raw, list) and len(raw) in (5, 6):
        return _checked(*raw)
    if isinstance(raw, Mapping):
        unknown = set(raw) - {"value", "unit", "source", "date", "quality", "note", "conflicts"}
        missing = {"value", "unit", "source", "date", "quality"} - set(raw)
        if not unknown and not missing:
            return _checked(**raw)
        raise FactError(f"a fact has unknown keys {sorted(unknown)} or lacks {sorted(missing)}")
    raise FactError(f"a fact is an object or a list of five or six, not {raw!r}")


def read_facts(entry: Mapping[str, Any]) -> dict[str, Fact]:
    """Return the facts of one entry of a data file by field name; raises FactError naming the entry and the field."""
    facts: dict[str, Fact] = {}
    for name, raw in entry.get("facts", {}).items():
        try:
            facts[name] = read_fact(raw)
        except FactError as error:
            raise FactError(error.what, f"{entry.get('id', '?')}.{name}", error.remedy) from None
    return facts


def number(facts: Mapping[str, Fact], name: str, measure: Measure) -> float | None:
    """Return the fact `name` in the base unit of `measure`, or None where it is unknown.

    Raises FactError when it is no number and UnitError when its unit measures something else.
    """
    fact = facts.get(name)
    if fact is None:
        return None
    if isinstance(fact.value, bool | str):
        raise FactError(f"{name} is {fact.value!r}, not a number")
    return to_base(fact.value, fact.unit, measure)


def _checked(
    value: Any,
    unit: str,
    source: str,
    date: str,
    quality: str,
    note: str = "",
    conflicts: list[str] | tuple[str, ...] = (),
) -> Fact:
    if not isinstance(value, bool | int | float | str):
        raise FactError(f"a fact's value is a number, a text or true/false, not {value!r}")
    if quality not in Quality.__members__:
        raise FactError(f"quality is A, B or C, not {quality!r}")
    return Fact(value, unit, source, date, Quality(quality), note, tuple(conflicts))
