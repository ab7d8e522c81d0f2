"""What money costs, and the people who run it."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from millwright.scenario.fields import (
    Amount,
    Factor,
    Interest,
    PerYear,
    PricePerKwh,
    ScenarioModel,
    Share,
    Years,
    why,
)


class OnCall(StrEnum):
    """When somebody answers an alarm."""

    NONE = "none"
    BUSINESS_HOURS = "business-hours"
    ALWAYS = "24x7"


class Staff(ScenarioModel):
    """People's time and pay, as full-time equivalents (FTE) of running it."""

    fte_cost: Amount | None = Field(
        None, json_schema_extra=why("US pay (BLS) with overhead, times the country's wage factor")
    )
    """Cost of one full-time engineer per year, overhead included."""
    fte_owned: float = Field(0.5, ge=0.0, le=1e4, json_schema_extra=why("assumed; below 0.5 is rarely honest"))
    """FTE for machines of one's own or in colocation."""
    fte_cloud: float = Field(0.4, ge=0.0, le=1e4, json_schema_extra=why("as the monthly tasks of `people` add up to"))
    """FTE for rented instances."""
    fte_api: float = Field(0.13, ge=0.0, le=1e4, json_schema_extra=why("as the monthly tasks of `people` add up to"))
    """FTE for an API."""
    on_call: OnCall = Field(OnCall.BUSINESS_HOURS, json_schema_extra=why("assumed; 24x7 needs five people"))
    """When somebody answers an alarm."""


class Finance(ScenarioModel):
    """Rates, lives and prices for the present value of each option. All rates are nominal."""

    horizon_years: Years = Field(4.0, alias="horizon", json_schema_extra=why("one usual life of servers"))
    """How long the plan looks ahead."""
    discount_rate_per_year: Interest = Field(
        0.08,
        alias="discount_rate",
        json_schema_extra=why("assumed: amid usual costs of capital, 6–10 %"),
    )
    """Nominal discount rate."""
    inflation_per_year: Interest = Field(
        0.02, alias="inflation", json_schema_extra=why("assumed: as central banks aim")
    )
    """Growth of pay, electricity and maintenance."""
    electricity: PricePerKwh | None = Field(None, json_schema_extra=why("the country's, from the catalogue"))
    """Price of electricity at owned sites that give none."""
    hardware_life_years: Years = Field(4.0, alias="hardware_life", json_schema_extra=why("assumed; 3–6 y occur"))
    """Years until hosts are replaced."""
    residual: Share = Field(0.18, json_schema_extra=why("assumed, after 48 months; uncertain"))
    """Share of the purchase price that hosts still fetch at the end of their life."""
    maintenance_per_year: PerYear = Field(
        0.10,
        alias="maintenance",
        json_schema_extra=why("assumed: about a tenth of the price for support"),
    )
    """Support and repair per year, as a share of the purchase price."""
    api_price_drift_per_year: PerYear = Field(
        -0.20,
        alias="api_price_drift",
        json_schema_extra=why("assumed: they have fallen 10–50 % a year"),
    )
    """Change of API prices per year."""
    cloud_price_drift_per_year: PerYear = Field(
        0.0, alias="cloud_price_drift", json_schema_extra=why("assumed: list prices stay")
    )
    """Change of cloud prices per year."""
    host_price_factor: Factor = 1.0
    """What you would pay for hosts over the catalogue's prices: 0.8 is a discount of a fifth. Quotations of your own
    belong under `overrides`."""
    cloud_price_factor: Factor = 1.0
    """What you would pay for instances over their list prices."""
    api_price_factor: Factor = 1.0
    """What you would pay for tokens over their list prices."""
    tax_rate: Share = Field(0.0, alias="tax", json_schema_extra=why("before tax"))
    """Tax on profit, which costs reduce. A plan is before tax and says so; `millwright cost` prices after tax."""
    staff: Staff = Field(default_factory=Staff)
    """People's time and pay."""
