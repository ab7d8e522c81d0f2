"""Sessions behind a router: equal to the step-by-step reference, and to one replica alone; affinity finds the cache."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cases import Case, cases, outages_of, step_time, unlike_members
from hypothesis import given, settings
from hypothesis import strategies as st
from test_sessions import LIMITS, SESSIONS, sessions_of

from millwright.simulate import (
    Autoscaling,
    Fate,
    Member,
    Outage,
    Router,
    Sessions,
    Watch,
    simulate_session_cluster,
    simulate_sessions,
)
from millwright.simulate.reference_cluster import reference_session_cluster

Drawn = tuple[Sessions, list[Member], list[Outage]]


@st.composite
def session_clusters(draw: st.DrawFn) -> Drawn:
    """Draw sessions that think or don't, one to three unequal replicas, and outages that do not overlap."""
    case: Case = draw(cases())
    members = unlike_members(draw, case, 3)
    block = case.limits.block_size_tokens * 2
    sessions = sessions_of(
        draw(st.integers(0, 2**32)), draw(st.integers(1, 12)), draw(st.sampled_from([3, 40])), block, 5, 0.03
    )
    sessions = replace(sessions, think_s=sessions.think_s * draw(st.sampled_from([0.0, 1.0, 20.0])))
    return sessions, members, outages_of(draw, len(members))


def check(router: Router, drawn: Drawn) -> None:
    sessions, members, outages = drawn
    outcomes = simulate_session_cluster(sessions, members, router, outages=outages, seed=3)
    reference = reference_session_cluster(sessions, members, router, outages=outages, seed=3)
    sequences = reference.sequences
    assert outcomes.fate.tolist() == [s.fate for s in sequences]
    assert outcomes.retries is not None
    assert outcomes.replica is not None
    assert outcomes.retries.tolist() == reference.retries
    sent = [(i, reference.sent[s]) for i, s in enumerate(sequences) if s in reference.sent]
    assert [int(outcomes.replica[i]) for i, _ in sent] == [k for _, k in sent]
    served = outcomes.served
    for name in ("first_token_s", "finish_s"):
        expected = np.array([getattr(s, name) for s in sequences])
        np.testing.assert_allclose(getattr(outcomes, name)[served], expected[served], rtol=1e-9, atol=1e-9)
    assert outcomes.preemptions.tolist() == [s.preemptions for s in sequences]
    assert outcomes.cached_tokens is not None
    assert outcomes.cached_tokens.tolist() == [s.cached_tokens for s in sequences]
    assert all(totals.kv_blocks_at_end == 0 for totals in outcomes.replica_totals)


@pytest.mark.parametrize("router", list(Router))
@settings(max_examples=40, deadline=None)
@given(st.data())
def test_sessions_behind_a_router_equal_the_reference(router: Router, data: st.DataObject) -> None:
    check(router, data.draw(session_clusters()))


@pytest.mark.slow
@pytest.mark.parametrize("router", list(Router))
@settings(max_examples=1_000, deadline=None)
@given(st.data())
def test_thousands_of_random_session_clusters_equal_the_reference(router: Router, data: st.DataObject) -> None:
    check(router, data.draw(session_clusters()))


MEMBERS = [Member(step_time(), LIMITS, 60_000)] * 3
BUSY = replace(SESSIONS, start_s=SESSIONS.start_s / 8)


@pytest.mark.parametrize("router", list(Router))
def test_one_replica_behind_any_router_serves_sessions_as_alone(router: Router) -> None:
    step = step_time(request_s=0.01)
    alone = simulate_sessions(SESSIONS, step, LIMITS, 400_000)
    outcomes = simulate_session_cluster(SESSIONS, [Member(step, LIMITS, 400_000)], router)
    np.testing.assert_allclose(outcomes.finish_s, alone.finish_s, rtol=1e-12, atol=1e-8)
    np.testing.assert_allclose(outcomes.arrival_s, alone.arrival_s, rtol=1e-12, atol=1e-8)


def test_a_turn_comes_when_its_user_has_thought_wherever_the_last_one_ran() -> None:
    outcomes = simulate_session_cluster(BUSY, MEMBERS, Router.ROUND_ROBIN)
    assert outcomes.replica is not None
    later = np.setdiff1d(np.arange(len(outcomes)), BUSY.turn_offsets[:-1])
    expected_s = outcomes.finish_s[later - 1] + BUSY.think_s[later - 1]
    np.testing.assert_allclose(outcomes.arrival_s[later], expected_s, atol=1e-9)
    assert (outcomes.replica[later] != outcomes.replica[later - 1]).any()


def test_a_sticky_router_keeps_sessions_where_their_cache_is() -> None:
    sticky = simulate_session_cluster(BUSY, MEMBERS, Router.STICKY)
    spread = simulate_session_cluster(BUSY, MEMBERS, Router.LEAST_REQUESTS)
    assert sticky.replica is not None
    later = np.setdiff1d(np.arange(len(sticky)), BUSY.turn_offsets[:-1])
    assert (sticky.replica[later] == sticky.replica[later - 1]).all()
    assert sticky.totals.cached_tokens > 1.1 * spread.totals.cached_tokens


def test_a_session_moves_when_its_replica_fails_and_ends_if_its_turn_is_lost() -> None:
    middle_s = float(np.median(BUSY.start_s))
    moved = simulate_session_cluster(BUSY, MEMBERS, Router.STICKY, outages=[Outage(0, middle_s)])
    assert moved.served.all()
    lost = simulate_session_cluster(BUSY, MEMBERS, Router.STICKY, outages=[Outage(0, middle_s, retried=False)])
    gone = np.flatnonzero(lost.fate == Fate.LOST)
    assert len(gone)
    never_sent = np.isnan(lost.arrival_s)
    assert never_sent[gone].any()
    assert (lost.fate[never_sent] == Fate.LOST).all()


def test_a_run_that_is_looked_at_or_scaled_serves_every_turn() -> None:
    plain = simulate_session_cluster(BUSY, MEMBERS)
    watch = Watch()
    watched = simulate_session_cluster(BUSY, MEMBERS, watch=watch)
    np.testing.assert_allclose(watched.finish_s, plain.finish_s, rtol=1e-9)
    assert len(watch.occupancy().time_s) > 50
    scaled = simulate_session_cluster(BUSY, MEMBERS, scaling=Autoscaling(20.0, every_s=1.0, start_s=2.0))
    assert scaled.served.all()
    assert max(each.up for each in scaled.scaled) > 1
