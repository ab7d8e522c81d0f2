"""Wrong input is refused with what to do, not simulated."""

from __future__ import annotations

import numpy as np
import pytest
from cases import step_time

from millwright.perf.deployment import SchedulerLimits
from millwright.simulate import simulate_closed, simulate_open
from millwright.traffic.requests import Requests

TOKENS = np.array([5, 5, 5])


@pytest.mark.parametrize(
    ("requests", "message"),
    [
        (Requests(np.array([0.0, 2.0, 1.0]), TOKENS, TOKENS), "ascending"),
        (Requests(np.array([0.0, 1.0, np.nan]), TOKENS, TOKENS), "finite"),
        (Requests(np.array([0.0, 1.0]), TOKENS, TOKENS), "as many"),
        (Requests(np.arange(3.0), np.array([5, 0, 5]), TOKENS), "request 1 has 0 tokens"),
        (Requests(np.array([]), np.array([], dtype=int), np.array([], dtype=int)), "no requests"),
    ],
)
def test_malformed_requests_are_refused(requests: Requests, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        simulate_open(requests, step_time(), SchedulerLimits(), 10**6)


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (SchedulerLimits(256, 100), "below max_num_seqs"),
        (SchedulerLimits(max_num_batched_tokens=100_000), "compile them for these limits"),
        (SchedulerLimits(max_num_seqs=0), "make no sense"),
    ],
)
def test_limits_that_cannot_work_are_refused(limits: SchedulerLimits, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        simulate_closed(TOKENS, TOKENS, 1, step_time(), limits, 10**6)


def test_a_closed_loop_keeps_so_many_requests_in_flight_and_no_more() -> None:
    outcomes = simulate_closed(np.full(500, 50), np.full(500, 20), 7, step_time(), SchedulerLimits(), 10**6)
    events = np.concatenate([outcomes.finish_s, outcomes.arrival_s])  # one ends, and at that moment the next is sent
    change = np.concatenate([-np.ones(500), np.ones(500)])
    in_flight = np.cumsum(change[np.argsort(events, kind="stable")])
    assert in_flight.max() == 7
    np.testing.assert_allclose(outcomes.arrival_s[7:], np.sort(outcomes.finish_s)[:-7])


def test_clients_that_think_send_later() -> None:
    machine = (step_time(), SchedulerLimits(), 10**6)
    outcomes = simulate_closed(np.full(100, 50), np.full(100, 20), 4, *machine, think_s=1.5)
    np.testing.assert_allclose(outcomes.arrival_s[4:], np.sort(outcomes.finish_s)[:-4] + 1.5)


def test_a_ramp_spreads_the_first_requests() -> None:
    machine = (step_time(), SchedulerLimits(), 10**6)
    outcomes = simulate_closed(np.full(10, 50), np.full(10, 20), 5, *machine, ramp_s=1.0)
    np.testing.assert_allclose(outcomes.arrival_s[:5], [0.0, 0.2, 0.4, 0.6, 0.8])
