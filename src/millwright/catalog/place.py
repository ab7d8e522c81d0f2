"""A country as a place to run machines: electricity, carbon, PUE, wages, and the legal areas it belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from millwright.catalog.facts import Fact


@dataclass(frozen=True)
class Country:
    """Figures of one country (ISO 3166-1 alpha-2 `id`); `None` means unknown."""

    id: str
    iso3: str
    name: str
    currency: str
    electricity_usd_per_kwh: float | None
    carbon_g_per_kwh: float | None
    pue: float | None
    wage_factor: float | None  # pay for the same work relative to the United States
    legal_areas: tuple[str, ...] = ()  # such as EU, EEA
    facts: Mapping[str, Fact] = field(default_factory=dict, compare=False, repr=False)
