"""The ledger's leaves: one line of money over time, with the formula and the inputs it comes from.

A formula is written as a spreadsheet would have it, with names for cells. `t` is the point in time of the column;
inside `SUMPRODUCT(…)` a series stands for its whole row and `s` for the row of times; `horizon` is the last point.
The tests work the formulas out and compare them with the amounts; the XLSX export turns the same text into live cells.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from millwright.finance.discounting import FloatArray, Value


class Kind(StrEnum):
    """What a line is to the tax office."""

    EXPENSE = "expense"
    CAPITAL = "capital"
    RESALE = "resale"
    CREDIT = "credit"  # money lent or paid back: no cost in itself, its interest is
    TAX = "tax"


@dataclass(frozen=True)
class Input:
    """One number a line depends on; a series has one value per point t = 0…T (or (draws, T + 1))."""

    name: str
    value: Value
    unit: str

    @property
    def is_series(self) -> bool:
        """Whether the input differs from point to point."""
        return np.ndim(self.value) > 0 and np.shape(self.value)[-1] > 1


@dataclass(frozen=True)
class Line:
    """Money of one cause and part over the points t = 0…T; positive is paid, negative received."""

    cause: str
    part: str
    amounts: FloatArray
    formula: str
    inputs: tuple[Input, ...]
    kind: Kind = Kind.EXPENSE
    source: str = ""
    date: str = ""
