"""The join: a scenario and a catalogue in, a plan out.

`make_plan` has no clock, no files and no network of its own: the day, the seed and the catalogue are passed in, so the
same call gives the same plan.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from millwright import __version__
from millwright.catalog.catalog import Catalog
from millwright.finance.uncertainty import sample, values_at
from millwright.fleet.search import Progress
from millwright.law.evaluate import DISCLAIMER
from millwright.law.load import load_rules
from millwright.law.rule import RuleBase
from millwright.law.told import check_told_facts
from millwright.perf.calibration import Calibration
from millwright.plan import assumptions
from millwright.plan.answer import answer
from millwright.plan.costing import Currency, Inputs
from millwright.plan.crew import crew_of, look_ahead, staffed
from millwright.plan.demand import WorkloadDemand, scenario_demand, summary
from millwright.plan.draft import Draft, drafts, searched
from millwright.plan.draft_effect import plain_parts
from millwright.plan.engine_names import check_engine_names
from millwright.plan.jobs import with_jobs
from millwright.plan.lawful import not_covered_by
from millwright.plan.mixing import Mixing, mixed_fleet
from millwright.plan.model import Answer, Assumption, BreakEven, Header, Kind, Plan, RefusedOption, Stage, Timing
from millwright.plan.money import DRAWS, break_even, compare_options, published_cost
from millwright.plan.performance import Runs, simulate_planned
from millwright.plan.priced import PricedOption
from millwright.plan.publish import planned_load, price_age_days, published_option
from millwright.plan.ranked import (
    DETAILED_OPTIONS,
    detailed_options,
    feasible_options,
    in_order,
    rivals_of_all,
    staffed_within_limits,
    uncertain_inputs_of,
)
from millwright.plan.ready import assessment_of, conditions_of, published_exit, published_readiness, ready_drafts
from millwright.plan.shared import SharedOptions, shared_options, told_who_shares
from millwright.plan.sovereign import Sovereigns
from millwright.plan.terms import Pricing
from millwright.plan.uncertain import central_inputs
from millwright.plan.workload_costs import price_per_request
from millwright.quantity import share_text
from millwright.scenario.load import LoadedScenario
from millwright.scenario.model import Scenario

BAND_DRAWS = 256
"""Draws for the bands of the cash flow, where percentiles to a few per cent suffice."""


@dataclass(frozen=True)
class Depth:
    """How much is worked out of each option: everything for a plan, the quick part for a question in between.

    `detailed` leading options, and each kind's best, get cash flow, demand curve and, with `curves`, latency against
    load; the first `break_evens` of them are held against the best API and the best cloud. Without `latency` nothing is
    simulated: rates and machines are there, percentiles are not. Without `mix` no mixed fleet is sought; `front` adds
    the fleets between its least cost and its least carbon.
    """

    draws: int = DRAWS
    band_draws: int = BAND_DRAWS
    detailed: int = DETAILED_OPTIONS
    break_evens: int = 1_000_000
    latency: bool = True
    curves: bool = True
    mix: bool = True
    front: bool = False


@dataclass
class Clock:
    """Wall time and processor time of each stage, for the plan's own record."""

    progress: Progress | None = None
    timings: list[Timing] = field(default_factory=list)
    began_s: float = field(default_factory=time.perf_counter)
    began_cpu_s: float = field(default_factory=time.process_time)

    def done(self, stage: str) -> None:
        """Note that `stage` is over."""
        now_s, cpu_s = time.perf_counter(), time.process_time()
        self.timings.append(Timing(stage=stage, wall_s=now_s - self.began_s, cpu_s=cpu_s - self.began_cpu_s))
        self.began_s, self.began_cpu_s = now_s, cpu_s

    def tell(self, what: str, done: int, of: int) -> None:
        """Tell whoever watches how far the work is."""
        if self.progress is not None:
            self.progress(what, done, of)


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
    assessment_of(loaded)  # a fault in the answers is told before the search, not after it
    asked = demands(loaded, seed)
    clock.done("reading the scenario")
    as_of = loaded.scenario.law.as_of or today
    set_aside: list[Draft] = []
    found, refused = drafts(
        loaded.scenario, asked, loaded.catalog, rules, as_of, clock.tell if progress else None, calibration,
        set_aside=set_aside,
    )  # fmt: skip
    clock.done("law, and the search of replicas")
    return plan_of_drafts(
        loaded, asked, found, refused, today=today, seed=seed, rules=rules, clock=clock,
        depth=Depth(draws=draws, mix=mix, front=front), set_aside=set_aside, calibration=calibration,
    )  # fmt: skip


def demands(loaded: LoadedScenario, seed: int) -> list[WorkloadDemand]:
    """Return what each workload of a scenario asks for over the horizon.

    Raises ScenarioError for an engine or a fact of law that does not exist.
    """
    check_engine_names(loaded)
    check_told_facts(loaded)
    scenario = loaded.scenario
    months = horizon_months(scenario)
    return [scenario_demand(loaded, each, months, seed) for each in scenario.workloads]


def horizon_months(scenario: Scenario) -> int:
    """Return how far the plan looks ahead [month], at least one."""
    return max(round(scenario.finance.horizon_years * 12), 1)


def plan_of_drafts(
    loaded: LoadedScenario,
    asked: Sequence[WorkloadDemand],
    found: Sequence[Draft],
    refused: Sequence[RefusedOption],
    *,
    today: dt.date,
    seed: int,
    rules: RuleBase,
    clock: Clock,
    depth: Depth,
    set_aside: Sequence[Draft] = (),
    calibration: Calibration | None = None,
) -> Plan:
    """Return the plan that the drafts `found` add up to: priced, compared, ranked, described.

    `set_aside` are drafts that a limit alone keeps out: the mixed fleet asks what that limit costs; those that the
    law bars are searched, with this `calibration`, where no fleet keeps every limit.
    What is refused here is added to the `refused` given. The search of replicas is behind us, so this is the part that
    money alone changes.
    """
    scenario, catalog, finance = loaded.scenario, loaded.catalog, loaded.scenario.finance
    currency = Currency(scenario.organisation.currency, 1.0 / catalog.usd_per(scenario.organisation.currency))
    pricing = Pricing(scenario, catalog, currency)
    central = central_inputs(finance)
    refused = list(refused)
    assessment = assessment_of(loaded)
    found = ready_drafts(found, assessment, scenario, refused)
    crew = crew_of(loaded, pricing, horizon_months(scenario))
    options = feasible_options(asked, found, pricing, central, refused, crew)
    shared: SharedOptions | None = None
    if depth.mix and len(asked) > 1:
        shared = shared_options(asked, found, options, pricing, central, tell=clock.tell, calibration=calibration)
        options += staffed_within_limits(shared.options, pricing, central, refused, crew)
    clock.done("sharing machines")
    singles = list(options)
    mixing: Mixing | None = None
    if depth.mix:

        def staff(option: PricedOption) -> PricedOption | None:
            return next(iter(staffed([option], crew, pricing, central, [])), None) if crew else option

        def look_into(aside: Sequence[Draft]) -> list[Draft]:
            return searched(aside, scenario, clock.tell if clock.progress else None, calibration)

        mixing = mixed_fleet(
            [*found, *set_aside],
            asked,
            singles,
            refused,
            pricing,
            central,
            clock.tell,
            staff,
            look_into,
            front=depth.front,
            by_lanes=() if shared is None else shared.by_lanes,
        )
    if mixing is not None and mixing.best is not None and mixing.best.option is not None:
        options.append(mixing.best.option)
    clock.done("the mixed fleet")
    options = with_jobs(options, scenario.jobs, asked, [*found, *set_aside], pricing, central, refused)
    if mixing is not None:
        mixing = mixing.among(options)
    inputs = uncertain_inputs_of(options, finance)
    clock.tell("drawing the odds", 0, 1)
    odds = compare_options(options, inputs, finance, central, seed, depth.draws) if options else None
    as_of = scenario.law.as_of or today
    sovereigns = Sovereigns(scenario, catalog, rules, as_of)
    ranked = in_order(options, odds, scenario.limits.objective, central, sovereigns)
    clock.done("money and odds")

    from_catalogue, by_option = assumptions.of_catalogue(ranked, catalog.sources, today, scenario.limits.price_age_days)
    band = values_at(inputs, sample(inputs, depth.band_draws, seed))
    detailed = detailed_options(ranked, depth.detailed)
    rivals = rivals_of_all(ranked)
    published = []
    runs = _runs(ranked, detailed, central, clock) if depth.latency else None
    clock.done("simulating the planned load")
    if crew is not None:
        clock.tell("describing options", 0, len(ranked))
        look_ahead((option for option in ranked if option.id in detailed), crew)
    for rank, option in enumerate(ranked, start=1):
        clock.tell("describing options", rank - 1, len(ranked))
        assert odds is not None, "there are odds wherever there are options"
        in_full = option.id in detailed
        break_evens: list[BreakEven] = []
        if in_full and rank <= depth.break_evens:
            break_evens = [break_even(option, other, odds, central) for other in rivals if other.id != option.id]
        cost = published_cost(option, odds, central, band, finance, break_evens, in_full=in_full)
        described = published_option(
            option, rank, cost, scenario, pricing, central, today, by_option[option.id], runs,
            curves=in_full and depth.curves, crew=crew if in_full else None,
        )  # fmt: skip
        way_out = published_exit(option, cost, pricing, central)
        conditions = conditions_of(option, assessment, scenario)
        judged = [part.draft for part in option.parts]
        more = {"exit": way_out, "conditions": conditions}
        more |= {"sovereignty": sovereigns.sovereignty(judged), "air_gap": sovereigns.air_gap(judged)}
        published.append(described.model_copy(update=more))
    clock.done("describing options")

    told = _answered(
        answer(ranked, odds, central, refused, scenario.limits.objective), ranked, mixing, pricing, central
    )
    advised = next((option for option in ranked if option.id == told.option_id), None)
    return Plan(
        header=_header(loaded, today, seed, rules, _catalogue_date(from_catalogue, catalog)),
        answer=told,
        workloads=tuple(summary(each) for each in asked),
        options=tuple(published),
        refused=tuple(refused),
        assumptions=(
            *assumptions.defaulted(loaded.defaulted),
            *assumptions.of_law(scenario),
            *assumptions.uncertain(inputs),
            *assumptions.fitted(ranked),
            *assumptions.of_drafts(ranked),
            *from_catalogue,
        ),
        warnings=_plan_warnings(scenario, asked, ranked, refused),
        mix=None if mixing is None else mixing.published(singles, pricing, central),
        sharing=None if shared is None else shared.published(options),
        readiness=published_readiness(assessment, advised, pricing, today),
        not_covered=not_covered_by(rules, scenario, catalog, as_of),
        timings=tuple(clock.timings),
    )


def _runs(ranked: Sequence[PricedOption], detailed: Collection[str], central: Inputs, clock: Clock) -> Runs:
    """Return every part of the options, simulated at the load it is planned for."""
    parts = [part for option in ranked for part in option.parts]
    parts += plain_parts([option for option in ranked if option.id in detailed])
    planned = (planned_load(part, central) for part in parts)
    return simulate_planned(
        [load for load in planned if load is not None],
        lambda done, of: clock.tell("simulating the planned load", done, of),
    )


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


def _header(loaded: LoadedScenario, today: dt.date, seed: int, rules: RuleBase, catalogue_date: str) -> Header:
    scenario = loaded.scenario
    return Header(
        millwright_version=__version__,
        created=today.isoformat(),
        scenario_name=scenario.name,
        scenario_hash=hashlib.sha256(loaded.source_text.encode("utf-8")).hexdigest()[:16],
        organisation=str(scenario.organisation.sector),
        country=scenario.organisation.country,
        currency=scenario.organisation.currency,
        horizon_months=horizon_months(scenario),
        discount_rate_per_year=scenario.finance.discount_rate_per_year,
        catalogue_date=catalogue_date,
        rule_base_version=rules.version,
        rules_as_of=(scenario.law.as_of or today).isoformat(),
        seed=seed,
        disclaimer=f"{DISCLAIMER} Prices are list prices as of their dates, not offers.",
    )


def _catalogue_date(found: Sequence[Assumption], catalog: Catalog) -> str:
    """Return the newest date of the facts the plan rests on; where none of them has one, of the catalogue's hosts."""
    of_hosts = (fact.date for host in catalog.hosts() for fact in host.facts.values())
    for dates in ((each.date for each in found), of_hosts):
        if newest := max((date for date in dates if price_age_days(date, dt.date.max) is not None), default=""):
            return newest
    return ""


def _plan_warnings(
    scenario: Scenario,
    asked: Sequence[WorkloadDemand],
    ranked: Sequence[PricedOption],
    refused: Sequence[RefusedOption],
) -> tuple[str, ...]:
    found: list[str] = []
    usual = [a.workload.name for a in asked if a.workload.precisions is None and a.model.native_precision == "bf16"]
    if usual:
        found.append(
            f"{', '.join(usual)}: 16- and 8-bit weights were looked at; "
            "`precisions: [int4, fp8, bf16]` adds 4-bit ones."
        )
    for each in asked:
        found += [f"{each.model.name}: {text}" for text in each.model.assumptions]
    looked_at = {Kind(site.kind) for site in scenario.sites}
    in_a_part = {part.draft.kind for option in ranked for part in option.parts}
    for kind, name in ((Kind.OWNED, "owned"), (Kind.COLO, "colocated"), (Kind.CLOUD, "cloud"), (Kind.API, "API")):
        if ranked and kind in looked_at and not any(option.kind is kind for option in ranked):
            found.append(
                f"No {name} option serves every workload by itself; some serve a part, in mixed options."
                if kind in in_a_part
                else f"No {name} option is feasible; the reasons are below."
            )
    if scenario.finance.tax_rate > 0.0:
        found.append(
            f"All costs are before tax: `finance.tax: {share_text(scenario.finance.tax_rate)}` is not counted here. "
            "`millwright cost` prices a case after tax."
        )
    return (*found, *_promised_by_apis_alone(ranked, refused))


def _promised_by_apis_alone(ranked: Sequence[PricedOption], refused: Sequence[RefusedOption]) -> list[str]:
    """Return a warning where every machine was too slow: that an API is quicker is hoped, not known."""
    if not ranked or any(part.draft.api is None for option in ranked for part in option.parts):
        return []
    if not any(reason.stage is Stage.LATENCY for each in refused for reason in each.reasons):
        return []
    return [
        "No machine that was looked at keeps the limits on latency. Whether an API does is not known: measure it "
        "before you count on it."
    ]
