"""The join: a scenario and a catalogue in, a plan out.

`make_plan` has no clock, no files and no network of its own: the day, the seed and the catalogue are passed in, so the
same call gives the same plan.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from millwright import __version__
from millwright.catalog.catalog import Catalog
from millwright.finance.discounting import annuity_factor, monthly_rate
from millwright.finance.figures import npv_cost
from millwright.finance.uncertainty import sample, values_at
from millwright.fleet.search import Progress
from millwright.law.evaluate import DISCLAIMER
from millwright.law.kleene import Verdict
from millwright.law.load import load_rules
from millwright.law.rule import RuleBase
from millwright.perf.calibration import Calibration
from millwright.plan import assumptions
from millwright.plan.answer import answer
from millwright.plan.costing import Currency, Inputs
from millwright.plan.demand import WorkloadDemand, summary, workload_demand
from millwright.plan.draft import drafts, refusal
from millwright.plan.model import Assumption, BreakEven, Header, Kind, Plan, RefusalReason, RefusedOption, Stage, Timing
from millwright.plan.money import DRAWS, Odds, break_even, compare_options, published_cost
from millwright.plan.performance import simulate_planned
from millwright.plan.priced import PricedOption, PricedPart, join, price_draft, refused_option, site_limits_broken
from millwright.plan.publish import planned_load, price_age_days, published_option
from millwright.plan.terms import Pricing
from millwright.plan.uncertain import central_inputs, uncertain_inputs
from millwright.scenario.load import LoadedScenario
from millwright.scenario.model import Objective, Scenario

DETAILED_OPTIONS = 6
"""Leading options that get latency curves and demand curves; each kind's best option gets them too."""

BAND_DRAWS = 256
"""Draws for the bands of the cash flow, where percentiles to a few per cent suffice."""


@dataclass
class _Clock:
    """Wall time of each stage, for the plan's own record."""

    progress: Progress | None
    timings: list[Timing] = field(default_factory=list)
    began_s: float = field(default_factory=time.perf_counter)

    def done(self, stage: str) -> None:
        now_s = time.perf_counter()
        self.timings.append(Timing(stage=stage, wall_s=now_s - self.began_s))
        self.began_s = now_s

    def tell(self, what: str, done: int, of: int) -> None:
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
) -> Plan:
    """Return the plan of a scenario as of `today`: feasible options ranked, refused ones with every reason.

    `seed` starts every random number; `progress` is told how far the work is; `calibration` corrects the step times it
    covers. KeyboardInterrupt passes through, and
    nothing is left behind.
    """
    clock = _Clock(progress)
    scenario, catalog = loaded.scenario, loaded.catalog
    rules = rules or load_rules()
    as_of = scenario.law.as_of or today
    finance = scenario.finance
    months = max(round(finance.horizon_years * 12), 1)
    currency = Currency(scenario.organisation.currency, 1.0 / catalog.usd_per(scenario.organisation.currency))
    pricing = Pricing(scenario, catalog, currency)
    asked = [
        workload_demand(each, catalog.model(each.model), loaded.patterns[each.name], months, seed)
        for each in scenario.workloads
    ]
    clock.done("reading the scenario")

    found, refused = drafts(scenario, asked, catalog, rules, as_of, clock.tell if progress else None, calibration)
    clock.done("law, and the search of replicas")

    central = central_inputs(finance)
    parts: dict[str, list[PricedPart]] = {each.workload.name: [] for each in asked}
    for draft in found:
        part = price_draft(draft, pricing, scenario.limits.spares)
        if isinstance(part, RefusedOption):
            refused.append(part)
        elif broken := site_limits_broken([part], central, pricing):
            refused.append(refusal(draft, broken))
        else:
            parts[draft.asked.workload.name].append(part)
    options = _within_limits(_joined(parts, pricing, central), central, pricing, refused)

    devices = sorted({p.draft.platform.device.id for o in options for p in o.parts if p.draft.platform is not None})
    providers = sorted({provider for o in options for p in o.parts if (provider := p.provider_id)})
    inputs = uncertain_inputs(finance, devices, providers)
    clock.tell("drawing the odds", 0, 1)
    odds = compare_options(options, inputs, finance, central, seed, draws) if options else None
    ranked = _ranked(options, odds, scenario.limits.objective, central)
    clock.done("money and odds")

    from_catalogue, by_option = assumptions.of_catalogue(ranked, catalog.sources, today, scenario.limits.price_age_days)
    band = values_at(inputs, sample(inputs, BAND_DRAWS, seed))
    detailed = _detailed(ranked)
    best_of = {kind: next((o for o in ranked if o.kind is kind), None) for kind in (Kind.API, Kind.CLOUD)}
    published = []
    loads = [load for option in ranked for part in option.parts if (load := planned_load(part, central)) is not None]
    runs = simulate_planned(loads, lambda done, of: clock.tell("simulating the planned load", done, of))
    clock.done("simulating the planned load")
    for rank, option in enumerate(ranked, start=1):
        clock.tell("describing options", rank - 1, len(ranked))
        assert odds is not None, "there are odds wherever there are options"
        rivals = [other for other in best_of.values() if other is not None and other.id != option.id]
        break_evens: list[BreakEven] = []
        if option.id in detailed:
            break_evens = [break_even(option, other, odds, central) for other in rivals]
        cost = published_cost(option, odds, central, band, finance, break_evens, in_full=option.id in detailed)
        published.append(
            published_option(
                option, rank, cost, scenario, pricing, central, today, by_option[option.id], runs,
                curves=option.id in detailed,
            )
        )  # fmt: skip
    clock.done("describing options")

    return Plan(
        header=_header(loaded, today, seed, rules, months, _catalogue_date(from_catalogue, catalog)),
        answer=answer(ranked, odds, central, refused),
        workloads=tuple(summary(each) for each in asked),
        options=tuple(published),
        refused=tuple(refused),
        assumptions=(
            *assumptions.defaulted(loaded.defaulted),
            *assumptions.of_law(scenario),
            *assumptions.uncertain(inputs),
            *assumptions.fitted(ranked),
            *from_catalogue,
        ),
        warnings=_plan_warnings(scenario, asked, ranked, refused),
        timings=tuple(clock.timings),
    )


def _joined(parts: dict[str, list[PricedPart]], pricing: Pricing, central: Inputs) -> list[PricedOption]:
    if not all(parts.values()):
        return []
    alone = join({"": [part for each in parts.values() for part in each]}, pricing, {})
    present_cost = {id(option.parts[0]): float(npv_cost(option.case(central))) for option in alone}
    return join(parts, pricing, present_cost)


def _within_limits(
    options: Sequence[PricedOption], central: Inputs, pricing: Pricing, refused: list[RefusedOption]
) -> list[PricedOption]:
    """Return the options that keep the limits of their sites as a whole, and the monthly one; refuse the others."""
    kept: list[PricedOption] = []
    for option in options:
        reasons = [*site_limits_broken(option.parts, central, pricing), *_above_monthly_limit(option, central, pricing)]
        if reasons:
            refused.append(refused_option(option, reasons))
        else:
            kept.append(option)
    return kept


def _above_monthly_limit(option: PricedOption, central: Inputs, pricing: Pricing) -> list[RefusalReason]:
    """Return why an option costs too much a month: its present cost as equal payments over the horizon."""
    limit = pricing.scenario.limits.max_monthly_cost
    if limit is None:
        return []
    case, code, most = option.case(central), pricing.currency.code, pricing.money(limit)
    rate = monthly_rate(case.nominal_discount_rate_per_y)
    monthly = float(npv_cost(case) * annuity_factor(rate, float(case.horizon_months)))
    if monthly <= most:
        return []
    text = f"it costs {monthly:,.0f} {code} a month, purchases spread evenly, and the limit is {most:,.0f} {code}"
    return [RefusalReason(stage=Stage.BUDGET, summary="above the limit per month", text=text)]


def _ranked(
    options: Sequence[PricedOption], odds: Odds | None, objective: Objective, central: Inputs
) -> list[PricedOption]:
    """Return the options best first: those known to be lawful, then those of which a fact is missing."""
    if odds is None:
        return []

    def figure(option: PricedOption) -> float:
        match objective:
            case Objective.CAPEX:
                return _capex(option, central)
            case Objective.ENERGY:
                return _energy(option, central)
            case Objective.CARBON:
                return _energy(option, central, carbon=True)
            case Objective.LCOT:
                return 0.0  # the cost per token decides wherever the objective does not

    def order(option: PricedOption) -> tuple[bool, float, float, str]:
        lcot = float(odds.central[option.id].lcot_per_mtok)
        return option.verdict is not Verdict.YES, figure(option), lcot, option.id

    return sorted(options, key=order)


def _capex(option: PricedOption, central: Inputs) -> float:
    from millwright.finance.cash_flow import cash_flow

    return float(sum(line.amounts[0] for line in cash_flow(option.case(central)).lines if line.kind == "capital"))


def _energy(option: PricedOption, central: Inputs, *, carbon: bool = False) -> float:
    """Return energy or carbon per token in any scale; infinite where a provider's is not known."""
    from millwright.plan.publish import option_power

    power = option_power(option, central)
    figure = power.carbon_g_per_mtok if carbon else power.energy_kwh_per_mtok
    return float("inf") if figure is None else figure.value


def _detailed(ranked: Sequence[PricedOption]) -> set[str]:
    """Return the ids of the options that are described in full: the leading ones, and each kind's best."""
    chosen = {option.id for option in ranked[:DETAILED_OPTIONS]}
    seen: set[Kind] = set()
    for option in ranked:
        if option.kind not in seen:
            seen.add(option.kind)
            chosen.add(option.id)
    return chosen


def _header(
    loaded: LoadedScenario, today: dt.date, seed: int, rules: RuleBase, months: int, catalogue_date: str
) -> Header:
    scenario = loaded.scenario
    return Header(
        millwright_version=__version__,
        created=today.isoformat(),
        scenario_name=scenario.name,
        scenario_hash=hashlib.sha256(loaded.source_text.encode("utf-8")).hexdigest()[:16],
        organisation=str(scenario.organisation.sector),
        country=scenario.organisation.country,
        currency=scenario.organisation.currency,
        horizon_months=months,
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
    for each in asked:
        if each.workload.precisions is None and each.model.native_precision == "bf16":
            found.append(
                f"{each.workload.name}: 16- and 8-bit weights were looked at; "
                "`precisions: [int4, fp8, bf16]` adds 4-bit ones."
            )
        found += [f"{each.model.name}: {text}" for text in each.model.assumptions]
    looked_at = {Kind(site.kind) for site in scenario.sites}
    for kind, name in ((Kind.OWNED, "owned"), (Kind.COLO, "colocated"), (Kind.CLOUD, "cloud"), (Kind.API, "API")):
        if ranked and kind in looked_at and not any(option.kind is kind for option in ranked):
            found.append(f"No {name} option is feasible; the reasons are below.")
    if scenario.finance.tax_rate > 0.0:
        found.append(
            f"All costs are before tax: `finance.tax: {scenario.finance.tax_rate:.0%}` is not counted here. "
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
