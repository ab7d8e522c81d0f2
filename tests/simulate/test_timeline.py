"""The timeline shows each request once, in a lane of its own, and counts as many as there are."""

from __future__ import annotations

import json
from collections import defaultdict
from itertools import pairwise

import numpy as np
from cases import poisson, step_time

from millwright.perf.deployment import SchedulerLimits
from millwright.simulate import Member, simulate_cluster
from millwright.simulate.timeline import chrome_trace

RNG = np.random.default_rng(0)
REQUESTS = poisson(30.0, RNG.integers(50, 1500, 600), RNG.integers(1, 200, 600), seed=1)
OUTCOMES = simulate_cluster(REQUESTS, [Member(step_time(), SchedulerLimits(max_num_seqs=8), 100_000)] * 2)
EVENTS = json.loads(json.dumps(chrome_trace(OUTCOMES), allow_nan=False))["traceEvents"]


def test_the_spans_of_a_request_add_up_to_its_latency() -> None:
    spent_us: dict[int, float] = defaultdict(float)
    for event in EVENTS:
        if event["ph"] == "X":
            spent_us[event["args"]["request"]] += event["dur"]
    np.testing.assert_allclose([spent_us[i] for i in range(600)], OUTCOMES.e2e_s * 1e6, rtol=1e-9)


def test_no_two_requests_share_a_lane_at_a_time() -> None:
    lanes: dict[tuple[int, int], list[tuple[float, float]]] = defaultdict(list)
    for event in EVENTS:
        if event["ph"] == "X":
            lanes[event["pid"], event["tid"]].append((event["ts"], event["ts"] + event["dur"]))
    for spans in lanes.values():
        assert all(one[1] <= other[0] + 1e-3 for one, other in pairwise(sorted(spans)))


def test_the_counters_end_at_nobody_and_never_pass_the_limit() -> None:
    for replica in (0, 1):
        counts = [event["args"] for event in EVENTS if event["ph"] == "C" and event["pid"] == replica]
        assert counts[-1] == {"waiting": 0, "running": 0}
        assert max(count["running"] for count in counts) == 8
        assert min(count["waiting"] for count in counts) == 0


def test_only_so_many_requests_are_drawn() -> None:
    drawn = {event["args"]["request"] for event in chrome_trace(OUTCOMES, 50)["traceEvents"] if event["ph"] == "X"}
    assert drawn == set(range(50))
