"""The running batch: order of admission, order of completion, KV blocks by phase; a change costs O(1) or O(log)."""

from __future__ import annotations

from typing import Any

from millwright.simulate.compiled import compiled, inlined
from millwright.simulate.state import NONE, Replica

_SLOT_BITS = 20
_SLOT_MASK = (1 << _SLOT_BITS) - 1


@inlined
def blocks_for(tokens: int, block_size: int) -> int:
    """Return the blocks that hold `tokens` tokens."""
    return (tokens + block_size - 1) // block_size


# -- order of admission --------------------------------------------------------------------------------------


@inlined
def append_running(rep: Replica, slots: Any, slot: int) -> None:
    """Make `slot` the newest running sequence."""
    slots[rep.row, slot].older = rep.newest
    slots[rep.row, slot].newer = NONE
    if rep.newest != NONE:
        slots[rep.row, rep.newest].newer = slot
    else:
        rep.oldest = slot
    rep.newest = slot
    rep.running += 1
    slots[rep.row, slot].admission = rep.admissions
    rep.admissions += 1


@inlined
def remove_running(rep: Replica, slots: Any, slot: int) -> None:
    """Take `slot` out of the running sequences and free it."""
    older, newer = slots[rep.row, slot].older, slots[rep.row, slot].newer
    if older != NONE:
        slots[rep.row, older].newer = newer
    else:
        rep.oldest = newer
    if newer != NONE:
        slots[rep.row, newer].older = older
    else:
        rep.newest = older
    rep.running -= 1
    slots[rep.row, rep.free_slots].free = slot
    rep.free_slots += 1


# -- order of completion: a binary heap of (finish step, slot) -----------------------------------------------


@inlined
def next_completion(rep: Replica, slots: Any) -> int:
    """Return the step at whose end the first decoding sequence completes."""
    key: int = slots[rep.row, 0].heap
    return key >> _SLOT_BITS


@inlined
def _sift_up(rep: Replica, slots: Any, i: int, key: int) -> None:
    while i > 0:
        parent = (i - 1) >> 1
        if slots[rep.row, parent].heap <= key:
            break
        slots[rep.row, i].heap = slots[rep.row, parent].heap
        i = parent
    slots[rep.row, i].heap = key


@inlined
def _sift_down(rep: Replica, slots: Any, size: int, i: int, key: int) -> None:
    while True:
        child = 2 * i + 1
        if child >= size:
            break
        if child + 1 < size and slots[rep.row, child + 1].heap < slots[rep.row, child].heap:
            child += 1
        if slots[rep.row, child].heap >= key:
            break
        slots[rep.row, i].heap = slots[rep.row, child].heap
        i = child
    slots[rep.row, i].heap = key


@inlined
def _remove_from_heap(rep: Replica, slots: Any, key: int) -> None:
    i = 0
    while slots[rep.row, i].heap != key:
        i += 1
    size = rep.decoding - 1
    last = slots[rep.row, size].heap
    if i == size:
        return
    if i > 0 and slots[rep.row, (i - 1) >> 1].heap > last:
        _sift_up(rep, slots, i, last)
    else:
        _sift_down(rep, slots, size, i, last)


# -- decoding sequences --------------------------------------------------------------------------------------


@inlined
def start_decoding(rep: Replica, slots: Any, slot: int, tokens: int, remaining: int) -> None:
    """Let `slot`, holding `tokens` tokens, decode for `remaining` steps more."""
    slots[rep.row, slot].base = tokens - rep.step
    slots[rep.row, slot].finish_step = rep.step + remaining
    rep.decoding += 1
    rep.context += tokens
    if rep.pass_tokens > 1:
        slots[rep.row, slot].reserved = tokens
        slots[rep.row, slot].passes = 0
        return
    slots[rep.row, (-slots[rep.row, slot].base) % rep.block_size].need += 1
    _sift_up(rep, slots, rep.decoding - 1, (rep.step + remaining) << _SLOT_BITS | slot)


@compiled
def stop_decoding(rep: Replica, slots: Any, slot: int) -> None:
    """Take `slot` out of the decoding sequences, its blocks still taken; it need not be the next to complete."""
    if rep.pass_tokens == 1:
        _remove_from_heap(rep, slots, slots[rep.row, slot].finish_step << _SLOT_BITS | slot)
        slots[rep.row, (-slots[rep.row, slot].base) % rep.block_size].need -= 1
    rep.decoding -= 1
    rep.context -= slots[rep.row, slot].base + rep.step


@inlined
def take_completed(rep: Replica, slots: Any) -> int:
    """Stop decoding what completes with this step; write the slots in order of admission, return how many they are."""
    count = 0
    while rep.decoding > 0 and slots[rep.row, 0].heap >> _SLOT_BITS == rep.step:
        slot = slots[rep.row, 0].heap & _SLOT_MASK
        stop_decoding(rep, slots, slot)
        i = count
        while i > 0 and slots[rep.row, slots[rep.row, i - 1].completed].admission > slots[rep.row, slot].admission:
            slots[rep.row, i].completed = slots[rep.row, i - 1].completed
            i -= 1
        slots[rep.row, i].completed = slot
        count += 1
    return count


# -- KV blocks over many steps -------------------------------------------------------------------------------


@inlined
def needed_now(rep: Replica, slots: Any) -> int:
    """Return the blocks that decoding sequences need in the next step."""
    needed: int = slots[rep.row, rep.step % rep.block_size].need
    return needed


@compiled
def steps_until_exhaustion(rep: Replica, slots: Any, limit: int) -> int:
    """Return how many of the next `limit` steps find a block for every decoding sequence.

    Each sequence takes one block per `block_size` steps, so whole cycles need `decoding` blocks each and only the last
    cycle is walked.
    """
    size = rep.block_size
    free = rep.free_blocks + rep.idle_blocks
    cycles = limit // size
    if free >= rep.decoding * (cycles + 1):
        return limit
    cycles = min(cycles, free // rep.decoding)
    free -= cycles * rep.decoding
    steps = cycles * size
    while steps < limit:
        needed = slots[rep.row, (rep.step + steps) % size].need
        if needed > free:
            break
        free -= needed
        steps += 1
    return steps


@inlined
def take_blocks(rep: Replica, slots: Any, steps: int) -> None:
    """Take the blocks that decoding sequences need over the next `steps` steps."""
    size = rep.block_size
    cycles = steps // size
    taken = cycles * rep.decoding
    for step in range(rep.step + cycles * size, rep.step + steps):
        taken += slots[rep.row, step % size].need
    rep.free_blocks -= taken
    rep.promised -= taken
