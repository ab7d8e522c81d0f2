"""A run as a timeline that browsers draw: the Chrome trace format, as ui.perfetto.dev and chrome://tracing open it.

Format: "Trace Event Format", Google, complete events (`X`), counters (`C`) and names (`M`); times in microseconds.
"""

from __future__ import annotations

import heapq
from typing import Any

import numpy as np
from numpy.typing import NDArray

from millwright.simulate.outcomes import RequestOutcomes

_MOST_REQUESTS = 5_000  # more than that no browser draws with pleasure


def chrome_trace(outcomes: RequestOutcomes, most_requests: int = _MOST_REQUESTS) -> dict[str, Any]:
    """Return the timeline of the first served requests as a JSON document.

    Each replica is a process; each request lies in a lane of its own while it is there, divided into queue, prompt and
    answer. Counters show how many requests of each replica wait and run.
    """
    chosen = np.flatnonzero(outcomes.served)[:most_requests]
    replica = np.zeros(len(outcomes), dtype=np.int32) if outcomes.replica is None else outcomes.replica
    events: list[dict[str, Any]] = []
    for k in np.unique(replica[chosen]).tolist():
        mine = chosen[replica[chosen] == k]
        events.append({"ph": "M", "pid": k, "name": "process_name", "args": {"name": f"replica {k}"}})
        events += _spans(outcomes, mine, k)
        events += _counters(outcomes, mine, k)
    return {"displayTimeUnit": "ms", "traceEvents": events}


def _spans(outcomes: RequestOutcomes, requests: NDArray[np.int64], replica: int) -> list[dict[str, Any]]:
    """Return the spans of one replica's requests, each request in the lowest lane that is free."""
    events: list[dict[str, Any]] = []
    busy: list[tuple[float, int]] = []
    free: list[int] = []
    for i in requests.tolist():
        arrival_s, first_s, finish_s = (
            float(times[i]) for times in (outcomes.arrival_s, outcomes.first_token_s, outcomes.finish_s)
        )
        while busy and busy[0][0] <= arrival_s:
            heapq.heappush(free, heapq.heappop(busy)[1])
        lane = heapq.heappop(free) if free else len(busy)
        heapq.heappush(busy, (finish_s, lane))
        started_s = min(arrival_s + float(outcomes.queue_s[i]), first_s)
        told = {
            "request": i,
            "input_tokens": int(outcomes.input_tokens[i]),
            "output_tokens": int(outcomes.output_tokens[i]),
            "preemptions": int(outcomes.preemptions[i]),
        }
        for name, begin_s, end_s in (
            ("queue", arrival_s, started_s),
            ("prompt", started_s, first_s),
            ("answer", first_s, finish_s),
        ):
            if end_s > begin_s:
                span = {"ph": "X", "pid": replica, "tid": lane, "name": name, "ts": begin_s * 1e6}
                events.append({**span, "dur": (end_s - begin_s) * 1e6, "args": told})
    return events


def _counters(outcomes: RequestOutcomes, requests: NDArray[np.int64], replica: int) -> list[dict[str, Any]]:
    """Return the numbers of waiting and running requests at each change."""
    arrival_s = outcomes.arrival_s[requests]
    started_s = np.minimum(arrival_s + outcomes.queue_s[requests], outcomes.first_token_s[requests])
    finish_s = outcomes.finish_s[requests]
    times_s = np.concatenate([finish_s, arrival_s, started_s]).round(9)  # at one instant, who ends makes room first
    ones, zeros = np.ones(len(requests), dtype=np.int64), np.zeros(len(requests), dtype=np.int64)
    waiting = np.concatenate([zeros, ones, -ones])
    running = np.concatenate([-ones, zeros, ones])
    order = np.argsort(times_s, kind="stable")
    rows = zip(
        times_s[order].tolist(),
        np.cumsum(waiting[order]).tolist(),
        np.cumsum(running[order]).tolist(),
        strict=True,
    )
    return [
        {"ph": "C", "pid": replica, "name": "requests", "ts": time_s * 1e6, "args": {"waiting": w, "running": r}}
        for time_s, w, r in rows
    ]
