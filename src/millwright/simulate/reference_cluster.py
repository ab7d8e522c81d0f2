"""Several replicas behind a router, step by step, in plain Python: the oracle of the compiled cluster."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence as Members
from heapq import heapify, heappop, heappush

import numpy as np

from millwright.simulate.autoscaling import Autoscaler, Autoscaling
from millwright.simulate.cluster import Member, Outage
from millwright.simulate.outcomes import Fate
from millwright.simulate.reference import ReferenceEngine, Sequence
from millwright.simulate.reference_load import give_classes
from millwright.simulate.router import Router
from millwright.simulate.sessions import Sessions
from millwright.simulate.state import SAME_INSTANT_S
from millwright.traffic.requests import Requests

Event = tuple[float, int, int, Outage | None]
"""When; 0 for a change of a replica, 1 for a request that comes; which of them; the outage that begins, if any."""


class ReferenceCluster:
    """Replicas, stepped one step at a time, and the router in front of them."""

    def __init__(
        self,
        requests: Requests,
        members: Members[Member],
        router: Router,
        outages: Members[Outage],
        given_tokens: list[int],
        seed: int,
        scaling: Autoscaling | None = None,
        sessions: Sessions | None = None,
    ) -> None:
        self.members, self.router = members, router
        self.draws = np.random.default_rng(seed).random((len(requests), 2))
        self.engines = [ReferenceEngine(m.step, m.limits, m.kv_capacity_tokens, m.host_memory) for m in members]
        self.up = [member.ready_s <= 0 for member in members]
        lengths = zip(requests.input_tokens.tolist(), requests.output_tokens.tolist(), strict=True)
        self.sequences = [Sequence(i, float("nan"), input_, output) for i, (input_, output) in enumerate(lengths)]
        for sequence, given in zip(self.sequences, given_tokens, strict=True):
            sequence.given = given
        for engine in self.engines:
            give_classes(engine, self.sequences, requests)
        self.sent: dict[Sequence, int] = {}
        self.retries = [0] * len(requests)
        self.turn = 0
        self.scaler = None if scaling is None else Autoscaler(scaling, len(members), float(requests.arrival_s[0]))
        if self.scaler is not None:
            self.up = list(self.scaler.up)
        self.sessions = sessions
        starters = range(len(requests)) if sessions is None else sessions.turn_offsets[:-1].tolist()
        self.begins = set(starters)
        self.home: dict[Sequence, int] = {}
        self.events: list[Event] = [(float(requests.arrival_s[i]), 1, i, None) for i in starters]
        self.events += [(member.ready_s, 0, k, None) for k, member in enumerate(members) if member.ready_s > 0]
        for outage in outages:
            self.events.append((outage.from_s, 0, outage.replica, outage))
            if np.isfinite(outage.until_s):
                self.events.append((outage.until_s, 0, outage.replica, None))
        heapify(self.events)

    def run(self) -> None:
        """Run all events and steps in order of time."""
        while self.events:
            self.advance(self.events[0][0])
            time_s, is_arrival, index, outage = heappop(self.events)
            if is_arrival:
                self.route(self.sequences[index], time_s)
            elif outage is None:
                self.up[index] = True
                self.engines[index].now_s = max(self.engines[index].now_s, time_s)
            else:
                self.up[index] = False
                for sequence in self.fail(index, time_s):
                    self.retries[sequence.index] += 1
                    if outage.retried:
                        self.route(sequence, time_s)
                    else:
                        sequence.fate = Fate.LOST
            if not self.events:
                self.advance(float("inf"))
        for sequence in self.sequences:
            if sequence.fate is Fate.PENDING:  # a turn after one that was refused or lost
                sequence.fate = Fate.LOST

    def advance(self, until_s: float) -> None:
        """Run, in order of their start, the steps that start before `until_s`, or before a turn that comes earlier."""
        while True:
            until_s = min(until_s, self.events[0][0]) if self.events else until_s
            start_s, k = min((self.next_step_s(engine), k) for k, engine in enumerate(self.engines))
            scale_s = self.scaler.next_s if self.scaler is not None else float("inf")
            if scale_s < until_s and scale_s <= start_s + SAME_INSTANT_S and self.events:
                self.scale(scale_s)
            elif start_s + SAME_INSTANT_S >= until_s or start_s == float("inf"):
                return
            else:
                engine = self.engines[k]
                engine.now_s = start_s
                done = len(engine.finished)
                engine.advance()
                for sequence in engine.finished[done:]:
                    self.send_next(sequence, engine.now_s)

    def next_step_s(self, engine: ReferenceEngine) -> float:
        """Return when a replica starts its next step, infinity if it has nothing to do."""
        if engine.running or engine.waiting:
            return engine.now_s
        return max(engine.now_s, engine.arrivals[0].enter_s) if engine.arrivals else float("inf")

    def send_next(self, sequence: Sequence, time_s: float) -> None:
        """Let the turn that follows a request, which ended at `time_s`, come when its user has thought."""
        following = sequence.index + 1
        if self.sessions is not None and following < len(self.sequences) and following not in self.begins:
            self.home[self.sequences[following]] = self.sent[sequence]
            come_s = time_s + float(self.sessions.think_s[sequence.index])
            come_s = round(come_s / SAME_INSTANT_S) * SAME_INSTANT_S  # rounding decides nothing: see `waiting.py`
            heappush(self.events, (come_s, 1, following, None))

    def scale(self, now_s: float) -> None:
        """Let the autoscaler decide."""
        assert self.scaler is not None
        for k in self.scaler.step([len(self.under_way(k, now_s)) for k in range(len(self.engines))]):
            engine = self.engines[k]
            if not (engine.running or engine.waiting or engine.arrivals):
                self.empty(engine, max(engine.now_s, now_s))
        self.up = list(self.scaler.up)

    def route(self, sequence: Sequence, time_s: float) -> None:
        """Send a request to the replica that the router chooses."""
        takers = [k for k in range(len(self.members)) if self.takes(k, sequence)]
        up = [k for k in takers if self.up[k]]
        sequence.enter_s = time_s
        if not up:
            fate = self.engines[0].refusal(sequence.input_tokens, sequence.output_tokens)
            sequence.fate = Fate.LOST if takers else fate or Fate.REFUSED_LENGTH
            return
        replica = self.choose(up, sequence, time_s)
        self.turn += 1
        self.sent[sequence] = self.home[sequence] = replica
        sequence.fate = Fate.PENDING
        sequence.enter_s = time_s + self.members[replica].step.request_s
        self.engines[replica].arrivals.append(sequence)

    def takes(self, replica: int, sequence: Sequence) -> bool:
        """Return whether a replica would take the request when up."""
        refusal = self.engines[replica].refusal(sequence.input_tokens, sequence.output_tokens)
        return refusal is Fate.PENDING and sequence.input_tokens <= self.members[replica].longest_input_tokens

    def choose(self, up: list[int], sequence: Sequence, time_s: float) -> int:
        """Return one of the replicas `up`."""
        draw = self.draws[sequence.index]
        first = min(int(draw[0] * len(up)), len(up) - 1)
        if self.router is Router.ROUND_ROBIN:
            return up[self.turn % len(up)]
        if self.router is Router.RANDOM:
            return up[first]
        if self.router is Router.STICKY and self.home.get(sequence) in up:
            return self.home[sequence]
        if self.router is Router.POWER_OF_TWO:
            if len(up) == 1:
                return up[0]
            second = (first + 1 + min(int(draw[1] * (len(up) - 1)), len(up) - 2)) % len(up)
            return min(sorted((up[first], up[second])), key=lambda k: len(self.under_way(k, time_s)) / self.weight(k))
        if self.router is Router.BY_LENGTH:
            shortest = min(self.members[k].longest_input_tokens for k in up)
            up = [k for k in up if self.members[k].longest_input_tokens == shortest]
        return min(up, key=lambda k: self.load(k, sequence, time_s))

    def load(self, replica: int, sequence: Sequence, time_s: float) -> float:
        """Return what the router holds against a replica."""
        under_way = self.under_way(replica, time_s)
        load = float(len(under_way))
        if self.router in (Router.LEAST_TOKENS, Router.PREFIX_AWARE):
            load = float(sum(s.input_tokens for s in under_way))
        if self.router is Router.PREFIX_AWARE:
            cache = self.engines[replica].cache
            load += sequence.input_tokens - (len(cache.prefix(sequence)) * cache.block_tokens if cache else 0)
        return load / self.weight(replica)

    def weight(self, replica: int) -> float:
        """Return a replica's weight."""
        return self.members[replica].weight

    def under_way(self, replica: int, time_s: float) -> list[Sequence]:
        """Return the requests sent to a replica and not ended by `time_s`."""
        return [
            s
            for s, k in self.sent.items()
            if k == replica and not (s.fate is Fate.SERVED and s.finish_s <= time_s + SAME_INSTANT_S)
        ]

    def fail(self, replica: int, time_s: float) -> list[Sequence]:
        """Empty a replica; return its requests, as fresh as when they came: first what it was serving."""
        engine = self.engines[replica]
        undone = [s for s in engine.finished if s.finish_s > time_s + SAME_INSTANT_S]
        engine.finished = [s for s in engine.finished if s not in undone]
        unserved = sorted([*engine.waiting, *engine.arrivals], key=lambda s: s.priority)
        lost = [*undone, *engine.running, *unserved]
        if self.sessions is not None:
            followers = {s.index + 1 for s in undone} - self.begins
            self.events = [event for event in self.events if not (event[1] and event[2] in followers)]
            heapify(self.events)
        for sequence in lost:
            sequence.generated = sequence.computed = sequence.blocks = sequence.held = 0
            sequence.preemptions = sequence.cached_tokens = sequence.passes = 0
            sequence.decoding = False
            sequence.fate = Fate.PENDING
            sequence.admitted_s = sequence.first_token_s = sequence.finish_s = float("nan")
            del self.sent[sequence]
        self.empty(engine, time_s)
        return lost

    def empty(self, engine: ReferenceEngine, time_s: float) -> None:
        """Let a replica begin anew at `time_s`, with nothing to do and nothing cached."""
        engine.running, engine.waiting, engine.arrivals = [], [], deque()
        engine.free_blocks = engine.blocks
        if engine.cache:
            engine.cache.holders.clear()
            engine.cache.idle.clear()
            engine.cache.hosted.clear()
        engine.now_s = time_s


def reference_cluster(
    requests: Requests,
    members: Members[Member],
    router: Router,
    *,
    outages: Members[Outage] = (),
    given_tokens: np.ndarray | None = None,
    seed: int = 0,
    scaling: Autoscaling | None = None,
) -> ReferenceCluster:
    """Simulate a cluster step by step and return it."""
    given = [0] * len(requests) if given_tokens is None else given_tokens.tolist()
    cluster = ReferenceCluster(requests, members, router, outages, given, seed, scaling)
    cluster.run()
    return cluster


def reference_session_cluster(
    sessions: Sessions,
    members: Members[Member],
    router: Router,
    *,
    outages: Members[Outage] = (),
    seed: int = 0,
) -> ReferenceCluster:
    """Simulate sessions behind a router step by step and return the cluster."""
    requests = sessions.as_requests()
    cluster = ReferenceCluster(requests, members, router, outages, [0] * len(requests), seed, sessions=sessions)
    cluster.run()
    return cluster
