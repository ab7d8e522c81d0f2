"""Several replicas behind a router: arrivals, next turns, retries and outages in order of time, compiled.

A replica is only brought up to date when what the router may see of it could have changed: one that does nothing but
decode ends no request before a time known in closed form. With sessions the end of a request on one replica may send
another to any of them, so that none may be ahead of what another could still bring: the one furthest behind goes first,
as in any conservative parallel simulation (Chandy and Misra, IEEE Transactions on Software Engineering 5, 1979).
"""

from __future__ import annotations

from typing import Any

from millwright.simulate.batch import next_completion, steps_until_exhaustion
from millwright.simulate.compiled import compiled, inlined, spliced
from millwright.simulate.engine import advance
from millwright.simulate.routing import ARRIVED, CHANGED, ROUTED, Front, choose
from millwright.simulate.state import ABSENT, NONE, SAME_INSTANT_S, Records
from millwright.simulate.waiting import comes_first, drop_followers_of_undone, let_in, send, take_follower

_REFUSED_LENGTH, _LOST = 2, 4  # Fate
_NEVER_S = float("inf")


@compiled
def run_cluster(front: Front, records: Records, until_s: float) -> None:
    """Route the requests that come until `until_s` and run the replicas until then."""
    counts, changes, jobs, replicas = front.counts, front.changes, records.jobs, records.replicas
    while True:
        if front.sessions == 1:
            _await_next_turns(front, records, until_s)
        request = _next_request(front, records)
        request_s = _NEVER_S if request == NONE else jobs[request].enter_s
        change_s = changes[counts[CHANGED]].time_s if counts[CHANGED] < len(changes) else _NEVER_S
        time_s = min(request_s, change_s)
        if time_s == _NEVER_S or time_s > until_s:
            break
        if change_s <= request_s:
            counts[CHANGED] += 1
            _change(front, records, counts[CHANGED] - 1)
            continue
        _take(front, records, request)
        front.arrival_s[request] = time_s
        if front.watches > 0:
            _update(front, records, time_s)
        _route(front, records, request, time_s)
    for k in range(len(replicas)):
        advance(replicas[k], records, until_s)


# -- what comes ------------------------------------------------------------------------------------------------------


@inlined
def _next_request(front: Front, records: Records) -> int:
    """Return the request that comes next to the router as far as is known, or NONE."""
    replicas, jobs = records.replicas, records.jobs
    arrived = front.counts[ARRIVED]
    request = int(front.starters[arrived]) if arrived < len(front.starters) else NONE
    if front.sessions == 1:
        for k in range(len(replicas)):
            turn = replicas[k].follower
            if turn != NONE and (request == NONE or comes_first(jobs, turn, request)):
                request = turn
    return request


@spliced
def _take(front: Front, records: Records, request: int) -> None:
    """Take the request that comes next from where it waits to come."""
    replicas = records.replicas
    arrived = front.counts[ARRIVED]
    if arrived < len(front.starters) and front.starters[arrived] == request:
        front.counts[ARRIVED] += 1
        return
    for k in range(len(replicas)):
        if replicas[k].follower == request:
            take_follower(replicas[k], records.jobs)
            return


@spliced
def _await_next_turns(front: Front, records: Records, until_s: float) -> None:
    """Run the replicas until none can end a request before the next event that is known, or before `until_s`."""
    hosts, changes, replicas, jobs = front.hosts, front.changes, records.replicas, records.jobs
    while True:
        event_s = until_s
        request = _next_request(front, records)
        if request != NONE:
            event_s = min(event_s, jobs[request].enter_s)
        if front.counts[CHANGED] < len(changes):
            event_s = min(event_s, changes[front.counts[CHANGED]].time_s)
        behind, first_s, second_s = 0, _NEVER_S, _NEVER_S
        for k in range(len(replicas)):
            quiet_s = hosts[k].quiet_until_s
            if quiet_s < first_s:
                behind, first_s, second_s = k, quiet_s, first_s
            elif quiet_s < second_s:
                second_s = quiet_s
        if first_s == _NEVER_S or first_s + SAME_INSTANT_S >= event_s:
            return
        # whatever the others still bring comes after a step of theirs, and so after every step that begins by then
        advance(replicas[behind], records, min(event_s, second_s + 2.0 * SAME_INSTANT_S))
        hosts[behind].quiet_until_s = _quiet_until(replicas[behind], records)


# -- what the replicas do --------------------------------------------------------------------------------------------


@spliced
def _update(front: Front, records: Records, time_s: float) -> None:
    """Run the replicas up to `time_s` where the router could see a difference."""
    hosts, replicas = front.hosts, records.replicas
    for k in range(len(replicas)):
        if hosts[k].quiet_until_s <= time_s + SAME_INSTANT_S or front.watches == 2:
            advance(replicas[k], records, time_s)
            hosts[k].quiet_until_s = _quiet_until(replicas[k], records)


@spliced
def _quiet_until(rep: Any, records: Records) -> float:
    """Return a time before which the replica ends no request, unless it gets a new one."""
    slots, tables = records.slots, records.tables
    until_s: float = rep.now_s
    if rep.running == 0 and rep.waiting == 0:
        until_s = _NEVER_S
        if rep.next_to_come != NONE:
            until_s = max(rep.now_s, records.jobs[rep.next_to_come].enter_s)
    elif rep.decoding == rep.running and rep.running > 0 and rep.pass_tokens == 1:
        nobody = rep.waiting == 0 and rep.next_to_come == NONE
        still_blocked = rep.blocked == 1 and rep.done == 0 and (rep.lines == 1 or rep.next_to_come == NONE)
        if nobody or still_blocked or rep.running == rep.max_seqs:
            n = rep.decoding
            steps = steps_until_exhaustion(rep, slots, next_completion(rep, slots) - rep.step)
            first_s = tables[rep.table, n].decode_s + rep.seq_s * n + rep.kv_s * (rep.context + n)
            until_s += 0.999999 * (steps * first_s + rep.kv_s * n * 0.5 * steps * (steps - 1.0))
    return until_s


@spliced
def _route(front: Front, records: Records, request: int, time_s: float) -> None:
    """Send a request to a replica, or count it as refused or lost."""
    hosts, jobs, replicas = front.hosts, records.jobs, records.replicas
    k = choose(front, records, request, time_s)
    if k == NONE:
        jobs[request].enter_s = time_s
        jobs[request].fate = _why_refused(front, records, request)
        return
    front.counts[ROUTED] += 1
    jobs[request].enter_s = time_s + replicas[k].request_s
    jobs[request].replica = k
    jobs[request].fate = 0
    send(replicas[k], jobs, request)
    hosts[k].quiet_until_s = min(hosts[k].quiet_until_s, replicas[k].now_s)


@inlined
def _why_refused(front: Front, records: Records, request: int) -> int:
    """Return lost if a replica that is down would have taken the request, else why the first one refuses it."""
    hosts, fates = front.hosts, front.fates
    for k in range(len(hosts)):
        fits = records.jobs[request].input_tokens <= hosts[k].longest_input_tokens
        if fates[hosts[k].kind, request] == 0 and fits:
            return _LOST
    fate = fates[hosts[0].kind, request]
    if fate == 0:
        return _REFUSED_LENGTH
    return int(fate)


# -- replicas that come and go ---------------------------------------------------------------------------------------


@spliced
def _change(front: Front, records: Records, number: int) -> None:
    """Let a replica go up, or down: then its requests begin anew elsewhere, or are lost."""
    change, hosts, replicas, jobs = front.changes[number], front.hosts, records.replicas, records.jobs
    k, time_s = change.replica, change.time_s
    if change.up == 1:
        hosts[k].up = 1
        replicas[k].now_s = max(replicas[k].now_s, time_s)
        return
    hosts[k].up = 0
    if front.watches > 0:
        _update(front, records, time_s)
    advance(replicas[k], records, time_s)
    request = _fail(replicas[k], records, time_s)
    hosts[k].quiet_until_s = _NEVER_S
    while request != NONE:
        behind = jobs[request].behind
        jobs[request].retries += 1
        if change.retry == 1:
            _route(front, records, request, time_s)
        else:
            jobs[request].fate = _LOST
        request = behind


@spliced
def _fail(rep: Any, records: Records, time_s: float) -> int:
    """Empty a replica that fails at `time_s`: return its requests as a list linked by `behind`, oldest first.

    What the step under way would have brought is lost with it.
    """
    slots, jobs, lines, cache = records.slots, records.jobs, records.lines, records.cache
    head, tail = NONE, NONE
    if rep.now_s > time_s + SAME_INSTANT_S:
        for i in range(rep.done):
            request = slots[rep.row, i].done
            jobs[request].finish_s = float("nan")
            head, tail = _join(jobs, head, tail, request)
        drop_followers_of_undone(rep, records)
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
