import math
from dataclasses import replace

import numpy as np
import pytest
from cost_case_samples import case_of
from hypothesis import given, settings
from hypothesis import strategies as st

from millwright.finance.break_even import (
    break_even_demand_per_draw,
    break_even_demands,
    break_even_month,
    internal_rate_against,
    internal_rate_of_return,
    payback_months,
    scaled_demand,
)
from millwright.finance.case import ApiTokens, CaseError, CostCase, Demand, Fixed, OwnedHosts

DEMAND = Demand(10e6, 0.0, 1.0)  # 10 Mtok a month


def owned(price: float = 12_000.0, months: int = 24, rate: float = 0.0) -> CostCase:
    return case_of(OwnedHosts("hardware", "q", 1.0, price, 60.0), months=months, rate=rate, demand=DEMAND)


def tokens(price: float = 10.0, months: int = 24, rate: float = 0.0) -> CostCase:
    return case_of(ApiTokens("api", "q", price, price), months=months, rate=rate, demand=DEMAND)


def test_break_even_demand_by_hand() -> None:
    # 12,000 once against 24 months · 10 Mtok · 10 = 2,400 at today's demand: five times that.
    [crossing] = break_even_demands(owned(), tokens())
    assert crossing.demand_factor == pytest.approx(5.0, rel=1e-9)
    assert crossing.cheaper_above == "a"


def test_never_is_an_answer_in_demand() -> None:
    # Owning that also pays 11 per Mtok can never beat tokens at 10.
    dear = case_of(OwnedHosts("hardware", "q", 1.0, 1.0), ApiTokens("rest", "q", 11.0, 11.0), months=24, demand=DEMAND)
    assert break_even_demands(dear, tokens()) == ()


def test_machines_bought_by_the_piece_cross_more_than_once() -> None:
    # One machine of 1,000 per started 2-fold demand; tokens cost 600 per unit of demand over the horizon.
    def pieces(factor: float) -> CostCase:
        machines = float(math.ceil(factor / 2.0))
        demand = scaled_demand(DEMAND, factor)
        return case_of(OwnedHosts("hardware", "q", machines, 1_000.0, 60.0), months=24, demand=demand)

    def bought(factor: float) -> CostCase:
        return replace(tokens(2.5), demand=scaled_demand(DEMAND, factor))

    crossings = break_even_demands(pieces, bought, 0.5, 50.0)
    # n machines cost 1,000·n and serve up to 2n, tokens cost 600·d: a wins from 1,000/600 = 1.667 to 2, 3.333 to 4,
    # 5 to 6 …; from 10 on even a machine just added is cheaper: 1,000·(n + 1) ≤ 600·2n from n = 5.
    assert crossings[0].demand_factor == pytest.approx(1_000 / 600, rel=1e-6)
    assert crossings[0].cheaper_above == "a"
    assert crossings[1].demand_factor == pytest.approx(2.0, rel=1e-6)
    assert crossings[1].cheaper_above == "b"
    assert crossings[-1].cheaper_above == "a"


@given(st.floats(100.0, 1e6), st.floats(0.1, 100.0), st.floats(0.0, 0.2))
@settings(max_examples=15)
def test_at_the_break_even_both_cost_the_same(price: float, per_mtok: float, rate: float) -> None:
    from millwright.finance.figures import npv_cost

    a, b = owned(price, rate=rate), tokens(per_mtok, rate=rate)
    [crossing] = break_even_demands(a, b, 1e-6, 1e6)
    at = replace(b, demand=scaled_demand(DEMAND, crossing.demand_factor))
    assert npv_cost(at) == pytest.approx(price, rel=1e-6)


def test_break_even_per_draw_knows_never() -> None:
    prices = np.array([[12_000.0], [24_000.0], [1e12]])

    def drawn(factor: float) -> CostCase:
        item = OwnedHosts("hardware", "q", 1.0, prices, 60.0)
        return case_of(item, months=24, demand=scaled_demand(DEMAND, factor))

    def bought(factor: float) -> CostCase:
        return replace(tokens(), demand=scaled_demand(DEMAND, factor))

    answer = break_even_demand_per_draw(drawn, bought)
    assert answer[:2] == pytest.approx([5.0, 10.0], rel=1e-9)
    assert math.isnan(answer[2])


def test_break_even_month_by_hand() -> None:
    # 700 today against 100 a month: even at the end of month 7.
    assert break_even_month(owned(700.0), tokens()) == 7
    assert payback_months(owned(700.0), tokens()) == 7


def test_discounting_delays_the_break_even() -> None:
    # At 1 % a month, 700 needs n with (1 − 1.01^−n)/0.01 ≥ 7: n = 7.29, so month 8.
    rate = 1.01**12 - 1
    assert break_even_month(owned(700.0, rate=rate), tokens(rate=rate)) == 8
    assert payback_months(owned(700.0, rate=rate), tokens(rate=rate)) == 7


def test_never_is_an_answer_in_time() -> None:
    assert break_even_month(owned(12_000.0), tokens()) is None
    assert payback_months(owned(12_000.0), tokens()) is None


def test_cheaper_from_the_start_breaks_even_today() -> None:
    assert break_even_month(tokens(1.0), tokens(2.0)) == 0


def test_an_irr_by_hand() -> None:
    # 1,000 out today, 1,210 back in two years: 10 %
    amounts = np.zeros(25)
    amounts[[0, 24]] = [-1_000.0, 1_210.0]
    assert internal_rate_of_return(amounts) == pytest.approx(0.10, rel=1e-9)


def test_savings_that_repay_at_one_percent_a_month() -> None:
    # 100 a month for 24 months are worth 100·(1 − 1.01^−24)/0.01 = 2,124.3387 at 1 % a month: 1.01^12 − 1 a year.
    price = 100 * (1 - 1.01**-24) / 0.01
    assert internal_rate_against(owned(price), tokens()) == pytest.approx(1.01**12 - 1, rel=1e-8)


@pytest.mark.parametrize("amounts", [[1.0, 2.0], [-1.0, -2.0], [0.0, 0.0]])
def test_no_irr_without_a_change_of_sign(amounts: list[float]) -> None:
    assert internal_rate_of_return(np.array(amounts)) is None


def test_no_irr_where_two_rates_fit() -> None:
    # −100, +230, −132 at yearly points: zero at 10 % and at 20 %.
    amounts = np.zeros(25)
    amounts[[0, 12, 24]] = [-100.0, 230.0, -132.0]
    assert internal_rate_of_return(amounts) is None


def test_cases_of_other_horizons_are_not_compared() -> None:
    with pytest.raises(CaseError, match="one horizon"):
        break_even_month(owned(months=24), tokens(months=36))


def test_fixed_costs_alone_never_cross() -> None:
    a = case_of(Fixed("x", "q", per_month=2.0), months=12, demand=DEMAND)
    b = case_of(Fixed("x", "q", per_month=1.0), months=12, demand=DEMAND)
    assert break_even_demands(a, b) == ()
