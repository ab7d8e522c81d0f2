"""The scheduler, step by step, in plain Python: what the compiled engine must equal, and the place to read it.

vLLM's v1 scheduler: each step has a budget of tokens. Running sequences come first, in order of admission: one token
each, or the next chunk of a prompt. If the KV cache lacks a block, the running sequence of lowest priority, of equals
the last to come, is preempted: its cache is dropped and it waits to be computed again. Then, unless a sequence was
preempted in this step, waiting requests are admitted by priority and arrival while tokens, sequences and blocks last.
"""

from __future__ import annotations

from bisect import insort
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from itertools import pairwise, takewhile

import numpy as np

from millwright.perf.deployment import SchedulerLimits
from millwright.perf.step_time import StepTime
from millwright.simulate.outcomes import Fate, Totals
from millwright.simulate.sessions import Sessions
from millwright.simulate.state import SAME_INSTANT_S
from millwright.traffic.requests import Requests


@dataclass(eq=False)
class Sequence:
    """One request on its way."""

    index: int
    enter_s: float
    input_tokens: int
    output_tokens: int
    priority: int = 0
    given: int = 0  # prompt tokens whose cache comes with the request
    ticket: int = 0
    generated: int = 0
    computed: int = 0
    blocks: int = 0
    prefix: list[int] = field(default_factory=list)
    held: int = 0
    cached_tokens: int = 0
    decoding: bool = False
    admitted_s: float = float("nan")
    first_token_s: float = float("nan")
    finish_s: float = float("nan")
    last_token_s: float = float("nan")
    preemptions: int = 0
    fate: Fate = Fate.PENDING

    @property
    def rank(self) -> tuple[int, int]:
        """Who goes first: priority, then arrival."""
        return self.priority, self.ticket

    @property
    def tokens(self) -> int:
        """Tokens known so far: the prompt and what was generated."""
        return self.input_tokens + self.generated


@dataclass
class ReferencePrefixCache:
    """Prompt blocks kept after use: how many running sequences hold each, and the idle ones by last use."""

    block_tokens: int
    unit: int  # KV blocks of one prefix block
    holders: dict[int, int] = field(default_factory=dict)
    idle: OrderedDict[int, None] = field(default_factory=OrderedDict)

    def prefix(self, sequence: Sequence) -> list[int]:
        """Return the leading prefix blocks of a waiting sequence that are cached; one token is left to compute."""
        most = (sequence.tokens - 1) // self.block_tokens
        return list(takewhile(self.holders.__contains__, sequence.prefix[:most]))

    def hold(self, block: int) -> None:
        """Count one more holder of a block, which may be new."""
        self.holders[block] = self.holders.get(block, 0) + 1
        self.idle.pop(block, None)

    def let_go(self, block: int) -> None:
        """Count one holder less; without any the block is idle."""
        self.holders[block] -= 1
        if self.holders[block] == 0:
            self.idle[block] = None

    def drop_oldest(self) -> None:
        """Forget the idle block that was used longest ago."""
        block, _ = self.idle.popitem(last=False)
        del self.holders[block]


@dataclass
class ReferenceEngine:
    """One replica, stepped one step at a time."""

    step: StepTime
    limits: SchedulerLimits
    kv_capacity_tokens: int
    now_s: float = 0.0
    arrivals: deque[Sequence] = field(default_factory=deque)
    waiting: list[Sequence] = field(default_factory=list)  # in order of rank
    running: list[Sequence] = field(default_factory=list)
    finished: list[Sequence] = field(default_factory=list)
    gaps_s: list[float] = field(default_factory=list)
    tickets: int = 0
    steps: int = 0
    busy_s: float = 0.0
    decode_seconds: float = 0.0
    kv_token_seconds: float = 0.0
    prefill_tokens: int = 0
    decode_tokens: int = 0
    cached_tokens: int = 0
    kv_peak_blocks: int = 0
    cache: ReferencePrefixCache | None = None

    def __post_init__(self) -> None:
        self.blocks = self.kv_capacity_tokens // self.limits.block_size_tokens
        self.watermark = int(self.limits.watermark * self.blocks)
        self.free_blocks = self.blocks

    # -- one step ---------------------------------------------------------------------------------------------------

    def advance(self) -> bool:
        """Run one step; return whether there was one to run."""
        if not self.running and not self.waiting:
            if not self.arrivals:
                return False
            self.now_s = max(self.now_s, self.arrivals[0].enter_s)
        while self.arrivals and self.arrivals[0].enter_s <= self.now_s + SAME_INSTANT_S:
            sequence = self.arrivals.popleft()
            sequence.ticket = self.tickets
            self.tickets += 1
            insort(self.waiting, sequence, key=lambda s: s.rank)
        self.run(self.schedule())
        return True

    def schedule(self) -> dict[Sequence, int]:
        """Return the tokens that each sequence computes in this step."""
        budget = self.limits.max_num_batched_tokens
        scheduled: dict[Sequence, int] = {}
        preempted = False
        for sequence in list(self.running):
            if sequence not in self.running:
                continue
            chunk = min(sequence.tokens - sequence.computed, budget)
            while not self.allocate(sequence, chunk):
                victim = max(self.running, key=lambda s: s.rank)
                budget += scheduled.pop(victim, 0)
                self.preempt(victim)
                preempted = True
                if victim is sequence:
                    break
            else:
                scheduled[sequence] = chunk
                budget -= chunk
        while budget > 0 and not preempted and self.waiting and len(self.running) < self.limits.max_num_seqs:
            sequence = self.waiting[0]
            if not self.has_room(sequence):
                break
            self.waiting.pop(0)
            self.running.append(sequence)
            self.take_prefix(sequence)
            if sequence.preemptions == 0:
                sequence.admitted_s = self.now_s
                sequence.cached_tokens = sequence.computed
                sequence.computed = max(sequence.computed, sequence.given)
            chunk = min(sequence.tokens - sequence.computed, budget)
            self.allocate(sequence, chunk)
            scheduled[sequence] = chunk
            budget -= chunk
        return scheduled

    def run(self, scheduled: dict[Sequence, int]) -> None:
        """Let the step's time pass, then give out its tokens."""
        prefill = {s: chunk for s, chunk in scheduled.items() if not s.decoding}
        decode = [s for s in scheduled if s.decoding]
        attention = sum(chunk * s.computed + chunk * (chunk + 1) / 2 for s, chunk in prefill.items())
        context = sum(s.computed + 1 for s in decode)
        tokens = sum(scheduled.values())
        table = self.step.tokens_s if prefill else self.step.decode_tokens_s
        seconds = float(
            table[tokens]
            + self.step.kv_s * context
            + self.step.prefill_s * attention
            + self.step.seq_s * len(scheduled)
        )
        for sequence, chunk in scheduled.items():
            sequence.computed += chunk
        self.now_s += seconds
        self.steps += 1
        self.busy_s += seconds
        self.decode_seconds += len(decode) * seconds
        self.kv_token_seconds += sum(s.computed for s in self.running) * seconds
        self.prefill_tokens += sum(prefill.values())
        self.decode_tokens += len(decode)
        self.kv_peak_blocks = max(self.kv_peak_blocks, self.blocks - self.available)
        for sequence in scheduled:
            if sequence.computed == sequence.tokens:
                self.emit(sequence)

    def emit(self, sequence: Sequence) -> None:
        """Give the sequence its next token; with its last one it is done."""
        sequence.decoding = True
        sequence.generated += 1
        if sequence.generated == 1:
            sequence.first_token_s = self.now_s
        else:
            self.gaps_s.append(self.now_s - sequence.last_token_s)
        sequence.last_token_s = self.now_s
        if sequence.generated == sequence.output_tokens:
            sequence.finish_s = self.now_s
            sequence.fate = Fate.SERVED
            self.running.remove(sequence)
            self.release(sequence)
            self.finished.append(sequence)

    # -- KV blocks --------------------------------------------------------------------------------------------------

    def blocks_for(self, tokens: int) -> int:
        """Return the blocks that hold `tokens` tokens."""
        return -(-tokens // self.limits.block_size_tokens)

    def allocate(self, sequence: Sequence, chunk: int) -> bool:
        """Take the blocks for `chunk` tokens more; return False, and take none, if there are too few."""
        more = self.blocks_for(sequence.computed + chunk) - sequence.blocks
        if more > self.available:
            return False
        self.free_blocks -= more
        sequence.blocks += more
        while self.free_blocks < 0 and self.cache:
            self.cache.drop_oldest()
            self.free_blocks += self.cache.unit
        self.keep_prefix(sequence, sequence.computed + chunk)
        return True

    @property
    def available(self) -> int:
        """Blocks that may be taken: free, or idle in the prefix cache."""
        return self.free_blocks + (len(self.cache.idle) * self.cache.unit if self.cache else 0)

    def has_room(self, sequence: Sequence) -> bool:
        """Return whether all the sequence's tokens fit with the watermark to spare, its cached prefix counted once."""
        needed = self.blocks_for(sequence.tokens)
        available = self.available
        if self.cache:
            found = self.cache.prefix(sequence)
            needed -= len(found) * self.cache.unit
            available -= sum(block in self.cache.idle for block in found) * self.cache.unit
        return available - needed >= self.watermark

    def take_prefix(self, sequence: Sequence) -> None:
        """Let the sequence hold what the cache has of its prompt."""
        if self.cache:
            for block in self.cache.prefix(sequence):
                self.cache.hold(block)
                sequence.held += 1
            sequence.computed = sequence.held * self.cache.block_tokens
            sequence.blocks = sequence.held * self.cache.unit
            self.cached_tokens += sequence.computed

    def keep_prefix(self, sequence: Sequence, computed: int) -> None:
        """Cache the prefix blocks that the sequence fills with this step, up to one that is cached already."""
        if self.cache and not sequence.decoding:
            for block in sequence.prefix[sequence.held : computed // self.cache.block_tokens]:
                if block in self.cache.holders:
                    break
                self.cache.hold(block)
                sequence.held += 1

    def release(self, sequence: Sequence) -> None:
        """Give the sequence's blocks back, the end of its cached prefix first."""
        self.free_blocks += sequence.blocks
        sequence.blocks = 0
        if self.cache:
            self.free_blocks -= sequence.held * self.cache.unit
            for block in reversed(sequence.prefix[: sequence.held]):
                self.cache.let_go(block)
            sequence.held = 0

    def preempt(self, sequence: Sequence) -> None:
        """Drop the sequence's cache and let it wait again, with the rank it had."""
        self.running.remove(sequence)
        self.release(sequence)
        sequence.computed = 0
        sequence.decoding = False
        sequence.preemptions += 1
        insort(self.waiting, sequence, key=lambda s: s.rank)

    # -- what came of it --------------------------------------------------------------------------------------------

    def refusal(self, input_tokens: int, output_tokens: int) -> Fate:
        """Return whether a request is refused at the door: beyond the context limit, or too long to fit even alone."""
        if input_tokens + output_tokens > self.limits.max_model_len_tokens:
            return Fate.REFUSED_LENGTH
        if self.blocks_for(input_tokens + output_tokens - 1) > self.blocks - self.watermark:
            return Fate.REFUSED_MEMORY
        return Fate.PENDING

    def totals(self) -> Totals:
        """Return what the replica did so far."""
        return Totals(
            steps=self.steps,
            busy_s=self.busy_s,
            decode_seconds=self.decode_seconds,
            kv_token_seconds=self.kv_token_seconds,
            prefill_tokens=self.prefill_tokens,
            decode_tokens=self.decode_tokens,
            kv_peak_blocks=self.kv_peak_blocks,
            kv_blocks=self.blocks,
            cached_tokens=self.cached_tokens,
            kv_blocks_at_end=self.blocks - self.available,
            block_size_tokens=self.limits.block_size_tokens,
        )


@dataclass(frozen=True)
class ReferenceResult:
    """Sequences in the order of the requests, gaps between tokens [s], and totals."""

    sequences: list[Sequence]
    gaps_s: list[float]
    totals: Totals


def reference_open(
    requests: Requests, step: StepTime, limits: SchedulerLimits, kv_capacity_tokens: int
) -> ReferenceResult:
    """Simulate an open loop step by step."""
    engine = ReferenceEngine(step, limits, kv_capacity_tokens)
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
        engine.cache = ReferencePrefixCache(tokens, tokens // engine.limits.block_size_tokens)
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
