"""The best mixed fleet of a scenario: sought, simulated, tightened where it fails, and made an option of the plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from millwright.fleet.optimum.problem import LATENCY, SPARES, Measure, MixProblem, VendorLimit
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
from millwright.fleet.optimum.questions import (
    Conflict,
    FrontPoint,
    LimitPrice,
    conflict,
    front,
    price_of_limits,
)
from millwright.fleet.optimum.refine import refined
from millwright.fleet.optimum.solve import Effort, Fleet, Holding, TooLongError, solve
from millwright.fleet.optimum.thin import shortlisted, thinned
from millwright.fleet.replica import ReplicaPerformance, deviates_at, evaluate, with_interval
from millwright.plan.costing import Capacity, Inputs, OwnedTerms
from millwright.plan.draft import Draft, Where
from millwright.plan.minders import Staff, lcot
from millwright.plan.mix_question import UNKNOWN_FACT, AskedSlice, MixQuestion, Source
from millwright.plan.model import Kind
from millwright.plan.pool import PoolLoad, PoolPart
from millwright.plan.priced import PricedOption, PricedPart
from millwright.plan.terms import Pricing
from millwright.scenario.model import Commitment, Objective

SEARCH = Effort(nodes=400, time_s=30.0)
"""Effort for the optimum: with what is found until then, the gap says what is left open."""

QUESTION = Effort(nodes=60, time_s=8.0)
"""Effort for each question beside it: the price of a limit, the best that is a mix."""

FRONT = Effort(gap=0.02, nodes=3, time_s=5.0)
"""Effort for each point of a front: to within two per cent is enough to see what less of one costs in the other."""

FEW = 2
"""Kinds of machine at each site among which it is asked whether sharing helps, beside those of the fleet without."""

_SAME = 0.999
"""A mix that is cheaper than the same offers apart by less than a thousandth is the same."""

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


@dataclass(frozen=True)
class BestMix:
    """The best fleet, its proof, and what it costs as the plan counts.

    `priced` is None where nobody can run it. `option` is what the plan lists: None also where the fleet is no other
    than one of its single offers.
    """

    question: MixQuestion
    fleet: Fleet
    proved: Proved
    priced: PricedOption | None
    option: PricedOption | None
    looked_at: int
    left_out: int


def best_mix(
    question: MixQuestion, singles: Sequence[PricedOption], pricing: Pricing, central: Inputs, tell: Tell | None = None,
    staff: Staff | None = None,
) -> BestMix | None:  # fmt: skip
    """Return the best fleet that keeps every limit, None where there is none or the solver found none in time.

    Its option is none where one of the `singles` is the same, or where `staff` finds nobody to run it.
    Fleets that are known to be lawful go first; only where there is none may a fact be missing.
    """
    wanted = replace(question.problem, measure=measure_of(pricing.scenario.limits.objective))
    problem = shortlisted(thinned(wanted))
    if tell:
        tell("seeking the best mix", 0, MOST_ROUNDS)
    try:
        fleet = solve(problem, SEARCH)
        if fleet is None:
            problem = problem.without(UNKNOWN_FACT)
            fleet = solve(problem, SEARCH)
        if fleet is None:
            return None
        fleet = refined(problem, fleet, QUESTION)
        fleet, proved = _proved(question, fleet, pricing.scenario.limits.confidence, tell)
    except TooLongError:
        return None
    left_out = len(wanted.machines) - len(problem.machines)
    looked_at = len(wanted.machines) + len(wanted.tokens)
    return _described(
        BestMix(question, fleet, proved, None, None, looked_at, left_out), singles, pricing, central, staff
    )


def _described(
    mix: BestMix, singles: Sequence[PricedOption], pricing: Pricing, central: Inputs, staff: Staff | None
) -> BestMix:
    """Return a fleet with the option that it is, priced as all others are."""
    priced = option_of_fleet(mix.question, mix.fleet, pricing, staff)
    known = priced is None or any(is_no_other_than(priced, one, central) for one in singles)
    return replace(mix, priced=priced, option=None if known else priced)


def or_second(
    mix: BestMix,
    second: Fleet,
    singles: Sequence[PricedOption],
    pricing: Pricing,
    central: Inputs,
    staff: Staff | None,
) -> BestMix:
    """Return the fleet that is a mix, simulated, where the plan's own prices make it cheaper than `mix`; else `mix`.

    The optimum counts rented machines by the period, the plan by the hour, and an early start may suit one better.
    """
    option = option_of_fleet(mix.question, second, pricing, staff)
    if option is None or (mix.priced is not None and lcot(option, central) >= lcot(mix.priced, central) * _SAME):
        return mix
    known = {each.id: each for each in mix.fleet.problem.machines}
    fleet = replace(
        second,
        problem=mix.fleet.problem,
        holdings=tuple(replace(each, machines=known[each.machines.id]) for each in second.holdings),
        bound=mix.fleet.bound,
    )
    try:
        fleet, proved = _proved(mix.question, fleet, pricing.scenario.limits.confidence, None)
    except TooLongError:
        return mix
    found = _described(replace(mix, fleet=fleet, proved=proved), singles, pricing, central, staff)
    if found.option is None or (mix.priced is not None and lcot(found.option, central) >= lcot(mix.priced, central)):
        return mix
    return found


def sharing_helps(
    question: MixQuestion,
    without: BestMix,
    singles: Sequence[PricedOption],
    pricing: Pricing,
    central: Inputs,
    staff: Staff | None,
) -> bool:
    """Return whether machines shared by lanes make a fleet cheaper than the one `without` them and than any single
    option: sought among few kinds of machine, as they tie all workloads' questions together, which takes long to solve.
    """
    problem = replace(question.problem, measure=measure_of(pricing.scenario.limits.objective))
    few = shortlisted(thinned(problem), FEW)
    there = {each.id for each in few.machines} | set(without.fleet.supplies)
    few = replace(few, machines=tuple(each for each in problem.machines if each.id in there))
    try:
        fleet = solve(few, QUESTION)
    except TooLongError:
        return False
    if fleet is None or not any(each.machines.lanes for each in fleet.holdings):
        return False
    option = option_of_fleet(question, fleet, pricing, staff)
    rivals = [each for each in (without.priced, *singles) if each is not None]
    return option is not None and all(lcot(option, central) < lcot(each, central) * _SAME for each in rivals)


def measure_of(objective: Objective) -> Measure:
    """Return what the optimum has least of, by the scenario's objective; purchases are ranked, not optimised."""
    return {Objective.CARBON: Measure.CARBON, Objective.ENERGY: Measure.ENERGY}.get(objective, Measure.COST)


def second_best(mix: BestMix, most_share: float = 0.9) -> Fleet | None:
    """Return the best fleet in which no supply serves more than `most_share` of the tokens: the best that is a mix."""
    problem = mix.fleet.problem
    apart = replace(
        problem,
        machines=tuple(replace(each, vendor=each.id) for each in problem.machines),
        tokens=tuple(replace(each, vendor=each.id) for each in problem.tokens),
        limits=(
            *(limit for limit in problem.limits if not isinstance(limit, VendorLimit)),
            VendorLimit("no mix", most_share),
        ),
    )
    try:
        return solve(apart, QUESTION)
    except TooLongError:
        return None


def limit_prices(mix: BestMix) -> tuple[LimitPrice, ...]:
    """Return what each limit of the fleet costs, and what all that the law asks costs together, dearest first."""
    labels = mix.fleet.problem.labels
    figures = {limit.label for limit in mix.fleet.problem.limits}
    legal = tuple(label for label in labels if label not in figures | {SPARES, LATENCY, UNKNOWN_FACT})
    sets: list[tuple[str, ...]] = [(label,) for label in labels if label != UNKNOWN_FACT]
    if len(legal) > 1:
        sets.append(legal)
    return price_of_limits(mix.fleet, sets, QUESTION)


def carbon_front(mix: BestMix) -> tuple[FrontPoint, ...]:
    """Return the fleets between the least cost and the least carbon, where the carbon of machines is known."""
    problem = mix.fleet.problem
    if not any(each.footprint_known for each in problem.machines):
        return ()
    return front(problem, Measure.CARBON, effort=FRONT)


def what_conflicts(problem: MixProblem) -> Conflict | None:
    """Return the smallest set of limits in conflict; None where even without any nothing serves."""
    try:
        return conflict(shortlisted(thinned(problem)), QUESTION)
    except ValueError:
        return None


# --- proof ------------------------------------------------------------------------------------------------------


def _proved(question: MixQuestion, fleet: Fleet, confidence: float, tell: Tell | None) -> tuple[Fleet, Proved]:
    """Return the fleet whose simulation keeps every promise, after tightening what failed; the last one tried else."""
    rounds = 1
    while True:
        if tell:
            tell("simulating the mixed fleet", rounds - 1, MOST_ROUNDS)
        stage, period = hour_of_peak(fleet)
        planned = as_planned(fleet, stage, period)
        streams = _streams(question, stage, period)
        pools = _pools(question, fleet, confidence)
        kept = simulate_fleet(planned, streams, pools)
        worst = _worst_losses(fleet, stage, period, streams, pools)
        failing = _failing(streams, [kept, *(each for _, each in worst)])
        if not failing or rounds == MOST_ROUNDS:
            break
        tighter = solve(_tightened(fleet.problem, failing), SEARCH)
        if tighter is None:
            break
        fleet, rounds = tighter, rounds + 1
    headroom = simulated_headroom(planned, streams, pools) if kept else np.inf
    by_workload: dict[str, tuple[str, Kept]] = {}
    for lost, each in worst:
        for workload, one in each.items():
            if workload not in by_workload or one.attainment < by_workload[workload][1].attainment:
                by_workload[workload] = lost, one
    proved = Proved(
        period, predicted_headroom(fleet, planned, stage, period), headroom, kept, by_workload, not failing, rounds
    )
    return fleet, proved


def _worst_losses(
    fleet: Fleet, stage: int, period: int, streams: Sequence[Stream], pools: Mapping[str, Pool]
) -> list[tuple[str, dict[str, Kept]]]:
    states: list[tuple[str, State | None]] = [
        (each.machines.id, after_loss(fleet, stage, period, each.machines.id)) for each in fleet.holdings
    ]
    return [(lost, simulate_fleet(state, streams, pools)) for lost, state in states if state is not None]


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


# --- the option -------------------------------------------------------------------------------------------------


def is_no_other_than(mix: PricedOption, one: PricedOption, central: Inputs) -> bool:
    """Return whether a mix is what another option is: each workload on the same one offer, and a token no cheaper."""

    def places(option: PricedOption) -> set[tuple[str, Where]]:
        return {(part.draft.asked.workload.name, part.draft.where) for part in option.parts}

    if len(mix.parts) != len(one.parts) or places(mix) != places(one):
        return False
    return lcot(mix, central) >= lcot(one, central) * _SAME


def option_of_fleet(
    question: MixQuestion, fleet: Fleet, pricing: Pricing, staff: Staff | None = None
) -> PricedOption | None:
    """Return the fleet as an option, a part for each supply and workload, with its people; None: nobody can run it."""
    parts: list[PricedPart] = []
    for supply in fleet.supplies:
        source = question.sources[supply]
        holding = next((each for each in fleet.holdings if each.machines.id == supply), None)
        workloads = _workloads_of(question, fleet, supply) or [source.draft.asked.workload.name]
        loads = {name: _load(question, fleet, supply, name) for name in workloads}
        for number, name in enumerate(workloads):
            shared = (loads[name], *(load for other, load in loads.items() if other != name))
            parts.append(_part(question, fleet, source, holding, name, shared, guest=number > 0))
    order = {asked.workload.name: place for place, asked in enumerate(question.asked)}
    parts.sort(key=lambda part: order[part.draft.asked.workload.name])
    parts = _hosts_first(parts)
    kinds = frozenset(part.draft.kind for part in parts)
    option = PricedOption(
        id="mixed-fleet",
        title=_title(question, fleet, pricing),
        kind=Kind.MIXED if len(fleet.supplies) > 1 else next(iter(kinds)),
        parts=tuple(parts),
        staff=pricing.staff(kinds),
        currency=pricing.currency,
    )
    return option if staff is None else staff(option)


def _hosts_first(parts: Sequence[PricedPart]) -> list[PricedPart]:
    """Return the parts with those that are counted before the guests on their machines, each workload together."""
    return sorted(parts, key=lambda part: bool(isinstance(part.serving, PoolPart) and part.serving.guest))


def _workloads_of(question: MixQuestion, fleet: Fleet, supply: str) -> list[str]:
    names = [question.classes[c].asked.workload.name for (each, c) in fleet.routing if each == supply]
    return [asked.workload.name for asked in question.asked if asked.workload.name in names]


def _classes_of(question: MixQuestion, fleet: Fleet, supply: str, workload: str) -> list[AskedSlice]:
    return [
        question.classes[c]
        for (each, c) in fleet.routing
        if each == supply and question.classes[c].asked.workload.name == workload
    ]


def _load(question: MixQuestion, fleet: Fleet, supply: str, workload: str) -> PoolLoad:
    asked = next(each for each in question.asked if each.workload.name == workload)
    work = np.zeros((len(question.stages), len(question.week)))
    machines = next((each.machines for each in fleet.holdings if each.machines.id == supply), None)
    if machines is not None:
        rates = fleet.problem.rates(machines)
        for each in _classes_of(question, fleet, supply, workload):
            work += each.slice.share * fleet.routing[supply, each.name] / rates[each.name]
    lane = question.sources[supply].draft_of(workload).lane
    return PoolLoad(asked.profile, work, 1.0 if lane is None else lane.weight)


def _part(
    question: MixQuestion, fleet: Fleet, source: Source, holding: Holding | None, workload: str,
    loads: tuple[PoolLoad, ...], *, guest: bool,
) -> PricedPart:  # fmt: skip
    asked = next(each for each in question.asked if each.workload.name == workload)
    supply = next(name for name, each in question.sources.items() if each is source)
    shape = (len(question.stages), len(question.week))
    share, tokens_in, tokens_out = np.zeros(shape), np.zeros(shape[0]), np.zeros(shape[0])
    weights = question.week.mean(asked.profile.hourly) * question.week.shares
    for each in _classes_of(question, fleet, supply, workload):
        fraction = fleet.routing[supply, each.name] * each.slice.share
        share += fraction
        over_the_week = (fraction * weights).sum(axis=1) / weights.sum()
        tokens_in += over_the_week * each.slice.input_tokens
        tokens_out += over_the_week * each.slice.output_tokens
    draft = source.draft_of(workload)
    draft = replace(draft, asked=replace(asked, model=draft.asked.model))
    capacity = None
    terms = source.terms
    counts = None
    sold: tuple[tuple[int, int, int], ...] = ()
    if holding is not None and source.draft.platform is not None:
        draft = _with_performance(draft, source, _classes_of(question, fleet, supply, workload))
        assert draft.answer is not None
        capacity = _capacity(source.draft.platform.device.id, draft.answer.performance)
        counts = holding.counts
        if isinstance(terms, OwnedTerms):
            terms = replace(terms, existing=holding.existing)
            last = shape[0] - 1
            sold = tuple((first, end, n) for first, end, n in holding.bought() if end < last)
    return PricedPart(
        draft,
        PoolPart(
            demand=asked.tokens,
            terms=terms,
            capacity=capacity,
            spares=fleet.problem.spares_kept,
            go_live_month=question.stages.start,
            stages=question.stages,
            week=question.week,
            share=share,
            input_tokens=tokens_in,
            output_tokens=tokens_out,
            loads=loads,
            counts=counts,
            sold=sold,
            guest=guest,
            by_lanes=bool(source.lanes),
        ),
    )


def _capacity(device_id: str, replica: ReplicaPerformance | None) -> Capacity:
    """Return what a machine does in machine-seconds of planned work a second: 1 is what it is counted by."""
    if replica is None or replica.sure_per_s <= 0.0:
        return Capacity(device_id, 1.0, 0.0)
    central = replica.rate_per_s.value / replica.sure_per_s
    return Capacity(device_id, central, replica.log_sigma, replica.log_sigma_below, 1.0)


def _with_performance(draft: Draft, source: Source, served: Sequence[AskedSlice]) -> Draft:
    """Return the draft with what its machines serve of the slices that come here: their mean, weighted by requests."""
    assert source.performance is not None
    assert draft.answer is not None
    if draft.lane is not None:
        return draft
    known = [source.performance[each.name] for each in served] or list(source.performance.values())
    if len(known) == 1 and (not served or served[0].slice.share == 1.0):
        answer = replace(draft.answer, performance=known[0], replicas_per_machine=source.replicas_per_machine)
        return replace(draft, answer=answer)
    if not served:
        return draft
    requests = draft.asked.service.requests
    index = np.flatnonzero(np.any([each.slice.holds(requests.input_tokens) for each in served], axis=0))
    piece = requests.pick(index)
    service = replace(draft.asked.service, requests=piece.at_times(piece.arrival_s - piece.arrival_s[0]))
    whole = with_interval(service, evaluate(service, known[0].candidate, 0.02), known[0].confidence)
    answer = replace(draft.answer, performance=whole, replicas_per_machine=source.replicas_per_machine)
    return replace(draft, answer=answer, asked=replace(draft.asked, service=service))


def _title(question: MixQuestion, fleet: Fleet, pricing: Pricing) -> str:
    """Return the fleet in a line: its machines in the first stage, the tokens bought, and what comes later."""
    if len(fleet.supplies) == 1 and fleet.holdings and not fleet.holdings[0].machines.switched:
        [holding] = fleet.holdings
        if question.sources[holding.machines.id].commitment is None:
            return holding.machines.title
    parts: list[str] = []
    later: list[str] = []
    for holding in fleet.holdings:
        source = question.sources[holding.machines.id]
        how = {None: "", Commitment.ON_DEMAND: ""}.get(source.commitment, f", {source.commitment}")
        n = int(holding.counts[0].max())
        what = f"{holding.machines.title}{how}"
        (parts if n else later).append(f"{n} × {what}" if n else f"later {int(holding.counts.max())} × {what}")
    by_id = {each.id: each for each in fleet.problem.tokens}
    parts += [by_id[each].title for each in fleet.supplies if each in by_id]
    return " + ".join(dict.fromkeys([*parts, *later]))
