"""Sessions: each turn comes after the last answer and a pause, and finds its conversation in the prefix cache."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cases import Case, cases, step_time
from hypothesis import given, settings
from hypothesis import strategies as st

from millwright.perf.deployment import SchedulerLimits
from millwright.simulate import Fate, Sessions, simulate_sessions
from millwright.simulate.reference_load import reference_sessions


def sessions_of(seed: int, count: int, longest: int, block: int, system_tokens: int, gap_s: float) -> Sessions:
    rng = np.random.default_rng(seed)
    turns = rng.integers(1, 6, count)
    n = int(turns.sum())
    return Sessions(
        start_s=np.cumsum(rng.exponential(gap_s, count)),
        turn_offsets=np.concatenate([[0], np.cumsum(turns)]),
        added_tokens=rng.integers(1, longest + 1, n),
        output_tokens=rng.integers(1, longest + 1, n),
        think_s=rng.exponential(0.05, n),
        system_tokens=system_tokens,
        prefix_block_tokens=block,
    )


@settings(max_examples=150, deadline=None)
@given(cases(), st.integers(0, 2**32), st.integers(1, 12), st.sampled_from([3, 40]), st.sampled_from([0, 5, 70]))
def test_sessions_equal_the_reference(case: Case, seed: int, count: int, longest: int, system_tokens: int) -> None:
    block = case.limits.block_size_tokens * 2
    sessions = sessions_of(seed, count, longest, block, system_tokens, 0.03)
    machine = (case.step, case.limits, case.kv_capacity_tokens)
    outcomes, reference = simulate_sessions(sessions, *machine), reference_sessions(sessions, *machine)
    sequences = reference.sequences
    assert outcomes.fate.tolist() == [s.fate for s in sequences]
    assert outcomes.preemptions.tolist() == [s.preemptions for s in sequences]
    served = outcomes.served
    for name in ("first_token_s", "finish_s"):
        expected = np.array([getattr(s, name) for s in sequences])
        np.testing.assert_allclose(getattr(outcomes, name)[served], expected[served], rtol=1e-9, atol=1e-9)
    assert outcomes.totals.cached_tokens == reference.totals.cached_tokens
    assert outcomes.totals.kv_blocks_at_end == 0


LIMITS = SchedulerLimits()
SESSIONS = sessions_of(1, 400, 300, 16, 512, 0.5)


def test_a_turn_comes_when_its_user_has_thought() -> None:
    outcomes = simulate_sessions(SESSIONS, step_time(request_s=0.01), LIMITS, 400_000)
    assert outcomes.served.all()
    follows = np.setdiff1d(np.arange(len(outcomes)), SESSIONS.turn_offsets[:-1])
    expected_s = outcomes.finish_s[follows - 1] + SESSIONS.think_s[follows - 1]
    np.testing.assert_allclose(outcomes.arrival_s[follows], expected_s, rtol=1e-12)


def test_the_conversation_is_found_in_the_cache() -> None:
    warm = simulate_sessions(SESSIONS, step_time(), LIMITS, 400_000)
    cold = simulate_sessions(SESSIONS, step_time(), LIMITS, 400_000, prefix_cache=False)
    assert cold.totals.cached_tokens == 0
    assert warm.cached_tokens is not None
    later = np.setdiff1d(np.arange(len(warm)), SESSIONS.turn_offsets[:-1])
    before = SESSIONS.as_requests().input_tokens[later - 1]
    assert (warm.cached_tokens[later] >= before // 16 * 16 - 16).mean() > 0.99
    assert warm.ttft_s.mean() < cold.ttft_s.mean()


def test_turns_after_a_refused_one_are_never_sent() -> None:
    outcomes = simulate_sessions(SESSIONS, step_time(), SchedulerLimits(max_model_len_tokens=1200), 400_000)
    refused = np.flatnonzero(outcomes.fate == Fate.REFUSED_LENGTH)
    assert len(refused)
    after = refused[~np.isin(refused + 1, SESSIONS.turn_offsets)] + 1
    assert (outcomes.fate[after] == Fate.LOST).all()
    assert np.isnan(outcomes.arrival_s[after]).all()


def test_malformed_sessions_are_refused() -> None:
    with pytest.raises(ValueError, match="one value for each turn"):
        replace(SESSIONS, think_s=SESSIONS.think_s[:-1])
    with pytest.raises(ValueError, match="turn_offsets"):
        replace(SESSIONS, turn_offsets=SESSIONS.turn_offsets[:-1])
