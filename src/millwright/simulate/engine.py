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
    next_completion,
    remove_running,
    start_decoding,
    steps_until_exhaustion,
    take_blocks,
    take_completed,
)
from millwright.simulate.compiled import compiled, inlined, spliced
from millwright.simulate.drafting import give_accepted, serve_drafting, take_drafted
from millwright.simulate.gaps import count_gaps, count_gaps_after_pause, gap_bin
from millwright.simulate.host_cache import load_time_s, on_host
from millwright.simulate.preemption import room_for_prompts, serve_chunk, serve_decoding
from millwright.simulate.prefix_cache import (
    available,
    blocks_at_end,
    cached_prefix,
    drop_idle,
    hold_prefix,
    idle_among,
    keep_prefix,
    release_blocks,
)
from millwright.simulate.state import NONE, SAME_INSTANT_S, Records, Replica
from millwright.simulate.waiting import first_waiting, leave_line, let_in, next_arrival, send, send_next_turn

_SERVED = 1  # Fate.SERVED: an enum member is not for compiled code


@compiled
def advance(rep: Replica, records: Records, until_s: float) -> None:
    """Run one replica until nothing is left to do, the next step would start at `until_s` or later, or it gives up."""
    jobs = records.jobs
    while rep.violations_left >= 0:
        if rep.routed == 1 and rep.follower != NONE:  # it may be routed back here
            until_s = min(until_s, jobs[rep.follower].enter_s)
        if rep.running == 0 and rep.waiting == 0:
            coming = next_arrival(rep, jobs)
            if coming == NONE:
                return
            if jobs[coming].enter_s > until_s:
                return
            rep.now_s = max(rep.now_s, jobs[coming].enter_s)
        if rep.now_s + SAME_INSTANT_S >= until_s:
            return
        _run_steps(rep, records, until_s)


@spliced
def _run_steps(rep: Replica, records: Records, until_s: float) -> None:
    """Schedule one step and run it, with as many like it as follow if it only decodes.

    Running sequences come first; where prompts go first (`prefill_first`), decoding is served if there are none.
    """
    slots, jobs, lines, cache = records.slots, records.jobs, records.lines, records.cache
    rep.done = 0
    rep.blocked = 0
    let_in(rep, jobs, lines)
    before = rep.preemptions
    if rep.prefill_first == 0:
        _serve(rep, records)
    elif rep.paused_s == 0.0:
        rep.pause_first = rep.admissions
    chunk = 0 if rep.chunk_slot == NONE else serve_chunk(rep, records)
    preempted = rep.preemptions > before

    room = room_for_prompts(rep)
    budget = room - chunk
    sequences = 0
    fresh = 0
    attention = 0.0
    prefill_kv = 0  # tokens of unfinished and fresh prompts held after this step
    loaded = 0  # tokens that come back from the host's memory
    if chunk > 0:
        attention += _attention(rep.chunk_done, chunk)
        sequences += 1
        rep.chunk_done += chunk
        prefill_kv += rep.chunk_done
        if rep.chunk_done == rep.chunk_target:
            slots[rep.row, fresh].fresh = rep.chunk_slot
            fresh += 1
            rep.chunk_slot = NONE
    while budget > 0 and not preempted and rep.running < rep.max_seqs and rep.waiting > 0:
        request = first_waiting(rep, lines)
        target = jobs[request].input_tokens + jobs[request].generated
        hits = cached_prefix(rep, records, request, target)
        hosted = 0 if rep.host_room == 0 else on_host(rep, records, request, hits)
        shared = (hits - hosted) * rep.prefix_unit
        own = blocks_for(target, rep.block_size) - shared
        at_end = 0
        if rep.reserved_output > 0.0:
            at_end = blocks_at_end(rep, jobs, request)
            own += math.ceil(rep.reserved_output * (rep.promised + at_end - own - shared))
        start = hits * rep.prefix_tokens
        if jobs[request].preemptions == 0:
            start = max(start, jobs[request].given)
        too_long = rep.whole_prompts == 1 and target - start > budget and target <= rep.token_budget
        if too_long or available(rep) - idle_among(rep, records, request, hits) - own < rep.watermark:
            rep.blocked = 1
            break
        slot = _admit(rep, records, request, target)
        hold_prefix(rep, records, request, slot, hits)
        done = min(target, start + budget)
        held = blocks_for(done, rep.block_size)
        rep.free_blocks -= held - shared
        rep.promised += at_end - held
        drop_idle(rep, cache)
        keep_prefix(rep, records, slot, done)
        loaded += hosted * rep.prefix_tokens
        attention += _attention(start, done - start)
        budget -= done - start
        sequences += 1
        prefill_kv += done
        if done == target:
            slots[rep.row, fresh].fresh = slot
            fresh += 1
        else:
            rep.chunk_slot, rep.chunk_done, rep.chunk_target = slot, done, target
    rep.least_free = min(rep.least_free, available(rep))

    prefill = room - budget
    if prefill > 0:
        load_s = load_time_s(rep, loaded)
        _mixed_step(rep, records, prefill, sequences, attention, prefill_kv, load_s)
    else:
        if rep.prefill_first == 1:
            _serve(rep, records)
            preempted = rep.preemptions > before
            rep.least_free = min(rep.least_free, available(rep))
        if rep.pass_tokens > 1:
            _mixed_step(rep, records, 0, 0, 0.0, 0, 0.0)
        else:
            most = 1 if preempted or rep.paused_s > 0.0 else next_completion(rep, slots) - rep.step
            _jump(rep, records, most, until_s)
    completed = take_completed(rep, slots) if rep.pass_tokens == 1 else take_drafted(rep, slots)
    for i in range(completed):
        slot = slots[rep.row, i].completed
        held = slots[rep.row, slot].base + rep.step
        if rep.pass_tokens > 1:
            held = slots[rep.row, slot].reserved
        release_blocks(rep, records, slot, held)
        _complete(rep, slots, jobs, slot)
    for i in range(fresh):
        _emit_after_prefill(rep, records, slots[rep.row, i].fresh)


@inlined
def _serve(rep: Replica, records: Records) -> None:
    """Take the blocks that decoding sequences need for one step."""
    if rep.pass_tokens == 1:
        serve_decoding(rep, records)
    else:
        serve_drafting(rep, records)


@inlined
def _admit(rep: Replica, records: Records, request: int, target: int) -> int:
    """Move a waiting request to the end of the running ones; return its slot."""
    slots, jobs, lines = records.slots, records.jobs, records.lines
    leave_line(rep, jobs, lines, request)
    if jobs[request].preemptions == 0:
        jobs[request].admitted_s = rep.now_s
    rep.free_slots -= 1
    slot: int = slots[rep.row, rep.free_slots].free
    slots[rep.row, slot].request = request
    slots[rep.row, slot].target = target
    slots[rep.row, slot].finish_step = NONE
    append_running(rep, slots, slot)
    return slot


@inlined
def issue_next(rep: Replica, jobs: Any, time_s: float) -> None:
    """Closed loop: let the client that became free at `time_s` send its next request; refused ones are sent in vain."""
    while rep.next_to_issue != NONE and rep.next_to_issue < len(jobs):
        request = rep.next_to_issue
        rep.next_to_issue += 1
        jobs[request].enter_s = time_s + rep.think_s + rep.request_s
        if jobs[request].fate == 0:
            send(rep, jobs, request)
            return


# -- steps ---------------------------------------------------------------------------------------------------


@inlined
def _attention(done: int, chunk: int) -> float:
    """Return the prefill attention work of a chunk: token i looks back at all before it and at itself."""
    return chunk * float(done) + 0.5 * chunk * (chunk + 1.0)


@spliced
def _mixed_step(
    rep: Replica,
    records: Records,
    prefill: int,
    sequences: int,
    attention: float,
    prefill_kv: int,
    load_s: float,
) -> None:
    """Run one step that computes `prefill` prompt tokens of `sequences` sequences, and decodes unless they go first."""
    tables, gaps = records.tables, records.gaps
    decodes = rep.prefill_first == 0 or prefill == 0
    decoding = rep.decoding if decodes else 0
    tokens = decoding * rep.pass_tokens
    seconds = (
        (tables[rep.table, tokens + prefill].mixed_s if prefill > 0 else tables[rep.table, tokens].decode_s)
        + rep.kv_s * ((rep.context if decodes else 0) + tokens)
        + rep.prefill_s * attention
        + rep.seq_s * (sequences + decoding)
        + load_s
    )
    if rep.pass_tokens > 1 and decodes:
        seconds += tables[rep.table, decoding].draft_s
    rep.now_s += seconds
    rep.busy_s += seconds
    rep.decode_seconds += rep.decoding * seconds
    rep.prefill_tokens += prefill
    given = 0
    if not decodes:
        rep.pauses += 1
        rep.paused_s += seconds
    else:
        rep.step += 1
        given = decoding
        if rep.pass_tokens > 1:
            rep.drafted_tokens += tokens - decoding
            given = give_accepted(rep, records, seconds)
        elif decoding > 0:
            gaps[rep.row, gap_bin(seconds)] += decoding
        rep.context += given
        rep.decode_tokens += given
    if prefill > 0:
        rep.prompt_s += seconds
        rep.prompt_decode_tokens += given
    rep.kv_token_seconds += (rep.context + prefill_kv) * seconds


@spliced
def _jump(
    rep: Replica,
    records: Records,
    most: int,
    until_s: float,
) -> None:
    """Run up to `most` decode-only steps, to the next event; the blocks of the first step are taken already."""
    slots, jobs, tables, gaps, cache = records.slots, records.jobs, records.tables, records.gaps, records.cache
    n = rep.decoding
    first_s = tables[rep.table, n].decode_s + rep.seq_s * n + rep.kv_s * (rep.context + n)
    growth_s = rep.kv_s * n
    steps = most
    rep.step += 1
    if steps > 1:
        event_s = until_s
        open_to_new = rep.running < rep.max_seqs and (rep.waiting == 0 or rep.lines > 1)
        if open_to_new:
            coming = next_arrival(rep, jobs)
            if coming != NONE:
                event_s = min(event_s, jobs[coming].enter_s)
        steps = _steps_until(first_s, growth_s, steps, event_s - rep.now_s - SAME_INSTANT_S)
        steps = 1 + steps_until_exhaustion(rep, slots, steps - 1)
        take_blocks(rep, slots, steps - 1)
        drop_idle(rep, cache)
        rep.least_free = min(rep.least_free, available(rep))
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
    if rep.paused_s > 0.0:
        count_gaps_after_pause(rep, records, seconds)
    else:
        count_gaps(rep, gaps, first_s, growth_s, steps, n)


@inlined
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


# -- completions ------------------------------------------------------------------------------


@inlined
def _complete(rep: Replica, slots: Any, jobs: Any, slot: int) -> None:
    request = slots[rep.row, slot].request
    jobs[request].finish_s = rep.now_s
    jobs[request].fate = _SERVED
    if request >= rep.counted_from and _breaks_a_limit(rep, jobs, request):
        rep.violations_left -= 1
    slots[rep.row, rep.done].done = request
    rep.done += 1
    rep.outstanding -= 1
    rep.outstanding_tokens -= jobs[request].input_tokens
    remove_running(rep, slots, slot)
    issue_next(rep, jobs, rep.now_s)
    if jobs[request].next_turn != NONE:
        send_next_turn(rep, jobs, request, rep.now_s)


@inlined
def _breaks_a_limit(rep: Replica, jobs: Any, request: int) -> bool:
    """Return whether a served request broke a limit of the SLO that a run is given up for."""
    arrival_s: float = jobs[request].enter_s - rep.request_s
    first_s: float = jobs[request].first_token_s
    finish_s: float = jobs[request].finish_s
    decode_limit_s = rep.tpot_limit_s * max(jobs[request].output_tokens - 1, 1)
    return (
        finish_s - arrival_s > rep.e2e_limit_s
        or first_s - arrival_s > rep.ttft_limit_s
        or finish_s - first_s > decode_limit_s
    )


@inlined
def _emit_after_prefill(rep: Replica, records: Records, slot: int) -> None:
    """Give the token that the last prefill step of `slot` brought, and let it decode or complete."""
    slots, jobs, gaps = records.slots, records.jobs, records.gaps
    request = slots[rep.row, slot].request
    target = slots[rep.row, slot].target
    generated = target - jobs[request].input_tokens
    if generated == 0:
        jobs[request].first_token_s = rep.now_s
    else:
        gaps[rep.row, gap_bin(rep.now_s - jobs[request].last_token_s)] += 1
    jobs[request].last_token_s = rep.now_s
    remaining = jobs[request].output_tokens - generated - 1
    if remaining == 0:
        release_blocks(rep, records, slot, target)
        _complete(rep, slots, jobs, slot)
    else:
        start_decoding(rep, slots, slot, target, remaining)
