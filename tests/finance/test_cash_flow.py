"""Closed forms, to 1e-9."""

import math
from dataclasses import replace

import numpy as np
import pytest
from cost_case_samples import case_of

from millwright.finance.case import (
    ApiTokens,
    CaseError,
    Colocation,
    Credit,
    Demand,
    Energy,
    Financing,
    Fixed,
    OwnedHosts,
    Rented,
    Staff,
)
from millwright.finance.cash_flow import cash_flow
from millwright.finance.discounting import annuity_factor, discount_factors, monthly_rate, present_value
from millwright.finance.figures import npv_cost

HOST = OwnedHosts("hardware", "quote", hosts=1.0, price=100_000.0)


def test_a_purchase_is_paid_today_and_nothing_else() -> None:
    total = cash_flow(case_of(HOST, months=12)).total
    assert total[0] == 100_000.0
    assert not total[1:].any()


def test_hosts_are_replaced_at_the_end_of_their_life() -> None:
    total = cash_flow(case_of(replace(HOST, hosts=2.0, life_months=24.0), months=60)).total
    assert np.flatnonzero(total).tolist() == [0, 24, 48]
    assert total[24] == 200_000.0


def test_an_infinite_life_is_never_replaced() -> None:
    total = cash_flow(case_of(replace(HOST, life_months=math.inf), months=600)).total
    assert np.flatnonzero(total).tolist() == [0]


def test_an_infinite_life_kept_at_full_value_costs_its_perpetuity() -> None:
    # Bought for P and sold for P after T: PV = P(1 − (1 + i)^−T), which is T payments of i·P, the perpetuity's.
    item = replace(HOST, life_months=math.inf, residual_share=1.0)
    rate = 0.08
    paid = annuity_factor(monthly_rate(rate), math.inf) * 100_000.0
    as_payments = present_value(np.r_[0.0, np.full(60, paid)], discount_factors(rate, 60))
    assert npv_cost(case_of(item, months=60, rate=rate)) == pytest.approx(as_payments, rel=1e-9)


def test_growth_buys_only_the_hosts_that_are_missing() -> None:
    wanted = np.array([1.0, 1, 2, 2, 3, 3, 1, 1])
    total = cash_flow(case_of(replace(HOST, hosts=wanted, life_months=5.0), months=8)).total
    # t = 0: 1; t = 2: 1; t = 4: 1; at t = 5 the first leaves and three are wanted: 1; then two surplus: none.
    assert (total / 100_000.0).tolist() == [1, 0, 1, 0, 1, 1, 0, 0, 0]


def test_resale_follows_the_age() -> None:
    # 16 % after 48 months, so 40 % after 24 (its square root)
    item = replace(HOST, residual_share=0.16, life_months=60.0)
    assert cash_flow(case_of(item, months=24)).total[-1] == pytest.approx(-40_000.0, rel=1e-12)
    assert cash_flow(case_of(item, months=48)).total[-1] == pytest.approx(-16_000.0, rel=1e-12)


def test_a_negative_residual_is_a_cost_at_the_end() -> None:
    item = replace(HOST, residual_share=-0.05)
    assert cash_flow(case_of(item, months=30)).total[-1] == pytest.approx(5_000.0, rel=1e-12)


def test_duty_and_vat_that_is_not_recovered_raise_the_price() -> None:
    # 100,000 · 1.04 · 1.19 = 123,760
    item = replace(HOST, duty_share=0.04, irrecoverable_vat_share=0.19)
    assert cash_flow(case_of(item)).total[0] == pytest.approx(123_760.0, rel=1e-12)


def test_a_loan_pays_the_annuity() -> None:
    # 100,000 at 6 % over 24 months: i = 1.06^(1/12) − 1 = 0.4867551 %; payment = 100,000·i/(1 − 1.06^−2)
    #   = 486.7550565/(1 − 0.8899964400) = 486.7550565/0.1100035600 = 4,424.9028
    item = replace(HOST, financing=Financing.LOAN, credit=Credit(0.06, 24))
    total = cash_flow(case_of(item, months=36)).total
    assert total[0] == pytest.approx(0.0, abs=1e-9)
    assert total[1:25] == pytest.approx(np.full(24, 4_424.9028), abs=5e-4)
    assert not total[25:].any()


@pytest.mark.parametrize("months", [12, 24, 36])
@pytest.mark.parametrize("down", [0.0, 0.2])
@pytest.mark.parametrize("balloon", [0.0, 0.3])
def test_a_loan_at_the_discount_rate_costs_the_price(months: int, down: float, balloon: float) -> None:
    item = replace(HOST, financing=Financing.LOAN, credit=Credit(0.08, 24, down, balloon))
    bought = npv_cost(case_of(HOST, months=months, rate=0.08))
    assert npv_cost(case_of(item, months=months, rate=0.08)) == pytest.approx(bought, rel=1e-9)


@pytest.mark.parametrize("rate", [0.0, 0.06])
@pytest.mark.parametrize("months", [10, 36])
def test_a_lease_is_a_loan_at_the_same_rate(rate: float, months: int) -> None:
    terms = {"life_months": 36.0, "residual_share": 0.0, "credit": Credit(rate, 36)}
    leased = cash_flow(case_of(replace(HOST, financing=Financing.LEASE, **terms), months=months))
    lent = cash_flow(case_of(replace(HOST, financing=Financing.LOAN, **terms), months=months))
    assert leased.total == pytest.approx(lent.total, rel=1e-9, abs=1e-9)


def test_a_lease_with_a_fair_residual_is_a_loan_whose_hosts_are_sold() -> None:
    # residual 25 % after 36 months: the lessee hands back what the owner would sell for his last payment.
    terms = {
        "life_months": 36.0,
        "residual_share": 0.25,
        "residual_age_months": 36.0,
        "credit": Credit(0.06, 36, 0, 0.25),
    }
    leased = cash_flow(case_of(replace(HOST, financing=Financing.LEASE, **terms), months=36))
    lent = cash_flow(case_of(replace(HOST, financing=Financing.LOAN, **terms), months=36))
    assert leased.total == pytest.approx(lent.total, rel=1e-9, abs=1e-9)


def test_a_growing_perpetuity_cut_at_n() -> None:
    # a paid at the end of each month, growing g a month: PV = a/(i − g)·(1 − ((1 + g)/(1 + i))^n)
    a, n = 1_000.0, 48
    i, g = 1.08 ** (1 / 12) - 1, 1.03 ** (1 / 12) - 1
    by_formula = a / (i - g) * (1 - ((1 + g) / (1 + i)) ** n)
    case = case_of(Fixed("staff", "contract", per_month=a, escalation_per_y=0.03), months=n, rate=0.08)
    assert npv_cost(case) == pytest.approx(by_formula, rel=1e-9)


def test_at_a_zero_rate_the_present_value_is_the_sum() -> None:
    case = case_of(Fixed("audit", "offer", upfront=500.0, per_month=10.0, at_end=40.0), months=24, rate=0.0)
    assert npv_cost(case) == pytest.approx(500 + 240 + 40, rel=1e-12)


def test_energy_by_hand() -> None:
    # 3 hosts · (500 W + 0.25·(4,500 − 500) W) · PUE 1.4 · 730.5 h · 0.20/kWh = 4.5 kW · 1.4 · 730.5 h · 0.20 = 920.43
    item = Energy("energy", "tariff", 3.0, 500.0, 4_500.0, 0.25, 0.20, 1.4)
    assert cash_flow(case_of(item, months=2)).total == pytest.approx([0.0, 920.43, 920.43], rel=1e-12)


def test_energy_by_the_hour_meets_the_hours_tariff() -> None:
    # Busy in 42 of 168 hours, those at 0.40, the rest at 0.10:
    # 730.5 h · (0.25·1.0 kW·0.40 + 0.75·0.2 kW·0.10) = 730.5 · 0.115 = 84.0075
    busy = np.arange(168) < 42
    item = Energy("energy", "tariff", 1.0, 200.0, 1_000.0, busy.astype(float), np.where(busy, 0.40, 0.10))
    assert cash_flow(case_of(item, months=1)).total[1] == pytest.approx(84.0075, rel=1e-12)


def test_energy_rises_with_the_load_of_the_month_and_keeps_the_shape_of_the_week() -> None:
    # Busy in half of the hours at 0.30, idle in the rest at 0.10. A month's mean load of 0.25 is 0.5 in the busy hours:
    # 730.5 h · (0.5·0.30 + 0.5·0.10)/1 kW · weighted 0.375 = 730.5 · 0.2 · 0.375; at twice the load, twice that.
    busy = np.arange(168) < 84
    item = Energy(
        "energy", "tariff", 1.0, 0.0, 1_000.0, busy.astype(float), np.where(busy, 0.30, 0.10),
        utilisation_by_month=np.array([0.25, 0.5]),
    )  # fmt: skip
    assert cash_flow(case_of(item, months=2)).total == pytest.approx([0.0, 54.7875, 109.575], rel=1e-12)


def test_the_demand_charge_is_paid_on_the_busiest_hour() -> None:
    week = np.zeros(168)
    week[9] = 1.0
    item = Energy("energy", "tariff", 2.0, 200.0, 1_000.0, week, 0.0, 1.5, demand_charge_per_kw_month=10.0)
    assert cash_flow(case_of(item, months=1)).total[1] == pytest.approx(2 * 1.0 * 1.5 * 10.0, rel=1e-12)


def test_api_tokens_by_hand() -> None:
    # 100 Mtok in, 40 % cached at 0.1, the rest at 1.0: 60 + 4 = 64; 10 Mtok out at 5: 50; half batched at 0.5: · 0.75
    item = ApiTokens("api", "list", 1.0, 5.0, 0.1, cached_share=0.4, batch_share=0.5)
    demand = Demand(100e6, 10e6, 1.0)
    assert cash_flow(case_of(item, months=1, demand=demand)).total[1] == pytest.approx(0.75 * 114.0, rel=1e-12)


def test_api_prices_drift_by_the_year() -> None:
    item = ApiTokens("api", "list", 1.0, 0.0, drift_per_y=-0.5)
    total = cash_flow(case_of(item, months=25, demand=Demand(1e6, 0.0, 1.0))).total
    assert total[[1, 13, 25]] == pytest.approx([1.0, 0.5, 0.25], rel=1e-12)


def test_a_commitment_is_paid_whether_used_or_not() -> None:
    item = Rented("rent", "list", np.array([1.0, 5.0]), 10.0, 730.5, committed_instances=2.0, committed_price_per_h=6.0)
    # month 1: 2·6·730.5 = 8,766; month 2: that + 3·10·730.5 = 30,681
    assert cash_flow(case_of(item, months=2)).total == pytest.approx([0.0, 8_766.0, 30_681.0], rel=1e-12)


def test_a_rota_needs_its_people() -> None:
    item = Staff("staff", "payroll", fte=0.5, cost_per_fte_y=120_000.0, on_call_floor_fte=5.0)
    assert cash_flow(case_of(item, months=1)).total[1] == pytest.approx(50_000.0, rel=1e-12)


def test_colocation_is_paid_for_what_is_committed() -> None:
    item = Colocation("facility", "offer", 20.0, 180.0, 4.0, 150.0)
    assert cash_flow(case_of(item, months=1)).total[1] == pytest.approx(20 * 180 + 600, rel=1e-12)


def test_draws_and_numbers_one_by_one_agree() -> None:
    lives, prices, rates = [20.0, 31.0, math.inf], [1e5, 2e5, 3e5], [0.0, 0.05, 0.1]
    column = lambda values: np.array(values)[:, None]  # noqa: E731
    item = replace(HOST, residual_share=0.2, financing=Financing.LOAN)
    together = npv_cost(
        case_of(
            replace(item, life_months=column(lives), price=column(prices), credit=Credit(column(rates), 24)),
            months=48,
            rate=column(rates),  # type: ignore[arg-type]
        )
    )
    singly = [
        npv_cost(case_of(replace(item, life_months=n, price=p, credit=Credit(r, 24)), months=48, rate=r))
        for n, p, r in zip(lives, prices, rates, strict=True)
    ]
    assert together == pytest.approx(singly, rel=1e-12)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"life_months": 0.0}, "life_months must be at least 1"),
        ({"financing": Financing.LOAN}, "needs its credit terms"),
        ({"hosts": np.ones(7)}, "has shape"),
        ({"price": math.nan}, "not a number"),
    ],
)
def test_a_wrong_item_is_refused(change: dict[str, object], said: str) -> None:
    with pytest.raises(CaseError, match=said):
        case_of(replace(HOST, **change))
