"""Options before they are published: drafts joined into whole answers to the scenario, with terms and sizes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from millwright.catalog.host import Host
from millwright.finance.case import CostCase
from millwright.finance.figures import npv_cost, present_tokens
from millwright.fleet.sizing import MachineSchedule
from millwright.law.kleene import Verdict
from millwright.plan.costing import (
    Capacity,
    CrewTerms,
    Currency,
    Inputs,
    OwnedTerms,
    RentedTerms,
    ServingPart,
    StaffTerms,
    cost_case,
)
from millwright.plan.draft import Draft
from millwright.plan.model import Kind, RefusalReason, RefusedOption, Stage
from millwright.plan.placed_job import PlacedJob
from millwright.plan.refusals import refusal
from millwright.plan.terms import Pricing
from millwright.plan.together import cheapest_that_fits
from millwright.plan.uncertain import central_inputs
from millwright.plan.vendor_share import vendor_share_broken
from millwright.scenario.model import CloudSite, ColoSite, Limits, OwnedSite
from millwright.spans import DAYS_PER_MONTH


@dataclass(frozen=True)
class PricedPart:
    """One draft with its terms and capacity."""

    draft: Draft
    serving: ServingPart

    @property
    def provider_id(self) -> str:
        """Who sells it; empty for machines of one's own."""
        return self.draft.provider_id

    def schedule(self, inputs: Inputs, demand_factor: float = 1.0) -> MachineSchedule | None:
        """Return its machines over the horizon, None for an API."""
        return self.serving.schedule(inputs, demand_factor)


@dataclass(frozen=True)
class PricedOption:
    """One way to serve the whole scenario: a part for each workload."""

    id: str
    title: str
    kind: Kind
    parts: tuple[PricedPart, ...]
    staff: StaffTerms | CrewTerms
    currency: Currency
    jobs: tuple[PlacedJob, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The worst legal verdict of its parts: yes or unknown (no is refused before)."""
        verdicts = {part.draft.law.verdict for part in self.parts}
        return Verdict.UNKNOWN if Verdict.UNKNOWN in verdicts else Verdict.YES

    @property
    def go_live_month(self) -> int:
        """The month from which it serves; 0: at once."""
        return max(part.serving.go_live_month for part in self.parts)

    def case(self, inputs: Inputs, demand_factor: float = 1.0) -> CostCase:
        """Return its cost case under `inputs`, at a multiple of the stated demand."""
        serving = tuple(part.serving for part in self.parts)
        case = cost_case(self.title, self.currency, serving, self.staff, inputs, demand_factor)
        if not self.jobs:
            return case
        return replace(case, items=(*case.items, *(job.item(inputs, case.horizon_months) for job in self.jobs)))


def costs_over_demand(
    option: PricedOption, central: Inputs, multiples: Sequence[float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return present cost [currency] and present tokens at each multiple of the stated demand, shape (multiples,).

    The multiples stand where draws would: one pass through the cost case serves them all.
    """
    column = np.asarray(multiples, dtype=np.float64)[:, None]
    case = option.case(replace(central, planned_demand=central.planned_demand * column))
    shape = (len(column),)
    costs, tokens = np.broadcast_to(npv_cost(case), shape), np.broadcast_to(present_tokens(case), shape)
    return np.array(costs), np.array(tokens)


def price_draft(draft: Draft, pricing: Pricing, spares: int) -> PricedPart | RefusedOption:
    """Return `draft` with its terms, or its refusal when no price is known."""
    demand = draft.asked.tokens
    if draft.api is not None:
        return PricedPart(draft, ServingPart(demand, pricing.api(draft.api, draft.asked.is_batch), None, 0))
    platform, answer = draft.platform, draft.answer
    assert platform is not None
    assert answer is not None
    assert answer.performance is not None
    capacity = Capacity(
        platform.device.id,
        answer.machine_rate_per_s,
        answer.performance.log_sigma,
        answer.performance.log_sigma_below,
        answer.sure_machine_rate_per_s,
    )
    terms: OwnedTerms | RentedTerms | None
    if platform.host is not None and isinstance(platform.site, OwnedSite | ColoSite):
        terms = pricing.owned(platform.host, platform.site, platform.hosts)
    else:
        assert platform.cloud is not None
        assert isinstance(platform.site, CloudSite)
        terms = pricing.rented(platform.cloud, platform.site.commitment, platform.hosts)
        if terms is None:
            commitment = platform.site.commitment
            reason = RefusalReason(
                stage=Stage.CATALOGUE,
                summary=f"no {commitment} price is known",
                text=f"the catalogue has no {commitment} price of {platform.title}",
            )
            return refusal(draft, [reason])
    return PricedPart(draft, ServingPart(demand, terms, capacity, spares))


def site_limits_broken(parts: Sequence[PricedPart], inputs: Inputs, pricing: Pricing) -> list[RefusalReason]:
    """Return which limits of their sites `parts` break together at their largest: power, space, budget."""
    reasons: list[RefusalReason] = []
    for name in dict.fromkeys(part.draft.site_name for part in parts):
        here = [part for part in parts if part.draft.site_name == name]
        site = here[0].draft.platform.site if here[0].draft.platform is not None else None
        if isinstance(site, OwnedSite | ColoSite):
            reasons += _broken_at(site, [_machines_at_most(part, inputs) for part in here], pricing)
    return reasons


@dataclass(frozen=True)
class _Machines:
    """Machines of one kind at their most, each of `hosts_each` hosts, with what is there already."""

    machines: int
    host: Host
    terms: OwnedTerms
    hosts_each: int = 1

    @property
    def count(self) -> int:
        """Hosts in all."""
        return self.machines * self.hosts_each

    @property
    def there(self) -> int:
        """Hosts that are there already and can be used."""
        return self.terms.existing * self.hosts_each

    @property
    def purchase(self) -> float:
        """What has to be bought [currency]."""
        return max(self.machines - self.terms.existing, 0) * self.terms.price


def _machines_at_most(part: PricedPart, inputs: Inputs) -> _Machines:
    schedule, platform, terms = part.schedule(inputs), part.draft.platform, part.serving.terms
    assert schedule is not None
    assert platform is not None
    assert platform.host is not None
    assert isinstance(terms, OwnedTerms)
    return _Machines(int(schedule.installed.max()), platform.host, terms, platform.hosts)


def _broken_at(site: OwnedSite | ColoSite, machines: Sequence[_Machines], pricing: Pricing) -> list[RefusalReason]:
    machines = [each for each in machines if each.count]  # guests on shared machines bring none
    what = " and ".join(f"{each.count} × {each.host.name}" for each in machines)
    reasons: list[RefusalReason] = []
    buyable = None if site.hosts is None else {pricing.catalog.host(name).id for name in site.hosts}
    for each in machines:
        if buyable is not None and each.host.id not in buyable and each.count > each.there:
            text = (
                f"{each.count} × {each.host.name} are needed, spares included; there are {each.there}, "
                f"and {site.name} may buy other hosts only"
            )
            if each.count - each.there <= pricing.scenario.limits.spares:
                text += " (`limits: {spares: 0}` plans without a spare)"
            reasons.append(
                RefusalReason(stage=Stage.SITE, summary="more than are there, and none may be bought", text=text)
            )
        if (late := too_late(each.host, pricing.scenario.limits)) and each.count > each.there:
            reasons.append(RefusalReason(stage=Stage.SITE, summary="comes too late", text=late))
    power_w = sum(each.count * each.host.power_peak_w for each in machines)
    if site.power_w is not None and power_w > site.power_w:
        text = f"{what} draw up to {power_w / 1e3:,.1f} kW, and {site.name} has {site.power_w / 1e3:,.1f} kW"
        reasons.append(RefusalReason(stage=Stage.POWER, summary="more power than the site has", text=text))
    space = sum(each.count * each.host.rack_units for each in machines)
    if site.rack_units is not None and space > site.rack_units:
        text = f"{what} take {space:g} rack units, and {site.name} has {site.rack_units:g}"
        reasons.append(RefusalReason(stage=Stage.SPACE, summary="more space than the site has", text=text))
    if site.budget is not None:
        budget, purchase = pricing.money(site.budget), sum(each.purchase for each in machines)
        if purchase > budget:
            code = pricing.currency.code
            text = f"{what} cost {purchase:,.0f} {code}, and the budget of {site.name} is {budget:,.0f} {code}"
            reasons.append(RefusalReason(stage=Stage.BUDGET, summary="above the site's budget", text=text))
    return reasons


_ROUNDING = 1e-9
"""A delivery that is late by rounding alone is in time."""


def too_late(host: Host, limits: Limits) -> str:
    """Return why a host that has to be bought comes too late, empty where it comes in time or nobody says."""
    most, wait = limits.lead_time_days, host.lead_time_months
    if most is None or wait is None or wait * DAYS_PER_MONTH <= most * (1.0 + _ROUNDING):
        return ""
    return f"{host.name} comes about {wait * DAYS_PER_MONTH:.0f} days after the order, and `lead_time` is {most:g} days"


def join(
    parts_by_workload: Mapping[str, Sequence[PricedPart]],
    pricing: Pricing,
    present_cost: Mapping[int, float],
) -> list[PricedOption]:
    """Return the options: each serves every workload.

    With one workload each part is an option. With several, parts are joined where they belong together: the same
    offer for all, the cheapest of one site, and the cheapest of all; `present_cost` is by `id` of the part. Where the
    cheapest break a limit of their site or on vendors together, the cheapest that keep it are joined beside them.
    """
    names = list(parts_by_workload)
    central = central_inputs(pricing.scenario.finance)
    if len(names) == 1:
        return _with_unique_ids([option_of((part,), pricing) for part in parts_by_workload[names[0]]])
    joined: dict[tuple[int, ...], tuple[PricedPart, ...]] = {}

    def add(choice: Sequence[PricedPart | None]) -> None:
        if all(part is not None for part in choice):
            whole = tuple(part for part in choice if part is not None)
            joined.setdefault(tuple(id(part) for part in whole), whole)

    def cheapest(parts: Sequence[PricedPart]) -> PricedPart | None:
        return min(parts, key=lambda part: present_cost[id(part)], default=None)

    def keeps(parts: tuple[PricedPart, ...]) -> bool:
        most = pricing.scenario.limits.max_vendor_share
        if vendor_share_broken(parts, most):
            return False
        return not site_limits_broken(_each_machine_once(parts, central), central, pricing)

    def add_cheapest(choices: Sequence[Sequence[PricedPart]]) -> None:
        add([cheapest(parts) for parts in choices])
        within = cheapest_that_fits(choices, lambda part: present_cost[id(part)], keeps)
        if within is not None:
            add(within)

    everything = [part for parts in parts_by_workload.values() for part in parts]
    add_cheapest([parts_by_workload[name] for name in names])
    lawful = {
        name: [part for part in parts if part.draft.law.verdict is Verdict.YES]
        for name, parts in parts_by_workload.items()
    }
    add_cheapest([lawful[name] for name in names])
    for site in dict.fromkeys(part.draft.site_name for part in everything):
        add_cheapest([[part for part in parts_by_workload[name] if part.draft.site_name == site] for name in names])
    for offer in dict.fromkeys(part.draft.where for part in everything):
        same = {name: [p for p in parts_by_workload[name] if p.draft.where == offer] for name in names}
        add([cheapest(same[name]) for name in names])
    providers = {(part.draft.site_name, part.provider_id) for part in everything if part.provider_id}
    for where in sorted(providers):
        add(
            [
                cheapest([p for p in parts_by_workload[name] if (p.draft.site_name, p.provider_id) == where])
                for name in names
            ]
        )
    return _with_unique_ids([option_of(whole, pricing) for whole in joined.values()])


def refused_option(option: PricedOption, reasons: Sequence[RefusalReason]) -> RefusedOption:
    """Return the whole of `option` as refused for `reasons`."""
    first = refusal(option.parts[0].draft, reasons)
    if len(option.parts) == 1:
        return first
    workloads = ", ".join(part.draft.asked.workload.name for part in option.parts)
    sites = ", ".join(dict.fromkeys(part.draft.site_name for part in option.parts))
    changes = {"title": option.title, "kind": option.kind, "workload": workloads, "site": sites, "settings": ""}
    return first.model_copy(update=changes)


def _each_machine_once(parts: tuple[PricedPart, ...], inputs: Inputs) -> tuple[PricedPart, ...]:
    """Return `parts` with the machines that are there already shared out among those that use the same kind."""
    users: dict[tuple[str, str], list[int]] = {}
    for index, part in enumerate(parts):
        if isinstance(part.serving.terms, OwnedTerms) and part.serving.terms.existing:
            users.setdefault(part.draft.where, []).append(index)
    shared = list(parts)
    for indices in users.values():
        if len(indices) == 1:
            continue
        left = _machines_at_most(parts[indices[0]], inputs).terms.existing
        for index in indices:
            machines = _machines_at_most(parts[index], inputs)
            mine = left if index == indices[-1] else min(left, machines.machines)
            left -= mine
            serving = replace(parts[index].serving, terms=replace(machines.terms, existing=mine))
            shared[index] = replace(parts[index], serving=serving)
    return tuple(shared)


def option_of(parts: tuple[PricedPart, ...], pricing: Pricing) -> PricedOption:
    """Return the option that serves the whole scenario by these parts, with the people that their kinds take."""
    parts = _each_machine_once(parts, central_inputs(pricing.scenario.finance))
    kinds = frozenset(part.draft.kind for part in parts)
    titles = list(dict.fromkeys(_title(part, pricing) for part in parts))
    return PricedOption(
        id=_slug("-".join(dict.fromkeys(f"{part.draft.site_name} {part.draft.offer_id}" for part in parts))),
        title=" + ".join(titles),
        kind=next(iter(kinds)) if len(kinds) == 1 else Kind.MIXED,
        parts=parts,
        staff=pricing.staff(kinds),
        currency=pricing.currency,
    )


def _title(part: PricedPart, pricing: Pricing) -> str:
    draft = part.draft
    if draft.api is not None:
        return f"{pricing.catalog.provider(draft.api.provider_id).name} API ({draft.api.model_name})"
    assert draft.platform is not None
    return ", ".join(filter(None, (draft.platform.machine_title, draft.other_model)))


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-")


def _with_unique_ids(options: list[PricedOption]) -> list[PricedOption]:
    seen: dict[str, int] = {}
    unique: list[PricedOption] = []
    for option in options:
        seen[option.id] = seen.get(option.id, 0) + 1
        count = seen[option.id]
        unique.append(option if count == 1 else replace(option, id=f"{option.id}-{count}"))
    return unique
