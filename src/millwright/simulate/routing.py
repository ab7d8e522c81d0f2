"""The router's choice, compiled: it knows a replica by what has ended when the request comes, as a real one does."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from millwright.simulate.compiled import inlined, spliced
from millwright.simulate.prefix_cache import cached_prefix
from millwright.simulate.router import Router
from millwright.simulate.state import NONE, SAME_INSTANT_S, Records

_ROUND_ROBIN, _RANDOM, _POWER_OF_TWO = int(Router.ROUND_ROBIN), int(Router.RANDOM), int(Router.POWER_OF_TWO)
_LEAST_TOKENS, _PREFIX_AWARE, _BY_LENGTH = int(Router.LEAST_TOKENS), int(Router.PREFIX_AWARE), int(Router.BY_LENGTH)
_STICKY = int(Router.STICKY)

ARRIVED, CHANGED, ROUTED = 0, 1, 2  # entries of Front.counts


class Front(NamedTuple):
    """What stands before the replicas: the router, what comes to it, and what it knows.

    `router` is its kind; `watches`: 0, it looks at nothing; 1, at requests under way; 2, also at the caches. With
    `sessions` 1 requests may bring others after them. `arrival_s` (n,) [s], NaN until a turn has come; `starters` are
    the requests that come unasked, in order of time; `draws` (n, 2) what is left to chance; `hosts` (R,); `fates`
    (kinds of host, n) what each request meets at a host's door; `changes` of hosts in order of time. `counts` says how
    many starters have come, how many changes, and how many requests were routed.
    """

    router: int
    watches: int
    sessions: int
    arrival_s: NDArray[np.float64]
    starters: NDArray[np.int32]
    draws: NDArray[np.float64]
    hosts: Any
    fates: NDArray[np.uint8]
    changes: Any
    counts: NDArray[np.int64]


@inlined
def accepts(front: Front, records: Records, replica: int, request: int) -> bool:
    """Return whether a replica is up and takes a request of this length."""
    host = front.hosts[replica]
    fits = front.fates[host.kind, request] == 0 and records.jobs[request].input_tokens <= host.longest_input_tokens
    return bool(host.up == 1 and fits)


@inlined
def requests_under_way(records: Records, replica: int, time_s: float) -> int:
    """Return the requests that a replica has not ended by `time_s`; the step under way shows nothing yet."""
    rep = records.replicas[replica]
    count: int = rep.outstanding
    if rep.now_s > time_s + SAME_INSTANT_S:
        count += rep.done
    return count


@inlined
def tokens_under_way(records: Records, replica: int, time_s: float) -> int:
    """Return the prompt tokens of the requests that a replica has not ended by `time_s`."""
    rep, slots, jobs = records.replicas[replica], records.slots, records.jobs
    tokens: int = rep.outstanding_tokens
    if rep.now_s > time_s + SAME_INSTANT_S:
        for i in range(rep.done):
            tokens += jobs[slots[rep.row, i].done].input_tokens
    return tokens


@spliced
def choose(front: Front, records: Records, request: int, time_s: float) -> int:
    """Return the replica for `request` at `time_s`, or NONE if none takes it."""
    router, hosts, draws = front.router, front.hosts, front.draws
    replicas, jobs = records.replicas, records.jobs
    count = len(replicas)
    up = 0
    for k in range(count):
        if accepts(front, records, k, request):
            up += 1
    if up == 0:
        return NONE
    if router == _ROUND_ROBIN:
        return _nth(front, records, request, front.counts[ROUTED] % up)
    if router == _STICKY:
        home = jobs[request].replica
        if home != NONE and accepts(front, records, home, request):
            return int(home)
    first = min(int(draws[request, 0] * up), up - 1)
    if router == _RANDOM:
        return _nth(front, records, request, first)
    if router == _POWER_OF_TWO:
        one = _nth(front, records, request, first)
        if up == 1:
            return one
        second = (first + 1 + min(int(draws[request, 1] * (up - 1)), up - 2)) % up
        other = _nth(front, records, request, second)
        one_load = requests_under_way(records, one, time_s) / hosts[one].weight
        other_load = requests_under_way(records, other, time_s) / hosts[other].weight
        if other_load < one_load or (other_load == one_load and other < one):
            return other
        return one
    best, least, bucket = NONE, 0.0, 0
    for k in range(count):
        if not accepts(front, records, k, request):
            continue
        if router in (_PREFIX_AWARE, _LEAST_TOKENS):
            load = float(tokens_under_way(records, k, time_s))
            if router == _PREFIX_AWARE:
                tokens = jobs[request].input_tokens
                hits = cached_prefix(replicas[k], records, request, tokens)
                load += tokens - hits * replicas[k].prefix_tokens
        else:
            load = float(requests_under_way(records, k, time_s))
        load /= hosts[k].weight
        longest = hosts[k].longest_input_tokens
        shorter = router == _BY_LENGTH and longest < bucket
        if best == NONE or shorter or (load < least and (router != _BY_LENGTH or longest == bucket)):
            best, least, bucket = k, load, longest
    return best


@inlined
def _nth(front: Front, records: Records, request: int, nth: int) -> int:
    """Return the nth replica that accepts the request."""
    seen = 0
    for k in range(len(records.replicas)):
        if accepts(front, records, k, request):
            if seen == nth:
                return k
            seen += 1
    return NONE
