"""Hand-made terms, demands and options, shared by the tests of the plan."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from millwright.fleet.sizing import growing_demand
from millwright.law.kleene import Verdict
from millwright.plan.costing import (
    ApiTerms,
    Capacity,
    Currency,
    Inputs,
    OwnedTerms,
    RentedTerms,
    ServingPart,
    StaffTerms,
    TokenDemand,
)
from millwright.plan.draft import Draft
from millwright.plan.model import Kind
from millwright.plan.priced import PricedOption, PricedPart

EUR = Currency("EUR", 0.9)
FLAT = np.ones(168)
HOURS = np.arange(168)
OFFICE = np.where((HOURS % 24 >= 8) & (HOURS % 24 < 18) & (HOURS < 120), 1.0, 0.0)
NOBODY = StaffTerms(0.0, 0.0, 0.0, "nobody")

CERTAIN = Inputs(
    demand=1.0,
    electricity=1.0,
    wages=1.0,
    rent=1.0,
    price_position=0.5,
    hardware_life_months=48.0,
    residual_share=0.0,
    residual_age_months=48.0,
    maintenance_share_per_y=0.0,
    cloud_price_drift_per_y=0.0,
    api_price_drift_per_y=0.0,
    discount_rate_per_y=0.0,
    inflation_per_y=0.0,
    capacity_z={},
    provider_price={},
)
"""The central case without any rate: sums are then plain sums."""

OWNED = OwnedTerms(
    price=100_000.0,
    price_low=80_000.0,
    price_high=130_000.0,
    idle_w=1_000.0,
    peak_w=5_000.0,
    pue=1.5,
    tariff_per_kwh=0.2,
    carbon_g_per_kwh=300.0,
    price_source="a quotation",
    tariff_source="a contract",
)
RENTED = RentedTerms("somebody", price_per_h=3.0, switched=True, source="a list")
API = ApiTerms("somebody", input_price_per_mtok=0.5, output_price_per_mtok=2.0, source="a list")


def tokens(
    rate_per_s: float = 2.0,
    months: int = 12,
    growth_per_year: float = 0.0,
    hourly: NDArray[np.float64] = FLAT,
    lengths: tuple[float, float] = (1_000.0, 200.0),
) -> TokenDemand:
    """Return a demand of so many requests a second, with their mean lengths."""
    return TokenDemand(growing_demand(rate_per_s, growth_per_year, months, hourly), *lengths)


def part(
    terms: OwnedTerms | RentedTerms | ApiTerms,
    demand: TokenDemand | None = None,
    per_machine_per_s: float = 4.0,
    spares: int = 0,
    log_sigma: float = 0.0,
) -> ServingPart:
    """Return one workload served by these terms; machines serve 4 requests/s if nothing else is said."""
    capacity = None if isinstance(terms, ApiTerms) else Capacity("device", per_machine_per_s, log_sigma)
    return ServingPart(demand or tokens(), terms, capacity, spares)


_KINDS = {OwnedTerms: Kind.OWNED, RentedTerms: Kind.CLOUD, ApiTerms: Kind.API}


def option(
    name: str,
    *parts: ServingPart,
    staff: StaffTerms = NOBODY,
    verdict: Verdict = Verdict.YES,
    kind: Kind | None = None,
) -> PricedOption:
    """Return an option of these parts without any of what only a catalogue can say."""
    kinds = {_KINDS[type(each.terms)] for each in parts}
    kind = kind or (kinds.pop() if len(kinds) == 1 else Kind.MIXED)
    law = SimpleNamespace(verdict=verdict, findings=(), missing_facts=())
    draft = cast(Draft, SimpleNamespace(law=law, site_name="site", kind=kind, offer_id=name, platform=None, api=None))
    return PricedOption(name, name, kind, tuple(PricedPart(draft, each) for each in parts), staff, EUR)


def inputs(**changes: Any) -> Inputs:
    """Return the certain case with some inputs changed."""
    return replace(CERTAIN, **changes)
