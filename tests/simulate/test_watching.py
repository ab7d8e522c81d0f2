"""Looking at a run changes nothing of it, and what is seen agrees with what was integrated."""

from __future__ import annotations

import numpy as np
import pytest
from cases import Case, cases
from hypothesis import given, settings
from test_cluster import LIMITS, MEMBERS, REQUESTS

from millwright.simulate import Watch, simulate_closed, simulate_cluster, simulate_open
from millwright.simulate.watching import SAMPLES, waiting_at


@settings(max_examples=60, deadline=None)
@given(cases())
def test_a_run_that_is_watched_is_the_same_run(case: Case) -> None:
    machine = (case.step, case.limits, case.kv_capacity_tokens)
    alone = simulate_open(case.requests, *machine, host_memory=case.host_memory)
    watched = simulate_open(case.requests, *machine, host_memory=case.host_memory, watch=Watch())
    np.testing.assert_allclose(watched.finish_s, alone.finish_s, rtol=1e-12, atol=1e-12)
    assert watched.totals.kv_peak_blocks == alone.totals.kv_peak_blocks


def test_what_is_seen_agrees_with_what_was_integrated() -> None:
    watch = Watch()
    outcomes = simulate_cluster(REQUESTS, MEMBERS, watch=watch)
    seen = watch.occupancy()
    assert SAMPLES / 2 < len(seen.time_s) <= 2 * SAMPLES
    assert 0 < seen.kv_share.max() <= outcomes.totals.kv_peak_blocks / outcomes.totals.kv_blocks
    held = outcomes.totals.kv_token_seconds / outcomes.makespan_s / outcomes.totals.block_size_tokens
    assert seen.kv_blocks.mean() == pytest.approx(held, rel=0.1)
    running = float((outcomes.finish_s - outcomes.arrival_s - outcomes.queue_s).sum()) / outcomes.makespan_s
    assert seen.running.mean() == pytest.approx(running, rel=0.1)


def test_a_closed_loop_tells_how_far_it_is() -> None:
    told: list[tuple[int, int]] = []
    watch = Watch(lambda done, of: told.append((done, of)))
    simulate_closed([500] * 3000, [50] * 3000, 20, MEMBERS[0].step, LIMITS, 400_000, watch=watch)
    assert told[-1] == (3000, 3000)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert len(watch.occupancy().time_s) <= 2 * SAMPLES


def test_who_tells_may_stop_the_run() -> None:
    def stop(done: int, of: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate_open(REQUESTS, MEMBERS[0].step, LIMITS, 400_000, watch=Watch(stop))


def test_the_queue_is_counted_between_entry_and_admission() -> None:
    waiting = waiting_at(np.array([0.0, 1.0, 2.0]), np.array([0.5, 3.0, np.nan]), np.array([0.2, 0.7, 1.5, 3.9, 4.1]))
    assert waiting.tolist() == [1, 0, 1, 1, 0]
