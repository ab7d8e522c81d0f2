"""Workloads on devices of their own in one host: nothing is shared but the box, its power and its spare."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from millwright.catalog.device import Device
from millwright.fleet.search import MachineAnswer
from millwright.fleet.sharing.lanes import How, Lane, NoPlace, Places, Shared, Tenant, in_words, roomiest


def apart(tenants: Sequence[Tenant], device: Device, device_count: int, places: Places) -> Shared | NoPlace:
    """Return the division of the devices under which one machine goes furthest for all, or why there is none."""
    if device_count < len(tenants):
        need = f"{len(tenants)} workloads need a device each, and the machine has {device_count}"
        return NoPlace(How.APART, need)
    counts = _counts(device_count - len(tenants) + 1)
    answers = {each.name: places.answers(each, device, counts) for each in tenants}

    def ways() -> Iterator[Shared]:
        for shares in _divisions(counts, len(tenants), device_count):
            found = [answers[tenant.name][devices] for tenant, devices in zip(tenants, shares, strict=True)]
            lanes = [_lane(*each, device_count) for each in zip(tenants, found, shares, strict=True)]
            if all(lane is not None for lane in lanes):
                yield Shared(How.APART, tuple(lane for lane in lanes if lane is not None))

    best = roomiest(ways(), tenants)
    if best is None:
        nowhere = [each.name for each in tenants if all(a.performance is None for a in answers[each.name].values())]
        who = in_words(nowhere) if nowhere else "not all of them together"
        return NoPlace(How.APART, f"on up to {counts[-1]} of its {device_count} devices: no place for {who}")
    return best


def _lane(tenant: Tenant, found: MachineAnswer, devices: int, device_count: int) -> Lane | None:
    """Return the lane of so many devices of its own; None where no promise is kept on them."""
    if found.performance is None or found.sure_machine_rate_per_s <= 0.0:
        return None
    words = f"{devices} of {device_count} devices" if device_count > 1 else "the device"
    weight = devices / device_count
    return Lane(tenant.name, found.performance, found.replicas_per_machine, devices, words, weight)


def _counts(most: int) -> tuple[int, ...]:
    """Return the numbers of devices to look at: powers of two, as parallel layouts are, and all that may be had."""
    powers = [1 << n for n in range(most.bit_length()) if 1 << n <= most]
    return tuple(dict.fromkeys([*powers, most]))


def _divisions(counts: Sequence[int], parts: int, total: int) -> Iterator[tuple[int, ...]]:
    """Give the ways to give `parts` workloads one of `counts` each, `total` at most in all."""
    if parts == 0:
        yield ()
        return
    for count in counts:
        if count + parts - 1 <= total:
            for rest in _divisions(counts, parts - 1, total - count):
                yield (count, *rest)
