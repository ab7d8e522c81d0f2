"""The simulator against what queueing theory says of systems it can be made into."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from cases import Case, cases, poisson, step_time
from hypothesis import given, settings

from millwright.perf.deployment import SchedulerLimits
from millwright.perf.step_time import StepTime
from millwright.quantity import Basis
from millwright.simulate import simulate_closed, simulate_open
from millwright.simulate.metrics import standard_error
from millwright.traffic.requests import Requests

ONE_AT_A_TIME = SchedulerLimits(1, 4096, 16, 0.0)
PLENTY_OF_KV = 10**9
STANDARD_ERRORS = 4.0


def per_token(seconds: float, max_tokens: int = 4096) -> StepTime:
    """Return step times proportional to the tokens."""
    times_s = seconds * np.arange(max_tokens + 1)
    return StepTime(times_s, times_s, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, Basis.ASSUMED)


def constant(seconds: float, max_tokens: int = 4096) -> StepTime:
    """Return step times that do not depend on the batch."""
    times_s = np.where(np.arange(max_tokens + 1) > 0, seconds, 0.0)
    return StepTime(times_s, times_s, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, Basis.ASSUMED)


def mean_wait_s(requests: Requests, step: StepTime, limits: SchedulerLimits) -> tuple[float, float]:
    """Return the mean wait after warm-up and its standard error [s]."""
    queue_s = simulate_open(requests, step, limits, PLENTY_OF_KV).queue_s[len(requests) // 10 :]
    return float(queue_s.mean()), standard_error(queue_s)


@pytest.mark.parametrize("load", [0.3, 0.6, 0.8])
def test_one_server_of_constant_steps_waits_as_m_d_1(load: float) -> None:
    service_s, n = 0.02, 200_000
    ones = np.ones(n, dtype=np.int64)
    requests = poisson(load / service_s, ones, ones, seed=1)
    mean_s, error_s = mean_wait_s(requests, constant(service_s), ONE_AT_A_TIME)
    assert mean_s == pytest.approx(load * service_s / (2 * (1 - load)), abs=STANDARD_ERRORS * error_s)


@pytest.mark.parametrize("load", [0.3, 0.7])
def test_one_server_of_steps_by_length_waits_as_pollaczek_and_khinchine_say(load: float) -> None:
    rng, n = np.random.default_rng(2), 200_000
    tokens = np.minimum(rng.geometric(1 / 300, n), 4096)
    service_s = 1e-4 * tokens
    rate_per_s = load / service_s.mean()
    requests = poisson(rate_per_s, tokens, np.ones(n, dtype=np.int64), seed=3)
    mean_s, error_s = mean_wait_s(requests, per_token(1e-4), ONE_AT_A_TIME)
    expected_s = rate_per_s * (service_s**2).mean() / (2 * (1 - load))
    assert mean_s == pytest.approx(expected_s, abs=STANDARD_ERRORS * error_s)


def test_a_batch_of_independent_lanes_waits_as_erlang_c() -> None:
    lanes, load, step_s, mean_steps, n = 8, 0.8, 1e-4, 2000, 100_000
    rng = np.random.default_rng(4)
    outputs = rng.geometric(1 / mean_steps, n)
    rate_per_s = load * lanes / (mean_steps * step_s)
    requests = poisson(rate_per_s, np.ones(n, dtype=np.int64), outputs, seed=5)
    mean_s, error_s = mean_wait_s(requests, constant(step_s), SchedulerLimits(lanes, 4096, 16, 0.0))
    offered = load * lanes
    waiting = offered**lanes / math.factorial(lanes) / (1 - load)
    probability = waiting / (sum(offered**k / math.factorial(k) for k in range(lanes)) + waiting)
    expected_s = probability * mean_steps * step_s / (lanes * (1 - load))
    assert mean_s == pytest.approx(expected_s, abs=STANDARD_ERRORS * error_s + 2 * step_s)


@settings(max_examples=100, deadline=None)
@given(cases())
def test_littles_law_holds_exactly_for_decoding_sequences(case: Case) -> None:
    outcomes = simulate_open(case.requests, case.step, case.limits, case.kv_capacity_tokens)
    if outcomes.preemptions.any():
        return  # a preempted sequence also waits between its tokens
    decoding_s = np.nansum(outcomes.finish_s - outcomes.first_token_s)
    assert outcomes.totals.decode_seconds == pytest.approx(decoding_s, rel=1e-9, abs=1e-9)


def test_a_fixed_batch_takes_the_sum_of_its_steps() -> None:
    batch, prompt, output = 7, 100, 33
    step = step_time(request_s=0.02)
    outcomes = simulate_closed([prompt] * batch, [output] * batch, batch, step, SchedulerLimits(), PLENTY_OF_KV)
    attention = batch * prompt * (prompt + 1) / 2
    first_s = 0.02 + step.tokens_s[batch * prompt] + step.prefill_s * attention + step.seq_s * batch
    per_step_s = step.decode_tokens_s[batch] + step.seq_s * batch
    read = sum(batch * (prompt + j) for j in range(1, output))
    np.testing.assert_allclose(outcomes.ttft_s, first_s, rtol=1e-12)
    np.testing.assert_allclose(outcomes.e2e_s, first_s + (output - 1) * per_step_s + step.kv_s * read, rtol=1e-12)
    assert outcomes.totals.steps == output


def test_a_prompt_longer_than_the_budget_takes_a_step_per_chunk() -> None:
    step = step_time()
    outcomes = simulate_closed([1000], [1], 1, step, SchedulerLimits(4, 300), PLENTY_OF_KV)
    chunks = [(0, 300), (300, 300), (600, 300), (900, 100)]
    expected_s = sum(
        step.tokens_s[c] + step.prefill_s * (c * done + c * (c + 1) / 2) + step.seq_s for done, c in chunks
    )
    assert outcomes.ttft_s[0] == pytest.approx(expected_s, rel=1e-12)


@settings(max_examples=60, deadline=None)
@given(cases())
def test_time_has_no_scale_of_its_own(case: Case) -> None:
    """Arrivals and steps twice as slow: everything takes twice as long, and nothing else changes."""
    step, requests = case.step, case.requests
    times = ("tokens_s", "decode_tokens_s", "kv_s", "prefill_s", "seq_s", "request_s")
    slow = replace(step, **{name: 2 * getattr(step, name) for name in times})
    if step.speculation is not None:
        slow = replace(slow, speculation=replace(step.speculation, draft_s=2 * step.speculation.draft_s))
    late = replace(requests, arrival_s=2 * requests.arrival_s)
    once = simulate_open(requests, step, case.limits, case.kv_capacity_tokens)
    twice = simulate_open(late, slow, case.limits, case.kv_capacity_tokens)
    np.testing.assert_allclose(twice.finish_s, 2 * once.finish_s, rtol=1e-12)
    assert twice.totals.steps == once.totals.steps


def test_more_bandwidth_is_not_slower() -> None:
    n = 3000
    rng = np.random.default_rng(6)
    requests = poisson(15.0, rng.integers(1, 2000, n), rng.integers(1, 300, n), seed=7)
    waits_s = [
        float(simulate_open(requests, step_time(kv_s=kv_s), SchedulerLimits(), 300_000).e2e_s.mean())
        for kv_s in (1e-8, 2e-8, 4e-8, 8e-8)
    ]
    assert waits_s == sorted(waits_s)


def test_the_same_input_gives_the_same_output() -> None:
    requests = poisson(20.0, np.full(2000, 500), np.full(2000, 100), seed=8)
    runs = [simulate_open(requests, step_time(), SchedulerLimits(), 60_000) for _ in range(2)]
    assert runs[0].finish_s.tobytes() == runs[1].finish_s.tobytes()


def test_the_urgent_wait_less_and_keep_their_cache() -> None:
    n = 3000
    rng = np.random.default_rng(9)
    urgent = rng.random(n) < 0.3
    requests = poisson(14.0, rng.integers(50, 1500, n), rng.integers(50, 400, n), seed=10)
    ranked = replace(requests, priority=np.where(urgent, 0, 1))
    outcomes = simulate_open(ranked, step_time(), SchedulerLimits(), 30_000)
    equal = simulate_open(requests, step_time(), SchedulerLimits(), 30_000)
    assert outcomes.queue_s[urgent].mean() < 0.2 * outcomes.queue_s[~urgent].mean()
    assert outcomes.queue_s[urgent].mean() < equal.queue_s[urgent].mean()
    assert outcomes.preemptions[urgent].mean() < outcomes.preemptions[~urgent].mean()
