"""Prefix cache: prompt blocks kept after use and shared by requests that begin alike, the least recently used dropped.

A *prefix block* stands for a fixed number of prompt tokens and everything before them, so requests that begin alike
name the same blocks. A block is cached from the moment its computation is scheduled. Running sequences hold their
leading blocks; a block that none holds is idle: it stays until its room is needed. A sequence lets go of its last
block first, so that beginnings outlive endings. (vLLM's rules, at the grain of the trace's blocks.)
"""

from __future__ import annotations

from typing import Any

from millwright.simulate.batch import blocks_for
from millwright.simulate.compiled import compiled, inlined
from millwright.simulate.host_cache import leave_host, move_to_host
from millwright.simulate.state import ABSENT, NONE, ON_HOST, Records, Replica


@inlined
def available(rep: Replica) -> int:
    """Return the KV blocks that may be taken: free, or held by idle prefix blocks."""
    return rep.free_blocks + rep.idle_blocks


@inlined
def take_blocks_now(rep: Replica, blocks: int) -> None:
    """Take so many of the blocks that running sequences were promised."""
    rep.free_blocks -= blocks
    rep.promised -= blocks


@inlined
def blocks_at_end(rep: Replica, jobs: Any, request: int) -> int:
    """Return the blocks that a request holds when its last token comes."""
    drafted = rep.pass_tokens - 1 if jobs[request].output_tokens > 1 else 0
    return blocks_for(jobs[request].input_tokens + jobs[request].output_tokens - 1 + drafted, rep.block_size)


@compiled
def cached_prefix(rep: Replica, records: Records, request: int, target: int) -> int:
    """Return how many leading prefix blocks are cached; at least one token is left to compute."""
    jobs, cache, prefix_ids = records.jobs, records.cache, records.prefix_ids
    hits = 0
    if rep.prefix_unit > 0:
        most = min(jobs[request].prefix_count, (target - 1) // rep.prefix_tokens)
        first = jobs[request].prefix_first
        while hits < most and cache[rep.row, prefix_ids[first + hits]].refs != ABSENT:
            hits += 1
    return hits


@compiled
def idle_among(rep: Replica, records: Records, request: int, hits: int) -> int:
    """Return the KV blocks of those of the first `hits` prefix blocks that are idle."""
    jobs, cache, prefix_ids = records.jobs, records.cache, records.prefix_ids
    first = jobs[request].prefix_first
    idle = 0
    for i in range(hits):
        if cache[rep.row, prefix_ids[first + i]].refs == 0:
            idle += 1
    return idle * rep.prefix_unit


@compiled
def hold_prefix(rep: Replica, records: Records, request: int, slot: int, hits: int) -> None:
    """Let the sequence in `slot` hold the first `hits` prefix blocks of its request."""
    slots, jobs, cache, prefix_ids = records.slots, records.jobs, records.cache, records.prefix_ids
    first = jobs[request].prefix_first
    for i in range(hits):
        block = prefix_ids[first + i]
        if cache[rep.row, block].refs == ON_HOST:
            leave_host(rep, cache, block)
            cache[rep.row, block].refs = 0
            rep.loaded_tokens += rep.prefix_tokens
        elif cache[rep.row, block].refs == 0:
            _unlink(rep, cache, block)
            rep.idle_blocks -= rep.prefix_unit
        cache[rep.row, block].refs += 1
    slots[rep.row, slot].held = hits
    rep.cached_tokens += hits * rep.prefix_tokens
    if jobs[request].preemptions == 0:
        jobs[request].cached_tokens = hits * rep.prefix_tokens


@compiled
def keep_prefix(rep: Replica, records: Records, slot: int, computed: int) -> None:
    """Cache the prefix blocks that the sequence's first `computed` tokens fill, up to one that is cached already."""
    slots, jobs, cache, prefix_ids = records.slots, records.jobs, records.cache, records.prefix_ids
    if rep.prefix_unit > 0:
        request = slots[rep.row, slot].request
        first = jobs[request].prefix_first
        most = min(jobs[request].prefix_count, computed // rep.prefix_tokens)
        held = slots[rep.row, slot].held
        while held < most and cache[rep.row, prefix_ids[first + held]].refs < 0:
            if cache[rep.row, prefix_ids[first + held]].refs == ON_HOST:
                leave_host(rep, cache, prefix_ids[first + held])
            cache[rep.row, prefix_ids[first + held]].refs = 1
            held += 1
        slots[rep.row, slot].held = held


@compiled
def release_blocks(rep: Replica, records: Records, slot: int, tokens: int) -> None:
    """Give back the blocks of a sequence of `tokens` tokens: its own become free, prefix blocks idle unless shared."""
    slots, jobs, cache, prefix_ids = records.slots, records.jobs, records.cache, records.prefix_ids
    blocks = blocks_for(tokens, rep.block_size)
    rep.free_blocks += blocks
    if rep.reserved_output > 0.0:
        rep.promised -= blocks_at_end(rep, jobs, slots[rep.row, slot].request) - blocks
    if rep.prefix_unit > 0:
        first = jobs[slots[rep.row, slot].request].prefix_first
        held = slots[rep.row, slot].held
        rep.free_blocks -= held * rep.prefix_unit
        while held > 0:
            held -= 1
            block = prefix_ids[first + held]
            cache[rep.row, block].refs -= 1
            if cache[rep.row, block].refs == 0:
                _append(rep, cache, block)
                rep.idle_blocks += rep.prefix_unit
        slots[rep.row, slot].held = 0


@compiled
def drop_idle(rep: Replica, cache: Any) -> None:
    """Drop idle prefix blocks, the least recently used first, until no more blocks are taken than there are."""
    while rep.free_blocks < 0:
        block = rep.idle_oldest
        _unlink(rep, cache, block)
        cache[rep.row, block].refs = ABSENT
        if rep.host_room > 0:
            move_to_host(rep, cache, block)
        rep.idle_blocks -= rep.prefix_unit
        rep.free_blocks += rep.prefix_unit


@inlined
def _append(rep: Replica, cache: Any, block: int) -> None:
    cache[rep.row, block].older = rep.idle_newest
    cache[rep.row, block].newer = NONE
    if rep.idle_newest != NONE:
        cache[rep.row, rep.idle_newest].newer = block
    else:
        rep.idle_oldest = block
    rep.idle_newest = block


@inlined
def _unlink(rep: Replica, cache: Any, block: int) -> None:
    older, newer = cache[rep.row, block].older, cache[rep.row, block].newer
    if older != NONE:
        cache[rep.row, older].newer = newer
    else:
        rep.idle_oldest = newer
    if newer != NONE:
        cache[rep.row, newer].older = older
    else:
        rep.idle_newest = older
