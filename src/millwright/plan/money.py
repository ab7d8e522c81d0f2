"""The cost of options as published: medians and intervals over common draws, cash flow, break-evens, odds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from millwright.finance.break_even import break_even_month
from millwright.finance.cash_flow import CashFlow, cash_flow
from millwright.finance.distributions import UncertainInput
from millwright.finance.figures import CostFigures, evaluate, present_tokens
from millwright.finance.running_costs import TOKENS_PER_MTOK
from millwright.finance.uncertainty import Comparison, Quantiles, compare
from millwright.law.kleene import Verdict
from millwright.plan.costing import Inputs
from millwright.plan.model import BreakEven, CashFlowMonth, CauseCost, Cost, DemandPoint, EstimateValue, Kind
from millwright.plan.priced import PricedOption, costs_over_demand
from millwright.plan.uncertain import inputs_from
from millwright.quantity import Basis
from millwright.scenario.model import Finance

DRAWS = 1_024
"""Draws of all uncertain inputs: a probability is then known to one or two points in a hundred."""

DEMAND_MULTIPLES = tuple(float(x) for x in np.round(np.geomspace(0.1, 100.0, 37), 4))
"""Multiples of the stated demand at which the cost of leading options is looked up."""

_LABELS = {
    "hardware": "Hardware",
    "support": "Support",
    "energy": "Energy",
    "facility": "Space and cooling",
    "rent": "Rented machines",
    "api tokens": "API tokens",
    "staff": "Staff",
    "own_hours": "Own people's hours",
    "training": "Training",
    "fine-tuning": "Fine-tuning",
    "recruiting": "Recruiting",
    "salaries": "People hired",
    "contracts": "Contracts for help",
    "managed_services": "Managed service",
    "on_call": "Standby pay",
    "simplification": "Work by hand",
}


@dataclass(frozen=True)
class Odds:
    """All options over the same draws, and the central case of each by option id."""

    comparison: Comparison
    central: Mapping[str, CostFigures]
    lawful: frozenset[str]

    @cached_property
    def among_lawful(self) -> Comparison:
        """The comparison of the lawful options alone; of all, where none is known to be lawful."""
        everything = self.comparison
        columns = [index for index, name in enumerate(everything.options) if name in self.lawful]
        if not columns:
            return everything
        options = tuple(everything.options[index] for index in columns)
        return Comparison(
            options, everything.inputs, everything.u, everything.costs[:, columns], everything.lcots[:, columns]
        )

    def probability_best(self, option_id: str) -> float:
        """Return the share of draws in which the option is the cheapest.

        A lawful option is compared with the lawful ones; one of which a fact is missing with all, as if it were lawful.
        """
        if option_id in self.lawful:
            return self.among_lawful.probability_best[option_id]
        return self.comparison.probability_best[option_id]

    def lcot(self, option_id: str) -> Quantiles:
        """Return the quantiles of its LCOT."""
        return self.comparison.lcot(option_id)


def compare_options(
    options: Sequence[PricedOption],
    uncertain: Sequence[UncertainInput],
    finance: Finance,
    central: Inputs,
    seed: int,
    draws: int = DRAWS,
) -> Odds:
    """Return the odds between `options`: the same draws of all uncertain inputs for every one."""
    builders = {
        option.id: (lambda values, option=option: option.case(inputs_from(values, finance))) for option in options
    }
    comparison = compare(builders, uncertain, draws, seed)
    lawful = frozenset(option.id for option in options if option.verdict is Verdict.YES)
    return Odds(comparison, {option.id: evaluate(option.case(central)) for option in options}, lawful)


def published_cost(
    option: PricedOption,
    odds: Odds,
    central: Inputs,
    values: Mapping[str, NDArray[np.float64] | float],
    finance: Finance,
    break_evens: Sequence[BreakEven],
    *,
    in_full: bool,
) -> Cost:
    """Return the cost of `option`; `values` are a few hundred draws for the bands of its cash flow.

    `in_full` adds the cash flow by month and the cost over demand.
    """
    case = option.case(central)
    flow = cash_flow(case)
    figures = odds.central[option.id]
    lcot, cost = odds.lcot(option.id), odds.comparison.cost(option.id)
    drawn = cash_flow(option.case(inputs_from(values, finance)))
    spread = drawn.total
    months = case.horizon_months
    until = option.go_live_month + 1
    capital = float(sum(line.amounts[:until].sum() for line in flow.lines if line.kind == "capital"))
    drawn_capital = _drawn_capital(drawn, until)
    blended = _estimate(lcot, "Mtok", option, central=float(figures.lcot_per_mtok))
    return Cost(
        lcot=blended,
        lcot_input=_in_proportion(blended, float(figures.lcot_input_per_mtok)),
        lcot_output=_in_proportion(blended, float(figures.lcot_output_per_mtok)),
        npv_of_costs=_estimate(cost, "", option, central=float(figures.npv_cost)),
        capex=_around(capital, drawn_capital, option.currency.code),
        opex_per_month=_around(
            float(_monthly_running(flow, months)), _monthly_running(drawn, months), f"{option.currency.code}/month"
        ),
        by_cause=_by_cause(flow, figures, float(present_tokens(case)), months),
        cash_flow=_cash_flow_months(flow, spread) if in_full else (),
        demand_curve=_demand_curve(option, central) if in_full else (),
        break_even=tuple(break_evens),
        probability_best=odds.probability_best(option.id),
    )


def break_even(option: PricedOption, other: PricedOption, odds: Odds, central: Inputs) -> BreakEven:
    """Return from which demand, and which month on, `option` costs no more than `other`; None is `never`."""
    multiple = demand_crossing(option, other, central)
    month = break_even_month(option.case(central), other.case(central))
    probability = odds.comparison.probability_cheaper(option.id, other.id)
    until = demand_crossing(other, option, central) if multiple is None else None
    if until is not None and until > DEMAND_MULTIPLES[0]:
        sentence = f"Below {until:.3g} times today's demand it is cheaper than {other.title}, above it is not."
    elif multiple is None:
        sentence = f"Within 0.1 to 100 times today's demand it is never cheaper than {other.title}."
    elif multiple <= DEMAND_MULTIPLES[0]:
        sentence = f"It is cheaper than {other.title} at any demand looked at (0.1 to 100 times today's)."
    else:
        sentence = f"From {multiple:.3g} times today's demand on it is cheaper than {other.title}."
    return BreakEven(
        against_option_id=other.id,
        against_title=other.title,
        against_kind=other.kind,
        demand_multiple=None if multiple is None else _plain(multiple, "times today's demand"),
        month=None if month is None else _plain(float(month), "month"),
        probability=probability,
        sentence=sentence,
    )


def demand_crossing(option: PricedOption, other: PricedOption, central: Inputs) -> float | None:
    """Return the demand, as a multiple of the stated one, from which `option` stays cheaper than `other`; None: never.

    Machines come in whole numbers, so the costs may cross more than once; the last crossing counts.
    """
    multiples = np.array(DEMAND_MULTIPLES)
    differences = (
        costs_over_demand(option, central, DEMAND_MULTIPLES)[0] - costs_over_demand(other, central, DEMAND_MULTIPLES)[0]
    )
    dearer = np.flatnonzero(differences > 0.0)
    if dearer.size == 0:
        return float(multiples[0])
    last = int(dearer[-1])
    if last == len(multiples) - 1:
        return None
    low, high = float(multiples[last]), float(multiples[last + 1])
    for _ in range(3):  # each pass through the cost cases narrows it to a 32nd
        finer = [float(x) for x in np.geomspace(low, high, 33)]
        above = costs_over_demand(option, central, finer)[0] > costs_over_demand(other, central, finer)[0]
        last = int(np.flatnonzero(above[:-1])[-1]) if above[:-1].any() else 0
        low, high = finer[last], finer[last + 1]
    return high


def _demand_curve(option: PricedOption, central: Inputs) -> tuple[DemandPoint, ...]:
    costs, tokens = costs_over_demand(option, central, DEMAND_MULTIPLES)
    lcots = costs / tokens * TOKENS_PER_MTOK
    return tuple(
        DemandPoint(demand_multiple=multiple, lcot=float(lcot))
        for multiple, lcot in zip(DEMAND_MULTIPLES, lcots, strict=True)
    )


def _by_cause(flow: CashFlow, figures: CostFigures, tokens: float, months: int) -> tuple[CauseCost, ...]:
    capital = {line.cause for line in flow.lines if line.kind == "capital"}
    return tuple(
        CauseCost(
            cause=cause.replace(" ", "_"),
            label=_LABELS.get(cause, cause.capitalize()),
            capital=cause in capital,
            per_month=float(figures.by_cause[cause]) / months,
            lcot=float(present) / tokens * TOKENS_PER_MTOK,
        )
        for cause, present in figures.npv_by_cause.items()
    )


def _cash_flow_months(flow: CashFlow, spread: NDArray[np.float64]) -> tuple[CashFlowMonth, ...]:
    monthly = np.quantile(spread, [0.1, 0.9], axis=0)
    summed = np.quantile(spread.cumsum(axis=1), [0.1, 0.9], axis=0)
    central, so_far = flow.total, flow.total.cumsum()
    return tuple(
        CashFlowMonth(
            month=month,
            cost=float(central[month]),
            cost_low=float(min(monthly[0, month], central[month])),
            cost_high=float(max(monthly[1, month], central[month])),
            cumulative=float(so_far[month]),
            cumulative_low=float(min(summed[0, month], so_far[month])),
            cumulative_high=float(max(summed[1, month], so_far[month])),
        )
        for month in range(central.shape[-1])
    )


def _monthly_running(flow: CashFlow, months: int) -> NDArray[np.float64]:
    """Return what is paid besides buying and selling machines, per month; a number, or one per draw."""
    running = [line.amounts.sum(axis=-1) for line in flow.lines if line.kind not in ("capital", "resale")]
    return np.asarray(np.sum(np.broadcast_arrays(*running), axis=0) / months) if running else np.zeros(())


def _drawn_capital(flow: CashFlow, until: int) -> NDArray[np.float64] | None:
    """Return what is bought before point `until` in each draw, None when nothing is."""
    capital = [np.atleast_2d(line.amounts)[:, :until].sum(axis=1) for line in flow.lines if line.kind == "capital"]
    return np.sum(np.broadcast_arrays(*capital), axis=0) if capital else None


def _estimate(quantiles: Quantiles, per: str, option: PricedOption, central: float) -> EstimateValue:
    unit = f"{option.currency.code}/{per}" if per else option.currency.code
    return EstimateValue(
        value=central,
        low=min(quantiles.p10, central),
        high=max(quantiles.p90, central),
        unit=unit,
        basis=_basis(option),
    )


def _in_proportion(blended: EstimateValue, value: float) -> EstimateValue:
    """Return `value` with the relative interval of the blended cost: input and output share all that is uncertain."""
    factor = value / blended.value if blended.value > 0.0 else 1.0
    return blended.model_copy(
        update={"value": value, "low": min(blended.low * factor, value), "high": max(blended.high * factor, value)}
    )


def _around(value: float, draws: NDArray[np.float64] | None, unit: str) -> EstimateValue:
    if draws is None or not draws.size:
        return EstimateValue.exact(value, unit, Basis.ASSUMED)
    low, high = np.quantile(draws, [0.1, 0.9])
    return EstimateValue(value=value, low=min(float(low), value), high=max(float(high), value), unit=unit)


def _plain(value: float, unit: str) -> EstimateValue:
    return EstimateValue.exact(value, unit, Basis.ASSUMED)


def _basis(option: PricedOption) -> Basis:
    """A cost rests on assumed prices and on predicted rates: it is no better founded than an assumption."""
    return Basis.DATASHEET if option.kind is Kind.API else Basis.ASSUMED
