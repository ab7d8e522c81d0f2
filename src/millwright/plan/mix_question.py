"""The mixed fleet as a question about this scenario: its drafts as supplies, its limits with their names.

What the law bars and what is too slow is in the question too, barred by the name of what bars it: so it can be asked
what that limit costs, and whether it is what stands in the way.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import millwright.fleet
from millwright.catalog.catalog import Catalog
from millwright.finance.discounting import annuity_factor, monthly_rate
from millwright.fleet.optimum.problem import (
    Amounts,
    Charge,
    Lane,
    Limit,
    Machines,
    Measure,
    MixProblem,
    Period,
    RequestClass,
    Scarce,
    SiteLimit,
    Tenure,
    Tokens,
    TotalLimit,
    VendorLimit,
)
from millwright.fleet.periods import Periods, typical_week
from millwright.fleet.platform import Platform
from millwright.fleet.replica import CandidateKey, ReplicaPerformance, deviates_at, evaluate, slower
from millwright.fleet.search import MachineAnswer
from millwright.fleet.slices import Slice, slices
from millwright.law.evaluate import LawFinding
from millwright.law.kleene import Verdict
from millwright.plan.costing import ApiTerms, Inputs, OwnedTerms, RentedTerms
from millwright.plan.demand import WorkloadDemand
from millwright.plan.draft import Draft
from millwright.plan.minders import Minders, levels
from millwright.plan.mix_costs import (
    Draw,
    Stages,
    loaded_by_stage,
    owned_tenures,
    rented_by_stage,
    reserved_tenures,
    tokens_by_stage,
)
from millwright.plan.priced import too_late
from millwright.plan.terms import WORLD_PUE, Pricing
from millwright.scenario.model import CloudSite, ColoSite, Commitment, OwnedSite
from millwright.spans import SECONDS_PER_MONTH

UNKNOWN_FACT = "facts not told"
"""Label of what may be lawful once the scenario says more."""

MONTHLY_COST = "cost per month"
VENDOR_SHARE = "share of one vendor"
LEAD_TIME = "lead time"
TEAM = "the team"

_LABEL_OF_RULE = {
    "scenario-residency": "data residency",
    "scenario-control": "sovereignty",
    "scenario-compulsion": "sovereignty",
    "scenario-air-gap": "air gap",
}
"""What the scenario's own rules are called; any other rule goes by its instrument."""

_NEW = "/new"
"""Marks the supply of further machines of a kind of which some are there, where a limit holds for the new ones only."""

_SLICE_PRECISION = 0.02
"""Relative precision of a slice's rate: well below what its step times are known to."""

_TERM_MONTHS = {Commitment.RESERVED_1Y: 12, Commitment.RESERVED_3Y: 36}


@dataclass(frozen=True)
class AskedSlice:
    """A class of requests of the question: a slice of one workload's."""

    name: str
    asked: WorkloadDemand
    slice: Slice


@dataclass(frozen=True)
class Source:
    """What a supply of the question is: the draft it was made from, its terms, and what it serves of each class."""

    draft: Draft
    terms: OwnedTerms | RentedTerms | ApiTerms
    commitment: Commitment | None = None
    performance: Mapping[str, ReplicaPerformance] | None = None
    replicas_per_machine: int = 0
    lanes: Mapping[str, Draft] = field(default_factory=dict)
    """Of machines that workloads share by lanes: the draft of each workload's lane."""

    def draft_of(self, workload: str) -> Draft:
        """Return the draft by which a workload is served."""
        return self.lanes.get(workload, self.draft)


@dataclass(frozen=True)
class MixQuestion:
    """The problem, and what its classes and supplies stand for."""

    problem: MixProblem
    stages: Stages
    week: Periods
    classes: Mapping[str, AskedSlice]
    sources: Mapping[str, Source]
    asked: tuple[WorkloadDemand, ...]


def mix_question(
    asked: Sequence[WorkloadDemand],
    drafts: Sequence[Draft],
    pricing: Pricing,
    inputs: Inputs,
    minders: Minders = Minders(),  # noqa: B008
    by_lanes: Sequence[Sequence[Draft]] = (),
) -> MixQuestion:
    """Return the question that the scenario asks of `drafts`: those found, and those set aside for law or latency.

    A draft without an answer of the search, or whose price nobody knows, is left out. The `minders` say what people
    cost with each draft, and when it goes live. Each of `by_lanes` are the drafts of workloads that share machines.
    """
    return _Writer(asked, drafts, pricing, inputs, minders, by_lanes).question()


def labels_of(law: LawFinding) -> frozenset[str]:
    """Return the names of what bars something by law; empty where it is lawful."""
    if law.verdict is Verdict.YES:
        return frozenset()
    if law.verdict is Verdict.UNKNOWN:
        return frozenset({UNKNOWN_FACT})
    return frozenset(_LABEL_OF_RULE.get(each.rule_id, each.instrument) for each in law.deciding)


@lru_cache(maxsize=1)
def spot_away_share() -> float:
    """Return the share of spot instances that are taken to be away at the peak (`fleet/data/spot.json`)."""
    path = Path(millwright.fleet.__file__).parent / "data" / "spot.json"
    return float(json.loads(path.read_text(encoding="utf-8"))["away_share"])


class _Writer:
    def __init__(
        self,
        asked: Sequence[WorkloadDemand],
        drafts: Sequence[Draft],
        pricing: Pricing,
        inputs: Inputs,
        minders: Minders,
        by_lanes: Sequence[Sequence[Draft]],
    ) -> None:
        self.asked, self.drafts, self.pricing, self.inputs = tuple(asked), drafts, pricing, inputs
        self.by_lanes = by_lanes
        self.minders = minders
        self.scenario, self.catalog = pricing.scenario, pricing.catalog
        self.stages = Stages.of(asked[0].tokens.months, minders.start)
        self.week = typical_week(np.stack([each.profile.hourly for each in asked]))
        self.sliced = [
            AskedSlice(_class_name(one, piece), one, piece)
            for one in asked
            for piece in _whole(slices(one.service, one.workload.length_classes), one)
        ]
        self.machines: dict[str, Machines] = {}
        self.tokens: dict[str, Tokens] = {}
        self.sources: dict[str, Source] = {}
        self._served: dict[tuple[str, str, CandidateKey], ReplicaPerformance] = {}

    def question(self) -> MixQuestion:
        for draft in self.drafts:
            if draft.api is not None:
                self._api(draft)
            elif draft.answer is not None and draft.platform is not None:
                for commitment, terms in self._terms(draft):
                    self._machine(draft, draft.answer, commitment, terms)
        for group in self.by_lanes:
            for commitment, terms in self._terms(group[0]):
                self._shared(group, commitment, terms)
        spares = self.scenario.limits.spares
        problem = MixProblem(
            stages=len(self.stages),
            periods=tuple(
                Period(_period_name(number, int(hours)), share)
                for number, (hours, share) in enumerate(zip(self.week.hours, self.week.shares, strict=True))
            ),
            classes=tuple(self._request_class(each) for each in self.sliced),
            machines=tuple(self.machines.values()),
            tokens=tuple(self.tokens.values()),
            limits=tuple(self._limits()),
            charges=tuple(self._people()),
            spares=spares,
        )
        by_name = {each.name: each for each in self.sliced}
        return MixQuestion(problem, self.stages, self.week, by_name, self.sources, self.asked)

    # --- demand -------------------------------------------------------------------------------------------------

    def _request_class(self, each: AskedSlice) -> RequestClass:
        profile = each.asked.profile
        peak, mean = self.week.peak(profile.carried), self.week.mean(profile.hourly)
        rates = [profile.mean_rate_per_s[self.stages.span(s, s)] for s in range(len(self.stages))]
        return RequestClass(
            name=each.name,
            workload=each.asked.workload.name,
            peak_per_s=np.stack([month.max() * peak * each.slice.share for month in rates]),
            mean_per_s=np.stack([month.mean() * mean * each.slice.share for month in rates]),
            tokens_per_request=each.slice.input_tokens + each.slice.output_tokens,
        )

    def _slices_of(self, workload: str) -> list[AskedSlice]:
        return [each for each in self.sliced if each.asked.workload.name == workload]

    # --- supplies -----------------------------------------------------------------------------------------------

    def _api(self, draft: Draft) -> None:
        assert draft.api is not None
        terms = self.pricing.api(draft.api, draft.asked.is_batch)
        key = f"{draft.site_name}/{draft.offer_id}"
        all_of: dict[str, tuple[float, ...]] = {}
        for each in self._slices_of(draft.asked.workload.name):
            requests = _requests_per_month(each)
            all_of[each.name] = tokens_by_stage(
                terms, requests, each.slice.input_tokens, each.slice.output_tokens, self.stages, self.inputs
            )
        barred = labels_of(draft.law) | self._unmanned(draft)
        # one API for two workloads is two supplies where the law tells them apart, or the batch price does
        key = key if key not in self.tokens else f"{key}/{draft.asked.workload.name}"
        title = f"{self.catalog.provider(draft.api.provider_id).name} API ({draft.api.model_name})"
        self.tokens[key] = Tokens(key, title, draft.site_name, draft.api.provider_id, all_of, barred)
        self.sources[key] = Source(draft, terms)

    def _terms(self, draft: Draft) -> Iterable[tuple[Commitment | None, OwnedTerms | RentedTerms]]:
        platform = draft.platform
        assert platform is not None
        if platform.host is not None and isinstance(platform.site, OwnedSite | ColoSite):
            yield None, self.pricing.owned(platform.host, platform.site, platform.hosts)
            return
        assert platform.cloud is not None
        assert isinstance(platform.site, CloudSite)
        said = "commitment" in platform.site.model_fields_set
        usual = (Commitment.ON_DEMAND, Commitment.RESERVED_1Y, Commitment.RESERVED_3Y)
        for commitment in (platform.site.commitment,) if said else usual:
            terms = self.pricing.rented(platform.cloud, commitment, platform.hosts)
            if terms is not None:
                yield commitment, terms

    def _machine(
        self, draft: Draft, answer: MachineAnswer, commitment: Commitment | None, terms: OwnedTerms | RentedTerms
    ) -> None:
        """Add the machines of one draft; workloads that run the same deployment on them share them."""
        platform = draft.platform
        assert platform is not None
        replica = answer.performance or max(answer.too_slow, key=lambda one: one.goodput.capacity_per_s, default=None)
        if replica is None:
            return
        per_machine = answer.replicas_per_machine or platform.device_count // replica.candidate.device_count
        pieces = self._slices_of(draft.asked.workload.name)
        performances = {each.name: self._serving(each, replica, len(pieces) == 1) for each in pieces}
        rates = {name: one.sure_per_s * per_machine for name, one in performances.items()}
        capacities = {
            name: max(one.goodput.capacity_per_s * per_machine, rates[name]) for name, one in performances.items()
        }
        deployment = " ".join(str(part) for part in replica.candidate.key)
        physical = f"{draft.site_name}/{draft.offer_id}"
        if platform.hosts > 1:
            physical += f"/{platform.hosts} joined"
        key = "/".join(filter(None, (physical, commitment, draft.asked.model.id, deployment)))
        barred = labels_of(draft.law) | self._too_late(platform) | self._unmanned(draft)
        if key in self.machines and self.machines[key].barred != barred:
            key = f"{key}/{draft.asked.workload.name}"
        if key in self.machines:
            for same in filter(self.machines.__contains__, (key, key + _NEW)):
                known, before = self.machines[same], self.sources[same]
                self.machines[same] = replace(
                    known,
                    goodput_per_s={**known.goodput_per_s, **rates},
                    capacity_per_s={**known.capacity_per_s, **capacities},
                )
                self.sources[same] = replace(before, performance={**(before.performance or {}), **performances})
            return
        self.sources[key] = Source(draft, terms, commitment, performances, per_machine)
        self.machines[key] = self._held_or_switched(
            Machines(
                id=key,
                title=platform.machine_title,
                site=draft.site_name,
                vendor=platform.device.vendor,
                goodput_per_s=rates,
                capacity_per_s=capacities,
                loaded=(Amounts(),) * len(self.stages),
                barred=barred,
                physical=physical,
            ),
            platform,
            commitment,
            terms,
            expected=replica.sure_per_s / replica.rate_per_s.value if replica.rate_per_s.value > 0.0 else 1.0,
        )
        if self._there(platform) and self._late(platform):
            self._bar_new_ones(key)

    def _shared(self, group: Sequence[Draft], commitment: Commitment | None, terms: OwnedTerms | RentedTerms) -> None:
        """Add the machines that a group of workloads shares by lanes.

        A workload in several classes of length is left out: its lane was worked out for all of its requests.
        """
        platform, lanes = group[0].platform, {draft.asked.workload.name: draft for draft in group}
        if platform is None or any(len(self._slices_of(name)) > 1 for name in lanes):
            return
        performances, parts, rates, capacities = {}, [], {}, {}
        for name, draft in lanes.items():
            [piece] = self._slices_of(name)
            assert draft.lane is not None
            performances[piece.name] = draft.lane.performance
            parts.append(Lane(name, frozenset({piece.name}), draft.lane.weight))
            rates[piece.name] = draft.lane.sure_per_s
            capacity = draft.lane.performance.goodput.capacity_per_s * draft.lane.replicas
            capacities[piece.name] = max(capacity, rates[piece.name])
        physical = f"{group[0].site_name}/{group[0].offer_id}"
        key = "/".join(filter(None, (physical, commitment, "shared by", *lanes)))
        barred = [labels_of(draft.law) | self._too_late(platform) | self._unmanned(draft) for draft in group]
        self.sources[key] = Source(group[0], terms, commitment, performances, lanes=lanes)
        rate = sum(each.rate_per_s.value for each in performances.values())
        self.machines[key] = self._held_or_switched(
            Machines(
                id=key,
                title=f"{platform.machine_title}, shared",
                site=group[0].site_name,
                vendor=platform.device.vendor,
                goodput_per_s=rates,
                capacity_per_s=capacities,
                loaded=(Amounts(),) * len(self.stages),
                barred=frozenset().union(*barred),
                physical=physical,
                lanes=tuple(parts),
            ),
            platform,
            commitment,
            terms,
            expected=sum(each.sure_per_s for each in performances.values()) / rate if rate > 0.0 else 1.0,
        )
        if self._there(platform) and self._late(platform):
            self._bar_new_ones(key)

    def _bar_new_ones(self, key: str) -> None:
        """Tell the machines that are there already from more of them, which would come too late."""
        both = self.machines[key]
        new = tuple(tenure for tenure in both.tenures if not tenure.existing)
        there = tuple(tenure for tenure in both.tenures if tenure.existing)
        self.machines[key] = replace(both, tenures=there)
        if new:
            self.machines[key + _NEW] = replace(both, id=key + _NEW, tenures=new, barred=both.barred | {LEAD_TIME})
            self.sources[key + _NEW] = replace(self.sources[key])

    def _serving(self, each: AskedSlice, replica: ReplicaPerformance, whole: bool) -> ReplicaPerformance:
        """Return what the deployment of `replica` serves of one slice; offers with the same device share the answer."""
        if whole:
            return replica
        key = (each.name, replica.candidate.deployment.model.id, replica.candidate.key)
        if key not in self._served:
            slower_by = deviates_at(self.scenario.limits.confidence)
            cautious = replace(replica.candidate, step=slower(replica.candidate.step, slower_by))
            found = evaluate(each.slice.service, cautious, _SLICE_PRECISION)
            self._served[key] = replace(found, candidate=replica.candidate, confidence=replica.confidence)
        return self._served[key]

    def _held_or_switched(
        self,
        machines: Machines,
        platform: Platform,
        commitment: Commitment | None,
        terms: OwnedTerms | RentedTerms,
        expected: float,
    ) -> Machines:
        """Return `machines` with the ways to hold them; `expected` is how busy the work that fills one by caution keeps
        it, as a share of its time [-]."""
        stages, inputs = self.stages, self.inputs
        if isinstance(terms, OwnedTerms):
            assert platform.host is not None
            return replace(
                machines,
                tenures=owned_tenures(terms, stages, inputs, may_buy=self._may_buy(platform)),
                loaded=tuple(each.times(expected) for each in loaded_by_stage(terms, stages, inputs)),
                power_w=platform.host.power_peak_w * platform.hosts,
                rack_units=platform.host.rack_units * platform.hosts,
                footprint_known=terms.carbon_g_per_kwh is not None,
            )
        draw = rented_draw(platform, self.catalog)
        by_stage = rented_by_stage(terms, stages, inputs, draw)
        tenures: tuple[Tenure, ...] = ()
        switched = by_stage
        if commitment in _TERM_MONTHS:
            tenures, switched = reserved_tenures(by_stage, stages, _TERM_MONTHS[commitment]), ()
        loaded = tuple(
            draw.amounts(draw.loaded_w * expected, stages.length(s, s)) if draw else Amounts()
            for s in range(len(stages))
        )
        return replace(
            machines,
            tenures=tenures,
            switched=switched,
            loaded=loaded,
            away_share=spot_away_share() if commitment is Commitment.SPOT else 0.0,
            footprint_known=draw is not None and draw.carbon_g_per_kwh is not None,
        )

    def _may_buy(self, platform: Platform) -> bool:
        site = platform.site
        if not isinstance(site, OwnedSite | ColoSite) or platform.host is None:
            return False
        return site.hosts is None or platform.host.id in {self.catalog.host(name).id for name in site.hosts}

    def _too_late(self, platform: Platform) -> frozenset[str]:
        late = self._late(platform) and not self._there(platform)
        return frozenset({LEAD_TIME}) if late else frozenset()

    def _late(self, platform: Platform) -> bool:
        return platform.host is not None and bool(too_late(platform.host, self.scenario.limits))

    def _there(self, platform: Platform) -> bool:
        site = platform.site
        return isinstance(site, OwnedSite | ColoSite) and any(
            self.catalog.host(each.host).id == platform.offer_id for each in site.existing
        )

    # --- limits -------------------------------------------------------------------------------------------------

    def _limits(self) -> Iterable[Limit]:
        for site in self.scenario.sites:
            if not isinstance(site, OwnedSite | ColoSite):
                continue
            if site.power_w is not None:
                yield SiteLimit(f"power of {site.name}", site.name, Scarce.POWER, site.power_w)
            if site.rack_units is not None:
                yield SiteLimit(f"space of {site.name}", site.name, Scarce.SPACE, site.rack_units)
            if site.budget is not None:
                yield SiteLimit(f"budget of {site.name}", site.name, Scarce.BUDGET, self.pricing.money(site.budget))
        if self.scenario.limits.max_monthly_cost is not None:
            most = self.pricing.money(self.scenario.limits.max_monthly_cost)
            yield TotalLimit(MONTHLY_COST, Measure.COST, most / monthly_payment(1.0, self.inputs, self.stages.months))
        if self.scenario.limits.max_vendor_share is not None:
            yield VendorLimit(VENDOR_SHARE, self.scenario.limits.max_vendor_share)

    def _unmanned(self, draft: Draft) -> frozenset[str]:
        return frozenset({TEAM}) if draft.where in self.minders.nobody else frozenset()

    def _people(self) -> Iterable[Charge]:
        """Give what people cost, in steps: what takes the most of them decides, whatever else there is."""
        costs = {key: self.minders.cost(source.draft) for key, source in self.sources.items()}
        paid = 0.0
        for level in levels(costs.values()):
            if level > paid:
                below = paid
                dear = frozenset(key for key, cost in costs.items() if cost > below)
                yield Charge("people", Amounts(cost=level - paid), dear)
                paid = level


def monthly_payment(present: float, inputs: Inputs, months: int) -> float:
    """Return a present cost as equal payments at the end of each month of the horizon."""
    return present * float(annuity_factor(monthly_rate(inputs.discount_rate_per_y), float(months)))


def rented_draw(platform: Platform, catalog: Catalog) -> Draw | None:
    """Return what a rented machine is taken to draw: as much as a host with the same devices, in its country.

    None where the catalogue has no such host.
    """
    return _typical_draw(catalog, platform.device.id, platform.device_count, platform.country)


def _typical_draw(catalog: Catalog, device_id: str, device_count: int, country_id: str) -> Draw | None:
    hosts = [host for host in catalog.hosts() if host.device_id == device_id]
    if not hosts:
        return None
    idle = float(np.median([host.power_idle_w / host.device_count for host in hosts])) * device_count
    peak = float(np.median([host.power_peak_w / host.device_count for host in hosts])) * device_count
    country = catalog.country(country_id)
    pue = country.pue or WORLD_PUE
    return Draw(idle * pue, max(peak - idle, 0.0) * pue, country.carbon_g_per_kwh)


def _requests_per_month(each: AskedSlice) -> NDArray[np.float64]:
    return np.asarray(each.asked.profile.mean_rate_per_s * SECONDS_PER_MONTH * each.slice.share)


def _whole(pieces: Sequence[Slice], asked: WorkloadDemand) -> list[Slice]:
    """Return slices of a sample with lengths in proportion, so that all together have the tokens that are asked for."""
    tokens_in = asked.tokens.input_tokens_per_request / sum(each.share * each.input_tokens for each in pieces)
    drawn_out = sum(each.share * each.output_tokens for each in pieces)
    tokens_out = asked.tokens.output_tokens_per_request / drawn_out if drawn_out else 1.0
    return [
        replace(each, input_tokens=each.input_tokens * tokens_in, output_tokens=each.output_tokens * tokens_out)
        for each in pieces
    ]


def _class_name(asked: WorkloadDemand, piece: Slice) -> str:
    return f"{asked.workload.name}, {piece.title}" if piece.title else asked.workload.name


def _period_name(number: int, hours: int) -> str:
    names = ("busiest", "busy", "middling", "quiet", "quietest")
    return f"{names[min(number, len(names) - 1)]} {hours} h"
