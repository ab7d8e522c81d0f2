"""A case as money over time: every line of every item, summed by cause and in total."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from millwright.finance.carbon import carbon_price_lines
from millwright.finance.case import (
    ApiTokens,
    Colocation,
    CostCase,
    CostItem,
    Energy,
    Fixed,
    OwnedHosts,
    PerMtok,
    PerUnit,
    Rented,
    Staff,
)
from millwright.finance.discounting import FloatArray
from millwright.finance.ledger import Line
from millwright.finance.owned import owned_lines
from millwright.finance.running_costs import (
    api_lines,
    colocation_lines,
    energy_lines,
    fixed_lines,
    per_mtok_lines,
    per_unit_lines,
    rented_lines,
    staff_lines,
)

_LINES_OF: Mapping[type[CostItem], Callable[[Any, CostCase], list[Line]]] = {
    OwnedHosts: owned_lines,
    Energy: energy_lines,
    Colocation: colocation_lines,
    Rented: rented_lines,
    ApiTokens: api_lines,
    Staff: staff_lines,
    PerUnit: per_unit_lines,
    PerMtok: per_mtok_lines,
    Fixed: fixed_lines,
}


@dataclass(frozen=True)
class CashFlow:
    """Money at the points t = 0…T (0: today, t: end of month t); positive is paid, negative received.

    `lines` are the leaves; `total` is their sum. Arrays end in T + 1 points, with draws in front where there are any.
    """

    currency: str
    lines: tuple[Line, ...]
    total: FloatArray

    @property
    def points(self) -> FloatArray:
        """Return t = 0…T [month]."""
        return np.arange(self.total.shape[-1], dtype=np.float64)

    @property
    def by_cause(self) -> dict[str, FloatArray]:
        """Return the money of each cause over time, in the order the causes first appear."""
        table: dict[str, FloatArray] = {}
        for line in self.lines:
            table[line.cause] = table[line.cause] + line.amounts if line.cause in table else line.amounts
        return {cause: np.broadcast_to(amounts, self.total.shape) for cause, amounts in table.items()}


def cash_flow(case: CostCase) -> CashFlow:
    """Return the money of `case` over its horizon, line by line."""
    lines = [line for item in case.items for line in _LINES_OF[type(item)](item, case)]
    lines += carbon_price_lines(case)
    total: FloatArray = np.zeros(case.horizon_months + 1)
    for line in lines:
        total = total + line.amounts
    return CashFlow(case.currency, tuple(lines), total)
