"""Named futures of prices and demand: what-ifs that apply to all options alike, without a probability."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import numpy as np

from millwright.finance.case import ApiTokens, CostCase, CostItem, Energy, OwnedHosts, Rented
from millwright.finance.discounting import FloatArray


@dataclass(frozen=True)
class DemandCurve:
    """Demand as a multiple of what is stated: a logistic from 1 to `ceiling`, half of the way at `midpoint_month`."""

    ceiling: float
    midpoint_month: float
    steepness_months: float


@dataclass(frozen=True)
class Future:
    """What changes; None leaves a thing as the case says. Drifts are nominal, per year.

    `residual_factor` multiplies what hosts resell for; `tariff_steps` are (from month, factor on the tariff).
    """

    name: str
    says: str
    api_price_drift_per_y: float | None = None
    rent_drift_per_y: float | None = None
    hardware_price_drift_per_y: float | None = None
    residual_factor: float = 1.0
    demand: DemandCurve | None = None
    tariff_steps: tuple[tuple[int, float], ...] = ()
    source: str = ""
    quality: str = "C"

    def demand_factors(self, horizon_months: int) -> FloatArray:
        """Return the demand of each month as a multiple of the stated one (months,).

        1 + (ceiling − 1)·(S(m) − S(1))/(1 − S(1)), S(m) = 1/(1 + exp(−(m − midpoint)/steepness)): exactly 1 in month 1.
        """
        if self.demand is None:
            return np.ones(horizon_months)
        curve = self.demand
        months = np.arange(1, horizon_months + 1)
        share = 1.0 / (1.0 + np.exp(-(months - curve.midpoint_month) / curve.steepness_months))
        return np.asarray(1.0 + (curve.ceiling - 1.0) * (share - share[0]) / (1.0 - share[0]))

    def tariff_factors(self, horizon_months: int) -> FloatArray:
        """Return the factor on the electricity tariff of each month (months,)."""
        factors = np.ones(horizon_months)
        for first_month, factor in self.tariff_steps:
            factors[first_month - 1 :] = factor
        return factors


def priced_under(case: CostCase, future: Future) -> CostCase:
    """Return `case` with the prices of `future`. Demand is left alone: see `Future.demand_factors`."""
    return replace(case, items=tuple(_under(item, future, case.horizon_months) for item in case.items))


def _under(item: CostItem, future: Future, horizon_months: int) -> CostItem:
    if isinstance(item, ApiTokens) and future.api_price_drift_per_y is not None:
        return replace(item, drift_per_y=future.api_price_drift_per_y)
    if isinstance(item, Rented) and future.rent_drift_per_y is not None:
        return replace(item, escalation_per_y=future.rent_drift_per_y)
    if isinstance(item, OwnedHosts):
        drift = future.hardware_price_drift_per_y
        return replace(
            item,
            residual_share=item.residual_share * future.residual_factor,
            price_drift_per_y=item.price_drift_per_y if drift is None else drift,
        )
    if isinstance(item, Energy) and future.tariff_steps:
        return replace(item, tariff_factor=item.tariff_factor * future.tariff_factors(horizon_months))
    return item


@lru_cache(maxsize=1)
def futures() -> Mapping[str, Future]:
    """Return the shipped futures by name (`data/futures.json`); the first is the case as stated."""
    text = (files("millwright.finance") / "data" / "futures.json").read_text(encoding="utf-8")
    return MappingProxyType({name: _future(name, entry) for name, entry in json.loads(text)["futures"].items()})


def _future(name: str, entry: Mapping[str, Any]) -> Future:
    fields = dict(entry)
    if "demand" in fields:
        fields["demand"] = DemandCurve(**fields["demand"])
    if "tariff_steps" in fields:
        fields["tariff_steps"] = tuple((int(month), float(factor)) for month, factor in fields["tariff_steps"])
    return Future(name=name, **fields)
