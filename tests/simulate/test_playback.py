"""A run that is played: at every moment each request waits, runs or is gone, and holds no more than its own tokens."""

from __future__ import annotations

import json

import numpy as np
from cases import poisson, step_time

from millwright.perf.deployment import SchedulerLimits
from millwright.simulate import Member, simulate_cluster
from millwright.simulate.playback import playback

RNG = np.random.default_rng(0)
REQUESTS = poisson(30.0, RNG.integers(50, 1500, 400), RNG.integers(1, 200, 400), seed=1)
OUTCOMES = simulate_cluster(REQUESTS, [Member(step_time(), SchedulerLimits(max_num_seqs=8), 100_000)])
PLAYED = json.loads(json.dumps(playback(OUTCOMES, 120), allow_nan=False))


def test_no_more_run_than_the_limit_lets_in_and_nobody_is_left_at_the_end() -> None:
    assert max(moment["running"] for moment in PLAYED["moments"]) == 8
    last = PLAYED["moments"][-1]
    assert (last["waiting"], last["running"], last["context_tokens"]) == (0, 0, 0.0)


def test_the_context_held_stays_within_the_room_for_it() -> None:
    assert 0 < max(moment["context_tokens"] for moment in PLAYED["moments"]) <= PLAYED["capacity_tokens"]


def test_a_request_goes_from_arrival_to_finish_in_order() -> None:
    for each in PLAYED["requests"]:
        assert 0.0 <= each["arrival_s"] <= each["started_s"] <= each["first_s"] <= each["finish_s"]
    assert [each["input_tokens"] for each in PLAYED["requests"]] == REQUESTS.input_tokens.tolist()


def test_the_counts_are_those_of_the_requests_themselves() -> None:
    for moment in PLAYED["moments"][::17]:
        at_s = moment["time_s"]
        waiting = sum(each["arrival_s"] <= at_s < each["started_s"] for each in PLAYED["requests"])
        running = sum(each["started_s"] <= at_s < each["finish_s"] for each in PLAYED["requests"])
        assert (moment["waiting"], moment["running"]) == (waiting, running)
