"""Who waits, and who goes first: requests still to come, and lines of waiting ones, one line per priority.

Within a line the order is that of arrival. A preempted request goes back to the head of its line: whoever was admitted
from a line came before all who still wait in it.
"""

from __future__ import annotations

from typing import Any

from millwright.simulate.compiled import compiled, inlined
from millwright.simulate.state import NONE, SAME_INSTANT_S, Records, Replica


@inlined
def send(rep: Replica, jobs: Any, request: int) -> None:
    """Send `request` to the replica, to arrive after all that were sent before."""
    jobs[request].behind = NONE
    _count(rep, jobs, request)
    if rep.last_to_come == NONE:
        rep.next_to_come = request
    else:
        jobs[rep.last_to_come].behind = request
    rep.last_to_come = request


@compiled
def send_next_turn(rep: Replica, jobs: Any, request: int, time_s: float) -> None:
    """Let the turn that follows `request`, which ended at `time_s`, come when its user has thought.

    To a router it comes at a whole nanosecond: of turns that come at once from several replicas the first in number is
    routed first, whatever rounding makes of their times.
    """
    turn = jobs[request].next_turn
    jobs[turn].enter_s = time_s + jobs[request].think_s
    jobs[turn].replica = rep.row
    if rep.routed == 1:
        jobs[turn].enter_s = round(jobs[turn].enter_s / SAME_INSTANT_S) * SAME_INSTANT_S
    else:
        jobs[turn].enter_s += rep.request_s
        _count(rep, jobs, turn)
    jobs[turn].behind = jobs[turn].ticket = NONE
    rep.follower = _merged(jobs, rep.follower, turn)


@compiled
def _merged(jobs: Any, one: int, other: int) -> int:
    """Return the first turn of two heaps made one: a skew heap, its branches swapped all along the way down.

    Source: Sleator and Tarjan, "Self-adjusting heaps", SIAM Journal on Computing 15 (1986).
    """
    if one == NONE or other == NONE:
        return max(one, other)
    if comes_first(jobs, other, one):
        one, other = other, one
    first = one
    while other != NONE:
        below = jobs[one].ticket
        jobs[one].ticket = jobs[one].behind
        if below == NONE:
            jobs[one].behind = other
            break
        if comes_first(jobs, other, below):
            below, other = other, below
        jobs[one].behind = below
        one = below
    return first


@inlined
def take_follower(rep: Replica, jobs: Any) -> int:
    """Take the first turn to come off the heap and return it."""
    turn = rep.follower
    rep.follower = _merged(jobs, jobs[turn].behind, jobs[turn].ticket)
    return turn


@compiled
def drop_followers_of_undone(rep: Replica, records: Records) -> None:
    """Forget the turns that would have followed what the step under way would have ended."""
    slots, jobs = records.slots, records.jobs
    for i in range(rep.done):
        turn = jobs[slots[rep.row, i].done].next_turn
        if turn != NONE:
            jobs[turn].retries = NONE  # a mark
    kept = NONE
    while rep.follower != NONE:
        turn = take_follower(rep, jobs)
        jobs[turn].behind = jobs[turn].ticket = NONE
        if jobs[turn].retries == NONE:
            jobs[turn].retries = 0
        else:
            kept = _merged(jobs, kept, turn)
    rep.follower = kept


@inlined
def _count(rep: Replica, jobs: Any, request: int) -> None:
    rep.outstanding += 1
    rep.outstanding_tokens += jobs[request].input_tokens


@inlined
def comes_first(jobs: Any, one: int, other: int) -> bool:
    """Return whether a request enters before another; the first of two that enter at once."""
    return bool(jobs[one].enter_s < jobs[other].enter_s or (jobs[one].enter_s == jobs[other].enter_s and one < other))


@inlined
def next_arrival(rep: Replica, jobs: Any) -> int:
    """Return the next request to be seen, or NONE."""
    request = rep.next_to_come
    if rep.follower != NONE and rep.routed == 0 and (request == NONE or comes_first(jobs, rep.follower, request)):
        request = rep.follower
    return request


@inlined
def let_in(rep: Replica, jobs: Any, lines: Any) -> None:
    """Put what has arrived by now at the end of its line."""
    while True:
        request = next_arrival(rep, jobs)
        if request == NONE or jobs[request].enter_s > rep.now_s + SAME_INSTANT_S:
            break
        if request == rep.next_to_come:
            rep.next_to_come = jobs[request].behind
            if rep.next_to_come == NONE:
                rep.last_to_come = NONE
        else:
            take_follower(rep, jobs)
        jobs[request].behind = NONE
        jobs[request].ticket = rep.tickets
        rep.tickets += 1
        line = jobs[request].line
        if lines[rep.row, line].tail == NONE:
            lines[rep.row, line].head = request
        else:
            jobs[lines[rep.row, line].tail].behind = request
        lines[rep.row, line].tail = request
        rep.waiting += 1


@inlined
def first_waiting(rep: Replica, lines: Any) -> int:
    """Return the request that goes first; some request must wait."""
    line = 0
    while lines[rep.row, line].head == NONE:
        line += 1
    request: int = lines[rep.row, line].head
    return request


@inlined
def leave_line(rep: Replica, jobs: Any, lines: Any, request: int) -> None:
    """Take a request from the head of its line."""
    line = jobs[request].line
    lines[rep.row, line].head = jobs[request].behind
    if lines[rep.row, line].head == NONE:
        lines[rep.row, line].tail = NONE
    rep.waiting -= 1


@inlined
def return_to_line(rep: Replica, jobs: Any, lines: Any, request: int) -> None:
    """Put a preempted request back to the head of its line."""
    line = jobs[request].line
    jobs[request].behind = lines[rep.row, line].head
    if lines[rep.row, line].head == NONE:
        lines[rep.row, line].tail = request
    lines[rep.row, line].head = request
    rep.waiting += 1
