"""Leaving an option: what binds more never costs less, and each cause does what it says."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millwright.readiness.leaving import ExitEstimate, Leaving, exit_estimate, load_exit_figures

KINDS = st.sampled_from(["owned", "colo", "cloud", "api"])
PARTS = st.builds(
    Leaving,
    kind=KINDS,
    workload=st.just("chat"),
    open_weights=st.booleans(),
    others=st.integers(0, 5),
    usual_interface=st.sampled_from([True, False, None]),
    price_per_month=st.floats(0, 1e5),
    term_months=st.sampled_from([0.0, 12.0, 36.0]),
    purchase=st.floats(0, 1e6),
    hosts=st.integers(0, 20),
    data_bytes=st.floats(0, 1e13),
)
API = Leaving("api", "chat", open_weights=True, others=3, usual_interface=True, price_per_month=500.0)


def _cost(*parts: Leaving, hour_cost: float = 60.0, engineers: float = 1.0) -> ExitEstimate:
    return exit_estimate(parts, hour_cost, 0.9, engineers, "EUR")


@given(PARTS)
def test_ranges_are_in_order_and_the_causes_add_up(part: Leaving) -> None:
    found = _cost(part)
    assert 0.0 <= found.money.low <= found.money.high
    assert 0.0 < found.months.low <= found.months.high
    assert found.money.high == pytest.approx(sum(each.money.high for each in found.parts))
    assert {each.cause for each in found.parts} >= {"data", "formats", "re-tests", "skills"}


@given(PARTS)
def test_what_binds_more_never_costs_less(part: Leaving) -> None:
    found = _cost(part)
    for harder in (
        replace(part, term_months=part.term_months + 12),
        replace(part, purchase=part.purchase + 1e5),
        replace(part, open_weights=False),
        replace(part, usual_interface=False),
    ):
        other = _cost(harder)
        assert other.money.high >= found.money.high - 1e-6
        assert other.months.high >= found.months.high - 1e-9


@given(PARTS, PARTS)
def test_two_workloads_cost_no_less_than_one(first: Leaving, second: Leaving) -> None:
    assert _cost(first, second).money.high >= _cost(first).money.high - 1e-6


def test_what_is_not_known_spans_both_answers_and_is_named() -> None:
    unknown, yes, no = (_cost(replace(API, usual_interface=each)) for each in (None, True, False))
    assert unknown.money.low == yes.money.low
    assert unknown.money.high == no.money.high
    assert any("form of API" in each for each in unknown.unknown)
    assert not yes.unknown


def test_a_reserved_year_is_paid_to_its_end() -> None:
    free = Leaving("cloud", "chat", True, 3, True, price_per_month=1000.0)
    bound = replace(free, term_months=12.0)
    assert _cost(bound).months.high == 12.0
    assert _cost(bound).money.high - _cost(free).money.high == pytest.approx(12_000.0 - 1000.0)


def test_machines_lose_a_share_of_their_price() -> None:
    owned = Leaving("owned", "chat", True, 3, True, purchase=100_000.0, hosts=2)
    machines = next(each for each in _cost(owned, hour_cost=0.0).parts if each.cause == "machines")
    lost = load_exit_figures().machines_lost
    assert (machines.money.low, machines.money.high) == (lost.low * 100_000.0, lost.high * 100_000.0)


def test_a_closed_model_costs_more_to_leave_than_an_open_one() -> None:
    assert _cost(replace(API, open_weights=False)).money.low > _cost(API).money.low


def test_more_engineers_leave_sooner_and_not_cheaper() -> None:
    one, four = _cost(API), _cost(API, engineers=4.0)
    assert four.months.high < one.months.high
    assert four.money == one.money


def test_the_sentence_tells_time_money_and_the_chief_cause() -> None:
    sentence = _cost(API).sentence
    assert sentence.startswith("Leaving takes ")
    assert "EUR, most of it for " in sentence
