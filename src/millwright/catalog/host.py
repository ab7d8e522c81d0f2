"""A host: a server (or workstation) that holds devices and can be bought."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from millwright.catalog.facts import Fact, FactError, number, read_facts
from millwright.catalog.units import Measure


@dataclass(frozen=True)
class Host:
    """A machine to buy: `device_count` devices of `device_id`, with its own power, space and price.

    `power_idle_w` and `power_peak_w` are for the whole host, devices included. `price_usd` is for the whole host.
    `facts` holds every figure as authored, by the names of `HOST_FACTS`.
    """

    id: str
    name: str
    vendor: str
    device_id: str
    device_count: int
    price_usd: float
    price_low_usd: float
    price_high_usd: float
    power_idle_w: float
    power_peak_w: float
    rack_units: float
    host_memory_bytes: float | None = None
    cooling: str = "air"
    lead_time_months: float | None = None
    network_bytes_per_s: float | None = None  # to other hosts, one direction, all adapters together
    power_load_w: float | None = None  # mean at the wall while serving at full load, where it was measured
    aliases: tuple[str, ...] = ()
    facts: Mapping[str, Fact] = field(default_factory=dict, compare=False, repr=False)


HOST_FACTS: Mapping[str, Measure] = {
    "price": Measure.MONEY,
    "price_low": Measure.MONEY,
    "price_high": Measure.MONEY,
    "chassis_price": Measure.MONEY,
    "power_idle": Measure.POWER,
    "power_peak": Measure.POWER,
    "power_load": Measure.POWER,
    "rack_units": Measure.RACK_SPACE,
    "host_memory": Measure.MEMORY,
    "lead_time": Measure.TIME,
    "network": Measure.BANDWIDTH,
}
"""The facts a host may have, and what each measures. `chassis_price` is what the price holds beside the devices."""

HOST_REQUIRED = ("price", "power_idle", "power_peak", "rack_units")
"""The facts a host cannot be planned with unless they are known."""

HOST_IDENTITY = frozenset(
    {"id", "name", "vendor", "device", "device_count", "cooling", "aliases", "alias_notes", "facts"}
)
"""The plain fields of a host's entry."""


def host_from_entry(entry: Mapping[str, Any]) -> Host:
    """Return the host of one entry of a `hosts` data file.

    Without a range the price is taken as exact. Raises FactError for a fact that is missing or not well-formed,
    UnitError for a wrong unit, KeyError for a missing plain field.
    """
    facts = read_facts(entry)

    def required(name: str, measure: Measure) -> float:
        value = number(facts, name, measure)
        if value is None:
            raise FactError(f"the host has no {name}", entry["id"], f"Give {', '.join(HOST_REQUIRED)}.")
        return value

    price = required("price", Measure.MONEY)
    low, high = number(facts, "price_low", Measure.MONEY), number(facts, "price_high", Measure.MONEY)
    return Host(
        id=entry["id"],
        name=entry["name"],
        vendor=entry["vendor"],
        device_id=entry["device"],
        device_count=int(entry["device_count"]),
        price_usd=price,
        price_low_usd=price if low is None else low,
        price_high_usd=price if high is None else high,
        power_idle_w=required("power_idle", Measure.POWER),
        power_peak_w=required("power_peak", Measure.POWER),
        rack_units=required("rack_units", Measure.RACK_SPACE),
        host_memory_bytes=number(facts, "host_memory", Measure.MEMORY),
        cooling=entry.get("cooling", "air"),
        lead_time_months=number(facts, "lead_time", Measure.TIME),
        network_bytes_per_s=number(facts, "network", Measure.BANDWIDTH),
        power_load_w=number(facts, "power_load", Measure.POWER),
        aliases=tuple(entry.get("aliases", ())),
        facts=facts,
    )
