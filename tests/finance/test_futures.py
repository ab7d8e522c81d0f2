import numpy as np
import pytest
from cost_case_samples import case_of, worked_out

from millwright.finance.case import ApiTokens, Energy, OwnedHosts, Rented
from millwright.finance.cash_flow import cash_flow
from millwright.finance.futures import DemandCurve, Future, futures, priced_under
from millwright.finance.pricing import UnderFuture, smallest_worst_regret

CASE = case_of(
    OwnedHosts("hardware", "q", 1.0, 1_000.0, 12.0, 0.5, residual_age_months=12.0),
    Energy("energy", "q", 1.0, 1_000.0, 1_000.0, 0.0, 0.1),
    Rented("rent", "q", 1.0, 1.0),
    ApiTokens("api", "q", 1.0, 1.0),
    months=36,
)


def test_the_first_future_changes_nothing() -> None:
    first = next(iter(futures().values()))
    assert cash_flow(priced_under(CASE, first)).total == pytest.approx(cash_flow(CASE).total)
    assert (first.demand_factors(36) == 1.0).all()


def test_every_future_says_what_it_assumes() -> None:
    for future in list(futures().values())[1:]:
        assert future.says
        assert future.source
        assert future.quality in "ABC"


def test_prices_move_as_the_future_says() -> None:
    future = Future("f", "", api_price_drift_per_y=-0.5, rent_drift_per_y=-0.2, hardware_price_drift_per_y=-0.3)
    causes = cash_flow(priced_under(CASE, future)).by_cause
    assert causes["api"][25] == pytest.approx(0.25 * causes["api"][1])
    assert causes["rent"][25] == pytest.approx(0.64 * causes["rent"][1])
    # at t = 12 a new host at 700 and half of 1,000 for the old one
    assert causes["hardware"][12] == pytest.approx(700.0 - 500.0)


def test_a_tariff_steps_in_its_month_and_the_formula_knows() -> None:
    flow = cash_flow(priced_under(CASE, Future("f", "", tariff_steps=((3, 2.0), (5, 1.5)))))
    [line] = [line for line in flow.lines if line.cause == "energy"]
    assert line.amounts[1:7] / 73.05 == pytest.approx([1, 1, 2, 2, 1.5, 1.5])
    assert [worked_out(line, t, 36) for t in range(37)] == pytest.approx(line.amounts)


def test_demand_starts_as_stated_and_ends_at_its_ceiling() -> None:
    factors = Future("f", "", demand=DemandCurve(4.0, 18.0, 4.0)).demand_factors(120)
    assert factors[0] == 1.0
    assert factors[-1] == pytest.approx(4.0, abs=1e-6)
    assert (np.diff(factors) >= 0.0).all()
    assert factors[17] == pytest.approx(2.5, abs=0.05)


def test_the_smallest_worst_regret_by_hand() -> None:
    # a is best by 10 in one future and worst by 4 in the other: its worst regret is 4, b's is 10
    found = (
        UnderFuture(Future("1", ""), {}, {"a": 10.0, "b": 20.0}),
        UnderFuture(Future("2", ""), {}, {"a": 14.0, "b": 10.0}),
    )
    assert smallest_worst_regret(found) == ("a", 4.0)
