"""Drafts: what could serve a workload, and for everything else the limit and the figure that refuse it."""

from __future__ import annotations

import pytest
from small_scenarios import CATALOG, CHAT, HALL, ROOM, TOKENS, plan, scenario

from millwright.plan.model import Kind, Plan, RefusedOption, Stage

LARGE = CHAT.replace("llama-3.1-8b", "llama-3.3-70b")


def _refused(found: Plan, stage: Stage) -> list[RefusedOption]:
    return [one for one in found.refused if one.reasons[0].stage is stage]


def test_what_does_not_fit_tells_the_memory_it_takes_and_has() -> None:
    found = plan(scenario(LARGE, ("{name: desk, kind: owned, hosts: [workstation-rtx-5090-1]}",)))
    [one] = _refused(found, Stage.MEMORY)
    assert one.device == "rtx-5090"
    assert "GB" in one.reasons[0].text
    assert "TP 1" in one.reasons[0].text
    assert found.options == ()


def test_what_is_too_slow_tells_the_limit_and_how_far_off_it_is() -> None:
    hasty = CHAT.replace("tpot: 60 ms", "tpot: 1 ms")
    found = plan(scenario(hasty, (ROOM, HALL)))
    late = _refused(found, Stage.LATENCY)
    assert {one.device for one in late} == {"l40s", "h100-sxm", "rtx-5090"}
    for one in late:
        assert one.reasons[0].summary == "too slow for the SLO even alone"
        assert "TPOT" in one.reasons[0].text
        assert "0.001 s" in one.reasons[0].text


def test_requests_too_long_for_a_device_are_told_as_such() -> None:
    long = CHAT.replace("profile: conversation", "profile: conversation, input: 100000 tokens")
    found = plan(scenario(long, ("{name: desk, kind: owned, hosts: [workstation-rtx-5090-1]}",)))
    [one] = _refused(found, Stage.LATENCY)
    assert one.reasons[0].summary == "requests are too long for it"
    assert "KV cache" in one.reasons[0].text


def test_an_api_that_does_not_sell_the_model_is_told() -> None:
    found = plan(scenario(CHAT.replace("llama-3.1-8b", "qwen2.5-0.5b"), (TOKENS,)))
    [one] = [each for each in found.refused if each.kind is Kind.API]
    assert one.reasons[0].summary == "no API sells this model"


def test_another_model_is_offered_where_it_is_accepted() -> None:
    alternative = CHAT.replace("model: llama-3.1-8b", "model: qwen2.5-0.5b\n    alternatives: [llama-3.1-8b]")
    found = plan(scenario(alternative, (TOKENS,)))
    assert found.options
    assert all(any("another model" in text for text in option.warnings) for option in found.options)


def test_devices_that_nobody_sells_are_told_so_once() -> None:
    found = plan(scenario())
    unsold = [one for one in found.refused if one.reasons[0].summary == "nobody in the catalogue sells it"]
    sold = {host.device_id for host in CATALOG.hosts()} | {offer.device_id for offer in CATALOG.cloud_offers()}
    assert {one.device for one in unsold} == {device.id for device in CATALOG.devices()} - sold
    assert len({one.device for one in unsold}) == len(unsold)


@pytest.mark.parametrize(
    ("site", "key"),
    [
        ("{name: cloud, kind: cloud, providers: [mistral]}", "providers"),
        ("{name: cloud, kind: cloud, providers: [scaleway], regions: [us-east-1]}", "regions"),
    ],
)
def test_a_site_that_names_nothing_there_is_says_so(site: str, key: str) -> None:
    found = plan(scenario(sites=(site,)))
    [one] = [each for each in found.refused if each.site == "cloud"]
    assert "the catalogue has no machine" in one.reasons[0].text
    assert key in one.reasons[0].text


def test_left_out_machines_name_the_limit_of_the_scenario() -> None:
    found = plan(scenario(more="limits: {vendors: [AMD]}", sites=(ROOM,)))
    left_out = _refused(found, Stage.SITE)
    assert {one.offer for one in left_out} == {"server-l40s-4", "hgx-h100-8", "workstation-rtx-5090-1"}
    assert all("AMD" in one.reasons[0].text for one in left_out)
