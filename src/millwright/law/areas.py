"""Legal areas as sets of countries on a day: the EU, the EEA, countries with an adequacy decision and so on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Membership:
    """A country's belonging to an area, from and until a day (both included; None is open), by which act."""

    country: str
    since: dt.date | None = None
    until: dt.date | None = None
    by: str = ""

    def on(self, day: dt.date) -> bool:
        """Return whether it holds on that day."""
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)


@dataclass(frozen=True, slots=True)
class Area:
    """A named set of countries, with the areas it includes."""

    name: str
    title: str
    members: tuple[Membership, ...]
    includes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Areas:
    """All areas. An unknown name stands for the country of that code."""

    by_name: Mapping[str, Area]
    _known: dict[tuple[str, dt.date], frozenset[str]] = field(default_factory=dict, compare=False, repr=False)

    def countries(self, name: str, day: dt.date) -> frozenset[str]:
        """Return the countries of an area on a day; of a country code, that country alone."""
        found = self._known.get((name, day))
        if found is None:
            found = self._known[name, day] = self._countries(name, day)
        return found

    def countries_of(self, names: tuple[str, ...], day: dt.date) -> frozenset[str]:
        """Return the countries of several areas and countries on a day."""
        if len(names) == 1:
            return self.countries(names[0], day)
        return frozenset().union(*(self.countries(name, day) for name in names))

    def _countries(self, name: str, day: dt.date) -> frozenset[str]:
        area = self.by_name.get(name)
        if area is None:
            return frozenset((name,))
        own = {each.country for each in area.members if each.on(day)}
        return frozenset(own.union(*(self.countries(each, day) for each in area.includes)))

    def without(self, name: str, country: str) -> Areas:
        """Return the areas with one membership taken away, as if its act had been annulled."""
        area = self.by_name[name]
        rest = tuple(each for each in area.members if each.country != country)
        return Areas({**self.by_name, name: replace(area, members=rest)})
