"""A mixed fleet proved: simulated whole, with losses too, and sought again with lower rates where a promise fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from millwright.fleet.optimum.problem import MixProblem
from millwright.fleet.optimum.proof import (
    Kept,
    Pool,
    State,
    Stream,
    after_loss,
    as_planned,
    hour_of_peak,
    keeps_promise,
    predicted_headroom,
    simulate_fleet,
    simulated_headroom,
)
from millwright.fleet.optimum.solve import GAP, Fleet, solve
from millwright.fleet.replica import deviates_at
from millwright.integer_program import Effort
from millwright.plan.mix_question import MixQuestion

SEARCH = Effort(GAP, nodes=400, time_s=30.0)
"""Effort for the optimum: with what is found until then, the gap says what is left open."""

MOST_ROUNDS = 4
_TIGHTER = 0.97
"""A goodput that the simulation does not confirm is taken this much lower at least, each round."""

Tell = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Proved:
    """What the simulation of the whole fleet says, and after how many rounds."""

    period: int
    predicted_headroom: float
    simulated_headroom: float
    kept: Mapping[str, Kept]
    worst: Mapping[str, tuple[str, Kept]]
    """By workload: the supply whose loss hurts it most, and how it fares then."""
    holds: bool
    rounds: int


def prove(question: MixQuestion, fleet: Fleet, confidence: float, tell: Tell) -> tuple[Fleet, Proved]:
    """Return the fleet whose simulation keeps every promise, after tightening what failed; the last one tried else.

    `confidence` is the one that machines are counted at. Raises TooLongError.
    """
    rounds = 1
    while True:
        tell("simulating the mixed fleet", rounds - 1, MOST_ROUNDS)
        stage, period = hour_of_peak(fleet)
        planned = as_planned(fleet, stage, period)
        streams = _streams(question, stage, period)
        pools = _pools(question, fleet, confidence)
        kept = simulate_fleet(planned, streams, pools)
        losses = _losses(fleet, stage, period, streams, pools)
        failing = _failing(streams, [kept, *losses.values()])
        if not failing or rounds == MOST_ROUNDS:
            break
        tighter = solve(_tightened(fleet.problem, failing), SEARCH)
        if tighter is None:
            break
        fleet, rounds = tighter, rounds + 1
    headroom = simulated_headroom(planned, streams, pools) if kept else np.inf
    predicted = predicted_headroom(fleet, planned, stage, period)
    return fleet, Proved(period, predicted, headroom, kept, _worst_loss(losses), not failing, rounds)


def _losses(
    fleet: Fleet, stage: int, period: int, streams: Sequence[Stream], pools: Mapping[str, Pool]
) -> dict[str, dict[str, Kept]]:
    """Return how each workload fares after the loss of machines of each supply, by the supply lost."""
    states: list[tuple[str, State | None]] = [
        (each.machines.id, after_loss(fleet, stage, period, each.machines.id)) for each in fleet.holdings
    ]
    return {lost: simulate_fleet(state, streams, pools) for lost, state in states if state is not None}


def _worst_loss(losses: Mapping[str, Mapping[str, Kept]]) -> dict[str, tuple[str, Kept]]:
    """Return by workload the supply whose loss hurts it most, and how it fares then."""
    worst: dict[str, tuple[str, Kept]] = {}
    for lost, by_workload in losses.items():
        for workload, kept in by_workload.items():
            if workload not in worst or kept.attainment < worst[workload][1].attainment:
                worst[workload] = lost, kept
    return worst


def _failing(streams: Sequence[Stream], runs: Sequence[Mapping[str, Kept]]) -> dict[str, float]:
    """Return the supplies at which a promise fails, and by how much to lower what they are taken to serve."""
    promised = {stream.workload: stream.service.slo.share for stream in streams if stream.service.slo is not None}
    failing: dict[str, float] = {}
    for kept in runs:
        if keeps_promise(kept, streams):
            continue
        for workload, one in kept.items():
            if one.attainment >= promised[workload]:
                continue
            for supply, share in one.by_pool.items():
                if share < promised[workload]:
                    factor = min(_TIGHTER, max(share / promised[workload], 0.8))
                    failing[supply] = min(failing.get(supply, 1.0), factor)
    return failing


def _tightened(problem: MixProblem, failing: Mapping[str, float]) -> MixProblem:
    return replace(
        problem,
        machines=tuple(
            replace(each, goodput_per_s={c: rate * failing[each.id] for c, rate in each.goodput_per_s.items()})
            if each.id in failing
            else each
            for each in problem.machines
        ),
    )


def _streams(question: MixQuestion, stage: int, period: int) -> list[Stream]:
    rates = {each.name: float(each.peak_per_s[stage, period]) for each in question.problem.classes}
    streams = []
    for asked in question.asked:
        classes = {name: each.slice for name, each in question.classes.items() if each.asked is asked}
        rate = sum(rates[name] for name in classes)
        if rate > 0.0:
            streams.append(Stream(asked.workload.name, asked.service, rate, classes))
    return streams


def _pools(question: MixQuestion, fleet: Fleet, confidence: float) -> dict[str, Pool]:
    """Return what runs where, with step times as slow as the confidence that machines are counted at asks for."""
    found: dict[str, Pool] = {}
    for holding in fleet.holdings:
        source, slower_by = question.sources[holding.machines.id], deviates_at(confidence)
        assert source.performance is not None
        lanes = {
            name: Pool(draft.lane.performance.candidate, draft.lane.replicas, slower_by)
            for name, draft in source.lanes.items()
            if draft.lane is not None
        }
        replica = next(iter(source.performance.values()))
        found[holding.machines.id] = Pool(replica.candidate, source.replicas_per_machine, slower_by, lanes)
    return found
