"""Offers that are rented: cloud instance-hours and API tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from millwright.catalog.facts import Fact


@dataclass(frozen=True)
class Provider:
    """Who sells an offer and who controls that seller (ISO 3166-1 alpha-2 country codes)."""

    id: str
    name: str
    hq_country: str
    controlling_jurisdiction: str
    us_cloud_act_exposure: str  # yes, no, unknown
    certifications: tuple[str, ...] = ()
    facts: Mapping[str, Fact] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True)
class CloudOffer:
    """A cloud instance with its hourly prices in USD in one region; `None` means not offered or not known."""

    id: str
    provider_id: str
    instance_type: str
    region: str
    country: str
    device_id: str
    device_count: int
    on_demand_usd_per_h: float | None
    reserved_1y_usd_per_h: float | None
    reserved_3y_usd_per_h: float | None
    spot_usd_per_h: float | None
    as_of: str
    facts: Mapping[str, Fact] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True)
class ApiOffer:
    """Tokens of one model through one API, in USD per million tokens.

    `model_id` is the catalogue's model where it is an open-weight one, else None (a closed model).
    `country` is where it is served; None when the provider does not say.
    """

    id: str
    provider_id: str
    model_name: str
    model_id: str | None
    input_usd_per_mtok: float
    output_usd_per_mtok: float
    cached_input_usd_per_mtok: float | None
    batch_input_usd_per_mtok: float | None
    batch_output_usd_per_mtok: float | None
    context_tokens: int | None
    country: str | None
    as_of: str
    area: str | None = None  # where only an area is promised, such as EU
    facts: Mapping[str, Fact] = field(default_factory=dict, compare=False, repr=False)
