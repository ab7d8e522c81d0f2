"""Several workloads on one machine: no lane is promised more than it would have, and memory and slices add up."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fleet_cases import CATALOG, requests
from hypothesis import given
from hypothesis import strategies as st

from millwright.catalog.device import Device
from millwright.fleet.service import Allowed, Service
from millwright.fleet.sharing.apart import apart
from millwright.fleet.sharing.by_turns import by_turns, switch_share
from millwright.fleet.sharing.lanes import How, NoPlace, Places, Shared, Tenant
from millwright.fleet.sharing.sliced import Profile, slice_of, sliced, slicing_of
from millwright.fleet.sharing.ways import ways_to_share
from millwright.simulate.slo import Slo
from millwright.traffic.arrivals import Poisson

L40S = CATALOG.device("l40s")
H100 = CATALOG.device("h100-sxm")
PLACES = Places(confidence=0.8)
"""What was worked out once serves all tests here."""


def _chat(peak_per_s: float = 1.0) -> Tenant:
    sample = Service(requests(300, 500.0, 60.0), Slo(ttft_s=2.0, tpot_s=0.1), Poisson(), 0)
    return Tenant("chat", sample, CATALOG.model("llama-3.1-8b"), Allowed(), peak_per_s)


def _search(peak_per_s: float = 1.0, name: str = "search") -> Tenant:
    texts = replace(requests(300, 200.0), output_tokens=requests(300).output_tokens * 0 + 1)
    sample = Service(texts, Slo(e2e_s=0.5), Poisson(), 0)
    return Tenant(name, sample, CATALOG.model("bge-m3"), Allowed(), peak_per_s)


TENANTS = (_chat(), _search())


def test_devices_of_their_own_add_up_to_no_more_than_the_machine_has() -> None:
    found = apart(TENANTS, L40S, 4, PLACES)
    assert isinstance(found, Shared)
    assert sum(lane.devices for lane in found.lanes) <= 4
    assert sum(lane.weight for lane in found.lanes) <= 1.0


def test_the_busier_workload_gets_more_devices() -> None:
    chat_busy = apart((_chat(1_000.0), _search(1.0)), L40S, 4, PLACES)
    search_busy = apart((_chat(1.0), _search(10_000.0)), L40S, 4, PLACES)
    assert isinstance(chat_busy, Shared)
    assert isinstance(search_busy, Shared)
    assert chat_busy.lanes[0].devices > search_busy.lanes[0].devices
    assert chat_busy.lanes[1].devices < search_busy.lanes[1].devices


def test_one_device_cannot_be_had_by_two_alone() -> None:
    found = apart(TENANTS, L40S, 1, PLACES)
    assert isinstance(found, NoPlace)
    assert "a device each" in found.reason


@pytest.mark.parametrize("way", [apart, sliced, by_turns])
def test_no_lane_serves_more_than_the_workload_alone_on_the_whole_machine(way: object) -> None:
    assert callable(way)
    found = way(TENANTS, H100, 2, PLACES)
    assert isinstance(found, Shared)
    for tenant, lane in zip(TENANTS, found.lanes, strict=True):
        alone = PLACES.answer(tenant, H100, 2)
        assert lane.workload == tenant.name
        assert 0.0 < lane.sure_per_s <= alone.sure_machine_rate_per_s * 1.05


def test_a_slice_has_its_share_of_the_device_and_no_links() -> None:
    slicing = slicing_of(H100)
    assert slicing is not None
    three = slice_of(H100, slicing, Profile("3g", 3, 4))
    assert three.memory_bytes == pytest.approx((H100.memory_bytes or 0.0) / 2)
    assert three.memory_bandwidth_bytes_per_s == pytest.approx((H100.memory_bandwidth_bytes_per_s or 0.0) / 2)
    for format_, peak in H100.peak_flop_per_s.items():
        assert three.peak_flop_per_s[format_] == pytest.approx(peak * 48 / 132, rel=1e-3)
    assert three.link_bytes_per_s is None
    assert three.id != H100.id


SLICED_DEVICES = [device for device in CATALOG.devices() if slicing_of(device) is not None]


def test_the_devices_that_can_be_cut_are_those_of_the_guide() -> None:
    assert {"a100-sxm-80", "h100-sxm", "h200-sxm", "b200-sxm", "a30"} <= {each.id for each in SLICED_DEVICES}
    assert slicing_of(L40S) is None


@given(st.sampled_from(SLICED_DEVICES), st.lists(st.integers(0, 4), min_size=1, max_size=9))
def test_slices_that_fit_together_never_exceed_the_device(device: Device, picked: list[int]) -> None:
    slicing = slicing_of(device)
    assert slicing is not None
    cut = [slicing.profiles[place % len(slicing.profiles)] for place in picked]
    slices = [slice_of(device, slicing, each) for each in cut]
    if slicing.room(cut):
        assert sum(each.memory_bytes or 0.0 for each in slices) <= (device.memory_bytes or 0.0) * (1 + 1e-9)
        for format_, peak in device.peak_flop_per_s.items():
            assert sum(each.peak_flop_per_s[format_] for each in slices) <= peak * (1 + 1e-9)
    else:
        assert sum(each.compute for each in cut) > slicing.compute_slices or (
            sum(each.memory for each in cut) > slicing.memory_slices
        )


def test_a_device_without_slices_says_so_and_a_model_too_large_for_a_slice_too() -> None:
    none = sliced(TENANTS, L40S, 1, PLACES)
    assert isinstance(none, NoPlace)
    assert "cannot be cut" in none.reason
    large = replace(_chat(), name="large", model=CATALOG.model("llama-3.3-70b"))
    too_large = sliced((large, _search()), H100, 1, PLACES)
    assert isinstance(too_large, NoPlace)
    assert too_large.reason.startswith("large keeps no promise on a slice")


def test_processes_that_take_turns_share_the_memory_of_each_device() -> None:
    found = by_turns(TENANTS, L40S, 1, PLACES)
    assert isinstance(found, Shared)
    shares = [lane.performance.candidate.deployment.memory_fraction or 0.0 for lane in found.lanes]
    assert 0.9 < sum(shares) < 1.0
    alone = PLACES.answer(TENANTS[0], L40S, 1).performance
    assert alone is not None
    assert found.lanes[0].performance.candidate.memory.kv_capacity_tokens < alone.candidate.memory.kv_capacity_tokens


def test_what_does_not_fit_together_is_told_with_its_memory() -> None:
    three = (_chat(), replace(_chat(), name="other"), replace(_chat(), name="third"))
    found = by_turns(three, CATALOG.device("rtx-4090"), 1, PLACES)
    assert isinstance(found, NoPlace)
    assert found.reason.startswith("together they take")
    assert "GB" in found.reason


def test_a_resting_neighbour_costs_little_and_one_that_never_rests_half() -> None:
    quiet = by_turns((_chat(4.0), _search(0.01)), L40S, 1, PLACES)
    busy = by_turns((_chat(4.0), _search(150.0)), L40S, 1, PLACES)
    assert isinstance(quiet, Shared)
    alone = PLACES.answer(_chat(), L40S, 1)
    assert quiet.lanes[0].sure_per_s > 0.8 * alone.sure_machine_rate_per_s
    assert quiet.lanes[0].stretch < 1.2
    if isinstance(busy, Shared):
        assert busy.lanes[0].sure_per_s < 0.8 * quiet.lanes[0].sure_per_s
        assert busy.lanes[0].stretch > quiet.lanes[0].stretch


def test_a_promise_kept_by_turns_is_kept_in_the_simulation_beside_the_others() -> None:
    found = by_turns(TENANTS, L40S, 1, PLACES)
    assert isinstance(found, Shared)
    for tenant, lane in zip(TENANTS, found.lanes, strict=True):
        assert tenant.service.slo is not None
        requests_at_peak = tenant.service.at_rate()(lane.performance.sure_per_s)
        met = tenant.service.slo.met(lane.performance.candidate.serve(requests_at_peak))
        assert float(met.mean()) >= tenant.service.slo.share
        assert 1.0 < lane.stretch <= lane.worst == pytest.approx(2.0 * (1.0 + switch_share()))


def test_ways_come_with_the_fewest_machines_first_and_then_the_best_kept_apart() -> None:
    three = (_chat(0.5), _search(0.5), _search(0.5, "other"))
    found, cannot = ways_to_share(three, L40S, 2, PLACES)
    assert found
    assert {each.how for each in found} <= set(How)
    peaks = {each.name: each.peak_per_s for each in three}
    machines = [-(-each.load(peaks) // 1) for each in found]
    assert machines == sorted(machines)
    assert [each.how for each in cannot if each.how is How.APART] == [How.APART]  # three workloads, two devices
    beside = found[0]
    assert beside.how is How.BY_TURNS
    assert beside.lanes[0].worst == 1.0  # the chat model has a device of its own
    assert beside.lanes[1].worst > 2.0
