"""Replicas behind a router: equal to the step-by-step reference, outages included, and no request unaccounted for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from cases import Case, cases, outages_of, poisson, step_time, unlike_members
from hypothesis import given, settings
from hypothesis import strategies as st

from millwright.perf.deployment import SchedulerLimits
from millwright.simulate import Fate, simulate_open
from millwright.simulate.cluster import Member, Outage, simulate_cluster
from millwright.simulate.reference_cluster import reference_cluster
from millwright.simulate.router import Router


@st.composite
def clusters(draw: st.DrawFn, router: Router) -> tuple[Any, list[Member], list[Outage]]:
    """Draw requests, one to four unequal replicas, and outages that do not overlap."""
    case: Case = draw(cases())
    members = unlike_members(draw, case, 4)
    return case.requests, members, outages_of(draw, len(members))


def check(router: Router, drawn: tuple[Any, list[Member], list[Outage]]) -> None:
    requests, members, outages = drawn
    given = None
    if len(requests) % 3 == 0:  # as good as a coin: some clusters get part of their prompts computed
        given = np.random.default_rng(len(requests)).integers(0, requests.input_tokens)
    outcomes = simulate_cluster(requests, members, router, outages=outages, given_tokens=given, seed=3)
    reference = reference_cluster(requests, members, router, outages=outages, given_tokens=given, seed=3)
    sequences = reference.sequences
    assert outcomes.fate.tolist() == [s.fate for s in sequences]
    assert outcomes.retries is not None
    assert outcomes.replica is not None
    assert outcomes.retries.tolist() == reference.retries
    sent = [(i, reference.sent[s]) for i, s in enumerate(sequences) if s in reference.sent]
    assert [int(outcomes.replica[i]) for i, _ in sent] == [k for _, k in sent]
    for name in ("first_token_s", "finish_s"):
        expected = np.array([getattr(s, name) for s in sequences])
        served = outcomes.served
        np.testing.assert_allclose(getattr(outcomes, name)[served], expected[served], rtol=1e-9, atol=1e-9)
    assert outcomes.preemptions.tolist() == [s.preemptions for s in sequences]
    assert all(totals.kv_blocks_at_end == 0 for totals in outcomes.replica_totals)
    assert (outcomes.fate != Fate.PENDING).all()


@pytest.mark.parametrize("router", list(Router))
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_the_cluster_equals_the_reference(router: Router, data: st.DataObject) -> None:
    check(router, data.draw(clusters(router)))


@pytest.mark.slow
@pytest.mark.parametrize("router", list(Router))
@settings(max_examples=1_000, deadline=None)
@given(st.data())
def test_thousands_of_random_clusters_neither_hang_nor_lose_a_request(router: Router, data: st.DataObject) -> None:
    check(router, data.draw(clusters(router)))


LIMITS = SchedulerLimits()
RNG = np.random.default_rng(0)
REQUESTS = poisson(60.0, RNG.integers(50, 1500, 6000), RNG.integers(20, 250, 6000), seed=1)
MEMBERS = [Member(step_time(), LIMITS, 400_000)] * 4


def test_one_replica_behind_any_router_is_that_replica() -> None:
    alone = simulate_open(REQUESTS, step_time(), LIMITS, 400_000)
    for router in Router:
        outcomes = simulate_cluster(REQUESTS, MEMBERS[:1], router)
        np.testing.assert_allclose(outcomes.finish_s, alone.finish_s, rtol=1e-12)


def test_looking_at_the_load_beats_chance() -> None:
    p99_s = {router: np.percentile(simulate_cluster(REQUESTS, MEMBERS, router).ttft_s, 99) for router in Router}
    assert p99_s[Router.LEAST_REQUESTS] < p99_s[Router.POWER_OF_TWO] < p99_s[Router.RANDOM]


def test_a_faster_replica_with_more_weight_gets_more() -> None:
    fast = Member(step_time(per_step_s=2.5e-3, per_token_s=1e-5, kv_s=2e-8), LIMITS, 400_000, weight=2.0)
    outcomes = simulate_cluster(REQUESTS, [fast, MEMBERS[0]], Router.LEAST_REQUESTS)
    assert outcomes.replica is not None
    assert (outcomes.replica == 0).sum() > 1.5 * (outcomes.replica == 1).sum()


def test_prefix_awareness_finds_more_of_the_cache() -> None:
    conversations, turns, block = 60, 8, 64
    lengths = np.array([block * 6 * (turn + 1) for turn in range(turns) for _ in range(conversations)])
    prefixes = [[c * 10_000 + b for b in range(6 * (turn + 1))] for turn in range(turns) for c in range(conversations)]
    requests = replace(
        poisson(20.0, lengths, np.full(len(lengths), 50), seed=2),
        prefix_blocks=np.array([block for prefix in prefixes for block in prefix]),
        prefix_offsets=np.cumsum([0, *map(len, prefixes)]),
        prefix_block_tokens=block,
    )
    found = {
        router: simulate_cluster(requests, MEMBERS, router).totals.cached_tokens
        for router in (Router.RANDOM, Router.PREFIX_AWARE)
    }
    assert found[Router.PREFIX_AWARE] > 1.3 * found[Router.RANDOM]


def test_an_outage_delays_its_requests_and_loses_none() -> None:
    quiet = simulate_cluster(REQUESTS, MEMBERS)
    broken = simulate_cluster(REQUESTS, MEMBERS, outages=[Outage(0, 20.0, 40.0)])
    assert broken.served.all()
    assert broken.retries is not None
    assert broken.replica is not None
    assert 0 < broken.retries.sum() < 200
    assert broken.e2e_s.mean() > quiet.e2e_s.mean()
    during = (REQUESTS.arrival_s > 20.0) & (REQUESTS.arrival_s < 40.0)
    assert not (broken.replica[during] == 0).any()


def test_requests_are_lost_if_not_retried_or_if_nobody_is_up() -> None:
    lost = simulate_cluster(REQUESTS, MEMBERS, outages=[Outage(0, 20.0, 40.0, retried=False)])
    assert 0 < (lost.fate == Fate.LOST).sum() < 200
    down = simulate_cluster(REQUESTS, MEMBERS[:1], outages=[Outage(0, 20.0, 40.0)])
    during = (REQUESTS.arrival_s > 20.0) & (REQUESTS.arrival_s < 40.0)
    assert (down.fate[during] == Fate.LOST).all()


@pytest.mark.parametrize(
    ("members", "outages", "message"),
    [
        ([], [], "at least one replica"),
        ([replace(MEMBERS[0], weight=0.0)], [], "weight must be above 0"),
        (MEMBERS, [Outage(4, 1.0)], "no replica number 4"),
        (MEMBERS, [Outage(0, 2.0, 1.0)], "must end after it begins"),
    ],
)
def test_malformed_clusters_are_refused(members: list[Member], outages: list[Outage], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        simulate_cluster(REQUESTS, members, outages=outages)
