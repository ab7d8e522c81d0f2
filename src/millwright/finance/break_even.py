"""Where one case overtakes another: in demand, in time, in cash; each may answer None, "never"."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from millwright.finance.case import CaseError, CostCase, Demand
from millwright.finance.cash_flow import cash_flow
from millwright.finance.discounting import FloatArray, Value, discount_factors
from millwright.finance.figures import npv_cost
from millwright.spans import MONTHS_PER_YEAR

CaseAtDemand = Callable[[float], CostCase]
"""Builds the case for a multiple of today's demand: with the machines that this demand needs."""

GRID_POINTS = 121
_BISECTIONS = 60


@dataclass(frozen=True)
class Crossing:
    """A multiple of the demand at which two cases cost the same, and who is cheaper just above it: `a` or `b`."""

    demand_factor: float
    cheaper_above: Literal["a", "b"]


def at_demand(case: CostCase) -> CaseAtDemand:
    """Return a builder that scales the demand of `case` and leaves everything else: right while the machines suffice.

    API tokens follow the demand where the item says `None` for its tokens.
    """
    return lambda factor: replace(case, demand=scaled_demand(case.demand, factor))


def scaled_demand(demand: Demand, factor: Value) -> Demand:
    """Return `demand` times `factor`: tokens, requests, users; the capacity stays."""
    return replace(
        demand,
        input_tokens=demand.input_tokens * factor,
        output_tokens=demand.output_tokens * factor,
        requests=demand.requests * factor,
        users=None if demand.users is None else demand.users * factor,
    )


def break_even_demands(
    case_a: CostCase | CaseAtDemand, case_b: CostCase | CaseAtDemand, low: float = 1e-3, high: float = 1e3
) -> tuple[Crossing, ...]:
    """Return every demand, as a multiple of today's in [low, high], where PV(cost of a) − PV(cost of b) changes sign.

    The difference may jump where a machine is added, so signs are looked up on a logarithmic grid (12 % steps over six
    decades) and each change is then bisected; two crossings within one step can be missed. Empty: never.
    """
    _check_range(low, high)
    build_a = at_demand(case_a) if isinstance(case_a, CostCase) else case_a
    build_b = at_demand(case_b) if isinstance(case_b, CostCase) else case_b

    def difference(factor: float) -> float:
        value = npv_cost(build_a(factor)) - npv_cost(build_b(factor))
        if np.ndim(value) > 0:
            raise CaseError("break_even_demands takes cases without draws; for draws use break_even_demand_per_draw")
        return float(value)

    factors = np.geomspace(low, high, GRID_POINTS)
    signs = [np.sign(difference(float(factor))) for factor in factors]
    crossings: list[Crossing] = []
    previous = 0
    for index in range(1, len(factors)):
        if signs[index] == 0.0 or signs[index] == signs[previous]:
            continue
        if signs[previous] != 0.0:
            left, right = float(factors[previous]), float(factors[index])
            for _ in range(_BISECTIONS):
                middle = float(np.sqrt(left * right))
                if np.sign(difference(middle)) == signs[previous]:
                    left = middle
                else:
                    right = middle
            crossings.append(Crossing(right, "a" if signs[index] < 0.0 else "b"))
        previous = index
    return tuple(crossings)


def break_even_demand_per_draw(
    case_a: CaseAtDemand, case_b: CaseAtDemand, low: float = 1e-3, high: float = 1e3, points: int = GRID_POINTS
) -> FloatArray:
    """Return the break-even multiple of demand for each draw (draws,), nan where never reached within [low, high].

    Between the two grid points around the first change to "a is cheaper" the difference is taken as straight in the
    demand, which is exact where no machine is added in between. A draw in which a is cheaper throughout gives `low`.
    """
    _check_range(low, high)
    factors = np.geomspace(low, high, points)
    differences = np.stack(
        np.broadcast_arrays(
            *[np.atleast_1d(npv_cost(case_a(float(factor))) - npv_cost(case_b(float(factor)))) for factor in factors]
        )
    )
    cheaper = differences <= 0.0
    changes = cheaper[1:] & ~cheaper[:-1]
    first = changes.argmax(axis=0)
    column = np.arange(differences.shape[1])
    before, after = differences[first, column], differences[first + 1, column]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = before / (before - after)
    answer = factors[first] + share * (factors[first + 1] - factors[first])
    answer = np.where(changes.any(axis=0), answer, np.nan)
    return np.asarray(np.where(cheaper.all(axis=0), low, answer))


def break_even_month(case_a: CostCase, case_b: CostCase) -> int | None:
    """Return the first point t [month] from which a's cumulated present cost stays at or below b's; None: never.

    Resale counts at the horizon, where it is received, so an answer equal to the horizon rests on selling the machines.
    """
    difference = _differences(case_a, case_b, discounted=True).cumsum()
    tolerance = 1e-12 * max(1.0, float(np.abs(difference).max()))
    dearer = np.flatnonzero(difference > tolerance)
    if dearer.size == 0:
        return 0
    month = int(dearer[-1]) + 1
    return month if month < difference.size else None


def break_even_time_months(case_a: CostCase, case_b: CostCase) -> float | None:
    """Return the same moment to a part of a month [month], each month's costs being taken as paid evenly; None: never.

    With hardware H and monthly costs a < b at no discount this is H/(b − a), the formula of most published studies.
    """
    difference = _differences(case_a, case_b, discounted=True).cumsum()
    month = break_even_month(case_a, case_b)
    if month is None or month == 0:
        return None if month is None else 0.0
    before, after = float(difference[month - 1]), float(difference[month])
    return month - 1 + before / (before - after)


def payback_months(case: CostCase, baseline: CostCase) -> int | None:
    """Return the first point t [month] from which the undiscounted savings against `baseline` have paid the outlay."""
    saved = -_differences(case, baseline, discounted=False).cumsum()
    tolerance = 1e-12 * max(1.0, float(np.abs(saved).max()))
    short = np.flatnonzero(saved < -tolerance)
    if short.size == 0:
        return 0
    month = int(short[-1]) + 1
    return month if month < saved.size else None


def internal_rate_of_return(amounts: FloatArray) -> float | None:
    """Return the effective yearly rate at which the received `amounts` (T + 1,) are worth nothing today, or None.

    Σ_t amounts_t/(1 + irr)^(t/12) = 0, looked for between −99 % and +10,000 % a year. None: no sign change, or
    more than one rate fits (then the figure means nothing).
    """
    from scipy.optimize import brentq

    if not (np.any(amounts > 0.0) and np.any(amounts < 0.0)):
        return None
    months = np.arange(amounts.size)

    def present(log_growth: float) -> float:
        return float(amounts @ np.exp(-log_growth * months / MONTHS_PER_YEAR))

    grid = np.linspace(np.log(0.01), np.log(101.0), 401)
    values = np.array([present(float(x)) for x in grid])
    roots = [
        brentq(present, grid[index], grid[index + 1], xtol=1e-14)
        for index in np.flatnonzero(np.sign(values[:-1]) * np.sign(values[1:]) < 0.0)
    ]
    roots += [float(x) for x in grid[values == 0.0]]
    return float(np.expm1(roots[0])) if len(roots) == 1 else None


def internal_rate_against(case: CostCase, baseline: CostCase) -> float | None:
    """Return the IRR [1/y] of taking `case` instead of `baseline`, outlays first and savings later, or None."""
    return internal_rate_of_return(-_differences(case, baseline, discounted=False))


def _check_range(low: float, high: float) -> None:
    if not 0.0 < low < high:
        raise CaseError(f"a break-even is looked for between 0 < low < high, not between {low} and {high}")


def _differences(case_a: CostCase, case_b: CostCase, *, discounted: bool) -> FloatArray:
    if case_a.horizon_months != case_b.horizon_months:
        raise CaseError(
            f"'{case_a.name}' runs {case_a.horizon_months} months and '{case_b.name}' {case_b.horizon_months}: "
            "cases are compared over one horizon"
        )
    amounts = [cash_flow(case).total for case in (case_a, case_b)]
    if discounted:
        amounts = [
            flow * discount_factors(case.nominal_discount_rate_per_y, case.horizon_months)
            for flow, case in zip(amounts, (case_a, case_b), strict=True)
        ]
    difference = amounts[0] - amounts[1]
    if difference.ndim > 1:
        raise CaseError("a break-even over time takes cases without draws; take the median case")
    return difference
