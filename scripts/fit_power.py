"""Fit the power of a busy device to ML.ENERGY's measurements; write src/millwright/perf/data/power.json.

    OMP_NUM_THREADS=1 python scripts/fit_power.py --keep DIR [--data ../shared/data]

P = idle + (TDP − idle)·(a + f + b·√c + Σ d_k·s_k): f the device family's own part, c the arithmetic done for answers as
a share of the bf16 peak, s_k the shares of a step's time in products with dense weights, with experts and in reading
the cache (`perf/kernel_shares.py`; times of kernels are predicted, that of the step is measured). The report leaves
whole models out. `DIR` is where `fit_engines.py --keep` left its errors of the same fit: the error of J/token is that
of power and throughput both predicted without the model.
"""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from millwright.catalog.catalog import load_catalog
from millwright.catalog.precision import Compute
from millwright.measure.points import points_of
from millwright.measure.predict import point_labels
from millwright.measure.resolve import Resolver
from millwright.measure.serving import Points, arrange_points
from millwright.perf.coefficients import shipped_coefficients
from millwright.perf.kernel_shares import kernel_shares
from millwright.perf.kinship import blocks_id
from millwright.perf.power import idle_power_w
from millwright.perf.timing import Coefficients
from serving_sample import MAIN_PARTS, gather

Floats = NDArray[np.float64]

REPOSITORY = Path(__file__).resolve().parent.parent
KERNELS = ("dense", "expert", "cache")
FAMILIES = ("hopper", "blackwell")
"""Families of the devices that were read. A device of another family is taken to lie between the two."""

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
    readings = read(table)
    measured = table["power_w"].to_numpy() / readings.devices
    joules, tokens_per_s = table["energy_j_per_token"].to_numpy(), table["output_tok_s_total"].to_numpy()
    design = readings.design(tokens_per_s)
    span = readings.tdp_w - readings.idle_w
    share = (measured - readings.idle_w) / span
    rate = left_out_throughput(arguments.data, arguments.keep, table)
    blind = readings.design(np.where(np.isfinite(rate), rate, 1.0))
    watts, joules_out = np.full(len(table), np.nan), np.full(len(table), np.nan)
    for model in np.unique(readings.models):
        left = readings.models == model
        found = fit(design[~left], share[~left])
        watts[left] = readings.watts(design, found)[left]
        joules_out[left] = (readings.watts(blind, found) * readings.devices / rate)[left]
    error = np.abs(joules_out / joules - 1)
    power_error = np.abs(watts / measured - 1)
    sigma = float(np.quantile(np.abs(np.log(watts / measured)), 0.8)) / 1.2816
    report = {
        "points": len(table),
        "power_median_abs_error_models_left_out": median(power_error),
        "energy_median_abs_error_power_left_out": median(np.abs(watts * readings.devices / tokens_per_s / joules - 1)),
        "energy_median_abs_error_models_left_out": median(error),
        "energy_by_device": {str(name): median(error[readings.names == name]) for name in np.unique(readings.names)},
    }
    busy, root, *kernels, apart = fit(design, share).tolist()
    contents = {
        "kind": "power",
        "schema": 2,
        "note": "fitted by scripts/fit_power.py to ML.ENERGY v3 (H100, B200; NVML power)",
        "busy_share": round(busy, 4),
        "compute_share_root": round(root, 4),
        "kernels": {name: round(value, 4) for name, value in zip(KERNELS, kernels, strict=True)},
        "families": {name: round(-apart / 2 if at == 0 else apart / 2, 4) for at, name in enumerate(FAMILIES)},
        "typical": {name: round(float(np.mean(design[:, 2 + at])), 4) for at, name in enumerate(KERNELS)},
        "log_sigma": round(sigma, 4),
        "report": report,
    }
    OUT.write_text(json.dumps(contents, indent=1) + "\n")
    print(contents)


@dataclass(frozen=True)
class Readings:
    """What was run for each power reading, as arrays; all but `points` and `coefficients` have one entry per row."""

    points: Points
    coefficients: Coefficients
    devices: Floats
    names: NDArray[np.str_]
    families: NDArray[np.str_]
    models: NDArray[np.str_]  # by their blocks: versions of a model are left out together
    active: Floats
    peak: Floats  # bf16 FLOP per second
    idle_w: Floats
    tdp_w: Floats

    def design(self, tokens_per_s: Floats) -> Floats:
        """Return (rows, 6) at these throughputs: 1, the root of the share of arithmetic, the shares of kernels, and on
        which side of the middle the device's family lies (±½)."""
        points = self.points
        sequences = points.level
        step_s = sequences * points.replicas / tokens_per_s
        context = points.depth_tokens + points.input_tokens + points.output_tokens * points.answered_share
        shares = kernel_shares(
            points.decode, self.coefficients, sequences, sequences, sequences * context, np.asarray(step_s)
        )
        computing = np.clip(2.0 * self.active * tokens_per_s / self.devices / self.peak, 0.0, 1.0)
        family = np.where(self.families == FAMILIES[0], -0.5, np.where(self.families == FAMILIES[1], 0.5, 0.0))
        return np.stack([np.ones_like(computing), np.sqrt(computing), *shares, family], axis=1)

    def watts(self, design: Floats, found: Floats) -> Floats:
        """Return the power of one device of each row [W], between idle and TDP."""
        return np.asarray(self.idle_w + (self.tdp_w - self.idle_w) * np.clip(design @ found, 0.0, 1.0))


def read(table: pl.DataFrame) -> Readings:
    """Return what the rows of a table of power readings ran."""
    points = points_of(table)
    resolver = Resolver(load_catalog())
    resolved = [resolver.resolve(point) for point in points]
    labels = [point_labels(each) for each in resolved]
    devices = [each.deployment.device for each in resolved]
    architectures = [each.deployment.model for each in resolved]
    return Readings(
        arrange_points(resolved),
        shipped_coefficients().resolve(labels),
        np.array([float(point.devices) for point in points]),
        np.array([each.id for each in devices]),
        np.array([each.family for each in devices]),
        np.array([blocks_id(each) for each in architectures]),
        np.array([float(each.active_parameters(embeddings=False)) for each in architectures]),
        np.array([float(each.peak_flop_per_s.get(Compute.BF16, 1e15)) for each in devices]),
        np.array([idle_power_w(each) for each in devices]),
        np.array([float(each.tdp_w or 700.0) for each in devices]),
    )


def median(values: Floats) -> float:
    """Return the median of what is not NaN, rounded for the report."""
    return round(float(np.nanmedian(values)), 4)


def left_out_throughput(data: Path, keep: Path, table: pl.DataFrame) -> Floats:
    """Return the output tokens per second of each row as predicted with its model left out, NaN where it was not."""
    sample = gather(data, MAIN_PARTS)
    errors = np.load(keep / "errors_model.npy")[2]
    by_row = dict(zip(sample.table["row_id"].to_list(), errors, strict=True))
    missed = np.array([by_row.get(row, np.nan) for row in table["row_id"].to_list()])
    return np.asarray(table["output_tok_s_total"].to_numpy() * np.exp(-missed))


def fit(design: Floats, share: Floats) -> Floats:
    """Return the coefficients of share = design · coefficients, by least absolute deviations in reweighted rounds."""
    weight = np.ones_like(share)
    solution = np.zeros(design.shape[1])
    for _ in range(24):
        solution = np.linalg.solve((design * weight[:, None]).T @ design, (design * weight[:, None]).T @ share)
        weight = 1.0 / np.maximum(np.abs(share - design @ solution), 0.02)
    return solution


if __name__ == "__main__":
    main()
