"""`millwright predict`: measured or imagined serving points in, the same table with predictions out."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Annotated

import typer

from millwright.errors import InputError
from millwright.whole_file import check_writable, write_whole


def predict(
    points: Annotated[
        list[Path],
        typer.Argument(help="CSV or Parquet with the columns of serving points, or JSON of vLLM, GuideLLM, AIPerf."),
    ],
    out: Annotated[Path, typer.Option("--out", help="Where to write the table with predictions, .csv or .parquet.")],
    given: Annotated[
        list[str] | None, typer.Option("--set", help="COLUMN=VALUE where files leave it open; may repeat.")
    ] = None,
    models: Annotated[list[Path] | None, typer.Option("--models", help="Folder of NAME/config.json to add.")] = None,
    devices: Annotated[list[Path] | None, typer.Option("--devices", help="Catalogue file to add.")] = None,
    calibration: Annotated[
        Path | None, typer.Option("--calibration", help="Corrections from `millwright calibrate`.")
    ] = None,
    simulate: Annotated[
        bool, typer.Option("--simulate", help="Also play every closed loop in the simulator: columns sim_….")
    ] = False,
) -> None:
    """Predict mean TTFT, mean TPOT and throughput of serving points, each with an 80 % interval."""
    from millwright.catalog.catalog import load_catalog
    from millwright.measure.benchmarks import given_column, measured_table
    from millwright.measure.guessed import guessed_names
    from millwright.measure.played import agreement, play_table
    from millwright.measure.points import points_of
    from millwright.measure.predict import predict_table
    from millwright.perf.calibration import read_calibration

    if out.suffix.lower() not in (".csv", ".parquet", ".pq"):
        raise InputError(f"'{out.name}' is neither .csv nor .parquet", "--out", "Name the output by its format.")
    check_writable(out)
    corrections = read_calibration(calibration) if calibration is not None else None
    catalog = load_catalog(devices or (), models or ())
    asked = measured_table(points, dict(given_column(each) for each in given or ()))
    for warning in guessed_names(points_of(asked), catalog):
        typer.echo(warning, err=True)
    table = predict_table(asked, catalog, corrections)
    if simulate:
        table = play_table(table, catalog, corrections)
        typer.echo(agreement(table), err=True)
    content = io.BytesIO()
    if out.suffix.lower() == ".csv":
        table.write_csv(content)
    else:
        table.write_parquet(content)
    write_whole(out, content.getvalue())
    impossible = len(table["pred_error"].drop_nulls())
    points_told = "1 point" if len(table) == 1 else f"{len(table):,} points"
    typer.echo(f"{points_told} predicted, {impossible:,} impossible as stated: {out}", err=True)
