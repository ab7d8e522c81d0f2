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
    points: Annotated[
        list[Path], typer.Argument(help="CSV or Parquet with measured points, or JSON of vLLM, GuideLLM, AIPerf.")
    ],
    by: Annotated[list[str] | None, typer.Option("--by", help="Column to group by; may repeat.")] = None,
    given: Annotated[
        list[str] | None, typer.Option("--set", help="COLUMN=VALUE where files leave it open; may repeat.")
    ] = None,
    calibration: Annotated[
        Path | None, typer.Option("--calibration", help="Corrections from `millwright calibrate`.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON only.")] = False,
    models: Annotated[list[Path] | None, typer.Option("--models", help="Folder of NAME/config.json to add.")] = None,
    devices: Annotated[list[Path] | None, typer.Option("--devices", help="Catalogue file to add.")] = None,
) -> None:
    """Predict points and compare: answer rate, errors, bias, interval coverage and width."""
    from millwright.catalog.catalog import load_catalog
    from millwright.measure.benchmarks import given_column, measured_table
    from millwright.measure.guessed import guessed_names
    from millwright.measure.points import points_of
    from millwright.measure.validation import validated
    from millwright.perf.calibration import read_calibration

    corrections = read_calibration(calibration) if calibration is not None else None
    table = measured_table(points, dict(given_column(each) for each in given or ()))
    catalog = load_catalog(devices or (), models or ())
    for warning in guessed_names(points_of(table), catalog):
        typer.echo(warning, err=True)
    comparisons = validated(table, by or [], catalog, corrections)
    if as_json:
        from millwright.measure import compare

        typer.echo(json.dumps({"by": by or [], "comparisons": compare.as_json(comparisons)}, indent=1))
        return
    _print_table(comparisons)
    typer.echo("Points that the fit has seen come out better than new ones; docs/accuracy.md has the errors left out.")


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
