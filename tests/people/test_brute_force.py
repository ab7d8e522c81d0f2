"""The integer program against trying everything."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import pytest
from people_cases import CHANGES, SERVICE, cheapest_by_trying, small_case, steps_of

from millwright.people.account import read_plan
from millwright.people.coverage import USUAL, coverage_plan
from millwright.people.programme import build, windows

CASES = 300
MOST_STEPS = 6
BATCH = 50
EXACT = replace(USUAL, gap=0.0)


def _seeds() -> list[int]:
    """Return the first seeds whose cases have few enough training steps to try them all."""
    found: list[int] = []
    seed = 0
    while len(found) < CASES:
        if sum(len(steps) for steps in steps_of(small_case(seed)).values()) <= MOST_STEPS:
            found.append(seed)
        seed += 1
    return found


SEEDS = _seeds()


@pytest.mark.parametrize("batch", range(0, CASES, BATCH))
def test_the_program_finds_what_trying_everything_finds(batch: int) -> None:
    for seed in SEEDS[batch : batch + BATCH]:
        case = small_case(seed)
        expected = cheapest_by_trying(case)
        plan = coverage_plan(
            case.demand,
            case.team,
            case.market,
            go_live_month=case.go_live,
            service_months=SERVICE,
            changes=CHANGES,
            effort=EXACT,
        )
        assert plan.feasible == (expected < inf), seed
        if plan.feasible:
            assert plan.total_cost == pytest.approx(expected, rel=1e-6, abs=1e-3), seed
        else:
            assert plan.uncovered, seed


def test_the_cases_are_of_every_kind() -> None:
    """Guards the comparison: feasible and not, with training, hires, contract and simplification in the best plans."""
    kinds: set[str] = set()
    feasible = 0
    for seed in SEEDS:
        case = small_case(seed)
        plan = coverage_plan(
            case.demand, case.team, case.market, go_live_month=case.go_live, service_months=SERVICE, changes=CHANGES
        )
        feasible += plan.feasible
        if plan.feasible:
            kinds |= {str(action.kind) for action in plan.actions}
    assert {"train", "prove", "hire", "contract", "simplify"} <= kinds
    assert 0.2 * CASES < feasible < 0.95 * CASES


def test_the_costs_told_are_those_that_were_minimised() -> None:
    for seed in SEEDS:
        case = small_case(seed)
        programme = build(case.demand, case.team, case.market, windows(case.go_live, SERVICE, CHANGES), SERVICE)
        solution = programme.model.solve(EXACT)
        if solution.values:
            assert read_plan(programme, solution).total_cost == pytest.approx(solution.cost, rel=1e-6, abs=1e-3), seed
