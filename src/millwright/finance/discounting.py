"""Time value of money: rates by month, discount factors, annuities, present values.

Rates are effective yearly rates; a month's rate is `(1 + r)^(1/12) − 1`, so twelve months make exactly one year.
Time runs in points t = 0…T: point 0 is today, point t the end of month t. What is bought at the start of month t + 1
falls on point t; what is paid for running a month falls on its end.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from millwright.spans import MONTHS_PER_YEAR

FloatArray: TypeAlias = npt.NDArray[np.float64]
Value: TypeAlias = float | FloatArray
"""A plain number, or one number per draw in a column of shape (draws, 1)."""


def monthly_rate(rate_per_y: Value) -> Value:
    """Return the rate per month [1/month] that compounds to `rate_per_y` [1/y]: (1 + r)^(1/12) − 1.

    >>> round((1 + monthly_rate(0.08)) ** 12, 12)
    1.08
    """
    return np.expm1(np.log1p(rate_per_y) / MONTHS_PER_YEAR)


def real_rate(nominal_rate_per_y: Value, inflation_per_y: Value) -> Value:
    """Return the real rate [1/y] by Fisher's equation: (1 + nominal)/(1 + inflation) − 1 (NREL SAM, financial model).

    >>> round(real_rate(0.0815, 0.03), 12)
    0.05
    """
    return (1.0 + nominal_rate_per_y) / (1.0 + inflation_per_y) - 1.0


def growth_factors(rate_per_y: Value, months: npt.NDArray[np.int64] | FloatArray) -> FloatArray:
    """Return (1 + rate)^(months/12) for `months` [month]; shape (months,) or (draws, months)."""
    return np.asarray(np.exp(np.log1p(rate_per_y) * (months / MONTHS_PER_YEAR)), dtype=np.float64)


def discount_factors(rate_per_y: Value, horizon_months: int) -> FloatArray:
    """Return (1 + r)^(−t/12) for the points t = 0…T; shape (T + 1,) or (draws, T + 1)."""
    return 1.0 / growth_factors(rate_per_y, np.arange(horizon_months + 1))


def annuity_factor(rate_per_period: Value, periods: Value) -> Value:
    """Return the payment per period, in arrears, that repays a loan of 1 over `periods`: i/(1 − (1 + i)^−n).

    Special cases: 1/n at a zero rate; i for an infinite life (a perpetuity; PyPSA `annuity` has the same two).

    >>> annuity_factor(0.0, 4.0), annuity_factor(0.05, float("inf"))
    (0.25, 0.05)
    >>> round(annuity_factor(0.10, 2.0), 10)  # 1/(1/1.1 + 1/1.21)
    0.5761904762
    """
    rate = np.asarray(rate_per_period, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.where(rate == 0.0, 1.0 / np.asarray(periods), rate / -np.expm1(-np.log1p(rate) * periods))
    return float(factor) if factor.ndim == 0 else factor


def present_value(amounts: FloatArray, factors: FloatArray) -> Value:
    """Return Σ_t amounts_t · factors_t over the last axis; a float, or one value per draw (draws,)."""
    product = np.einsum("...t,...t->...", *np.broadcast_arrays(amounts, factors))
    return float(product) if product.ndim == 0 else np.asarray(product)
