"""Measured points: predicted, compared, and made into corrections; and what a prompt log holds."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from millwright.errors import InputError
from millwright.web.work.fields import Name, Seed, Text, WithFiles
from millwright.web.work.files import CalibrationId, UploadedName, calibration, uploaded
from millwright.web.work.simulations import own_catalog
from millwright.web.worker import Tell

MOST_POINTS = 200_000
"""Points one request may hold; more take longer than anybody waits."""


class PredictRequest(WithFiles):
    """Points to be predicted: CSV or Parquet with the columns of serving points."""

    points: UploadedName
    calibration_id: CalibrationId = None


class ValidateRequest(WithFiles):
    """Measured points to be compared with what is predicted for them."""

    points: UploadedName
    by: tuple[Name, ...] = Field(default=(), max_length=10, description="Columns to group by.")


class CalibrateRequest(WithFiles):
    """Measured points of one's own, to correct predictions by."""

    points: tuple[UploadedName, ...] = Field(min_length=1, max_length=20)
    columns: dict[Name, Annotated[Text, StringConstraints(max_length=200)]] = Field(
        default_factory=dict, max_length=30, description="What files leave open: accelerator, tp, …"
    )
    date: dt.date | None = Field(default=None, description="Day to record instead of today.")


class DataRequest(WithFiles):
    """A prompt log or a set of documents, to be profiled."""

    file: UploadedName
    seed: Seed = 0


def predict(asked: PredictRequest, folder: Path, tell: Tell) -> dict[str, Any]:
    """Return the points as rows, with predictions and their 80 % intervals."""
    from millwright.measure.points import read_table
    from millwright.measure.predict import predict_table

    table = read_table(uploaded(folder, asked.points, "points"))
    _check_count(len(table))
    predicted = predict_table(table, own_catalog(folder), calibration(folder))
    return {
        "points": len(predicted),
        "impossible": len(predicted["pred_error"].drop_nulls()),
        "rows": rows_of(predicted),
    }


def validate(asked: ValidateRequest, folder: Path, tell: Tell) -> dict[str, Any]:
    """Return how far off predictions are, as `millwright validate --json` prints it."""
    from millwright.measure import compare
    from millwright.measure.points import read_table
    from millwright.measure.validation import validated

    table = read_table(uploaded(folder, asked.points, "points"))
    _check_count(len(table))
    return {"by": list(asked.by), "comparisons": compare.as_json(validated(table, asked.by, own_catalog(folder)))}


def calibrate(asked: CalibrateRequest, folder: Path, tell: Tell) -> dict[str, Any]:
    """Return the calibration, what it is worth, and the points that could not be used."""
    import json

    from millwright.measure.benchmarks import read_measured
    from millwright.measure.calibration import calibrate as fit
    from millwright.measure.points import points_of
    from millwright.perf.calibration import write_calibration

    paths = [uploaded(folder, name, "points") for name in asked.points]
    table = read_measured(paths, asked.columns)
    _check_count(len(table))
    sources = [{"file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()} for path in paths]
    day = asked.date or dt.date.today()
    report = fit(points_of(table), own_catalog(folder), made=day.isoformat(), sources=sources)
    written = folder / "made" / "calibration.json"
    write_calibration(written, report.calibration)
    return {
        "calibration": json.loads(written.read_text(encoding="utf-8")),
        "used": len(report.used),
        "unusable": [{"point": row + 1, "reason": reason} for row, reason in report.unusable],
    }


def count_points(asked: PredictRequest, folder: Path, tell: Tell) -> dict[str, Any]:
    """Return how many serving points a file holds; raises InputError where it holds none."""
    from millwright.measure.points import read_points

    return {"points": len(read_points(uploaded(folder, asked.points, "points")))}


def data(asked: DataRequest, folder: Path, tell: Tell) -> dict[str, Any]:
    """Return what the file holds, as `millwright data --json` prints it."""
    from millwright.readiness.profile import profile_file

    return asdict(profile_file(uploaded(folder, asked.file, "file"), asked.seed))


def rows_of(table: Any) -> list[dict[str, Any]]:
    """Return a table's rows as JSON knows them: what is no number is null, days and times are text."""
    import polars as pl
    import polars.selectors as cs

    plain = table.with_columns(cs.temporal().cast(pl.String), cs.float().fill_nan(None))
    plain = plain.with_columns(
        pl.when(pl.col(name).is_infinite()).then(None).otherwise(pl.col(name)).alias(name)
        for name, kind in plain.schema.items()
        if kind.is_float()
    )
    rows: list[dict[str, Any]] = plain.to_dicts()
    return rows


def _check_count(points: int) -> None:
    if points > MOST_POINTS:
        raise InputError(
            f"the file holds {points:,} points; {MOST_POINTS:,} are the most at once", "points", "Send it in parts."
        )
