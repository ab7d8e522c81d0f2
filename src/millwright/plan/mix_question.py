"""The mixed fleet as a question about this scenario: its requests in classes, its drafts as supplies, its limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from millwright.fleet.optimum.problem import (
    Amounts,
    Charge,
    Limit,
    Measure,
    MixProblem,
    Period,
    RequestClass,
    Scarce,
    SiteLimit,
    TotalLimit,
    VendorLimit,
)
from millwright.fleet.periods import Periods, typical_week
from millwright.fleet.slices import Slice, slices
from millwright.plan.costing import Inputs
from millwright.plan.demand import WorkloadDemand
from millwright.plan.draft import Draft
from millwright.plan.minders import Minders, levels
from millwright.plan.mix_costs import Stages, monthly_payment
from millwright.plan.mix_supplies import AskedSlice, Source, Supplies
from millwright.plan.terms import Pricing
from millwright.scenario.model import ColoSite, OwnedSite

MONTHLY_COST = "cost per month"
VENDOR_SHARE = "share of one vendor"


@dataclass(frozen=True)
class MixQuestion:
    """The problem, and what its classes and supplies stand for."""

    problem: MixProblem
    stages: Stages
    week: Periods
    classes: Mapping[str, AskedSlice]
    sources: Mapping[str, Source]
    asked: tuple[WorkloadDemand, ...]


def mix_question(
    asked: Sequence[WorkloadDemand],
    drafts: Sequence[Draft],
    pricing: Pricing,
    inputs: Inputs,
    minders: Minders = Minders(),  # noqa: B008
    by_lanes: Sequence[Sequence[Draft]] = (),
) -> MixQuestion:
    """Return the question that the scenario asks of `drafts`: those found, and those set aside for law or latency.

    A draft without an answer of the search, or whose price nobody knows, is left out. The `minders` say what people
    cost with each draft, and when it goes live. Each of `by_lanes` are the drafts of workloads that share machines.
    """
    stages = Stages.of(asked[0].tokens.months, minders.start)
    week = typical_week(np.stack([each.profile.hourly for each in asked]))
    classes = [
        AskedSlice(_class_name(one, piece), one, piece)
        for one in asked
        for piece in _whole(slices(one.service, one.workload.length_classes), one)
    ]
    supplies = Supplies(classes, stages, pricing, inputs, minders)
    for draft in drafts:
        supplies.add(draft)
    for group in by_lanes:
        supplies.add_shared(group)
    problem = MixProblem(
        stages=len(stages),
        periods=tuple(
            Period(_period_name(number, int(hours)), share)
            for number, (hours, share) in enumerate(zip(week.hours, week.shares, strict=True))
        ),
        classes=tuple(_request_class(each, stages, week) for each in classes),
        machines=tuple(supplies.machines.values()),
        tokens=tuple(supplies.tokens.values()),
        limits=tuple(_limits(pricing, inputs, stages)),
        charges=tuple(_charges({key: minders.cost(source.draft) for key, source in supplies.sources.items()})),
        spares=pricing.scenario.limits.spares,
    )
    return MixQuestion(problem, stages, week, {each.name: each for each in classes}, supplies.sources, tuple(asked))


# --- demand -----------------------------------------------------------------------------------------------------


def _whole(pieces: Sequence[Slice], asked: WorkloadDemand) -> list[Slice]:
    """Return slices of a sample with lengths in proportion, so that all together have the tokens that are asked for."""
    tokens_in = asked.tokens.input_tokens_per_request / sum(each.share * each.input_tokens for each in pieces)
    drawn_out = sum(each.share * each.output_tokens for each in pieces)
    tokens_out = asked.tokens.output_tokens_per_request / drawn_out if drawn_out else 1.0
    return [
        replace(each, input_tokens=each.input_tokens * tokens_in, output_tokens=each.output_tokens * tokens_out)
        for each in pieces
    ]


def _class_name(asked: WorkloadDemand, piece: Slice) -> str:
    return f"{asked.workload.name}, {piece.title}" if piece.title else asked.workload.name


def _period_name(number: int, hours: int) -> str:
    names = ("busiest", "busy", "middling", "quiet", "quietest")
    return f"{names[min(number, len(names) - 1)]} {hours} h"


def _request_class(each: AskedSlice, stages: Stages, week: Periods) -> RequestClass:
    profile = each.asked.profile
    peak, mean = week.peak(profile.carried), week.mean(profile.hourly)
    rates = [profile.mean_rate_per_s[stages.span(s, s)] for s in range(len(stages))]
    return RequestClass(
        name=each.name,
        workload=each.asked.workload.name,
        peak_per_s=np.stack([month.max() * peak * each.slice.share for month in rates]),
        mean_per_s=np.stack([month.mean() * mean * each.slice.share for month in rates]),
        tokens_per_request=each.slice.input_tokens + each.slice.output_tokens,
    )


# --- limits and people ------------------------------------------------------------------------------------------


def _limits(pricing: Pricing, inputs: Inputs, stages: Stages) -> Iterator[Limit]:
    """Give the scenario's limits in figures, each by its name."""
    scenario = pricing.scenario
    for site in scenario.sites:
        if not isinstance(site, OwnedSite | ColoSite):
            continue
        if site.power_w is not None:
            yield SiteLimit(f"power of {site.name}", site.name, Scarce.POWER, site.power_w)
        if site.rack_units is not None:
            yield SiteLimit(f"space of {site.name}", site.name, Scarce.SPACE, site.rack_units)
        if site.budget is not None:
            yield SiteLimit(f"budget of {site.name}", site.name, Scarce.BUDGET, pricing.money(site.budget))
    if scenario.limits.max_monthly_cost is not None:
        most = pricing.money(scenario.limits.max_monthly_cost)
        yield TotalLimit(MONTHLY_COST, Measure.COST, most / monthly_payment(1.0, inputs, stages.months))
    if scenario.limits.max_vendor_share is not None:
        yield VendorLimit(VENDOR_SHARE, scenario.limits.max_vendor_share)


def _charges(people: Mapping[str, float]) -> Iterator[Charge]:
    """Give what `people` cost by supply, in steps: what takes the most of them decides, whatever else there is."""
    paid = 0.0
    for level in levels(people.values()):
        if level > paid:
            dear = frozenset(key for key, cost in people.items() if cost > paid)
            yield Charge("people", Amounts(cost=level - paid), dear)
            paid = level
