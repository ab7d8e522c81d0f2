"""Which inputs are uncertain, how widely, and why: the scenario's figures where it states them, else the defaults.

A figure that the scenario states is taken as certain: whoever writes `residual: 25 %` has asked somebody. A figure that
was defaulted carries the spread of the shipped distribution.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from millwright.finance.defaults import defaults
from millwright.finance.discounting import Value
from millwright.finance.distributions import Certain, LogNormal, Normal, Triangular, UncertainInput, Uniform
from millwright.plan.costing import Inputs
from millwright.scenario.model import Finance

CAPACITY = "capacity of "
"""Prefix of the inputs that stand for the uncertainty of the predicted rates, one per device."""

PROVIDER = "prices of "
"""Prefix of the inputs that stand for what a provider will ask when the contract is signed, one per provider."""

_JUDGEMENT = {"source": "Millwright's judgement", "date": "2026-11", "quality": "C"}


def uncertain_inputs(finance: Finance, devices: Iterable[str], providers: Iterable[str]) -> tuple[UncertainInput, ...]:
    """Return the uncertain inputs of a plan that looks at machines with `devices` and offers of `providers` (ids)."""
    shipped = defaults()
    stated = finance.model_fields_set

    def told(field: str, value: float, otherwise: UncertainInput, name: str) -> UncertainInput:
        if field in stated:
            return UncertainInput(name, Certain(value), otherwise.unit, "the scenario", "", "A")
        return replace(otherwise, name=name)

    price = shipped["host_price_factor"]
    return (
        UncertainInput(
            "demand", LogNormal(0.7, 1.45), "factor on the stated demand",
            note="a forecast of use is seldom better than a third off", **_JUDGEMENT,
        ),
        UncertainInput("electricity price", Certain(1.0), "factor", "the scenario", "", "A")
        if finance.electricity is not None
        else UncertainInput(
            "electricity price", LogNormal(0.75, 1.35), "factor", note="prices moved by more since 2021", **_JUDGEMENT
        ),
        UncertainInput("wages", Certain(1.0), "factor", "the scenario", "", "A")
        if finance.staff.fte_cost is not None
        else UncertainInput("wages", LogNormal(0.85, 1.18), "factor", note="by role and place", **_JUDGEMENT),
        UncertainInput(
            "rent", LogNormal(0.9, 1.1), "factor on hourly prices",
            note="list prices are negotiable and move", **_JUDGEMENT,
        ),
        UncertainInput("host price", Uniform(0.0, 1.0), "position in the price's range", price.source, price.date, "C"),
        told("hardware_life_years", finance.hardware_life_years * 12.0, shipped["host_life_months"], "hardware life"),
        told("residual", finance.residual, shipped["residual_share_48_months"], "residual value"),
        told("maintenance_per_year", finance.maintenance_per_year, shipped["maintenance_share_per_y"], "maintenance"),
        UncertainInput(
            "cloud price drift",
            Certain(finance.cloud_price_drift_per_year)
            if "cloud_price_drift_per_year" in stated
            else Triangular(-0.15, finance.cloud_price_drift_per_year, 0.05),
            "1/y", note="list prices fell for older chips and rose for scarce ones", **_JUDGEMENT,
        ),
        told(
            "api_price_drift_per_year", finance.api_price_drift_per_year,
            replace(
                shipped["api_price_drift_per_y"],
                distribution=Triangular(-0.5, finance.api_price_drift_per_year, 0.0),
                note="the ends are the claims; the scenario's default is taken as the likeliest",
            ),
            "API price drift",
        ),
        *(
            UncertainInput(
                f"{PROVIDER}{provider}", LogNormal(0.85, 1.18), "factor on its list prices",
                note="by when you sign, lists have moved", **_JUDGEMENT,
            )
            for provider in providers
        ),
        *(
            UncertainInput(
                f"{CAPACITY}{device}", Normal(0.0, 1.0), "standard deviations of the logarithm",
                "error of prediction on measured points that the fit had not seen", "", "B",
            )
            for device in devices
        ),
    )  # fmt: skip


DEFAULT_RESIDUAL_AGE_MONTHS = 48.0
"""The age at which the shipped residual share holds."""


def residual_age_months(finance: Finance) -> float:
    """Return the age [month] at which the residual share holds: a stated one is that at the end of the stated life."""
    stated = "residual" in finance.model_fields_set
    return finance.hardware_life_years * 12.0 if stated else DEFAULT_RESIDUAL_AGE_MONTHS


def inputs_from(values: Mapping[str, Value], finance: Finance) -> Inputs:
    """Return the values of uncertain inputs, by their names above, as the cost cases take them."""
    return Inputs(
        demand=values["demand"],
        electricity=values["electricity price"],
        wages=values["wages"],
        rent=values["rent"],
        price_position=values["host price"],
        hardware_life_months=values["hardware life"],
        residual_share=values["residual value"],
        residual_age_months=residual_age_months(finance),
        maintenance_share_per_y=values["maintenance"],
        cloud_price_drift_per_y=values["cloud price drift"],
        api_price_drift_per_y=values["API price drift"],
        discount_rate_per_y=finance.discount_rate_per_year,
        inflation_per_y=finance.inflation_per_year,
        capacity_z=_prefixed(values, CAPACITY),
        provider_price=_prefixed(values, PROVIDER),
    )


def central_inputs(finance: Finance) -> Inputs:
    """Return the central case: every stated or defaulted figure as the scenario shows it, every factor 1."""
    return Inputs(
        demand=1.0,
        electricity=1.0,
        wages=1.0,
        rent=1.0,
        price_position=0.5,
        hardware_life_months=finance.hardware_life_years * 12.0,
        residual_share=finance.residual,
        residual_age_months=residual_age_months(finance),
        maintenance_share_per_y=finance.maintenance_per_year,
        cloud_price_drift_per_y=finance.cloud_price_drift_per_year,
        api_price_drift_per_y=finance.api_price_drift_per_year,
        discount_rate_per_y=finance.discount_rate_per_year,
        inflation_per_y=finance.inflation_per_year,
        capacity_z={},
        provider_price={},
    )


def _prefixed(values: Mapping[str, Value], prefix: str) -> dict[str, Value]:
    return {name.removeprefix(prefix): value for name, value in values.items() if name.startswith(prefix)}
