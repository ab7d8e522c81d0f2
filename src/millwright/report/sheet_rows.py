"""Rows of a workbook's sheet: heads in bold, whole numbers plain, the others as money."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from millwright.finance.xlsx import Cell, Sheet, Style
from millwright.plan.model import EstimateValue

Value = str | float | None


def add_rows(sheet: Sheet, head: Sequence[str], rows: Iterable[Sequence[Value]]) -> None:
    """Add a head and the rows below it."""
    sheet.add(*(Cell(each, style=Style.BOLD) for each in head))
    for row in rows:
        sheet.add(*(cell(value) for value in row))


def cell(value: Value) -> Cell:
    """Return the cell of a value; a number with decimals is written as money is."""
    return Cell(value, style=Style.MONEY if isinstance(value, float) and not value.is_integer() else Style.PLAIN)


def spread(estimate: EstimateValue | None) -> Iterator[float | None]:
    """Yield P10, the value and P90: three cells, empty where nobody knows."""
    yield from (None, None, None) if estimate is None else (estimate.low, estimate.value, estimate.high)
