"""The event-jump engine: one replica's scheduler, compiled.

It does what `reference.py` does step by step, equal to rounding, but a decode-only stretch is one jump: between two
events (an arrival that may be admitted, a completion, a lack of blocks) the batch stays the same and the cache it
reads grows by one token per sequence and step, so step times form an arithmetic series,

    t_j = a + b·j,   T(k) = k·a + b·k(k − 1)/2,   a = decode_s[n] + c_seq·n + c_kv·(K + n),   b = c_kv·n.
"""

from __future__ import annotations

import math
from typing import Any

from millwright.simulate.batch import (
    append_running,
    blocks_for,
    needed_now,
    next_completion,
    next_to_complete,
    remove_running,
    start_decoding,
    steps_until_exhaustion,
    stop_decoding,
    take_blocks,
)
from millwright.simulate.compiled import compiled
from millwright.simulate.outcomes import GAP_BINS, GAP_BINS_PER_OCTAVE, GAP_LOWEST_LOG2
from millwright.simulate.state import NONE, SAME_INSTANT_S, Replica  # _INSTANT_S

_SERVED = 1  # Fate.SERVED: an enum member is not for compiled code


@compiled
def advance(rep: Replica, r: int, slots: Any, jobs: Any, tables: Any, until_s: float) -> None:
    """Run replica `r` until nothing is left to do, the next step would start at `until_s` or later, or it gives up."""
    while rep.violations_left >= 0:
        if rep.running == 0 and rep.parked == 0:
            if rep.queue_head == NONE:
                return
            if jobs.enter_s[rep.queue_head] > until_s:
                return
            rep.now_s = max(rep.now_s, jobs.enter_s[rep.queue_head])
        if rep.now_s + SAME_INSTANT_S >= until_s:
            return
        _run_steps(rep, r, slots, jobs, tables, until_s)


@compiled
def _run_steps(rep: Replica, r: int, slots: Any, jobs: Any, tables: Any, until_s: float) -> None:
    """Schedule one step, running sequences first, and run it, with as many like it as follow if it only decodes."""
    preempted = False
    while needed_now(rep, r, slots) > rep.free_blocks:
        _preempt(rep, r, slots, jobs, rep.newest)
        preempted = True
    take_blocks(rep, r, slots, 1)

    sequences = rep.decoding
    budget = rep.token_budget - rep.decoding
    fresh = 0
    attention = 0.0
    prefill_kv = 0  # tokens of unfinished and fresh prompts held after this step
    if rep.chunk_slot != NONE:
        chunk = min(rep.chunk_target - rep.chunk_done, budget)
        done = rep.chunk_done + chunk
        blocks = blocks_for(done, rep.block_size) - blocks_for(rep.chunk_done, rep.block_size)
        if blocks > rep.free_blocks:
            _preempt(rep, r, slots, jobs, rep.chunk_slot)
            preempted = True
        else:
            rep.free_blocks -= blocks
            attention += _attention(rep.chunk_done, chunk)
            budget -= chunk
            sequences += 1
            prefill_kv += done
            rep.chunk_done = done
            if done == rep.chunk_target:
                slots.fresh[r, fresh] = rep.chunk_slot
                fresh += 1
                rep.chunk_slot = NONE
    while budget > 0 and not preempted and rep.running < rep.max_seqs and _head_is_there(rep, jobs):
        target = _head_tokens(rep, r, slots, jobs)
        if rep.free_blocks - blocks_for(target, rep.block_size) < rep.watermark:
            break
        slot = _admit(rep, r, slots, jobs, target)
        chunk = min(target, budget)
        rep.free_blocks -= blocks_for(chunk, rep.block_size)
        attention += _attention(0, chunk)
        budget -= chunk
        sequences += 1
        prefill_kv += chunk
        if chunk == target:
            slots.fresh[r, fresh] = slot
            fresh += 1
        else:
            rep.chunk_slot, rep.chunk_done, rep.chunk_target = slot, chunk, target
    rep.least_free = min(rep.least_free, rep.free_blocks)

    prefill = rep.token_budget - rep.decoding - budget
    if prefill == 0:
        _jump(rep, r, slots, jobs, tables, until_s)
    else:
        _mixed_step(rep, r, slots, tables, prefill, sequences, attention, prefill_kv)
    while rep.decoding > 0 and next_completion(r, slots) == rep.step:
        slot = next_to_complete(r, slots)
        stop_decoding(rep, r, slots, slot)
        _complete(rep, r, slots, jobs, slot)
    for i in range(fresh):
        _emit_after_prefill(rep, r, slots, jobs, slots.fresh[r, i])


# -- the queue -----------------------------------------------------------------------------------------------


@compiled
def _arrived(rep: Replica, jobs: Any) -> bool:
    enter_s: float = jobs.enter_s[rep.queue_head]
    return enter_s <= rep.now_s + SAME_INSTANT_S


@compiled
def _head_is_there(rep: Replica, jobs: Any) -> bool:
    """Return whether a request waits: a preempted one, or one that has arrived."""
    return rep.parked > 0 or (rep.queue_head != NONE and _arrived(rep, jobs))


@compiled
def _head_tokens(rep: Replica, r: int, slots: Any, jobs: Any) -> int:
    """Return the tokens to compute before the first waiting request can go on: its prompt and what it had generated."""
    tokens: int = jobs.input_tokens[rep.queue_head]
    if rep.parked > 0:
        parked = rep.parked - 1
        tokens = jobs.input_tokens[slots.parked_request[r, parked]] + slots.parked_generated[r, parked]
    return tokens


@compiled
def _admit(rep: Replica, r: int, slots: Any, jobs: Any, target: int) -> int:
    """Move the first waiting request to the end of the running ones; return its slot."""
    rep.free_slots -= 1
    slot: int = slots.free[r, rep.free_slots]
    if rep.parked > 0:
        rep.parked -= 1
        request = slots.parked_request[r, rep.parked]
        slots.last_token_s[r, slot] = slots.parked_last_token_s[r, rep.parked]
    else:
        request = rep.queue_head
        rep.queue_head = jobs.behind[request]
        if rep.queue_head == NONE:
            rep.queue_tail = NONE
        jobs.admitted_s[request] = rep.now_s
    slots.request[r, slot] = request
    slots.target[r, slot] = target
    append_running(rep, r, slots, slot)
    return slot


@compiled
def enqueue(rep: Replica, jobs: Any, request: int) -> None:
    """Put `request` at the end of the replica's queue; requests come in order of `enter_s`."""
    jobs.behind[request] = NONE
    if rep.queue_tail == NONE:
        rep.queue_head = request
    else:
        jobs.behind[rep.queue_tail] = request
    rep.queue_tail = request


@compiled
def issue_next(rep: Replica, jobs: Any, time_s: float) -> None:
    """Closed loop: let the client that became free at `time_s` send its next request; refused ones are sent in vain."""
    while rep.next_to_issue != NONE and rep.next_to_issue < len(jobs.enter_s):
        request = rep.next_to_issue
        rep.next_to_issue += 1
        jobs.enter_s[request] = time_s + rep.think_s + rep.request_s
        if jobs.fate[request] == 0:
            enqueue(rep, jobs, request)
            return


# -- steps ---------------------------------------------------------------------------------------------------


@compiled
def _attention(done: int, chunk: int) -> float:
    """Return the prefill attention work of a chunk: token i looks back at all before it and at itself."""
    return chunk * float(done) + 0.5 * chunk * (chunk + 1.0)


@compiled
def _mixed_step(
    rep: Replica, r: int, slots: Any, tables: Any, prefill: int, sequences: int, attention: float, prefill_kv: int
) -> None:
    """Run one step that computes `prefill` prompt tokens beside the decoding sequences."""
    decoding = rep.decoding
    rep.context += decoding
    seconds = (
        tables.mixed_s[rep.table, decoding + prefill]
        + rep.kv_s * rep.context
        + rep.prefill_s * attention
        + rep.seq_s * sequences
    )
    rep.step += 1
    rep.now_s += seconds
    rep.busy_s += seconds
    rep.decode_seconds += decoding * seconds
    rep.kv_token_seconds += (rep.context + prefill_kv) * seconds
    rep.prefill_tokens += prefill
    rep.decode_tokens += decoding
    if decoding > 0:
        slots.gaps[r, _gap_bin(seconds)] += decoding


@compiled
def _jump(rep: Replica, r: int, slots: Any, jobs: Any, tables: Any, until_s: float) -> None:
    """Run decode-only steps up to the next event; the blocks of the first step are taken already."""
    n = rep.decoding
    first_s = tables.decode_s[rep.table, n] + rep.seq_s * n + rep.kv_s * (rep.context + n)
    growth_s = rep.kv_s * n
    steps = next_completion(r, slots) - rep.step
    rep.step += 1
    if steps > 1:
        event_s = until_s
        if rep.parked == 0 and rep.queue_head != NONE and rep.running < rep.max_seqs and not _arrived(rep, jobs):
            event_s = min(event_s, jobs.enter_s[rep.queue_head])
        steps = _steps_until(first_s, growth_s, steps, event_s - rep.now_s - SAME_INSTANT_S)
        steps = 1 + steps_until_exhaustion(rep, r, slots, steps - 1)
        take_blocks(rep, r, slots, steps - 1)
        rep.step += steps - 1
    k = float(steps)
    sum1 = 0.5 * k * (k - 1.0)
    sum2 = (k - 1.0) * k * (2.0 * k - 1.0) / 6.0
    seconds = k * first_s + growth_s * sum1
    held = float(rep.context + n)
    rep.kv_token_seconds += held * seconds + n * (first_s * sum1 + growth_s * sum2)
    rep.now_s += seconds
    rep.busy_s += seconds
    rep.decode_seconds += n * seconds
    rep.context += n * steps
    rep.decode_tokens += n * steps
    _count_gaps(slots.gaps[r], first_s, growth_s, steps, n)


@compiled
def _steps_until(first_s: float, growth_s: float, limit: int, wait_s: float) -> int:
    """Return the least k of 1..limit with T(k) >= wait_s, or `limit` if there is none."""
    if limit * first_s + growth_s * 0.5 * limit * (limit - 1.0) < wait_s:
        return limit
    if wait_s <= first_s:
        return 1
    # the positive root of b/2·k² + (a − b/2)·k − wait = 0, in the form that is stable for small b
    half = first_s - 0.5 * growth_s
    k = int(2.0 * wait_s / (half + math.sqrt(half * half + 2.0 * growth_s * wait_s)))
    k = max(1, min(k, limit))
    while k > 1 and (k - 1) * first_s + growth_s * 0.5 * (k - 1) * (k - 2.0) >= wait_s:
        k -= 1
    while k < limit and k * first_s + growth_s * 0.5 * k * (k - 1.0) < wait_s:
        k += 1
    return k


# -- completions and preemption ------------------------------------------------------------------------------


@compiled
def _complete(rep: Replica, r: int, slots: Any, jobs: Any, slot: int) -> None:
    request = slots.request[r, slot]
    jobs.finish_s[request] = rep.now_s
    jobs.fate[request] = _SERVED
    if request >= rep.counted_from and _breaks_a_limit(rep, jobs, request):
        rep.violations_left -= 1
    remove_running(rep, r, slots, slot)
    issue_next(rep, jobs, rep.now_s)


@compiled
def _breaks_a_limit(rep: Replica, jobs: Any, request: int) -> bool:
    """Return whether a served request broke a limit of the SLO that a run is given up for."""
    arrival_s: float = jobs.enter_s[request] - rep.request_s
    first_s: float = jobs.first_token_s[request]
    finish_s: float = jobs.finish_s[request]
    decode_limit_s = rep.tpot_limit_s * max(jobs.output_tokens[request] - 1, 1)
    return (
        finish_s - arrival_s > rep.e2e_limit_s
        or first_s - arrival_s > rep.ttft_limit_s
        or finish_s - first_s > decode_limit_s
    )


@compiled
def _emit_after_prefill(rep: Replica, r: int, slots: Any, jobs: Any, slot: int) -> None:
    """Give the token that the last prefill step of `slot` brought, and let it decode or complete."""
    request = slots.request[r, slot]
    target = slots.target[r, slot]
    generated = target - jobs.input_tokens[request]
    if generated == 0:
        jobs.first_token_s[request] = rep.now_s
    else:
        slots.gaps[r, _gap_bin(rep.now_s - slots.last_token_s[r, slot])] += 1
    remaining = jobs.output_tokens[request] - generated - 1
    if remaining == 0:
        rep.free_blocks += blocks_for(target, rep.block_size)
        _complete(rep, r, slots, jobs, slot)
    else:
        start_decoding(rep, r, slots, slot, target, remaining)


@compiled
def _preempt(rep: Replica, r: int, slots: Any, jobs: Any, slot: int) -> None:
    """Drop the sequence's KV cache and put it before all waiting requests, to be computed again."""
    request = slots.request[r, slot]
    parked = rep.parked
    if slot == rep.chunk_slot:
        rep.chunk_slot = NONE
        rep.free_blocks += blocks_for(rep.chunk_done, rep.block_size)
        slots.parked_generated[r, parked] = slots.target[r, slot] - jobs.input_tokens[request]
        slots.parked_last_token_s[r, parked] = slots.last_token_s[r, slot]
    else:
        stop_decoding(rep, r, slots, slot)
        slots.parked_generated[r, parked] = jobs.output_tokens[request] - (slots.finish_step[r, slot] - rep.step)
        slots.parked_last_token_s[r, parked] = rep.now_s
    slots.parked_request[r, parked] = request
    rep.parked += 1
    jobs.preemptions[request] += 1
    remove_running(rep, r, slots, slot)


# -- gaps between tokens -------------------------------------------------------------------------------------


@compiled
def _gap_bin(seconds: float) -> int:
    if seconds <= 0.0:
        return 0
    return min(max(int((math.log2(seconds) - GAP_LOWEST_LOG2) * GAP_BINS_PER_OCTAVE), 0), GAP_BINS - 1)


@compiled
def _count_gaps(gaps: Any, first_s: float, growth_s: float, steps: int, weight: int) -> None:
    """Count `steps` gaps that grow by `growth_s` from `first_s`, `weight` times each."""
    low = _gap_bin(first_s)
    high = _gap_bin(first_s + growth_s * (steps - 1))
    counted = 0
    for bin_ in range(low, high):
        edge_s = 2.0 ** (GAP_LOWEST_LOG2 + (bin_ + 1.0) / GAP_BINS_PER_OCTAVE)
        below = min(max(math.ceil((edge_s - first_s) / growth_s), counted), steps)
        gaps[bin_] += (below - counted) * weight
        counted = below
    gaps[high] += (steps - counted) * weight
