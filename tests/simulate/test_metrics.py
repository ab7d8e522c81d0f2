"""The summary of a run: right where it can be checked, silent where there is too little to say."""

from __future__ import annotations

import numpy as np
import pytest
from cases import poisson, step_time

from millwright.perf.deployment import SchedulerLimits
from millwright.simulate import RequestOutcomes, Slo, attainment_by, simulate_closed, simulate_open, summarise
from millwright.simulate.metrics import latency, mean_interval
from millwright.traffic.requests import Requests

LIMITS = SchedulerLimits()


def run(n: int, rate_per_s: float = 15.0, seed: int = 0, kv_tokens: int = 400_000) -> RequestOutcomes:
    rng = np.random.default_rng(seed)
    requests = poisson(rate_per_s, rng.integers(50, 1500, n), rng.integers(2, 250, n), seed=seed + 100)
    return simulate_open(requests, step_time(), LIMITS, kv_tokens)


def test_percentiles_are_those_of_the_requests() -> None:
    outcomes = run(5000)
    metrics = summarise(outcomes)
    for name in ("ttft_s", "tpot_s", "e2e_s", "queue_s"):
        values = getattr(outcomes, name)
        for percentile in (50.0, 90.0, 95.0, 99.0):
            interval = getattr(metrics, name).percentile(percentile)
            assert interval.value == pytest.approx(np.percentile(values, percentile), rel=1e-12)
            assert interval.low <= interval.value <= interval.high


def test_a_percentile_from_too_few_requests_is_refused() -> None:
    few, enough = summarise(run(900)), summarise(run(1000))
    assert few.ttft_s.p99 is None
    assert few.ttft_s.p95 is not None
    assert enough.ttft_s.p99 is not None
    assert enough.ttft_s.p999 is None
    assert any("too few for a p99" in warning for warning in few.warnings)


def test_the_gaps_between_tokens_add_up_to_the_decode_time() -> None:
    outcomes = run(2000)
    counts = outcomes.gap_counts
    middles_s = 2.0 ** (-30.0 + 0.1234 + (np.arange(len(counts)) + 0.5) / 64)
    assert (counts * middles_s).sum() == pytest.approx((outcomes.finish_s - outcomes.first_token_s).sum(), rel=0.01)
    metrics = summarise(outcomes)
    assert metrics.itl_s.p50 is not None
    assert metrics.itl_s.p99 is not None
    assert metrics.itl_s.p50.value < metrics.itl_s.p99.value


def test_throughput_in_steady_state_is_what_arrives() -> None:
    outcomes = run(20_000, rate_per_s=12.0)
    metrics = summarise(outcomes, Slo(ttft_s=10.0), warmup=0.1)
    assert metrics.requests == 18_000
    assert metrics.requests_per_s == pytest.approx(12.0, rel=0.03)
    assert metrics.output_tokens_per_s == pytest.approx(12.0 * outcomes.output_tokens.mean(), rel=0.05)
    assert metrics.goodput_per_s == pytest.approx(metrics.requests_per_s)
    assert metrics.stationary
    assert 0 < metrics.kv_mean_share <= metrics.kv_peak_share <= 1
    assert 0 < metrics.utilisation <= 1


def test_an_overloaded_run_is_called_what_it_is() -> None:
    metrics = summarise(run(5000, rate_per_s=80.0), warmup=0.1)
    assert not metrics.stationary
    assert any("still grows" in warning for warning in metrics.warnings)


def test_a_burst_is_timed_to_its_last_token() -> None:
    outcomes = simulate_closed(np.full(64, 100), np.full(64, 50), 64, step_time(), LIMITS, 10**6)
    metrics = summarise(outcomes)
    assert metrics.window_s == outcomes.makespan_s
    assert metrics.requests_per_s == pytest.approx(64 / outcomes.makespan_s)


def test_batch_means_cover_the_truth_about_as_often_as_they_say() -> None:
    """An AR(1) process with a known mean: 80 % intervals that ignore correlation would cover it in about 40 %."""
    covered = 0
    for seed in range(200):
        noise = np.random.default_rng(seed).normal(size=4000)
        values = np.empty_like(noise)
        level = 0.0
        for i, shock in enumerate(noise):
            level = 0.8 * level + shock
            values[i] = level
        interval = mean_interval(values)
        covered += interval.low <= 0.0 <= interval.high
    assert 0.68 <= covered / 200 <= 0.9


def test_attainment_is_told_by_class() -> None:
    outcomes = run(3000)
    longer = (outcomes.input_tokens > 700).astype(np.int64)
    shares = attainment_by(outcomes, Slo(ttft_s=0.05), longer)
    assert shares[0].value > shares[1].value


def test_refused_requests_break_the_slo_and_are_counted() -> None:
    requests = Requests(np.arange(40) * 1.0, np.full(40, 100), np.full(40, 10))
    outcomes = simulate_open(requests, step_time(), SchedulerLimits(max_model_len_tokens=100), 10**6)
    metrics = summarise(outcomes, Slo(ttft_s=1.0))
    assert metrics.refused == 40
    assert metrics.attainment is not None
    assert metrics.attainment.value == 0.0
    assert metrics.ttft_s.mean is None


def test_latency_of_nothing_is_nothing() -> None:
    assert latency(np.array([])).mean is None


@pytest.mark.parametrize("broken", [{"ttft_s": 0.0}, {"tpot_s": -1.0}, {"percentile": 0.0}, {"percentile": 101.0}])
def test_a_senseless_slo_is_refused(broken: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be above 0"):
        Slo(**broken)
