"""`millwright calibrate`: points of one's own in, corrections of the predictions out, and what they are worth."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from millwright.quantity import share_text

if TYPE_CHECKING:
    from millwright.measure.calibration import CalibrationReport

_LABELS = {"ttft_ms_mean": "mean TTFT", "tpot_ms_mean": "TPOT", "output_tok_s_total": "throughput"}


def calibrate(
    points: Annotated[
        list[Path],
        typer.Argument(help="CSV or Parquet with the columns of serving points, or JSON of vLLM, GuideLLM, AIPerf."),
    ],
    out: Annotated[Path, typer.Option("--out", help="Where to write the calibration.")] = Path("calibration.json"),
    given: Annotated[
        list[str] | None,
        typer.Option("--set", help="COLUMN=VALUE where files leave it open: accelerator=h100-sxm, tp=2; may repeat."),
    ] = None,
    made: Annotated[
        datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="Day to record instead of today.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the calibration as JSON only.")] = False,
    models: Annotated[list[Path] | None, typer.Option("--models", help="Folder of NAME/config.json to add.")] = None,
    devices: Annotated[list[Path] | None, typer.Option("--devices", help="Catalogue file to add.")] = None,
) -> None:
    """Fit a small correction to three or more points of your own; show the error before and after, left one out."""
    import hashlib

    from millwright.catalog.catalog import load_catalog
    from millwright.measure.benchmarks import given_column, read_measured
    from millwright.measure.calibration import calibrate as fit
    from millwright.measure.points import points_of
    from millwright.perf.calibration import write_calibration
    from millwright.whole_file import check_writable

    check_writable(out)
    columns = dict(given_column(each) for each in given or ())
    table = read_measured(points, columns)
    sources = [{"file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()} for path in points]
    day = made.date() if made is not None else date.today()
    catalog = load_catalog(devices or (), models or ())
    report = fit(points_of(table), catalog, made=day.isoformat(), sources=sources)
    write_calibration(out, report.calibration)
    if as_json:
        typer.echo(out.read_text(encoding="utf-8"), nl=False)
    else:
        _show(report, out)


def _show(report: CalibrationReport, out: Path) -> None:
    total = len(report.used) + len(report.unusable)
    typer.echo(f"{len(report.used)} of {total} points used")
    for row, reason in report.unusable:
        typer.echo(f"  point {row + 1} left out: {reason}")
    typer.echo("median error, each configuration left out of the fit that predicts it")
    for name, found in (report.calibration.left_one_out or {}).items():
        before, after = found["before"], found["after"]
        typer.echo(
            f"  {_LABELS[name]:<11}{share_text(before, 1):>8} before {share_text(after, 1):>8} after"
            f"  ({found['points']:.0f} points)"
        )
    if not _helps(report.calibration.left_one_out or {}):
        typer.echo("  Points left out are predicted no better: this calibration is not worth using.")
    typer.echo("times longer than predicted by (decode step, prefill step, per request)")
    for each in report.calibration.corrections:
        factors = "  ".join(f"×{factor:.2f}" for factor in _factors(each.logs))
        typer.echo(f"  {each.device}, {each.engine}, {each.model or 'any other model'}: {factors}")
    typer.echo(f"Written: {out}. Give it to plan, simulate or predict with --calibration.")


def _helps(found: Mapping[str, Mapping[str, float]]) -> bool:
    """Return whether what matters most of what was measured gets better: TPOT, else throughput, else TTFT."""
    first = next(
        (found[name] for name in ("tpot_ms_mean", "output_tok_s_total", "ttft_ms_mean") if name in found), None
    )
    return first is not None and first["after"] < first["before"]


def _factors(logs: tuple[float, float, float]) -> list[float]:
    import math

    return [math.exp(each) for each in logs]
