"""Fine-tuning on the machines of the catalogue: does it fit, how long, how much energy, what it costs; idle hours."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from millwright.catalog.catalog import Catalog
from millwright.catalog.device import Device, DeviceKind
from millwright.perf.power import device_power_w
from millwright.perf.training import (
    USABLE_SHARE,
    Method,
    TrainingMemory,
    TrainingRun,
    Utilisation,
    training_memory,
    training_time_s,
)
from millwright.quantity import Basis, Estimate
from millwright.spans import HOURS_PER_YEAR

_DATA = Path(__file__).parent / "data" / "training.json"


@dataclass(frozen=True)
class TrainingOption:
    """One way to do a run: on the devices of a host that is bought, or of an instance that is rented.

    `cost_usd` is the rent of the whole instance for the time of the run; for a host that is bought it is its energy
    at `tariff` and its price spread over its life, for the share of the host that the run uses.
    """

    offer_id: str
    title: str
    device: Device
    devices: int
    memory: TrainingMemory
    time_s: Estimate
    energy_kwh: Estimate
    cost_usd: Estimate
    rented: bool
    note: str = ""


@dataclass(frozen=True)
class NoTraining:
    """A machine on which the run cannot be done, and why."""

    offer_id: str
    title: str
    reason: str


@lru_cache(maxsize=1)
def _entries() -> tuple[dict[str, object], ...]:
    return tuple(json.loads(_DATA.read_text(encoding="utf-8"))["entries"])


def utilisation_of(device: Device, method: Method) -> Utilisation:
    """Return the share of the peak that training by `method` reaches on a device of this family."""
    for entry in _entries():
        families, methods = entry["families"], entry["methods"]
        assert isinstance(families, list)
        assert isinstance(methods, list)
        if method.value in methods and (device.family in families or "*" in families):
            value, low, high = (float(str(entry[name])) for name in ("value", "low", "high"))
            return Utilisation(value, low, high, Basis(str(entry["basis"])), str(entry["source"]))
    raise LookupError(f"no utilisation is known for {method} on {device.family}")


def training_options(
    run: TrainingRun,
    catalog: Catalog,
    *,
    tariff_usd_per_kwh: float = 0.15,
    pue: float = 1.3,
    host_life_years: float = 4.0,
    devices: Iterable[str] | None = None,
) -> tuple[list[TrainingOption], list[NoTraining]]:
    """Return the ways to do `run` on hosts and instances of the catalogue, cheapest first, and what cannot do it.

    All devices of a machine are used. `devices`: catalogue names to look at, None: all.
    """
    wanted = None if devices is None else {catalog.device(name).id for name in devices}
    found: list[TrainingOption] = []
    cannot: list[NoTraining] = []
    for host in catalog.hosts():
        device = catalog.device(host.device_id)
        if wanted is not None and device.id not in wanted:
            continue
        if reason := reason_against(run, device, host.device_count):
            cannot.append(NoTraining(host.id, host.name, reason))
            continue
        time_s, energy = time_and_energy(run, device, host.device_count, pue)
        per_h = host.price_usd / (host_life_years * HOURS_PER_YEAR)
        cost = _combined(time_s, energy, per_h, tariff_usd_per_kwh)
        memory = training_memory(run, host.device_count)
        note = f"{host.price_usd:,.0f} USD over {host_life_years:g} years, {tariff_usd_per_kwh:g} USD/kWh"
        found.append(
            TrainingOption(
                host.id, host.name, device, host.device_count, memory, time_s, energy, cost, rented=False, note=note
            )
        )
    for offer in catalog.cloud_offers():
        device = catalog.device(offer.device_id)
        if (wanted is not None and device.id not in wanted) or offer.on_demand_usd_per_h is None:
            continue
        title = f"{catalog.provider(offer.provider_id).name} {offer.instance_type} ({offer.region})"
        if reason := reason_against(run, device, offer.device_count):
            cannot.append(NoTraining(offer.id, title, reason))
            continue
        time_s, energy = time_and_energy(run, device, offer.device_count, pue)
        cost = _combined(time_s, energy, offer.on_demand_usd_per_h, 0.0)
        memory = training_memory(run, offer.device_count)
        note = f"{offer.on_demand_usd_per_h:g} USD/h of {offer.as_of}"
        found.append(
            TrainingOption(
                offer.id, title, device, offer.device_count, memory, time_s, energy, cost, rented=True, note=note
            )
        )
    return sorted(found, key=lambda each: each.cost_usd.value), cannot


def reason_against(run: TrainingRun, device: Device, count: int) -> str:
    """Return why `count` devices cannot do the run, empty if they can."""
    if device.kind is DeviceKind.CPU:
        return "fine-tuning on CPUs is not reckoned with"
    if "bf16" not in {str(each) for each in device.peak_flop_per_s}:
        return f"the bf16 peak of {device.name} is not known"
    if device.memory_bytes is None:
        return f"the memory of {device.name} is not known"
    need = training_memory(run, count).total_bytes
    if need > USABLE_SHARE * device.memory_bytes:
        return (
            f"it takes {need / 1e9:,.1f} GB of each of {count} devices, and {device.name} has "
            f"{device.memory_bytes / 1e9:,.0f} GB"
        )
    return ""


def time_and_energy(run: TrainingRun, device: Device, count: int, pue: float) -> tuple[Estimate, Estimate]:
    """Return how long a run takes on `count` devices [s], and what they draw, cooling included [kWh]."""
    utilisation = utilisation_of(device, run.method)
    time_s = training_time_s(run, device, count, utilisation)
    power = device_power_w(device, 1.0, compute_share=utilisation.value)
    scale = count * pue / 3.6e6
    energy = Estimate(
        time_s.value * power.value * scale,
        time_s.low * power.low * scale,
        time_s.high * power.high * scale,
        time_s.basis,
    )
    return time_s, energy


def _combined(time_s: Estimate, energy_kwh: Estimate, per_h: float, per_kwh: float) -> Estimate:
    def cost(seconds: float, kwh: float) -> float:
        return seconds / 3600.0 * per_h + kwh * per_kwh

    return Estimate(
        cost(time_s.value, energy_kwh.value),
        cost(time_s.low, energy_kwh.low),
        cost(time_s.high, energy_kwh.high),
        time_s.basis,
    )


def worst_wait_h(hours: float, free: NDArray[np.float64]) -> float:
    """Return how long a run of so many machine-hours takes that may only use a machine's free hours [h].

    `free` (168,) are shares of each hour of the week in which a machine is free for it [-]. The run starts at the worst
    time and keeps checkpoints, so that it goes on where it stopped; infinite where no hour is free.
    """
    week = float(free.sum())
    if week <= 0.0:
        return float("inf")
    whole, rest = divmod(hours, week)
    if rest <= 0.0:
        whole, rest = whole - 1.0, week
    twice = np.concatenate([[0.0], np.cumsum(np.concatenate([free, free]))])
    starts = np.arange(len(free))
    ends = np.searchsorted(twice, twice[starts] + rest - 1e-9, side="left")
    return whole * len(free) + float((ends - starts).max())
