"""Who waits, and who goes first: requests still to come, and lines of waiting ones, one line per priority.

Within a line the order is that of arrival. A preempted request goes back to the head of its line: whoever was admitted
from a line came before all who still wait in it.
"""

from __future__ import annotations

from typing import Any

from millwright.simulate.compiled import compiled, inlined
from millwright.simulate.state import NONE, SAME_INSTANT_S, Replica


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
def send_next_turn(rep: Replica, jobs: Any, lines: Any, request: int, time_s: float) -> None:
    """Send the turn that follows `request`, which ended at `time_s`, after its user has thought."""
    turn = jobs[request].next_turn
    jobs[turn].enter_s = time_s + jobs[request].think_s + rep.request_s
    _count(rep, jobs, turn)
    i = rep.followers
    rep.followers += 1
    while i > 0 and _comes_first(jobs, turn, lines[rep.row, (i - 1) >> 1].follower):
        lines[rep.row, i].follower = lines[rep.row, (i - 1) >> 1].follower
        i = (i - 1) >> 1
    lines[rep.row, i].follower = turn


@inlined
def _count(rep: Replica, jobs: Any, request: int) -> None:
    rep.outstanding += 1
    rep.outstanding_tokens += jobs[request].input_tokens


@inlined
def _comes_first(jobs: Any, one: int, other: int) -> bool:
    return bool(jobs[one].enter_s < jobs[other].enter_s or (jobs[one].enter_s == jobs[other].enter_s and one < other))


@inlined
def next_arrival(rep: Replica, jobs: Any, lines: Any) -> int:
    """Return the next request to be seen, or NONE."""
    request = rep.next_to_come
    if rep.followers > 0:
        follower = lines[rep.row, 0].follower
        if request == NONE or _comes_first(jobs, follower, request):
            request = follower
    return request


@inlined
def let_in(rep: Replica, jobs: Any, lines: Any) -> None:
    """Put what has arrived by now at the end of its line."""
    while True:
        request = next_arrival(rep, jobs, lines)
        if request == NONE or jobs[request].enter_s > rep.now_s + SAME_INSTANT_S:
            break
        if request == rep.next_to_come:
            rep.next_to_come = jobs[request].behind
            if rep.next_to_come == NONE:
                rep.last_to_come = NONE
        else:
            _drop_follower(rep, jobs, lines)
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


@compiled
def _drop_follower(rep: Replica, jobs: Any, lines: Any) -> None:
    """Take the first follower off the heap."""
    rep.followers -= 1
    last = lines[rep.row, rep.followers].follower
    i = 0
    while 2 * i + 1 < rep.followers:
        child = 2 * i + 1
        right = child + 1
        if right < rep.followers and _comes_first(jobs, lines[rep.row, right].follower, lines[rep.row, child].follower):
            child = right
        if _comes_first(jobs, last, lines[rep.row, child].follower):
            break
        lines[rep.row, i].follower = lines[rep.row, child].follower
        i = child
    lines[rep.row, i].follower = last


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
