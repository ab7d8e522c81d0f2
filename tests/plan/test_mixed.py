"""The mixed fleet in a plan: an option like the others, priced by the same draws, simulated whole, honest."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from small_scenarios import CATALOG, CHAT, CLOUD, NIGHT, ROOM, TODAY, TOKENS, scenario

from millwright.plan.make import make_plan
from millwright.plan.making import Depth
from millwright.plan.model import Decision, Kind, Option, Plan
from millwright.scenario.load import LoadedScenario
from millwright.scenario.model import Scenario

BUSY = CHAT.replace("rate: 4 /s", "rate: 30 /s")
OWN = """{name: room, kind: owned, power: 40 kW, hosts: [server-l40s-2, hgx-a100-4, server-h100-nvl-2],
    existing: [{host: hgx-a100-4, count: 1}, {host: server-l40s-2, count: 1}]}"""


def plan(loaded: LoadedScenario, *, front: bool = False) -> Plan:
    """Return the plan of a scenario, with the mixed fleet."""
    return make_plan(loaded, today=TODAY, draws=64, front=front)


@cache
def chat_plan() -> Plan:
    """Return the plan of one chat in a room, in a cloud and through APIs."""
    return plan(scenario(sites=(ROOM, CLOUD, TOKENS), more="finance: {horizon: 2 y}"), front=True)


@cache
def with_existing() -> Plan:
    """Return the plan of a busy chat where 4 × A100 and 2 × L40S stand already, and a cloud is near."""
    return plan(scenario(BUSY, (OWN, CLOUD), "finance: {horizon: 2 y}"))


@cache
def sharing() -> Plan:
    """Return the plan of a chat by day and a batch by night in one room."""
    return plan(scenario(CHAT + NIGHT, ("{name: room, kind: owned, hosts: [workstation-rtx-5090-1]}",)))


def _mixed(found: Plan) -> Option:
    assert found.mix is not None
    assert found.mix.option_id is not None
    return found.option(found.mix.option_id)


MIXES = pytest.mark.parametrize("made", [with_existing, sharing], ids=lambda made: made.__name__)


@MIXES
def test_every_share_of_every_workload_is_served(made: object) -> None:
    found = made()  # type: ignore[operator]
    option = _mixed(found)
    for workload in found.workloads:
        shares = [part.share_of_demand for part in option.fleet if part.workload == workload.name]
        assert sum(shares) == pytest.approx(1.0, abs=1e-6)


@MIXES
def test_the_promise_is_kept_by_the_whole_fleet_and_after_a_loss(made: object) -> None:
    found = made()  # type: ignore[operator]
    proof = found.mix.proof
    assert proof is not None
    assert proof.kept
    for each in proof.workloads:
        assert each.requests > 1000
        assert each.simulated >= each.promised
        assert each.after_a_loss is None or each.after_a_loss >= each.promised
    assert proof.predicted_headroom is not None
    assert proof.predicted_headroom >= 1.0 - 1e-6
    assert proof.simulated_headroom is not None
    assert proof.simulated_headroom >= 1.0


@MIXES
def test_a_mix_is_ranked_and_its_odds_are_drawn_like_the_others(made: object) -> None:
    found = made()  # type: ignore[operator]
    option = _mixed(found)
    assert option.cost.lcot.low < option.cost.lcot.value < option.cost.lcot.high
    assert sum(each.cost.probability_best for each in found.options) == pytest.approx(1.0)
    assert found.mix.cost_per_month > 0.0
    by_cause = sum(each.lcot for each in option.cost.by_cause)
    assert by_cause == pytest.approx(option.cost.lcot.value)


def test_what_is_owned_already_serves_first_and_the_plan_says_what_to_add() -> None:
    found = with_existing()
    assert found.mix is not None
    used = {each.title: each.count for each in found.mix.purchases if each.action == "use"}
    assert used == {CATALOG.host("hgx-a100-4").name: 1, CATALOG.host("server-l40s-2").name: 1}
    shares = {part.offer: part.share_of_demand for part in _mixed(found).fleet}
    assert shares["hgx-a100-4"] > 0.1
    added = [each for each in found.mix.purchases if each.action != "use"]
    rented = [each for each in found.mix.supplies if each.held == "on-demand"]
    assert added or rented  # forty requests a second are more than six old cards can take
    bought = sum(each.count * CATALOG.host("server-h100-nvl-2").price_usd for each in added if "H100" in each.title)
    assert _mixed(found).cost.capex.value <= bought * 1.05  # nothing is paid for what is there


def test_workloads_that_run_the_same_deployment_share_machines_and_spares() -> None:
    found = sharing()
    option = _mixed(found)
    assert {part.workload for part in option.fleet} == {"chat", "night"}
    apart = next(each for each in found.options if each.id != option.id)
    assert sum(part.hosts for part in option.fleet) < sum(part.hosts for part in apart.fleet)
    assert option.cost.npv_of_costs.value < apart.cost.npv_of_costs.value
    assert f"Buy {sum(part.hosts for part in option.fleet)} × Workstation" in found.answer.sentence


def test_where_one_offer_is_best_there_is_no_second_option_of_it() -> None:
    found = chat_plan()
    assert found.mix is not None
    assert found.mix.option_id is None
    assert "No mix beats" in found.mix.sentence
    assert found.mix.against_single is not None
    assert found.mix.against_single > 0.0


def test_each_limit_has_its_price_and_none_is_negative() -> None:
    found = with_existing()
    assert found.mix is not None
    prices = {each.limits: each.per_month for each in found.mix.limit_costs}
    assert all(price >= 0.0 for price in prices.values())
    for each in found.mix.limit_costs:
        assert (each.per_month > 0.0) == (each.share > 0.0)
        assert each.sentence.endswith(".")


def test_the_front_trades_cost_for_carbon() -> None:
    found = chat_plan()
    assert found.mix is not None
    points = found.mix.front
    assert len(points) >= 2
    assert np.all(np.diff([each.cost_per_month for each in points]) > 0.0)
    assert np.all(np.diff([each.carbon_kg_per_month for each in points]) < 0.0)


def test_prices_of_the_mix_are_those_of_the_plan() -> None:
    """The optimum counts by the period, the plan by the hour: they differ by no more than that."""
    found = plan(scenario(CHAT, (ROOM,)))
    assert found.mix is not None
    best = min(option.cost.npv_of_costs.value for option in found.options)
    months = found.header.horizon_months
    rate = 1.08 ** (1 / 12) - 1
    payment = best * rate / (1 - (1 + rate) ** -months)
    assert found.mix.cost_per_month <= payment * 1.02


def test_a_plan_without_a_mix_is_asked_for_by_depth() -> None:
    assert Depth().mix
    assert not Depth(mix=False).mix


# --- conflicts --------------------------------------------------------------------------------------------------


def test_where_nothing_is_feasible_the_plan_names_the_limits_in_conflict_and_the_ways_out() -> None:
    found = plan(scenario(sites=("{name: room, kind: owned, hosts: [server-l40s-4], power: 3 kW, rack_units: 40}",)))
    assert found.options == ()
    assert found.answer.decision is Decision.NONE
    conflict = found.answer.conflict
    assert conflict is not None
    assert "power of room" in conflict.limits
    assert "space of room" not in conflict.limits
    [power] = [each for each in conflict.ways_out if each.limit == "power of room"]
    assert power.unit == "kW"
    assert power.least is not None
    wider = f"{{name: room, kind: owned, hosts: [server-l40s-4], power: {power.least * 1.01:.2f} kW, rack_units: 40}}"
    assert plan(scenario(sites=(wider,))).options


def test_what_the_law_bars_is_named_as_what_is_in_the_way() -> None:
    more = "law: {allowed_jurisdictions: [CN]}"
    found = plan(scenario(sites=(TOKENS,), more=more))
    assert found.options == ()
    assert found.answer.conflict is not None
    assert found.answer.conflict.limits == ("sovereignty",)
    assert "groq" in found.answer.conflict.ways_out[0].sentence.lower()


# --- limits of the mix ------------------------------------------------------------------------------------------


def test_no_vendor_has_more_than_its_share() -> None:
    found = plan(scenario(sites=(CLOUD, TOKENS), more="limits: {max_vendor_share: 60 %}"))
    assert found.mix is not None
    shares: dict[str, float] = {}
    for each in found.mix.supplies:
        weights = np.array([period.mean_rate_per_s * period.hours_per_week for period in found.mix.periods])
        for flow in each.serves:
            share = float(np.array(flow.share_by_period) @ weights / weights.sum())
            shares[each.vendor] = shares.get(each.vendor, 0.0) + share
    assert len(shares) >= 2
    assert max(shares.values()) <= 0.6 + 1e-6
    assert _mixed(found).kind is Kind.MIXED


def test_a_host_that_comes_too_late_is_not_bought() -> None:
    late = plan(scenario(BUSY, (ROOM,), more="limits: {lead_time: 1 day}"))
    loaded: Scenario = scenario(BUSY, (ROOM,), more="limits: {lead_time: 1 day}").scenario
    assert loaded.limits.lead_time_days == 1.0
    assert late.mix is None or all(
        (CATALOG.host(each.supply.split("/")[1]).lead_time_months or 0.0) * 30.4 <= 1.0 for each in late.mix.purchases
    )
