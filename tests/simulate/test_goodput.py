"""The largest rate at the SLO: found, bounded, monotone, and refused with its reason."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from cases import poisson, step_time
from hypothesis import given
from hypothesis import strategies as st

from millwright.perf.deployment import SchedulerLimits
from millwright.simulate import Slo, latency_curve, max_rate_at_slo, simulate_open
from millwright.simulate.goodput import Goodput, _next_rate, saturated_rate, stretch
from millwright.traffic.requests import Requests

LIMITS = SchedulerLimits()
KV_TOKENS = 400_000
RNG = np.random.default_rng(0)
REQUESTS = poisson(1.0, RNG.integers(100, 2000, 4000), RNG.integers(20, 300, 4000), seed=1)


def goodput(slo: Slo, **step: float) -> Goodput:
    return max_rate_at_slo(REQUESTS, step_time(**step), LIMITS, KV_TOKENS, slo)


def test_the_slo_holds_at_the_rate_found_and_fails_a_little_above() -> None:
    slo = Slo(ttft_s=0.5, tpot_s=0.03)
    found = goodput(slo)
    at_rate = stretch(REQUESTS)
    judged = slice(400, None)
    shares = [
        slo.met(simulate_open(at_rate(found.rate_per_s * factor), step_time(), LIMITS, KV_TOKENS).only(judged)).mean()
        for factor in (1.0, 1.1)
    ]
    assert shares[0] == found.attainment >= 0.95 > shares[1]
    assert found.low <= found.rate_per_s <= found.high <= found.capacity_per_s * 1.0001


def test_a_looser_slo_never_costs_goodput() -> None:
    rates = [goodput(Slo(ttft_s=0.3 * factor, tpot_s=0.02 * factor)).rate_per_s for factor in (1.0, 1.5, 3.0, 10.0)]
    assert all(later >= 0.98 * earlier for earlier, later in pairwise(rates))


def test_a_faster_device_never_has_less_goodput() -> None:
    slo = Slo(ttft_s=0.5, tpot_s=0.03)
    rates = [goodput(slo, per_token_s=seconds).rate_per_s for seconds in (4e-5, 2e-5, 1e-5)]
    assert all(later >= 0.98 * earlier for earlier, later in pairwise(rates))


@pytest.mark.parametrize(
    ("slo", "binding"), [(Slo(ttft_s=1e-3), "ttft_s"), (Slo(tpot_s=1e-3), "tpot_s"), (Slo(e2e_s=1e-3), "e2e_s")]
)
def test_an_slo_that_an_idle_replica_breaks_gives_zero_and_says_which_limit(slo: Slo, binding: str) -> None:
    found = goodput(slo)
    assert found.rate_per_s == 0.0
    assert found.binding == binding
    assert binding.removesuffix("_s").upper() in found.reason
    assert "times as long" in found.reason


def test_requests_that_never_fit_give_zero_and_say_so() -> None:
    found = max_rate_at_slo(REQUESTS, step_time(), LIMITS, 500, Slo(ttft_s=1.0))
    assert (found.rate_per_s, found.binding) == (0.0, "refused")


def test_without_limits_the_goodput_is_the_capacity() -> None:
    found = goodput(Slo())
    assert found.binding == "capacity"
    assert found.rate_per_s == pytest.approx(saturated_rate(REQUESTS, step_time(), LIMITS, KV_TOKENS))


def test_the_limit_that_stops_a_higher_rate_is_named() -> None:
    assert goodput(Slo(ttft_s=100.0, tpot_s=0.015)).binding == "tpot_s"
    assert goodput(Slo(ttft_s=0.15, tpot_s=10.0)).binding == "ttft_s"


def test_a_long_batch_finishes_at_its_capacity() -> None:
    capacity = saturated_rate(REQUESTS, step_time(), LIMITS, KV_TOKENS)
    flooded = simulate_open(stretch(REQUESTS)(5 * capacity), step_time(), LIMITS, KV_TOKENS)
    assert len(REQUESTS) / flooded.makespan_s == pytest.approx(capacity, rel=0.1)


def test_latency_rises_along_the_curve() -> None:
    curve = latency_curve(REQUESTS, (2.0, 10.0, 18.0), step_time(), LIMITS, KV_TOKENS)
    means = [point.metrics.ttft_s.mean.value for point in curve if point.metrics.ttft_s.mean]
    assert means == sorted(means)
    assert len(means) == 3


def test_requests_that_all_come_at_once_have_no_rate() -> None:
    burst = Requests(np.zeros(10), np.full(10, 5), np.full(10, 5))
    with pytest.raises(ValueError, match="all arrive at once"):
        max_rate_at_slo(burst, step_time(), LIMITS, KV_TOKENS, Slo(ttft_s=1.0))


@given(
    low=st.floats(0.01, 100.0),
    gap=st.floats(1.001, 3.0),
    failing=st.tuples(st.floats(1e-7, 1.0), st.floats(1e-7, 1.0)),
    allowed=st.floats(1e-6, 0.5),
    side=st.sampled_from(["below", "above", "between"]),
)
def test_the_next_rate_is_found_however_flat_or_steep_failures_grow(
    low: float, gap: float, failing: tuple[float, float], allowed: float, side: str
) -> None:
    high = low * gap
    shares = dict(zip((low, high), failing, strict=True))
    bracket = {"below": (0.0, low), "above": (high, float("inf")), "between": (low, high)}[side]
    found = _next_rate(shares, *bracket, allowed, 0.01, 0.15)
    assert {"below": 0.0, "above": high, "between": low}[side] < found
    assert found < {"below": low, "above": 2.0 * high, "between": high}[side]


def test_failures_that_hardly_grow_neither_overflow_nor_vanish() -> None:
    found = _next_rate({1.0: 0.01, 1.1: 0.01 * (1.0 + 1e-12)}, 1.1, float("inf"), 0.1, 0.01, 0.15)
    assert found == pytest.approx(1.5 * 1.1)
    between = _next_rate({1.0: 0.2, 1.1: 0.2 * (1.0 + 1e-12)}, 1.0, 1.1, 0.1, 0.01, 0.15)
    assert 1.0 < between < 1.1
