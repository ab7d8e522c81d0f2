"""Every way to share one machine, the one that goes furthest first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from millwright.catalog.device import Device
from millwright.fleet.sharing.apart import apart
from millwright.fleet.sharing.by_turns import by_turns
from millwright.fleet.sharing.lanes import How, Lane, NoPlace, Places, Shared, Tenant
from millwright.fleet.sharing.sliced import sliced

Way = Callable[[Sequence[Tenant], Device, int, Places], Shared | NoPlace]
"""A way to put tenants on all devices of a machine."""


def ways_to_share(
    tenants: Sequence[Tenant], device: Device, device_count: int, places: Places
) -> tuple[list[Shared], list[NoPlace]]:
    """Return the machines on which all `tenants` keep their promises, and the ways in which they cannot.

    Looked at are devices of their own; slices, or turns, on all devices; and on a machine with more devices the smaller
    workloads together on one of them and the largest on the others. First comes that of which fewest are needed, then
    that which keeps workloads best apart.
    """
    tried = [way(tenants, device, device_count, places) for way in (apart, sliced, by_turns)]
    if device_count > 1 and len(tenants) > 2:
        tried += [_beside_the_largest(way, tenants, device, device_count, places) for way in (sliced, by_turns)]
    found = [one for one in tried if isinstance(one, Shared)]
    cannot = [one for one in tried if isinstance(one, NoPlace)]
    peaks = {each.name: each.peak_per_s for each in tenants}
    order = list(How)

    def rank(one: Shared) -> tuple[float, int, float]:
        return -(-one.load(peaks) // 1), order.index(one.how), max(lane.worst for lane in one.lanes)

    return sorted(found, key=rank), cannot


def _beside_the_largest(
    way: Way, tenants: Sequence[Tenant], device: Device, device_count: int, places: Places
) -> Shared | NoPlace:
    """Return the largest model on all devices but one, and the others together on that one."""
    largest = max(tenants, key=lambda each: each.model.weight_parameters())
    others = [each for each in tenants if each is not largest]
    together = way(others, device, 1, places)
    if isinstance(together, NoPlace):
        return together
    answer = places.answer(largest, device, device_count - 1)
    if answer.performance is None or answer.sure_machine_rate_per_s <= 0.0:
        reason = f"{largest.name} keeps no promise on {device_count - 1} of {device_count} devices"
        return NoPlace(together.how, reason)
    mine = Lane(
        largest.name,
        answer.performance,
        answer.replicas_per_machine,
        device_count - 1,
        f"{device_count - 1} of {device_count} devices",
        (device_count - 1) / device_count,
    )
    by_name = {largest.name: mine}
    for lane in together.lanes:
        words = lane.words.replace("the device", f"1 of {device_count} devices")
        by_name[lane.workload] = replace(lane, devices=1, words=words, weight=lane.weight / device_count)
    return Shared(together.how, tuple(by_name[each.name] for each in tenants))
