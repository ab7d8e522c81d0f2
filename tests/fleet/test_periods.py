"""A typical week in a few periods: nothing is lost, nothing is underestimated, the busiest comes first."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from millwright.fleet.periods import typical_week
from millwright.traffic.shape import shape_named

weeks = st.lists(
    st.lists(st.floats(0.01, 10.0), min_size=168, max_size=168), min_size=1, max_size=3
).map(np.array)  # fmt: skip


@given(weeks, st.integers(1, 6))
def test_every_hour_is_in_one_period_and_none_exceeds_its_peak(hourly: np.ndarray, most: int) -> None:  # type: ignore[type-arg]
    periods = typical_week(hourly, most)
    assert len(periods) <= most
    assert int(periods.hours.sum()) == 168
    np.testing.assert_array_equal(np.bincount(periods.of_hour), periods.hours)
    for each in hourly:
        assert np.all(periods.peak(each)[periods.of_hour] >= each)
        assert float((periods.mean(each) * periods.shares).sum()) == pytest.approx(float(each.mean()))


def test_a_week_of_two_levels_is_two_periods() -> None:
    hourly = np.where(np.arange(168) % 24 < 8, 3.0, 1.0)[None, :]
    periods = typical_week(hourly)
    assert periods.hours.tolist() == [56, 112]
    assert periods.peak(hourly[0]).tolist() == [3.0, 1.0]


def test_office_hours_in_four_periods_overstate_the_load_by_little() -> None:
    hourly = np.array([shape_named("office-hours").weights])
    periods = typical_week(hourly)
    overstated = float((periods.peak(hourly[0]) * periods.shares).sum()) / float(hourly.mean()) - 1.0
    assert overstated < 0.12
