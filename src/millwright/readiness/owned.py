"""A machine as a scenario's owned hardware: its accelerators found in the catalogue, and the host that fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from millwright.catalog.catalog import ShippedCatalog, UnknownNameError
from millwright.catalog.device import Device
from millwright.catalog.host import Host
from millwright.readiness.accelerators import Accelerator
from millwright.readiness.machine import Machine
from millwright.scenario.edit import scalar_text

MEMORY_TOLERANCE = 0.15
"""A device whose memory differs by more from what the tool reports is another variant: tools leave some of it out."""

REST_OF_HOST_W = 150.0
"""Power of processors, memory and fans per accelerator, where the catalogue has no such host; assumed, quality C."""


@dataclass(frozen=True)
class Found:
    """So many like accelerators, and the device of the catalogue they are; `note` says what was taken for granted."""

    name: str
    count: int
    memory_bytes: float | None
    device_id: str | None
    note: str = ""


@dataclass(frozen=True)
class OwnedHost:
    """A host for `sites: existing`. `override` are its fields where the catalogue does not have such a host."""

    host_id: str
    title: str
    override: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True)
class OwnedHardware:
    """What a machine brings into a scenario."""

    found: tuple[Found, ...]
    hosts: tuple[OwnedHost, ...]
    notes: tuple[str, ...]


def owned_hardware(machine: Machine, catalog: ShippedCatalog) -> OwnedHardware:
    """Return a machine's accelerators by the catalogue's names, and the host it is for `sites: existing`."""
    groups: dict[tuple[str, float | None], list[Accelerator]] = {}
    for each in machine.accelerators:
        groups.setdefault((each.name, each.memory_bytes), []).append(each)
    found, hosts, notes = [], [], []
    for (name, memory), alike in groups.items():
        device, note = _device(name, memory, catalog)
        found.append(Found(name, len(alike), memory, device.id if device else None, note))
        if device is not None:
            hosts.append(_host(device, alike, catalog))
        if alike[0].seen_by == "lspci":
            notes.append(f"{name}: no vendor's tool answered, so its driver is missing or broken.")
    if len(groups) > 1:
        notes.append("The machine has accelerators of several kinds; each kind counts as a host of its own.")
    if not machine.accelerators and (cpu := _cpu_host(machine, catalog)) is not None:
        hosts.append(cpu)
    if machine.hypervisor:
        notes.append(f"This is a virtual machine ({machine.hypervisor}): what it shows is its share of the real one.")
    return OwnedHardware(tuple(found), tuple(hosts), (*notes, *machine.unread))


def _device(name: str, memory: float | None, catalog: ShippedCatalog) -> tuple[Device | None, str]:
    """Return the device of a tool's name; where its memory is another, the variant of the family that has it."""
    shelf = catalog.shelf("devices")
    id_ = shelf.guess(name)
    if id_ is None:
        return None, "not in the catalogue: describe it under `devices:` in the scenario"
    try:
        note = shelf.alias_note(name)
    except UnknownNameError:
        note = "" if memory is not None else "by part of its name"
    device = catalog.device(id_)
    if _fits(device, memory):
        return device, note
    stem = device.id.split("-")[0]
    variants = [each for each in catalog.devices() if each.id.split("-")[0] == stem and _fits(each, memory)]
    if len(variants) == 1:
        return variants[0], "the variant by its memory"
    seen, listed = (memory or 0.0) / 2**30, (device.memory_bytes or 0.0) / 2**30
    return device, f"it shows {seen:,.0f} GiB, the catalogue's {device.id} has {listed:,.0f} GiB: check which it is"


def _fits(device: Device, memory: float | None) -> bool:
    if memory is None or device.memory_bytes is None:
        return True
    return abs(memory / device.memory_bytes - 1.0) <= MEMORY_TOLERANCE


def _host(device: Device, alike: Sequence[Accelerator], catalog: ShippedCatalog) -> OwnedHost:
    count = len(alike)
    holding = [each for each in catalog.hosts() if each.device_id == device.id]
    exact = [each for each in holding if each.device_count == count]
    if exact:
        return OwnedHost(exact[0].id, exact[0].name)
    limits = [each.power_limit_w or device.tdp_w or 0.0 for each in alike]
    peak = sum(limits) + count * REST_OF_HOST_W
    price, note = _price(device, count, holding)
    override = {"device": device.id, "device_count": count, "price": price, "power_peak": f"{peak:.0f} W"}
    title = f"{count} × {device.name}"
    return OwnedHost(f"own-{count}x-{device.id}", title, override, f"power and price are assumed: {note}")


def _price(device: Device, count: int, holding: Sequence[Host]) -> tuple[str, str]:
    """Return what another such host would cost, and what that rests on."""
    if holding:
        near = min(holding, key=lambda each: abs(each.device_count - count))
        price = near.price_usd * count / near.device_count
        return f"{price:.0f} USD", f"the price of {near.id} by the number of devices"
    if device.price_usd is not None:
        return f"{1.5 * count * device.price_usd:.0f} USD", "1.5 times the devices' price"
    return "0 USD", "no price is known: put in what another one would cost"


def _cpu_host(machine: Machine, catalog: ShippedCatalog) -> OwnedHost | None:
    id_ = catalog.shelf("devices").guess(machine.processor.model)
    if id_ is None or catalog.device(id_).kind.value != "cpu":
        return None
    hosts = [each for each in catalog.hosts() if each.device_id == id_]
    exact = [each for each in hosts if each.device_count == machine.processor.sockets]
    if not exact:
        return None
    return OwnedHost(exact[0].id, exact[0].name, note="no accelerator: the processors count as devices")


def site_value(hardware: OwnedHardware, name: str) -> dict[str, Any]:
    """Return the site for a scenario's `sites`."""
    return {"name": name, "kind": "owned", "existing": [{"host": each.host_id, "count": 1} for each in hardware.hosts]}


def snippet(hardware: OwnedHardware, name: str = "this machine") -> str:
    """Return the YAML to put into a scenario; empty where there is nothing to plan with."""
    if not hardware.hosts:
        return ""
    lines = ["sites:"]
    existing = ", ".join(f"{{host: {each.host_id}, count: 1}}" for each in hardware.hosts)
    lines.append(f"  - {{name: {scalar_text(name)}, kind: owned, existing: [{existing}]}}")
    own = [each for each in hardware.hosts if each.override]
    if own:
        lines += ["overrides:", "  hosts:"]
        lines += [f"    {each.host_id}: {scalar_text(dict(each.override))}   # {each.note}" for each in own]
    return "\n".join(lines) + "\n"
