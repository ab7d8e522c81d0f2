"""The router's choice, compiled: it knows a replica by what has ended when the request comes, as a real one does."""

from __future__ import annotations

from typing import Any

from millwright.simulate.compiled import inlined
from millwright.simulate.prefix_cache import cached_prefix
from millwright.simulate.router import Router
from millwright.simulate.state import NONE, SAME_INSTANT_S

_ROUND_ROBIN, _RANDOM, _POWER_OF_TWO = int(Router.ROUND_ROBIN), int(Router.RANDOM), int(Router.POWER_OF_TWO)
_LEAST_TOKENS, _PREFIX_AWARE, _BY_LENGTH = int(Router.LEAST_TOKENS), int(Router.PREFIX_AWARE), int(Router.BY_LENGTH)


@inlined
def accepts(hosts: Any, fates: Any, jobs: Any, replica: int, request: int) -> bool:
    """Return whether a replica is up and takes a request of this length."""
    host = hosts[replica]
    fits = fates[host.kind, request] == 0 and jobs[request].input_tokens <= host.longest_input_tokens
    return bool(host.up == 1 and fits)


@inlined
def requests_under_way(rep: Any, time_s: float) -> int:
    """Return the requests that a replica has not ended by `time_s`; the step under way shows nothing yet."""
    count: int = rep.outstanding
    if rep.now_s > time_s + SAME_INSTANT_S:
        count += rep.done
    return count


@inlined
def tokens_under_way(rep: Any, slots: Any, jobs: Any, time_s: float) -> int:
    """Return the prompt tokens of the requests that a replica has not ended by `time_s`."""
    tokens: int = rep.outstanding_tokens
    if rep.now_s > time_s + SAME_INSTANT_S:
        for i in range(rep.done):
            tokens += jobs[slots[rep.row, i].done].input_tokens
    return tokens


@inlined
def choose(
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
    """Return the replica for `request` at `time_s`, or NONE if none takes it; `turn` counts the requests routed."""
    count = len(replicas)
    up = 0
    for k in range(count):
        if accepts(hosts, fates, jobs, k, request):
            up += 1
    if up == 0:
        return NONE
    if router == _ROUND_ROBIN:
        return _nth(hosts, fates, replicas, jobs, request, turn % up)
    first = min(int(draws[request, 0] * up), up - 1)
    if router == _RANDOM:
        return _nth(hosts, fates, replicas, jobs, request, first)
    if router == _POWER_OF_TWO:
        one = _nth(hosts, fates, replicas, jobs, request, first)
        if up == 1:
            return one
        second = (first + 1 + min(int(draws[request, 1] * (up - 1)), up - 2)) % up
        other = _nth(hosts, fates, replicas, jobs, request, second)
        one_load = requests_under_way(replicas[one], time_s) / hosts[one].weight
        other_load = requests_under_way(replicas[other], time_s) / hosts[other].weight
        if other_load < one_load or (other_load == one_load and other < one):
            return other
        return one
    best, least, bucket = NONE, 0.0, 0
    for k in range(count):
        if not accepts(hosts, fates, jobs, k, request):
            continue
        if router in (_PREFIX_AWARE, _LEAST_TOKENS):
            load = float(tokens_under_way(replicas[k], slots, jobs, time_s))
            if router == _PREFIX_AWARE:
                tokens = jobs[request].input_tokens
                hits = cached_prefix(replicas[k], jobs, cache, prefix_ids, request, tokens)
                load += tokens - hits * replicas[k].prefix_tokens
        else:
            load = float(requests_under_way(replicas[k], time_s))
        load /= hosts[k].weight
        longest = hosts[k].longest_input_tokens
        shorter = router == _BY_LENGTH and longest < bucket
        if best == NONE or shorter or (load < least and (router != _BY_LENGTH or longest == bucket)):
            best, least, bucket = k, load, longest
    return best


@inlined
def _nth(hosts: Any, fates: Any, replicas: Any, jobs: Any, request: int, nth: int) -> int:
    """Return the nth replica that accepts the request."""
    seen = 0
    for k in range(len(replicas)):
        if accepts(hosts, fates, jobs, k, request):
            if seen == nth:
                return k
            seen += 1
    return NONE
