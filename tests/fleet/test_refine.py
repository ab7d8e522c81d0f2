"""Where the solver ends far from its bound, fewer supplies give a better fleet; the bound stays that of all."""

from __future__ import annotations

from dataclasses import replace

import pytest
from mix_cases import owned, question, rented, requests, tokens

from millwright.fleet.optimum.refine import refined
from millwright.fleet.optimum.solve import EXACT, USUAL, Fleet, solve

CHAT = requests("chat", 7.0)
PROBLEM = question(
    (CHAT,),
    (
        owned("small", {"chat": 1.0}, 10.0),
        owned("large", {"chat": 5.0}, 40.0),
        rented("by the hour", {"chat": 2.0}, 30.0),
    ),
    (tokens("api", {"chat": 90.0}),),
)


def poor() -> Fleet:
    """Return a fleet far from the best: tokens alone."""
    apis = solve(replace(PROBLEM, machines=()))
    best = solve(PROBLEM, EXACT)
    assert apis is not None
    assert best is not None
    return replace(apis, problem=PROBLEM, bound=best.objective)


def test_a_poor_fleet_is_bettered_to_the_best() -> None:
    best = solve(PROBLEM, EXACT)
    assert best is not None
    found = refined(PROBLEM, poor(), USUAL)
    assert found.objective == pytest.approx(best.objective)
    assert found.objective < poor().objective
    assert found.bound == poor().bound
    assert found.problem is PROBLEM
    assert set(found.supplies) == set(best.supplies) or found.amounts().cost == pytest.approx(best.amounts().cost)


def test_a_good_fleet_stays_as_it_is() -> None:
    best = solve(PROBLEM, EXACT)
    assert best is not None
    assert refined(PROBLEM, best, USUAL) is best


def test_what_is_there_already_still_goes_first() -> None:
    old = owned("old", {"chat": 1.0}, 100.0, existing=2, running=5.0)
    problem = replace(PROBLEM, machines=(*PROBLEM.machines, old))
    best = solve(problem, EXACT)
    apis = solve(replace(problem, machines=(old,)), EXACT)
    assert best is not None
    assert apis is not None
    found = refined(problem, replace(apis, problem=problem, bound=best.objective * 0.9), USUAL)
    there = next(each for each in found.holdings if each.machines.id == "old")
    assert there.existing == 2
    assert found.objective == pytest.approx(best.objective)
