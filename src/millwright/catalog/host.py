"""A host: a server (or workstation) that holds devices and can be bought."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from millwright.catalog.facts import Fact


@dataclass(frozen=True)
class Host:
    """A machine to buy: `device_count` devices of `device_id`, with its own power, space and price.

    `power_idle_w` and `power_peak_w` are for the whole host, devices included. `price_usd` is for the whole host.
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
    aliases: tuple[str, ...] = ()
    facts: Mapping[str, Fact] = field(default_factory=dict, compare=False, repr=False)
