"""Options as they are published: the fleet in whole machines, its settings, what binds."""

from __future__ import annotations

import datetime as dt

from millwright.law.facts import in_words
from millwright.law.kleene import Verdict as LawVerdict
from millwright.plan.cautions import unmeasured, warnings_of_part
from millwright.plan.costing import Inputs, OwnedTerms
from millwright.plan.counted import MachineCounts, installed_first_year, planned_load, planned_rate_per_s
from millwright.plan.crew import Crew
from millwright.plan.jobs import published_jobs
from millwright.plan.lawful import published as published_law
from millwright.plan.model import Binding, Cost, FleetPart, Option
from millwright.plan.people_view import published_people
from millwright.plan.performance import Runs, deployment_summary, performance
from millwright.plan.pool import PoolPart
from millwright.plan.power import option_power
from millwright.plan.priced import PricedOption, PricedPart
from millwright.plan.speculation_effect import in_words as draft_in_words
from millwright.plan.speculation_effect import plain_effect, plain_part, speculation_summary
from millwright.plan.terms import Pricing
from millwright.plan.workload_costs import workload_costs
from millwright.scenario.model import ColoSite, OwnedSite, Scenario

_BINDING = {
    "ttft_s": ("TTFT", "A looser TTFT, or more tensor parallelism, would let each replica take more."),
    "tpot_s": ("TPOT", "A looser TPOT would let each replica take more."),
    "e2e_s": ("E2E", "A looser limit on the whole request would let each replica take more."),
    "capacity": ("throughput", "The device itself is the limit: only more or faster devices help."),
    "sharing": ("sharing", "Machines of its own would let it take more."),
    "refused": ("context", "Requests longer than the context that fits are refused."),
}


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
        warnings += warnings_of_part(part, scenario, created, central)
    warnings += unmeasured(option)
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
    counts = MachineCounts.of(part, schedule)
    per_machine = answer.replicas_per_machine
    replicas = counts.serving * per_machine
    planned = planned_rate_per_s(part)
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
    counts = MachineCounts.of(part, schedule)
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
