"""What is paid month by month: energy, space, rent, tokens, people, units, fixed amounts.

A month's bill falls on its end, at the prices of its start: month 1 is paid at point t = 1 at today's prices, hence the
exponent (t − 1)/12. All arrays end in the points t = 0…T.
"""

from __future__ import annotations

import numpy as np

from millwright.finance.case import (
    ApiTokens,
    Colocation,
    CostCase,
    Energy,
    Fixed,
    PerMonth,
    PerMtok,
    PerUnit,
    Rented,
    Staff,
)
from millwright.finance.discounting import FloatArray, Value, growth_factors
from millwright.finance.ledger import Input, Line
from millwright.finance.owned import running
from millwright.spans import HOURS_PER_MONTH

_ESCALATED = " * (1 + escalation)^(MAX(t - 1, 0)/12)"
TOKENS_PER_MTOK = 1e6


def at_month_ends(monthly: PerMonth, horizon_months: int) -> FloatArray:
    """Return monthly numbers at the points t = 0…T: nothing at t = 0, month m at t = m."""
    shape = np.broadcast_shapes(np.shape(monthly), (horizon_months,))
    points = np.zeros((*shape[:-1], horizon_months + 1))
    points[..., 1:] = monthly
    return points


def _escalation(rate: Value | None, case: CostCase) -> tuple[FloatArray, Input]:
    rate_per_y = case.inflation_per_y if rate is None else rate
    factors = running(growth_factors(rate_per_y, np.arange(case.horizon_months + 1)))
    return factors, Input("escalation", rate_per_y, "1/y")


def hourly_mean(by_hour: Value) -> Value:
    """Return the mean over the hours of the week (the last axis where it is 168 long); a Value."""
    if np.ndim(by_hour) == 0 or np.shape(by_hour)[-1] == 1:
        return by_hour
    mean = np.mean(by_hour, axis=-1, keepdims=True)
    return float(mean[0]) if mean.ndim == 1 else mean


def tariff_weighted_utilisation(item: Energy) -> Value:
    """Return Σ_h tariff_h·u_h / Σ_h tariff_h: the utilisation [-] that, at the mean tariff, gives the same bill."""
    mean_tariff = np.asarray(hourly_mean(item.tariff_per_kwh))
    product = np.asarray(hourly_mean(np.asarray(item.tariff_per_kwh) * np.asarray(item.utilisation)))
    flat = np.asarray(hourly_mean(item.utilisation))
    weighted = np.where(mean_tariff != 0.0, product / np.where(mean_tariff != 0.0, mean_tariff, 1.0), flat)
    return float(weighted) if weighted.ndim == 0 else weighted


def monthly_utilisation(item: Energy, horizon_months: int, weekly: Value) -> Value:
    """Return `weekly`, a mean of the week, brought to the utilisation of each month where the item gives one.

    The shape of the week stays, so a mean weighted by the tariff stays as far above or below the plain one; at most 1.
    """
    if item.utilisation_by_month is None:
        return weekly
    mean = np.asarray(hourly_mean(item.utilisation))
    shape = np.where(mean > 0.0, np.asarray(weekly) / np.where(mean > 0.0, mean, 1.0), 1.0)
    return np.minimum(at_month_ends(item.utilisation_by_month, horizon_months) * shape, 1.0)


def energy_kwh(item: Energy, case: CostCase) -> FloatArray:
    """Return the electricity of the machines themselves, before PUE [kWh], at the points t = 0…T."""
    utilisation = monthly_utilisation(item, case.horizon_months, hourly_mean(item.utilisation))
    watt = item.idle_w + (item.peak_w - item.idle_w) * utilisation
    return np.asarray(at_month_ends(item.hosts, case.horizon_months) * (watt * HOURS_PER_MONTH / 1000.0))


def energy_lines(item: Energy, case: CostCase) -> list[Line]:
    """Return energy (Σ_h n·(P_idle + (P_peak − P_idle)·u_h)·PUE·tariff_h) and the demand charge."""
    escalation, escalating = _escalation(item.escalation_per_y, case)
    hosts = at_month_ends(item.hosts, case.horizon_months)
    tariff = hourly_mean(item.tariff_per_kwh)
    utilisation = monthly_utilisation(item, case.horizon_months, tariff_weighted_utilisation(item))
    # A factor that never changes is one number; one that does is a row.
    flat = np.ndim(item.tariff_factor) == 0 or np.shape(item.tariff_factor)[-1] == 1
    steps = item.tariff_factor if flat else at_month_ends(item.tariff_factor, case.horizon_months)
    watt = item.idle_w + (item.peak_w - item.idle_w) * utilisation
    inputs = (
        Input("hosts", hosts, "hosts"),
        Input("idle_w", item.idle_w, "W/host"),
        Input("peak_w", item.peak_w, "W/host"),
        Input("pue", item.pue, "-"),
        Input("hours", HOURS_PER_MONTH, "h/month"),
        escalating,
    )
    lines = [
        Line(
            item.cause, "consumption",
            hosts * (watt * item.pue * tariff * (HOURS_PER_MONTH / 1000.0)) * escalation * steps,
            "hosts * (idle_w + (peak_w - idle_w) * utilisation)/1000 * pue * hours * tariff * tariff_factor"
            + _ESCALATED,
            (
                *inputs,
                Input("utilisation", utilisation, "share, weighted by tariff"),
                Input("tariff", tariff, f"{case.currency}/kWh"),
                Input("tariff_factor", steps, "-"),
            ),
            source=item.source, date=item.date,
        )
    ]  # fmt: skip
    if np.any(np.asarray(item.demand_charge_per_kw_month) != 0.0):
        busiest = np.max(np.atleast_1d(item.utilisation), axis=-1, keepdims=True)
        highest: Value = float(busiest[0]) if busiest.ndim == 1 else busiest
        peak_kw = (item.idle_w + (item.peak_w - item.idle_w) * highest) * item.pue / 1000.0
        lines.append(
            Line(
                item.cause, "demand charge", hosts * (peak_kw * item.demand_charge_per_kw_month) * escalation,
                "hosts * (idle_w + (peak_w - idle_w) * highest_utilisation)/1000 * pue * demand_charge" + _ESCALATED,
                (
                    *inputs[:4], escalating,
                    Input("highest_utilisation", highest, "share"),
                    Input("demand_charge", item.demand_charge_per_kw_month, f"{case.currency}/kW/month"),
                ),
                source=item.source, date=item.date,
            )
        )  # fmt: skip
    return lines


def colocation_lines(item: Colocation, case: CostCase) -> list[Line]:
    """Return the committed power and the remote hands."""
    escalation, escalating = _escalation(item.escalation_per_y, case)
    kw = at_month_ends(item.committed_kw, case.horizon_months)
    lines = [
        Line(
            item.cause, "committed power", kw * item.price_per_kw_month * escalation,
            "committed_kw * price" + _ESCALATED,
            (
                Input("committed_kw", kw, "kW"),
                Input("price", item.price_per_kw_month, f"{case.currency}/kW/month"),
                escalating,
            ),
            source=item.source, date=item.date,
        )
    ]  # fmt: skip
    if np.any(np.asarray(item.remote_hands_h_per_month) != 0.0):
        hours = at_month_ends(item.remote_hands_h_per_month, case.horizon_months)
        lines.append(
            Line(
                item.cause, "remote hands", hours * item.remote_hands_price_per_h * escalation,
                "hours * price" + _ESCALATED,
                (
                    Input("hours", hours, "h/month"),
                    Input("price", item.remote_hands_price_per_h, f"{case.currency}/h"),
                    escalating,
                ),
                source=item.source, date=item.date,
            )
        )  # fmt: skip
    return lines


def rented_lines(item: Rented, case: CostCase) -> list[Line]:
    """Return the commitment (paid used or not), what runs beyond it on demand, and what is paid in advance."""
    horizon = case.horizon_months
    escalation, escalating = _escalation(item.escalation_per_y, case)
    instances = at_month_ends(item.instances, horizon)
    committed = at_month_ends(item.committed_instances, horizon)
    beyond = np.maximum(instances - committed, 0.0)
    hours = Input("hours", item.hours_per_month, "h/month")
    committed_input = Input("committed", committed, "instances")
    lines = [
        Line(
            item.cause, "on demand", beyond * (item.price_per_h * np.asarray(item.hours_per_month)) * escalation,
            "MAX(instances - committed, 0) * price * hours" + _ESCALATED,
            (
                Input("instances", instances, "instances"), committed_input,
                Input("price", item.price_per_h, f"{case.currency}/instance/h"), hours, escalating,
            ),
            source=item.source, date=item.date,
        )
    ]  # fmt: skip
    if np.any(committed):
        lines.append(
            Line(
                item.cause, "committed", committed * (item.committed_price_per_h * HOURS_PER_MONTH),
                "committed * committed_price * month_hours",
                (
                    committed_input,
                    Input("committed_price", item.committed_price_per_h, f"{case.currency}/instance/h"),
                    Input("month_hours", HOURS_PER_MONTH, "h/month"),
                ),
                source=item.source, date=item.date,
            )
        )  # fmt: skip
    if np.any(np.asarray(item.upfront) != 0.0):
        lines.append(_upfront(item.cause, "paid in advance", item.upfront, case, item.source, item.date))
    return lines


def _upfront(cause: str, part: str, amount: Value, case: CostCase, source: str, date: str) -> Line:
    at_start = np.zeros(case.horizon_months + 1)
    at_start[0] = 1.0
    paid = Input("amount", amount, case.currency)
    return Line(cause, part, at_start * amount, "IF(t = 0, amount, 0)", (paid,), source=source, date=date)


def api_lines(item: ApiTokens, case: CostCase) -> list[Line]:
    """Return what an API bills for input, cached input and output tokens, prices drifting month by month."""
    horizon = case.horizon_months
    drift = running(growth_factors(item.drift_per_y, np.arange(horizon + 1)))
    share = at_month_ends(item.share, horizon)
    tokens_in = at_month_ends(case.demand.input_tokens if item.input_tokens is None else item.input_tokens, horizon)
    tokens_out = at_month_ends(case.demand.output_tokens if item.output_tokens is None else item.output_tokens, horizon)
    batch = 1.0 - np.asarray(item.batch_share) * (1.0 - np.asarray(item.batch_price_factor))
    cached_price = item.cached_input_price_per_mtok
    if cached_price is None:
        cached_price = item.input_price_per_mtok
    common = (
        Input("share", share, "share"),
        Input("batch_share", item.batch_share, "share"),
        Input("batch_factor", item.batch_price_factor, "-"),
        Input("price_drift", item.drift_per_y, "1/y"),
    )
    cached = Input("cached_share", item.cached_share, "share")
    factors = drift * share * (batch / TOKENS_PER_MTOK)
    tail = " * share * (1 - batch_share * (1 - batch_factor)) * (1 + price_drift)^(MAX(t - 1, 0)/12)"

    def line(part: str, amounts: FloatArray, formula: str, *inputs: Input) -> Line:
        return Line(item.cause, part, amounts, formula + tail, (*inputs, *common), source=item.source, date=item.date)

    per_mtok = f"{case.currency}/Mtok"
    lines = [
        line(
            "input", tokens_in * factors * (item.input_price_per_mtok * (1.0 - np.asarray(item.cached_share))),
            "tokens/1000000 * (1 - cached_share) * price",
            Input("tokens", tokens_in, "tokens"), cached, Input("price", item.input_price_per_mtok, per_mtok),
        ),
        line(
            "output", tokens_out * factors * item.output_price_per_mtok, "tokens/1000000 * price",
            Input("tokens", tokens_out, "tokens"), Input("price", item.output_price_per_mtok, per_mtok),
        ),
    ]  # fmt: skip
    if np.any(np.asarray(item.cached_share) != 0.0):
        lines.append(
            line(
                "cached input", tokens_in * factors * (cached_price * np.asarray(item.cached_share)),
                "tokens/1000000 * cached_share * price",
                Input("tokens", tokens_in, "tokens"), cached, Input("price", cached_price, per_mtok),
            )
        )  # fmt: skip
    return lines


def staff_lines(item: Staff, case: CostCase) -> list[Line]:
    """Return pay (never below the on-call rota) and the cost of replacing those who leave."""
    escalation, escalating = _escalation(item.escalation_per_y, case)
    fte = at_month_ends(item.fte, case.horizon_months)
    floor = at_month_ends(item.on_call_floor_fte, case.horizon_months)
    people = np.maximum(fte, floor)
    inputs = (
        Input("fte", fte, "FTE"),
        Input("on_call_floor", floor, "FTE"),
        Input("cost", item.cost_per_fte_y, f"{case.currency}/FTE/y"),
        escalating,
    )
    lines = [
        Line(
            item.cause, "pay", people * (item.cost_per_fte_y / 12.0) * escalation,
            "MAX(fte, on_call_floor) * cost / 12" + _ESCALATED, inputs, source=item.source, date=item.date,
        )
    ]  # fmt: skip
    if np.any(np.asarray(item.turnover_per_y) * np.asarray(item.replacement_cost_share) != 0.0):
        rate = np.asarray(item.turnover_per_y) * np.asarray(item.replacement_cost_share)
        lines.append(
            Line(
                item.cause, "turnover", people * (item.cost_per_fte_y * rate / 12.0) * escalation,
                "MAX(fte, on_call_floor) * cost * turnover * replacement_share / 12" + _ESCALATED,
                (
                    *inputs,
                    Input("turnover", item.turnover_per_y, "1/y"),
                    Input("replacement_share", item.replacement_cost_share, "years of cost"),
                ),
                source=item.source, date=item.date,
            )
        )  # fmt: skip
    return lines


def per_unit_lines(item: PerUnit, case: CostCase) -> list[Line]:
    """Return units × price per month."""
    escalation, escalating = _escalation(item.escalation_per_y, case)
    units = at_month_ends(item.units, case.horizon_months)
    price = Input("price", item.price_per_unit_month, f"{case.currency}/unit/month")
    return [
        Line(
            item.cause, "units", units * item.price_per_unit_month * escalation, "units * price" + _ESCALATED,
            (Input("units", units, "units"), price, escalating), source=item.source, date=item.date,
        )
    ]  # fmt: skip


def per_mtok_lines(item: PerMtok, case: CostCase) -> list[Line]:
    """Return a price per million tokens on all tokens served, in and out."""
    drift, drifting = _escalation(item.drift_per_y, case)
    tokens = at_month_ends(case.demand.input_tokens, case.horizon_months) + at_month_ends(
        case.demand.output_tokens, case.horizon_months
    )
    return [
        Line(
            item.cause, "tokens", tokens * (item.price_per_mtok * np.asarray(item.share) / TOKENS_PER_MTOK) * drift,
            "tokens/1000000 * share * price" + _ESCALATED,
            (
                Input("tokens", tokens, "tokens"), Input("share", item.share, "share"),
                Input("price", item.price_per_mtok, f"{case.currency}/Mtok"), drifting,
            ),
            source=item.source, date=item.date,
        )
    ]  # fmt: skip


def fixed_lines(item: Fixed, case: CostCase) -> list[Line]:
    """Return amounts at the start, every month, and at the end."""
    horizon = case.horizon_months
    escalation, escalating = _escalation(item.escalation_per_y, case)
    lines = []
    if np.any(np.asarray(item.upfront) != 0.0):
        lines.append(_upfront(item.cause, "at the start", item.upfront, case, item.source, item.date))
    if np.any(np.asarray(item.per_month) != 0.0):
        amounts = at_month_ends(item.per_month, horizon)
        lines.append(
            Line(
                item.cause, "monthly", amounts * escalation, "amount" + _ESCALATED,
                (Input("amount", amounts, f"{case.currency}/month"), escalating), source=item.source, date=item.date,
            )
        )  # fmt: skip
    if np.any(np.asarray(item.at_end) != 0.0):
        at_end = np.zeros(horizon + 1)
        at_end[-1] = 1.0
        rate = case.inflation_per_y if item.escalation_per_y is None else item.escalation_per_y
        full = growth_factors(rate, np.arange(horizon + 1))
        lines.append(
            Line(
                item.cause, "at the end", at_end * full * item.at_end,
                "IF(t = horizon, amount * (1 + escalation)^(t/12), 0)",
                (Input("amount", item.at_end, case.currency), escalating), source=item.source, date=item.date,
            )
        )  # fmt: skip
    return lines
