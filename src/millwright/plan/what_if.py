"""What if: the answer to a changed scenario, fast enough to move a slider.

The search of replicas is nearly all of a plan's time, and money does not change what it finds. So the drafts of the
leading options are kept (`lay_grounds`), and a change that leaves requests, limits on latency and precisions alone is
priced anew from them; one that does not is searched again for these options only. Either way the edited scenario is
read like any other and goes through the same `plan_of_drafts` as `make_plan`: for the same options the result is equal.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import OrderedDict
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock

from millwright.catalog.catalog import ShippedCatalog, load_catalog
from millwright.fleet.search import Progress
from millwright.law.load import load_rules
from millwright.law.rule import RuleBase
from millwright.perf.calibration import Calibration
from millwright.plan.demand import WorkloadDemand
from millwright.plan.draft import Draft, Where
from millwright.plan.drafts import drafts
from millwright.plan.make import demands, plan_of_drafts
from millwright.plan.making import Clock, Depth, Making
from millwright.plan.model import FleetPart, Kind, Option, Plan, RefusedOption, Verdict
from millwright.plan.what_if_changes import Changes, edited_text
from millwright.scenario.load import LoadedScenario, read_scenario
from millwright.scenario.model import Scenario

LEADING_OPTIONS = 8
"""Options that are kept to ask about; each kind's best lawful one comes on top."""

MONEY = Depth(draws=256, band_draws=64, detailed=3, break_evens=1, latency=False, curves=False, mix=False)
"""What is worked out while a slider moves."""

SIMULATED = replace(MONEY, latency=True, curves=True, detailed=2)
"""What is worked out once it rests: percentiles at the new load, and latency against load."""


class SupersededError(Exception):
    """A newer question has come; nobody waits for this answer."""


@dataclass(frozen=True)
class Grounds:
    """What questions are answered from: a scenario, its demands, and the drafts that were found for it.

    `only` are the offers that are looked at, None for all of them.
    """

    loaded: LoadedScenario
    catalog: ShippedCatalog
    today: dt.date
    seed: int
    rules: RuleBase
    calibration: Calibration | None
    only: frozenset[Where] | None
    asked: tuple[WorkloadDemand, ...]
    found: tuple[Draft, ...]
    refused: tuple[RefusedOption, ...]

    @property
    def signature(self) -> str:
        """What the drafts rest on: scenarios of the same signature have the same ones."""
        return search_signature(self.loaded.scenario)


def lay_grounds(
    loaded: LoadedScenario,
    *,
    today: dt.date,
    seed: int = 0,
    only: frozenset[Where] | None = None,
    catalog: ShippedCatalog | None = None,
    rules: RuleBase | None = None,
    calibration: Calibration | None = None,
    progress: Progress | None = None,
) -> Grounds:
    """Return the grounds of a scenario; those of the offers in `only`, such as a plan's leading ones, in seconds.

    `catalog` is what the scenario was loaded with, the shipped one if not given. `progress` may raise to end it.
    """
    grounds = Grounds(
        loaded, catalog or load_catalog(), today, seed, rules or load_rules(), calibration, only, (), (), ()
    )
    return _searched(grounds, loaded, tuple(demands(loaded, seed)), progress)


def leading_offers(plan: Plan, leading: int = LEADING_OPTIONS) -> frozenset[Where]:
    """Return the offers of the `leading` options, of each kind's best, and of each kind's best known to be lawful."""
    chosen: dict[str, Option] = {option.id: option for option in plan.options[:leading]}
    for kind in Kind:
        for known in (False, True):
            same = (o for o in plan.options if o.kind is kind and (o.law.verdict is Verdict.YES or not known))
            best = next(same, None)
            if best is not None:
                chosen[best.id] = best
    return frozenset((part.site, part.offer) for option in chosen.values() for part in option.fleet)


def search_signature(scenario: Scenario) -> str:
    """Return what the search of replicas depends on: models, lengths, arrivals, SLOs, precisions, engines, confidence.

    How many requests come, over which hours, and what anything costs is left out: a replica serves what it serves.
    """
    amounts = {"rate_per_s", "requests_per_day", "users", "requests_per_user_per_day", "shape", "demand_factor"}
    parts = [
        workload.model_dump(mode="json", exclude={"growth_per_year": True, "deadline_hours": True, "traffic": amounts})
        for workload in scenario.workloads
    ]
    return json.dumps([parts, scenario.limits.engines, scenario.limits.confidence], sort_keys=True)


def refreshed(
    grounds: Grounds, changes: Changes, *, depth: Depth = MONEY, progress: Progress | None = None
) -> tuple[Plan, Grounds]:
    """Return the plan of the changed scenario among the options of `grounds`, and the grounds of that scenario.

    `progress` may raise (`SupersededError`) to end a search that nobody waits for. Raises EditError or ScenarioError
    when the changed scenario cannot be written or is not sound.
    """
    loaded = _edited(grounds, changes)
    asked = tuple(demands(loaded, grounds.seed))
    if search_signature(loaded.scenario) == grounds.signature:
        changed = _same_drafts(grounds, loaded, asked)
    else:
        changed = _searched(grounds, loaded, asked, progress)
    return _plan(changed, depth, progress), changed


def with_curves_of(plan: Plan, before: Plan) -> Plan:
    """Return `plan` with the latency curves of `before` where the very same replica serves."""
    curves = {
        _replica(part): part.performance.curves
        for option in before.options
        for part in option.fleet
        if part.performance is not None and part.performance.curves
    }

    def filled(part: FleetPart) -> FleetPart:
        known = curves.get(_replica(part), ())
        if part.performance is None or part.performance.curves or not known:
            return part
        return part.model_copy(update={"performance": part.performance.model_copy(update={"curves": known})})

    options = tuple(
        option.model_copy(update={"fleet": tuple(filled(part) for part in option.fleet)}) for option in plan.options
    )
    return plan.model_copy(update={"options": options})


class WhatIf:
    """Questions to one scenario: searches are remembered by what they rest on, and a newer question ends an older one.

    Safe to be asked from several threads; each `ask` works for itself.
    """

    REMEMBERED = 12

    def __init__(self, grounds: Grounds) -> None:
        self.grounds = grounds
        self._searched: OrderedDict[str, Grounds] = OrderedDict({grounds.signature: grounds})
        self._lock = Lock()
        self._last: tuple[Changes, LoadedScenario] | None = None

    def is_money_only(self, changes: Changes) -> bool:
        """Return whether the answer is at hand without another search."""
        with self._lock:
            known = set(self._searched)
        return search_signature(self._changed(changes).scenario) in known

    def ask(self, changes: Changes, *, depth: Depth = MONEY, progress: Progress | None = None) -> Plan:
        """Return the refreshed plan. `progress` may raise (`SupersededError`) to end a search nobody waits for."""
        loaded = self._changed(changes)
        wanted = search_signature(loaded.scenario)
        with self._lock:
            near = self._searched.get(wanted)
        if near is None:
            made, found = refreshed(self.grounds, changes, depth=depth, progress=progress)
            with self._lock:
                self._searched[wanted] = found
                while len(self._searched) > self.REMEMBERED:
                    self._searched.popitem(last=False)
            return made
        own = replace(self.grounds, asked=near.asked, found=near.found, refused=near.refused)
        return refreshed_from(own, wanted, loaded, depth, progress)

    def beside(self, path: Path) -> WhatIf:
        """Return the same, with its scenario as if it stood in the file `path`: traces are looked up from there."""
        self.grounds = replace(self.grounds, loaded=replace(self.grounds.loaded, path=path))
        self._last = None
        return self

    def text(self, changes: Changes) -> str:
        """Return the YAML of the changed scenario, to be saved."""
        return self._changed(changes).source_text

    def _changed(self, changes: Changes) -> LoadedScenario:
        """Return the changed scenario, read once for each question."""
        last = self._last
        if last is not None and last[0] == changes:
            return last[1]
        loaded = _edited(self.grounds, changes)
        self._last = (changes, loaded)
        return loaded


def refreshed_from(
    grounds: Grounds, signature: str, loaded: LoadedScenario, depth: Depth, progress: Progress | None
) -> Plan:
    """Return the plan of a changed scenario from drafts that were found for `signature`, which is the scenario's."""
    assert search_signature(loaded.scenario) == signature, "drafts fit the scenarios of their signature alone"
    changed = _same_drafts(grounds, loaded, tuple(demands(loaded, grounds.seed)))
    return _plan(changed, depth, progress)


def _plan(grounds: Grounds, depth: Depth, progress: Progress | None) -> Plan:
    """Return the plan of the drafts that the grounds hold."""
    making = Making.of(
        grounds.loaded, grounds.asked, grounds.refused,
        today=grounds.today, seed=grounds.seed, rules=grounds.rules, clock=Clock(progress), depth=depth,
    )  # fmt: skip
    return plan_of_drafts(making, grounds.found)


def _edited(grounds: Grounds, changes: Changes) -> LoadedScenario:
    text = edited_text(grounds.loaded, changes)
    return read_scenario(text, Path(grounds.loaded.path), grounds.catalog)


def _searched(
    grounds: Grounds, loaded: LoadedScenario, asked: tuple[WorkloadDemand, ...], progress: Progress | None
) -> Grounds:
    """Return the grounds of `loaded` after a search among the offers of `grounds`."""
    as_of = loaded.scenario.law.as_of or grounds.today
    drafted = drafts(
        loaded.scenario, asked, loaded.catalog, grounds.rules, as_of, progress, grounds.calibration, grounds.only
    )
    return replace(grounds, loaded=loaded, asked=asked, found=tuple(drafted.found), refused=tuple(drafted.refused))


def _same_drafts(grounds: Grounds, loaded: LoadedScenario, asked: tuple[WorkloadDemand, ...]) -> Grounds:
    """Return the grounds of `loaded` with the drafts of `grounds`, serving the new demand.

    The sample of requests stays the one that was searched with: it says how long requests are, not how many come.
    """
    sampled = {each.workload.name: each.service for each in grounds.asked}
    asked = tuple(replace(each, service=sampled[each.workload.name]) for each in asked)
    by_name = {each.workload.name: each for each in asked}
    found = tuple(replace(draft, asked=by_name[draft.asked.workload.name]) for draft in grounds.found)
    return replace(grounds, loaded=loaded, asked=asked, found=found)


def _replica(part: FleetPart) -> tuple[str, ...]:
    """What tells replicas apart whose latency grows alike with the load."""
    goodput = part.performance.goodput_per_replica.model_dump_json() if part.performance is not None else ""
    deployment = part.deployment.model_dump_json() if part.deployment is not None else ""
    return part.workload, part.model, part.device or "", deployment, goodput
