import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from millwright.finance.discounting import annuity_factor, discount_factors, monthly_rate, present_value, real_rate


def test_twelve_months_compound_to_the_yearly_rate() -> None:
    assert (1 + monthly_rate(0.08)) ** 12 == pytest.approx(1.08, rel=1e-12)


def test_an_annuity_by_hand() -> None:
    # 1 lent at 10 % over 3 periods: 1/1.1 + 1/1.21 + 1/1.331
    # = 0.9090909091 + 0.8264462810 + 0.7513148009 = 2.4868519910, so the payment is 1/2.4868519910 = 0.4021148036
    assert annuity_factor(0.10, 3.0) == pytest.approx(0.4021148036, abs=1e-10)


def test_an_annuity_at_a_zero_rate_is_one_over_the_periods() -> None:
    assert annuity_factor(0.0, 48.0) == pytest.approx(1 / 48, rel=1e-15)


def test_an_annuity_over_an_infinite_life_is_the_rate() -> None:
    assert annuity_factor(0.07, math.inf) == pytest.approx(0.07, rel=1e-15)


def test_an_annuity_of_draws_mixes_zero_and_other_rates() -> None:
    assert np.allclose(annuity_factor(np.array([[0.0], [0.10]]), 3.0), [[1 / 3], [0.4021148036]], atol=1e-10)


@given(st.floats(1e-6, 0.5), st.integers(1, 600))
def test_an_annuity_repays_exactly_what_was_lent(rate: float, periods: int) -> None:
    paid = annuity_factor(rate, float(periods)) * sum((1 + rate) ** -k for k in range(1, periods + 1))
    assert paid == pytest.approx(1.0, rel=1e-9)


def test_fisher_by_hand() -> None:
    # (1.05)(1.03) = 1.0815
    assert real_rate(0.0815, 0.03) == pytest.approx(0.05, rel=1e-12)


def test_discount_factors_by_hand() -> None:
    # one year at 8 %: 1/1.08; two years: 1/1.1664
    factors = discount_factors(0.08, 24)
    assert factors[[0, 12, 24]] == pytest.approx([1.0, 1 / 1.08, 1 / 1.1664], rel=1e-12)


def test_a_net_present_value_by_hand() -> None:
    # 100 today, 108 in a year, 116.64 in two years, at 8 %: 100 + 100 + 100
    amounts = np.zeros(25)
    amounts[[0, 12, 24]] = [100.0, 108.0, 116.64]
    assert present_value(amounts, discount_factors(0.08, 24)) == pytest.approx(300.0, rel=1e-12)
