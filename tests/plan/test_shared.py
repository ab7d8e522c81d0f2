"""Shared machines in a plan: they are counted and paid once, every lane keeps its promise, refusals say why."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plan_cases import CERTAIN, OFFICE, OWNED, RENTED, inputs, tokens
from small_scenarios import CHAT, plan, scenario

from millwright.plan.costing import Capacity, ServingPart
from millwright.plan.model import Plan
from millwright.plan.shared_part import LaneLoad, SharedPart

SEARCH = """
  - name: search
    kind: embedding
    model: bge-m3
    traffic: {rate: 5 /s, input: 64 tokens, shape: office-hours}
    slo: {e2e: 200 ms}
"""
ROOM = "{name: room, kind: owned, hosts: [server-l40s-2, workstation-rtx-pro-6000-1], power: 12 kW}"


@cache
def _plan() -> Plan:
    return plan(scenario(CHAT + SEARCH, (ROOM,)), mix=True)


def test_a_small_model_shares_the_large_ones_machine_where_that_is_cheaper() -> None:
    found = _plan()
    assert found.sharing is not None
    [chosen] = [trial for trial in found.sharing.trials if trial.option_id is not None]
    option = found.option(chosen.option_id or "")
    apart = min(each.cost.npv_of_costs.value for each in found.options if not any(part.shares for part in each.fleet))
    assert option.cost.npv_of_costs.value < apart
    assert chosen.text in found.sharing.sentence
    assert set(chosen.workloads) == {"chat", "search"}


@pytest.mark.parametrize("alternatives", ["[llama-3.1-8b]", "[qwen2.5-0.5b]"])
def test_of_several_models_the_one_that_serves_most_is_on_the_shared_machine(alternatives: str) -> None:
    own = "qwen2.5-0.5b" if "llama" in alternatives else "llama-3.1-8b"
    chat = CHAT.replace("model: llama-3.1-8b", f"model: {own}\n    alternatives: {alternatives}")
    found = plan(scenario(chat + SEARCH, (ROOM,)), mix=True)
    shared = [each for each in found.options if each.id.startswith("shared-")]
    assert shared
    assert all(part.model == "qwen2.5-0.5b" for each in shared for part in each.fleet if part.workload == "chat")


def test_with_a_team_what_sharing_saves_is_told_with_its_people() -> None:
    found = plan(scenario(CHAT + SEARCH, (ROOM,), "team: {engineers: 3}"), mix=True)
    assert found.sharing is not None
    trial = next(trial for trial in found.sharing.trials if trial.option_id is not None)
    option = found.option(trial.option_id or "")
    months = found.header.horizon_months
    rate = (1.0 + found.header.discount_rate_per_year) ** (1.0 / 12.0) - 1.0
    annuity = rate / (1.0 - (1.0 + rate) ** -months)
    assert trial.cost_per_month == pytest.approx(option.cost.npv_of_costs.value * annuity, rel=1e-6)
    assert option.people.assessed


def test_machines_that_are_shared_are_counted_once_and_every_lane_has_its_spare() -> None:
    [shared] = [each for each in _plan().options if each.id.startswith("shared-")]
    assert [part.hosts > 0 for part in shared.fleet] == [True, False]
    assert all(part.spares > 0 for part in shared.fleet)
    assert all(part.shares for part in shared.fleet)


def test_every_lane_keeps_its_limits_in_the_simulation() -> None:
    found = _plan()
    [shared] = [each for each in found.options if each.id.startswith("shared-")]
    limits = {workload.name: workload.slo for workload in found.workloads}
    seen = 0
    for part in shared.fleet:
        assert part.performance is not None
        assert (part.performance.probability_slo_met or 0.0) >= 0.8
        for limit in limits[part.workload]:
            latency = getattr(part.performance, limit.metric)
            assert latency.p95.value <= limit.limit_s
            seen += 1
    assert seen == 3


def test_what_the_machines_cost_is_divided_among_those_who_use_them() -> None:
    for option in _plan().options:
        apart_from_people = sum(
            cause.per_month for cause in option.cost.by_cause if cause.cause not in ("staff", "on_call")
        )
        assert apart_from_people > 0.0
        assert {each.workload for each in option.cost.by_workload} == {"chat", "search"}
        assert all((each.per_million_requests or 0.0) > 0.0 for each in option.cost.by_workload)


def test_a_price_per_million_requests_stands_beside_that_of_tokens_where_results_are_not_tokens() -> None:
    sentence = _plan().answer.sentence
    assert "Per million requests, people left out: chat" in sentence
    assert "search" in sentence.split("Per million requests")[1]


def test_machines_that_only_one_workload_could_use_are_not_shared() -> None:
    assert plan(scenario(CHAT, (ROOM,)), mix=True).sharing is None


def _shared(
    first: tuple[float, float], second: tuple[float, float], rented: bool, spares: int
) -> tuple[SharedPart, list[ServingPart]]:
    terms = RENTED if rented else OWNED
    loads = [
        LaneLoad(tokens(rate, months=24, growth_per_year=0.3, hourly=hourly), Capacity("device", serves, 0.2), 0.5)
        for (rate, serves), hourly in ((first, OFFICE + 0.2), (second, np.ones(168)))
    ]
    alone = [ServingPart(load.demand, terms, load.capacity, spares) for load in loads]
    part = SharedPart(
        demand=loads[0].demand, terms=terms, capacity=loads[0].capacity, spares=spares, lanes=tuple(loads)
    )
    return part, alone


RATES = st.tuples(st.floats(0.1, 40.0), st.floats(0.5, 10.0))


@given(RATES, RATES, st.booleans(), st.integers(0, 2), st.floats(-2.0, 2.0))
def test_shared_machines_are_as_many_as_the_fullest_lane_takes(
    first: tuple[float, float], second: tuple[float, float], rented: bool, spares: int, deviate: float
) -> None:
    part, alone = _shared(first, second, rented, spares)
    drawn = inputs(capacity_z={"device": deviate})
    shared, each = part.schedule(drawn), [one.schedule(drawn) for one in alone]
    assert shared is not None
    for name in ("serving", "installed", "rented"):
        apart = [getattr(one, name) for one in each]
        assert np.array_equal(getattr(shared, name), np.maximum(*apart))
    assert np.all(shared.switched <= shared.rented + 1e-9)
    if rented:
        assert np.all(shared.switched >= np.maximum(*[one.switched for one in each if one is not None]) - 1e-9)
    assert np.all((shared.utilisation >= 0.0) & (shared.utilisation <= 1.0))


@given(RATES, RATES, st.integers(0, 2))
def test_shared_machines_never_cost_more_than_machines_apart(
    first: tuple[float, float], second: tuple[float, float], spares: int
) -> None:
    part, alone = _shared(first, second, True, spares)

    def hours(one: ServingPart) -> float:
        schedule = one.schedule(CERTAIN)
        assert schedule is not None
        return float(schedule.switched.sum())

    assert hours(part) <= sum(hours(one) for one in alone) + 1e-9


def test_a_guest_brings_no_machine_and_no_bill() -> None:
    part, _ = _shared((6.0, 2.0), (3.0, 2.0), False, 1)
    guest = SharedPart(
        demand=part.lanes[1].demand,
        terms=part.terms,
        capacity=part.lanes[1].capacity,
        spares=1,
        lanes=part.lanes[::-1],
        guest=True,
    )
    schedule = guest.schedule(CERTAIN)
    assert schedule is not None
    assert schedule.installed.sum() == 0.0
    assert guest.items(CERTAIN) == []
    assert part.items(CERTAIN)


def test_device_time_in_use_is_that_of_both_lanes() -> None:
    part, alone = _shared((4.0, 4.0), (2.0, 2.0), False, 0)
    busy = part.schedule(CERTAIN)
    assert busy is not None
    each = [one.schedule(CERTAIN) for one in alone]
    mean = sum(float(one.utilisation.mean()) * 0.5 for one in each if one is not None)
    assert float(busy.utilisation.mean()) <= mean + 1e-9
    assert part.mean_machines() == pytest.approx(0.5 * float(part.demand.profile.mean_rate_per_s.mean()) / 4.0)
