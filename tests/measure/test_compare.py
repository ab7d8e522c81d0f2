"""Comparison of predicted and measured by hand-made cases."""

from __future__ import annotations

import numpy as np
import pytest

from millwright.measure.compare import as_json, compare, compare_groups


def test_errors_bias_coverage_and_width_by_hand() -> None:
    measured = np.array([100.0, 100.0, 100.0, np.nan])
    predicted = np.array([110.0, 80.0, 100.0, 5.0])
    one = compare("all", "tpot", measured, predicted, predicted * 0.9, predicted * 1.1)
    assert one is not None
    assert (one.points, one.answered) == (3, 1.0)
    assert one.median_abs_error == pytest.approx(0.10)
    assert one.mean_abs_error == pytest.approx(0.10)
    assert one.bias == pytest.approx(0.0)
    assert one.inside_80 == pytest.approx(2 / 3)
    assert one.width == pytest.approx(1.1 / 0.9)


def test_no_answer_counts_against_the_rate() -> None:
    predicted = np.array([np.nan, 1.0])
    one = compare("all", "tpot", np.array([1.0, 1.0]), predicted, predicted, predicted)
    assert one is not None
    assert one.answered == 0.5
    nothing = compare("all", "tpot", np.array([1.0]), np.array([np.nan]), np.array([np.nan]), np.array([np.nan]))
    assert nothing is not None
    assert as_json([nothing])[0]["median_abs_error"] is None


def test_a_metric_that_was_not_measured_is_left_out() -> None:
    blank = np.full((1, 2), np.nan)
    assert compare_groups(["a", "b"], ["tpot"], blank, blank, blank, blank) == []
