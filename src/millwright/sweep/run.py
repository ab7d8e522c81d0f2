"""Run a sweep: what is finished is kept, what is left is planned, and the whole is written as a table."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from millwright.sweep.answer import ANSWER_FIELDS, Field, Row
from millwright.sweep.grid import Cell, Grid, changed_keys
from millwright.sweep.ledger import Ledger
from millwright.whole_file import write_whole

Planner: TypeAlias = Callable[[Sequence[Cell], dt.date], Iterator[tuple[Cell, "Row | BaseException"]]]
"""Plans cells as of a day, and yields each with its answer, or with what went wrong, in any order."""

Tell: TypeAlias = Callable[[str, int, int], None]


@dataclass(frozen=True)
class SweepResult:
    """A sweep as far as it came. `rows` are in the order of the cells; `failed` says what went wrong with a cell."""

    rows: tuple[Row, ...]
    failed: tuple[tuple[int, str], ...]
    kept: int
    """Cells that an earlier run had finished."""
    as_of: dt.date
    files: tuple[Path, ...]


def run_sweep(grid: Grid, folder: Path, today: dt.date, planner: Planner, tell: Tell | None = None) -> SweepResult:
    """Plan every cell of `grid` that `folder` does not hold yet, and write results.csv and results.parquet there.

    A sweep begun earlier goes on as of the day it was begun, so that all its cells are of one day. Killed at any time
    it loses the cells it was at, and no other. Raises InputError when the folder cannot be used.
    """
    with Ledger(folder, today) as ledger:
        cells = list(grid.cells())
        prints = {cell.number: cell.fingerprint(ledger.as_of) for cell in cells}
        left = [cell for cell in cells if prints[cell.number] not in ledger.rows]
        kept = len(cells) - len(left)
        failed: list[tuple[int, str]] = []
        if tell is not None:
            tell("planning", kept, len(cells))
        if left:
            for done, (cell, answer) in enumerate(planner(left, ledger.as_of), start=1):
                if isinstance(answer, BaseException):
                    failed.append((cell.number, f"{type(answer).__name__}: {answer}"))
                else:
                    ledger.add(prints[cell.number], answer)
                if tell is not None:
                    tell("planning", kept + done, len(cells))
        rows = tuple(
            _labelled(cell, ledger.rows[prints[cell.number]]) for cell in cells if prints[cell.number] in ledger.rows
        )
        files = _write(rows, changed_keys(grid), folder)
        return SweepResult(rows, tuple(sorted(failed)), kept, ledger.as_of, files)


def _labelled(cell: Cell, answer: Row) -> Row:
    """Return an answer with what was asked in front: the scenario, each value that varies, and the seed."""
    asked: Row = {"cell": cell.number, "scenario": Path(cell.base.path).name}
    changes: Row = {key: value if isinstance(value, Field) else str(value) for key, value in cell.changes}
    return asked | changes | {"seed": cell.seed} | {name: answer[name] for name in ANSWER_FIELDS}


def _write(rows: Sequence[Row], keys: Sequence[str], folder: Path) -> tuple[Path, ...]:
    import polars as pl

    columns = ["cell", "scenario", *keys, "seed", *ANSWER_FIELDS]
    typed = {name: _of_one_type([row[name] for row in rows]) for name in columns}
    table = pl.DataFrame(typed)
    parquet = io.BytesIO()
    table.write_parquet(parquet)
    paths = folder / "results.csv", folder / "results.parquet"
    for path, content in zip(paths, (table.write_csv().encode("utf-8"), parquet.getvalue()), strict=True):
        write_whole(path, content)
    return paths


def _of_one_type(values: Sequence[Field]) -> list[Field]:
    """Return a column's values as texts if one of them is, else as fractional numbers if one of them is."""
    kind = str if any(isinstance(each, str) for each in values) else float
    if kind is float and not any(isinstance(each, float) for each in values):
        return list(values)
    return [None if each is None else kind(each) for each in values]
