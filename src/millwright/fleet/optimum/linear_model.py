"""The integer program as numbers: its arrays, which column means what, and the sheet on which it is written down."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from millwright.fleet.optimum.problem import Amounts

Held = tuple[int, int]  # machines, tenure
On = tuple[int, int, int]  # machines, stage, period
Route = tuple[str, int, int, int, int]  # machines or tokens, which, class, stage, period
Used = tuple[int, int, int]  # machines, stage, period (-1: all of the stage)


@dataclass(frozen=True)
class LinearModel:
    """Least objective · x with row_low ≤ A x ≤ row_high and lower ≤ x ≤ upper; where columns stand says what they mean.

    A is given by its entries: `rows`, `columns`, `values` (entries,).
    """

    objective: NDArray[np.float64]
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    values: NDArray[np.float64]
    row_low: NDArray[np.float64]
    row_high: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    whole: NDArray[np.bool_]
    held: dict[Held, int]
    on: dict[On, int]
    routes: dict[Route, int]
    due: dict[int, int]
    slack: dict[str, int]


@dataclass
class Sheet:
    """Columns and rows as they are written down; each column says what one unit of it takes (`amounts`)."""

    amounts: list[Amounts] = field(default_factory=list)
    upper: list[float] = field(default_factory=list)
    whole: list[bool] = field(default_factory=list)
    entries: list[tuple[int, int, float]] = field(default_factory=list)
    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)

    def column(self, amounts: Amounts = Amounts(), upper: float = math.inf, *, whole: bool = False) -> int:  # noqa: B008
        """Add a column between 0 and `upper`, and return its number."""
        self.amounts.append(amounts)
        self.upper.append(upper)
        self.whole.append(whole)
        return len(self.amounts) - 1

    def row(self, terms: Iterable[tuple[int, float]], low: float = -math.inf, high: float = math.inf) -> None:
        """Ask that `low` ≤ Σ coefficient · column ≤ `high`, with terms (column, coefficient)."""
        number = len(self.low)
        self.entries += [(number, column, value) for column, value in terms if value != 0.0]
        self.low.append(low)
        self.high.append(high)
