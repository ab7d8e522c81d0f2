"""Speculative decoding in the search: its bounds are bounds, it costs memory, and it gains where batches are small."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from fleet_cases import LIMITS, candidate, drafting, drafts, service, step_times
from hypothesis import given, settings
from hypothesis import strategies as st

from millwright.fleet.bounds import rate_bound
from millwright.fleet.replica import Service, evaluate
from millwright.perf.speculation import Draft
from millwright.perf.step_time import StepTime
from millwright.simulate.load import simulate_open
from millwright.simulate.slo import Slo
from millwright.traffic.requests import Requests

COARSE = 0.05


@settings(max_examples=300, deadline=None)
@given(
    step=step_times(),
    draft=drafts(),
    draft_token_s=st.sampled_from([0.0, 1e-6, 1e-4]),
    seed=st.integers(0, 2**32 - 1),
    longest=st.sampled_from([3, 100, 900]),
    sequences=st.sampled_from([1, 4, 64]),
    tight=st.booleans(),
)
def test_no_schedule_with_a_draft_finishes_requests_faster_than_the_bound(
    step: StepTime, draft: Draft, draft_token_s: float, seed: int, longest: int, sequences: int, tight: bool
) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.choice([1, 5, 60]))
    waiting = Requests(np.zeros(n), rng.integers(1, longest + 1, n), rng.integers(1, 200, n))
    speculating = drafting(step, draft, sequences, draft_token_s)
    limits = replace(LIMITS, max_num_seqs=sequences)
    kv_capacity_tokens = 2500 if tight else 1_000_000
    bound = rate_bound(Service(waiting, None), speculating, limits, kv_capacity_tokens)
    outcomes = simulate_open(waiting, speculating, limits, kv_capacity_tokens)
    if outcomes.served.any():
        assert len(waiting) / float(outcomes.finish_s[outcomes.served].max()) <= bound * (1.0 + 1e-9)


@settings(max_examples=60, deadline=None)
@given(step=step_times(), draft=drafts(), seed=st.integers(0, 1000), offline=st.booleans())
def test_the_bound_of_a_draft_is_never_below_what_the_simulator_finds(
    step: StepTime, draft: Draft, seed: int, offline: bool
) -> None:
    served = service(None if offline else Slo(ttft_s=5.0, tpot_s=0.1), n=1500, seed=seed)
    one = candidate(served, drafting(step, draft))
    found = evaluate(served, one, COARSE)
    # the saturated rate is read from the middle of a finite run, whose requests may be a few per cent lighter
    assert found.rate_per_s.value <= one.bound_per_device_per_s * 1.08
