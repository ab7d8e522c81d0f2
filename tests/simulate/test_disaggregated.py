"""Prompts here, answers there: the two stages add up, and decode is left alone by prompts."""

from __future__ import annotations

import numpy as np
import pytest
from cases import poisson, step_time

from millwright.perf.deployment import SchedulerLimits
from millwright.simulate import (
    KvLink,
    Member,
    RequestOutcomes,
    Slo,
    max_service_rate,
    simulate_cluster,
    simulate_disaggregated,
)
from millwright.traffic.requests import Requests

LIMITS = SchedulerLimits()
MEMBER = Member(step_time(), LIMITS, 400_000)
LINK = KvLink(start_s=0.002, s_per_token=1e-6)
RNG = np.random.default_rng(0)
REQUESTS = poisson(25.0, RNG.integers(200, 3000, 4000), RNG.integers(1, 200, 4000), seed=1)


def test_a_lone_request_takes_prompt_transfer_and_steps() -> None:
    prompt, output = 700, 40
    outcomes = simulate_disaggregated(
        Requests(np.zeros(1), np.array([prompt]), np.array([output])), [MEMBER], [MEMBER], LINK
    )
    step = MEMBER.step
    prefill_s = step.tokens_s[prompt] + step.prefill_s * prompt * (prompt + 1) / 2 + step.seq_s
    join_s = step.tokens_s[1] + step.prefill_s * (prompt + 1) + step.seq_s
    rest_s = sum(step.decode_tokens_s[1] + step.seq_s + step.kv_s * (prompt + 1 + j) for j in range(1, output - 1))
    transfer_s = LINK.start_s + LINK.s_per_token * prompt
    assert outcomes.ttft_s[0] == pytest.approx(prefill_s, rel=1e-12)
    assert outcomes.e2e_s[0] == pytest.approx(prefill_s + transfer_s + join_s + rest_s, rel=1e-12)


def test_every_token_and_block_is_accounted_for() -> None:
    outcomes = simulate_disaggregated(REQUESTS, [MEMBER] * 2, [MEMBER] * 2, LINK)
    assert outcomes.served.all()
    assert outcomes.gap_counts.sum() == (REQUESTS.output_tokens - 1).sum()
    assert outcomes.totals.kv_blocks_at_end == 0
    prompts, answers = outcomes.replica_totals[:2], outcomes.replica_totals[2:]
    assert sum(t.prefill_tokens for t in prompts) == REQUESTS.input_tokens.sum()
    assert sum(t.decode_tokens for t in prompts) == 0
    joined = int((REQUESTS.output_tokens > 1).sum())
    assert sum(t.prefill_tokens for t in answers) == joined
    assert sum(t.decode_tokens for t in answers) == (REQUESTS.output_tokens - 1).sum() - joined
    assert (outcomes.e2e_s >= outcomes.ttft_s).all()
    single = REQUESTS.output_tokens == 1
    np.testing.assert_array_equal(outcomes.e2e_s[single], outcomes.ttft_s[single])


def test_answers_flow_more_evenly_than_when_prompts_interrupt_them() -> None:
    apart = simulate_disaggregated(REQUESTS, [MEMBER] * 2, [MEMBER] * 2, LINK)
    together = simulate_cluster(REQUESTS, [MEMBER] * 4)
    assert apart.gap_percentile_s(99) < 0.5 * together.gap_percentile_s(99)


def test_a_slower_link_delays_the_second_token_not_the_first() -> None:
    near, far = (
        simulate_disaggregated(REQUESTS, [MEMBER] * 2, [MEMBER] * 2, KvLink(0.002, per_token_s))
        for per_token_s in (1e-6, 1e-4)
    )
    np.testing.assert_array_equal(near.first_token_s, far.first_token_s)
    assert far.e2e_s.mean() > near.e2e_s.mean() + 0.05


def test_the_link_is_bytes_over_bandwidth() -> None:
    link = KvLink.of_bandwidth(131_072, 50e9, start_s=0.0)
    assert link.transfer_s(np.array([1000]))[0] == pytest.approx(131_072 * 1000 / 50e9)


def test_the_largest_rate_of_pools_and_clusters_can_be_searched() -> None:
    slo = Slo(ttft_s=1.0, tpot_s=0.02)
    rates = {}
    for prompts, answers in ((1, 3), (2, 2), (3, 1)):
        pools = [MEMBER] * prompts, [MEMBER] * answers

        def serve(some: Requests, pools: tuple[list[Member], list[Member]] = pools) -> RequestOutcomes:
            return simulate_disaggregated(some, *pools, LINK)

        rates[prompts, answers] = max_service_rate(REQUESTS, serve, slo).rate_per_s
    best = max(rates.values())
    assert best in (rates[3, 1], rates[2, 2])
    assert rates[1, 3] < 0.7 * best
