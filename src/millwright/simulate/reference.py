"""The scheduler, step by step, in plain Python: what the compiled engine must equal, and the place to read it.

vLLM's v1 scheduler: each step has a budget of tokens. Running sequences come first, in order of admission: one token
each, or the next chunk of a prompt. If the KV cache lacks a block, the running sequence of lowest priority, of equals
the last to come, is preempted: its cache is dropped and it waits to be computed again. Then, unless a sequence was
preempted in this step, waiting requests are admitted by priority and arrival while tokens, sequences and blocks last.

Other engines differ by data: where prompts go first, a step computes prompts alone while there are any; a prompt may
have to enter a step whole; room may be kept for answers still to come.
"""

from __future__ import annotations

import math
from bisect import insort
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from itertools import takewhile

from millwright.perf.deployment import SchedulerLimits
from millwright.perf.step_time import StepTime
from millwright.simulate.offload import HostMemory
from millwright.simulate.outcomes import Fate, Totals
from millwright.simulate.reference_draft import tokens_of_pass
from millwright.simulate.state import SAME_INSTANT_S


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
    passes: int = 0  # drafting: steps since it was admitted
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
    host_room: int = 0  # prefix blocks that the host's memory may hold
    holders: dict[int, int] = field(default_factory=dict)
    idle: OrderedDict[int, None] = field(default_factory=OrderedDict)
    hosted: OrderedDict[int, None] = field(default_factory=OrderedDict)

    def prefix(self, sequence: Sequence) -> list[int]:
        """Return the leading prefix blocks of a waiting sequence that are cached; one token is left to compute."""
        most = (sequence.tokens - 1) // self.block_tokens
        return list(takewhile(lambda b: b in self.holders or b in self.hosted, sequence.prefix[:most]))

    def hold(self, block: int) -> None:
        """Count one more holder of a block, which may be new."""
        self.holders[block] = self.holders.get(block, 0) + 1
        self.idle.pop(block, None)
        self.hosted.pop(block, None)

    def let_go(self, block: int) -> None:
        """Count one holder less; without any the block is idle."""
        self.holders[block] -= 1
        if self.holders[block] == 0:
            self.idle[block] = None

    def drop_oldest(self) -> None:
        """Drop the idle block that was used longest ago, to the host's memory if there is any."""
        block, _ = self.idle.popitem(last=False)
        del self.holders[block]
        if self.host_room > 0:
            if len(self.hosted) == self.host_room:
                self.hosted.popitem(last=False)
            self.hosted[block] = None


@dataclass
class ReferenceEngine:
    """One replica, stepped one step at a time."""

    step: StepTime
    limits: SchedulerLimits
    kv_capacity_tokens: int
    host_memory: HostMemory | None = None
    now_s: float = 0.0
    arrivals: deque[Sequence] = field(default_factory=deque)
    waiting: list[Sequence] = field(default_factory=list)  # in order of rank
    running: list[Sequence] = field(default_factory=list)
    finished: list[Sequence] = field(default_factory=list)
    gaps_s: list[float] = field(default_factory=list)
    tickets: int = 0
    steps: int = 0
    busy_s: float = 0.0
    prompt_s: float = 0.0
    decode_seconds: float = 0.0
    kv_token_seconds: float = 0.0
    prefill_tokens: int = 0
    decode_tokens: int = 0
    prompt_decode_tokens: int = 0
    cached_tokens: int = 0
    loaded_tokens: int = 0
    drafted_tokens: int = 0
    kv_peak_blocks: int = 0
    cache: ReferencePrefixCache | None = None

    def __post_init__(self) -> None:
        self.blocks = self.kv_capacity_tokens // self.limits.block_size_tokens
        self.watermark = int(self.limits.watermark * self.blocks)
        self.free_blocks = self.blocks
        self.draft = self.step.speculation.draft if self.step.speculation else None
        self.drafted = self.draft.tokens if self.draft else 0

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
        self.schedule()
        self.run()
        return True

    def schedule(self) -> None:
        """Choose the tokens that each sequence computes in this step."""
        self.scheduled: dict[Sequence, int] = {}
        self.budget = self.limits.max_num_batched_tokens
        self.preempted = False
        self.load_s = 0.0
        if self.limits.prefill_first:
            self.serve([s for s in self.running if not s.decoding])
            self.admit()
            if not self.scheduled:
                self.serve(self.running)
        else:
            self.serve(self.running)
            self.admit()

    def serve(self, sequences: list[Sequence]) -> None:
        """Give running sequences their tokens of this step; whoever must, makes room."""
        for sequence in list(sequences):
            if sequence not in self.running:
                continue
            wanted = 1 + self.drafted if sequence.decoding else sequence.tokens - sequence.computed
            chunk = min(wanted, self.budget)
            while not self.allocate(sequence, chunk):
                victim = max(self.running, key=lambda s: s.rank)
                self.budget += self.scheduled.pop(victim, 0)
                self.preempt(victim)
                self.preempted = True
                if victim is sequence:
                    break
            else:
                self.scheduled[sequence] = chunk
                self.budget -= chunk

    def admit(self) -> None:
        """Admit waiting requests while tokens, sequences and blocks last."""
        loaded = 0
        while self.budget > 0 and not self.preempted and self.waiting and len(self.running) < self.limits.max_num_seqs:
            sequence = self.waiting[0]
            if not self.has_room(sequence) or not self.fits_step(sequence):
                break
            self.waiting.pop(0)
            loaded += self.take_prefix(sequence)
            self.running.append(sequence)
            if sequence.preemptions == 0:
                sequence.admitted_s = self.now_s
                sequence.cached_tokens = sequence.computed
                sequence.computed = max(sequence.computed, sequence.given)
            chunk = min(sequence.tokens - sequence.computed, self.budget)
            self.allocate(sequence, chunk)
            self.scheduled[sequence] = chunk
            self.budget -= chunk
        if loaded and self.host_memory:
            self.load_s = self.host_memory.start_s + loaded * self.host_memory.s_per_token
            self.loaded_tokens += loaded

    def fits_step(self, sequence: Sequence) -> bool:
        """Return whether the prompt fits into what is left of the step, if it must not be cut."""
        start = len(self.cache.prefix(sequence)) * self.cache.block_tokens if self.cache else 0
        if sequence.preemptions == 0:
            start = max(start, sequence.given)
        too_long = sequence.tokens - start > self.budget and sequence.tokens <= self.limits.max_num_batched_tokens
        return self.limits.chunked_prefill or not too_long

    def run(self) -> None:
        """Let the step's time pass, then give out its tokens."""
        scheduled, step = self.scheduled, self.step
        prefill = {s: chunk for s, chunk in scheduled.items() if not s.decoding}
        decode = [s for s in scheduled if s.decoding]
        attention = sum(chunk * s.computed + chunk * (chunk + 1) / 2 for s, chunk in prefill.items())
        context = sum(s.computed + 1 + self.drafted for s in decode)
        table = step.tokens_s if prefill else step.decode_tokens_s
        seconds = float(
            table[sum(scheduled.values())]
            + step.kv_s * context
            + step.prefill_s * attention
            + step.seq_s * len(scheduled)
            + self.load_s
        )
        if step.speculation and decode:
            seconds += float(step.speculation.draft_s[len(decode)])
        tokens = {s: self.tokens_of(s) for s in decode}
        for sequence, chunk in scheduled.items():
            sequence.computed += tokens.get(sequence, chunk)
        self.now_s += seconds
        self.steps += 1
        self.busy_s += seconds
        self.decode_seconds += sum(s.decoding for s in self.running) * seconds
        self.kv_token_seconds += sum(s.computed for s in self.running) * seconds
        self.prefill_tokens += sum(prefill.values())
        self.decode_tokens += sum(tokens.values())
        if prefill:
            self.prompt_s += seconds
            self.prompt_decode_tokens += sum(tokens.values())
        self.drafted_tokens += self.drafted * len(decode)
        self.kv_peak_blocks = max(self.kv_peak_blocks, self.blocks - self.available)
        for sequence in scheduled:
            if sequence in tokens:
                self.emit(sequence, tokens[sequence])
            elif sequence.computed == sequence.tokens:
                self.emit(sequence, 1)

    def tokens_of(self, sequence: Sequence) -> int:
        """Return how many tokens this step brings a decoding sequence."""
        if self.draft is None:
            return 1
        tokens = tokens_of_pass(self.draft, sequence.index, sequence.generated, sequence.passes)
        sequence.passes += 1
        return min(tokens, sequence.output_tokens - sequence.generated)

    def emit(self, sequence: Sequence, tokens: int) -> None:
        """Give the sequence its next tokens, all at this instant; with its last one it is done."""
        sequence.decoding = True
        sequence.generated += tokens
        if sequence.generated == tokens:
            sequence.first_token_s = self.now_s
        else:
            self.gaps_s += [self.now_s - sequence.last_token_s, *[0.0] * (tokens - 1)]
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
        promised = sum(self.blocks_at_end(s) - s.blocks for s in self.running) + self.blocks_at_end(sequence) - needed
        needed += math.ceil(self.limits.reserved_output * promised)
        available = self.available
        if self.cache:
            found = self.cache.prefix(sequence)
            needed -= sum(block in self.cache.holders for block in found) * self.cache.unit
            available -= sum(block in self.cache.idle for block in found) * self.cache.unit
        return available - needed >= self.watermark

    def blocks_at_end(self, sequence: Sequence) -> int:
        """Return the blocks that the sequence holds when its last token comes."""
        drafted = self.drafted if sequence.output_tokens > 1 else 0
        return self.blocks_for(sequence.input_tokens + sequence.output_tokens - 1 + drafted)

    def take_prefix(self, sequence: Sequence) -> int:
        """Let the sequence hold what the cache has of its prompt; return the tokens that come back from the host."""
        if not self.cache:
            return 0
        found = self.cache.prefix(sequence)
        hosted = sum(block in self.cache.hosted for block in found)
        for block in found:
            self.cache.hold(block)
        sequence.held = len(found)
        sequence.computed = sequence.held * self.cache.block_tokens
        sequence.blocks = (sequence.held - hosted) * self.cache.unit
        self.cached_tokens += sequence.computed
        return hosted * self.cache.block_tokens

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
        sequence.computed = sequence.passes = 0
        sequence.decoding = False
        sequence.preemptions += 1
        insort(self.waiting, sequence, key=lambda s: s.rank)

    # -- what came of it --------------------------------------------------------------------------------------------

    def refusal(self, input_tokens: int, output_tokens: int) -> Fate:
        """Return whether a request is refused at the door: beyond the context limit, or too long to fit even alone."""
        if input_tokens + output_tokens > self.limits.max_model_len_tokens:
            return Fate.REFUSED_LENGTH
        drafted = self.drafted if output_tokens > 1 else 0
        if self.blocks_for(input_tokens + output_tokens - 1 + drafted) > self.blocks - self.watermark:
            return Fate.REFUSED_MEMORY
        return Fate.PENDING

    def totals(self) -> Totals:
        """Return what the replica did so far."""
        return Totals(
            steps=self.steps,
            busy_s=self.busy_s,
            prompt_s=self.prompt_s,
            decode_seconds=self.decode_seconds,
            kv_token_seconds=self.kv_token_seconds,
            prefill_tokens=self.prefill_tokens,
            decode_tokens=self.decode_tokens,
            prompt_decode_tokens=self.prompt_decode_tokens,
            kv_peak_blocks=self.kv_peak_blocks,
            kv_blocks=self.blocks,
            cached_tokens=self.cached_tokens,
            loaded_tokens=self.loaded_tokens,
            drafted_tokens=self.drafted_tokens,
            kv_blocks_at_end=self.blocks - self.available,
            block_size_tokens=self.limits.block_size_tokens,
        )
