"""Loads for the reference: requests that come unasked, clients that wait for answers, sessions of turns."""

from __future__ import annotations

from bisect import insort
from collections import deque
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from millwright.perf.deployment import SchedulerLimits
from millwright.perf.step_time import StepTime
from millwright.simulate.offload import HostMemory
from millwright.simulate.outcomes import Fate, Totals
from millwright.simulate.reference import ReferenceEngine, ReferencePrefixCache, Sequence
from millwright.simulate.sessions import Sessions
from millwright.traffic.requests import Requests


@dataclass(frozen=True)
class ReferenceResult:
    """Sequences in the order of the requests, gaps between tokens [s], and totals."""

    sequences: list[Sequence]
    gaps_s: list[float]
    totals: Totals


def reference_open(
    requests: Requests,
    step: StepTime,
    limits: SchedulerLimits,
    kv_capacity_tokens: int,
    host_memory: HostMemory | None = None,
) -> ReferenceResult:
    """Simulate an open loop step by step."""
    engine = ReferenceEngine(step, limits, kv_capacity_tokens, host_memory)
    sequences = _sequences(engine, requests.input_tokens, requests.output_tokens)
    give_classes(engine, sequences, requests)
    for sequence, arrival_s in zip(sequences, requests.arrival_s, strict=True):
        sequence.enter_s = float(arrival_s) + step.request_s
        if sequence.fate is Fate.PENDING:
            engine.arrivals.append(sequence)
    while engine.advance():
        pass
    return ReferenceResult(sequences, engine.gaps_s, engine.totals())


def give_classes(engine: ReferenceEngine, sequences: list[Sequence], requests: Requests) -> None:
    """Give the sequences their priorities, and prefix blocks with a cache for them, if the requests carry any."""
    if requests.priority is not None:
        for sequence, priority in zip(sequences, requests.priority.tolist(), strict=True):
            sequence.priority = priority
    if requests.prefix_blocks is not None and requests.prefix_offsets is not None:
        tokens = requests.prefix_block_tokens
        room = engine.host_memory.capacity_tokens // tokens if engine.host_memory else 0
        engine.cache = ReferencePrefixCache(tokens, tokens // engine.limits.block_size_tokens, room)
        for sequence, (first, last) in zip(sequences, pairwise(requests.prefix_offsets), strict=True):
            filled = sequence.input_tokens // tokens
            sequence.prefix = requests.prefix_blocks[first:last].tolist()[:filled]


def reference_closed(
    input_tokens: np.ndarray,
    output_tokens: np.ndarray,
    concurrency: int,
    step: StepTime,
    limits: SchedulerLimits,
    kv_capacity_tokens: int,
    *,
    think_s: float = 0.0,
) -> ReferenceResult:
    """Simulate a closed loop step by step."""
    engine = ReferenceEngine(step, limits, kv_capacity_tokens)
    sequences = _sequences(engine, input_tokens, output_tokens)
    unsent = deque(sequences)

    def send(time_s: float) -> None:
        while unsent:
            sequence = unsent.popleft()
            sequence.enter_s = time_s + step.request_s
            if sequence.fate is Fate.PENDING:
                engine.arrivals.append(sequence)
                return

    for _ in range(concurrency):
        send(0.0)
    done = 0
    while engine.advance():
        for _ in engine.finished[done:]:
            send(engine.now_s + think_s)
        done = len(engine.finished)
    return ReferenceResult(sequences, engine.gaps_s, engine.totals())


def reference_sessions(
    sessions: Sessions, step: StepTime, limits: SchedulerLimits, kv_capacity_tokens: int
) -> ReferenceResult:
    """Simulate sessions step by step."""
    engine = ReferenceEngine(step, limits, kv_capacity_tokens)
    requests = sessions.as_requests()
    sequences = _sequences(engine, requests.input_tokens, requests.output_tokens)
    give_classes(engine, sequences, requests)
    for first, last in pairwise(sessions.turn_offsets.tolist()):
        turns = sequences[first:last]
        for before, turn in pairwise(turns):
            if before.fate is not Fate.PENDING:
                turn.fate = Fate.LOST
    begins = dict(zip(sessions.turn_offsets[:-1].tolist(), sessions.start_s.tolist(), strict=True))

    def send(sequence: Sequence, time_s: float) -> None:
        sequence.enter_s = time_s + step.request_s
        if sequence.fate is Fate.PENDING:
            insort(engine.arrivals, sequence, key=lambda s: (s.enter_s, s.index))

    for index, start_s in begins.items():
        send(sequences[index], start_s)
    done = 0
    while engine.advance():
        for sequence in engine.finished[done:]:
            following = sequence.index + 1
            if following < len(sequences) and following not in begins:
                send(sequences[following], engine.now_s + float(sessions.think_s[sequence.index]))
        done = len(engine.finished)
    return ReferenceResult(sequences, engine.gaps_s, engine.totals())


def _sequences(engine: ReferenceEngine, inputs: np.ndarray, outputs: np.ndarray) -> list[Sequence]:
    lengths = zip(inputs.tolist(), outputs.tolist(), strict=True)
    return [
        Sequence(i, float("nan"), input_, output, fate=engine.refusal(input_, output))
        for i, (input_, output) in enumerate(lengths)
    ]
