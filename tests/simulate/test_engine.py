"""The compiled engine equals the step-by-step reference, and neither loses a request, a token or a block."""

from __future__ import annotations

import numpy as np
import pytest
from cases import Case, cases
from hypothesis import given, settings

from millwright.simulate import Fate, RequestOutcomes, simulate_closed, simulate_open
from millwright.simulate.outcomes import GAP_BINS_PER_OCTAVE, GAP_LOWEST_LOG2
from millwright.simulate.reference_load import ReferenceResult, reference_closed, reference_open

RELATIVE = 1e-9


def assert_equal(engine: RequestOutcomes, reference: ReferenceResult, request_s: float) -> None:
    """Assert that every request met the same fate at the same time, and that the totals agree."""
    sequences = reference.sequences
    assert engine.fate.tolist() == [s.fate for s in sequences]
    assert engine.preemptions.tolist() == [s.preemptions for s in sequences]
    assert engine.cached_tokens is not None
    assert engine.cached_tokens.tolist() == [s.cached_tokens for s in sequences]
    for name in ("first_token_s", "finish_s"):
        expected = np.array([getattr(s, name) for s in sequences])
        np.testing.assert_allclose(getattr(engine, name), expected, rtol=RELATIVE, atol=RELATIVE)
    queue_s = np.array([s.admitted_s - s.enter_s for s in sequences])
    np.testing.assert_allclose(engine.queue_s, queue_s, rtol=RELATIVE, atol=RELATIVE)
    enter_s = np.array([s.enter_s for s in sequences])
    np.testing.assert_allclose(engine.arrival_s + request_s, enter_s, rtol=RELATIVE, atol=RELATIVE)
    for name in type(engine.totals).__dataclass_fields__:
        expected = getattr(reference.totals, name)
        assert getattr(engine.totals, name) == pytest.approx(expected, rel=RELATIVE, abs=1e-12), name
    assert_same_gaps(engine.gap_counts, reference.gaps_s)


def assert_same_gaps(counts: np.ndarray, gaps_s: list[float]) -> None:
    """Assert that the histogram holds these gaps; one on the very edge of a bin may fall on either side."""
    assert counts.sum() == len(gaps_s)
    place = (np.log2(np.maximum(gaps_s, 1e-300)) - GAP_LOWEST_LOG2) * GAP_BINS_PER_OCTAVE
    low = np.bincount(np.clip((place - 1e-6).astype(int), 0, len(counts) - 1), minlength=len(counts))
    high = np.bincount(np.clip((place + 1e-6).astype(int), 0, len(counts) - 1), minlength=len(counts))
    assert (np.cumsum(counts) <= np.cumsum(low)).all()
    assert (np.cumsum(counts) >= np.cumsum(high)).all()


def check_open(case: Case) -> None:
    arguments = (case.requests, case.step, case.limits, case.kv_capacity_tokens)
    outcomes = simulate_open(*arguments, host_memory=case.host_memory)
    assert_equal(outcomes, reference_open(*arguments, case.host_memory), case.step.request_s)
    assert_conserved(outcomes)


def check_closed(case: Case) -> None:
    requests = case.requests
    arguments = (requests.input_tokens, requests.output_tokens, case.concurrency)
    machine = (case.step, case.limits, case.kv_capacity_tokens)
    outcomes = simulate_closed(*arguments, *machine, think_s=case.think_s)
    assert_equal(outcomes, reference_closed(*arguments, *machine, think_s=case.think_s), case.step.request_s)
    assert_conserved(outcomes)


def assert_conserved(outcomes: RequestOutcomes) -> None:
    """Assert that every request is served or refused, every token made, every block given back, no time negative."""
    served = outcomes.served
    assert (served | outcomes.refused).all()
    totals = outcomes.totals
    assert totals.kv_blocks_at_end == 0
    assert 0 <= totals.kv_peak_blocks <= totals.kv_blocks
    once = int(outcomes.input_tokens[served].sum())
    if not outcomes.preemptions.any():
        assert totals.prefill_tokens + totals.cached_tokens == once
        assert totals.decode_tokens == int((outcomes.output_tokens[served] - 1).sum())
    else:
        assert totals.prefill_tokens + totals.cached_tokens > once
    assert outcomes.gap_counts.sum() == (outcomes.output_tokens[served] - 1).sum()
    for times in (outcomes.queue_s, outcomes.ttft_s, outcomes.tpot_s):
        assert (times[served] >= -RELATIVE).all()
    assert (outcomes.e2e_s[served] >= outcomes.ttft_s[served] - RELATIVE).all()
    assert np.isnan(outcomes.finish_s[~served]).all()


@settings(max_examples=300, deadline=None)
@given(cases())
def test_the_engine_equals_the_reference_in_open_loop(case: Case) -> None:
    check_open(case)


@settings(max_examples=300, deadline=None)
@given(cases())
def test_the_engine_equals_the_reference_in_closed_loop(case: Case) -> None:
    check_closed(case)


@pytest.mark.slow
@settings(max_examples=5_000, deadline=None)
@given(cases())
def test_ten_thousand_random_runs_neither_hang_nor_leak(case: Case) -> None:
    check_open(case)
    check_closed(case)


@settings(max_examples=100, deadline=None)
@given(cases())
def test_what_could_never_fit_is_refused_and_counted(case: Case) -> None:
    outcomes = simulate_open(case.requests, case.step, case.limits, case.kv_capacity_tokens)
    too_long = case.requests.input_tokens + case.requests.output_tokens > case.limits.max_model_len_tokens
    assert ((outcomes.fate == Fate.REFUSED_LENGTH) == too_long).all()
