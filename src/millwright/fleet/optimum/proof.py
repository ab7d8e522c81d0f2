"""A mixed fleet simulated whole: its router, every machine, every request of the busiest hours.

The optimum counts on machines whose classes share time in proportion. Here nothing is taken for granted: requests come
as they come, the router sends each class to the supplies in the fractions of the optimum and, within a supply, to the
replica with the fewest requests under way, and each replica batches what it gets. What is bought from an API leaves the
fleet: its latency is the provider's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from millwright.fleet.optimum.problem import Machines, MixProblem
from millwright.fleet.optimum.solve import Fleet
from millwright.fleet.replica import Candidate, Service, slower
from millwright.fleet.slices import Slice
from millwright.simulate.cluster import Member, simulate_cluster
from millwright.simulate.router import Router
from millwright.simulate.slo import Slo
from millwright.traffic.requests import Requests

_REQUESTS = 12_000
"""Requests simulated over all streams, if they come within the times below."""

_SHORTEST_S, _LONGEST_S = 300.0, 7_200.0

_WARMUP = 0.1

_GOLDEN = 0.6180339887498949
"""A Weyl sequence of this step meets every fraction evenly: a weighted round robin without its patterns."""


@dataclass(frozen=True)
class Stream:
    """The requests of one workload at the hour that is simulated: rate [1/s], and the classes that the router knows."""

    workload: str
    service: Service
    rate_per_s: float
    classes: Mapping[str, Slice]


@dataclass(frozen=True)
class Pool:
    """What runs on the machines of one supply: a deployment, so many replicas of it on each machine.

    Its step times are taken `deviates` standard deviations longer than the central ones. Where workloads share the
    machines by `lanes`, each has its own deployment there.
    """

    candidate: Candidate
    replicas_per_machine: int
    deviates: float = 0.0
    lanes: Mapping[str, Pool] = field(default_factory=dict)


@dataclass(frozen=True)
class State:
    """The fleet at one hour: machines of each supply that are up, fractions of each class by supply."""

    machines: Mapping[str, int]
    routing: Mapping[tuple[str, str], float]


@dataclass(frozen=True)
class Kept:
    """How one workload fared on the machines: the share of its requests there that kept the SLO, and of how many.

    `by_pool` has the same share by supply.
    """

    attainment: float
    requests: int
    by_pool: Mapping[str, float]


def hour_of_peak(fleet: Fleet) -> tuple[int, int]:
    """Return the stage and period in which the machines have most to do, within the first stage."""
    problem = fleet.problem
    busy = np.zeros(len(problem.periods))
    for each in problem.classes:
        busy += each.peak_per_s[0] * each.tokens_per_request
    return 0, int(busy.argmax())


def as_planned(fleet: Fleet, stage: int, period: int) -> State:
    """Return the fleet with every machine up."""
    return State(
        {each.machines.id: int(each.counts[stage, period]) for each in fleet.holdings},
        {key: float(fraction[stage, period]) for key, fraction in fleet.routing.items()},
    )


def after_loss(fleet: Fleet, stage: int, period: int, lost: str) -> State | None:
    """Return the fleet when the spares' number of machines of supply `lost` are down and its site has taken over.

    The router levels the load of the site's machines, as far as each class may run on them. None where the supply has
    no load, or the site cannot take it.
    """
    planned = as_planned(fleet, stage, period)
    machines = {each.machines.id: each.machines for each in fleet.holdings}
    down = min(fleet.problem.spares_kept, planned.machines.get(lost, 0))
    left = {name: n - (down if name == lost else 0) for name, n in planned.machines.items()}
    if not down or not any(supply == lost and share > 0.0 for (supply, _), share in planned.routing.items()):
        return None
    here = [name for name in left if machines[name].site == machines[lost].site]
    routing = _levelled(fleet.problem, [machines[name] for name in here], left, planned, stage, period)
    return None if routing is None else State(left, routing)


def _levelled(
    problem: MixProblem, here: Sequence[Machines], left: Mapping[str, int], planned: State, stage: int, period: int
) -> dict[tuple[str, str], float] | None:
    """Return the routing with the load of the machines `here` levelled: a linear program for the least highest load."""
    from scipy.optimize import linprog

    peak = {each.name: float(each.peak_per_s[stage, period]) for each in problem.classes}
    names = {each.id for each in here}
    to_share = {
        name: sum(share for (supply, c), share in planned.routing.items() if c == name and supply in names)
        for name in peak
    }
    ways = [
        (each, c) for each in here for c, rate in problem.rates(each).items()
        if to_share.get(c, 0.0) > 0.0 and rate > 0.0 and left[each.id] > 0
    ]  # fmt: skip
    if not ways:
        return None
    shared = [name for name, share in to_share.items() if share > 0.0]
    equal = np.zeros((len(shared), len(ways) + 1))
    for column, (_, c) in enumerate(ways):
        equal[shared.index(c), column] = 1.0
    lanes = list(dict.fromkeys((each.id, each.lane_of(c).name) for each, c in ways))
    within = np.zeros((len(lanes), len(ways) + 1))
    for column, (each, c) in enumerate(ways):
        row = lanes.index((each.id, each.lane_of(c).name))
        within[row, column] = peak[c] / problem.rates(each)[c]
        within[row, -1] = -float(left[each.id]) * (1.0 - each.away_share)
    found = linprog(
        [*(0.0 for _ in ways), 1.0], A_ub=within, b_ub=np.zeros(len(lanes)), A_eq=equal,
        b_eq=[to_share[name] for name in shared],
    )  # fmt: skip
    if found.x is None:
        return None
    elsewhere = {key: share for key, share in planned.routing.items() if key[0] not in names}
    return {**elsewhere, **{(each.id, c): float(found.x[column]) for column, (each, c) in enumerate(ways)}}


def predicted_headroom(fleet: Fleet, state: State, stage: int, period: int) -> float:
    """Return how many times the load the fleet could carry by the optimum's own reckoning, shares as they are."""
    problem = fleet.problem
    peak = {each.name: float(each.peak_per_s[stage, period]) for each in problem.classes}
    highest = 0.0
    for holding in fleet.holdings:
        machines = holding.machines
        rates, up = problem.rates(machines), state.machines[machines.id]
        loads: dict[str, float] = {}
        for (supply, c), share in state.routing.items():
            if supply == machines.id and share > 0.0:
                lane = machines.lane_of(c).name
                loads[lane] = loads.get(lane, 0.0) + share * peak[c] / rates[c]
        for load in loads.values():
            highest = max(highest, load / up if up else np.inf)
    return 1.0 / highest if highest > 0.0 else np.inf


def simulate_fleet(
    state: State, streams: Sequence[Stream], pools: Mapping[str, Pool], multiple: float = 1.0
) -> dict[str, Kept]:
    """Return how each workload fares when all `streams` come at `multiple` times their rates.

    Workloads without an SLO, and those of which nothing runs on machines, have no entry.
    """
    total = sum(stream.rate_per_s for stream in streams) * multiple
    span_s = float(np.clip(_REQUESTS / total, _SHORTEST_S, _LONGEST_S))
    arrived = [_arrivals(stream, stream.rate_per_s * multiple, span_s) for stream in streams]
    sent = [_sent(stream, requests, state) for stream, requests in zip(streams, arrived, strict=True)]
    met: dict[str, dict[str, NDArray[np.bool_]]] = {stream.workload: {} for stream in streams}
    for name, pool in pools.items():
        machines = state.machines.get(name, 0)
        pieces = [(number, index) for number, one in enumerate(sent) if (index := one.get(name)) is not None]
        if not pieces:
            continue
        if not machines:
            for number, index in pieces:
                met[streams[number].workload][name] = np.zeros(len(index), dtype=np.bool_)
            continue
        for of_lane, together in _by_lane(pool, pieces, streams):
            merged, origin = _merged([(arrived[number].pick(index), number) for number, index in together])
            judged = merged.arrival_s >= span_s * _WARMUP
            for number, _ in together:
                slo = streams[number].service.slo
                if slo is not None:
                    kept_it = _met(of_lane, machines * of_lane.replicas_per_machine, merged, slo)
                    met[streams[number].workload][name] = kept_it[(origin == number) & judged]
    kept: dict[str, Kept] = {}
    for workload, by_pool in met.items():
        everything = np.concatenate([*by_pool.values()]) if by_pool else np.zeros(0, dtype=np.bool_)
        if everything.size:
            shares = {name: float(each.mean()) for name, each in by_pool.items() if each.size}
            kept[workload] = Kept(float(everything.mean()), int(everything.size), shares)
    return kept


_Piece = tuple[int, NDArray[np.int64]]


def _by_lane(pool: Pool, pieces: list[_Piece], streams: Sequence[Stream]) -> list[tuple[Pool, list[_Piece]]]:
    """Return what runs together: everything, or the requests of each workload on its own lane."""
    if not pool.lanes:
        return [(pool, pieces)]
    return [(pool.lanes[streams[number].workload], [(number, index)]) for number, index in pieces]


def _met(pool: Pool, replicas: int, requests: Requests, slo: Slo) -> NDArray[np.bool_]:
    """Return which requests keep the SLO on the replicas of one supply, each to the one with the fewest under way.

    Disaggregated replicas are given theirs in turn: they are clusters themselves. So are processes that take turns on
    their devices, whose clock is not the router's.
    """
    candidate = pool.candidate
    if candidate.prompts is not None or candidate.turns is not None:
        met = np.zeros(len(requests), dtype=np.bool_)
        for turn in range(min(replicas, len(requests))):
            index = np.arange(turn, len(requests), replicas)
            met[index] = slo.met(candidate.serve(requests.pick(index), deviates=pool.deviates))
        return met
    step = slower(candidate.step, pool.deviates) if pool.deviates else candidate.step
    member = Member(step, candidate.deployment.limits, candidate.memory.kv_capacity_tokens)
    return slo.met(simulate_cluster(requests, [member] * replicas, Router.LEAST_REQUESTS))


def keeps_promise(kept: Mapping[str, Kept], streams: Sequence[Stream]) -> bool:
    """Return whether every workload keeps its SLO on the machines."""
    promised = {stream.workload: stream.service.slo.share for stream in streams if stream.service.slo is not None}
    return all(each.attainment >= promised[workload] for workload, each in kept.items())


def simulated_headroom(
    state: State, streams: Sequence[Stream], pools: Mapping[str, Pool], *, low: float = 0.5, high: float = 2.0
) -> float:
    """Return the largest multiple of the load at which every promise is kept, to 3 %, between `low` and `high`."""
    if keeps_promise(simulate_fleet(state, streams, pools, high), streams):
        return high
    if not keeps_promise(simulate_fleet(state, streams, pools, low), streams):
        return low
    while high / low > 1.03:
        middle = float(np.sqrt(low * high))
        if keeps_promise(simulate_fleet(state, streams, pools, middle), streams):
            low = middle
        else:
            high = middle
    return low


def _arrivals(stream: Stream, rate_per_s: float, span_s: float) -> Requests:
    """Return the requests of a stream over `span_s`, its sample repeated as often as that takes."""
    service = stream.service
    wanted = max(round(rate_per_s * span_s), 1)
    times = -(-wanted // len(service.requests))
    index = np.tile(np.arange(len(service.requests)), times)[: max(wanted, 2)]
    if service.arrivals is not None:
        rng = np.random.default_rng(service.seed)
        arrival_s = service.arrivals.times_s(rate_per_s, len(index), rng)
    else:  # a trace, over and over, in its own rhythm
        gaps = np.diff(service.requests.arrival_s, prepend=0.0)
        mean = float(gaps[1:].mean()) if len(gaps) > 1 else 1.0
        arrival_s = np.cumsum(np.where(gaps[index] > 0.0, gaps[index], 0.0)) / (mean * rate_per_s)
    return Requests(arrival_s, service.requests.input_tokens[index], service.requests.output_tokens[index])


def _sent(stream: Stream, requests: Requests, state: State) -> dict[str, NDArray[np.int64]]:
    """Return which of the requests go to which supply, by the fractions of their class."""
    found: dict[str, list[NDArray[np.int64]]] = {}
    for number, (name, piece) in enumerate(stream.classes.items()):
        members = np.flatnonzero(piece.holds(requests.input_tokens))
        shares = [(supply, share) for (supply, c), share in state.routing.items() if c == name and share > 0.0]
        if not shares or not members.size:
            continue
        place = np.modf((np.arange(len(members)) + 0.5) * _GOLDEN + 0.1 * number)[0]
        bounds = np.cumsum([share for _, share in shares])
        which = np.searchsorted(bounds / bounds[-1], place, side="right").clip(max=len(shares) - 1)
        for at, (supply, _) in enumerate(shares):
            found.setdefault(supply, []).append(members[which == at])
    return {supply: np.sort(np.concatenate(parts)) for supply, parts in found.items() if sum(map(len, parts))}


def _merged(pieces: Sequence[tuple[Requests, int]]) -> tuple[Requests, NDArray[np.int64]]:
    """Return the requests of several streams in order of arrival, and which stream each is of."""
    arrival_s = np.concatenate([each.arrival_s for each, _ in pieces])
    origin = np.concatenate([np.full(len(each), number) for each, number in pieces])
    order = np.argsort(arrival_s, kind="stable")
    merged = Requests(
        arrival_s[order],
        np.concatenate([each.input_tokens for each, _ in pieces])[order],
        np.concatenate([each.output_tokens for each, _ in pieces])[order],
    )
    return merged, origin[order]
