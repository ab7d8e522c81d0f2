"""An assessment in full: scores, gates and roadmap for the kinds of options that a scenario, or a user, looks at."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

from millwright.catalog.catalog import Catalog
from millwright.errors import InputError
from millwright.money import parse_money
from millwright.quantity import QuantityError
from millwright.readiness.actions import EVERY_KIND
from millwright.readiness.assessment import Assessment
from millwright.readiness.gates import Needs
from millwright.readiness.publish import readiness_json
from millwright.readiness.roadmap import KINDS, Reach, Roadmap, haves_and_have_nots, make_roadmap
from millwright.scenario.model import OnCall, Scenario


@dataclass(frozen=True)
class AskedAssessment:
    """What is asked besides the answers: kinds of options, and means that go before those of the answers file."""

    kinds: tuple[str, ...] = ()
    hours_per_month: float | None = None
    budget: str = ""
    level: int = 0


@dataclass(frozen=True)
class Assessed:
    """The answers with what they were held against, and what follows."""

    assessment: Assessment
    needs: Needs
    roadmap: Roadmap
    reaches: tuple[Reach, ...]


def assess(
    answers: Assessment, asked: AskedAssessment, scenario: Scenario | None, catalog: Catalog, start: dt.date
) -> Assessed:
    """Return what the answers come to, for the sites and data of `scenario` if there is one, from the day `start`.

    Raises InputError for a kind or an amount that is none, and where the hours do not suffice.
    """
    needs = _needs(asked, scenario)
    assessment, per_usd = _with_means(answers, asked, catalog)
    try:
        roadmap = make_roadmap(assessment, needs, start, per_usd, asked.level)
    except ValueError as error:
        raise InputError(str(error), "hours", "Set more hours a month free.") from None
    return Assessed(assessment, needs, roadmap, haves_and_have_nots(assessment, needs, per_usd))


def assessed_json(found: Assessed) -> dict[str, Any]:
    """Return what `millwright assess --json` prints."""
    return readiness_json(found.assessment, found.needs, found.roadmap, found.reaches)


def _needs(asked: AskedAssessment, scenario: Scenario | None) -> Needs:
    for kind in asked.kinds:
        if kind not in EVERY_KIND:
            raise InputError(f"there is no kind '{kind}' of option", "kinds", f"It is {', '.join(KINDS)}.")
    if scenario is None:
        return Needs(frozenset(asked.kinds or EVERY_KIND))
    classes = frozenset(str(each) for workload in scenario.workloads for each in workload.data.classes)
    kinds = asked.kinds or [str(site.kind) for site in scenario.sites]
    return Needs(frozenset(kinds), classes, scenario.finance.staff.on_call is OnCall.ALWAYS)


def _with_means(answers: Assessment, asked: AskedAssessment, catalog: Catalog) -> tuple[Assessment, float]:
    """Return the answers with the means asked for, and their currency over USD."""
    means, in_usd = answers.means, float(catalog.usd_per(answers.means.currency))
    if asked.hours_per_month is not None:
        means = replace(means, hours_per_month=asked.hours_per_month)
    if asked.budget:
        try:
            money = parse_money(asked.budget)
        except QuantityError as error:
            raise InputError(str(error), "budget", "Write an amount such as 5 kEUR.") from None
        means = replace(means, budget_per_quarter=money.amount * float(catalog.usd_per(money.currency)) / in_usd)
    return replace(answers, means=means), 1.0 / in_usd
