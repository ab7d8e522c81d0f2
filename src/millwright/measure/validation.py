"""Predict measured points, and say how far off the predictions are: over all of them, and by group."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from millwright.catalog.catalog import Catalog
from millwright.measure.compare import Comparison, compare_groups
from millwright.measure.points import METRICS, group_names, points_of
from millwright.measure.predict import predict_points
from millwright.perf.calibration import Calibration


def validated(
    table: pl.DataFrame, by: Sequence[str], catalog: Catalog, calibration: Calibration | None = None
) -> list[Comparison]:
    """Return how well each metric of the points in `table` is predicted: over all, then for each group of columns `by`.

    A `calibration` corrects the predictions that it covers.
    Raises InputError for a column that the table does not have.
    """
    rows = points_of(table)
    names = [group_names(rows, table, column) for column in by]
    found = predict_points(rows, catalog, calibration)
    measured = np.array([[each.measured.get(metric, np.nan) for each in rows] for metric in METRICS])
    measured = measured.reshape(len(METRICS), len(rows))
    all_points = compare_groups(["all"] * len(rows), METRICS, measured, found.values, found.low, found.high)
    if not by or not rows:
        return all_points
    groups = [" · ".join(parts) for parts in zip(*names, strict=True)]
    return all_points + compare_groups(groups, METRICS, measured, found.values, found.low, found.high)
