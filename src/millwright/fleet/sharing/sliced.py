"""Hardware slices of a device (MIG): each is a small device of its own, so that what runs on one disturbs no other.

A slice's peaks, memory and bandwidth are the device's shares (`fleet/data/sharing.json`). Slices have no links to each
other: a model has to fit one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from millwright.catalog.device import Device
from millwright.fleet.sharing.lanes import How, Lane, NoPlace, Places, Shared, Tenant, in_words, roomiest

_DATA = Path(__file__).parent.parent / "data" / "sharing.json"


@dataclass(frozen=True)
class Profile:
    """A slice that can be cut: `compute` and `memory` slices of those that the device has."""

    name: str
    compute: int
    memory: int


@dataclass(frozen=True)
class Slicing:
    """How a device can be cut: how many slices of each sort it has, and the share of the peaks of one [-]."""

    compute_slices: int
    memory_slices: int
    compute_share: float
    profiles: tuple[Profile, ...]

    def room(self, cut: Sequence[Profile]) -> bool:
        """Return whether the profiles fit on one device together."""
        return (
            sum(each.compute for each in cut) <= self.compute_slices
            and sum(each.memory for each in cut) <= self.memory_slices
        )


@lru_cache(maxsize=1)
def _slicings() -> dict[str, Slicing]:
    found: dict[str, Slicing] = {}
    for entry in json.loads(_DATA.read_text(encoding="utf-8"))["slices"]:
        profiles = tuple(Profile(name, compute, memory) for name, compute, memory in entry["profiles"])
        one = Slicing(entry["compute_slices"], entry["memory_slices"], entry["compute_share"], profiles)
        found.update(dict.fromkeys(entry["devices"], one))
    return found


def slicing_of(device: Device) -> Slicing | None:
    """Return how `device` can be cut into slices, None if it cannot."""
    return _slicings().get(device.id)


def slice_of(device: Device, slicing: Slicing, profile: Profile) -> Device:
    """Return a slice of `device` as a device of its own."""
    compute, memory = profile.compute * slicing.compute_share, profile.memory / slicing.memory_slices

    def part(whole: float | None, share: float) -> float | None:
        return None if whole is None else whole * share

    return replace(
        device,
        id=f"{device.id}:{profile.compute}g-{profile.memory}m",
        name=f"{profile.name} slice of {device.name}",
        memory_bytes=part(device.memory_bytes, memory),
        memory_bandwidth_bytes_per_s=part(device.memory_bandwidth_bytes_per_s, memory),
        peak_flop_per_s={format_: peak * compute for format_, peak in device.peak_flop_per_s.items()},
        tdp_w=part(device.tdp_w, compute),
        idle_w=part(device.idle_w, compute),
        link_bytes_per_s=None,
        link_kind=None,
        link_domain_devices=None,
        price_usd=None,
        aliases=(),
        facts={},
    )


def sliced(tenants: Sequence[Tenant], device: Device, device_count: int, places: Places) -> Shared | NoPlace:
    """Return the cut of every device under which one machine goes furthest for all, or why there is none."""
    slicing = slicing_of(device)
    if slicing is None:
        return NoPlace(How.SLICED, f"{device.name} cannot be cut into slices")
    lanes = {
        (tenant.name, profile): _lane(tenant, device, device_count, slicing, profile, places)
        for tenant in tenants
        for profile in slicing.profiles
    }
    nowhere = [each.name for each in tenants if not any(lanes[each.name, profile] for profile in slicing.profiles)]
    if nowhere:
        largest = max(slicing.profiles, key=lambda each: (each.memory, each.compute))
        who = in_words(nowhere)
        return NoPlace(How.SLICED, f"{who} keeps no promise on a slice of {device.name}, {largest.name} the largest")

    def ways() -> Iterator[Shared]:
        for cut in _cuts(slicing, len(tenants)):
            chosen = [lanes[tenant.name, profile] for tenant, profile in zip(tenants, cut, strict=True)]
            if all(lane is not None for lane in chosen):
                yield Shared(How.SLICED, tuple(lane for lane in chosen if lane is not None))

    best = roomiest(ways(), tenants)
    return best or NoPlace(How.SLICED, f"the slices that they need are more than {device.name} has")


def _lane(
    tenant: Tenant, device: Device, device_count: int, slicing: Slicing, profile: Profile, places: Places
) -> Lane | None:
    found = places.answer(tenant, slice_of(device, slicing, profile), 1)
    if found.performance is None or found.performance.sure_per_s <= 0.0:
        return None
    words = f"a {profile.name} slice of "
    words += "the device" if device_count == 1 else f"each of {device_count} devices"
    weight = profile.compute / slicing.compute_slices
    return Lane(tenant.name, found.performance, device_count, device_count, words, weight)


def _cuts(slicing: Slicing, parts: int) -> Iterator[tuple[Profile, ...]]:
    """Give the ways to cut one device into a slice for each of `parts` workloads."""

    def from_here(taken: tuple[Profile, ...]) -> Iterator[tuple[Profile, ...]]:
        if not slicing.room(taken):
            return
        if len(taken) == parts:
            yield taken
            return
        for profile in slicing.profiles:
            yield from from_here((*taken, profile))

    yield from from_here(())
