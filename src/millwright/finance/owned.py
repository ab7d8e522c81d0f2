"""Hosts that are owned, financed or leased: when they are bought, paid, replaced and sold.

Cohorts: the hosts bought at one point in time age together. All arrays end in the points t = 0…T.
"""

from __future__ import annotations

import numpy as np

from millwright.finance.case import CostCase, Credit, Financing, OwnedHosts
from millwright.finance.discounting import FloatArray, Value, annuity_factor, growth_factors, monthly_rate
from millwright.finance.ledger import Input, Kind, Line


def hosts_in_service(item: OwnedHosts, horizon_months: int) -> FloatArray:
    """Return the hosts wanted in each month, none before `purchase_month`; shape (months,) or (draws, months)."""
    wanted = np.array(np.broadcast_to(item.hosts, np.broadcast_shapes(np.shape(item.hosts), (horizon_months,))), float)
    wanted[..., : item.purchase_month] = 0.0
    return wanted


def service_life(item: OwnedHosts) -> Value:
    """Return the life [month] after which a host is replaced: whole months; a lease ends with its term."""
    if item.financing is Financing.LEASE and item.credit is not None:
        return float(item.credit.term_months)
    return np.rint(item.life_months)


def purchases(wanted: FloatArray, life_months: Value) -> tuple[FloatArray, FloatArray]:
    """Return hosts bought and hosts retired at the points t = 0…T.

    At the start of each month as many are bought as are missing; each leaves `life_months` later. Hosts that are no
    longer wanted stay, idle, until their life ends. `wanted` is (months,) or (draws, months) [hosts].
    """
    months = wanted.shape[-1]
    draws = np.broadcast_shapes(wanted.shape[:-1], np.shape(life_months)[:-1])
    bought = np.zeros((*draws, months + 1))
    retired = np.zeros((*draws, months + 1))
    alive = np.zeros(draws)
    life = np.broadcast_to(np.asarray(life_months, dtype=float), (*draws, 1))[..., 0]
    lives = [float(n) for n in np.unique(life) if n <= months]
    for t in range(months):
        for n in lives:
            if n <= t:
                leaving = np.where(life == n, bought[..., t - int(n)], 0.0)
                retired[..., t] += leaving
                alive = alive - leaving
        bought[..., t] = np.maximum(wanted[..., t] - alive, 0.0)
        alive = alive + bought[..., t]
    for n in lives:
        retired[..., months] += np.where(life == n, bought[..., months - int(n)], 0.0)
    return bought, retired


def owned_lines(item: OwnedHosts, case: CostCase) -> list[Line]:
    """Return the lines of owned hosts: purchase, install, credit, maintenance, resale, decommission."""
    horizon = case.horizon_months
    t = np.arange(horizon + 1)
    wanted = hosts_in_service(item, horizon)
    life = service_life(item)
    bought, retired = purchases(wanted, life)
    drift = growth_factors(item.price_drift_per_y, t)
    escalation_rate = case.inflation_per_y if item.escalation_per_y is None else item.escalation_per_y
    escalation = growth_factors(escalation_rate, t)
    gross = item.price * (1.0 + item.duty_share) * (1.0 + item.irrecoverable_vat_share)
    outlay = bought * drift * gross

    price = Input("price", item.price, f"{case.currency}/host")
    hosts_bought = Input("bought", bought, "hosts")
    price_drift = Input("price_drift", item.price_drift_per_y, "1/y")
    escalating = Input("escalation", escalation_rate, "1/y")
    life_input = Input("life", life, "month")
    charges = (
        Input("duty", item.duty_share, "share"),
        Input("vat", item.irrecoverable_vat_share, "share"),
    )
    residual = (
        Input("residual_share", item.residual_share, "share"),
        Input("residual_age", item.residual_age_months, "month"),
    )

    def line(
        part: str, amounts: FloatArray, formula: str, inputs: tuple[Input, ...], kind: Kind = Kind.EXPENSE
    ) -> Line:
        return Line(item.cause, part, amounts, formula, inputs, kind, item.source, item.date)

    # A lessee owns nothing: to the tax office all lines of a lease are expenses (the down payment, the rent).
    leased = item.financing is Financing.LEASE
    capital = Kind.EXPENSE if leased else Kind.CAPITAL
    lines = [
        line(
            "purchase", outlay, "bought * price * (1 + duty) * (1 + vat) * (1 + price_drift)^(t/12)",
            (hosts_bought, price, *charges, price_drift), capital,
        )
    ]  # fmt: skip
    if np.any(np.asarray(item.install) != 0.0):
        lines.append(
            line(
                "install", bought * item.install * escalation, "bought * install * (1 + escalation)^(t/12)",
                (hosts_bought, Input("install", item.install, f"{case.currency}/host"), escalating), Kind.CAPITAL,
            )
        )  # fmt: skip
    if np.any(np.asarray(item.maintenance_share_per_y) != 0.0):
        in_service = np.concatenate([np.zeros((*wanted.shape[:-1], 1)), wanted], axis=-1)
        lines.append(
            line(
                "maintenance",
                in_service * (item.price * item.maintenance_share_per_y / 12.0) * running(escalation),
                "hosts * price * maintenance / 12 * (1 + escalation)^(MAX(t - 1, 0)/12)",
                (
                    Input("hosts", in_service, "hosts"),
                    price,
                    Input("maintenance", item.maintenance_share_per_y, "1/y"),
                    escalating,
                ),
            )
        )

    resale = _retired_value(item, life, retired, drift, t) + _final_value(item, life, bought, drift, t)
    if leased:
        resale = _final_value(item, life, bought, drift, t)
    resale_formula = _FINAL_VALUE if leased else f"{_RETIRED_VALUE} {_FINAL_VALUE}"
    if np.any(np.asarray(item.residual_share) != 0.0):
        inputs: tuple[Input, ...] = (hosts_bought, price, price_drift, life_input, *residual)
        if not leased:
            inputs = (*inputs, Input("retired", retired, "hosts"))
        lines.append(
            line("resale", -resale * item.price, resale_formula, inputs, Kind.EXPENSE if leased else Kind.RESALE)
        )
    if np.any(np.asarray(item.decommission) != 0.0):
        leaving = retired.copy()
        leaving[..., -1] += _alive_at_end(bought, life, t).sum(axis=-1)
        lines.append(
            line(
                "decommission", leaving * item.decommission * escalation,
                "leaving * decommission * (1 + escalation)^(t/12)",
                (
                    Input("leaving", leaving, "hosts"),
                    Input("decommission", item.decommission, f"{case.currency}/host"),
                    escalating,
                ),
            )
        )  # fmt: skip
    if item.credit is not None:
        lines += _credit_lines(
            item, item.credit, case, outlay, line_inputs=(hosts_bought, price, *charges, price_drift)
        )
    return lines


def running(factors: FloatArray) -> FloatArray:
    """Return growth factors for what is paid at the end of a month at the prices of its start: shifted by one point."""
    return np.concatenate([factors[..., :1], factors[..., :-1]], axis=-1)


_WORTH = "IF(residual_share > 0, residual_share^(AGE/residual_age), residual_share)"
_RETIRED_VALUE = (
    "-IF(t >= life, retired * price * (1 + price_drift)^((t - life)/12) * " + _WORTH.replace("AGE", "life") + ", 0)"
)
_FINAL_VALUE = (
    "-IF(t = horizon, price * IF(residual_share > 0, "
    "SUMPRODUCT(bought * (1 + price_drift)^(s/12) * (horizon - s < life) * "
    "ABS(residual_share)^((horizon - s)/residual_age)), "
    "residual_share * SUMPRODUCT(bought * (1 + price_drift)^(s/12) * (horizon - s < life))), 0)"
)


def residual_value(residual_share: Value, residual_age_months: Value, age_months: Value) -> Value:
    """Return what a host is worth [share of its price] at an age [month]: share^(age/reference age).

    Resale prices fall by about the same factor each year, hence the power. A share of zero or below does not depend on
    age: the host is worth nothing, or costs money to be rid of.
    """
    share = np.asarray(residual_share, dtype=float)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        decayed = np.exp(np.log(np.maximum(share, 1e-300)) * (np.asarray(age_months) / residual_age_months))
    worth = np.where(share > 0.0, decayed, share)
    return float(worth) if worth.ndim == 0 else worth


def _retired_value(
    item: OwnedHosts, life: Value, retired: FloatArray, drift: FloatArray, t: np.ndarray[tuple[int], np.dtype[np.int64]]
) -> FloatArray:
    """Return what hosts leaving at the end of their life fetch, in units of today's price."""
    if not np.any(retired):
        return np.zeros(1)
    finite_life = np.where(np.isfinite(life), life, 0.0)
    worth = residual_value(item.residual_share, item.residual_age_months, finite_life)
    # A host retired at t was bought at t − life, at the price of then.
    return np.asarray(retired * worth * drift * growth_factors(item.price_drift_per_y, -finite_life))


def _alive_at_end(bought: FloatArray, life: Value, t: np.ndarray[tuple[int], np.dtype[np.int64]]) -> FloatArray:
    return np.asarray(np.where(t[-1] - t < life, bought, 0.0))


def _final_value(
    item: OwnedHosts, life: Value, bought: FloatArray, drift: FloatArray, t: np.ndarray[tuple[int], np.dtype[np.int64]]
) -> FloatArray:
    """Return what the hosts still in service are worth at the horizon, in units of today's price: zero before it."""
    worth = residual_value(item.residual_share, item.residual_age_months, (t[-1] - t).astype(float))
    total = (_alive_at_end(bought, life, t) * drift * worth).sum(axis=-1)
    value = np.zeros((*total.shape, len(t)))
    value[..., -1] = total
    return value


def _credit_lines(
    item: OwnedHosts, credit: Credit, case: CostCase, outlay: FloatArray, line_inputs: tuple[Input, ...]
) -> list[Line]:
    """Return the lines of a loan or lease: money lent, payments, and the balance settled at the horizon.

    Payment per month on a principal P with a balloon B after n months, at i per month:
    (P − B·(1 + i)^−n)·i/(1 − (1 + i)^−n).
    What is still owed at the horizon is settled there, so a horizon never hides a debt.
    """
    horizon = case.horizon_months
    t = np.arange(horizon + 1)
    term = credit.term_months
    i = monthly_rate(credit.rate_per_y)
    financed_share = 1.0 - np.asarray(credit.down_payment_share)
    annuity = annuity_factor(i, float(term))
    balloon = np.asarray(credit.balloon_share)
    payment_share = (financed_share - balloon * (1.0 + i) ** -float(term)) * annuity
    cumulated = np.cumsum(outlay, axis=-1)
    # A cohort bought at s pays at s + 1 … s + term.
    before = np.concatenate([np.zeros_like(cumulated[..., :1]), cumulated[..., :-1]], axis=-1)
    ended = np.zeros_like(cumulated)
    if term + 1 <= horizon:
        ended[..., term + 1 :] = cumulated[..., : horizon - term]
    payments = (before - ended) * payment_share
    repaid_at_term = np.zeros_like(outlay)
    if term <= horizon:
        repaid_at_term[..., term:] = outlay[..., : horizon + 1 - term]
    balloons = repaid_at_term * balloon if item.financing is Financing.LOAN else np.zeros_like(repaid_at_term)
    # Balance after k payments: financed·(1 + i)^k − payment·((1 + i)^k − 1)/i.
    k = (horizon - t).astype(float)
    growth = (1.0 + i) ** k
    paid_back = np.where(np.asarray(i) == 0.0, k, (growth - 1.0) / np.where(np.asarray(i) == 0.0, 1.0, i))
    balance = np.where(k < term, financed_share * growth - payment_share * paid_back, 0.0)
    owed = (outlay * balance).sum(axis=-1)
    settlement = np.zeros((*owed.shape, horizon + 1))
    settlement[..., -1] = owed
    credit_inputs = (
        *line_inputs,
        Input("i", i, "1/month"),
        Input("term", float(term), "month"),
        Input("down", credit.down_payment_share, "share"),
        Input("balloon", credit.balloon_share, "share"),
    )
    cost = "price * (1 + duty) * (1 + vat)"
    bought_at_s = "bought * (1 + price_drift)^(s/12)"
    rate = "IF(i = 0, 1/term, i/(1 - (1 + i)^(-term)))"
    payment = f"(1 - down - balloon * (1 + i)^(-term)) * {rate}"  # as a share of the price
    # No IF stands inside SUMPRODUCT: not every spreadsheet would work it out row by row.
    unpaid = f"{bought_at_s} * (horizon - s < term)"
    settle = (
        f"IF(t = horizon, {cost} * IF(i = 0, SUMPRODUCT({unpaid} * (1 - down - payment * (horizon - s))), "
        f"SUMPRODUCT({unpaid} * ((1 - down) * (1 + i)^(horizon - s) - payment * ((1 + i)^(horizon - s) - 1)/i))), 0)"
    ).replace("payment", f"({payment})")
    leased = item.financing is Financing.LEASE
    named = "lease" if leased else "loan"
    kind = Kind.EXPENSE if leased else Kind.CREDIT

    def line(part: str, amounts: FloatArray, formula: str) -> Line:
        return Line(item.cause, part, amounts, formula, credit_inputs, kind, item.source, item.date)

    lines = [
        line(
            f"{named}: paid by the lender", -outlay * financed_share,
            f"-bought * {cost} * (1 + price_drift)^(t/12) * (1 - down)",
        ),
        line(
            f"{named}: payments", payments,
            f"{cost} * {payment} * SUMPRODUCT({bought_at_s} * (s < t) * (t <= s + term))",
        ),
        line(f"{named}: settled at the end", settlement, settle),
    ]  # fmt: skip
    if np.any(balloons):
        lines.append(
            line(
                f"{named}: balloon", balloons,
                f"{cost} * balloon * SUMPRODUCT({bought_at_s} * (s + term = t))",
            )
        )  # fmt: skip
    return lines
