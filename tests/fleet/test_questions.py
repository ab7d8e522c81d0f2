"""The problem asked again: what limits cost, which conflict, and fronts between cost and carbon."""

from __future__ import annotations

from itertools import pairwise

import pytest
from mix_cases import owned, question, requests, tokens

from millwright.fleet.optimum.problem import (
    LATENCY,
    SPARES,
    Amounts,
    Limit,
    Machines,
    Measure,
    MixProblem,
    Scarce,
    SiteLimit,
    Tenure,
    TotalLimit,
)
from millwright.fleet.optimum.questions import conflict, front, price_of_limits
from millwright.fleet.optimum.solve import EXACT, solve

POWER = SiteLimit("power of room", "room", Scarce.POWER, 4.0)


def _chat(
    *machines: Machines, rate: float = 5.0, limits: tuple[Limit, ...] = (POWER,), api: bool = True, spares: int = 1
) -> MixProblem:
    apis = (tokens("api", {"chat": 1000.0}), tokens("foreign", {"chat": 10.0}, barred=frozenset({"sovereignty"})))
    return question((requests("chat", rate),), machines, apis if api else (), limits=limits, spares=spares)


BOX = owned("box", {"chat": 1.0}, 50.0, power_w=1.0, capacity={"chat": 1.25})


# --- prices -----------------------------------------------------------------------------------------------------


def test_each_limit_has_a_price_and_waiving_one_never_costs() -> None:
    fleet = solve(_chat(BOX), EXACT)
    assert fleet is not None
    prices = {
        price.labels[0]: price.saved for price in price_of_limits(fleet, [(label,) for label in fleet.problem.labels])
    }
    assert fleet.objective == pytest.approx(4 * 50.0 + 0.4 * 1000.0)  # four boxes, one of them spare; the rest bought
    assert prices["sovereignty"] == pytest.approx(fleet.objective - 10.0)
    assert prices["power of room"] == pytest.approx(fleet.objective - 6 * 50.0)
    assert prices[SPARES] == pytest.approx(fleet.objective - (4 * 50.0 + 0.2 * 1000.0))
    assert prices[LATENCY] == pytest.approx(fleet.objective - (4 * 50.0 + (1.25 / 5) * 1000.0))
    assert all(saved >= 0.0 for saved in prices.values())


def test_two_limits_together_may_cost_more_than_each_alone() -> None:
    both = owned("both", {"chat": 5.0}, 1.0, barred=frozenset({"one", "two"}))
    problem = question((requests("chat", 5.0),), (BOX, both))
    fleet = solve(problem, EXACT)
    assert fleet is not None
    asked = [("one",), ("two",), ("one", "two")]
    prices = {price.labels: price.saved for price in price_of_limits(fleet, asked)}
    assert prices["one",] == prices["two",] == 0.0
    assert prices["one", "two"] == pytest.approx(5 * 50.0 - 1.0)


# --- conflicts --------------------------------------------------------------------------------------------------


def test_the_smallest_conflict_is_named_with_what_would_have_to_give() -> None:
    limits = (POWER, SiteLimit("budget of room", "room", Scarce.BUDGET, 100_000.0))
    found = conflict(_chat(BOX, rate=6.0, limits=limits, api=False))
    assert found is not None
    assert found.labels == ("power of room",)  # four boxes cannot carry it even saturated and without a spare
    assert found.exceeded["power of room"] == pytest.approx(0.75)  # seven watts, not four
    [(label, fleet)] = found.gives
    assert label == "power of room"
    assert int(fleet.holdings[0].counts[0, 0]) == 7


def test_limits_that_only_clash_together_are_named_together() -> None:
    found = conflict(_chat(BOX, rate=4.0, api=False))
    assert found is not None
    assert set(found.labels) == {"power of room", SPARES}
    assert {label for label, _ in found.gives} == {"power of room", SPARES}
    assert found.exceeded == {"power of room": pytest.approx(0.25)}


def test_an_irrelevant_limit_is_never_blamed() -> None:
    limits = (POWER, SiteLimit("space of room", "room", Scarce.SPACE, 1000.0), TotalLimit("cost", Measure.COST, 1e9))
    found = conflict(_chat(BOX, limits=limits, api=False))
    assert found is not None
    assert "space of room" not in found.labels
    assert "cost" not in found.labels


def test_where_nothing_serves_even_without_limits_no_limit_is_blamed() -> None:
    assert conflict(question((requests("chat", 1.0),), (), ())) is None


def test_a_question_with_an_answer_has_no_conflict() -> None:
    with pytest.raises(ValueError, match="not in conflict"):
        conflict(_chat(BOX))


# --- fronts -----------------------------------------------------------------------------------------------------


def _with_carbon(name: str, cost: float, carbon: float) -> Machines:
    each = (Tenure(0, 0, Amounts(cost, carbon_kg=carbon)),)
    return Machines(name, name, "room", "maker", {"chat": 1.0}, {"chat": 1.0}, (Amounts(),), each)


def test_a_front_trades_cost_for_carbon_and_nothing_on_it_is_beaten() -> None:
    machines = (_with_carbon("cheap", 10.0, 9.0), _with_carbon("clean", 30.0, 1.0), _with_carbon("bad", 40.0, 20.0))
    found = front(question((requests("chat", 8.0),), machines), Measure.CARBON)
    assert len(found) >= 3
    for one, next_one in pairwise(found):
        assert one.amounts.cost < next_one.amounts.cost
        assert one.amounts.carbon_kg > next_one.amounts.carbon_kg
    assert (found[0].amounts.cost, found[0].amounts.carbon_kg) == pytest.approx((80.0, 72.0))
    assert (found[-1].amounts.cost, found[-1].amounts.carbon_kg) == pytest.approx((240.0, 8.0))


def test_an_api_whose_carbon_nobody_knows_is_on_no_front() -> None:
    problem = question((requests("chat", 8.0),), (_with_carbon("box", 10.0, 9.0),), (tokens("api", {"chat": 1.0}),))
    assert all(point.fleet.supplies == ("box",) for point in front(problem, Measure.CARBON))
