"""Autoscaling: as many replicas as the load calls for, late by their start, and no request unaccounted for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cases import Case, cases
from hypothesis import given, settings
from hypothesis import strategies as st
from test_cluster import MEMBERS, REQUESTS

from millwright.simulate import Autoscaling, Fate, Member, Outage, Router, paid_s, simulate_cluster
from millwright.simulate.autoscaling import Autoscaler, Scaled
from millwright.simulate.reference_cluster import reference_cluster

RULE = Autoscaling(target_requests=40.0, every_s=5.0, start_s=20.0, down_after_s=60.0)


@st.composite
def rules(draw: st.DrawFn) -> Autoscaling:
    """Draw rules that decide often and seldom, of replicas that start at once and late."""
    return Autoscaling(
        target_requests=draw(st.sampled_from([0.5, 1.0, 3.0])),
        least=draw(st.integers(1, 2)),
        every_s=draw(st.sampled_from([0.0037, 0.05, 0.31])),
        start_s=draw(st.sampled_from([0.0, 0.0113, 0.2])),
        down_after_s=draw(st.sampled_from([0.0, 0.1])),
    )


@settings(max_examples=80, deadline=None)
@given(cases(), rules(), st.integers(1, 4), st.sampled_from(Router))
def test_a_cluster_that_scales_equals_the_reference_and_loses_no_request(
    case: Case, rule: Autoscaling, replicas: int, router: Router
) -> None:
    members = [Member(case.step, case.limits, case.kv_capacity_tokens, host_memory=case.host_memory)] * replicas
    outcomes = simulate_cluster(case.requests, members, router, seed=1, scaling=rule)
    reference = reference_cluster(case.requests, members, router, seed=1, scaling=rule)
    assert outcomes.fate.tolist() == [sequence.fate for sequence in reference.sequences]
    expected = np.array([sequence.finish_s for sequence in reference.sequences])
    np.testing.assert_allclose(outcomes.finish_s[outcomes.served], expected[outcomes.served], rtol=1e-9, atol=1e-9)
    assert (outcomes.served | outcomes.refused).all()
    assert all(totals.kv_blocks_at_end == 0 for totals in outcomes.replica_totals)
    assert all(min(rule.least, replicas) <= each.up <= replicas for each in outcomes.scaled)


def test_replicas_come_with_the_load_and_go_after_it() -> None:
    quiet_s = REQUESTS.arrival_s.copy()
    quiet_s[4000:] = quiet_s[4000] + (quiet_s[4000:] - quiet_s[4000]) * 40.0
    outcomes = simulate_cluster(replace(REQUESTS, arrival_s=quiet_s), MEMBERS, scaling=RULE)
    up = [each.up for each in outcomes.scaled]
    assert up[0] == 1
    assert max(up) > 1
    assert up[-1] < max(up)
    assert outcomes.served.all()
    assert paid_s(outcomes.scaled, quiet_s[-1]) < 0.9 * len(MEMBERS) * quiet_s[-1]


def test_a_slower_start_makes_users_wait_longer() -> None:
    soon, late = (simulate_cluster(REQUESTS, MEMBERS, scaling=replace(RULE, start_s=start)) for start in (1.0, 60.0))
    assert late.ttft_s.mean() > soon.ttft_s.mean()
    assert (late.fate != Fate.LOST).all()


def test_enough_replicas_from_the_start_are_a_cluster_without_scaling() -> None:
    fixed = simulate_cluster(REQUESTS, MEMBERS)
    scaled = simulate_cluster(REQUESTS, MEMBERS, scaling=replace(RULE, least=4))
    np.testing.assert_allclose(scaled.finish_s, fixed.finish_s, rtol=1e-12)


def test_fewer_are_wanted_only_after_a_while() -> None:
    scaler = Autoscaler(Autoscaling(10.0, every_s=1.0, start_s=0.0, down_after_s=5.0), 3, begin_s=0.0)
    ups = []
    for under_way in [[25, 0, 0], [0, 0, 0], *[[1, 1, 1]] * 8]:
        scaler.step(under_way)
        ups.append((round(scaler.scaled[-1].time_s, 9), sum(scaler.up)))
    assert (1.0, 3) in ups
    assert max(time_s for time_s, up in ups if up == 3) == 5.0
    assert ups[-1][1] == 1


def test_replicas_starting_are_paid_for() -> None:
    assert paid_s([Scaled(0.0, 1, 0), Scaled(10.0, 1, 2), Scaled(30.0, 3, 0)], 40.0) == 10.0 + 60.0 + 30.0


def test_an_autoscaler_takes_no_outages_and_no_impossible_rule() -> None:
    with pytest.raises(ValueError, match="give it no outages"):
        simulate_cluster(REQUESTS, MEMBERS, outages=[Outage(0, 1.0)], scaling=RULE)
    with pytest.raises(ValueError, match="must be above 0"):
        Autoscaling(0.0)
