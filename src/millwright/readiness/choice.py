"""Choose actions by integer programs: the cheapest set that closes all gaps, or the most points within one's means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from millwright.integer_program import Rows, minimise
from millwright.readiness.actions import Action, is_done, points
from millwright.readiness.assessment import Assessment, Range

MONTHS_COUNTED = 12
"""Months of running cost that count when actions are compared."""


@dataclass(frozen=True)
class Limits:
    """What may be spent: money [USD] and own hours at the high end of each range, weeks by the calendar."""

    cost_usd: float
    hours: float
    weeks: int
    months: int = 3


def total_cost(action: Action, hour_usd: Range, months: int = MONTHS_COUNTED) -> float:
    """Return what an action costs in all, in the middle of its ranges: money once, so many months, own hours [USD]."""
    return action.cost_usd.middle + months * action.monthly_usd.middle + action.hours.middle * hour_usd.middle


def cheapest_cover(
    gaps: Mapping[str, int], actions: Mapping[str, Action], assessment: Assessment, hour_usd: Range
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the least-cost actions that bring each question of `gaps` to its level, with all they need; sorted.

    The second part are questions that no action can bring that far. Solved exactly by HiGHS through SciPy.
    """
    ids = _possible(actions, assessment)
    covers = {question: [a for a in ids if actions[a].closes.get(question, -1) >= to] for question, to in gaps.items()}
    out_of_reach = tuple(question for question, able in covers.items() if not able)
    rows = [(dict.fromkeys(able, 1.0), 1.0, float("inf")) for able in covers.values() if able]
    rows += _precedence(ids, actions, assessment)
    costs = {a: total_cost(actions[a], hour_usd) + 1e-6 for a in ids}
    return _solve(ids, costs, rows), out_of_reach


def best_within(
    limits: Limits, actions: Mapping[str, Action], assessment: Assessment, worth: Mapping[str, int]
) -> tuple[str, ...]:
    """Return the actions that raise the lower ends of the scores most within `limits`, with all they need; sorted.

    `worth` are the levels up to which a question counts: what lies above brings nothing. Two actions for one question
    do not add up. Solved exactly.
    """
    ids = [a for a in _possible(actions, assessment) if _chain_weeks(a, actions, assessment) <= limits.weeks]
    names, costs = list(ids), dict.fromkeys(ids, 1e-06)
    rows = _precedence(ids, actions, assessment)
    by_question: dict[str, dict[str, float]] = {}
    for a in ids:
        for question, level in actions[a].closes.items():
            gained = points(assessment, question, min(level, worth.get(question, 0)))
            if question in worth and gained > 0.0:
                name = f"{a}\0{question}"
                names.append(name)
                costs[name] = -gained
                by_question.setdefault(question, {})[name] = 1.0
                rows.append(({a: 1.0, name: -1.0}, 0.0, float("inf")))
    rows += [(terms, 0.0, 1.0) for terms in by_question.values()]
    spend = {a: actions[a].cost_usd.high + limits.months * actions[a].monthly_usd.high for a in ids}
    rows += [(spend, 0.0, limits.cost_usd), ({a: actions[a].hours.high for a in ids}, 0.0, limits.hours)]
    return tuple(name for name in _solve(names, costs, rows) if name in actions)


def _possible(actions: Mapping[str, Action], assessment: Assessment) -> list[str]:
    """Return the actions not done yet whose prerequisites can all be had, in alphabetical order."""
    left = {a for a in actions if not is_done(actions[a], assessment)}
    while True:
        able = {
            a
            for a in left
            if all(n in left or (n in actions and is_done(actions[n], assessment)) for n in actions[a].needs)
        }
        if able == left:
            return sorted(left)
        left = able


def _precedence(
    ids: list[str], actions: Mapping[str, Action], assessment: Assessment
) -> list[tuple[dict[str, float], float, float]]:
    return [
        ({need: 1.0, a: -1.0}, 0.0, float("inf"))
        for a in ids
        for need in actions[a].needs
        if not is_done(actions[need], assessment)
    ]


def _chain_weeks(action: str, actions: Mapping[str, Action], assessment: Assessment) -> int:
    """Return the weeks an action takes with all it waits for, were hours no limit."""
    needs = [need for need in actions[action].needs if not is_done(actions[need], assessment)]
    return actions[action].weeks + max((_chain_weeks(need, actions, assessment) for need in needs), default=0)


def _solve(
    names: list[str], costs: Mapping[str, float], rows: list[tuple[dict[str, float], float, float]]
) -> tuple[str, ...]:
    """Return the names set to 1 in the least-cost solution of binary variables under `rows` (terms, low, high)."""
    if not names:
        return ()
    place = {name: number for number, name in enumerate(names)}
    entries = [
        (number, place[name], value) for number, (terms, _, _) in enumerate(rows) for name, value in terms.items()
    ]
    found = minimise(
        [costs[name] for name in names],
        Rows(
            rows=[row for row, _, _ in entries],
            columns=[column for _, column, _ in entries],
            values=[value for _, _, value in entries],
            low=[low for _, low, _ in rows],
            high=[high for _, _, high in rows],
        ),
        [0.0] * len(names),
        [1.0] * len(names),
        [1] * len(names),
    )
    if found.values is None:
        raise RuntimeError(f"the choice of actions has no solution: {found.message}")
    return tuple(name for name, value in zip(names, found.values, strict=True) if value > 0.5)
