"""The best mix, its prices and its proof as the plan publishes them; or the limits that no fleet can keep together."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from millwright.finance.figures import npv_cost
from millwright.fleet.optimum.problem import LATENCY, SPARES, Limit, Measure, Scarce, SiteLimit, TotalLimit, VendorLimit
from millwright.fleet.optimum.questions import Conflict as FoundConflict
from millwright.fleet.optimum.questions import FrontPoint as FoundPoint
from millwright.fleet.optimum.questions import LimitPrice
from millwright.fleet.optimum.solve import Fleet, Holding
from millwright.plan.costing import Inputs
from millwright.plan.minders import lcot
from millwright.plan.mix_costs import monthly_payment
from millwright.plan.mix_model import (
    Conflict,
    FrontPoint,
    LimitCost,
    Mix,
    MixFlow,
    MixPeriod,
    MixPurchase,
    MixSupply,
    Proof,
    ProofOfWorkload,
    WayOut,
)
from millwright.plan.mix_question import MONTHLY_COST, VENDOR_SHARE, MixQuestion
from millwright.plan.mix_supplies import LEAD_TIME, TEAM
from millwright.plan.mixed import BestMix
from millwright.plan.priced import PricedOption
from millwright.plan.terms import Pricing
from millwright.quantity import share_text
from millwright.scenario.model import Commitment

PerMonth = Callable[[float], float]
"""From a present cost to equal monthly payments."""

_UNLIMITED = 2.0
"""The highest multiple of the load that is tried in the simulation."""


def published_mix(
    mix: BestMix, prices: Sequence[LimitPrice], points: Sequence[FoundPoint], second: PricedOption | None,
    singles: Sequence[PricedOption], pricing: Pricing, central: Inputs,
) -> Mix:  # fmt: skip
    """Return the best mix as published; `singles` are the plan's other options, `second` the best that is a mix."""
    question, fleet, code = mix.question, mix.fleet, pricing.currency.code
    months = question.stages.months

    def per_month(present: float) -> float:
        return monthly_payment(present, central, months)

    cost = fleet.amounts().cost
    if mix.priced is not None:
        cost = float(np.asarray(npv_cost(mix.priced.case(central))))
    sentence, against = _verdict(mix, second, singles, central)
    return Mix(
        option_id=mix.option.id if mix.option is not None else None,
        sentence=sentence,
        objective=str(fleet.problem.measure),
        cost_per_month=per_month(cost),
        gap=min(fleet.gap, 1.0),
        supplies_looked_at=mix.looked_at,
        supplies_left_out=mix.left_out,
        against_single=against,
        periods=_periods(question),
        stage_months=question.stages.step,
        supplies=_supplies(question, fleet),
        purchases=_purchases(question, fleet),
        limit_costs=tuple(_limit_cost(price, code, per_month) for price in prices),
        front=tuple(_front_point(point, months, per_month) for point in points),
        proof=_proof(mix),
        warnings=_warnings(mix),
    )


def _verdict(
    mix: BestMix, second: PricedOption | None, singles: Sequence[PricedOption], central: Inputs
) -> tuple[str, float | None]:
    """Return the sentence that says what mixing is worth, and the share by which it costs more (less: below 0).

    Both sides are options of the plan, priced by the same items, people included, over the months that each serves, and
    compared by what a token costs; an offer of which a fact is missing is no measure for a fleet that is lawful.
    """
    if mix.priced is None:
        return "The cheapest mix is not counted: the team could not run it.", None
    lawful = [one for one in singles if one.verdict is mix.priced.verdict]
    rival = f"{_apart(mix)} that is known to be allowed" if len(lawful) < len(singles) else _apart(mix)
    best = min((lcot(one, central) for one in lawful), default=None)
    if mix.option is None:
        return _no_mix(None if second is None or best is None else lcot(second, central) / best - 1.0, rival)
    return _a_mix(mix, mix.option, best, rival, central)


def _no_mix(against: float | None, rival: str) -> tuple[str, float | None]:
    """Return the verdict where the best fleet is a single offer; `against` is what the best that is none costs more."""
    if against is None:
        return f"No mix beats the best {rival}, and none comes near it.", None
    more = f"costs {share_text(against, 1)} more" if against >= 0.0005 else "costs as much"
    best = "the best one in which no supply has more than nine tenths of the tokens"
    return f"No mix beats the best {rival}: {best} {more}.", against


def _a_mix(
    mix: BestMix, listed: PricedOption, best: float | None, rival: str, central: Inputs
) -> tuple[str, float | None]:
    """Return the verdict where the best fleet is an option of its own, `best` being the rival's [currency/Mtok]."""
    is_mix = len(mix.fleet.supplies) > 1
    if best is None:
        return f"Only {'a mix' if is_mix else listed.title} serves everything within the limits.", None
    cost, code, measure = lcot(listed, central), listed.currency.code, mix.fleet.problem.measure
    against = cost / best - 1.0
    what = "The mix" if is_mix else f"{listed.title}, held another way,"
    least = "" if measure is Measure.COST else f", being the fleet of least {measure}"
    sides = f"{cost:.3g} {code} per million tokens against {best:.3g}, people and all else counted alike"
    if against < 0.0:
        return f"{what} costs {share_text(-against, 1)} less than the best {rival}{least}: {sides}.", against
    more = f"costs {share_text(against, 1)} more than the best {rival}{least}: {sides}."
    return f"{what} {more}" if least else f"Mixing gains nothing here: the best mix {more}", against


def _apart(mix: BestMix) -> str:
    """Return what a mix is measured against, in words."""
    return "single offer" if len(mix.question.asked) == 1 else "way to serve each workload by one offer"


# --- what it is -------------------------------------------------------------------------------------------------


def _periods(question: MixQuestion) -> tuple[MixPeriod, ...]:
    problem = question.problem
    return tuple(
        MixPeriod(
            name=period.name,
            hours_per_week=float(question.week.hours[number]),
            peak_rate_per_s=float(sum(each.peak_per_s[0, number] for each in problem.classes)),
            mean_rate_per_s=float(sum(each.mean_per_s[0, number] for each in problem.classes)),
        )
        for number, period in enumerate(problem.periods)
    )


def _supplies(question: MixQuestion, fleet: Fleet) -> tuple[MixSupply, ...]:
    holdings = {each.machines.id: each for each in fleet.holdings}
    tokens = {each.id: each for each in fleet.problem.tokens}
    found = []
    for supply in fleet.supplies:
        holding = holdings.get(supply)
        entry = holding.machines if holding is not None else tokens[supply]
        found.append(
            MixSupply(
                id=supply,
                title=entry.title,
                site=entry.site,
                vendor=entry.vendor,
                held=_held(question, supply, holding),
                machines_by_stage=() if holding is None else tuple(int(n) for n in holding.counts.max(axis=1)),
                machines_by_period=() if holding is None else tuple(int(n) for n in holding.counts[0]),
                existing=0 if holding is None else holding.existing,
                serves=tuple(
                    MixFlow(requests=name, share_by_period=tuple(float(min(x, 1.0)) for x in fraction[0]))
                    for (each, name), fraction in fleet.routing.items()
                    if each == supply
                ),
            )
        )
    return tuple(found)


def _held(question: MixQuestion, supply: str, holding: Holding | None) -> str:
    if holding is None:
        return "tokens"
    commitment = question.sources[supply].commitment
    if commitment is not None:
        return str(commitment)
    return "there already" if holding.existing and not holding.bought() else "bought"


def _purchases(question: MixQuestion, fleet: Fleet) -> tuple[MixPurchase, ...]:
    """Return what to do when, in order of time: use what is there, buy, reserve; what is sold before the end."""
    found: list[MixPurchase] = []
    stages = question.stages
    for holding in fleet.holdings:
        common = {"supply": holding.machines.id, "title": holding.machines.title}
        if holding.existing:
            found.append(
                MixPurchase(
                    **common,
                    count=holding.existing,
                    action="use",
                    first_month=stages.start + 1,
                    last_month=stages.months,
                )
            )
        owned = question.sources[holding.machines.id].commitment is None
        for first, last, count in holding.bought():
            months = stages.span(first, last)
            found.append(
                MixPurchase(
                    **common,
                    count=count,
                    action="buy" if owned else "reserve",
                    first_month=months.start + 1,
                    last_month=months.stop,
                    sold=owned and last < len(stages) - 1,
                )
            )
    return tuple(sorted(found, key=lambda each: (each.first_month, each.action != "use", each.title)))


def _limit_cost(price: LimitPrice, code: str, per_month: PerMonth) -> LimitCost:
    saved = per_month(price.saved)
    what = " and ".join(price.labels)
    if price.saved <= 0.0:
        sentence = f"{what[:1].upper()}{what[1:]}: costs nothing, the best mix is the same without it."
    else:
        sentence = (
            f"{what[:1].upper()}{what[1:]}: {saved:,.0f} {code} a month, {share_text(price.share)} of the cost; "
            f"without it the best is {_in_short(price.fleet)}."
        )
    return LimitCost(limits=price.labels, per_month=saved, share=price.share, sentence=sentence)


def _in_short(fleet: Fleet) -> str:
    machines = [f"{int(each.counts.max())} × {each.machines.title}" for each in fleet.holdings]
    tokens = {each.id: each.title for each in fleet.problem.tokens}
    return " + ".join([*machines, *(tokens[each] for each in fleet.supplies if each in tokens)])


def _front_point(point: FoundPoint, months: int, per_month: PerMonth) -> FrontPoint:
    return FrontPoint(
        cost_per_month=per_month(point.amounts.cost),
        carbon_kg_per_month=point.amounts.carbon_kg / months,
        energy_kwh_per_month=point.amounts.energy_kwh / months,
        title=_in_short(point.fleet),
    )


def _proof(mix: BestMix) -> Proof | None:
    proved = mix.proved
    if not proved.kept:
        return None
    promised = {
        asked.workload.name: asked.service.slo.share for asked in mix.question.asked if asked.service.slo is not None
    }
    titles = {each.machines.id: each.machines.title for each in mix.fleet.holdings}
    workloads = []
    for name, kept in proved.kept.items():
        lost, worst = proved.worst.get(name, ("", None))
        workloads.append(
            ProofOfWorkload(
                workload=name,
                promised=promised[name],
                simulated=kept.attainment,
                after_a_loss=None if worst is None else worst.attainment,
                lost=titles.get(lost, ""),
                requests=kept.requests,
            )
        )
    return Proof(
        period=mix.question.problem.periods[proved.period].name,
        predicted_headroom=proved.predicted_headroom,
        simulated_headroom=min(proved.simulated_headroom, _UNLIMITED),
        workloads=tuple(workloads),
        kept=proved.holds,
        rounds=proved.rounds,
    )


def _warnings(mix: BestMix) -> tuple[str, ...]:
    found: list[str] = []
    if not mix.proved.holds:
        found.append(
            f"After {mix.proved.rounds} rounds the simulation still breaks a promise: take a machine more than it says."
        )
    sources = [mix.question.sources[each] for each in mix.fleet.supplies]
    if any(source.commitment is Commitment.SPOT for source in sources):
        found.append("A fifth of the spot instances may be away at the peak, by assumption: watch how often they go.")
    if any(source.draft.api is not None for source in sources):
        found.append("What goes to an API is not simulated: its latency is the provider's.")
    return tuple(found)


# --- conflicts --------------------------------------------------------------------------------------------------


def published_conflict(found: FoundConflict, question: MixQuestion, pricing: Pricing, central: Inputs) -> Conflict:
    """Return the limits in conflict as published, with what would have to give."""
    names = _listed([_name(label) for label in found.labels])
    if len(found.labels) == 1:
        sentence = f"No fleet keeps {names}, whatever else is given up."
    else:
        sentence = f"No fleet keeps {names} together; each of them alone could be kept."
    by_label = {limit.label: limit for limit in question.problem.limits}
    gives = dict(found.gives)
    ways = []
    for label in found.labels:
        limit, over = by_label.get(label), found.exceeded.get(label)
        least, unit = (None, "") if limit is None or over is None else _least(limit, over, pricing, central, question)
        ways.append(
            WayOut(limit=label, sentence=_way_out(label, gives.get(label), limit, least, unit), least=least, unit=unit)
        )
    return Conflict(limits=found.labels, sentence=sentence, ways_out=tuple(ways))


def _name(label: str) -> str:
    known = {
        SPARES: "the spare machines",
        LATENCY: "the limits on latency",
        MONTHLY_COST: "the limit on the cost per month",
        VENDOR_SHARE: "the largest share of one vendor",
        LEAD_TIME: "the limit on lead time",
        TEAM: "what the team can run",
    }
    return known.get(label, f"the {label}" if label[:1].islower() else label)


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _least(limit: Limit, over: float, pricing: Pricing, central: Inputs, question: MixQuestion) -> tuple[float, str]:
    """Return what a limit in figures would have to be at least, in the unit it is written in."""
    match limit:
        case SiteLimit():
            most = limit.most * (1.0 + over)
            scale, unit = {
                Scarce.POWER: (1e-3, "kW"),
                Scarce.SPACE: (1.0, "rack units"),
                Scarce.BUDGET: (1.0, pricing.currency.code),
            }[limit.scarce]
            return most * scale, unit
        case TotalLimit():
            return monthly_payment(limit.most * (1.0 + over), central, question.stages.months), pricing.currency.code
        case VendorLimit():
            return min(limit.most_share * (1.0 + over), 1.0) * 100.0, "%"


def _way_out(label: str, fleet: Fleet | None, limit: Limit | None, least: float | None, unit: str) -> str:
    name = _name(label)
    name = f"{name[:1].upper()}{name[1:]}"
    serves = f" Then {_in_short(fleet)} would do." if fleet is not None else ""
    if limit is not None and least is not None:
        return f"{name} would have to be {_figure(least)} {unit} or more.{serves}"
    if fleet is None:
        return f"{name} given up alone does not suffice, or was not answered in time."
    return f"{name} would have to be given up.{serves}"


def _figure(value: float) -> str:
    """Return a number rounded up in its third digit: a limit at that figure is wide enough."""
    if value <= 0.0:
        return "0"
    digits = 10.0 ** (np.floor(np.log10(value)) - 2)
    return f"{np.ceil(value / digits - 1e-9) * digits:,.10g}"
