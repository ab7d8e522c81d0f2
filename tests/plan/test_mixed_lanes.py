"""Machines shared by lanes inside a mixed fleet: they win where small services stand beside a large one."""

from __future__ import annotations

from functools import cache

import pytest
from small_scenarios import plan, scenario

import millwright.plan.mixing as mixing
from millwright.plan.model import Option, Plan
from millwright.scenario.load import LoadedScenario

SMALL = """
  - name: chat
    model: llama-3.1-8b
    traffic: {rate: 2 /s, profile: conversation, shape: office-hours}
    growth: 15 %/y
    slo: {ttft: 2 s, tpot: 60 ms}
    data: {classes: [internal], residency: [DE]}
  - name: search
    kind: embedding
    model: bge-m3
    traffic: {rate: 5 /s, input: 64 tokens, shape: office-hours}
    slo: {e2e: 200 ms}
    data: {classes: [internal], residency: [DE]}
"""
LARGE = """  - name: assistant
    model: llama-3.1-8b
    traffic:
      rate: 6 /s
      input: {kind: lognormal, mean: 1000, p95: 3500}
      output: {kind: lognormal, mean: 200, p95: 500}
      shape: office-hours
    slo: {ttft: 3 s, tpot: 80 ms}
    length_classes: 2
    data: {classes: [internal]}
"""
ROOM = "{name: room, kind: owned, hosts: [workstation-rtx-pro-6000-1], power: 12 kW}"
CLOUD = (
    "{name: cloud, kind: cloud, providers: [seeweb], instances: [ECS1GPU6, ECS1GPU3, ECS1GPU8], commitment: on-demand}"
)


def _asked() -> LoadedScenario:
    return scenario(SMALL + LARGE, (ROOM, CLOUD), "finance: {horizon: 1 y}")


@cache
def _plan() -> Plan:
    return plan(_asked(), mix=True)


def _mix(found: Plan) -> Option:
    [option] = [each for each in found.options if each.id == "mixed-fleet"]
    return option


def test_the_mix_shares_a_machine_between_small_services_and_is_the_cheapest() -> None:
    found = _plan()
    option = _mix(found)
    assert found.options[0].id == option.id
    shared = {part.workload for part in option.fleet if part.shares}
    assert shared == {"chat", "search"}
    others = [each.cost.npv_of_costs.value for each in found.options if each.id != option.id]
    assert option.cost.npv_of_costs.value < 0.98 * min(others)


def test_the_mix_without_shared_machines_is_dearer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mixing, "sharing_helps", lambda *_: False)
    without = plan(_asked(), mix=True)
    cost = min(each.cost.npv_of_costs.value for each in without.options)
    assert _mix(_plan()).cost.npv_of_costs.value < 0.98 * cost
    for option in without.options:
        if option.id == "mixed-fleet":
            assert not any(part.shares for part in option.fleet)


def test_shared_machines_of_a_mix_are_counted_once_and_paid_once() -> None:
    parts = [part for part in _mix(_plan()).fleet if part.shares]
    assert [part.hosts > 0 for part in parts] == [True, False]
    assert all(part.replicas > 0 for part in parts)
    assert all(part.share_of_demand == pytest.approx(1.0) for part in parts)
    costs = {each.workload: each.npv for each in _mix(_plan()).cost.by_workload}
    assert set(costs) == {"chat", "search", "assistant"}
    assert 0.0 < costs["search"] < costs["chat"]  # of the machine time in use, search takes less


def test_every_lane_of_a_mix_keeps_its_promise_in_the_simulation_of_the_whole() -> None:
    found = _plan()
    assert found.mix is not None
    assert found.mix.proof is not None
    assert found.mix.proof.kept
    assert {each.workload for each in found.mix.proof.workloads} == {"chat", "search", "assistant"}
    limits = {workload.name: workload.slo for workload in found.workloads}
    for part in _mix(found).fleet:
        if part.performance is not None:
            for limit in limits[part.workload]:
                latency = getattr(part.performance, limit.metric)
                assert latency.p95.value <= limit.limit_s


def test_the_gap_to_the_best_fleet_with_shared_machines_is_small() -> None:
    found = _plan()
    assert found.mix is not None
    assert found.mix.gap <= 5e-3
