"""A rule as data: an instrument's pinpoint, when it applies, what it asks, its exceptions, dates, status, examples."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import Any

from millwright.law.areas import Areas
from millwright.law.expression import AnyOf, Condition, Not
from millwright.law.kleene import Verdict


class Effect(StrEnum):
    """What follows from a rule.

    `require` and `forbid` bind: they decide whether a workload may run at a site. A `duty` is something to do before
    going live, wherever it runs; it is listed, and decides nothing. A `warn` is a risk to be told of.
    """

    REQUIRE = "require"
    FORBID = "forbid"
    DUTY = "duty"
    WARN = "warn"

    @property
    def binds(self) -> bool:
        """Whether a rule with this effect can make a workload unlawful at a site."""
        return self in (Effect.REQUIRE, Effect.FORBID)


class Status(StrEnum):
    """Where a rule stands. A proposed one never binds; a contested one binds until it falls."""

    IN_FORCE = "in_force"
    AMENDED = "amended"
    CONTESTED = "contested"
    PROPOSED = "proposed"


@dataclass(frozen=True, slots=True)
class Exemption:
    """A case in which the rule does not bind, with its own citation."""

    pinpoint: str
    when: Condition
    plain: str = ""


@dataclass(frozen=True, slots=True)
class Example:
    """A case and its answer, kept with the rule and run as a test. `verdict` None: the rule does not apply."""

    name: str
    verdict: Verdict | None
    workload: Mapping[str, Any] = field(default_factory=dict)
    site: Mapping[str, Any] = field(default_factory=dict)
    as_of: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Instrument:
    """A law, contract form, licence or standard: who issued it, and where its text is."""

    id: str
    title: str
    citation: str
    link: str
    jurisdiction: str
    sector: str = ""


@dataclass(frozen=True)
class Rule:
    """One rule of one instrument."""

    id: str
    instrument: Instrument
    pinpoint: str
    plain: str
    effect: Effect
    applies: Condition
    asks: Condition
    exemptions: tuple[Exemption, ...] = ()
    status: Status = Status.IN_FORCE
    since: dt.date | None = None
    until: dt.date | None = None
    quote: str = ""
    read_in: str = ""
    unverified: bool = True
    remedy: str = ""
    evidence: tuple[str, ...] = ()
    note: str = ""
    link: str = ""
    version: int = 1
    reviewer: str = ""
    review_by: dt.date | None = None
    examples: tuple[Example, ...] = ()

    def in_force(self, day: dt.date) -> bool:
        """Return whether the rule is in force on that day (its first and last days included)."""
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)

    @property
    def binds(self) -> bool:
        """Whether the rule can make a workload unlawful at a site."""
        return self.effect.binds and self.status is not Status.PROPOSED

    @cached_property
    def core(self) -> Condition:
        """What the rule asks, or the opposite of what it forbids, exemptions left out."""
        return Not(self.asks) if self.effect is Effect.FORBID else self.asks

    @cached_property
    def satisfied(self) -> Condition:
        """What must hold where the rule applies: its core, or an exemption."""
        return AnyOf((self.core, *(each.when for each in self.exemptions))) if self.exemptions else self.core


@dataclass(frozen=True, slots=True)
class Switch:
    """A what-if: an act that might fall. It takes away a membership of an area, or rules."""

    id: str
    plain: str
    area: str = ""
    country: str = ""
    rules: tuple[str, ...] = ()


@dataclass(frozen=True)
class RuleBase:
    """All rules with the areas they speak of. `version` changes with any of its files."""

    version: str
    rules: tuple[Rule, ...]
    areas: Areas
    implied_classes: Mapping[str, tuple[str, ...]]
    switches: tuple[Switch, ...] = ()
    assumed: tuple[str, ...] = ()

    def rule(self, id_: str) -> Rule:
        """Return the rule of that id; raises KeyError."""
        for each in self.rules:
            if each.id == id_:
                return each
        raise KeyError(id_)

    def assuming(self, switch_id: str) -> RuleBase:
        """Return the rule base as it would be if that switch were thrown; raises KeyError for an unknown one."""
        switch = next((each for each in self.switches if each.id == switch_id), None)
        if switch is None:
            raise KeyError(switch_id)
        areas = self.areas.without(switch.area, switch.country) if switch.area else self.areas
        rules = tuple(each for each in self.rules if each.id not in switch.rules)
        return replace(self, areas=areas, rules=rules, assumed=(*self.assumed, switch_id))

    def past_review(self, day: dt.date) -> tuple[Rule, ...]:
        """Return the rules whose review-by date has passed: their wording may have changed."""
        return tuple(each for each in self.rules if each.review_by is not None and each.review_by < day)


def quote_hash(quote: str) -> str:
    """Return the SHA-256 of a quote, white space folded, first 16 hexadecimal digits."""
    return hashlib.sha256(" ".join(quote.split()).encode()).hexdigest()[:16]
