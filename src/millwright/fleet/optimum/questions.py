"""What limits cost, which of them conflict, and what less of one thing costs in another: the problem asked again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from millwright.fleet.cores import on_every_core
from millwright.fleet.optimum.problem import Amounts, Measure, MixProblem, SiteLimit, TotalLimit, VendorLimit
from millwright.fleet.optimum.solve import GAP, USUAL, Fleet, TooLongError, is_feasible, least_slack, solve
from millwright.integer_program import Effort

FRONT_POINTS = 4

_MOST_LABELS = 12
"""Up to so many limits, the smallest conflict is looked for among all pairs and triples; beyond, one at a time."""


@dataclass(frozen=True)
class LimitPrice:
    """What a set of limits costs: the best fleet without them against the best fleet with them.

    `saved` is how much less of the measure it would take [its unit], at least: bounds of both searches are counted in.
    """

    labels: tuple[str, ...]
    saved: float
    share: float
    fleet: Fleet


def price_of_limits(fleet: Fleet, labels: Sequence[tuple[str, ...]], effort: Effort = USUAL) -> tuple[LimitPrice, ...]:
    """Return what each set of `labels` costs, dearest first; those that cost nothing have a price of 0.

    A set whose question takes more effort than that is left out.
    """
    found: list[LimitPrice] = []
    for each, without in zip(labels, on_every_core(lambda each: _without(fleet, each, effort), labels), strict=True):
        if without is None:
            continue
        saved = fleet.objective - without.objective
        if saved <= 2.0 * GAP * abs(fleet.objective):  # within what both searches leave open
            if without.gap > 2.0 * GAP:
                continue  # the effort was spent before it was known
            saved = 0.0
        share = saved / fleet.objective if fleet.objective else 0.0
        found.append(LimitPrice(each, saved, share, without))
    return tuple(sorted(found, key=lambda price: -price.saved))


def _without(fleet: Fleet, labels: tuple[str, ...], effort: Effort) -> Fleet | None:
    try:
        return solve(fleet.problem.without(*labels), effort)
    except TooLongError:
        return None


@dataclass(frozen=True)
class Conflict:
    """The smallest set of limits that cannot be kept together, and what would have to give.

    `gives` are ways out: each is one limit of the set that, given up alone, lets the rest be kept, with the fleet that
    then serves; `exceeded` says by what share of itself a limit in figures would have to be exceeded, at least.
    """

    labels: tuple[str, ...]
    gives: tuple[tuple[str, Fleet], ...]
    exceeded: dict[str, float]


def conflict(problem: MixProblem, effort: Effort = USUAL) -> Conflict | None:
    """Return the smallest set of limits in conflict; None where even without any limit nothing serves.

    Raises ValueError when the problem has an answer.
    """
    labels = problem.labels
    if not is_feasible(problem.without(*labels), effort=effort):
        return None
    if is_feasible(problem, effort=effort):
        raise ValueError("limits that a fleet can keep are not in conflict")
    smallest = _smallest(problem, labels, effort)
    gives: list[tuple[str, Fleet]] = []
    exceeded: dict[str, float] = {}
    figures = {each.label for each in problem.limits if isinstance(each, SiteLimit | TotalLimit | VendorLimit)}
    for label in smallest:
        try:
            fleet = solve(problem.without(label), replace(effort, gap=0.01))
        except TooLongError:
            fleet = None
        if fleet is not None:
            gives.append((label, fleet))
        if label in figures:
            slack = least_slack(problem, frozenset({label}), effort=effort)
            if slack is not None:
                exceeded[label] = slack[label]
    return Conflict(smallest, tuple(gives), exceeded)


def _smallest(problem: MixProblem, labels: tuple[str, ...], effort: Effort) -> tuple[str, ...]:
    def in_conflict(kept: Sequence[str]) -> bool:
        waived = [label for label in labels if label not in kept]
        return not is_feasible(problem.without(*waived), effort=effort)

    if len(labels) <= _MOST_LABELS:
        for size in (1, 2, 3):
            for kept in combinations(labels, size):
                if in_conflict(kept):
                    return kept
    smallest = list(labels)
    for label in labels:  # deletion filter (Chinneck, Feasibility and Infeasibility in Optimization, 2008)
        fewer = [each for each in smallest if each != label]
        if in_conflict(fewer):
            smallest = fewer
    return tuple(smallest)


@dataclass(frozen=True)
class FrontPoint:
    """One fleet that nothing beats in both measures."""

    amounts: Amounts
    fleet: Fleet


def front(
    problem: MixProblem, other: Measure, *, points: int = FRONT_POINTS, effort: Effort = USUAL
) -> tuple[FrontPoint, ...]:
    """Return fleets from the least cost to the least of `other`, cheapest first, each the cheapest for its `other`.

    The ε-constraint method (Haimes, Lasdon and Wismer, 1971). Supplies of which `other` is not known are left out.
    """
    try:
        least_cost = _within(problem, other, np.inf, effort)
        least_other = solve(problem.least(other), effort)
    except TooLongError:
        return ()
    if least_cost is None or least_other is None:
        return ()
    most, least = least_cost.amounts().of(other), least_other.amounts().of(other)
    fleets: list[Fleet] = [least_cost]
    for level in np.linspace(most, least, points)[1:]:
        try:
            fleet = _within(problem, other, float(level) * (1.0 + 1e-6), effort)
        except TooLongError:
            continue
        if fleet is not None:
            fleets.append(fleet)
    return _not_beaten([FrontPoint(fleet.amounts(), fleet) for fleet in fleets], other)


def _within(problem: MixProblem, other: Measure, most: float, effort: Effort) -> Fleet | None:
    limit = TotalLimit("front", other, most if np.isfinite(most) else 1e15)
    return solve(replace(problem, limits=(*problem.limits, limit), measure=Measure.COST), effort)


def _not_beaten(points: Sequence[FrontPoint], other: Measure) -> tuple[FrontPoint, ...]:
    kept: list[FrontPoint] = []
    for point in sorted(points, key=lambda each: (each.amounts.cost, each.amounts.of(other))):
        if not kept or point.amounts.of(other) < kept[-1].amounts.of(other) * (1.0 - 1e-6):
            kept.append(point)
    return tuple(kept)
