"""The numbers that the plan of people rests on, each a fact with unit, source, date and quality."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from millwright.catalog.facts import Fact, FactError, read_fact
from millwright.people.skill import read_data


@lru_cache(maxsize=1)
def facts() -> Mapping[str, Fact]:
    """Return the shipped facts by name (`data/figures.json`)."""
    return MappingProxyType({name: read_fact(raw) for name, raw in read_data("figures.json")["facts"].items()})


@lru_cache(maxsize=1)
def figures() -> Mapping[str, float]:
    """Return the values of the shipped facts by name, each in its own unit."""
    return MappingProxyType({name: _number(name, fact) for name, fact in facts().items()})


def _number(name: str, fact: Fact) -> float:
    if isinstance(fact.value, bool | str):
        raise FactError(f"{name} is {fact.value!r}, not a number", "figures.json")
    return float(fact.value)
