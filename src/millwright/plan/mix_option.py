"""A mixed fleet as an option of the plan: a part for each supply and workload, priced and staffed as all others are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from millwright.fleet.optimum.solve import Fleet, Holding
from millwright.fleet.replica import ReplicaPerformance, evaluate, with_interval
from millwright.plan.costing import Capacity, Inputs, OwnedTerms
from millwright.plan.demand import WorkloadDemand
from millwright.plan.draft import Draft, Where
from millwright.plan.minders import Staff, lcot
from millwright.plan.mix_question import MixQuestion
from millwright.plan.mix_supplies import AskedSlice, Source
from millwright.plan.model import Kind
from millwright.plan.pool import PoolLoad, PoolPart
from millwright.plan.priced import PricedOption, PricedPart
from millwright.plan.terms import Pricing
from millwright.scenario.model import Commitment

Floats = NDArray[np.float64]

SAME = 0.999
"""A mix that is cheaper than the same offers apart by less than a thousandth is the same."""


def is_no_other_than(mix: PricedOption, one: PricedOption, central: Inputs) -> bool:
    """Return whether a mix is what another option is: each workload on the same one offer, and a token no cheaper."""

    def places(option: PricedOption) -> set[tuple[str, Where]]:
        return {(part.draft.asked.workload.name, part.draft.where) for part in option.parts}

    if len(mix.parts) != len(one.parts) or places(mix) != places(one):
        return False
    return lcot(mix, central) >= lcot(one, central) * SAME


def option_of_fleet(
    question: MixQuestion, fleet: Fleet, pricing: Pricing, staff: Staff | None = None
) -> PricedOption | None:
    """Return the fleet as an option, a part for each supply and workload, with its people; None: nobody can run it."""
    parts = [part for supply in fleet.supplies for part in _Supply(question, fleet, supply).parts()]
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


@dataclass(frozen=True)
class _Supply:
    """One supply of a fleet, by its id: what it is, what is held of it, and what of each workload goes there."""

    question: MixQuestion
    fleet: Fleet
    id: str

    @property
    def source(self) -> Source:
        return self.question.sources[self.id]

    @property
    def holding(self) -> Holding | None:
        """What is held of its machines; None for tokens."""
        return next((each for each in self.fleet.holdings if each.machines.id == self.id), None)

    def parts(self) -> list[PricedPart]:
        """Return a part for each workload; what only stands by goes with the workload it was drafted for."""
        served = {self.question.classes[c].asked.workload.name for (each, c) in self.fleet.routing if each == self.id}
        workloads = [asked for asked in self.question.asked if asked.workload.name in served]
        if not workloads:
            drafted_for = self.source.draft.asked.workload.name
            workloads = [asked for asked in self.question.asked if asked.workload.name == drafted_for]
        loads = {asked.workload.name: self._load(asked) for asked in workloads}
        parts: list[PricedPart] = []
        for number, asked in enumerate(workloads):
            others = (load for name, load in loads.items() if name != asked.workload.name)
            parts.append(self._part(asked, (loads[asked.workload.name], *others), guest=number > 0))
        return parts

    def _classes(self, asked: WorkloadDemand) -> list[AskedSlice]:
        """Return the classes of a workload's requests of which some go here."""
        here = (self.question.classes[c] for (each, c) in self.fleet.routing if each == self.id)
        return [each for each in here if each.asked.workload.name == asked.workload.name]

    def _load(self, asked: WorkloadDemand) -> PoolLoad:
        work = np.zeros((len(self.question.stages), len(self.question.week)))
        if self.holding is not None:
            rates = self.fleet.problem.rates(self.holding.machines)
            for each in self._classes(asked):
                work += each.slice.share * self.fleet.routing[self.id, each.name] / rates[each.name]
        lane = self.source.draft_of(asked.workload.name).lane
        return PoolLoad(asked.profile, work, 1.0 if lane is None else lane.weight)

    def _part(self, asked: WorkloadDemand, loads: tuple[PoolLoad, ...], *, guest: bool) -> PricedPart:
        draft = self.source.draft_of(asked.workload.name)
        draft = replace(draft, asked=replace(asked, model=draft.asked.model))
        share, tokens_in, tokens_out = self._flow(asked)
        serving = PoolPart(
            demand=asked.tokens,
            terms=self.source.terms,
            capacity=None,
            spares=self.fleet.problem.spares_kept,
            go_live_month=self.question.stages.start,
            stages=self.question.stages,
            week=self.question.week,
            share=share,
            input_tokens=tokens_in,
            output_tokens=tokens_out,
            loads=loads,
            guest=guest,
            by_lanes=bool(self.source.lanes),
        )
        holding, platform = self.holding, self.source.draft.platform
        if holding is None or platform is None:
            return PricedPart(draft, serving)
        draft = _with_performance(draft, self.source, self._classes(asked))
        assert draft.answer is not None
        serving = replace(
            serving, counts=holding.counts, capacity=_capacity(platform.device.id, draft.answer.performance)
        )
        if isinstance(serving.terms, OwnedTerms):
            last = len(self.question.stages) - 1
            sold = tuple((first, end, n) for first, end, n in holding.bought() if end < last)
            serving = replace(serving, terms=replace(serving.terms, existing=holding.existing), sold=sold)
        return PricedPart(draft, serving)

    def _flow(self, asked: WorkloadDemand) -> tuple[Floats, Floats, Floats]:
        """Return the share of a workload's requests that come here (stages, periods), and the tokens in and out that
        they bring per request of the workload (stages,)."""
        stages, week = len(self.question.stages), self.question.week
        share, tokens_in, tokens_out = np.zeros((stages, len(week))), np.zeros(stages), np.zeros(stages)
        weights = week.mean(asked.profile.hourly) * week.shares
        for each in self._classes(asked):
            fraction = self.fleet.routing[self.id, each.name] * each.slice.share
            share += fraction
            over_the_week = (fraction * weights).sum(axis=1) / weights.sum()
            tokens_in += over_the_week * each.slice.input_tokens
            tokens_out += over_the_week * each.slice.output_tokens
        return share, tokens_in, tokens_out


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
