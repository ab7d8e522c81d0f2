"""What one machine or all tokens of a stage cost, as present values: the coefficients of the mixed fleet.

They come from the same cost items that price whole options, one machine at a time: what the optimum minimises is what
the plan then shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from millwright.finance.case import ApiTokens, CostCase, CostItem, Demand
from millwright.finance.discounting import annuity_factor, monthly_rate
from millwright.finance.figures import npv_cost
from millwright.fleet.optimum.problem import Amounts, Tenure
from millwright.fleet.sizing import PURCHASE_STEP_MONTHS, MachineSchedule
from millwright.plan.costing import (
    ApiTerms,
    CrewTerms,
    Inputs,
    OwnedTerms,
    RentedTerms,
    StaffTerms,
    api_items,
    owned_items,
    rented_items,
    staff_items,
)
from millwright.spans import HOURS_PER_MONTH, HOURS_PER_WEEK

MOST_STAGES = 4


@dataclass(frozen=True)
class Stages:
    """The service in stages of whole purchase steps: `step` months in each but perhaps the last.

    The horizon has `months` in all; the first stage begins with `start`, the month of going live. Before that nothing
    is served and nothing is there.
    """

    months: int
    step: int
    start: int = 0

    @classmethod
    def of(cls, months: int, start: int = 0) -> Stages:
        """Return the stages of a horizon: years, or longer steps where the service has more than four years."""
        step = PURCHASE_STEP_MONTHS
        while months - start > step * MOST_STAGES:
            step += PURCHASE_STEP_MONTHS
        return cls(months, step, start)

    def __len__(self) -> int:
        return -(-(self.months - self.start) // self.step)

    @cached_property
    def of_month(self) -> NDArray[np.int64]:
        """The stage of each month (months,); what comes before going live counts to the first."""
        return np.maximum(np.arange(self.months) - self.start, 0) // self.step

    def span(self, first: int, last: int) -> slice:
        """Return the months from stage `first` to stage `last`, both included."""
        return slice(self.start + first * self.step, min(self.start + (last + 1) * self.step, self.months))

    def purchase_steps(self) -> list[tuple[int, slice]]:
        """Return the months that one purchase is for, each with its stage, in order of time."""
        steps = range(self.start, self.months, PURCHASE_STEP_MONTHS)
        return [
            ((at - self.start) // self.step, slice(at, min(at + PURCHASE_STEP_MONTHS, self.months))) for at in steps
        ]

    def length(self, first: int, last: int) -> int:
        """Return how many months those stages have."""
        months = self.span(first, last)
        return int(months.stop - months.start)

    def rows(self, spans: Sequence[tuple[int, int]]) -> NDArray[np.float64]:
        """Return one machine held over each of the spans of stages, month by month (spans, months)."""
        rows = np.zeros((len(spans), self.months))
        for row, (first, last) in zip(rows, spans, strict=True):
            row[self.span(first, last)] = 1.0
        return rows


@dataclass(frozen=True)
class Draw:
    """What one machine draws, cooling included: idle, and beyond that at full load [W]; and the grid's carbon.

    `carbon_g_per_kwh` None: not known.
    """

    idle_w: float
    loaded_w: float
    carbon_g_per_kwh: float | None

    def amounts(self, watts: float, months: int) -> Amounts:
        """Return the electricity and carbon of so many watts over so many months."""
        kwh = watts / 1e3 * HOURS_PER_MONTH * months
        return Amounts(0.0, kwh * (self.carbon_g_per_kwh or 0.0) / 1e3, kwh)


def owned_draw(terms: OwnedTerms) -> Draw:
    """Return what an owned machine draws."""
    return Draw(terms.idle_w * terms.pue, (terms.peak_w - terms.idle_w) * terms.pue, terms.carbon_g_per_kwh)


def owned_tenures(terms: OwnedTerms, stages: Stages, inputs: Inputs, *, may_buy: bool) -> tuple[Tenure, ...]:
    """Return every way to hold an owned machine: bought in one stage and sold after another, or there already.

    One kept to the end of the horizon is replaced when its life ends and sold at the end, as everywhere in the plan.
    """
    draw, last = owned_draw(terms), len(stages) - 1
    tenures: list[Tenure] = []
    if may_buy:
        spans = [(first, end) for first in range(len(stages)) for end in range(first, len(stages))]
        life = np.array([[_life_months(first, end, stages, inputs)] for first, end in spans])
        costs = _present(
            owned_items(
                replace(terms, existing=0), _held(stages.rows(spans)), replace(inputs, hardware_life_months=life)
            ),
            stages,
            inputs,
        )
        for (first, end), cost in zip(spans, costs, strict=True):
            each = draw.amounts(draw.idle_w, stages.length(first, end)).plus(Amounts(float(cost)))
            tenures.append(Tenure(first, end, each, price=terms.price))
    if terms.existing:
        spans = [(stage, stage) for stage in range(last + 1)]
        costs = _present(owned_items(replace(terms, existing=1), _held(stages.rows(spans)), inputs), stages, inputs)
        for (stage, _), cost in zip(spans, costs, strict=True):
            each = draw.amounts(draw.idle_w, stages.length(stage, stage)).plus(Amounts(float(cost)))
            tenures.append(Tenure(stage, stage, each, most=terms.existing, existing=True))
    return tuple(tenures)


def _life_months(first: int, end: int, stages: Stages, inputs: Inputs) -> float:
    """Return the life of a machine: its natural one, or until it is sold."""
    natural = float(inputs.hardware_life_months)
    return natural if end == len(stages) - 1 else min(natural, float(stages.length(first, end)))


def loaded_by_stage(terms: OwnedTerms, stages: Stages, inputs: Inputs) -> tuple[Amounts, ...]:
    """Return what a machine at full load takes beyond an idle one in each stage: electricity."""
    spans = [(stage, stage) for stage in range(len(stages))]
    rows, draw = stages.rows(spans), owned_draw(terms)
    idle, full = (
        _present(owned_items(replace(terms, existing=1), _held(rows, share), inputs), stages, inputs)
        for share in (0.0, 1.0)
    )
    return tuple(
        draw.amounts(draw.loaded_w, stages.length(stage, stage)).plus(Amounts(float(full[stage] - idle[stage])))
        for stage, _ in spans
    )


def rented_by_stage(terms: RentedTerms, stages: Stages, inputs: Inputs, draw: Draw | None) -> tuple[Amounts, ...]:
    """Return what a rented machine takes that is on through each stage."""
    spans = [(stage, stage) for stage in range(len(stages))]
    costs = _present(rented_items(replace(terms, switched=True), _held(stages.rows(spans)), inputs), stages, inputs)
    return tuple(
        (draw.amounts(draw.idle_w, stages.length(stage, stage)) if draw else Amounts()).plus(Amounts(float(cost)))
        for (stage, _), cost in zip(spans, costs, strict=True)
    )


def reserved_tenures(by_stage: Sequence[Amounts], stages: Stages, term_months: int) -> tuple[Tenure, ...]:
    """Return the ways to reserve a machine for `term_months`: from each stage from which the term ends in time."""
    length = max(-(-term_months // stages.step), 1)
    tenures: list[Tenure] = []
    for first in range(len(stages) - length + 1):
        total = Amounts()
        for each in by_stage[first : first + length]:
            total = total.plus(each)
        tenures.append(Tenure(first, first + length - 1, total))
    return tuple(tenures)


def tokens_by_stage(
    terms: ApiTerms, requests_per_month: NDArray[np.float64], input_tokens: float, output_tokens: float,
    stages: Stages, inputs: Inputs,
) -> tuple[float, ...]:  # fmt: skip
    """Return the present cost of all these requests (months,) in each stage, through an API."""
    rows = stages.rows([(stage, stage) for stage in range(len(stages))]) * requests_per_month
    items: list[CostItem] = [
        replace(item, input_tokens=rows * input_tokens, output_tokens=rows * output_tokens)
        for item in api_items(terms, inputs)
        if isinstance(item, ApiTokens)
    ]
    return tuple(float(each) for each in _present(items, stages, inputs))


def monthly_payment(present: float, inputs: Inputs, months: int) -> float:
    """Return a present cost as equal payments at the end of each month of the horizon."""
    return present * float(annuity_factor(monthly_rate(inputs.discount_rate_per_y), float(months)))


def staff_cost(terms: StaffTerms | CrewTerms, stages: Stages, inputs: Inputs) -> float:
    """Return the present cost of the people over the horizon."""
    items = staff_items(terms, inputs)
    return float(_present(items, stages, inputs)[0]) if items else 0.0


def _held(rows: NDArray[np.float64], utilisation: float = 0.0) -> MachineSchedule:
    """Return a schedule of `rows` (ways, months): each way stands where a draw would."""
    return MachineSchedule(rows, rows, rows, rows, np.full(HOURS_PER_WEEK, utilisation))


def _present(items: Sequence[CostItem], stages: Stages, inputs: Inputs) -> NDArray[np.float64]:
    case = CostCase(
        name="one",
        currency="",
        horizon_months=stages.months,
        nominal_discount_rate_per_y=inputs.discount_rate_per_y,
        inflation_per_y=inputs.inflation_per_y,
        demand=Demand(1.0, 1.0, 1.0),
        items=tuple(items),
    )
    return np.atleast_1d(np.asarray(npv_cost(case), dtype=np.float64))
