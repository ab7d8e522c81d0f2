"""Machines shared by lanes in the mixed fleet: each lane is there whatever the others do, and the optimum knows it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mix_cases import least_by_trying, owned, question, requests, tokens

from millwright.fleet.optimum.problem import Amounts, Lane, Machines, MixProblem
from millwright.fleet.optimum.proof import as_planned, predicted_headroom
from millwright.fleet.optimum.solve import EXACT, solve
from millwright.fleet.optimum.thin import shortlisted, thinned

CLASSES = ("chat", "search", "rank")


def by_lanes(machines: Machines, weight: float = 0.5) -> Machines:
    """Return `machines` with a lane for each of its classes."""
    lanes = tuple(Lane(name, frozenset({name}), weight) for name in machines.goodput_per_s)
    return replace(machines, lanes=lanes)


def _drawn(seed: int) -> MixProblem:
    rng = np.random.default_rng(seed)
    names = CLASSES[: int(rng.integers(2, 4))]
    classes = tuple(requests(name, float(rng.uniform(0.5, 3.0))) for name in names)

    def kind(label: str) -> Machines:
        rates = {name: float(rng.uniform(1.0, 4.0)) for name in names if rng.random() < 0.9}
        site = f"room {rng.integers(0, 2)}"
        return owned(label, rates or {names[0]: 2.0}, float(rng.uniform(50, 200)), site=site)

    kinds = (kind("box"), by_lanes(kind("shared")))
    api = tokens("api", {name: float(rng.uniform(60, 600)) for name in names})
    return question(classes, kinds, (api,), spares=int(rng.integers(0, 2)))


@pytest.mark.parametrize("seed", range(40))
def test_no_number_of_machines_shared_by_lanes_is_cheaper(seed: int) -> None:
    problem = _drawn(seed)
    fleet = solve(problem, EXACT)
    assert fleet is not None
    assert fleet.objective == pytest.approx(least_by_trying(problem, 5), rel=1e-6)
    assert fleet.amounts().cost == pytest.approx(fleet.objective, rel=1e-6)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_lanes_are_never_dearer_than_turns_in_proportion_at_the_same_rates(seed: int) -> None:
    problem = _drawn(seed)
    in_proportion = replace(problem, machines=tuple(replace(each, lanes=()) for each in problem.machines))
    one, other = solve(problem, EXACT), solve(in_proportion, EXACT)
    assert one is not None
    assert other is not None
    assert one.objective <= other.objective * (1.0 + 1e-9)


def test_a_machine_shared_by_lanes_wins_where_services_are_small() -> None:
    classes = (requests("chat", 0.4), requests("search", 0.3), requests("rank", 0.2))
    apart = tuple(owned(f"{name} box", {name: 2.0}, 100.0) for name in CLASSES)
    shared = by_lanes(owned("shared", dict.fromkeys(CLASSES, 0.6), 110.0), 1 / 3)
    api = tokens("api", dict.fromkeys(CLASSES, 180.0))
    without = solve(question(classes, apart, (api,), spares=1), EXACT)
    fleet = solve(question(classes, (*apart, shared), (api,), spares=1), EXACT)
    assert fleet is not None
    assert without is not None
    assert fleet.supplies == ("shared",)
    assert int(fleet.holdings[0].counts[0, 0]) == 2  # one, and one that stands by for all three
    assert fleet.objective == pytest.approx(220.0)
    assert without.objective == pytest.approx(540.0)


def test_a_lane_that_is_too_narrow_for_its_class_sends_the_rest_elsewhere() -> None:
    classes = (requests("chat", 1.0), requests("search", 0.3))
    shared = by_lanes(owned("shared", {"chat": 0.6, "search": 0.6}, 100.0))
    api = tokens("api", {"chat": 200.0, "search": 300.0})
    fleet = solve(question(classes, (shared,), (api,)), EXACT)
    assert fleet is not None
    assert fleet.routing["shared", "chat"][0, 0] == pytest.approx(0.6)
    assert fleet.routing["shared", "search"][0, 0] == pytest.approx(1.0)
    # the fullest lane decides how much more they could do
    assert predicted_headroom(fleet, as_planned(fleet, 0, 0), 0, 0) == pytest.approx(1.0)


def test_a_full_lane_takes_its_part_of_the_electricity() -> None:
    machines = by_lanes(owned("shared", {"chat": 1.0, "search": 1.0}, 100.0), 0.25)
    machines = replace(machines, loaded=(Amounts(cost=40.0),))
    fleet = solve(question((requests("chat", 1.0), requests("search", 0.5)), (machines,)), EXACT)
    assert fleet is not None
    assert fleet.objective == pytest.approx(100.0 + 0.25 * 40.0 * 1.5)
    assert fleet.amounts().cost == pytest.approx(fleet.objective)


def test_lanes_are_not_thinned_out_for_machines_that_serve_as_much_in_turn() -> None:
    problem = _drawn(3)
    box = problem.machines[0]
    shared = replace(by_lanes(box), id="shared too")
    wider = replace(problem, machines=(box, shared))
    assert [each.id for each in thinned(wider).machines] == [box.id, shared.id]
    assert shared.id in [each.id for each in shortlisted(wider, 2).machines]
