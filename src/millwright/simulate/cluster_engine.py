"""Several replicas behind a router: arrivals, retries and outages in order of time, compiled.

A replica is only brought up to date when what the router may see of it could have changed: one that does nothing but
decode ends no request before a time known in closed form.
"""

from __future__ import annotations

from typing import Any

from millwright.simulate.batch import next_completion, steps_until_exhaustion
from millwright.simulate.compiled import compiled, inlined
from millwright.simulate.engine import advance
from millwright.simulate.routing import choose
from millwright.simulate.state import ABSENT, NONE, SAME_INSTANT_S
from millwright.simulate.waiting import let_in, send

_REFUSED_LENGTH, _LOST = 2, 4  # Fate


@compiled
def run_cluster(
    router: int,
    watches: int,
    arrival_s: Any,
    draws: Any,
    hosts: Any,
    fates: Any,
    changes: Any,
    replicas: Any,
    slots: Any,
    jobs: Any,
    lines: Any,
    tables: Any,
    gaps: Any,
    cache: Any,
    prefix_ids: Any,
    place: Any,
    until_s: float,
) -> None:
    """Route the requests that come until `until_s` and run the replicas until then.

    `watches`: 0, the router looks at nothing; 1, at requests under way; 2, also at the caches. `place`, zeros at first,
    keeps how many requests have come, how many changes, and how many were routed.
    """
    n = len(arrival_s)
    arrived, changed, turn = place[0], place[1], place[2]
    while (arrived < n and arrival_s[arrived] <= until_s) or (
        changed < len(changes) and changes[changed].time_s <= until_s
    ):
        if changed < len(changes) and (arrived == n or changes[changed].time_s <= arrival_s[arrived]):
            change = changes[changed]
            changed += 1
            if change.up == 1:
                hosts[change.replica].up = 1
                replicas[change.replica].now_s = max(replicas[change.replica].now_s, change.time_s)
                continue
            hosts[change.replica].up = 0
            _update(watches, change.time_s, hosts, replicas, slots, jobs, lines, tables, gaps, cache, prefix_ids)
            k = change.replica
            advance(replicas[k], slots, jobs, lines, tables, gaps, cache, prefix_ids, change.time_s)
            request = _fail(replicas[k], slots, jobs, lines, cache, change.time_s)
            while request != NONE:
                behind = jobs[request].behind
                jobs[request].retries += 1
                if change.retry == 1:
                    at_s = change.time_s
                    turn += _route(
                        router, turn, draws, hosts, fates, replicas, slots, jobs, cache, prefix_ids, request, at_s
                    )
                else:
                    jobs[request].fate = _LOST
                request = behind
        else:
            time_s = arrival_s[arrived]
            if watches > 0:
                _update(watches, time_s, hosts, replicas, slots, jobs, lines, tables, gaps, cache, prefix_ids)
            turn += _route(router, turn, draws, hosts, fates, replicas, slots, jobs, cache, prefix_ids, arrived, time_s)
            arrived += 1
    place[0], place[1], place[2] = arrived, changed, turn
    for k in range(len(replicas)):
        advance(replicas[k], slots, jobs, lines, tables, gaps, cache, prefix_ids, until_s)


@compiled
def _update(
    watches: int,
    time_s: float,
    hosts: Any,
    replicas: Any,
    slots: Any,
    jobs: Any,
    lines: Any,
    tables: Any,
    gaps: Any,
    cache: Any,
    prefix_ids: Any,
) -> None:
    """Run the replicas up to `time_s` where the router could see a difference."""
    for k in range(len(replicas)):
        if hosts[k].quiet_until_s <= time_s + SAME_INSTANT_S or watches == 2:
            advance(replicas[k], slots, jobs, lines, tables, gaps, cache, prefix_ids, time_s)
            hosts[k].quiet_until_s = _quiet_until(replicas[k], slots, tables)


@inlined
def _quiet_until(rep: Any, slots: Any, tables: Any) -> float:
    """Return a time before which the replica ends no request, unless it gets a new one."""
    until_s: float = rep.now_s
    if rep.running == 0 and rep.waiting == 0 and rep.next_to_come == NONE:
        until_s = float("inf")
    elif rep.decoding == rep.running and rep.running > 0 and rep.pass_tokens == 1:
        nobody = rep.waiting == 0 and rep.next_to_come == NONE
        still_blocked = rep.blocked == 1 and rep.done == 0 and (rep.lines == 1 or rep.next_to_come == NONE)
        if nobody or still_blocked or rep.running == rep.max_seqs:
            n = rep.decoding
            steps = steps_until_exhaustion(rep, slots, next_completion(rep, slots) - rep.step)
            first_s = tables[rep.table, n].decode_s + rep.seq_s * n + rep.kv_s * (rep.context + n)
            until_s += 0.999999 * (steps * first_s + rep.kv_s * n * 0.5 * steps * (steps - 1.0))
    return until_s


@compiled
def _route(
    router: int,
    turn: int,
    draws: Any,
    hosts: Any,
    fates: Any,
    replicas: Any,
    slots: Any,
    jobs: Any,
    cache: Any,
    prefix_ids: Any,
    request: int,
    time_s: float,
) -> int:
    """Send a request to a replica, or count it as refused or lost; return 1 if it was sent."""
    k = choose(router, turn, draws, hosts, fates, replicas, slots, jobs, cache, prefix_ids, request, time_s)
    if k != NONE:
        jobs[request].enter_s = time_s + replicas[k].request_s
        jobs[request].replica = k
        jobs[request].fate = 0
        send(replicas[k], jobs, request)
        hosts[k].quiet_until_s = min(hosts[k].quiet_until_s, replicas[k].now_s)
        return 1
    jobs[request].enter_s = time_s
    jobs[request].fate = _why_refused(hosts, fates, jobs, request)
    return 0


@inlined
def _why_refused(hosts: Any, fates: Any, jobs: Any, request: int) -> int:
    """Return lost if a replica that is down would have taken the request, else why the first one refuses it."""
    for k in range(len(hosts)):
        if fates[hosts[k].kind, request] == 0 and jobs[request].input_tokens <= hosts[k].longest_input_tokens:
            return _LOST
    fate = fates[hosts[0].kind, request]
    if fate == 0:
        return _REFUSED_LENGTH
    return int(fate)


@compiled
def _fail(rep: Any, slots: Any, jobs: Any, lines: Any, cache: Any, time_s: float) -> int:
    """Empty a replica that fails at `time_s`: return its requests as a list linked by `behind`, oldest first.

    What the step under way would have brought is lost with it.
    """
    head, tail = NONE, NONE
    if rep.now_s > time_s + SAME_INSTANT_S:
        for i in range(rep.done):
            request = slots[rep.row, i].done
            jobs[request].finish_s = float("nan")
            head, tail = _join(jobs, head, tail, request)
    slot = rep.oldest
    while slot != NONE:
        head, tail = _join(jobs, head, tail, slots[rep.row, slot].request)
        slot = slots[rep.row, slot].newer
    rep.now_s = float("inf")
    let_in(rep, jobs, lines)
    for line in range(rep.lines):
        head, tail = _join_all(jobs, head, tail, lines[rep.row, line].head)
        lines[rep.row, line].head = lines[rep.row, line].tail = NONE
    _reset(rep, slots, cache)
    rep.now_s = time_s
    return head


@inlined
def _join(jobs: Any, head: int, tail: int, request: int) -> tuple[int, int]:
    """Append a request to a linked list, as fresh as when it came; return the list's ends."""
    jobs[request].behind = NONE
    jobs[request].first_token_s = float("nan")
    jobs[request].admitted_s = float("nan")
    jobs[request].preemptions = 0
    jobs[request].cached_tokens = 0
    jobs[request].generated = 0
    if head == NONE:
        return request, request
    jobs[tail].behind = request
    return head, request


@inlined
def _join_all(jobs: Any, head: int, tail: int, request: int) -> tuple[int, int]:
    """Append a linked list that begins with `request` to another; return its ends."""
    while request != NONE:
        behind = jobs[request].behind
        head, tail = _join(jobs, head, tail, request)
        request = behind
    return head, tail


@inlined
def _reset(rep: Any, slots: Any, cache: Any) -> None:
    """Forget everything that a replica held."""
    rep.running = rep.decoding = rep.context = rep.waiting = rep.done = rep.blocked = 0
    rep.outstanding = rep.outstanding_tokens = 0
    rep.chunk_slot = rep.oldest = rep.newest = rep.next_to_come = rep.last_to_come = NONE
    rep.idle_oldest = rep.idle_newest = NONE
    rep.host_oldest = rep.host_newest = NONE
    rep.idle_blocks = rep.host_used = rep.promised = 0
    rep.paused_s = 0.0
    rep.free_blocks = rep.blocks
    rep.free_slots = slots.shape[1]
    for i in range(slots.shape[1]):
        slots[rep.row, i].free = i
        slots[rep.row, i].need = 0
        slots[rep.row, i].held = 0
    if rep.prefix_unit > 0:
        for i in range(cache.shape[1]):
            cache[rep.row, i].refs = ABSENT
