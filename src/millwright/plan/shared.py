"""Options in which several workloads share machines, beside those in which each has its own.

Small services each with a machine and a spare pay for six machines to use two. So for each kind of machine that serves
two workloads or more, it is asked what it would cost if they shared it and did not disturb each other; where that
beats machines apart, the sharing is worked out for real, by simulation of every lane, and becomes an option if it is
still cheaper.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

import numpy as np

from millwright.finance.figures import npv_cost
from millwright.fleet.platform import Platform
from millwright.fleet.search import MachineAnswer
from millwright.fleet.sharing.lanes import Lane, NoPlace, Places, Shared, Tenant, in_words
from millwright.fleet.sharing.ways import ways_to_share
from millwright.law.kleene import Verdict
from millwright.perf.calibration import Calibration
from millwright.plan.costing import Capacity, Inputs
from millwright.plan.counted import FIRST_YEAR_MONTHS
from millwright.plan.demand import WorkloadDemand, allowed_deployments
from millwright.plan.draft import Draft, Where
from millwright.plan.mix_costs import monthly_payment
from millwright.plan.model import Kind, RefusedOption
from millwright.plan.priced import PricedOption, PricedPart, option_of, price_draft, site_limits_broken
from millwright.plan.shared_part import LaneLoad, SharedPart
from millwright.plan.sharing_model import Sharing, SharingLane, SharingTrial
from millwright.plan.terms import Pricing
from millwright.quantity import share_text

MOST_WORKLOADS = 4
"""Of so many workloads every group is tried; of more, only all of them together."""

MOST_TRIALS = 4
"""Kinds of machine that are worked out for each way to have them (owned, rented), the most promising first."""

_CLEARLY = 0.99
"""A way to share that keeps workloads less well apart must cost this much less."""

Tell = Callable[[str, int, int], None]


@dataclass(frozen=True)
class _Group:
    """Workloads that the same kind of machine serves, and the cheapest parts of all others.

    `at_best` is what the option would cost if workloads on one machine did not disturb each other [currency].
    """

    parts: tuple[PricedPart, ...]
    rest: tuple[PricedPart, ...]
    at_best: float

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(part.draft.asked.workload.name for part in self.parts)

    @property
    def platform(self) -> Platform:
        """The machine they would share."""
        platform = self.parts[0].draft.platform
        assert platform is not None, "tokens of an API are not shared"
        return platform


@dataclass(frozen=True)
class _Tried:
    """What came of one group on its machine: the cheapest option at its present cost [currency], if any works."""

    told: SharingTrial
    option: PricedOption | None = None
    cost: float = np.inf


@dataclass
class SharedOptions:
    """The options found, and every trial; `groups` is how many could share at all, `tried` how many were tried."""

    seeking: _Seeking
    groups: int
    options: list[PricedOption] = field(default_factory=list)
    trials: list[SharingTrial] = field(default_factory=list)
    tried: int = 0

    @property
    def by_lanes(self) -> list[tuple[Draft, ...]]:
        """The machines that were worked out and keep every promise, few enough or not, cheaper or not: each with the
        lane of every workload on it."""
        return self.seeking.by_lanes

    def published(self, feasible: Sequence[PricedOption]) -> Sharing | None:
        """Return what sharing is worth; None where no two workloads could use the same machine.

        An option that is not among the `feasible` ones was refused after all.
        """
        if not self.groups:
            return None
        if not self.tried:
            what = "even if workloads on one machine never disturbed each other, no kind of machine would be cheaper"
            return Sharing(sentence=f"Sharing machines gains nothing here: {what} than machines apart.")
        retold = [self.seeking.retold(trial, feasible) for trial in self.trials]
        trials = sorted(retold, key=lambda trial: (trial.option_id is None, trial.cost_per_month or np.inf))
        sentence = trials[0].text
        if trials[0].option_id is None:
            sentence = f"Sharing machines was tried and gains nothing: {sentence}"
        return Sharing(sentence=sentence, trials=tuple(trials))


def shared_options(
    asked: Sequence[WorkloadDemand],
    found: Sequence[Draft],
    singles: Sequence[PricedOption],
    pricing: Pricing,
    central: Inputs,
    *,
    tell: Tell | None = None,
    calibration: Calibration | None = None,
) -> SharedOptions:
    """Return the cheapest shared option of each kind that beats the `singles` of its kind, and every trial.

    `found` are the drafts of all workloads, of which `singles` are the options.
    """
    seeking = _Seeking(asked, pricing, central, Places(calibration, pricing.scenario.limits.confidence), singles)
    groups = seeking.groups(found)
    outcome = SharedOptions(seeking, len(groups))
    by_kind: dict[Kind, list[_Group]] = {}
    for group in groups:
        by_kind.setdefault(group.parts[0].draft.kind, []).append(group)
    for kind, of_kind in by_kind.items():
        best = _best_of(sorted(of_kind, key=lambda each: each.at_best), seeking.apart(kind), outcome, tell)
        if best is not None and best.option is not None:
            outcome.options.append(best.option)
            outcome.trials.append(best.told.model_copy(update={"option_id": best.option.id}))
    return outcome


def _best_of(groups: Sequence[_Group], to_beat: float, outcome: SharedOptions, tell: Tell | None) -> _Tried | None:
    """Return the cheapest of the groups (best first) that costs less than `to_beat` [currency]; note all others."""
    best: _Tried | None = None
    for number, group in enumerate(groups[:MOST_TRIALS]):
        if group.at_best >= to_beat:
            break
        if tell:
            tell("sharing machines", number, MOST_TRIALS)
        outcome.tried += 1
        tried = outcome.seeking.worked_out(group)
        if tried.option is None:
            outcome.trials.append(tried.told)
        elif tried.cost >= to_beat:
            outcome.trials.append(outcome.seeking.dearer(tried, to_beat))
        else:
            if best is not None:
                outcome.trials.append(outcome.seeking.dearer(best, tried.cost))
            best, to_beat = tried, tried.cost
    return best


def _promise(part: PricedPart) -> tuple[bool, float]:
    """Return by what one way to serve a workload on a machine is better than another: model, draft or precision."""
    assert part.serving.capacity is not None
    return part.draft.law.verdict is Verdict.YES, part.serving.capacity.planned_per_s


class _Seeking:
    """What all trials share: demands, prices, and what was worked out before."""

    def __init__(
        self, asked: Sequence[WorkloadDemand], pricing: Pricing, central: Inputs, places: Places,
        singles: Sequence[PricedOption],
    ) -> None:  # fmt: skip
        self.pricing, self.central, self.places = pricing, central, places
        self.order = [each.workload.name for each in asked]
        self.months = asked[0].tokens.months
        self.by_lanes: list[tuple[Draft, ...]] = []
        self._cost_apart: dict[Kind, float] = {}
        for one in singles:
            cost = self.cost(_with_usual_people(one, pricing))
            self._cost_apart[one.kind] = min(cost, self._cost_apart.get(one.kind, np.inf))

    def cost(self, option: PricedOption) -> float:
        return float(np.asarray(npv_cost(option.case(self.central))))

    def apart(self, kind: Kind) -> float:
        """Return the least present cost of an option of this kind in which nothing is shared."""
        return self._cost_apart.get(kind, np.inf)

    def per_month(self, present: float) -> str:
        amount = monthly_payment(present, self.central, self.months)
        return f"{amount:,.0f} {self.pricing.currency.code} a month"

    # --- what could be shared -----------------------------------------------------------------------------------

    def groups(self, found: Sequence[Draft]) -> list[_Group]:
        """Return every group of workloads that one kind of machine serves, with the least that it could cost."""
        priced: dict[str, list[PricedPart]] = {name: [] for name in self.order}
        for draft in found:
            part = price_draft(draft, self.pricing, self.pricing.scenario.limits.spares)
            if not isinstance(part, RefusedOption):
                priced[draft.asked.workload.name].append(part)
        cheapest = {name: self._cheapest(parts) for name, parts in priced.items()}
        offers: dict[Where, dict[str, PricedPart]] = {}
        for name, parts in priced.items():
            for part in parts:
                if part.draft.platform is not None and part.draft.platform.hosts == 1:
                    there = offers.setdefault(part.draft.where, {})
                    there[name] = max(there.get(name, part), part, key=_promise)
        groups: list[_Group] = []
        for there in offers.values():
            for names in self._choices(list(there)):
                rest = [cheapest[name] for name in self.order if name not in names]
                if all(part is not None for part in rest):
                    others = tuple(part for part in rest if part is not None)
                    groups.append(self._group(tuple(there[name] for name in names), others))
        return groups

    def _choices(self, names: Sequence[str]) -> list[tuple[str, ...]]:
        if len(self.order) > MOST_WORKLOADS:
            return [tuple(names)] if len(names) == len(self.order) else []
        return [some for size in range(2, len(names) + 1) for some in combinations(names, size)]

    def _cheapest(self, parts: Sequence[PricedPart]) -> PricedPart | None:
        lawful = [part for part in parts if part.draft.law.verdict is Verdict.YES] or list(parts)
        within = [part for part in lawful if not site_limits_broken([part], self.central, self.pricing)]
        return min(within, key=lambda part: self.cost(option_of((part,), self.pricing)), default=None)

    def _group(self, parts: tuple[PricedPart, ...], rest: tuple[PricedPart, ...]) -> _Group:
        """Return a group with what it would cost if each workload had the whole machine to itself."""
        lanes = {}
        for part in parts:
            assert part.serving.capacity is not None
            lanes[part.draft.asked.workload.name] = LaneLoad(
                part.serving.demand, part.serving.capacity, 1.0 / len(parts)
            )
        option = option_of((*self._shared_parts(parts, lanes), *rest), self.pricing)
        return _Group(parts, rest, self.cost(option))

    @staticmethod
    def _shared_parts(parts: Sequence[PricedPart], lanes: Mapping[str, LaneLoad]) -> list[PricedPart]:
        names = [part.draft.asked.workload.name for part in parts]
        shared = []
        for number, (name, part) in enumerate(zip(names, parts, strict=True)):
            ordered = (lanes[name], *(lanes[other] for other in names if other != name))
            serving = SharedPart(
                demand=part.serving.demand,
                terms=part.serving.terms,
                capacity=lanes[name].capacity,
                spares=part.serving.spares,
                lanes=ordered,
                guest=number > 0,
            )
            shared.append(replace(part, serving=serving))
        return shared

    # --- one trial ----------------------------------------------------------------------------------------------

    def worked_out(self, group: _Group) -> _Tried:
        """Return the cheapest way in which the group shares its machine; no option where none works."""
        platform = group.platform
        trial = SharingTrial(title=platform.title, site=platform.site.name, workloads=group.names, text="")
        ways, cannot = self._ways(group)
        best: tuple[float, PricedOption, Shared] | None = None
        broken = ""
        for number, way in enumerate(ways):
            option = self._option(group, way)
            if number == 0:  # a mix may send elsewhere what is too much for the site
                self.by_lanes.append(tuple(part.draft for part in option.parts if part.draft.lane is not None))
            if reasons := site_limits_broken(option.parts, self.central, self.pricing):
                broken = reasons[0].text
                continue
            cost = self.cost(option)
            if best is None or cost < best[0] * _CLEARLY:  # ways come with the best kept apart first
                best = cost, option, way
        if best is None:
            why = broken or "; ".join(f"{each.how}: {each.reason}" for each in cannot[:3])
            text = f"{in_words(group.names)} cannot share {platform.title}: {why}."
            return _Tried(trial.model_copy(update={"text": text}))
        cost, option, way = best
        schedule = option.parts[0].schedule(self.central)
        assert schedule is not None
        update = {
            "how": str(way.how),
            "lanes": tuple(_published(lane) for lane in way.lanes),
            "machines": int(schedule.installed[:FIRST_YEAR_MONTHS].max()),
            "cost_per_month": monthly_payment(cost, self.central, self.months),
        }
        return _Tried(trial.model_copy(update=update), option, cost)

    def _ways(self, group: _Group) -> tuple[list[Shared], list[NoPlace]]:
        """Return the ways in which the group can share its machine, and those in which it cannot."""
        platform = group.platform
        tenants = [self._tenant(part) for part in group.parts]
        for tenant, part in zip(tenants, group.parts, strict=True):
            assert part.draft.answer is not None
            self.places.remember(tenant.name, platform.device, platform.device_count, part.draft.answer)
        return ways_to_share(tenants, platform.device, platform.device_count, self.places)

    def _tenant(self, part: PricedPart) -> Tenant:
        asked = part.draft.asked
        allowed = allowed_deployments(asked, self.pricing.scenario)
        peak = float(asked.profile.peak_rate_per_s.max())
        return Tenant(asked.workload.name, asked.service, asked.model, allowed, peak)

    def _option(self, group: _Group, way: Shared) -> PricedOption:
        by_name = {lane.workload: lane for lane in way.lanes}
        parts, lanes = [], {}
        for part in group.parts:
            name = part.draft.asked.workload.name
            lane = by_name[name]
            lanes[name] = LaneLoad(part.serving.demand, _capacity(group.platform.device.id, lane), lane.weight)
            answer = MachineAnswer(lane.performance, (), (), lane.replicas)
            parts.append(replace(part, draft=replace(part.draft, answer=answer, lane=lane)))
        whole = [*self._shared_parts(parts, lanes), *group.rest]
        option = option_of(tuple(whole), self.pricing)
        return replace(option, id=f"shared-{option.id}", title=f"{option.title}, shared")

    # --- in words -----------------------------------------------------------------------------------------------

    def retold(self, trial: SharingTrial, feasible: Sequence[PricedOption]) -> SharingTrial:
        """Return a trial that became an option with what it saves, people and jobs counted as the plan does."""
        if trial.option_id is None:
            return trial
        option = next((each for each in feasible if each.id == trial.option_id), None)
        if option is None:
            text = f"{self._what(trial)}: it keeps every promise, and is refused all the same; see the reasons."
            return trial.model_copy(update={"option_id": None, "text": text})
        cost = self.cost(option)
        unshared = [one for one in feasible if not _shares(one)]
        alike = [one for one in unshared if one.kind is option.kind]
        apart = min((self.cost(one) for one in alike or unshared), default=None)
        text = f"{self._what(trial)}: {self.per_month(cost)}"
        if apart is None:
            text += "; without sharing no option keeps every limit"
        else:
            less, more = 1.0 - cost / apart, self.per_month(apart)
            how = f"{share_text(less)} less" if less >= 0.0 else f"{share_text(-less)} more, its people counted,"
            text += f", {how} than the best {f'{option.kind} ' if alike else ''}option without sharing ({more})"
        per_month = monthly_payment(cost, self.central, self.months)
        return trial.model_copy(update={"cost_per_month": per_month, "text": f"{text}."})

    def dearer(self, tried: _Tried, other: float) -> SharingTrial:
        """Return a trial that works and is dearer than another way, which costs `other` [currency]."""
        more = f"{self.per_month(tried.cost)}, more than another way ({self.per_month(other)})"
        return tried.told.model_copy(update={"text": f"{self._what(tried.told)}: {more}."})

    @staticmethod
    def _what(trial: SharingTrial) -> str:
        parts = []
        for lane in trial.lanes:
            slower = ""
            if lane.step_stretch_worst > 1.0:
                slower = f", steps {lane.step_stretch:.2f} × as long on average"
            parts.append(f"{lane.workload} {lane.what}{slower}")
        return f"{in_words(trial.workloads)} share {trial.machines} × {trial.title} ({'; '.join(parts)})"


def _published(lane: Lane) -> SharingLane:
    return SharingLane(
        workload=lane.workload, what=lane.words, step_stretch=lane.stretch, step_stretch_worst=lane.worst
    )


def _capacity(device_id: str, lane: Lane) -> Capacity:
    served = lane.performance
    return Capacity(device_id, lane.rate_per_s, served.log_sigma, served.log_sigma_below, lane.sure_per_s)


def _shares(option: PricedOption) -> bool:
    return any(isinstance(part.serving, SharedPart) for part in option.parts)


def _with_usual_people(option: PricedOption, pricing: Pricing) -> PricedOption:
    """Return an option as if no team had been stated: trials are compared before anybody asks who runs them."""
    parts = tuple(replace(part, serving=replace(part.serving, go_live_month=0)) for part in option.parts)
    return replace(option, parts=parts, staff=pricing.staff(frozenset(part.draft.kind for part in option.parts)))


def told_who_shares(option: PricedOption) -> str:
    """Return a sentence that names the workloads which share machines of `option`; empty where none do."""
    names = [part.draft.asked.workload.name for part in option.parts if isinstance(part.serving, SharedPart)]
    return f" Shared by {in_words(names)}." if names else ""
