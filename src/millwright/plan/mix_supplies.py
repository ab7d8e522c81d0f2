"""What could serve, as supplies of the mixed fleet: machines to hold or to switch, and tokens.

What the law bars and what is too slow is there too, barred by the name of what bars it: so it can be asked what that
limit costs, and whether it is what stands in the way.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

import millwright.fleet
from millwright.catalog.catalog import Catalog
from millwright.fleet.optimum.problem import Amounts, Lane, Machines, Tenure, Tokens
from millwright.fleet.platform import Platform
from millwright.fleet.replica import CandidateKey, ReplicaPerformance, deviates_at, evaluate, slower
from millwright.fleet.search import MachineAnswer
from millwright.fleet.slices import Slice
from millwright.law.evaluate import LawFinding
from millwright.law.kleene import Verdict
from millwright.plan.costing import ApiTerms, Inputs, OwnedTerms, RentedTerms
from millwright.plan.demand import WorkloadDemand
from millwright.plan.draft import Draft
from millwright.plan.minders import Minders
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
class _Served:
    """What one machine serves of each class, by class: replicas, requests within the SLO and at saturation [1/s].

    `expected` is how busy the work that fills the machine by caution keeps it, as a share of its time [-].
    """

    performance: Mapping[str, ReplicaPerformance]
    replicas: Mapping[str, int]
    expected: float

    @property
    def goodput_per_s(self) -> dict[str, float]:
        return {name: one.sure_per_s * self.replicas[name] for name, one in self.performance.items()}

    @property
    def capacity_per_s(self) -> dict[str, float]:
        return {
            name: max(one.goodput.capacity_per_s * self.replicas[name], one.sure_per_s * self.replicas[name])
            for name, one in self.performance.items()
        }


@dataclass(frozen=True)
class Supplies:
    """The supplies of a question, by id, as drafts are added; `classes` are those that requests fall into.

    The `minders` say what nobody can run.
    """

    classes: Sequence[AskedSlice]
    stages: Stages
    pricing: Pricing
    inputs: Inputs
    minders: Minders
    machines: dict[str, Machines] = field(default_factory=dict)
    tokens: dict[str, Tokens] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    _sliced: dict[tuple[str, str, CandidateKey], ReplicaPerformance] = field(default_factory=dict)

    def add(self, draft: Draft) -> None:
        """Add an API, or every way to have the machines of a draft; what nobody searched, or sells, is left out."""
        if draft.api is not None:
            self._add_tokens(draft)
        elif draft.answer is not None and draft.platform is not None:
            for commitment, terms in self._terms(draft.platform):
                self._add_machines(draft, draft.platform, draft.answer, commitment, terms)

    def add_shared(self, group: Sequence[Draft]) -> None:
        """Add every way to have the machines that a group of workloads shares by lanes.

        A workload in several classes of length is left out: its lane was worked out for all of its requests.
        """
        platform, lanes = group[0].platform, {draft.asked.workload.name: draft for draft in group}
        if platform is None or any(len(self._classes_of(name)) > 1 for name in lanes):
            return
        for commitment, terms in self._terms(platform):
            self._add_by_lanes(group[0], platform, lanes, commitment, terms)

    def _classes_of(self, workload: str) -> list[AskedSlice]:
        return [each for each in self.classes if each.asked.workload.name == workload]

    # --- tokens -------------------------------------------------------------------------------------------------

    def _add_tokens(self, draft: Draft) -> None:
        assert draft.api is not None
        terms = self.pricing.api(draft.api, draft.asked.is_batch)
        key = f"{draft.site_name}/{draft.offer_id}"
        all_of: dict[str, tuple[float, ...]] = {}
        for each in self._classes_of(draft.asked.workload.name):
            requests = each.asked.profile.mean_rate_per_s * SECONDS_PER_MONTH * each.slice.share
            all_of[each.name] = tokens_by_stage(
                terms, requests, each.slice.input_tokens, each.slice.output_tokens, self.stages, self.inputs
            )
        barred = labels_of(draft.law) | self._unmanned(draft)
        # one API for two workloads is two supplies where the law tells them apart, or the batch price does
        key = key if key not in self.tokens else f"{key}/{draft.asked.workload.name}"
        title = f"{self.pricing.catalog.provider(draft.api.provider_id).name} API ({draft.api.model_name})"
        self.tokens[key] = Tokens(key, title, draft.site_name, draft.api.provider_id, all_of, barred)
        self.sources[key] = Source(draft, terms)

    # --- machines -----------------------------------------------------------------------------------------------

    def _terms(self, platform: Platform) -> Iterable[tuple[Commitment | None, OwnedTerms | RentedTerms]]:
        """Give the ways to have a platform that have a price: bought (no commitment), or rented for each commitment."""
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

    def _add_machines(
        self, draft: Draft, platform: Platform, answer: MachineAnswer, commitment: Commitment | None,
        terms: OwnedTerms | RentedTerms,
    ) -> None:  # fmt: skip
        """Add the machines of one draft; workloads that run the same deployment on them share them."""
        replica = answer.performance or max(answer.too_slow, key=lambda one: one.goodput.capacity_per_s, default=None)
        if replica is None:
            return
        per_machine = answer.replicas_per_machine or platform.device_count // replica.candidate.device_count
        served = self._served(draft.asked.workload.name, replica, per_machine)
        deployment = " ".join(str(part) for part in replica.candidate.key)
        physical = f"{draft.site_name}/{draft.offer_id}"
        if platform.hosts > 1:
            physical += f"/{platform.hosts} joined"
        key = "/".join(filter(None, (physical, commitment, draft.asked.model.id, deployment)))
        barred = labels_of(draft.law) | self._too_late(platform) | self._unmanned(draft)
        if key in self.machines and self.machines[key].barred != barred:
            key = f"{key}/{draft.asked.workload.name}"
        if key in self.machines:
            self._serve_too(key, served)
            return
        machines = self._machines(key, platform, served, physical, barred)
        self._hold(machines, platform, Source(draft, terms, commitment, served.performance, per_machine), served)

    def _served(self, workload: str, replica: ReplicaPerformance, per_machine: int) -> _Served:
        classes = self._classes_of(workload)
        performance = {each.name: self._serving(each, replica, len(classes) == 1) for each in classes}
        expected = replica.sure_per_s / replica.rate_per_s.value if replica.rate_per_s.value > 0.0 else 1.0
        return _Served(performance, dict.fromkeys(performance, per_machine), expected)

    def _serving(self, each: AskedSlice, replica: ReplicaPerformance, whole: bool) -> ReplicaPerformance:
        """Return what the deployment of `replica` serves of one slice; offers with the same device share the answer."""
        if whole:
            return replica
        key = (each.name, replica.candidate.deployment.model.id, replica.candidate.key)
        if key not in self._sliced:
            slower_by = deviates_at(self.pricing.scenario.limits.confidence)
            cautious = replace(replica.candidate, step=slower(replica.candidate.step, slower_by))
            found = evaluate(each.slice.service, cautious, _SLICE_PRECISION)
            self._sliced[key] = replace(found, candidate=replica.candidate, confidence=replica.confidence)
        return self._sliced[key]

    def _serve_too(self, key: str, served: _Served) -> None:
        """Let machines that are there serve another workload too."""
        for same in filter(self.machines.__contains__, (key, key + _NEW)):
            known, before = self.machines[same], self.sources[same]
            self.machines[same] = replace(
                known,
                goodput_per_s={**known.goodput_per_s, **served.goodput_per_s},
                capacity_per_s={**known.capacity_per_s, **served.capacity_per_s},
            )
            self.sources[same] = replace(before, performance={**(before.performance or {}), **served.performance})

    def _add_by_lanes(
        self, first: Draft, platform: Platform, lanes: Mapping[str, Draft], commitment: Commitment | None,
        terms: OwnedTerms | RentedTerms,
    ) -> None:  # fmt: skip
        performance: dict[str, ReplicaPerformance] = {}
        replicas: dict[str, int] = {}
        parts: list[Lane] = []
        barred: frozenset[str] = self._too_late(platform)
        for name, draft in lanes.items():
            [each] = self._classes_of(name)
            assert draft.lane is not None
            performance[each.name], replicas[each.name] = draft.lane.performance, draft.lane.replicas
            parts.append(Lane(name, frozenset({each.name}), draft.lane.weight))
            barred |= labels_of(draft.law) | self._unmanned(draft)
        rate = sum(each.rate_per_s.value for each in performance.values())
        sure = sum(each.sure_per_s for each in performance.values())
        served = _Served(performance, replicas, sure / rate if rate > 0.0 else 1.0)
        physical = f"{first.site_name}/{first.offer_id}"
        key = "/".join(filter(None, (physical, commitment, "shared by", *lanes)))
        machines = self._machines(key, platform, served, physical, barred)
        machines = replace(machines, title=f"{platform.machine_title}, shared", lanes=tuple(parts))
        self._hold(machines, platform, Source(first, terms, commitment, performance, lanes=lanes), served)

    def _machines(
        self, key: str, platform: Platform, served: _Served, physical: str, barred: frozenset[str]
    ) -> Machines:
        return Machines(
            id=key,
            title=platform.machine_title,
            site=platform.site.name,
            vendor=platform.device.vendor,
            goodput_per_s=served.goodput_per_s,
            capacity_per_s=served.capacity_per_s,
            loaded=(Amounts(),) * len(self.stages),
            barred=barred,
            physical=physical,
        )

    def _hold(self, machines: Machines, platform: Platform, source: Source, served: _Served) -> None:
        """Add machines with the ways to hold them."""
        assert not isinstance(source.terms, ApiTerms), "tokens are not held"
        self.sources[machines.id] = source
        self.machines[machines.id] = self._held_or_switched(
            machines, platform, source.commitment, source.terms, served.expected
        )
        if self._there(platform) and self._late(platform):
            self._bar_new_ones(machines.id)

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
        draw = rented_draw(platform, self.pricing.catalog)
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

    def _bar_new_ones(self, key: str) -> None:
        """Tell the machines that are there already from more of them, which would come too late."""
        both = self.machines[key]
        new = tuple(tenure for tenure in both.tenures if not tenure.existing)
        there = tuple(tenure for tenure in both.tenures if tenure.existing)
        self.machines[key] = replace(both, tenures=there)
        if new:
            self.machines[key + _NEW] = replace(both, id=key + _NEW, tenures=new, barred=both.barred | {LEAD_TIME})
            self.sources[key + _NEW] = replace(self.sources[key])

    # --- what stands against them -------------------------------------------------------------------------------

    def _may_buy(self, platform: Platform) -> bool:
        site = platform.site
        if not isinstance(site, OwnedSite | ColoSite) or platform.host is None:
            return False
        return site.hosts is None or platform.host.id in {self.pricing.catalog.host(name).id for name in site.hosts}

    def _too_late(self, platform: Platform) -> frozenset[str]:
        late = self._late(platform) and not self._there(platform)
        return frozenset({LEAD_TIME}) if late else frozenset()

    def _late(self, platform: Platform) -> bool:
        return platform.host is not None and bool(too_late(platform.host, self.pricing.scenario.limits))

    def _there(self, platform: Platform) -> bool:
        site = platform.site
        return isinstance(site, OwnedSite | ColoSite) and any(
            self.pricing.catalog.host(each.host).id == platform.offer_id for each in site.existing
        )

    def _unmanned(self, draft: Draft) -> frozenset[str]:
        return frozenset({TEAM}) if draft.where in self.minders.nobody else frozenset()


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
