"""Everything that could serve the workloads, one way each: sought out, judged by law, searched.

Law comes first: what may not run somewhere is refused with rule and fact, and is neither simulated nor priced.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from millwright.catalog.catalog import Catalog
from millwright.catalog.offer import ApiOffer
from millwright.fleet.platform import Platform, api_offers, platforms
from millwright.fleet.search import MachineAnswer, Progress, search
from millwright.law.facts import SiteFacts
from millwright.law.kleene import Verdict
from millwright.law.rule import RuleBase
from millwright.perf.calibration import Calibration
from millwright.plan.demand import WorkloadDemand, allowed_deployments
from millwright.plan.draft import Draft, Where
from millwright.plan.joining import with_hosts_joined
from millwright.plan.lawful import api_facts, platform_facts, verdict_of, workload_facts
from millwright.plan.model import Kind, RefusedOption
from millwright.plan.refusals import (
    left_out,
    no_such_api,
    nothing_named,
    refused_by_law,
    refused_by_machine,
    unsold_devices,
)
from millwright.plan.speculation import drafting_of
from millwright.scenario.model import ApiSite, CloudSite, ColoSite, OwnedSite, Scenario, Speculating

Answers = Mapping[tuple[str, str, int], MachineAnswer]
"""What machines serve, by the key of the question."""

MOST_SEARCHED = 3
"""Kinds of machine that the law bars and that are searched all the same, where limits are in conflict."""


@dataclass(frozen=True)
class Drafted:
    """What was `found`, what was `refused`, and the drafts among those that a limit alone keeps out (`set_aside`).

    They are set aside for law, and then not searched unless a lawful place has the same machine; or for latency.
    """

    found: list[Draft] = field(default_factory=list)
    refused: list[RefusedOption] = field(default_factory=list)
    set_aside: list[Draft] = field(default_factory=list)


def drafts(
    scenario: Scenario,
    asked: Sequence[WorkloadDemand],
    catalog: Catalog,
    rules: RuleBase,
    as_of: dt.date,
    progress: Progress | None = None,
    calibration: Calibration | None = None,
    only: Collection[Where] | None = None,
) -> Drafted:
    """Return every way to serve each workload that is lawful, fits and keeps the SLO, and everything refused.

    With `only` nothing else is looked at or refused than these offers.
    """
    models = [*asked, *(other for one in asked for other in _alternatives(one, catalog, scenario.limits.speculation))]
    judged = Drafted()
    for one in models:
        _Judge(scenario, one, catalog, rules, as_of, only, judged).look_everywhere()
    refused = [each for each in judged.refused if only is None or (each.site, each.offer) in only]
    answers = _answers(judged.found, scenario, progress, calibration)
    places = [_with_answer(draft, answers) for draft in judged.found]
    found: list[Draft] = []
    too_weak: list[Draft] = []
    for draft in with_hosts_joined(places, scenario, progress, calibration):
        if draft.answer is not None and draft.answer.performance is None:
            refused.append(refused_by_machine(draft, scenario.limits.confidence))
            too_weak.append(draft)
        else:
            found.append(draft)
    if only is None:
        looked_at = {draft.platform.device.id for draft in judged.found if draft.platform is not None}
        refused += unsold_devices(asked, catalog, looked_at, {device.name for device in scenario.devices})
    return Drafted(found, refused, [_with_answer(draft, answers) for draft in (*judged.set_aside, *too_weak)])


def searched(
    aside: Sequence[Draft],
    scenario: Scenario,
    progress: Progress | None = None,
    calibration: Calibration | None = None,
) -> list[Draft]:
    """Return drafts that were set aside unsearched with what the likeliest of their machines serve.

    What the law bars is not simulated for a plan. Where nothing is feasible it is asked whether the law is what stands
    in the way: for that it is enough to know the largest machines of each site, `MOST_SEARCHED` kinds for each workload
    and verdict.
    """
    chosen: dict[tuple[str, str, str], dict[object, Draft]] = {}
    for draft in sorted(aside, key=_memory_bytes, reverse=True):
        if draft.question is not None and draft.answer is None:
            barred_by = " ".join(sorted(each.rule_id for each in draft.law.deciding))
            here = chosen.setdefault((draft.asked.served, draft.site_name, barred_by), {})
            if len(here) < MOST_SEARCHED:
                here.setdefault(draft.question.key, draft)
    answers = _answers([each for here in chosen.values() for each in here.values()], scenario, progress, calibration)
    return [_with_answer(draft, answers) for draft in aside]


def _alternatives(asked: WorkloadDemand, catalog: Catalog, speculating: Speculating) -> list[WorkloadDemand]:
    """Return the same requests for each other model that would do as well, with what may draft for that one."""
    models = {catalog.model(name).id: catalog.model(name) for name in asked.workload.accepts_other_models}
    models.pop(asked.model.id, None)
    return [
        replace(asked, model=model, drafting=drafting_of(asked.workload, model, speculating, catalog))
        for model in models.values()
        if model.one_pass == asked.model.one_pass
    ]


def _answers(
    places: Sequence[Draft], scenario: Scenario, progress: Progress | None, calibration: Calibration | None
) -> Answers:
    asked = {draft.asked.served: draft.asked for draft in places}
    return search(
        [draft.question for draft in places if draft.question is not None],
        {served: one.service for served, one in asked.items()},
        {served: one.model for served, one in asked.items()},
        {served: allowed_deployments(one, scenario) for served, one in asked.items()},
        progress,
        calibration=calibration,
        confidence=scenario.limits.confidence,
    )


def _with_answer(draft: Draft, answers: Answers) -> Draft:
    """Return a draft with what its machines serve, where somebody asked."""
    if draft.question is None or draft.answer is not None:
        return draft
    return replace(draft, answer=answers.get(draft.question.key))


def _memory_bytes(draft: Draft) -> float:
    return 0.0 if draft.platform is None else draft.platform.device_count * (draft.platform.device.memory_bytes or 0.0)


# --- where, and may it ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Judge:
    """Looks at every place for one workload: what may be lawful is found, the rest refused."""

    scenario: Scenario
    asked: WorkloadDemand
    catalog: Catalog
    rules: RuleBase
    as_of: dt.date
    only: Collection[Where] | None
    into: Drafted

    def look_everywhere(self) -> None:
        """Judge every offer at every site of the scenario."""
        for site in self.scenario.sites:
            if not isinstance(site, ApiSite):
                self._look_for_machines(site)
            elif self._own_model:  # with it the workload asks for the tokens of its alternatives too
                self._look_for_tokens(site)

    @property
    def _own_model(self) -> bool:
        return self.catalog.model(self.asked.workload.model).id == self.asked.model.id

    def _look_for_machines(self, site: OwnedSite | ColoSite | CloudSite) -> None:
        machines, not_taken = platforms(site, self.catalog, self.scenario.limits)
        if not machines and not not_taken:
            self.into.refused.append(nothing_named(self.asked, site))
        for platform in machines:
            self._judge(platform_facts(self.scenario, platform, self.catalog), site.name, platform=platform)
        self.into.refused.extend(left_out(self.asked, site.name, Kind(site.kind), one) for one in not_taken)

    def _look_for_tokens(self, site: ApiSite) -> None:
        names = (self.asked.workload.model, *self.asked.workload.accepts_other_models)
        wanted = {self.catalog.model(name).id for name in names}
        offers, not_taken = api_offers(site, self.catalog, self.scenario.limits)
        same = [offer for offer in offers if offer.model_id in wanted or not site.same_model_only]
        for offer in same:
            self._judge(api_facts(self.scenario, site, offer, self.catalog), site.name, api=offer)
        if not same:
            self.into.refused.append(no_such_api(self.asked, site))
        sell = {offer.id for offer in self.catalog.api_offers() if offer.model_id in wanted}
        for one in not_taken:
            if one.offer_id in sell:
                self.into.refused.append(left_out(self.asked, site.name, Kind.API, one))

    def _judge(
        self, place: SiteFacts, site: str, platform: Platform | None = None, api: ApiOffer | None = None
    ) -> None:
        offer_id = platform.offer_id if platform is not None else api.id if api is not None else ""
        if self.only is not None and (site, offer_id) not in self.only:
            return
        facts = workload_facts(self.scenario, self.asked.workload, self.asked.model)
        law = verdict_of(self.rules, facts, place, self.as_of)
        other_model = "" if self._own_model else self.asked.model.name
        draft = Draft(self.asked, site, law, platform, api=api, other_model=other_model)
        if law.verdict is Verdict.NO:
            self.into.refused.append(refused_by_law(draft))
            self.into.set_aside.append(draft)
        else:
            self.into.found.append(draft)
