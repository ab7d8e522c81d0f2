"""What each workload takes of an option's cost: its machines or tokens, per month and per million requests.

A blended price per million tokens says little where a vector or a score is the result. Machines that several workloads
share are divided by the machine time that each takes; people and what else belongs to the whole are left out.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from millwright.finance.case import CostCase
from millwright.finance.discounting import discount_factors, present_value
from millwright.finance.figures import npv_cost
from millwright.finance.running_costs import at_month_ends
from millwright.plan.costing import Inputs
from millwright.plan.option_model import WorkloadCost
from millwright.plan.pool import PoolPart
from millwright.plan.priced import PricedOption, PricedPart
from millwright.plan.shared_part import SharedPart
from millwright.scenario.workload import WorkloadKind

REQUESTS = 1e6
"""Requests that a price is told for."""


def workload_costs(option: PricedOption, central: Inputs) -> tuple[WorkloadCost, ...]:
    """Return the present cost of each workload's machines and tokens, as a flat price of its requests.

    In the option's currency; the price that pays for them over the horizon, as the LCOT does for tokens.
    """
    cost: dict[str, float] = {}
    requests: dict[str, float] = {}
    for part in option.parts:
        name = part.draft.asked.workload.name
        case = _case(option, part, central)
        factors = discount_factors(case.nominal_discount_rate_per_y, case.horizon_months)
        present = float(present_value(at_month_ends(case.demand.requests, case.horizon_months), factors))
        requests[name] = requests.get(name, 0.0) + present
        if not case.items:
            continue
        paid = float(np.asarray(npv_cost(case)))
        for user, share in _users(option, part):
            cost[user] = cost.get(user, 0.0) + paid * share
    return tuple(
        WorkloadCost(
            workload=name,
            npv=cost.get(name, 0.0),
            per_million_requests=cost.get(name, 0.0) / served * REQUESTS if served > 0.0 else None,
        )
        for name, served in requests.items()
    )


def price_per_request(option: PricedOption, central: Inputs) -> str:
    """Return what a million requests of each workload cost, as a sentence; empty where all of them generate text."""
    asked = {part.draft.asked.workload.name: part.draft.asked for part in option.parts}
    if not any(each.workload.kind.one_pass for each in asked.values()):
        return ""
    told: list[str] = []
    for each in workload_costs(option, central):
        items, kind = asked[each.workload].pattern.items, asked[each.workload].workload.kind
        what = "candidates" if kind is WorkloadKind.RECOMMEND else "texts"
        of = f" (of {items:,} {what} each)" if items > 1 else ""
        if each.per_million_requests is not None:
            told.append(f"{each.workload}{of} {_figure(each.per_million_requests)} {option.currency.code}")
    counted = any(each.workload.kind is WorkloadKind.RECOMMEND for each in asked.values())
    note = " A candidate counts as a token." if counted else ""
    return f" Per million requests, people left out: {', '.join(told)}.{note}" if told else ""


def _figure(value: float) -> str:
    """Return a price with three significant digits."""
    return f"{float(f'{value:.3g}'):,.10g}"


def _case(option: PricedOption, part: PricedPart, central: Inputs) -> CostCase:
    return CostCase(
        name=option.title,
        currency=option.currency.code,
        horizon_months=part.serving.demand.months,
        nominal_discount_rate_per_y=central.discount_rate_per_y,
        inflation_per_y=central.inflation_per_y,
        demand=part.serving.case_demand(central.demand_multiple()),
        items=tuple(part.serving.items(central)),
    )


def _users(option: PricedOption, part: PricedPart) -> Iterator[tuple[str, float]]:
    """Give the workloads on the machines of `part` and the share of the machine time in use that each takes."""
    pool = part.serving
    together = [part]
    if isinstance(pool, PoolPart):
        together += [
            other
            for other in option.parts
            if isinstance(other.serving, PoolPart) and other.serving.guest and other.serving.counts is pool.counts
        ]
    elif isinstance(pool, SharedPart):
        lanes = {id(lane) for lane in pool.lanes}
        together += [
            other
            for other in option.parts
            if other is not part and isinstance(other.serving, SharedPart) and id(other.serving.lanes[0]) in lanes
        ]
    if len(together) == 1:
        yield part.draft.asked.workload.name, 1.0
        return
    takes = [each.serving.mean_machines() for each in together if isinstance(each.serving, PoolPart | SharedPart)]
    total = sum(takes)
    for each, mine in zip(together, takes, strict=True):
        yield each.draft.asked.workload.name, mine / total if total > 0.0 else 1.0 / len(together)
