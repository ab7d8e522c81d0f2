"""What a calibration on a few points is worth: median errors before and after, each point left out of its own fit.

    python benchmarks/bench_calibrate.py [POINTS]      # 8 points per cell by default

For each source of measured points in ../shared/data, the twelve largest cells (device, engine, model) are calibrated
on so many random points, and the medians of their errors are averaged over cells.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import polars as pl

from millwright.catalog.catalog import load_catalog
from millwright.errors import InputError
from millwright.measure.calibration import CalibrationReport, calibrate
from millwright.measure.points import points_of

SHARED = Path(os.environ.get("MILLWRIGHT_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
CELLS = 12
KEYS = ("accelerator", "engine", "model")


def reports(points: pl.DataFrame, most: int) -> list[CalibrationReport]:
    """Return a calibration for each of the largest cells that allow one."""
    catalog, found = load_catalog(), []
    cells = points.group_by(KEYS).len().sort("len", *KEYS, descending=True).head(CELLS)
    for cell in cells.iter_rows(named=True):
        own = points.filter(*(pl.col(key) == cell[key] for key in KEYS))
        try:
            found.append(calibrate(points_of(own.sample(min(most, len(own)), seed=1)), catalog, made="today"))
        except InputError:
            continue
    return found


def median_errors(errors: list[np.ndarray], metric: int) -> list[float]:
    """Return each cell's median absolute error of a metric, where it was measured."""
    known = [each[metric][np.isfinite(each[metric])] for each in errors]
    return [float(np.median(np.abs(np.expm1(each)))) for each in known if len(each)]


def main() -> None:
    most = int(sys.argv[1]) if len(sys.argv) > 1 else 8
    table = pl.read_parquet(SHARED / "serving_points.parquet")
    print(f"{'source':<26}{'cells':>6}" + "".join(f"{name:>22}" for name in ("TTFT", "TPOT", "throughput")))
    for part in sorted(table["part"].unique()):
        found = reports(table.filter(pl.col("part") == part), most)
        if not found:
            continue
        cells = ""
        for metric in range(3):
            before, after = (median_errors([getattr(r, name) for r in found], metric) for name in ("before", "after"))
            cells += f"{np.mean(before):>12.1%} →{np.mean(after):>7.1%} " if before else f"{'–':>22}"
        print(f"{part:<26}{len(found):>6}{cells}")


if __name__ == "__main__":
    main()
