"""Speculative decoding, compiled: a step gives each decoding sequence one token and those of its draft it accepts.

Sequences advance by different numbers of tokens, so there is no jump: every step walks the batch. Blocks are taken for
the whole draft, and kept when some of it is rejected: the next step uses them. How many tokens are accepted depends on
the seed, the request and its place in the answer alone, not on who else is served.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from millwright.perf.speculation import Draft
from millwright.simulate.batch import blocks_for, stop_decoding
from millwright.simulate.compiled import compiled
from millwright.simulate.gaps import gap_bin
from millwright.simulate.preemption import preempt, worst_running
from millwright.simulate.prefix_cache import available, drop_idle, take_blocks_now
from millwright.simulate.state import NONE, Records, Replica

Floats = NDArray[np.float64]

_WEYL, _STRIDE = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD1B54A32D192ED03)
_MIX1, _MIX2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


@compiled
def draw(seed: int, request: int, token: int) -> float:
    """Return a number from [0, 1) that depends on its three arguments alone (SplitMix64, Steele et al. 2014)."""
    x = np.uint64(seed) + np.uint64(request + 1) * _WEYL + np.uint64(token) * _STRIDE
    x = (x ^ (x >> np.uint64(30))) * _MIX1
    x = (x ^ (x >> np.uint64(27))) * _MIX2
    x = x ^ (x >> np.uint64(31))
    return float(x >> np.uint64(11)) * 2.0**-53


@compiled
def serve_drafting(rep: Replica, records: Records) -> None:
    """Take the blocks that decoding sequences need for one step, drafts included, in order of admission."""
    slots, jobs, cache = records.slots, records.jobs, records.cache
    ahead = rep.step + rep.pass_tokens
    slot = rep.oldest
    while slot != NONE and slot != rep.chunk_slot:
        newer = slots[rep.row, slot].newer
        wanted = slots[rep.row, slot].base + ahead
        if wanted > slots[rep.row, slot].reserved:
            blocks = blocks_for(wanted, rep.block_size)
            more = blocks - blocks_for(slots[rep.row, slot].reserved, rep.block_size)
            running = True
            while running and more > available(rep):
                victim = worst_running(rep, slots, jobs)
                if victim == newer:
                    newer = slots[rep.row, victim].newer
                preempt(rep, records, victim, 0)
                running = victim != slot
            if running:
                take_blocks_now(rep, more)
                drop_idle(rep, cache)
                slots[rep.row, slot].reserved = blocks * rep.block_size
        slot = newer


@compiled
def give_accepted(rep: Replica, records: Records, seconds: float) -> int:
    """Give each decoding sequence the tokens of a step that ended just now, the step counted; return all of them.

    Those whose answer is complete are written down for `take_drafted`, in order of admission.
    """
    slots, jobs, gaps = records.slots, records.jobs, records.gaps
    given = ended = waited = 0
    after_pause = rep.paused_s > 0.0
    row, step = rep.row, rep.step
    slot = rep.oldest
    while slot != NONE:
        if slots[row, slot].finish_step >= step:
            tokens = min(_tokens_of_pass(rep, records, slot), slots[row, slot].finish_step - step + 1)
            slots[row, slot].passes += 1
            slots[row, slot].base += tokens - 1
            slots[row, slot].finish_step -= tokens - 1
            if slots[row, slot].finish_step == step:
                slots[row, ended].completed = slot
                ended += 1
            if after_pause and slots[row, slot].admission >= rep.pause_first:
                gaps[row, gap_bin(rep.now_s - jobs[slots[row, slot].request].last_token_s)] += 1
            else:
                waited += 1
            given += tokens
        slot = slots[row, slot].newer
    gaps[row, gap_bin(rep.paused_s + seconds)] += waited
    gaps[row, 0] += given - rep.decoding
    rep.paused_s = 0.0
    rep.ended = ended
    return given


@compiled
def _tokens_of_pass(rep: Replica, records: Records, slot: int) -> int:
    """Return how many tokens the step brings a sequence, before its answer's end is looked at."""
    slots, jobs, tables = records.slots, records.jobs, records.tables
    if rep.expected_tokens > 0.0:
        passes = slots[rep.row, slot].passes
        reached: int = math.floor(rep.expected_tokens * (passes + 1.0)) - math.floor(rep.expected_tokens * passes)
        return reached
    request = slots[rep.row, slot].request
    remaining = slots[rep.row, slot].finish_step - rep.step + 1
    chance = draw(rep.draft_seed, request, jobs[request].output_tokens - remaining)
    accepted = 0
    while accepted < rep.pass_tokens - 1 and chance >= tables[rep.table, accepted].accepted_up_to:
        accepted += 1
    return accepted + 1


def passes_of_answers(draft: Draft, outputs: NDArray[np.int64]) -> tuple[Floats, Floats, Floats]:
    """Return, for each answer of so many tokens, the decode steps that it takes, those of them in its second half, and
    the tokens of the answer that are there before each step, added up; requests numbered in order, none preempted.
    """
    passes, late, before = np.zeros(len(outputs)), np.zeros(len(outputs)), np.zeros(len(outputs))
    expected = 0.0 if draft.sampled else draft.tokens_per_step
    limits = np.cumsum(draft.accepted)
    _walk_answers(np.ascontiguousarray(outputs), limits, expected, draft.seed, passes, late, before)
    return passes, late, before


@compiled
def _walk_answers(
    outputs: NDArray[np.int64], limits: Floats, expected: float, seed: int, passes: Floats, late: Floats, before: Floats
) -> None:
    """Take each answer step by step, as `give_accepted` does."""
    for request in range(len(outputs)):
        place = 1
        while place < outputs[request]:
            tokens = 1
            if expected > 0.0:
                done = passes[request]
                tokens = math.floor(expected * (done + 1.0)) - math.floor(expected * done)
            else:
                chance = draw(seed, request, place)
                while tokens < len(limits) and chance >= limits[tokens - 1]:
                    tokens += 1
            passes[request] += 1.0
            late[request] += 1.0 if 2 * place > outputs[request] else 0.0
            before[request] += place
            place += tokens


@compiled
def take_drafted(rep: Replica, slots: Any) -> int:
    """Stop decoding what completed with this step; return how many they are."""
    count: int = rep.ended
    rep.ended = 0
    for i in range(count):
        stop_decoding(rep, slots, slots[rep.row, i].completed)
    return count
