"""A case file priced: figures of each option, odds over all draws, break-evens against the baseline.

The point case takes every uncertain input at its median; the quantiles come from the draws.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from millwright.finance.break_even import (
    CaseAtDemand,
    break_even_demand_per_draw,
    break_even_demands,
    break_even_month,
    internal_rate_against,
    payback_months,
)
from millwright.finance.carbon import CarbonFigures, carbon
from millwright.finance.case import ApiTokens, CostCase
from millwright.finance.case_file import CaseFile
from millwright.finance.cash_flow import CashFlow, cash_flow
from millwright.finance.discounting import Value
from millwright.finance.figures import CostFigures, evaluate
from millwright.finance.futures import Future, futures
from millwright.finance.tax import after_tax_flow
from millwright.finance.uncertainty import (
    DRAWS,
    CaseFromInputs,
    Comparison,
    Quantiles,
    Sensitivity,
    Swing,
    compare,
    median_values,
    sample,
    sobol,
    tornado,
    values_at,
)

DEMAND_RANGE = (1e-3, 1e3)
"""Multiples of the stated demand within which a break-even is looked for."""

BREAK_EVEN_DRAWS = 512


@dataclass(frozen=True)
class PricedOption:
    """One option at the median inputs, its cash flow, and the quantiles over all draws."""

    name: str
    case: CostCase
    flow: CashFlow
    figures: CostFigures
    after_tax: CostFigures | None
    carbon: CarbonFigures
    lcot: Quantiles
    cost: Quantiles


@dataclass(frozen=True)
class BreakEven:
    """Where `option` overtakes the baseline; `None` is "never" (within the range of demands looked at).

    demand_factor      smallest multiple of the stated demand from which the option is the cheaper one, medians
    cheaper_now        whether it is at the stated demand
    demand_p10 … p90   the same factor over the draws in which there is one
    never_share        share of draws in which there is none
    month, payback     point t [month] from which cumulated present cost / undiscounted outlay is made good
    irr_per_y          yearly rate earned on the extra outlay
    """

    option: str
    baseline: str
    cheaper_now: bool
    demand_factor: float | None
    demand_p10: float | None
    demand_p50: float | None
    demand_p90: float | None
    never_share: float
    month: int | None
    payback_month: int | None
    irr_per_y: float | None


@dataclass(frozen=True)
class UnderFuture:
    """LCOT of each option under one future, at the median inputs, and which is the cheapest by present cost."""

    future: Future
    lcot_per_mtok: Mapping[str, float]
    npv_cost: Mapping[str, float]

    @property
    def best(self) -> str:
        """The option of least present cost."""
        return min(self.npv_cost, key=self.npv_cost.__getitem__)

    @property
    def regret(self) -> dict[str, float]:
        """What each option costs more than the best one under this future [currency]."""
        least = min(self.npv_cost.values())
        return {name: cost - least for name, cost in self.npv_cost.items()}


def price_futures(file: CaseFile) -> tuple[UnderFuture, ...]:
    """Return every option under every shipped future, uncertain inputs at their median."""
    medians = median_values(file.inputs)
    found = []
    for future in futures().values():
        figures = {name: evaluate(file.case(name, medians, future=future)) for name in file.options}
        found.append(
            UnderFuture(
                future,
                {name: float(entry.lcot_per_mtok) for name, entry in figures.items()},
                {name: float(entry.npv_cost) for name, entry in figures.items()},
            )
        )
    return tuple(found)


def smallest_worst_regret(found: tuple[UnderFuture, ...]) -> tuple[str, float]:
    """Return the option whose largest regret over the futures is the smallest, and that regret (Savage 1951)."""
    worst = {name: max(entry.regret[name] for entry in found) for name in found[0].npv_cost}
    name = min(worst, key=worst.__getitem__)
    return name, worst[name]


@dataclass(frozen=True)
class PricedFile:
    """Everything `millwright cost` can say about a file."""

    file: CaseFile
    options: tuple[PricedOption, ...]
    comparison: Comparison
    break_evens: tuple[BreakEven, ...]
    swings: Mapping[str, tuple[Swing, ...]]
    sensitivities: tuple[Sensitivity, ...]
    rivals: tuple[str, str] | None
    futures: tuple[UnderFuture, ...]

    @property
    def ranked(self) -> tuple[PricedOption, ...]:
        """The options, cheapest median LCOT first."""
        return tuple(sorted(self.options, key=lambda option: option.lcot.p50))


def price_file(file: CaseFile, draws: int = DRAWS, seed: int = 0) -> PricedFile:
    """Return `file` priced over `draws` draws. Raises CaseError when an option serves no token."""
    builders: dict[str, CaseFromInputs] = {name: _builder(file, name) for name in file.options}
    comparison = compare(builders, file.inputs, draws, seed)
    medians = median_values(file.inputs)
    options = tuple(_price(file, name, build(medians), comparison) for name, build in builders.items())
    baseline = file.baseline or _natural_baseline(options)
    break_evens = tuple(_break_even(file, name, baseline, medians, seed) for name in file.options if name != baseline)
    order = [option.name for option in sorted(options, key=lambda option: option.lcot.p50)]
    rivals = (order[0], order[1]) if len(order) > 1 else None
    against = None if rivals is None else builders[rivals[1]]
    return PricedFile(
        file=file,
        options=options,
        comparison=comparison,
        break_evens=break_evens,
        swings={name: tornado(build, file.inputs) for name, build in builders.items()},
        sensitivities=sobol(builders[order[0]], file.inputs, against, seed=seed),
        rivals=rivals,
        futures=price_futures(file),
    )


def _builder(file: CaseFile, option: str) -> Callable[[Mapping[str, Value]], CostCase]:
    return lambda values: file.case(option, values)


def _price(file: CaseFile, name: str, case: CostCase, comparison: Comparison) -> PricedOption:
    flow = cash_flow(case)
    return PricedOption(
        name=name,
        case=case,
        flow=flow,
        figures=evaluate(case, flow),
        after_tax=None if file.tax is None else evaluate(case, after_tax_flow(case, file.tax, flow)),
        carbon=carbon(case),
        lcot=comparison.lcot(name),
        cost=comparison.cost(name),
    )


def _natural_baseline(options: tuple[PricedOption, ...]) -> str:
    """Return the cheapest option that buys tokens, else the cheapest: what others are measured against by default."""
    buying = [option for option in options if any(isinstance(item, ApiTokens) for item in option.case.items)]
    return min(buying or options, key=lambda option: option.lcot.p50).name


def _break_even(file: CaseFile, option: str, baseline: str, medians: Mapping[str, Value], seed: int) -> BreakEven:
    low, high = DEMAND_RANGE

    def built(name: str, values: Mapping[str, Value]) -> CaseAtDemand:
        return lambda factor: file.case(name, values, factor)

    a, b = built(option, medians), built(baseline, medians)
    at_medians = break_even_demands(a, b, low, high)
    to_option = [crossing.demand_factor for crossing in at_medians if crossing.cheaper_above == "a"]
    here, there = a(1.0), b(1.0)
    cheaper_now = bool(evaluate(here).npv_cost <= evaluate(there).npv_cost)
    values = values_at(file.inputs, sample(file.inputs, BREAK_EVEN_DRAWS, seed))
    drawn = break_even_demand_per_draw(built(option, values), built(baseline, values), low, high)
    found = drawn[np.isfinite(drawn)]
    p10, p50, p90 = np.quantile(found, [0.1, 0.5, 0.9]) if found.size else (None, None, None)
    always = not at_medians and cheaper_now
    return BreakEven(
        option=option,
        baseline=baseline,
        cheaper_now=cheaper_now,
        demand_factor=to_option[0] if to_option else (low if always else None),
        demand_p10=None if p10 is None else float(p10),
        demand_p50=None if p50 is None else float(p50),
        demand_p90=None if p90 is None else float(p90),
        never_share=float(np.mean(~np.isfinite(drawn))),
        month=break_even_month(here, there),
        payback_month=payback_months(here, there),
        irr_per_y=internal_rate_against(here, there),
    )
