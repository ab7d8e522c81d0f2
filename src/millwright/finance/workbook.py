"""A priced case as a workbook whose formulas are live: change a blue cell, and the LCOT follows.

One sheet sums the options up. Each option has a sheet of its own: its inputs with their sources, then what is paid over
time, line by line, by the very formulas of the ledger. All at the median of uncertain inputs, before tax.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from millwright.finance.discounting import FloatArray, Value, discount_factors, growth_factors
from millwright.finance.ledger import Input, Line
from millwright.finance.pricing import PricedFile, PricedOption
from millwright.finance.running_costs import at_month_ends
from millwright.finance.xlsx import Cell, Sheet, Style, column_name, sheet_name, write_workbook

UNLIMITED = 1e9
"""What a spreadsheet gets for infinity (a life without end) [month]."""

_FIRST_TIME_COLUMN = 5
_FUNCTIONS = frozenset({"IF", "MAX", "ABS", "SUMPRODUCT", "SUM"})
_NAME = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")


def export_workbook(priced: PricedFile, path: Path, *, with_values: bool = True) -> None:
    """Write `priced` to `path` (.xlsx). Raises InputError where the file cannot be written."""
    taken = ["Summary"]
    pages = []
    for option in priced.options:
        name = sheet_name(option.name, taken)
        taken.append(name)
        pages.append(_OptionPage(option, name))
    write_workbook(path, [_summary(priced, pages), *(page.sheet for page in pages)], with_values=with_values)


def _summary(priced: PricedFile, pages: list[_OptionPage]) -> Sheet:
    file = priced.file
    sheet = Sheet("Summary", widths=(34, 18, 18, 18, 18, 18, 18))
    sheet.add(Cell(file.name, style=Style.BOLD))
    sheet.add(
        Cell(
            f"{file.currency}, {file.horizon_months} months, uncertain inputs at their median, before tax. "
            "Blue cells on the options' sheets may be changed; everything else follows.",
            style=Style.NOTE,
        )
    )
    sheet.add()
    heads = (
        "option",
        f"LCOT [{file.currency}/Mtok]",
        "real LCOT",
        "present cost",
        "total cost",
        "P10 LCOT",
        "P90 LCOT",
    )
    sheet.add(*(Cell(head, style=Style.BOLD) for head in heads))
    for page in pages:
        figures = page.option.figures
        live = [
            Cell(
                float(value),
                f"'{page.sheet.name}'!{page.results[name]}",
                Style.FACTOR if "lcot" in name else Style.MONEY,
            )
            for name, value in (
                ("lcot", figures.lcot_per_mtok),
                ("lcot_real", figures.lcot_real_per_mtok),
                ("npv_cost", figures.npv_cost),
                ("total", figures.total_cost),
            )
        ]
        drawn = [Cell(page.option.lcot.p10, style=Style.FACTOR), Cell(page.option.lcot.p90, style=Style.FACTOR)]
        sheet.add(Cell(page.option.name), *live, *drawn)
    sheet.add()
    sheet.add(Cell(f"P10 and P90 come from {len(priced.comparison.u):,} draws and do not follow.", style=Style.NOTE))
    sheet.add()
    sheet.add(
        *(Cell(head, style=Style.BOLD) for head in ("uncertain input", "P10", "median", "P90", "unit", "quality"))
    )
    for entry in file.inputs:
        sheet.add(
            Cell(entry.name),
            *(Cell(x) for x in (entry.quantile(0.1), entry.median, entry.quantile(0.9))),
            *(Cell(text) for text in (entry.unit, entry.quality, f"{entry.source} ({entry.date})")),
        )
    return sheet


@dataclass
class _OptionPage:
    """One option's sheet, and the cells where its results stand."""

    option: PricedOption
    name: str
    sheet: Sheet = field(init=False)
    results: dict[str, str] = field(default_factory=dict)
    _scalars: dict[tuple[str, str, float], str] = field(default_factory=dict)
    _series: dict[tuple[str, str, bytes], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        case = self.option.case
        self.points = case.horizon_months + 1
        self.sheet = Sheet(self.name, widths=(20, 26, 16, 18, 22), frozen_columns=2)
        sheet = self.sheet
        sheet.add(Cell(self.option.name, style=Style.BOLD))
        sheet.add(
            Cell(f"Costs of {case.currency}, positive is paid; t = 0 is today, t the end of month t", style=Style.NOTE)
        )
        heads = ("cause", "input", "value", "unit", "source")
        sheet.add(*(Cell(head, style=Style.BOLD) for head in heads))
        self.rate = self._scalar(
            "case", Input("discount rate", case.nominal_discount_rate_per_y, "1/y"), "the case", ""
        )
        self.inflation = self._scalar("case", Input("inflation", case.inflation_per_y, "1/y"), "the case", "")
        horizon = sheet.add(
            Cell("case"), Cell("horizon"), Cell(float(case.horizon_months)), Cell("month"), Cell("the case; fixed here")
        )
        self.horizon = f"$C${horizon}"
        for line in self.option.flow.lines:
            for entry in line.inputs:
                if not entry.is_series:
                    self._scalar(line.cause, entry, line.source, line.date)
        sheet.add()
        self._timeline()
        for line in self.option.flow.lines:
            for entry in line.inputs:
                if entry.is_series:
                    self._series_row(line.cause, entry)
        sheet.add()
        self._costs()

    def _scalar(self, cause: str, entry: Input, source: str, date: str) -> str:
        value = float(np.squeeze(np.asarray(entry.value, dtype=float)))
        key = (cause, entry.name, value)
        if key not in self._scalars:
            shown = value if np.isfinite(value) else UNLIMITED
            row = self.sheet.add(
                Cell(cause),
                Cell(entry.name),
                Cell(shown, style=Style.INPUT),
                Cell(entry.unit),
                Cell(f"{source}{f', {date}' if date else ''}", style=Style.NOTE),
            )
            self._scalars[key] = f"$C${row}"
        return self._scalars[key]

    def _timeline(self) -> None:
        case = self.option.case
        horizon = case.horizon_months
        heads = (
            Cell("over time", style=Style.BOLD),
            Cell(),
            Cell("unit", style=Style.BOLD),
            Cell("sum", style=Style.BOLD),
        )
        present = Cell("present value", style=Style.BOLD)
        self.time_row = self.sheet.add(*heads, present, *(Cell(float(t)) for t in range(self.points)))
        nominal = discount_factors(case.nominal_discount_rate_per_y, horizon)
        growth = growth_factors(case.inflation_per_y, np.arange(self.points))
        self.discount_row = self._row(
            "case", "discount factor", "-", nominal, lambda c: f"1/(1+{self.rate})^({c}{self.time_row}/12)"
        )
        self.deflator_row = self._row(
            "case", "growth of prices", "-", growth, lambda c: f"(1+{self.inflation})^({c}{self.time_row}/12)"
        )
        tokens = at_month_ends(case.demand.input_tokens, horizon) + at_month_ends(case.demand.output_tokens, horizon)
        self.tokens_row = self._row("case", "tokens served", "tokens", np.ravel(tokens), None)

    def _row(self, cause: str, name: str, unit: str, values: FloatArray, formula: Callable[[str], str] | None) -> int:
        values = np.broadcast_to(np.ravel(values), (self.points,))
        columns = [column_name(_FIRST_TIME_COLUMN + t) for t in range(self.points)]
        cells = [
            Cell(
                float(value),
                None if formula is None else formula(column),
                Style.INPUT if formula is None else Style.FACTOR,
            )
            for column, value in zip(columns, values, strict=True)
        ]
        return self.sheet.add(Cell(cause), Cell(name), Cell(unit), Cell(), Cell(), *cells)

    def _series_row(self, cause: str, entry: Input) -> None:
        values = np.ravel(np.asarray(entry.value, dtype=float))
        key = (cause, entry.name, values.tobytes())
        if key not in self._series:
            self._series[key] = self._row(cause, entry.name, entry.unit, values, None)

    def _range(self, row: int) -> str:
        first, last = column_name(_FIRST_TIME_COLUMN), column_name(_FIRST_TIME_COLUMN + self.points - 1)
        return f"${first}${row}:${last}${row}"

    def _costs(self) -> None:
        sheet, case, figures = self.sheet, self.option.case, self.option.figures
        heads = ("cause", "part", "kind", f"sum [{case.currency}]", "present value")
        sheet.add(*(Cell(head, style=Style.BOLD) for head in heads))
        discount = discount_factors(case.nominal_discount_rate_per_y, case.horizon_months).ravel()
        first = len(sheet.rows) + 1
        for line in self.option.flow.lines:
            self._cost_row(line, discount)
        last = len(sheet.rows)
        total = np.broadcast_to(np.ravel(self.option.flow.total), (self.points,))
        columns = [column_name(_FIRST_TIME_COLUMN + t) for t in range(self.points)]
        total_row = last + 1
        sheet.add(
            Cell("total", style=Style.BOLD),
            Cell(),
            Cell(),
            Cell(float(total.sum()), f"SUM({self._range(total_row)})", Style.MONEY),
            Cell(float(total @ discount), self._present(total_row), Style.MONEY),
            *(
                Cell(float(value), f"SUM({column}{first}:{column}{last})", Style.MONEY)
                for column, value in zip(columns, total, strict=True)
            ),
        )
        sheet.add()
        tokens = f"SUMPRODUCT({self._range(self.tokens_row)},{self._range(self.discount_row)})"
        real = f"{tokens[:-1]},{self._range(self.deflator_row)})"
        results: tuple[tuple[str, str, Value, str, str], ...] = (
            ("npv_cost", "present cost", figures.npv_cost, f"$E${total_row}", case.currency),
            ("total", "total cost", figures.total_cost, f"$D${total_row}", case.currency),
            ("lcot", "LCOT", figures.lcot_per_mtok, f"$E${total_row}/{tokens}*1000000", f"{case.currency}/Mtok"),
            (
                "lcot_real",
                "real LCOT",
                figures.lcot_real_per_mtok,
                f"$E${total_row}/{real}*1000000",
                f"{case.currency}/Mtok",
            ),
        )
        for name, shown, value, formula, unit in results:
            row = sheet.add(
                Cell("result", style=Style.BOLD), Cell(shown), Cell(float(value), formula, Style.FACTOR), Cell(unit)
            )
            self.results[name] = f"$C${row}"

    def _cost_row(self, line: Line, discount: FloatArray) -> None:
        amounts = np.broadcast_to(np.ravel(line.amounts), (self.points,))
        row = len(self.sheet.rows) + 1
        cells = [
            Cell(float(amounts[t]), self._translated(line, column_name(_FIRST_TIME_COLUMN + t)), Style.MONEY)
            for t in range(self.points)
        ]
        self.sheet.add(
            Cell(line.cause),
            Cell(line.part),
            Cell(str(line.kind)),
            Cell(float(amounts.sum()), f"SUM({self._range(row)})", Style.MONEY),
            Cell(float(amounts @ discount), self._present(row), Style.MONEY),
            *cells,
        )

    def _present(self, row: int) -> str:
        return f"SUMPRODUCT({self._range(row)},{self._range(self.discount_row)})"

    def _translated(self, line: Line, column: str) -> str:
        """Return the ledger's formula with cells for names, for the column of one point in time."""
        cells: dict[str, str] = {"t": f"{column}${self.time_row}", "horizon": self.horizon}
        rows: dict[str, str] = {"s": self._range(self.time_row)}
        for entry in line.inputs:
            if entry.is_series:
                row = self._series[line.cause, entry.name, np.ravel(np.asarray(entry.value, dtype=float)).tobytes()]
                cells[entry.name], rows[entry.name] = f"{column}${row}", self._range(row)
            else:
                value = float(np.squeeze(np.asarray(entry.value, dtype=float)))
                cells[entry.name] = self._scalars[line.cause, entry.name, value]
        text, depths, pieces, position = line.formula, [0], [], 0
        for found in _NAME.finditer(text):
            between = text[position : found.start()]
            pieces.append(between)
            _follow(between, depths)
            name = found.group()
            if name in _FUNCTIONS:
                pieces.append(name)
                if name == "SUMPRODUCT":
                    depths.append(depths[0] + 1)
            else:
                pieces.append(rows[name] if len(depths) > 1 and name in rows else cells[name])
            position = found.end()
        pieces.append(text[position:])
        return "".join(pieces)


def _follow(text: str, depths: list[int]) -> None:
    """Keep count of open parentheses; `depths[0]` is the count, the rest are those at which a SUMPRODUCT is open."""
    for sign in text:
        if sign == "(":
            depths[0] += 1
        elif sign == ")":
            if len(depths) > 1 and depths[-1] == depths[0]:
                depths.pop()
            depths[0] -= 1
