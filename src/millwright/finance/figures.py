"""What a case comes to: present value, levelised cost of a token, cost by year and cause, cash peak."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from millwright.finance.case import CaseError, CostCase, PerMonth
from millwright.finance.cash_flow import CashFlow, cash_flow
from millwright.finance.discounting import FloatArray, Value, discount_factors, present_value, real_rate
from millwright.finance.running_costs import TOKENS_PER_MTOK, at_month_ends
from millwright.spans import MONTHS_PER_YEAR


@dataclass(frozen=True)
class CostFigures:
    """Figures of one case in its currency; each a float, or one value per draw (draws,).

    npv_cost               Σ_t cost_t/(1 + r)^(t/12): present value of all costs; positive is paid
    npv                    −npv_cost: the net present value of a case that only costs
    lcot_per_mtok          nominal LCOT = npv_cost / Σ_t tokens_t/(1 + r)^(t/12): the flat price per million tokens, in
                           money of each month, that pays for everything. Compare this one with an API price
    lcot_real_per_mtok     same numerator, tokens discounted at the real rate: a price in today's money that rises with
                           inflation (NREL SAM: real and nominal LCOE differ in the denominator alone)
    lcot_input_per_mtok,   the same money split so that one output token costs `output_token_weight` input tokens:
    lcot_output_per_mtok   LCOT_in = npv_cost/(PV(in) + w·PV(out)), LCOT_out = w·LCOT_in
    lcot_usage_per_mtok    npv_cost / PV(capacity tokens): what papers quote. Never compare it with an API price, which
                           charges for tokens served; None where the case states no capacity
    cost_per_request       npv_cost / PV(requests)
    cost_per_user_month    npv_cost / PV(users); None where users are not counted
    total_cost             Σ_t cost_t, undiscounted
    by_year                cost of year 1, 2 …; what is paid today belongs to year 1, point 12y to year y
    by_cause, npv_by_cause undiscounted and present
    by_year_and_cause      cause → cost of year 1, 2 …
    cash_peak, cash_peak_month   largest sum that leaves in one month, and its point t
    funding_peak           largest cumulated outflow
    tokens_mtok            million tokens served over the horizon
    """

    currency: str
    npv_cost: Value
    lcot_per_mtok: Value
    lcot_real_per_mtok: Value
    lcot_input_per_mtok: Value
    lcot_output_per_mtok: Value
    lcot_usage_per_mtok: Value | None
    cost_per_request: Value
    cost_per_user_month: Value | None
    total_cost: Value
    tokens_mtok: Value
    by_year: FloatArray
    by_cause: Mapping[str, Value]
    npv_by_cause: Mapping[str, Value]
    by_year_and_cause: Mapping[str, FloatArray]
    cash_peak: Value
    cash_peak_month: Value
    funding_peak: Value

    @property
    def npv(self) -> Value:
        """Net present value: the negative of the present cost."""
        return -self.npv_cost


def evaluate(case: CostCase, flow: CashFlow | None = None) -> CostFigures:
    """Return the figures of `case`; `flow` saves working it out again. Raises CaseError when no token is served or
    a sum overflows."""
    flow = cash_flow(case) if flow is None else flow
    horizon = case.horizon_months
    rate = case.nominal_discount_rate_per_y
    nominal = discount_factors(rate, horizon)
    real = discount_factors(real_rate(rate, case.inflation_per_y), horizon)
    tokens_in = at_month_ends(case.demand.input_tokens, horizon)
    tokens_out = at_month_ends(case.demand.output_tokens, horizon)
    tokens = tokens_in + tokens_out
    present_tokens = present_value(tokens, nominal)
    if np.any(np.asarray(present_tokens) <= 0.0):
        raise CaseError(f"{case.name}: no token is served over the horizon, so there is no cost per token")
    with np.errstate(over="ignore", invalid="ignore"):
        npv_cost = present_value(flow.total, nominal)
    if not np.all(np.isfinite(npv_cost)):
        raise CaseError(f"{case.name}: the costs are too large to add up; look for a price with a wrong unit")
    weight = _per_draw(case.output_token_weight)
    weighted = present_value(tokens_in, nominal) + weight * present_value(tokens_out, nominal)
    lcot_input = npv_cost / weighted * TOKENS_PER_MTOK
    by_cause = flow.by_cause
    cumulated = np.cumsum(flow.total, axis=-1)
    return CostFigures(
        currency=case.currency,
        npv_cost=npv_cost,
        lcot_per_mtok=npv_cost / present_tokens * TOKENS_PER_MTOK,
        lcot_real_per_mtok=npv_cost / present_value(tokens, real) * TOKENS_PER_MTOK,
        lcot_input_per_mtok=lcot_input,
        lcot_output_per_mtok=lcot_input * weight,
        lcot_usage_per_mtok=_per_unit(npv_cost, case.demand.capacity_tokens, nominal, TOKENS_PER_MTOK),
        cost_per_request=npv_cost / present_value(at_month_ends(case.demand.requests, horizon), nominal),
        cost_per_user_month=_per_unit(npv_cost, case.demand.users, nominal, 1.0),
        total_cost=_scalar(flow.total.sum(axis=-1)),
        tokens_mtok=_scalar(tokens.sum(axis=-1) / TOKENS_PER_MTOK),
        by_year=cost_by_year(flow.total),
        by_cause={cause: _scalar(amounts.sum(axis=-1)) for cause, amounts in by_cause.items()},
        npv_by_cause={cause: present_value(amounts, nominal) for cause, amounts in by_cause.items()},
        by_year_and_cause={cause: cost_by_year(amounts) for cause, amounts in by_cause.items()},
        cash_peak=_scalar(flow.total.max(axis=-1)),
        cash_peak_month=_scalar(flow.total.argmax(axis=-1).astype(np.float64)),
        funding_peak=_scalar(cumulated.max(axis=-1)),
    )


def npv_cost(case: CostCase, flow: CashFlow | None = None) -> Value:
    """Return Σ_t cost_t/(1 + r)^(t/12) alone: what comparisons over many draws need."""
    flow = cash_flow(case) if flow is None else flow
    return present_value(flow.total, discount_factors(case.nominal_discount_rate_per_y, case.horizon_months))


def present_tokens(case: CostCase) -> Value:
    """Return Σ_t tokens_t/(1 + r)^(t/12) [tokens], in and out."""
    factors = discount_factors(case.nominal_discount_rate_per_y, case.horizon_months)
    return present_value(
        at_month_ends(case.demand.input_tokens, case.horizon_months)
        + at_month_ends(case.demand.output_tokens, case.horizon_months),
        factors,
    )


def cost_by_year(amounts: FloatArray) -> FloatArray:
    """Return the sums of year 1, 2 … over the last axis: point 0 counts to year 1, points 1–12 to year 1, and so on."""
    horizon = amounts.shape[-1] - 1
    years = -(-horizon // MONTHS_PER_YEAR)
    running_points = np.zeros((*amounts.shape[:-1], years * MONTHS_PER_YEAR))
    running_points[..., :horizon] = amounts[..., 1:]
    by_year = running_points.reshape(*amounts.shape[:-1], years, MONTHS_PER_YEAR).sum(axis=-1)
    by_year[..., 0] += amounts[..., 0]
    return np.asarray(by_year, dtype=np.float64)


def _per_unit(npv: Value, units: PerMonth | None, factors: FloatArray, scale: float) -> Value | None:
    if units is None:
        return None
    present = present_value(at_month_ends(units, factors.shape[-1] - 1), factors)
    return npv / present * scale


def _per_draw(value: Value) -> Value:
    """Turn a column (draws, 1) into one value per draw (draws,)."""
    return value if np.ndim(value) < 2 else np.asarray(value)[..., 0]


def _scalar(value: FloatArray) -> Value:
    return float(value) if np.ndim(value) == 0 else value
