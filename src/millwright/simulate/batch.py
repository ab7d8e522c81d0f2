"""The running batch: order of admission, order of completion, KV blocks by phase; a change costs O(1) or O(log)."""

from __future__ import annotations

from typing import Any

from millwright.simulate.compiled import compiled
from millwright.simulate.state import NONE, Replica

_SLOT_BITS = 20
_SLOT_MASK = (1 << _SLOT_BITS) - 1
MAX_SLOTS = 1 << _SLOT_BITS


@compiled
def blocks_for(tokens: int, block_size: int) -> int:
    """Return the blocks that hold `tokens` tokens."""
    return (tokens + block_size - 1) // block_size


# -- order of admission --------------------------------------------------------------------------------------


@compiled
def append_running(rep: Replica, r: int, slots: Any, slot: int) -> None:
    """Make `slot` the newest running sequence."""
    slots.older[r, slot] = rep.newest
    slots.newer[r, slot] = NONE
    if rep.newest != NONE:
        slots.newer[r, rep.newest] = slot
    else:
        rep.oldest = slot
    rep.newest = slot
    rep.running += 1


@compiled
def remove_running(rep: Replica, r: int, slots: Any, slot: int) -> None:
    """Take `slot` out of the running sequences and free it."""
    older, newer = slots.older[r, slot], slots.newer[r, slot]
    if older != NONE:
        slots.newer[r, older] = newer
    else:
        rep.oldest = newer
    if newer != NONE:
        slots.older[r, newer] = older
    else:
        rep.newest = older
    rep.running -= 1
    slots.free[r, rep.free_slots] = slot
    rep.free_slots += 1


# -- order of completion: a binary heap of (finish step, slot) -----------------------------------------------


@compiled
def next_completion(r: int, slots: Any) -> int:
    """Return the step at whose end the first decoding sequence completes."""
    key: int = slots.heap[r, 0]
    return key >> _SLOT_BITS


@compiled
def next_to_complete(r: int, slots: Any) -> int:
    """Return the slot that completes first."""
    key: int = slots.heap[r, 0]
    return key & _SLOT_MASK


@compiled
def _sift_up(heap: Any, i: int, key: int) -> None:
    while i > 0:
        parent = (i - 1) >> 1
        if heap[parent] <= key:
            break
        heap[i] = heap[parent]
        i = parent
    heap[i] = key


@compiled
def _sift_down(heap: Any, size: int, i: int, key: int) -> None:
    while True:
        child = 2 * i + 1
        if child >= size:
            break
        if child + 1 < size and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= key:
            break
        heap[i] = heap[child]
        i = child
    heap[i] = key


@compiled
def _remove_key(heap: Any, size: int, i: int) -> None:
    key = heap[size - 1]
    if i == size - 1:
        return
    if i > 0 and heap[(i - 1) >> 1] > key:
        _sift_up(heap, i, key)
    else:
        _sift_down(heap, size - 1, i, key)


# -- decoding sequences --------------------------------------------------------------------------------------


@compiled
def start_decoding(rep: Replica, r: int, slots: Any, slot: int, tokens: int, remaining: int) -> None:
    """Let `slot`, holding `tokens` tokens, decode for `remaining` steps more."""
    slots.base[r, slot] = tokens - rep.step
    slots.finish_step[r, slot] = rep.step + remaining
    slots.need[r, (-slots.base[r, slot]) % rep.block_size] += 1
    _sift_up(slots.heap[r], rep.decoding, (rep.step + remaining) << _SLOT_BITS | slot)
    rep.decoding += 1
    rep.context += tokens


@compiled
def stop_decoding(rep: Replica, r: int, slots: Any, slot: int) -> None:
    """Take `slot` out of the decoding sequences and free its blocks; it need not be the next to complete."""
    heap = slots.heap[r]
    key = slots.finish_step[r, slot] << _SLOT_BITS | slot
    i = 0
    while heap[i] != key:
        i += 1
    _remove_key(heap, rep.decoding, i)
    tokens = slots.base[r, slot] + rep.step
    slots.need[r, (-slots.base[r, slot]) % rep.block_size] -= 1
    rep.decoding -= 1
    rep.context -= tokens
    rep.free_blocks += blocks_for(tokens, rep.block_size)


# -- KV blocks over many steps -------------------------------------------------------------------------------


@compiled
def needed_now(rep: Replica, r: int, slots: Any) -> int:
    """Return the blocks that decoding sequences need in the next step."""
    needed: int = slots.need[r, rep.step % rep.block_size]
    return needed


@compiled
def steps_until_exhaustion(rep: Replica, r: int, slots: Any, limit: int) -> int:
    """Return how many of the next `limit` steps find a block for every decoding sequence.

    Each sequence takes one block per `block_size` steps, so whole cycles need `decoding` blocks each and only the last
    cycle is walked.
    """
    size = rep.block_size
    free = rep.free_blocks
    cycles = limit // size
    if free >= rep.decoding * (cycles + 1):
        return limit
    cycles = min(cycles, free // rep.decoding)
    free -= cycles * rep.decoding
    steps = cycles * size
    while steps < limit:
        needed = slots.need[r, (rep.step + steps) % size]
        if needed > free:
            break
        free -= needed
        steps += 1
    return steps


@compiled
def take_blocks(rep: Replica, r: int, slots: Any, steps: int) -> None:
    """Take the blocks that decoding sequences need over the next `steps` steps."""
    size = rep.block_size
    cycles = steps // size
    taken = cycles * rep.decoding
    for step in range(rep.step + cycles * size, rep.step + steps):
        taken += slots.need[r, step % size]
    rep.free_blocks -= taken
    rep.least_free = min(rep.least_free, rep.free_blocks)
