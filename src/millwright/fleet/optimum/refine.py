"""A better fleet where the effort ended far from the bound: the same question with few supplies, soon solved."""

from __future__ import annotations

from dataclasses import replace

from millwright.fleet.optimum.problem import MixProblem
from millwright.fleet.optimum.solve import Fleet, TooLongError, solve
from millwright.integer_program import Effort

FAR = 5e-3
"""Relative gap from which it is tried: a fleet so near the bound is near enough."""

ALONE = Effort(gap=1e-2, nodes=20, time_s=1.0)
"""Effort for each supply by itself: to rank them."""

MOST_SUPPLIES = 4
"""Supplies that are looked at together beside those of the fleet that is to be bettered."""


def refined(problem: MixProblem, fleet: Fleet, effort: Effort) -> Fleet:
    """Return `fleet`, or a better one of few supplies, with the bound that holds for all of them.

    Looked at are the best supply alone, the best few together, and those with the supplies of `fleet`.
    """
    if fleet.gap <= FAR:
        return fleet
    alone = sorted(_each_alone(problem).items(), key=lambda each: (each[1].objective, each[0]))
    best = min([fleet, *(one for _, one in alone[:1])], key=lambda each: each.objective)
    likely = {supply for supply, _ in alone[:MOST_SUPPLIES]}
    for supplies in (likely, {*likely, *fleet.supplies}):
        found = _solved(_only(problem, supplies), effort) if len(supplies) > 1 else None
        if found is not None and found.objective < best.objective:
            best = found
    return replace(best, problem=problem, bound=fleet.bound)


def _each_alone(problem: MixProblem) -> dict[str, Fleet]:
    """Return the fleet of each supply that can do everything by itself, beside what is there already."""
    ids = [problem.machines[i].id for i in problem.usable_machines()]
    ids += [problem.tokens[i].id for i in problem.usable_tokens()]
    found = {each: _solved(_only(problem, {each}), ALONE) for each in ids}
    return {each: fleet for each, fleet in found.items() if fleet is not None}


def _solved(problem: MixProblem, effort: Effort) -> Fleet | None:
    try:
        return solve(problem, effort)
    except TooLongError:
        return None


def _only(problem: MixProblem, supplies: set[str]) -> MixProblem:
    """Return the question with these supplies alone, and what is there already, which goes first."""
    there = {each.id for each in problem.machines if any(tenure.existing for tenure in each.tenures)}
    return replace(
        problem,
        machines=tuple(each for each in problem.machines if each.id in supplies | there),
        tokens=tuple(each for each in problem.tokens if each.id in supplies),
    )
