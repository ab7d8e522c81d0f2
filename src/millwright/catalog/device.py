"""A device: one accelerator, or one CPU socket used as one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from millwright.catalog.facts import Fact, number, read_facts
from millwright.catalog.precision import Compute
from millwright.catalog.units import Measure


class DeviceKind(StrEnum):
    """What sort of machine a device is."""

    GPU = "gpu"
    CPU = "cpu"
    TPU = "tpu"
    ASIC = "asic"
    APPLE = "apple"


@dataclass(frozen=True)
class Device:
    """One accelerator with its datasheet figures; `None` means unknown, never zero.

    `family` names the group that shares efficiency curves (such as `hopper`, `cdna3`, `gaudi`, `cpu-x86`).
    Peak rates are dense (without sparsity). `facts` holds every figure as authored, by the names of `DEVICE_FACTS`.
    """

    id: str
    name: str
    vendor: str
    kind: DeviceKind
    family: str
    memory_bytes: float | None
    memory_bandwidth_bytes_per_s: float | None
    peak_flop_per_s: Mapping[Compute, float]
    tdp_w: float | None
    idle_w: float | None = None
    link_bytes_per_s: float | None = None  # scale-up link, one direction, all links of the device together
    link_kind: str | None = None  # nvlink, xgmi, pcie, ici, ...
    link_domain_devices: int | None = None  # devices that the scale-up link joins
    pcie_bytes_per_s: float | None = None  # one direction
    release_year: int | None = None
    price_usd: float | None = None
    aliases: tuple[str, ...] = ()
    facts: Mapping[str, Fact] = field(default_factory=dict, compare=False, repr=False)


DEVICE_FACTS: Mapping[str, Measure] = {
    "memory": Measure.MEMORY,
    "bandwidth": Measure.BANDWIDTH,
    "bf16": Measure.COMPUTE,
    "fp8": Measure.COMPUTE,
    "int8": Measure.COMPUTE,
    "fp4": Measure.COMPUTE,
    "tdp": Measure.POWER,
    "idle": Measure.POWER,
    "link": Measure.BANDWIDTH,
    "link_domain": Measure.RATIO,
    "pcie": Measure.BANDWIDTH,
    "release_year": Measure.YEAR,
    "price": Measure.MONEY,
}
"""The facts a device may have, and what each measures."""

DEVICE_IDENTITY = frozenset({"id", "name", "vendor", "kind", "family", "link_kind", "aliases", "alias_notes", "facts"})
"""The plain fields of a device's entry."""


def device_from_entry(entry: Mapping[str, Any]) -> Device:
    """Return the device of one entry of a `devices` data file.

    Raises FactError or UnitError for a fact that is not well-formed, KeyError for a missing plain field.
    """
    facts = read_facts(entry)
    peaks = {compute: number(facts, compute.value, Measure.COMPUTE) for compute in Compute}
    return Device(
        id=entry["id"],
        name=entry["name"],
        vendor=entry["vendor"],
        kind=DeviceKind(entry["kind"]),
        family=entry["family"],
        memory_bytes=number(facts, "memory", Measure.MEMORY),
        memory_bandwidth_bytes_per_s=number(facts, "bandwidth", Measure.BANDWIDTH),
        peak_flop_per_s={compute: peak for compute, peak in peaks.items() if peak is not None},
        tdp_w=number(facts, "tdp", Measure.POWER),
        idle_w=number(facts, "idle", Measure.POWER),
        link_bytes_per_s=number(facts, "link", Measure.BANDWIDTH),
        link_kind=entry.get("link_kind"),
        link_domain_devices=_whole(number(facts, "link_domain", Measure.RATIO)),
        pcie_bytes_per_s=number(facts, "pcie", Measure.BANDWIDTH),
        release_year=_whole(number(facts, "release_year", Measure.YEAR)),
        price_usd=number(facts, "price", Measure.MONEY),
        aliases=tuple(entry.get("aliases", ())),
        facts=facts,
    )


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)
