"""What a scenario may say has its effect: deadlines, lead times, other models, who runs a hall, and engines by name."""

from __future__ import annotations

from dataclasses import replace

import pytest
from small_scenarios import CATALOG, CHAT, NIGHT, TODAY, plan, scenario

from millwright.catalog.units import Measure, parse
from millwright.errors import InputError
from millwright.plan.make import demands, make_plan
from millwright.plan.model import Kind, Plan, Stage
from millwright.plan.priced import too_late

QUIET = CHAT.replace("rate: 4 /s", "rate: 0.2 /s")
SMALL_ROOM = "{name: room, kind: owned, hosts: [workstation-rtx-5090-1]}"


def test_a_deadline_below_an_hour_takes_more_machines_than_an_hour() -> None:
    rates = {}
    for deadline in ("15 min", "1 h"):
        [asked] = demands(scenario(NIGHT.replace("deadline: 6 h", f"deadline: {deadline}")), 0)
        rates[deadline] = asked.profile.peak_rate_per_s[0]
        assert asked.profile.hourly.mean() == pytest.approx(1.0)
    assert rates["15 min"] == pytest.approx(4.0 * rates["1 h"])
    [whole] = demands(scenario(NIGHT.replace("deadline: 6 h", "deadline: 15 min")), 0)
    assert whole.tokens.as_case_demand().requests[0] == pytest.approx(20_000 * 365.25 / 12, rel=0.03)


def test_short_deadlines_cost_more_on_machines_and_mixed_alike() -> None:
    costs = {}
    for deadline in ("5 min", "1 h"):
        night = NIGHT.replace("deadline: 6 h", f"deadline: {deadline}").replace("20000", "60000")
        found = plan(scenario(night, (SMALL_ROOM,)), mix=True)
        assert found.mix is not None
        costs[deadline] = found.options[0].cost.lcot.value, found.mix.cost_per_month
    assert costs["5 min"][0] > 1.5 * costs["1 h"][0]
    assert costs["5 min"][1] > 1.5 * costs["1 h"][1]


def test_an_engine_that_does_not_exist_is_told_with_its_place_and_the_nearest_name() -> None:
    with pytest.raises(InputError) as told:
        demands(scenario(more="limits: {engines: [vlmm]}"), 0)
    text = str(told.value)
    assert "scenario.yaml:15:20: limits.engines[0]" in text
    assert "no inference engine is called 'vlmm'" in text
    assert "Did you mean 'vllm'?" in text
    demands(scenario(more="limits: {engines: [vLLM, TensorRT-LLM, llama.cpp]}"), 0)  # any of their names will do


def refused_for(found: Plan, summary: str) -> list[str]:
    """Return the offers that are refused with this summary."""
    return [each.offer for each in found.refused if any(reason.summary == summary for reason in each.reasons)]


def test_a_host_that_comes_on_the_last_day_is_in_time() -> None:
    host = CATALOG.host("server-l40s-4")
    for days in (1, 7, 30, 45, 61, 100, 365):
        due = replace(host, lead_time_months=parse(f"{days} days", Measure.TIME))
        assert too_late(due, scenario(more=f"limits: {{lead_time: {days} days}}").scenario.limits) == ""
        if days > 1:
            short = scenario(more=f"limits: {{lead_time: {days - 1} days}}").scenario.limits
            assert too_late(due, short).startswith(f"{host.name} comes about {days} days after the order")


def test_a_host_that_comes_too_late_is_no_option_unless_it_is_there() -> None:
    late = plan(scenario(QUIET, (SMALL_ROOM,), more="limits: {lead_time: 3 days}"))
    assert late.options == ()
    assert refused_for(late, "comes too late") == ["workstation-rtx-5090-1"]
    there = SMALL_ROOM.replace("hosts", "existing: [{host: workstation-rtx-5090-1, count: 2}], hosts")
    kept = plan(scenario(QUIET, (there,), more="limits: {lead_time: 3 days}"), mix=True)
    assert [option.fleet[0].offer for option in kept.options] == ["workstation-rtx-5090-1"]
    assert kept.mix is not None


def test_the_mixed_fleet_keeps_the_lead_time_too() -> None:
    there = SMALL_ROOM.replace("hosts", "existing: [{host: workstation-rtx-5090-1, count: 1}], hosts")
    found = make_plan(scenario(CHAT, (there,), more="limits: {lead_time: 3 days}"), today=TODAY, draws=64)
    assert found.options == ()
    assert found.answer.conflict is not None


def test_an_option_says_that_its_hosts_come_later_than_it_counts_on() -> None:
    found = plan(scenario(QUIET, (SMALL_ROOM,)))
    assert any("comes about 15 days after the order" in each for each in found.options[0].warnings)


def test_another_model_that_would_do_is_looked_at_on_machines() -> None:
    workload = QUIET.replace("model: llama-3.1-8b", "model: llama-3.1-405b\n    alternatives: [llama-3.1-8b]")
    found = plan(scenario(workload, (SMALL_ROOM,)))
    [option] = found.options  # 405 billion weights fit on no eight of them
    assert option.fleet[0].model == CATALOG.model("llama-3.1-8b").id
    assert CATALOG.model("llama-3.1-8b").name in option.title
    [refused] = [each for each in found.refused if each.offer == "workstation-rtx-5090-1"]
    assert refused.model == CATALOG.model("llama-3.1-405b").id
    assert refused.reasons[0].stage is Stage.MEMORY


def test_the_certificates_of_whoever_runs_a_hall_count_for_it() -> None:
    from millwright.fleet.platform import platforms
    from millwright.plan.lawful import platform_facts
    from millwright.scenario.model import ColoSite

    for name, holds in (("operator: ovhcloud", True), ("pue: 1.2", False)):
        if not holds:
            name = "air_gap: false"
        loaded = scenario(sites=(f"{{name: hall, kind: colo, hosts: [server-l40s-4], {name}}}",))
        [site] = loaded.scenario.sites
        assert isinstance(site, ColoSite)
        machine = platforms(site, CATALOG, loaded.scenario.limits)[0][0]
        certificates = platform_facts(loaded.scenario, machine, CATALOG).certifications
        assert bool(certificates) is holds


def test_a_landlord_that_nobody_knows_is_told_with_the_way_out() -> None:
    with pytest.raises(InputError, match=r"sites\[0\].operator|sites.*operator") as told:
        scenario(sites=("{name: hall, kind: colo, operator: ovhclod}",))
    assert "ovhcloud" in str(told.value)
    assert "iso_27001: true" in str(told.value)


# --- conflicts --------------------------------------------------------------------------------------------------


def test_what_the_law_bars_everywhere_is_looked_at_where_limits_are_in_conflict() -> None:
    sites = (
        "{name: room, kind: owned, hosts: [server-l40s-4], power: 2 kW}",
        "{name: cloud, kind: cloud, providers: [scaleway]}",
    )
    found = make_plan(scenario(sites=sites, more="law: {allowed_jurisdictions: [DE]}"), today=TODAY, draws=64)
    assert found.options == ()
    assert found.answer.conflict is not None
    assert set(found.answer.conflict.limits) == {"sovereignty", "power of room"}
    sovereignty = next(each for each in found.answer.conflict.ways_out if each.limit == "sovereignty")
    assert "Scaleway" in sovereignty.sentence
    alone = make_plan(scenario(sites=sites[1:], more="law: {allowed_jurisdictions: [DE]}"), today=TODAY, draws=64)
    assert alone.answer.conflict is not None
    assert alone.answer.conflict.limits == ("sovereignty",)


def test_no_option_leaves_more_with_one_vendor_than_its_share() -> None:
    both = ("{name: cloud, kind: cloud, providers: [verda]}", "{name: api, kind: api, providers: [groq, nebius]}")
    free = plan(scenario(QUIET, both))
    assert free.options
    bound = plan(scenario(QUIET, both, more="limits: {max_vendor_share: 60 %}"))
    assert bound.options == ()  # one workload: whoever serves it has all tokens
    told = {reason.text for each in bound.refused for reason in each.reasons if reason.stage is Stage.LIMIT}
    assert any("100 % of all tokens depend on groq" in text for text in told)
    mixed = plan(scenario(QUIET, both, more="limits: {max_vendor_share: 60 %}"), mix=True)
    assert {option.kind for option in mixed.options} == {Kind.MIXED}
