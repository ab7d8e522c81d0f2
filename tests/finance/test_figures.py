import numpy as np
import pytest
from cost_case_samples import DEMAND, case_of, cases
from hypothesis import given, settings
from hypothesis import strategies as st

from millwright.finance.case import ApiTokens, CaseError, CostCase, Demand, Energy, Fixed, OwnedHosts
from millwright.finance.cash_flow import cash_flow
from millwright.finance.figures import evaluate, npv_cost, present_tokens
from millwright.finance.tax import MACRS_5, Tax, after_tax_flow, declining_balance, depreciation, straight_line

ONE_PERCENT_A_MONTH = 1.01**12 - 1


def test_an_lcot_by_hand() -> None:
    # 1,000 today, 101 and 102.01 at the end of months 1 and 2, at 1 % a month: 1,000 + 100 + 100 = 1,200.
    # 1.01 and 1.0201 Mtok: present 1 + 1 = 2 Mtok. LCOT = 600 per Mtok.
    case = case_of(
        Fixed("all", "hand", upfront=1_000.0, per_month=np.array([101.0, 102.01])),
        months=2,
        rate=ONE_PERCENT_A_MONTH,
        demand=Demand(np.array([1.01e6, 0.0]), np.array([0.0, 1.0201e6]), 1.0),
    )
    figures = evaluate(case)
    assert figures.npv_cost == pytest.approx(1_200.0, rel=1e-9)
    assert figures.npv == pytest.approx(-1_200.0, rel=1e-9)
    assert figures.lcot_per_mtok == pytest.approx(600.0, rel=1e-9)
    # One output token counts for four input tokens: 1,200/(1 + 4·1) = 240 in, 960 out.
    assert figures.lcot_input_per_mtok == pytest.approx(240.0, rel=1e-9)
    assert figures.lcot_output_per_mtok == pytest.approx(960.0, rel=1e-9)


def test_an_lcot_by_the_spreadsheets_formula() -> None:
    # =(-PV(i; n; pay) + price - residual/(1+i)^n) / (-PV(i; n; Mtok)), with PV(i; n; x) = -x·(1 - (1+i)^-n)/i
    i, n = 1.08 ** (1 / 12) - 1, 36
    factor = (1 - (1 + i) ** -n) / i
    by_spreadsheet = (factor * 2_000.0 + 90_000.0 - 0.36 * 90_000.0 / (1 + i) ** n) / (factor * 1_200.0)
    case = case_of(
        OwnedHosts("hardware", "quote", 1.0, 90_000.0, 48.0, residual_share=0.36, residual_age_months=36.0),
        Fixed("rest", "quote", per_month=2_000.0),
        months=n,
        rate=0.08,
    )
    assert evaluate(case).lcot_per_mtok == pytest.approx(by_spreadsheet, rel=1e-9)


def test_a_flat_api_price_is_its_own_lcot() -> None:
    case = case_of(ApiTokens("api", "list", 0.7, 0.7), months=36, rate=0.09)
    assert evaluate(case).lcot_per_mtok == pytest.approx(0.7, rel=1e-12)


def test_the_real_lcot_rises_with_inflation_to_the_same_present_value() -> None:
    case = case_of(Fixed("all", "hand", per_month=50.0), months=30, rate=0.08, inflation_per_y=0.03)
    real = evaluate(case).lcot_real_per_mtok
    t = np.arange(1, 31)
    income = real * 1_200.0 * 1.03 ** (t / 12) / 1.08 ** (t / 12)
    assert income.sum() == pytest.approx(npv_cost(case), rel=1e-9)


def test_without_inflation_real_and_nominal_agree() -> None:
    figures = evaluate(case_of(Fixed("all", "hand", per_month=50.0), months=30, rate=0.08))
    assert figures.lcot_real_per_mtok == pytest.approx(figures.lcot_per_mtok, rel=1e-12)


def test_the_basis_of_use_is_shown_beside_what_is_reserved() -> None:
    demand = Demand(1e9, 2e8, 1.0, capacity_tokens=12e9)
    figures = evaluate(case_of(Fixed("all", "hand", per_month=1_200.0), months=6, demand=demand))
    assert figures.lcot_per_mtok == pytest.approx(1.0)
    assert figures.lcot_usage_per_mtok == pytest.approx(0.1)


def test_no_token_no_cost_per_token() -> None:
    with pytest.raises(CaseError, match="no token is served"):
        evaluate(case_of(Fixed("all", "hand", per_month=1.0), demand=Demand(0.0, 0.0, 0.0)))


@given(cases())
@settings(max_examples=60)
def test_lcot_times_tokens_is_the_cost(case: CostCase) -> None:
    figures = evaluate(case)
    assert figures.lcot_per_mtok * present_tokens(case) / 1e6 == pytest.approx(figures.npv_cost, rel=1e-9, abs=1e-6)


@given(cases())
@settings(max_examples=60)
def test_years_and_causes_add_up(case: CostCase) -> None:
    figures = evaluate(case)
    total = figures.total_cost
    scale = max((float(np.abs(line.amounts).sum()) for line in cash_flow(case).lines), default=0.0)
    assert figures.by_year.sum() == pytest.approx(total, rel=1e-9, abs=1e-9 * scale + 1e-9)
    assert sum(figures.by_cause.values()) == pytest.approx(total, rel=1e-9, abs=1e-9 * scale + 1e-9)
    assert sum(figures.npv_by_cause.values()) == pytest.approx(figures.npv_cost, rel=1e-9, abs=1e-9 * scale + 1e-9)


@given(st.floats(0.01, 100.0), st.floats(0.0, 0.2))
def test_scaling_all_prices_scales_the_lcot(factor: float, rate: float) -> None:
    def priced(x: float) -> float:
        return evaluate(
            case_of(
                OwnedHosts("hardware", "q", 2.0, 1e5 * x, 20.0, 0.2, install=1e3 * x, maintenance_share_per_y=0.1),
                Energy("energy", "q", 2.0, 500.0, 5e3, 0.3, 0.25 * x, 1.3),
                ApiTokens("api", "q", 1.0 * x, 4.0 * x, drift_per_y=-0.2),
                months=36,
                rate=rate,
                inflation_per_y=0.02,
            )
        ).lcot_per_mtok  # type: ignore[return-value]

    assert priced(factor) == pytest.approx(factor * priced(1.0), rel=1e-9)


@given(
    cases(),
    st.floats(0.0, 1e6),
    st.floats(0.0, 0.3),
    st.floats(12.0, 72.0),
)
@settings(max_examples=60)
def test_an_idle_machine_never_lowers_the_cost(case: CostCase, price: float, residual: float, life: float) -> None:
    # Prices do not rise, so a machine is never sold for more than it cost, and the rate is not negative.
    idle = (
        OwnedHosts("hardware", "q", 1.0, price, life, residual),
        Energy("energy", "q", 1.0, 100.0, 1_000.0, 0.0, 0.2, 1.2),
    )
    rate = max(float(case.nominal_discount_rate_per_y), 0.0)
    before = CostCase("a", "EUR", case.horizon_months, rate, case.demand, case.items)
    after = CostCase("b", "EUR", case.horizon_months, rate, case.demand, (*case.items, *idle))
    assert npv_cost(after) >= npv_cost(before) - 1e-9 * (1.0 + abs(float(npv_cost(before))))


def test_straight_line_and_declining_by_hand() -> None:
    assert straight_line(4) == (0.25, 0.25, 0.25, 0.25)
    # 40 % declining over 5 years: 0.4, 0.24, then the book of 0.36 over 3 years is 0.12 < 0.144, then 0.216/2 = 0.108
    assert declining_balance(0.4, 5) == pytest.approx((0.4, 0.24, 0.144, 0.108, 0.108))


def test_macrs_5_relief_by_hand() -> None:
    # 100,000 at 26 % tax, 10 %: 26,000·(0.20/1.1 + 0.32/1.21 + 0.192/1.331 + 0.1152/1.4641 + 0.1152/1.61051 +
    # 0.0576/1.771561) = 26,000·(0.1818181818 + 0.2644628099 + 0.1442524418 + 0.0786831501 + 0.0715301365 +
    # 0.0325136984) = 26,000·0.7732604185 = 20,104.7709
    assert sum(MACRS_5) == pytest.approx(1.0, abs=1e-12)
    case = case_of(OwnedHosts("hardware", "q", 1.0, 100_000.0, 120.0), months=84, rate=0.10)
    after = npv_cost(case, after_tax_flow(case, Tax(0.26, MACRS_5)))
    assert 100_000.0 - after == pytest.approx(20_104.7709, abs=2e-4)


def test_all_that_is_spent_is_deducted_once_at_the_horizon() -> None:
    # At a zero rate the tax saved is the rate times all that was paid net of resale, whatever the schedule.
    case = case_of(
        OwnedHosts("hardware", "q", 2.0, 100_000.0, 24.0, 0.2, install=500.0),
        Fixed("staff", "q", per_month=800.0),
        months=30,
    )
    before = cash_flow(case).total.sum()
    after = after_tax_flow(case, Tax(0.3, straight_line(5))).total.sum()
    assert after == pytest.approx(0.7 * before, rel=1e-9)


def test_the_interest_of_a_loan_is_deducted_and_its_principal_is_not() -> None:
    from millwright.finance.case import Credit, Financing

    host = OwnedHosts("hardware", "q", 1.0, 100_000.0, 120.0, financing=Financing.LOAN, credit=Credit(0.06, 24))
    case = case_of(host, months=36)
    flow = after_tax_flow(case, Tax(0.25, straight_line(3)))
    relief = {line.part: line.amounts.sum() for line in flow.lines}
    interest_paid = cash_flow(case).total.sum() - 100_000.0
    assert relief["relief on interest"] == pytest.approx(-0.25 * interest_paid, rel=1e-9)
    assert relief["relief on depreciation"] == pytest.approx(-25_000.0, rel=1e-9)


def test_what_is_not_yet_written_off_stays_in_the_books() -> None:
    capital = np.zeros(25)
    capital[0] = 100.0
    written, book = depreciation(capital, straight_line(4))
    assert written[[12, 24]].tolist() == [25.0, 25.0]
    assert book == pytest.approx(50.0)


def test_demand_is_what_it_says() -> None:
    figures = evaluate(case_of(Fixed("all", "hand", per_month=600.0), months=12, demand=DEMAND))
    assert figures.tokens_mtok == pytest.approx(12 * 1_200.0)
    assert figures.cost_per_request == pytest.approx(600.0 / 5e5)
