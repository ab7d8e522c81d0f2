"""KV offload: prefix blocks that the device's cache drops stay in the host's memory for a while.

A block is on the device or on the host, never on both. A step that admits a sequence waits until what the host has of
its prompt is back; moving blocks out costs nothing, as it happens beside the computing.
"""

from __future__ import annotations

from typing import Any

from millwright.simulate.compiled import compiled, inlined
from millwright.simulate.state import ABSENT, NONE, ON_HOST, Records, Replica


@compiled
def move_to_host(rep: Replica, cache: Any, block: int) -> None:
    """Keep a block that the device has dropped; the one used longest ago makes room."""
    if rep.host_used == rep.host_room:
        oldest = rep.host_oldest
        leave_host(rep, cache, oldest)
        cache[rep.row, oldest].refs = ABSENT
    cache[rep.row, block].refs = ON_HOST
    cache[rep.row, block].older = rep.host_newest
    cache[rep.row, block].newer = NONE
    if rep.host_newest != NONE:
        cache[rep.row, rep.host_newest].newer = block
    else:
        rep.host_oldest = block
    rep.host_newest = block
    rep.host_used += 1


@compiled
def leave_host(rep: Replica, cache: Any, block: int) -> None:
    """Take a block off the host's list."""
    older, newer = cache[rep.row, block].older, cache[rep.row, block].newer
    if older != NONE:
        cache[rep.row, older].newer = newer
    else:
        rep.host_oldest = newer
    if newer != NONE:
        cache[rep.row, newer].older = older
    else:
        rep.host_newest = older
    rep.host_used -= 1


@compiled
def on_host(rep: Replica, records: Records, request: int, hits: int) -> int:
    """Return how many of the first `hits` prefix blocks of a request lie on the host."""
    jobs, cache, prefix_ids = records.jobs, records.cache, records.prefix_ids
    first = jobs[request].prefix_first
    count = 0
    for i in range(hits):
        if cache[rep.row, prefix_ids[first + i]].refs == ON_HOST:
            count += 1
    return count


@inlined
def load_time_s(rep: Replica, tokens: int) -> float:
    """Return how long a step waits for so many tokens from the host [s]."""
    return rep.load_start_s + tokens * rep.load_token_s if tokens > 0 else 0.0
