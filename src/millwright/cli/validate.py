"""`millwright validate`: predict measured points and say how far off, per metric and group."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from millwright.measure.compare import Comparison


def validate(
    points: Annotated[Path, typer.Argument(help="CSV or Parquet with measured serving points.")],
    by: Annotated[list[str] | None, typer.Option("--by", help="Column to group by; may repeat.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON only.")] = False,
    models: Annotated[list[Path] | None, typer.Option("--models", help="Folder of NAME/config.json to add.")] = None,
    devices: Annotated[list[Path] | None, typer.Option("--devices", help="Catalogue file to add.")] = None,
) -> None:
    """Predict points and compare: answer rate, errors, bias, interval coverage and width."""
    comparisons = _compared(points, by or [], models or [], devices or [])
    if as_json:
        from millwright.measure import compare

        typer.echo(json.dumps({"by": by or [], "comparisons": compare.as_json(comparisons)}, indent=1))
        return
    _print_table(comparisons)
    typer.echo("Points that the fit has seen come out better than new ones; docs/accuracy.md has the errors left out.")


def _compared(points: Path, by: list[str], models: list[Path], devices: list[Path]) -> list[Comparison]:
    import numpy as np

    from millwright.catalog.catalog import load_catalog
    from millwright.measure.compare import compare_groups
    from millwright.measure.points import METRICS, group_names, points_of, read_table
    from millwright.measure.predict import predict_points

    table = read_table(points)
    rows = points_of(table)
    names = [group_names(rows, table, column) for column in by]
    found = predict_points(rows, load_catalog(devices, models))
    measured = np.array([[each.measured.get(metric, np.nan) for each in rows] for metric in METRICS])
    measured = measured.reshape(len(METRICS), len(rows))
    all_points = compare_groups(["all"] * len(rows), METRICS, measured, found.values, found.low, found.high)
    if not by or not rows:
        return all_points
    groups = [" · ".join(parts) for parts in zip(*names, strict=True)]
    return all_points + compare_groups(groups, METRICS, measured, found.values, found.low, found.high)


def _print_table(comparisons: Sequence[Comparison]) -> None:
    header = ("group", "metric", "points", "answered", "median |error|", "mean |error|", "bias", "in 80 %", "high/low")
    rows = [
        (
            each.group,
            each.metric,
            str(each.points),
            f"{100 * each.answered:.0f} %",
            f"{100 * each.median_abs_error:.1f} %",
            f"{100 * each.mean_abs_error:.1f} %",
            f"{100 * each.bias:+.1f} %",
            f"{100 * each.inside_80:.0f} %",
            f"{each.width:.2f}",
        )
        for each in comparisons
    ]
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    for row in (header, *rows):
        cells = [
            cell.ljust(width) if i < 2 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        typer.echo("  ".join(cells).rstrip())
