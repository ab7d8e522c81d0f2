"""Requests built from patterns: rates, weeks, replayed traces."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from millwright.spans import HOURS_PER_MONTH
from millwright.traffic.arrivals import Bursts, Gamma, Poisson
from millwright.traffic.build import build_requests
from millwright.traffic.lengths import Empirical, Lognormal, Uniform
from millwright.traffic.pattern import MOST_REQUESTS, TrafficPattern, demand
from millwright.traffic.requests import Requests
from millwright.traffic.shape import FLAT, named_shapes, weekly_shape

PATTERN = TrafficPattern(
    mean_rate_per_s=2.0,
    input=Lognormal.from_mean_and_sigma(1000, 0.8),
    output=Uniform(10.0, 300.0),
    arrivals=Poisson(),
    shape=named_shapes()["office-hours"].weights,
)

TRACE = Requests(
    arrival_s=np.array([0.0, 1.0, 1.5, 4.0]),
    input_tokens=np.array([10, 20, 30, 40]),
    output_tokens=np.array([1, 2, 3, 4]),
    prefix_blocks=np.array([7, 8, 7, 9, 10, 11]),
    prefix_offsets=np.array([0, 2, 4, 4, 6]),
    prefix_block_tokens=512,
)


def _traced(trace: Requests = TRACE) -> TrafficPattern:
    return TrafficPattern(
        mean_rate_per_s=trace.rate_per_s,
        input=Empirical(np.sort(trace.input_tokens)),
        output=Empirical(np.sort(trace.output_tokens)),
        arrivals=Poisson(),
        shape=FLAT,
        trace=trace,
    )


@given(st.integers(0, 500), st.integers(0, 2**32))
@settings(deadline=None)
def test_requests_are_many_as_asked_sorted_and_of_one_token_or_more(n: int, seed: int) -> None:
    requests = build_requests(PATTERN, n=n, seed=seed)
    assert len(requests) == n
    assert (np.diff(requests.arrival_s) >= 0).all()
    if n:
        assert requests.input_tokens.min() >= 1
        assert requests.output_tokens.min() >= 1


@given(st.integers(0, 2**32))
@settings(max_examples=20, deadline=None)
def test_the_same_seed_builds_the_same_requests_and_another_others(seed: int) -> None:
    one, again, other = (build_requests(PATTERN, n=200, seed=each) for each in (seed, seed, seed + 1))
    assert (one.arrival_s == again.arrival_s).all()
    assert (one.input_tokens == again.input_tokens).all()
    assert (one.arrival_s != other.arrival_s).any()


def test_the_peak_hour_is_built_if_no_rate_is_given() -> None:
    requests = build_requests(PATTERN, n=100_000, seed=1)
    assert requests.rate_per_s == pytest.approx(PATTERN.peak_rate_per_s, rel=0.02)
    assert PATTERN.peak_rate_per_s == pytest.approx(2.0 * max(PATTERN.shape))


@pytest.mark.parametrize("arrivals", [Poisson(), Gamma(2.0), Bursts(10.0, 5.0, 20.0)], ids=str)
def test_a_duration_holds_as_many_requests_as_its_rate_says(arrivals: Poisson) -> None:
    pattern = TrafficPattern(2.0, PATTERN.input, PATTERN.output, arrivals, FLAT)
    requests = build_requests(pattern, duration_s=20_000.0, rate_per_s=5.0, seed=3)
    expected = 100_000
    spread = math.sqrt(arrivals.index_of_dispersion(5.0, 20_000.0) * expected)
    assert abs(len(requests) - expected) < 5 * spread
    assert requests.arrival_s[-1] < 20_000.0


def test_a_week_follows_its_shape() -> None:
    requests = build_requests(PATTERN, duration_s=7 * 86_400.0, start_hour=0.0, seed=5)
    per_hour = np.histogram(requests.arrival_s, bins=np.arange(169) * 3600.0)[0]
    expected = np.array(PATTERN.shape) * 2.0 * 3600.0
    assert len(requests) == pytest.approx(7 * 86_400 * 2.0, rel=0.01)
    assert (np.abs(per_hour - expected) < 6 * np.sqrt(expected) + 1).all()


def test_a_week_may_begin_at_any_hour() -> None:
    requests = build_requests(PATTERN, duration_s=3600.0, start_hour=33.0, seed=5)  # Tuesday, nine o'clock
    assert len(requests) == pytest.approx(2.0 * 3600 * PATTERN.shape[33], rel=0.1)


def test_hours_without_demand_get_no_requests() -> None:
    shape = weekly_shape([0.0] * 8 + [1.0] * 10 + [0.0] * 6)
    pattern = TrafficPattern(1.0, PATTERN.input, PATTERN.output, Poisson(), shape)
    requests = build_requests(pattern, duration_s=3 * 86_400.0, start_hour=0.0, seed=2)
    hour = (requests.arrival_s / 3600.0).astype(int) % 24
    assert set(hour) == set(range(8, 18))
    assert len(requests) == pytest.approx(3 * 86_400, rel=0.02)


def test_the_whole_trace_is_replayed_as_it_is() -> None:
    requests = build_requests(_traced(), seed=9)
    assert (requests.arrival_s == TRACE.arrival_s).all()
    assert (requests.input_tokens == TRACE.input_tokens).all()
    assert (requests.output_tokens == TRACE.output_tokens).all()
    assert requests.prefix_blocks is not None
    assert TRACE.prefix_blocks is not None
    assert (requests.prefix_blocks == TRACE.prefix_blocks).all()


@given(st.integers(1, 50), st.floats(0.1, 100), st.integers(0, 2**32))
@settings(deadline=None)
def test_a_replayed_trace_keeps_pairs_order_and_blocks(n: int, rate_per_s: float, seed: int) -> None:
    requests = build_requests(_traced(), n=n, rate_per_s=rate_per_s, seed=seed)
    assert len(requests) == n
    assert requests.arrival_s[0] == 0.0
    assert (np.diff(requests.arrival_s) > 0).all()
    position = np.searchsorted(TRACE.input_tokens, requests.input_tokens)
    assert (requests.output_tokens == TRACE.output_tokens[position]).all()
    assert (np.diff(position) % len(TRACE) == 1).all() or n == 1
    assert requests.prefix_offsets is not None
    assert TRACE.prefix_offsets is not None
    assert (np.diff(requests.prefix_offsets) == np.diff(TRACE.prefix_offsets)[position]).all()


def test_laps_of_a_trace_keep_its_rate_and_share_no_prefix() -> None:
    requests = build_requests(_traced(), n=4000, rate_per_s=3.0, seed=1)
    assert requests.rate_per_s == pytest.approx(3.0, rel=0.01)
    assert requests.prefix_blocks is not None
    values, counts = np.unique(requests.prefix_blocks, return_counts=True)
    assert counts.max() == 2  # block 7 is shared by two requests of the same lap, and by no others
    assert len(values) > 4000


def test_a_trace_at_one_moment_is_spread_evenly() -> None:
    trace = Requests(np.zeros(3), np.array([1, 2, 3]), np.array([1, 2, 3]))
    requests = build_requests(_traced(trace), n=6, rate_per_s=2.0, seed=1)
    assert np.diff(requests.arrival_s) == pytest.approx(0.5)


def test_picking_requests_keeps_their_priority() -> None:
    trace = Requests(np.arange(3.0), np.arange(1, 4), np.arange(1, 4), priority=np.array([5, 6, 7]))
    picked = trace.pick(np.array([0, 2]))
    assert picked.priority is not None
    assert (picked.priority == [5, 7]).all()
    assert picked.prefix_blocks is None


def test_demand_is_counted_by_hand() -> None:
    asked = demand(PATTERN)
    assert asked.requests_per_month == pytest.approx(2.0 * 3600 * HOURS_PER_MONTH)
    assert asked.output_tokens_per_month == pytest.approx(asked.requests_per_month * 155)
    assert asked.input_tokens_per_month == pytest.approx(asked.requests_per_month * 1000)
    assert sum(asked.hourly_rate_per_s) / 168 == pytest.approx(2.0)
    assert max(asked.hourly_rate_per_s) == pytest.approx(asked.peak_rate_per_s)
    assert asked.peak_factor == pytest.approx(max(PATTERN.shape))


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({}, "only a trace has a length"),
        ({"n": 5, "duration_s": 5.0}, "not both"),
        ({"n": -1}, "n must be between"),
        ({"n": MOST_REQUESTS + 1}, "n must be between"),
        ({"n": 5, "rate_per_s": 0.0}, "rate must be above 0"),
        ({"n": 5, "rate_per_s": float("nan")}, "rate must be above 0"),
        ({"duration_s": -1.0}, "duration must be 0 or more"),
        ({"duration_s": float("inf")}, "duration must be 0 or more"),
        ({"duration_s": 1e12}, "more than can be built"),
    ],
)
def test_what_cannot_be_built_is_refused(asked: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build_requests(PATTERN, seed=1, **asked)  # type: ignore[arg-type]
