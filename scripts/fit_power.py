"""Fit the power of a busy device to ML.ENERGY's measurements; write src/millwright/perf/data/power.json.

    OMP_NUM_THREADS=1 python scripts/fit_power.py --keep DIR [--data ../shared/data]

P = idle + (TDP − idle)·(a + b·√c), c the arithmetic done as a share of the bf16 peak (predicted, not measured). The
report leaves whole models out. `DIR` is where `fit_engines.py --keep` left its errors of the same fit: the error of
J/token is that of power and throughput both predicted without the model.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from millwright.catalog.catalog import load_catalog
from millwright.catalog.precision import Compute
from millwright.measure.points import points_of
from millwright.measure.predict import predict_points
from millwright.measure.resolve import Resolver
from millwright.perf.power import idle_power_w
from serving_sample import MAIN_PARTS, gather

Floats = NDArray[np.float64]

REPOSITORY = Path(__file__).resolve().parent.parent
OUT = REPOSITORY / "src" / "millwright" / "perf" / "data" / "power.json"


def main() -> None:
    parser = argparse.ArgumentParser()
    default = os.environ.get("MILLWRIGHT_SHARED_DATA", str(REPOSITORY.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=Path(default))
    parser.add_argument("--keep", type=Path, required=True, help="folder with the errors of models left out")
    arguments = parser.parse_args()
    table = pl.read_parquet(arguments.data / "serving_points.parquet").filter(
        (pl.col("part") == "mlenergy") & pl.col("power_w").is_not_null()
    )
    catalog = load_catalog()
    points = points_of(table)
    resolver = Resolver(catalog)
    devices = [resolver.device(point.accelerator)[0] for point in points]
    found = predict_points(points, catalog)
    count = np.array([float(point.devices) for point in points])
    architectures = [resolver.model(point.model, point.parameters_billion)[0] for point in points]
    active = np.array([float(each.active_parameters(embeddings=False)) for each in architectures])
    peak = np.array([float(device.peak_flop_per_s.get(Compute.BF16, 1e15)) for device in devices])
    root = np.sqrt(np.clip(2.0 * active * found.values[2] / count / peak, 0.0, 1.0))
    idle = np.array([idle_power_w(device) for device in devices])
    span = np.array([float(device.tdp_w or 700.0) for device in devices]) - idle
    measured = table["power_w"].to_numpy() / count
    share = (measured - idle) / span
    models = np.array([each.id for each in architectures])
    errors = np.full(len(points), np.nan)
    for model in np.unique(models):
        left = models == model
        a, b = fit(root[~left], share[~left])
        errors[left] = np.log((idle + span * (a + b * root))[left] / measured[left])
    a, b = fit(root, share)
    joules = table["energy_j_per_token"].to_numpy()
    rate = left_out_throughput(arguments.data, arguments.keep, table)
    root_out = np.sqrt(np.clip(2.0 * active * rate / count / peak, 0.0, 1.0))
    watts = np.full(len(points), np.nan)
    for model in np.unique(models):
        left = models == model
        a_out, b_out = fit(root[~left], share[~left])
        watts[left] = (idle + span * (a_out + b_out * root_out))[left]
    both = np.abs(watts * count / rate / joules - 1)
    predicted = measured * np.exp(errors) * count / found.values[2]
    energy = np.abs(predicted / joules - 1)
    sigma = float(np.quantile(np.abs(errors), 0.8)) / 1.2816
    report = {
        "points": len(points),
        "power_median_abs_error_models_left_out": round(float(np.median(np.abs(np.expm1(errors)))), 4),
        "energy_median_abs_error_power_left_out": round(float(np.median(energy)), 4),
        "energy_median_abs_error_models_left_out": round(float(np.nanmedian(both)), 4),
    }
    contents = {
        "kind": "power",
        "schema": 1,
        "note": "fitted by scripts/fit_power.py to ML.ENERGY v3 (H100, B200; NVML power)",
        "busy_share": round(a, 4),
        "compute_share_root": round(b, 4),
        "log_sigma": round(sigma, 4),
        "report": report,
    }
    OUT.write_text(json.dumps(contents, indent=1) + "\n")
    print(contents)


def left_out_throughput(data: Path, keep: Path, table: pl.DataFrame) -> Floats:
    """Return the output tokens per second of each row as predicted with its model left out, NaN where it was not."""
    sample = gather(data, MAIN_PARTS)
    errors = np.load(keep / "errors_model.npy")[2]
    by_row = dict(zip(sample.table["row_id"].to_list(), errors, strict=True))
    missed = np.array([by_row.get(row, np.nan) for row in table["row_id"].to_list()])
    return np.asarray(table["output_tok_s_total"].to_numpy() * np.exp(-missed))


def fit(root: Floats, share: Floats) -> tuple[float, float]:
    """Return (a, b) of share = a + b·root, by least absolute deviations in a few reweighted rounds."""
    design = np.stack([np.ones_like(root), root], axis=1)
    weight = np.ones_like(share)
    solution = np.zeros(2)
    for _ in range(12):
        solution = np.linalg.solve((design * weight[:, None]).T @ design, (design * weight[:, None]).T @ share)
        weight = 1.0 / np.maximum(np.abs(share - design @ solution), 0.02)
    return float(solution[0]), float(solution[1])


if __name__ == "__main__":
    main()
