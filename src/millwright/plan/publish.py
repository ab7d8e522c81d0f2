"""Options as they are published: the fleet in whole machines, what binds, power and carbon, people, warnings."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

from millwright.fleet.sizing import MachineSchedule
from millwright.law.facts import in_words
from millwright.law.kleene import Verdict as LawVerdict
from millwright.plan.costing import Inputs, OwnedTerms, RentedTerms
from millwright.plan.crew import Crew
from millwright.plan.draft_effect import in_words as draft_in_words
from millwright.plan.draft_effect import plain_effect, plain_part, speculation_summary
from millwright.plan.jobs import published_jobs
from millwright.plan.lawful import published as published_law
from millwright.plan.model import (
    Binding,
    Cost,
    EstimateValue,
    FleetPart,
    Option,
    Power,
)
from millwright.plan.people_view import published_people
from millwright.plan.performance import PlannedLoad, Runs, deployment_summary, performance
from millwright.plan.pool import PoolPart
from millwright.plan.priced import PricedOption, PricedPart
from millwright.plan.shared_part import SharedPart
from millwright.plan.terms import Pricing
from millwright.plan.workload_costs import workload_costs
from millwright.quantity import Basis, weakest
from millwright.scenario.model import CloudSite, ColoSite, Commitment, OwnedSite, Scenario
from millwright.spans import DAYS_PER_MONTH, HOURS_PER_MONTH

FIRST_YEAR_MONTHS = 12
"""Counts of machines are those of the first year: the decision that is due now. Growth is told beside them."""

_BINDING = {
    "ttft_s": ("TTFT", "A looser TTFT, or more tensor parallelism, would let each replica take more."),
    "tpot_s": ("TPOT", "A looser TPOT would let each replica take more."),
    "e2e_s": ("E2E", "A looser limit on the whole request would let each replica take more."),
    "capacity": ("throughput", "The device itself is the limit: only more or faster devices help."),
    "sharing": ("sharing", "Machines of its own would let it take more."),
    "refused": ("context", "Requests longer than the context that fits are refused."),
}


@dataclass(frozen=True)
class _Counts:
    """Machines of a part in the first year, and at most over the horizon; those of a guest count elsewhere.

    A spare that carries lanes of several workloads is a spare for each of them.
    """

    serving: int
    installed: int
    most: int
    spares: int


def published_option(
    option: PricedOption,
    rank: int,
    cost: Cost,
    scenario: Scenario,
    pricing: Pricing,
    central: Inputs,
    created: dt.date,
    assumption_ids: tuple[str, ...],
    runs: Runs | None,
    *,
    curves: bool,
    crew: Crew | None = None,
) -> Option:
    """Return `option` as the plan publishes it, at its `rank`; `runs` holds the simulations of its planned loads,
    None where nothing was simulated. With a `crew` it is also told how early people could run it."""
    binds: list[Binding] = []
    warnings: list[str] = []
    fleet = []
    for number, part in enumerate(option.parts):
        shown, text = _told_of_draft(_fleet_part(part, central, runs, curves=curves), option, number, central, runs)
        fleet.append(shown)
        warnings += text
        binds += _bindings(part, central, pricing)
        warnings += _warnings(part, scenario, created, central)
    warnings += _unmeasured(option)
    if option.verdict is LawVerdict.UNKNOWN:
        missing = dict.fromkeys(fact for part in option.parts for fact in part.draft.law.missing_facts)
        warnings.insert(0, f"Whether the law allows it is unknown until you say: {in_words(missing)}")
    late = dict.fromkeys(rule for part in option.parts for rule in part.draft.law.past_review)
    if late:
        warnings.append(f"Past their review date, so that the law may have moved on: {', '.join(late)}.")
    people = published_people(option, scenario, crew)
    return Option(
        id=option.id,
        rank=rank,
        title=option.title,
        kind=option.kind,
        fleet=tuple(fleet),
        cost=cost.model_copy(update={"by_workload": workload_costs(option, central)}),
        power=option_power(option, central),
        law=published_law(tuple(part.draft.law for part in option.parts)),
        people=people,
        jobs=published_jobs(option, central),
        binds=tuple(binds),
        assumption_ids=assumption_ids,
        warnings=tuple(dict.fromkeys(warnings)),
    )


def _told_of_draft(
    shown: FleetPart, option: PricedOption, number: int, central: Inputs, runs: Runs | None
) -> tuple[FleetPart, list[str]]:
    """Return a part of `option` with what its draft is and brings, and the same in words; nothing where it has none."""
    part = option.parts[number]
    answer = part.draft.answer
    if answer is None or answer.performance is None or shown.deployment is None:
        return shown, []
    summary = speculation_summary(answer.performance.candidate)
    if summary is None:
        return shown, []
    plain = plain_part(part)
    machines = installed_first_year(part, central), 0 if plain is None else installed_first_year(plain, central)
    loads = planned_load(part, central), None if plain is None else planned_load(plain, central)
    without = plain_effect(option, number, central, machines, loads, runs)
    summary = summary.model_copy(update={"without": without})
    deployment = shown.deployment.model_copy(update={"speculation": summary})
    return shown.model_copy(update={"deployment": deployment}), [draft_in_words(summary, machines[0], without)]


def _counts(part: PricedPart, schedule: MachineSchedule) -> _Counts:
    pool, first = part.serving, slice(0, FIRST_YEAR_MONTHS)
    if isinstance(pool, PoolPart):
        assert pool.counts is not None
        serving = pool.own_machines(FIRST_YEAR_MONTHS)
        if pool.guest:
            return _Counts(serving, 0, 0, 0)
        first_year = pool.counts[: pool.stages.of_month[:FIRST_YEAR_MONTHS].max() + 1]
        return _Counts(serving, int(first_year.max()), int(pool.counts.max()), pool.spare_machines(FIRST_YEAR_MONTHS))
    serving, installed = int(schedule.serving[first].max()), int(schedule.installed[first].max())
    if isinstance(pool, SharedPart) and pool.guest:
        return _Counts(serving, 0, 0, pool.spares)
    return _Counts(serving, installed, int(schedule.installed.max()), installed - serving)


def installed_first_year(part: PricedPart, central: Inputs) -> int:
    """Return the machines of `part` that are there at most in the first year, spares included; 0 for an API."""
    schedule = part.schedule(central)
    return 0 if schedule is None else _counts(part, schedule).installed


def planned_load(part: PricedPart, central: Inputs) -> PlannedLoad | None:
    """Return what one replica of `part` must carry in the busiest hour of the first year; None for an API."""
    answer, schedule = part.draft.answer, part.schedule(central)
    if answer is None or answer.performance is None or schedule is None:
        return None
    replicas = _counts(part, schedule).serving * answer.replicas_per_machine
    if not replicas:  # machines of a mixed fleet that only stand by
        return None
    return PlannedLoad(part.draft.asked.service, answer.performance, _planned_rate_per_s(part) / replicas)


def _planned_rate_per_s(part: PricedPart) -> float:
    return part.serving.planned_rate_per_s(FIRST_YEAR_MONTHS)


def _share_of_demand(part: PricedPart) -> float:
    return min(part.serving.share_of_demand(), 1.0) if isinstance(part.serving, PoolPart) else 1.0


def _fleet_part(part: PricedPart, central: Inputs, runs: Runs | None, *, curves: bool) -> FleetPart:
    draft = part.draft
    shared = {
        "workload": draft.asked.workload.name,
        "kind": draft.kind,
        "site": draft.site_name,
        "offer": draft.offer_id,
        "model": draft.asked.model.id,
        "share_of_demand": _share_of_demand(part),
    }
    if draft.api is not None:
        return FleetPart(
            **shared,
            provider=draft.api.provider_id,
            country=draft.api.country or "",
            offer_title=f"{draft.api.model_name} by {draft.api.provider_id}",
        )
    platform, answer = draft.platform, draft.answer
    schedule = part.schedule(central)
    assert platform is not None
    assert answer is not None
    assert answer.performance is not None
    assert schedule is not None
    counts = _counts(part, schedule)
    per_machine = answer.replicas_per_machine
    replicas = counts.serving * per_machine
    planned = _planned_rate_per_s(part)
    capacity = answer.performance.rate_per_s.value * replicas
    return FleetPart(
        **shared,
        provider=platform.provider.id if platform.provider is not None else "",
        country=platform.country,
        offer_title=platform.title,
        device=platform.device.id,
        shares="" if draft.lane is None else draft.lane.words,
        deployment=deployment_summary(answer.performance.candidate),
        devices=counts.installed * platform.device_count,
        replicas=replicas,
        spares=counts.spares * per_machine,
        hosts=counts.installed * platform.hosts,
        headroom=capacity / planned - 1.0 if planned else None,
        performance=None
        if not replicas
        else performance(
            draft.asked.service,
            answer.performance,
            replicas,
            planned,
            float(schedule.utilisation.mean()) * max(counts.installed, 1) / max(counts.serving, 1),
            runs,
            curves=curves,
        ),
    )


def _bindings(part: PricedPart, central: Inputs, pricing: Pricing) -> list[Binding]:
    draft = part.draft
    if draft.platform is None or draft.answer is None or draft.answer.performance is None:
        return []
    replica = draft.answer.performance
    limit, relief = _BINDING.get(replica.goodput.binding, (replica.goodput.binding, ""))
    binds = [Binding(limit=limit, text=f"{draft.asked.workload.name}: {replica.goodput.reason}.", relief=relief)]
    schedule = part.schedule(central)
    assert schedule is not None
    counts = _counts(part, schedule)
    if counts.most > counts.installed:
        text = (
            f"Growth takes {counts.most} machines by the end of the horizon, from {counts.installed} in the first year."
        )
        binds.append(Binding(limit="growth", text=text))
    site, host = draft.platform.site, draft.platform.host
    if host is None or not isinstance(site, OwnedSite | ColoSite):
        return binds
    uses = [
        ("power", counts.most * host.power_peak_w / 1e3, None if site.power_w is None else site.power_w / 1e3, "kW"),
        ("space", counts.most * host.rack_units, site.rack_units, "rack units"),
    ]
    terms = part.serving.terms
    if site.budget is not None and isinstance(terms, OwnedTerms):
        bought = max(counts.most - terms.existing, 0) * terms.price
        uses.append(("budget", bought, pricing.money(site.budget), pricing.currency.code))
    for name, used, most, unit in uses:
        if most:
            binds.append(
                Binding(
                    limit=name,
                    text=f"{site.name}: {_plain(used)} of {_plain(most)} {unit} in use at most.",
                    used_share=used / most,
                )
            )
    return binds


def _plain(value: float) -> str:
    """Return a number with three significant digits and thousands separators, never in powers of ten."""
    return f"{float(f'{value:.3g}'):,.10g}"


def option_power(option: PricedOption, central: Inputs) -> Power:
    """Return electricity and carbon of machines of one's own; a provider's are not known to the catalogue."""
    mean_w = peak_w = carbon_kg = 0.0
    pue: float | None = None
    carbon: float | None = None
    tokens = 0.0
    for part in option.parts:
        terms, schedule = part.serving.terms, part.schedule(central)
        demand = part.serving.case_demand(1.0)
        tokens += float(np.asarray(demand.input_tokens)[:FIRST_YEAR_MONTHS].mean())
        tokens += float(np.asarray(demand.output_tokens)[:FIRST_YEAR_MONTHS].mean())
        if not isinstance(terms, OwnedTerms) or schedule is None:
            return Power()
        machines = _counts(part, schedule).installed
        drawn = (
            machines * (terms.idle_w + (terms.peak_w - terms.idle_w) * float(schedule.utilisation.mean())) * terms.pue
        )
        mean_w += drawn
        peak_w += machines * terms.peak_w * terms.pue
        pue = terms.pue
        if terms.carbon_g_per_kwh is not None:
            carbon = terms.carbon_g_per_kwh
            carbon_kg += drawn / 1e3 * HOURS_PER_MONTH * carbon / 1e3
    kwh = mean_w / 1e3 * HOURS_PER_MONTH
    mtok = tokens / 1e6
    known_carbon = carbon is not None
    return Power(
        power_mean_w=_about(mean_w, "W", 0.25),
        power_peak_w=_about(peak_w, "W", 0.10),
        energy_kwh_per_month=_about(kwh, "kWh/month", 0.25),
        energy_kwh_per_mtok=_about(kwh / mtok, "kWh/Mtok", 0.25) if mtok else None,
        carbon_kg_per_month=_about(carbon_kg, "kgCO2e/month", 0.30) if known_carbon else None,
        carbon_g_per_mtok=_about(carbon_kg * 1e3 / mtok, "gCO2e/Mtok", 0.30) if known_carbon and mtok else None,
        pue=pue,
        carbon_g_per_kwh=carbon,
    )


def _about(value: float, unit: str, spread: float) -> EstimateValue:
    """Return a value with an assumed spread: the power of a host between idle and peak is seldom known better."""
    return EstimateValue(
        value=value, low=value * (1.0 - spread), high=value * (1.0 + spread), unit=unit, basis=Basis.ASSUMED
    )


def _long_wait(part: PricedPart, central: Inputs) -> list[str]:
    """Return a warning where machines that have to be bought come later than the option goes live."""
    host = part.draft.platform.host if part.draft.platform is not None else None
    terms, live = part.serving.terms, part.serving.go_live_month
    if host is None or host.lead_time_months is None or not isinstance(terms, OwnedTerms):
        return []
    if host.lead_time_months <= live or installed_first_year(part, central) <= terms.existing:
        return []
    when = f"in month {live}" if live else "at once"
    months = host.lead_time_months
    wait = f"{months:.2g} months" if months >= 2.0 else f"{months * DAYS_PER_MONTH:.0f} days"
    return [
        f"{host.name} comes about {wait} after the order, and the plan counts on it {when}: "
        "until then rent, or buy tokens."
    ]


def _unmeasured(option: PricedOption) -> list[str]:
    """Return a warning for each way in which the speed of devices is known without a measurement of them."""
    bases: dict[str, Basis] = {}  # of each device the weakest where workloads differ
    for part in option.parts:
        platform, answer = part.draft.platform, part.draft.answer
        if platform is not None and platform.network is None and answer is not None and answer.performance is not None:
            basis = answer.performance.candidate.step.basis
            bases[platform.device.name] = weakest(basis, bases.get(platform.device.name, basis))
    by_origin: dict[str, list[str]] = {}
    for device, basis in bases.items():
        if basis not in (Basis.MEASURED, Basis.FITTED):
            by_origin.setdefault(_SPEED_FROM.get(basis, "extrapolated from devices like it"), []).append(device)
    return [
        f"No measurement of {', '.join(devices)} was at hand; the speed is {origin}: test before you sign."
        for origin, devices in by_origin.items()
    ]


_SPEED_FROM = {Basis.ASSUMED: "assumed", Basis.DATASHEET: "reckoned from a datasheet"}


def _warnings(part: PricedPart, scenario: Scenario, created: dt.date, central: Inputs) -> list[str]:
    draft, terms = part.draft, part.serving.terms
    found: list[str] = []
    age = price_age_days(terms.date, created)
    if age is not None and age > scenario.limits.price_age_days:
        found.append(f"The price of {_name(part)} is of {terms.date}: ask for a new quotation.")
    if draft.api is not None:
        found.append(
            "The latency of an API is the provider's affair: it is not predicted, so measure it before you sign."
        )
        if draft.api.country is None:
            found.append("The provider does not say in which country it serves this model.")
        if draft.api.model_id != draft.asked.model.id:
            found.append(f"It is another model ({draft.api.model_name}) than the scenario's.")
    replica = draft.answer.performance if draft.answer is not None else None
    if draft.platform is not None and (network := draft.platform.network) is not None:
        found.append(
            f"One replica spans {draft.platform.hosts} hosts with {network.bytes_per_s * 8e-9:,.0f} Gbit/s for each "
            f"device between them ({network.source}); switches and cables are not in the price. "
            "A spare is as many hosts."
        )
    if replica is not None:
        assert draft.platform is not None, "only machines have replicas"
        if draft.platform.network is not None:
            found.append("Nobody measured this replica over several hosts: its speed is assumed, test before you sign.")
        weights = replica.candidate.deployment.weights
        if weights.bytes_per_weight < 1.0 and weights != draft.asked.model.native_precision:
            found.append("Weights of fewer than 8 bits can change answers: check the quality on your own tasks.")
    found += _long_wait(part, central)
    site = draft.platform.site if draft.platform is not None else None
    if isinstance(site, CloudSite) and site.commitment is Commitment.SPOT:
        found.append("Spot instances can be taken away at any time; the spares are not meant for that.")
    if isinstance(terms, RentedTerms) and terms.switched:
        found.append("Instances are counted by the hour they are needed: somebody must switch them on and off.")
    return found


def price_age_days(date: str, today: dt.date) -> int | None:
    """Return how old a price of `date` (ISO, perhaps a year or a month only) is [day], None when it has no date."""
    parts = date.split("-") if date else []
    if not parts or not all(each.isdigit() for each in parts):
        return None
    year, month, day = (*(int(each) for each in parts), 12, 28)[:3] if len(parts) == 1 else (*map(int, parts), 28)[:3]
    try:
        return (today - dt.date(year, month, day)).days
    except ValueError:
        return None


def _name(part: PricedPart) -> str:
    draft = part.draft
    if draft.platform is not None:
        return draft.platform.title
    return draft.api.model_name if draft.api is not None else draft.offer_id
