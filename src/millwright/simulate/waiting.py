"""Who waits, and who goes first: requests still to come, and lines of waiting ones, one line per priority.

Within a line the order is that of arrival. A preempted request goes back to the head of its line: whoever was admitted
from a line came before all who still wait in it.
"""

from __future__ import annotations

from typing import Any

from millwright.simulate.compiled import inlined
from millwright.simulate.state import NONE, SAME_INSTANT_S, Replica


@inlined
def send(rep: Replica, jobs: Any, request: int) -> None:
    """Send `request` to the replica, to arrive after all that were sent before."""
    jobs[request].behind = NONE
    jobs[request].ticket = rep.tickets
    rep.tickets += 1
    rep.outstanding += 1
    rep.outstanding_tokens += jobs[request].input_tokens
    if rep.last_to_come == NONE:
        rep.next_to_come = request
    else:
        jobs[rep.last_to_come].behind = request
    rep.last_to_come = request


@inlined
def let_in(rep: Replica, jobs: Any, lines: Any) -> None:
    """Put what has arrived by now at the end of its line."""
    while rep.next_to_come != NONE and jobs[rep.next_to_come].enter_s <= rep.now_s + SAME_INSTANT_S:
        request = rep.next_to_come
        rep.next_to_come = jobs[request].behind
        if rep.next_to_come == NONE:
            rep.last_to_come = NONE
        jobs[request].behind = NONE
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
