"""A sweep in the terminal: what was decided at each value, what it costs there, and where the decision turns."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterator, Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from millwright.quantity import share_text
from millwright.sweep.answer import Row
from millwright.sweep.grid import Grid
from millwright.sweep.run import SweepResult

_FAILURES_SHOWN = 5


def print_sweep(grid: Grid, result: SweepResult, console: Console) -> None:
    """Print the sweep: a line for each value of each key, over all cells that have it."""
    earlier = f", {result.kept:,} of them finished before" if result.kept else ""
    console.print(f"{len(result.rows):,} of {len(grid):,} plans as of {result.as_of}{earlier}\n", style="bold")
    currencies = sorted({str(row["currency"]) for row in result.rows if row["currency"]})
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Where", overflow="fold")
    table.add_column("Plans", justify="right")
    table.add_column("Decided (share of plans)", overflow="fold")
    table.add_column(f"{' or '.join(currencies) or 'Cost'}/Mtok\nmedian (P10–P90)", justify="right", no_wrap=True)
    for key, groups in _groups(grid, result.rows):
        if key:
            table.add_row(f"{key}", style="bold")
        for value, rows in groups:
            table.add_row(f"  {value}" if key else value, f"{len(rows):,}", _decisions(rows), _lcot(rows))
    console.print(table)
    for number, reason in result.failed[:_FAILURES_SHOWN]:
        console.print(f"Cell {number} failed and will be tried again next time: {reason}", soft_wrap=True)
    if len(result.failed) > _FAILURES_SHOWN:
        console.print(f"… and {len(result.failed) - _FAILURES_SHOWN:,} more cells failed.")
    console.print(f"Written: {', '.join(str(path) for path in result.files)}", soft_wrap=True)


def _groups(grid: Grid, rows: Sequence[Row]) -> Iterator[tuple[str, list[tuple[str, list[Row]]]]]:
    """Yield each key with its values and their rows: all of them first, then scenarios and keys."""
    yield "", [("everywhere", list(rows))]
    for key in (*(["scenario"] if len(grid.bases) > 1 else []), *(axis.key for axis in grid.axes)):
        values = dict.fromkeys(row[key] for row in rows)
        yield key, [(f"{value}", [row for row in rows if row[key] == value]) for value in values]


def _decisions(rows: Sequence[Row]) -> str:
    counts = Counter(str(row["decision"] or row["status"]) for row in rows)
    shares = [(name, count / len(rows)) for name, count in counts.most_common()]
    return ", ".join(name if share == 1.0 else f"{name} {share_text(share)}" for name, share in shares)


def _lcot(rows: Sequence[Row]) -> str:
    costs = sorted(float(cost) for row in rows if (cost := row["lcot_per_mtok"]) is not None)
    if not costs:
        return "–"
    if len(costs) < 3:
        return " and ".join(_figure(cost) for cost in costs)
    tenths = statistics.quantiles(costs, n=10, method="inclusive")
    return f"{_figure(statistics.median(costs))} ({_figure(tenths[0])}–{_figure(tenths[-1])})"


def _figure(cost: float) -> str:
    return f"{cost:,.0f}" if cost >= 100 else f"{cost:.3g}"
