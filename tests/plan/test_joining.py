"""A large model on machines that are too small for it: hosts joined, priced and limited by the host, ranked."""

from __future__ import annotations

from functools import cache

import pytest
from small_scenarios import CATALOG, plan, scenario

from millwright.plan.crew import traits_of_option
from millwright.plan.model import Plan, Stage
from millwright.scenario.load import LoadedScenario

LARGE = """
  - name: chat
    model: llama-3.1-405b
    precisions: [bf16]
    traffic: {rate: 0.4 /s, profile: conversation}
    slo: {ttft: 6 s, tpot: 150 ms}
"""
HALL = "{{name: hall, kind: colo, hosts: [hgx-a100-8]{more}}}"
CLOUD = "{name: cloud, kind: cloud, providers: [verda], devices: [a100-sxm-80gb]}"


def loaded(more: str = "", *sites: str, rest: str = "limits: {spares: 0}") -> LoadedScenario:
    """Return the scenario of a large model in a hall."""
    return scenario(LARGE, (HALL.format(more=more), *sites), rest)


@cache
def chat_plan() -> Plan:
    """Return its plan, with the mixed fleet."""
    return plan(loaded(), mix=True)


def test_a_model_that_fits_on_no_host_is_planned_over_several() -> None:
    [option] = chat_plan().options
    [part] = option.fleet
    assert part.deployment is not None
    assert part.hosts >= 2
    assert part.hosts % 2 == 0
    assert part.devices == part.hosts * 8
    assert part.deployment.tp * part.deployment.pp * part.deployment.dp > 8
    assert "2 joined" in option.title
    assert part.offer == "hgx-a100-8"
    assert option.cost.lcot.low < option.cost.lcot.value < option.cost.lcot.high


def test_each_host_is_paid_and_the_network_is_not_hidden() -> None:
    [option] = chat_plan().options
    hosts = option.fleet[0].hosts
    price = CATALOG.host("hgx-a100-8").price_usd / CATALOG.usd_per("EUR")
    assert option.cost.capex.value == pytest.approx(hosts * price, rel=0.02)
    [said] = [each for each in option.warnings if "spans" in each]
    assert "2 hosts" in said
    assert "200 Gbit/s" in said
    assert "not in the price" in said


def test_the_mix_of_one_kind_joined_is_that_option() -> None:
    found = chat_plan()
    assert found.mix is not None
    assert found.mix.option_id is None
    assert [each.title for each in found.mix.supplies] == ["HGX A100, 8 × A100 SXM 80GB, 2 joined"]


def test_people_are_asked_for_several_hosts_to_one_replica() -> None:
    [option] = chat_plan().options
    assert traits_of_option(option, loaded()).multi_node


@pytest.mark.parametrize(("more", "stage"), [(", rack_units: 7", Stage.SPACE), (", power: 9 kW", Stage.POWER)])
def test_limits_of_the_site_count_every_host(more: str, stage: Stage) -> None:
    found = plan(loaded(more))
    assert found.options == ()
    [refused] = [each for each in found.refused if each.offer == "hgx-a100-8"]
    assert [reason.stage for reason in refused.reasons] == [stage]
    assert "2 × HGX A100" in refused.reasons[0].text


def test_hosts_that_are_there_are_joined_too() -> None:
    there = plan(loaded(", existing: [{host: hgx-a100-8, count: 2}]"))
    [option] = there.options
    assert option.cost.capex.value == pytest.approx(0.0, abs=1.0) or option.fleet[0].hosts > 2


def test_where_another_machine_holds_it_small_hosts_are_not_joined() -> None:
    found = plan(scenario(LARGE, ("{name: hall, kind: colo, hosts: [hgx-h200-8, server-l40s-4]}",)))
    assert {option.fleet[0].offer for option in found.options} == {"hgx-h200-8"}
    assert not any("joined" in option.title for option in found.options)
