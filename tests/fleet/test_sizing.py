"""Whole machines for the peak, plus spares."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from millwright.fleet.sizing import growing_demand, machines_needed, schedule_machines

FLAT = np.ones(168)
HOURS = np.arange(168)
OFFICE = np.where((HOURS % 24 >= 8) & (HOURS % 24 < 18) & (HOURS < 120), 1.0, 0.0)


@given(rate=st.floats(1e-6, 1e6), capacity=st.floats(1e-3, 1e4))
def test_the_machines_carry_the_rate_and_one_fewer_would_not(rate: float, capacity: float) -> None:
    count = float(machines_needed(rate, capacity))
    assert count * capacity >= rate * (1 - 1e-9)
    assert count == 1 or (count - 1) * capacity < rate


def test_an_exact_multiple_needs_no_extra_machine() -> None:
    assert machines_needed(6.0, 2.0) == 3
    assert machines_needed(0.3, 0.1) == 3  # 0.3/0.1 is not exactly 3 in floating point


def test_a_machine_that_serves_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="serves nothing"):
        machines_needed(1.0, 0.0)


def test_growth_is_compounded_monthly_to_the_yearly_figure() -> None:
    demand = growing_demand(2.0, 0.21, 25, FLAT)
    assert demand.mean_rate_per_s[12] == pytest.approx(2.42)
    assert demand.mean_rate_per_s[24] == pytest.approx(2.0 * 1.21**2)


def test_bought_machines_never_shrink_and_cover_the_year_ahead() -> None:
    schedule = schedule_machines(growing_demand(10.0, 0.5, 36, FLAT), 3.0, spares=1)
    assert (np.diff(schedule.installed) >= 0).all()
    assert (schedule.installed >= schedule.serving + 1).all()
    assert [len(set(schedule.installed[start : start + 12])) for start in (0, 12, 24)] == [1, 1, 1]


def test_switching_by_the_hour_pays_for_office_hours_only() -> None:
    schedule = schedule_machines(growing_demand(1.0, 0.0, 1, OFFICE), 100.0, spares=0)
    assert schedule.switched[0] == pytest.approx(50 / 168)
    assert schedule.rented[0] == 1


def test_a_week_of_work_is_the_mean_rate_over_the_capacity() -> None:
    schedule = schedule_machines(growing_demand(1.0, 0.0, 12, OFFICE), 100.0, spares=1)
    assert schedule.utilisation.mean() == pytest.approx(1.0 / (2 * 100.0))


@given(factor=st.floats(1.0, 50.0), spares=st.integers(0, 3))
def test_more_demand_never_needs_fewer_machines(factor: float, spares: int) -> None:
    base = growing_demand(1.0, 0.1, 24, OFFICE)
    little = schedule_machines(base, 0.7, spares=spares)
    much = schedule_machines(base.scaled(factor), 0.7, spares=spares)
    assert (much.installed >= little.installed).all()
    assert (much.switched >= little.switched - 1e-9).all()


def test_draws_are_the_single_cases_side_by_side() -> None:
    base = growing_demand(3.0, 0.3, 30, OFFICE)
    factors, capacities = np.array([[0.5], [1.0], [4.0]]), np.array([[0.7], [1.1], [0.4]])
    together = schedule_machines(base.scaled(factors), capacities, spares=1)
    for row, (factor, capacity) in enumerate(zip(factors[:, 0], capacities[:, 0], strict=True)):
        alone = schedule_machines(base.scaled(float(factor)), float(capacity), spares=1)
        for name in ("serving", "installed", "rented", "switched", "utilisation"):
            np.testing.assert_allclose(getattr(together, name)[row], getattr(alone, name))


def test_hourly_weights_must_be_a_week() -> None:
    with pytest.raises(ValueError, match="168"):
        growing_demand(1.0, 0.0, 12, np.ones(24))


def test_caution_adds_machines_and_not_load() -> None:
    demand = growing_demand(7.5, 0.0, 12, np.ones(168))
    plain = schedule_machines(demand, 2.0, spares=0)
    cautious = schedule_machines(demand, 1.5, spares=0, true_capacity_per_s=2.0)
    assert plain.installed.max() == 4.0
    assert cautious.installed.max() == 5.0
    assert cautious.utilisation.mean() == pytest.approx(7.5 / (5.0 * 2.0))
