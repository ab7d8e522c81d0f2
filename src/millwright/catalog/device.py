"""A device: one accelerator, or one CPU socket used as one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from millwright.catalog.facts import Fact
from millwright.catalog.precision import Compute


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
    Peak rates are dense (without sparsity). `facts` holds every figure as authored, by field name.
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
