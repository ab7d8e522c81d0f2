"""One replica under load: open loop (requests come unasked) or closed loop (so many clients, one request each)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from millwright.perf.deployment import SchedulerLimits
from millwright.perf.step_time import StepTime
from millwright.simulate.offload import HostMemory
from millwright.simulate.outcomes import Fate, RequestOutcomes
from millwright.simulate.packing import (
    as_lengths,
    check_requests,
    collect,
    drafted_tokens,
    make_jobs,
    make_records,
    refusals,
    with_host_memory,
    with_prefix_cache,
    with_priorities,
)
from millwright.simulate.slo import Slo
from millwright.simulate.state import Records
from millwright.simulate.watching import Watch, is_idle
from millwright.traffic.requests import Requests


@dataclass(frozen=True, slots=True)
class GiveUp:
    """When a run is not worth finishing: more than `violations` requests from index `counted_from` on broke `slo`."""

    slo: Slo
    violations: int
    counted_from: int = 0


def simulate_open(
    requests: Requests,
    step: StepTime,
    limits: SchedulerLimits,
    kv_capacity_tokens: int,
    *,
    prefix_cache: bool = True,
    host_memory: HostMemory | None = None,
    give_up: GiveUp | None = None,
    watch: Watch | None = None,
) -> RequestOutcomes:
    """Return what becomes of `requests` on one replica whose steps take `step` and whose KV cache holds so many tokens.

    `prefix_cache`: share the prefix blocks of requests that carry them (off: compute every prompt in full); what the
    cache drops stays in `host_memory` while that has room.
    A `watch` looks at the run while it goes on.
    A run given up leaves the fate of the requests still on their way `PENDING`.

    Raises `ValueError` if the requests are malformed or the limits do not fit the step times.
    """
    check_requests(requests)
    jobs = make_jobs(requests.arrival_s + step.request_s, requests.input_tokens, requests.output_tokens)
    jobs["fate"][:] = refusals(
        jobs["input_tokens"], jobs["output_tokens"], limits, kv_capacity_tokens, drafted_tokens(step)
    )
    records = make_records(jobs, (step,), (limits,), (kv_capacity_tokens,))
    records = with_priorities(records, requests)
    if prefix_cache:
        records = with_host_memory(with_prefix_cache(records, requests), [host_memory])
    if give_up is not None:
        _watch(records.replicas[0], give_up)
    link_queue(records.replicas[0], jobs, np.flatnonzero(jobs["fate"] == Fate.PENDING))
    advance_alone(records, watch)
    return collect(requests.arrival_s, records)


def simulate_closed(
    input_tokens: ArrayLike,
    output_tokens: ArrayLike,
    concurrency: int,
    step: StepTime,
    limits: SchedulerLimits,
    kv_capacity_tokens: int,
    *,
    think_s: float = 0.0,
    ramp_s: float = 0.0,
    watch: Watch | None = None,
) -> RequestOutcomes:
    """Return what becomes of n requests that `concurrency` clients send, each the next `think_s` after its last ended.

    Requests go out in the order given, the first ones evenly over `ramp_s` (0: all at once, as benchmarks do).
    Raises `ValueError` if lengths or limits are malformed.
    """
    inputs, outputs = as_lengths(input_tokens), as_lengths(output_tokens)
    if len(inputs) != len(outputs):
        raise ValueError(f"{len(inputs)} input lengths beside {len(outputs)} output lengths: give as many of each")
    if concurrency < 1:
        raise ValueError(f"concurrency must be at least 1, got {concurrency}")
    if not (think_s >= 0 and ramp_s >= 0):
        raise ValueError(f"think_s and ramp_s must not be negative, got {think_s} and {ramp_s}")
    jobs = make_jobs(np.full(len(inputs), np.nan), inputs, outputs)
    jobs["fate"][:] = refusals(inputs, outputs, limits, kv_capacity_tokens, drafted_tokens(step))
    records = make_records(jobs, (step,), (limits,), (kv_capacity_tokens,))
    records.replicas["think_s"] = think_s
    _start_clients(records.replicas[0], jobs, concurrency, ramp_s)
    advance_alone(records, watch)
    return collect(jobs["enter_s"] - step.request_s, records)


def _watch(replica: np.void, give_up: GiveUp) -> None:
    for name, limit_s in give_up.slo.limits().items():
        replica[name.replace("_s", "_limit_s")] = limit_s
    replica["violations_left"], replica["counted_from"] = give_up.violations, give_up.counted_from


def _start_clients(replica: np.void, jobs: NDArray[np.void], concurrency: int, ramp_s: float) -> None:
    """Let the clients send their first requests that are not refused."""
    starters = np.flatnonzero(jobs["fate"] == Fate.PENDING)[:concurrency]
    last = int(starters[-1]) + 1 if len(starters) == concurrency else len(jobs["fate"])
    begin_s = np.arange(len(starters)) * (ramp_s / max(len(starters), 1))
    jobs["enter_s"][starters] = begin_s + replica["request_s"]
    refused = np.flatnonzero(jobs["fate"][:last] != Fate.PENDING)
    jobs["enter_s"][refused] = replica["request_s"]
    link_queue(replica, jobs, starters)
    replica["next_to_issue"] = last


def advance_alone(records: Records, watch: Watch | None = None) -> None:
    """Run a single replica to its end."""
    from millwright.simulate.engine import advance  # compiled code is loaded when first needed

    replicas, jobs = records.replicas, records.jobs
    if watch is not None:
        watch.begin(jobs["enter_s"])
        while not is_idle(replicas):
            advance(replicas[0], records, watch.next_s)
            watch.look(replicas, int(replicas["tickets"][0]), len(jobs))
    advance(replicas[0], records, np.inf)


def link_queue(replica: np.void, jobs: NDArray[np.void], order: NDArray[np.int64]) -> None:
    """Put the requests `order` into the replica's queue."""
    if len(order):
        jobs["behind"][order[:-1]] = order[1:]
        replica["next_to_come"], replica["last_to_come"] = order[0], order[-1]
