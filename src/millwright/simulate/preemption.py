"""Preemption: whose cache is dropped when the KV blocks run out, and who gets the blocks.

Running sequences are served in order of admission. When there is no block for one, the running sequence of the
lowest priority, among equals the last to arrive, loses its cache and waits to be computed again.
"""

from __future__ import annotations

from typing import Any

from millwright.simulate.batch import blocks_for, needed_now, remove_running, stop_decoding
from millwright.simulate.compiled import compiled, inlined
from millwright.simulate.prefix_cache import available, drop_idle, keep_prefix, release_blocks, take_blocks_now
from millwright.simulate.state import NONE, Records, Replica
from millwright.simulate.waiting import return_to_line


@inlined
def serve_decoding(rep: Replica, records: Records) -> None:
    """Take the blocks that decoding sequences need for one step."""
    slots, cache = records.slots, records.cache
    if needed_now(rep, slots) <= available(rep):
        take_blocks_now(rep, needed_now(rep, slots))
        drop_idle(rep, cache)
    elif rep.lines == 1:
        _serve_oldest(rep, records)
    else:
        _serve_best(rep, records)


@inlined
def room_for_prompts(rep: Replica) -> int:
    """Return the tokens that a step has for prompts beside what decodes in it."""
    return rep.token_budget if rep.prefill_first == 1 else rep.token_budget - rep.decoding * rep.pass_tokens


@compiled
def serve_chunk(rep: Replica, records: Records) -> int:
    """Take the blocks for the next tokens of the prompt begun earlier; return how many they are, 0 if preempted."""
    slots, jobs, cache = records.slots, records.jobs, records.cache
    chunk = min(rep.chunk_target - rep.chunk_done, room_for_prompts(rep))
    done = rep.chunk_done + chunk
    blocks = blocks_for(done, rep.block_size) - blocks_for(rep.chunk_done, rep.block_size)
    while rep.chunk_slot != NONE and blocks > available(rep):
        preempt(rep, records, worst_running(rep, slots, jobs), 1)
    if rep.chunk_slot == NONE:
        return 0
    take_blocks_now(rep, blocks)
    drop_idle(rep, cache)
    keep_prefix(rep, records, rep.chunk_slot, done)
    return chunk


@compiled
def _serve_oldest(rep: Replica, records: Records) -> None:
    """Serve without priorities: the oldest take what blocks there are, then the newest, the last to come, loses."""
    slots, cache = records.slots, records.cache
    taken = 0
    while needed_now(rep, slots) - taken > available(rep):
        taken += available(rep)
        take_blocks_now(rep, available(rep))
        drop_idle(rep, cache)
        preempt(rep, records, rep.newest, 0)
    take_blocks_now(rep, needed_now(rep, slots) - taken)
    drop_idle(rep, cache)


@compiled
def _serve_best(rep: Replica, records: Records) -> None:
    """Serve one by one: with priorities a victim may have been served before the one that lacks a block."""
    slots, jobs, cache = records.slots, records.jobs, records.cache
    slot = rep.oldest
    while slot != NONE and slot != rep.chunk_slot:
        newer = slots[rep.row, slot].newer
        admission = slots[rep.row, slot].admission
        needed = (slots[rep.row, slot].base + rep.step) % rep.block_size == 0
        running = True
        while running and needed and available(rep) < 1:
            victim = worst_running(rep, slots, jobs)
            served = 1 if slots[rep.row, victim].admission < admission else 0
            if victim == newer:
                newer = slots[rep.row, victim].newer
            preempt(rep, records, victim, served)
            running = victim != slot
        if running and needed:
            take_blocks_now(rep, 1)
            drop_idle(rep, cache)
        slot = newer


@compiled
def worst_running(rep: Replica, slots: Any, jobs: Any) -> int:
    """Return the running sequence of the lowest priority, among equals the last to arrive."""
    worst = rep.newest
    if rep.lines > 1:
        slot = rep.oldest
        while slot != NONE:
            one, other = slots[rep.row, slot].request, slots[rep.row, worst].request
            lower = jobs[one].line > jobs[other].line
            if lower or (jobs[one].line == jobs[other].line and jobs[one].ticket > jobs[other].ticket):
                worst = slot
            slot = slots[rep.row, slot].newer
    return worst


@compiled
def preempt(rep: Replica, records: Records, slot: int, served: int) -> None:
    """Drop the sequence's KV cache and put it back in its line; `served`: it has its block for this step already."""
    slots, jobs, lines = records.slots, records.jobs, records.lines
    request = slots[rep.row, slot].request
    if slot == rep.chunk_slot:
        rep.chunk_slot = NONE
        release_blocks(rep, records, slot, rep.chunk_done)
    else:
        stop_decoding(rep, slots, slot)
        held = slots[rep.row, slot].base + rep.step + served
        if rep.pass_tokens > 1:
            held = slots[rep.row, slot].reserved
        release_blocks(rep, records, slot, held)
        remaining = slots[rep.row, slot].finish_step - rep.step
        jobs[request].generated = jobs[request].output_tokens - remaining
        if rep.paused_s == 0.0 or slots[rep.row, slot].admission < rep.pause_first:
            jobs[request].last_token_s = rep.now_s - rep.paused_s
    jobs[request].preemptions += 1
    rep.preemptions += 1
    remove_running(rep, slots, slot)
    return_to_line(rep, jobs, lines, request)
