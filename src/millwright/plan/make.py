"""The join: a scenario and a catalogue in, a plan out.

`make_plan` has no clock, no files and no network of its own: the day, the seed and the catalogue are passed in, so the
same call gives the same plan.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence

from millwright import __version__
from millwright.finance.distributions import UncertainInput
from millwright.fleet.search import Progress
from millwright.law.evaluate import DISCLAIMER
from millwright.law.load import load_rules
from millwright.law.rule import RuleBase
from millwright.law.told import check_told_facts
from millwright.perf.calibration import Calibration
from millwright.plan import assumptions
from millwright.plan.answer import answer
from millwright.plan.cautions import warnings_of_plan
from millwright.plan.costing import Inputs
from millwright.plan.demand import WorkloadDemand, scenario_demand, summary
from millwright.plan.described import described_options
from millwright.plan.draft import Draft
from millwright.plan.drafts import drafts
from millwright.plan.engine_names import check_engine_names
from millwright.plan.jobs import with_jobs
from millwright.plan.lawful import not_covered_by
from millwright.plan.making import Clock, Depth, Making, horizon_months
from millwright.plan.mixing import Mixing, mixed_fleet
from millwright.plan.model import Answer, Header, Plan
from millwright.plan.money import DRAWS, Odds, compare_options
from millwright.plan.priced import PricedOption
from millwright.plan.ranked import feasible_options, in_order, staffed_within_limits, uncertain_inputs_of
from millwright.plan.ready import published_readiness, ready_drafts
from millwright.plan.shared import SharedOptions, shared_options, told_who_shares
from millwright.plan.terms import Pricing
from millwright.plan.workload_costs import price_per_request
from millwright.scenario.load import LoadedScenario


def make_plan(
    loaded: LoadedScenario,
    *,
    today: dt.date,
    seed: int = 0,
    rules: RuleBase | None = None,
    progress: Progress | None = None,
    draws: int = DRAWS,
    calibration: Calibration | None = None,
    mix: bool = True,
    front: bool = False,
) -> Plan:
    """Return the plan of a scenario as of `today`: feasible options ranked, refused ones with every reason.

    `seed` starts every random number; `progress` is told how far the work is; `calibration` corrects the step times it
    covers; without `mix` no mixed fleet is sought, with `front` its fleets between least cost and least carbon are too.
    KeyboardInterrupt passes through, and nothing is left behind.
    """
    clock = Clock(progress)
    rules = rules or load_rules()
    asked = demands(loaded, seed)
    depth = Depth(draws=draws, mix=mix, front=front)
    making = Making.of(  # a fault in the answers or the team is told before the search, not after it
        loaded, asked, today=today, seed=seed, rules=rules, clock=clock, depth=depth, calibration=calibration
    )
    clock.done("reading the scenario")
    drafted = drafts(
        loaded.scenario, asked, loaded.catalog, rules, making.as_of, clock.tell if progress else None, calibration
    )
    making.refused.extend(drafted.refused)
    clock.done("law, and the search of replicas")
    return plan_of_drafts(making, drafted.found, drafted.set_aside)


def demands(loaded: LoadedScenario, seed: int) -> list[WorkloadDemand]:
    """Return what each workload of a scenario asks for over the horizon.

    Raises ScenarioError for an engine or a fact of law that does not exist.
    """
    check_engine_names(loaded)
    check_told_facts(loaded)
    scenario = loaded.scenario
    months = horizon_months(scenario)
    return [scenario_demand(loaded, each, months, seed) for each in scenario.workloads]


def plan_of_drafts(making: Making, found: Sequence[Draft], set_aside: Sequence[Draft] = ()) -> Plan:
    """Return the plan that the drafts `found` add up to: priced, compared, ranked, described.

    `set_aside` are drafts that a limit alone keeps out: the mixed fleet asks what that limit costs; those that the
    law bars are searched where no fleet keeps every limit. The search of replicas is behind us, so this is the part
    that money alone changes.
    """
    scenario, asked, clock = making.scenario, making.asked, making.clock
    pricing, central = making.pricing, making.central
    found = ready_drafts(found, making.assessment, scenario, making.refused)
    known = [*found, *set_aside]
    options = feasible_options(asked, found, pricing, central, making.refused, making.crew)
    shared = _sharing(making, found, options)
    singles = [*options, *_feasible_shared(making, shared)]
    clock.done("sharing machines")
    mixing: Mixing | None = None
    if making.depth.mix:
        mixing = mixed_fleet(making, known, singles, () if shared is None else shared.by_lanes)
    mix = mixing.best.option if mixing is not None and mixing.best is not None else None
    clock.done("the mixed fleet")
    options = singles if mix is None else [*singles, mix]
    options = with_jobs(options, scenario.jobs, asked, known, pricing, central, making.refused)
    if mixing is not None:
        mixing = mixing.among(options)
    ranked, odds, inputs = _ranked(making, options)
    clock.done("money and odds")

    from_catalogue, assumption_ids = assumptions.of_catalogue(
        ranked, making.catalog.sources, making.today, scenario.limits.price_age_days
    )
    published = described_options(making, ranked, odds, inputs, assumption_ids)
    told = answer(ranked, odds, central, making.refused, scenario.limits.objective)
    told = _answered(told, ranked, mixing, pricing, central)
    advised = next((option for option in ranked if option.id == told.option_id), None)
    return Plan(
        header=_header(making, assumptions.catalogue_date(from_catalogue, making.catalog)),
        answer=told,
        workloads=tuple(summary(each) for each in asked),
        options=published,
        refused=tuple(making.refused),
        assumptions=(
            *assumptions.defaulted(making.loaded.defaulted),
            *assumptions.of_law(scenario),
            *assumptions.uncertain(inputs),
            *assumptions.fitted(ranked),
            *assumptions.of_drafts(ranked),
            *from_catalogue,
        ),
        warnings=warnings_of_plan(scenario, asked, ranked, making.refused),
        mix=None if mixing is None else mixing.published(singles, pricing, central),
        sharing=None if shared is None else shared.published(options),
        readiness=published_readiness(making.assessment, advised, pricing, making.today),
        not_covered=not_covered_by(making.rules, scenario, making.catalog, making.as_of),
        timings=tuple(clock.timings),
    )


def _ranked(
    making: Making, options: Sequence[PricedOption]
) -> tuple[list[PricedOption], Odds | None, tuple[UncertainInput, ...]]:
    """Return the options best first, the odds between them (None where there is none), and what is uncertain."""
    finance = making.scenario.finance
    inputs = uncertain_inputs_of(options, finance)
    making.clock.tell("drawing the odds", 0, 1)
    odds = None
    if options:
        odds = compare_options(options, inputs, finance, making.central, making.seed, making.depth.draws)
    ranked = in_order(options, odds, making.scenario.limits.objective, making.central, making.sovereigns)
    return ranked, odds, inputs


def _sharing(making: Making, found: Sequence[Draft], options: Sequence[PricedOption]) -> SharedOptions | None:
    """Return what sharing machines brings beside the `options`; None where there is nobody to share with."""
    if not making.depth.mix or len(making.asked) < 2:
        return None
    return shared_options(
        making.asked, found, options, making.pricing, making.central,
        tell=making.clock.tell, calibration=making.calibration,
    )  # fmt: skip


def _feasible_shared(making: Making, shared: SharedOptions | None) -> list[PricedOption]:
    if shared is None:
        return []
    return staffed_within_limits(shared.options, making.pricing, making.central, making.refused, making.crew)


def _answered(
    told: Answer, ranked: Sequence[PricedOption], mixing: Mixing | None, pricing: Pricing, central: Inputs
) -> Answer:
    """Return the answer with who shares machines and what a request costs, or with what keeps every fleet out."""
    if ranked:
        sentence = told.sentence + told_who_shares(ranked[0]) + price_per_request(ranked[0], central)
        return told.model_copy(update={"sentence": sentence})
    if mixing is None:
        return told
    clash = mixing.published_conflict(pricing, central)
    ways = () if clash is None else (clash.sentence, *(each.sentence for each in clash.ways_out))
    return told.model_copy(update={"conflict": clash, "next_steps": (*ways, *told.next_steps)})


def _header(making: Making, catalogue_date: str) -> Header:
    scenario = making.scenario
    return Header(
        millwright_version=__version__,
        created=making.today.isoformat(),
        scenario_name=scenario.name,
        scenario_hash=hashlib.sha256(making.loaded.source_text.encode("utf-8")).hexdigest()[:16],
        organisation=str(scenario.organisation.sector),
        country=scenario.organisation.country,
        currency=scenario.organisation.currency,
        horizon_months=horizon_months(scenario),
        discount_rate_per_year=scenario.finance.discount_rate_per_year,
        catalogue_date=catalogue_date,
        rule_base_version=making.rules.version,
        rules_as_of=making.as_of.isoformat(),
        seed=making.seed,
        disclaimer=f"{DISCLAIMER} Prices are list prices as of their dates, not offers.",
    )
