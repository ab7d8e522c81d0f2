"""From drafts to options in order: priced, joined, held against every limit, and ranked."""

from __future__ import annotations

from collections.abc import Sequence

from millwright.finance.cash_flow import cash_flow
from millwright.finance.discounting import annuity_factor, monthly_rate
from millwright.finance.distributions import UncertainInput
from millwright.finance.figures import npv_cost
from millwright.law.kleene import Verdict
from millwright.plan.costing import Inputs
from millwright.plan.crew import Crew, staffed
from millwright.plan.demand import WorkloadDemand
from millwright.plan.draft import Draft
from millwright.plan.model import Kind, RefusalReason, RefusedOption, Stage
from millwright.plan.money import Odds
from millwright.plan.power import option_power
from millwright.plan.priced import PricedOption, PricedPart, join, price_draft, refused_option, site_limits_broken
from millwright.plan.refusals import refusal
from millwright.plan.sovereign import Sovereigns
from millwright.plan.terms import Pricing
from millwright.plan.uncertain import uncertain_inputs
from millwright.plan.vendor_share import vendor_share_broken
from millwright.scenario.model import Finance, Objective

DETAILED_OPTIONS = 6
"""Leading options that get latency curves and demand curves; each kind's best option gets them too."""


def feasible_options(
    asked: Sequence[WorkloadDemand],
    found: Sequence[Draft],
    pricing: Pricing,
    central: Inputs,
    refused: list[RefusedOption],
    crew: Crew | None = None,
) -> list[PricedOption]:
    """Return the options that `found` add up to and that keep every limit; what does not is added to `refused`.

    With a `crew`, what it cannot run is refused too, and the others carry its costs and its date.
    """
    parts: dict[str, list[PricedPart]] = {each.workload.name: [] for each in asked}
    for draft in found:
        part = price_draft(draft, pricing, pricing.scenario.limits.spares)
        if isinstance(part, RefusedOption):
            refused.append(part)
        elif broken := site_limits_broken([part], central, pricing):
            refused.append(refusal(draft, broken))
        else:
            parts[draft.asked.workload.name].append(part)
    return staffed_within_limits(_joined(parts, pricing, central), pricing, central, refused, crew)


def staffed_within_limits(
    options: list[PricedOption], pricing: Pricing, central: Inputs, refused: list[RefusedOption], crew: Crew | None
) -> list[PricedOption]:
    """Return the options that people can run (with a `crew`) and that keep the limits; refuse the others."""
    if crew is not None:
        options = staffed(options, crew, pricing, central, refused)
    return _within_limits(options, central, pricing, refused)


def uncertain_inputs_of(options: Sequence[PricedOption], finance: Finance) -> tuple[UncertainInput, ...]:
    """Return the uncertain inputs of `options`: the common ones, each device's capacity, each provider's prices."""
    devices = sorted({p.draft.platform.device.id for o in options for p in o.parts if p.draft.platform is not None})
    providers = sorted({provider for o in options for p in o.parts if (provider := p.provider_id)})
    return uncertain_inputs(finance, devices, providers)


def _joined(parts: dict[str, list[PricedPart]], pricing: Pricing, central: Inputs) -> list[PricedOption]:
    if not all(parts.values()):
        return []
    alone = join({"": [part for each in parts.values() for part in each]}, pricing, {})
    present_cost = {id(option.parts[0]): float(npv_cost(option.case(central))) for option in alone}
    return join(parts, pricing, present_cost)


def _within_limits(
    options: Sequence[PricedOption], central: Inputs, pricing: Pricing, refused: list[RefusedOption]
) -> list[PricedOption]:
    """Return the options that as a whole keep the limits of sites, vendors and months; refuse the others."""
    kept: list[PricedOption] = []
    for option in options:
        reasons = [
            *site_limits_broken(option.parts, central, pricing),
            *vendor_share_broken(option.parts, pricing.scenario.limits.max_vendor_share),
            *_above_monthly_limit(option, central, pricing),
        ]
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


def in_order(
    options: Sequence[PricedOption], odds: Odds | None, objective: Objective, central: Inputs, sovereigns: Sovereigns
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
            case Objective.SOVEREIGNTY:  # by what is known: a fact that is missing counts for nothing
                return -sovereigns.sovereignty([part.draft for part in option.parts]).score.low
            case Objective.LCOT:
                return 0.0  # the cost per token decides wherever the objective does not

    def order(option: PricedOption) -> tuple[bool, float, float, str]:
        lcot = float(odds.central[option.id].lcot_per_mtok)
        return option.verdict is not Verdict.YES, figure(option), lcot, option.id

    return sorted(options, key=order)


def _capex(option: PricedOption, central: Inputs) -> float:
    flow = cash_flow(option.case(central))
    until = option.go_live_month + 1
    return float(sum(line.amounts[:until].sum() for line in flow.lines if line.kind == "capital"))


def _energy(option: PricedOption, central: Inputs, *, carbon: bool = False) -> float:
    """Return energy or carbon per token in any scale; infinite where a provider's is not known."""
    power = option_power(option, central)
    figure = power.carbon_g_per_mtok if carbon else power.energy_kwh_per_mtok
    return float("inf") if figure is None else figure.value


def rivals_of_all(ranked: Sequence[PricedOption]) -> list[PricedOption]:
    """Return what every option is measured against: the best API and the best cloud, where there is one."""
    best_of = (next((option for option in ranked if option.kind is kind), None) for kind in (Kind.API, Kind.CLOUD))
    return [option for option in best_of if option is not None]


def detailed_options(ranked: Sequence[PricedOption], leading: int = DETAILED_OPTIONS) -> set[str]:
    """Return the ids of the options that are described in full: the `leading` ones, and each kind's best."""
    chosen = {option.id for option in ranked[:leading]}
    seen: set[Kind] = set()
    for option in ranked:
        if option.kind not in seen:
            seen.add(option.kind)
            chosen.add(option.id)
    return chosen
