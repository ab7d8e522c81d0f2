"""How sovereign an option is, and whether it can run cut off: from the facts of its parts, each set judged once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass, field, replace

from millwright.catalog.catalog import Catalog
from millwright.law.air_gap import AirGapFinding, Need, air_gap, all_together
from millwright.law.engines import is_open_source
from millwright.law.evaluate import world_of
from millwright.law.facts import SiteFacts, WorkloadFacts, question_of
from millwright.law.rule import RuleBase
from millwright.law.sovereignty import ObjectiveScore, SovereigntyScore, sovereignty, weakest
from millwright.law.survey import told_facts
from millwright.plan.draft import Draft
from millwright.plan.lawful import api_facts, platform_facts, workload_facts
from millwright.plan.option_model import Kind
from millwright.plan.sovereign_model import (
    AirGap,
    AirGapNeed,
    OpenFact,
    Sovereignty,
    SovereigntyAnswer,
    SovereigntyObjective,
    SovereigntyScoreValue,
)
from millwright.scenario.model import ApiSite, Scenario

_OWN_ROOMS = (Kind.OWNED, Kind.COLO)

Facts = tuple[WorkloadFacts, SiteFacts]
Needing = tuple[str, str, str]
"""Kind of site, engine and vendor of devices: what a part wants from outside hangs on these."""


@dataclass(frozen=True)
class Sovereigns:
    """Judges the options of one scenario as of a day, and remembers: options differ far less than they are many."""

    scenario: Scenario
    catalog: Catalog
    rules: RuleBase
    as_of: dt.date
    _of_facts: dict[Facts, SovereigntyScore] = field(default_factory=dict)
    _scores: dict[frozenset[Facts], Sovereignty] = field(default_factory=dict)
    _air_gaps: dict[tuple[frozenset[Needing], bool], AirGap] = field(default_factory=dict)

    def sovereignty(self, drafts: Collection[Draft]) -> Sovereignty:
        """Return the score of the places that `drafts` serve from together: the weakest of them, by objective."""
        facts = frozenset(self._facts(draft) for draft in drafts)
        if facts not in self._scores:
            self._scores[facts] = _published_score(weakest([self._score(each) for each in sorted(facts, key=repr)]))
        return self._scores[facts]

    def air_gap(self, drafts: Collection[Draft]) -> AirGap:
        """Return whether all of `drafts` can run cut off, and everything that one of them wants from outside."""
        needing = frozenset(_needing(draft) for draft in drafts)
        cut_off = all(self._facts(draft)[1].air_gapped is True for draft in drafts)
        if (needing, cut_off) not in self._air_gaps:
            found = all_together([_air_gap(*each) for each in sorted(needing)])
            self._air_gaps[needing, cut_off] = _published_air_gap(found, cut_off)
        return self._air_gaps[needing, cut_off]

    def _score(self, facts: Facts) -> SovereigntyScore:
        if facts not in self._of_facts:
            world = world_of(self.rules, *facts, self.as_of)
            own_room = facts[1] if facts[1].kind in _OWN_ROOMS else None
            self._of_facts[facts] = sovereignty(world, told_facts(self.scenario, own_room=own_room))
        return self._of_facts[facts]

    def _facts(self, draft: Draft) -> Facts:
        """Return what is known of a draft's workload and place, and of the engine that we choose for it."""
        workload = workload_facts(self.scenario, draft.asked.workload, draft.asked.model)
        if draft.platform is not None:
            site = platform_facts(self.scenario, draft.platform, self.catalog)
            engine = _engine(draft)
            if site.open_source_engine is None and engine:
                site = replace(site, open_source_engine=is_open_source(engine))
            return workload, site
        assert draft.api is not None, "a draft is of machines or of an API"
        place = next(site for site in self.scenario.sites if site.name == draft.site_name)
        assert isinstance(place, ApiSite)
        return workload, api_facts(self.scenario, place, draft.api, self.catalog)


def _engine(draft: Draft) -> str:
    if draft.answer is None or draft.answer.performance is None:
        return ""
    return draft.answer.performance.candidate.deployment.engine.name


def _needing(draft: Draft) -> Needing:
    vendor = draft.platform.device.vendor if draft.platform is not None else ""
    return str(draft.kind), _engine(draft), vendor


def _air_gap(kind: str, engine: str, vendor: str) -> AirGapFinding:
    return air_gap(kind, [engine] if engine else [], [vendor] if vendor else [])


def _published_score(score: SovereigntyScore) -> Sovereignty:
    low, high = round(score.low, 6), round(score.high, 6)
    return Sovereignty(
        score=SovereigntyScoreValue(value=low, low=low, high=high),
        seal_low=score.seal_low,
        seal_high=score.seal_high,
        objectives=tuple(_published_objective(each) for each in score.objectives),
        missing=tuple(OpenFact(fact=fact, question=question_of(fact)) for fact in score.missing_facts),
    )


def _published_objective(score: ObjectiveScore) -> SovereigntyObjective:
    return SovereigntyObjective(
        id=score.id,
        title=score.title,
        weight=score.weight,
        level_low=score.low,
        level_high=score.high,
        answers=tuple(
            SovereigntyAnswer(
                level=each.level,
                asks=each.plain,
                verdict=each.verdict.value,
                facts=each.facts,
                claimed_by=each.claimed_by,
            )
            for each in score.answers
            if each.level <= score.high + 1  # what stands above a level that is not reached changes nothing
        ),
    )


def _published_air_gap(found: AirGapFinding, cut_off: bool) -> AirGap:
    return AirGap(
        feasible=found.feasible.value,
        cut_off=cut_off,
        bring_in=tuple(_published_need(each) for each in found.brought_in),
        cannot=tuple(_published_need(each) for each in found.left_outside),
    )


def _published_need(need: Need) -> AirGapNeed:
    return AirGapNeed(id=need.id, what=need.what, carried_in=need.carried_in.value, how=need.how, blocks=need.blocks)
