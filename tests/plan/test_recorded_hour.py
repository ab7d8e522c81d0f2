"""A recorded hour of conversations, planned in full: every device is an option or refused with its reason."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from small_scenarios import CATALOG, TODAY

from millwright.plan.make import make_plan
from millwright.plan.model import Plan, Verdict
from millwright.scenario.load import read_scenario

pytestmark = [pytest.mark.slow, pytest.mark.shared_data]

REQUESTS = 19_366
"""Requests in the hour of conversations of the Azure LLM inference trace 2023."""


@pytest.fixture(scope="module")
def hour(shared_data: Path) -> Plan:
    """Return the plan of the hour on every host and every cloud; the wall time is printed, never asserted."""
    trace = shared_data / "traces" / "azure_2023_conv.parquet"
    text = f"""
organisation: {{country: US}}
workloads:
  - name: conversations
    model: llama-3.3-70b
    traffic: {{trace: {{file: "{trace}", columns: {{arrival: arrival_s, input: input_tokens, output: output_tokens}}}}}}
    slo: {{ttft: 2 s, tpot: 100 ms, percentile: 95}}
    data: {{classes: [public]}}
sites:
  - {{name: room, kind: owned}}
  - {{name: cloud, kind: cloud}}
"""
    loaded = read_scenario(text, trace.parent / "scenario.yaml", CATALOG)
    began_s = time.perf_counter()
    made = make_plan(loaded, today=TODAY)
    print(f"\n{REQUESTS:,} requests on {len(made.options)} options: {time.perf_counter() - began_s:.1f} s")
    for timing in made.timings:
        print(f"  {timing.stage}: {timing.wall_s:.1f} s")
    return made


def test_every_request_of_the_hour_is_replayed(hour: Plan) -> None:
    [workload] = hour.workloads
    assert f"all {REQUESTS:,} requests" in workload.traffic
    assert workload.rate_mean_per_s == pytest.approx(REQUESTS / 3600.0, rel=0.05)


def test_every_device_is_an_option_or_refused_with_a_reason(hour: Plan) -> None:
    planned = {part.device for option in hour.options for part in option.fleet}
    reasons = {one.device: one.reasons for one in hour.refused}
    for device in CATALOG.devices():
        assert device.id in planned or reasons[device.id][0].text, device.id


def test_every_machine_that_is_sold_is_an_option_or_refused(hour: Plan) -> None:
    offers = {host.id for host in CATALOG.hosts()} | {offer.id for offer in CATALOG.cloud_offers()}
    seen = {part.offer for option in hour.options for part in option.fleet} | {one.offer for one in hour.refused}
    assert offers <= seen
    assert len(hour.options) > 50


def test_the_promise_is_kept_at_the_planned_load(hour: Plan) -> None:
    for option in hour.options[:20]:
        performance = option.fleet[0].performance
        assert performance is not None
        assert performance.ttft is not None
        assert performance.tpot is not None
        assert performance.ttft.p95.value <= 2.0 * 1.05
        assert performance.tpot.p95.value <= 0.1 * 1.05


def test_faster_devices_of_one_make_serve_more(hour: Plan) -> None:
    best = {
        part.device: part.performance.goodput_per_replica.value * (part.replicas + part.spares) / part.devices
        for option in hour.options
        for part in option.fleet
        if part.performance is not None and part.deployment is not None
    }
    assert best["b200-sxm"] > best["h200-sxm"] > best["a100-sxm-80"]
    assert best["h200-sxm"] >= best["h100-sxm"] * 0.98


def test_all_options_are_lawful_where_no_rule_speaks_of_the_data(hour: Plan) -> None:
    assert {option.law.verdict for option in hour.options} == {Verdict.YES}
