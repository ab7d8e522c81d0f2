"""Several replicas behind a router: alike or not, some of them down for a while."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from millwright.perf.deployment import SchedulerLimits
from millwright.perf.step_time import StepTime
from millwright.simulate import state
from millwright.simulate.autoscaling import Autoscaler, Autoscaling
from millwright.simulate.offload import HostMemory
from millwright.simulate.outcomes import RequestOutcomes
from millwright.simulate.packing import (
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
from millwright.simulate.router import Router
from millwright.simulate.watching import Watch, is_idle
from millwright.traffic.requests import Requests

ANY_LENGTH = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Member:
    """One replica of a cluster.

    `weight` is its share of the load relative to the others; it takes no prompt longer than `longest_input_tokens`;
    `ready_s` is when it is first up (loading weights takes a while) [s]; `host_memory` keeps what its cache drops.
    """

    step: StepTime
    limits: SchedulerLimits
    kv_capacity_tokens: int
    weight: float = 1.0
    longest_input_tokens: int = ANY_LENGTH
    ready_s: float = 0.0
    host_memory: HostMemory | None = None


@dataclass(frozen=True, slots=True)
class Outage:
    """Replica number `replica` is down from `from_s` until `until_s` [s] and loses its caches.

    Requests on it begin anew on another replica, or are lost if they are not `retried`.
    """

    replica: int
    from_s: float
    until_s: float = float("inf")
    retried: bool = True


def simulate_cluster(
    requests: Requests,
    members: Sequence[Member],
    router: Router = Router.LEAST_REQUESTS,
    *,
    outages: Sequence[Outage] = (),
    prefix_cache: bool = True,
    given_tokens: NDArray[np.int64] | None = None,
    seed: int = 0,
    scaling: Autoscaling | None = None,
    watch: Watch | None = None,
) -> RequestOutcomes:
    """Return what becomes of `requests` on the replicas `members` behind `router`.

    `given_tokens` (n,): prompt tokens whose KV cache comes with each request, fewer than its input.
    `seed` draws what the router leaves to chance. A request that comes while no replica is up that would take it is
    lost; one that began anew counts in `retries`, and its latencies run from its first arrival.
    With `scaling` only so many of the members take requests as are called for, the first ones first. A `watch` looks
    at the run while it goes on.
    Raises `ValueError` if requests, members or outages are malformed, or if members come late or fail under `scaling`.
    """
    check_requests(requests)
    jobs = make_jobs(requests.arrival_s, requests.input_tokens, requests.output_tokens)
    if given_tokens is not None:
        if len(given_tokens) != len(jobs) or (given_tokens >= jobs["input_tokens"]).any() or (given_tokens < 0).any():
            raise ValueError("given_tokens must hold, for each request, fewer tokens than its input, and not below 0")
        jobs["given"] = given_tokens
    cluster = Cluster(jobs, requests, members, outages, prefix_cache=prefix_cache, scaling=scaling)
    starters = np.arange(len(jobs), dtype=np.int32)
    outcomes = cluster.run(starters, router, seed, watch)
    return replace(outcomes, arrival_s=requests.arrival_s)


class Cluster:
    """Members made into records, and the run of requests through them."""

    def __init__(
        self,
        jobs: NDArray[np.void],
        requests: Requests,
        members: Sequence[Member],
        outages: Sequence[Outage] = (),
        *,
        prefix_cache: bool = True,
        scaling: Autoscaling | None = None,
    ) -> None:
        """Make idle members for `jobs`, whose priorities and prefixes `requests` hold; raises ValueError."""
        _check(members, outages)
        if scaling is not None and (outages or any(member.ready_s > 0 for member in members)):
            raise ValueError("an autoscaler alone starts and stops its replicas: give it no outages and no ready_s")
        steps, limits, capacities = zip(*((m.step, m.limits, m.kv_capacity_tokens) for m in members), strict=True)
        jobs["replica"] = state.NONE
        records = with_priorities(make_records(jobs, steps, limits, capacities), requests)
        if prefix_cache:
            records = with_host_memory(with_prefix_cache(records, requests), [m.host_memory for m in members])
        self.records = records
        self.hosts, self.fates = _hosts(members, jobs)
        self.changes = _changes(members, outages, self.hosts)
        self.scaling = scaling

    def run(
        self,
        starters: NDArray[np.int32],
        router: Router,
        seed: int,
        watch: Watch | None,
        *,
        sessions: bool = False,
    ) -> RequestOutcomes:
        """Return what becomes of the requests; the `starters` come unasked at their `enter_s`, others after them."""
        from millwright.simulate.cluster_engine import run_cluster  # compiled code is loaded when first needed
        from millwright.simulate.routing import Front

        jobs, replicas = self.records.jobs, self.records.replicas
        replicas["routed"] = sessions
        front = Front(
            router=int(router),
            watches=0 if router in _BLIND else 2 if router is Router.PREFIX_AWARE else 1,
            sessions=int(sessions),
            arrival_s=np.full(len(jobs), np.nan),
            starters=starters,
            draws=np.random.default_rng(seed).random((len(jobs), 2)),
            hosts=self.hosts,
            fates=self.fates,
            changes=self.changes,
            counts=np.zeros(3, dtype=np.int64),
        )
        first_s = float(jobs["enter_s"][starters[0]])
        scaler = None if self.scaling is None else Autoscaler(self.scaling, len(replicas), first_s)
        if scaler is not None:
            self.hosts["up"] = scaler.up
        if watch is not None:
            watch.begin(jobs["enter_s"][starters])

        def come() -> int:
            return int(front.counts[0])

        def is_over() -> bool:
            return come() == len(starters) and (not (watch or sessions) or is_idle(replicas))

        while not is_over():
            scale_s = scaler.next_s if scaler is not None and (sessions or come() < len(starters)) else np.inf
            look_s = watch.next_s if watch is not None else np.inf
            run_cluster(front, self.records, min(scale_s, look_s))
            if watch is not None and look_s <= scale_s:
                watch.look(replicas, come(), len(starters))
            if scaler is not None and scale_s <= look_s and np.isfinite(scale_s):
                self._scale(scaler, scale_s)
        run_cluster(front, self.records, np.inf)
        jobs["replica"] = np.maximum(jobs["replica"], 0)
        outcomes = collect(front.arrival_s, self.records)
        return outcomes if scaler is None else replace(outcomes, scaled=tuple(scaler.scaled))

    def _scale(self, scaler: Autoscaler, time_s: float) -> None:
        """Let the autoscaler look at the requests under way, and open and close replicas as it says."""
        replicas = self.records.replicas
        under_way = replicas["outstanding"].copy()
        hidden = replicas["now_s"] > time_s + state.SAME_INSTANT_S  # what the step under way ends is not seen yet
        under_way[hidden] += replicas["done"][hidden]
        for k in scaler.step(under_way.tolist()):
            _start_cold(replicas[k], self.records.cache[k], time_s)
        self.hosts["up"] = scaler.up


def _start_cold(replica: np.void, cache: NDArray[np.void], time_s: float) -> None:
    """Let a replica begin with an empty cache, unless it has never ended what it was doing."""
    if replica["running"] or replica["waiting"] or replica["next_to_come"] != state.NONE:
        return
    replica["now_s"] = max(replica["now_s"], time_s)
    replica["free_blocks"] += replica["idle_blocks"]
    replica["idle_blocks"] = replica["host_used"] = 0
    for name in ("idle_oldest", "idle_newest", "host_oldest", "host_newest"):
        replica[name] = state.NONE
    cache["refs"] = state.ABSENT


_BLIND = (Router.ROUND_ROBIN, Router.RANDOM)


def _check(members: Sequence[Member], outages: Sequence[Outage]) -> None:
    if not members:
        raise ValueError("a cluster needs at least one replica")
    for member in members:
        if not member.weight > 0:
            raise ValueError(f"a replica's weight must be above 0, got {member.weight}")
    for outage in outages:
        if not 0 <= outage.replica < len(members):
            raise ValueError(f"no replica number {outage.replica}: the cluster has {len(members)}, counted from 0")
        if not outage.from_s < outage.until_s:
            raise ValueError(f"an outage must end after it begins, got {outage.from_s} to {outage.until_s} s")


def _hosts(members: Sequence[Member], jobs: NDArray[np.void]) -> tuple[NDArray[np.void], NDArray[np.uint8]]:
    """Return what the router knows of each replica, and the fate of each request at each kind of replica's door."""
    kinds: dict[tuple[SchedulerLimits, int, int], int] = {}
    hosts = np.zeros(len(members), dtype=state.HOST)
    for host, member in zip(hosts, members, strict=True):
        kind = (member.limits, member.kv_capacity_tokens, drafted_tokens(member.step))
        host["kind"] = kinds.setdefault(kind, len(kinds))
        host["weight"], host["longest_input_tokens"] = member.weight, member.longest_input_tokens
        host["up"] = member.ready_s <= 0
    fates = [refusals(jobs["input_tokens"], jobs["output_tokens"], *kind) for kind in kinds]
    return hosts, np.array(fates, dtype=np.uint8)


def _changes(members: Sequence[Member], outages: Sequence[Outage], hosts: NDArray[np.void]) -> NDArray[np.void]:
    """Return when replicas go up and down, in order of time."""
    rows = [(member.ready_s, k, 1, 0) for k, member in enumerate(members) if hosts["up"][k] == 0]
    for outage in outages:
        rows.append((outage.from_s, outage.replica, 0, int(outage.retried)))
        if np.isfinite(outage.until_s):
            rows.append((outage.until_s, outage.replica, 1, 0))
    return np.array(sorted(rows), dtype=state.CHANGE)
