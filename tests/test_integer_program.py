"""Integer programs against every choice tried, and what is told where there is none, or no time."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from millwright.integer_program import TO_THE_END, Found, Rows, minimise

MOST = 3
"""Values of each column from 0 on that are tried."""

Question = tuple[list[float], list[list[float]], list[float]]


@st.composite
def questions(draw: st.DrawFn) -> Question:
    """Return costs (columns,), coefficients (rows, columns) and the least of each row."""
    columns, rows = draw(st.integers(1, 4)), draw(st.integers(0, 3))
    number = st.integers(-5, 5).map(float)
    costs = draw(st.lists(number, min_size=columns, max_size=columns))
    matrix = [draw(st.lists(number, min_size=columns, max_size=columns)) for _ in range(rows)]
    return costs, matrix, draw(st.lists(number, min_size=rows, max_size=rows))


def solved(question: Question) -> Found:
    """Return what the solver finds for columns from 0 to `MOST`."""
    costs, matrix, least = question
    entries = [(row, column, value) for row, terms in enumerate(matrix) for column, value in enumerate(terms)]
    rows = Rows(
        [row for row, _, _ in entries],
        [column for _, column, _ in entries],
        [value for _, _, value in entries],
        least,
        [np.inf] * len(least),
    )
    count = len(costs)
    return minimise(costs, rows, [0.0] * count, [float(MOST)] * count, [1] * count)


@given(questions())
def test_no_choice_is_cheaper_than_what_is_found(question: Question) -> None:
    costs, matrix, least = question
    tried = [
        float(np.dot(costs, x))
        for x in product(range(MOST + 1), repeat=len(costs))
        if all(np.dot(terms, x) >= low for terms, low in zip(matrix, least, strict=True))
    ]
    found = solved(question)
    assert found.infeasible is not bool(tried)
    if found.values is None:
        assert found.objective == np.inf
        return
    assert found.proven
    assert found.objective == pytest.approx(min(tried), abs=1e-6)
    assert float(np.dot(costs, found.values)) == pytest.approx(found.objective, abs=1e-6)
    assert found.bound <= found.objective + 1e-6


def test_columns_that_are_not_whole_take_fractions() -> None:
    rows = Rows([0, 0], [0, 1], [2.0, 2.0], [3.0], [np.inf])
    found = minimise([1.0, 1.0], rows, [0.0, 0.0], [1.0, 1.0], [0, 0])
    assert found.objective == pytest.approx(1.5)
    assert minimise([1.0, 1.0], rows, [0.0, 0.0], [1.0, 1.0], [1, 1]).objective == pytest.approx(2.0)


def test_without_time_nothing_is_found_and_nothing_is_said_to_be_impossible() -> None:
    rng = np.random.default_rng(0)
    count = 40
    weights = rng.integers(100, 1000, (5, count))
    at = np.nonzero(weights)
    half = weights.sum(axis=1) // 2
    rows = Rows(at[0], at[1], weights[at].astype(float), half.astype(float), half.astype(float))
    found = minimise(
        rng.random(count), rows, [0.0] * count, [1.0] * count, [1] * count, replace(TO_THE_END, time_s=0.0)
    )
    assert found.values is None
    assert not found.infeasible
    assert not found.proven
    assert found.message
