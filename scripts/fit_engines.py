"""Fit engines, devices and models to measured serving points; write the coefficients and how good they are.

    OMP_NUM_THREADS=1 python scripts/fit_engines.py [--data ../shared/data] [--quick]

Writes coefficients.json, residual.json, known.json and fit_report.json to src/millwright/perf/data. The report is
grouped cross-validation: whole configurations, cells (device × model), models and devices are left out of every step of
the fit. `--quick` skips it and keeps the intervals that are there.
"""

from __future__ import annotations

import argparse
import collections
import json
import math
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from millwright.catalog.catalog import load_catalog
from millwright.measure.fitting import ALL_PARAMETERS, HierarchicalFit
from millwright.measure.points import METRICS, Phase, ServingPoint, points_of
from millwright.measure.predict import point_labels, residual_labels, sort_of_point
from millwright.measure.resolve import ResolvedPoint, Resolver
from millwright.measure.serving import Points, arrange_points, coordinates_of
from millwright.perf.coefficients import PARAMETERS
from millwright.perf.residual import fit_residual, write_residual

Floats = NDArray[np.float64]

REPOSITORY = Path(__file__).resolve().parent.parent
OUT = REPOSITORY / "src" / "millwright" / "perf" / "data"

PART_WEIGHT = {
    "aic_silicon": 1.0,
    "inferencemax": 1.0,
    "mlenergy": 0.5,
    "trtllm": 0.5,
    "dstack": 0.05,
    "splitwise": 0.1,
    "techgrandpa": 0.05,
    "kyuz0": 0.2,
    "xiongjiedai": 0.2,
    "awsneuron": 0.2,
    "gaudi": 0.2,
    "inferencemax_fork_gaudi": 0.2,
    "inferencex_experimental": 0.05,
    "inferencex_pr": 0.05,
    "argonne": 0.02,
    "mlc": 0.1,
    "premai": 0.03,
    "geerlingguy": 0.05,
}
"""How much a row of each part counts: official and recent ones most, software of 2023 and hobby figures little."""

MOST_ROWS = {"argonne": 250, "splitwise": 220, "xiongjiedai": 400, "kyuz0": 260}
CELL_ROWS = 25.0
UNLABELLED_SPECULATION = ("2026-01-14", "2026-01-28", "2026-02-05", "2026-02-06")

NOISE = (0.20, 0.04, 0.05)
"""Spread of the log of repeats and of what no model could tell: TTFT, TPOT, throughput."""

SCALES = (2.5, 1.0, 1.0)
GROUP_POWER = 0.6
"""A point of a group of n counts n^-0.6 when intervals are set: a new group may resemble a small one as well."""

INFLATION = {
    "config": (1.0, 1.0, 1.0),
    "cell": (1.1, 1.1, 1.1),
    "device": (1.1, 1.1, 1.1),
    "model": (1.25, 1.1, 1.1),
}
"""Factors on intervals (logs) of new groups: few groups left out understate how far the next may be off."""

FOLDS = {"config": 4, "cell": 6, "model": 6, "device": 5}


@dataclass(frozen=True)
class Sample:
    """The points of the fit, as rows, resolved, as arrays and with labels."""

    table: pl.DataFrame
    resolved: list[ResolvedPoint]
    points: Points
    labels: list[dict[str, str | float]]
    residual_labels: list[dict[str, str]]
    measured: Floats
    weights: Floats


def usable_rows(table: pl.DataFrame) -> pl.DataFrame:
    """Leave out what the data's own notes call doubtful, repeats, and unlabelled speculative decoding."""
    speculative = (
        (pl.col("part") == "aic_silicon")
        & (pl.col("engine") == "tensorrt-llm")
        & pl.col("model").str.contains("DeepSeek-R1")
        & pl.col("date").is_in(UNLABELLED_SPECULATION)
    )
    kept = table.filter(
        ~pl.col("use").str.starts_with("doubtful")
        & pl.col("duplicate_of").is_null()
        & ~speculative.fill_null(False)
        & (pl.col("spec_decoding").fill_null("none") == "none")
        & ~pl.col("use").str.contains("definition unclear")
        & pl.col("part").is_in(list(PART_WEIGHT))
    )
    parts = [
        rows.sample(min(rows.height, MOST_ROWS.get(str(key[0]), rows.height)), seed=7)
        for key, rows in kept.sort("row_id").group_by("part", maintain_order=True)
    ]
    return pl.concat(parts)


def measured_logs(points: Sequence[ServingPoint], table: pl.DataFrame) -> Floats:
    """Return (3, n) logs of what was measured; total throughput and prefill speed are converted."""
    logs = np.full((3, len(points)), np.nan)
    totals, speeds = table["total_tok_s"].to_list(), table["input_tok_s_total"].to_list()
    for column, point in enumerate(points):
        values = dict(point.measured)
        if METRICS[2] not in values and totals[column] and point.phase is Phase.BOTH:
            share = point.output_tokens / (point.input_tokens + point.output_tokens)
            values[METRICS[2]] = totals[column] * share
        if point.phase is Phase.PREFILL:
            values.pop(METRICS[2], None)
            if speeds[column]:
                values[METRICS[0]] = 1e3 * point.input_tokens / speeds[column]
        if point.phase is Phase.DECODE:
            values.pop(METRICS[0], None)
        for row, name in enumerate(METRICS):
            if values.get(name, 0.0) > 0:
                logs[row, column] = math.log(values[name])
    return logs


def gather(data: Path) -> Sample:
    table = usable_rows(pl.read_parquet(data / "serving_points.parquet"))
    points = points_of(table)
    resolver = Resolver(load_catalog())
    resolved = [resolver.resolve(point) for point in points]
    logs = measured_logs(points, table)
    known = np.array([not each.notes for each in resolved]) & np.isfinite(logs).any(axis=0)
    print(f"{int((~known).sum())} rows left out (unknown name, or nothing measured that is predicted)")
    rows = np.flatnonzero(known)
    resolved = [replace(resolved[row], point=replace(points[row], index=int(i))) for i, row in enumerate(rows)]
    table, logs = table[rows.tolist()], logs[:, rows]
    labels = [point_labels(each) for each in resolved]
    arranged = arrange_points(resolved)
    cells = [
        (each.deployment.device.id, each.deployment.model.id, label["engine"], label["format"], label["rig"])
        for each, label in zip(resolved, labels, strict=True)
    ]
    sizes = collections.Counter(cells)
    weights = np.array([min(1.0, (CELL_ROWS / sizes[cell]) ** 0.7) for cell in cells])
    weights *= np.array([PART_WEIGHT[part] for part in table["part"].to_list()])
    keys = [residual_labels(each, label) for each, label in zip(resolved, labels, strict=True)]
    return Sample(table, resolved, arranged, labels, keys, logs, weights)


def fold_numbers(keys: Sequence[str], count: int) -> NDArray[np.int64]:
    """Return a fold per key, the largest groups spread first so that folds are of similar size."""
    sizes = collections.Counter(keys)
    filled = [0] * count
    fold = {}
    for key, size in sorted(sizes.items(), key=lambda item: (-item[1], item[0])):
        fold[key] = int(np.argmin(filled))
        filled[fold[key]] += size
    return np.array([fold[key] for key in keys])


def scheme_keys(sample: Sample, scheme: str) -> list[str]:
    keys = []
    for each, label in zip(sample.resolved, sample.labels, strict=True):
        deployment, point = each.deployment, each.point
        device, model = deployment.device.id, deployment.model.id
        whole = (
            device,
            model,
            label["engine"],
            label["format"],
            deployment.tp,
            point.input_tokens,
            point.output_tokens,
        )
        keys.append(
            {"device": device, "model": model, "cell": f"{device}|{model}", "config": "|".join(map(str, whole))}[scheme]
        )
    return keys


def predict_left_out(fit: HierarchicalFit, sample: Sample, left: NDArray[np.bool_], start: Floats) -> Floats:
    """Return (3, n left out) predicted logs when `left` rows take no part in any step of the fit."""
    effects = fit.solve(~left, start, rounds=5)
    logs = fit.predicted_logs(effects)
    train, test = np.flatnonzero(~left), np.flatnonzero(left)
    where = coordinates_of(sample.points)
    residual = fit_residual(
        [sample.residual_labels[row] for row in train],
        where[train],
        (sample.measured - logs)[:, train],
        np.minimum(1.0, sample.weights[train] * 4),
        NOISE,
        SCALES,
    )
    return logs[:, test] + residual.correction([sample.residual_labels[row] for row in test], where[test])


def quantile_pair(errors: Floats, weights: Floats) -> list[float]:
    """Return the weighted 10 % and 90 % quantiles."""
    order = np.argsort(errors)
    share = np.cumsum(weights[order])
    share = (share - 0.5 * weights[order]) / share[-1]
    return [float(np.interp(level, share, errors[order])) for level in (0.1, 0.9)]


def group_weights(sample: Sample) -> Floats:
    """Return a weight per point that keeps large groups (device, model, engine) from speaking for new ones."""
    keys = [
        (each.deployment.device.id, each.deployment.model.id, str(label["engine"]))
        for each, label in zip(sample.resolved, sample.labels, strict=True)
    ]
    sizes = collections.Counter(keys)
    return np.array([sizes[key] ** -GROUP_POWER for key in keys])


def spreads_of(
    errors: Floats, sorts: Sequence[str], chosen: NDArray[np.bool_], weights: Floats
) -> dict[str, list[list[float]]]:
    """Return the 10 % and 90 % quantiles of log(measured/predicted) by sort and metric; few rows lean on all."""
    found: dict[str, list[list[float]]] = {}
    names = np.array(sorts)
    for sort in ("all", *sorted(set(sorts))):
        rows = chosen & ((names == sort) | (sort == "all"))
        pairs = []
        for metric in range(3):
            mine = rows & np.isfinite(errors[metric])
            everyone = chosen & np.isfinite(errors[metric])
            base = quantile_pair(errors[metric][everyone], weights[everyone]) if everyone.sum() > 20 else [-1.0, 1.0]
            share = mine.sum() / (mine.sum() + 30.0)
            own = quantile_pair(errors[metric][mine], weights[mine]) if mine.sum() > 10 else base
            pairs.append([round(share * o + (1 - share) * b, 4) for o, b in zip(own, base, strict=True)])
        found[sort] = pairs
    return found


def inflated(spreads: Mapping[str, list[list[float]]], scheme: str) -> dict[str, list[list[float]]]:
    """Return intervals widened by the scheme's INFLATION."""
    return {
        sort: [[round(factor * end, 4) for end in pair] for factor, pair in zip(INFLATION[scheme], pairs, strict=True)]
        for sort, pairs in spreads.items()
    }


def score(
    errors: Floats, spreads: Mapping[str, Any], sorts: Sequence[str], chosen: NDArray[np.bool_]
) -> dict[str, Any]:
    """Return median absolute error, coverage and interval width per metric over the chosen points."""
    report: dict[str, Any] = {}
    quantiles = np.array([spreads[sort] for sort in sorts])
    for metric, name in enumerate(METRICS):
        rows = chosen & np.isfinite(errors[metric])
        if not rows.any():
            continue
        e, q = errors[metric][rows], quantiles[rows, metric]
        report[name] = {
            "points": int(rows.sum()),
            "median_abs_error": round(float(np.median(np.abs(np.expm1(-e)))), 4),
            "mean_abs_error": round(float(np.mean(np.minimum(np.abs(np.expm1(-e)), 10.0))), 4),
            "bias": round(float(np.median(-e)), 4),
            "inside_80": round(float(np.mean((e >= np.minimum(q[:, 0], 0)) & (e <= np.maximum(q[:, 1], 0)))), 3),
            "width": round(float(np.median(np.exp(q[:, 1] - q[:, 0]))), 3),
        }
    return report


def cross_validate(
    fit: HierarchicalFit, sample: Sample, start: Floats, keep: Path | None, reuse: bool
) -> tuple[dict[str, Any], dict[str, Any]]:
    sorts = [sort_of_point(each) for each in sample.resolved]
    parts = np.array(sample.table["part"].to_list())
    recent = np.isin(parts, ("aic_silicon", "inferencemax", "mlenergy", "trtllm"))
    report, spreads = {}, {}
    for scheme, count in FOLDS.items():
        begun = time.time()
        folds = fold_numbers(scheme_keys(sample, scheme), count)
        kept = keep / f"errors_{scheme}.npy" if keep is not None else None
        if reuse and kept is not None and kept.exists():
            errors = np.load(kept)
        else:
            logs = np.full_like(sample.measured, np.nan)
            for fold in range(count):
                left = folds == fold
                logs[:, left] = predict_left_out(fit, sample, left, start)
            errors = sample.measured - logs
            if kept is not None:
                kept.parent.mkdir(parents=True, exist_ok=True)
                np.save(kept, errors)
        spreads[scheme] = spreads_of(errors, sorts, recent, group_weights(sample))
        spreads[scheme] = inflated(spreads[scheme], scheme)
        joint = recent & np.array([sort.startswith("joint") for sort in sorts])
        # the quantiles that judge a fold come from the other half of the groups, so that coverage is honest
        halves = folds % 2 == 0
        honest = {}
        for side in (halves, ~halves):
            other = spreads_of(errors, sorts, recent & ~side, group_weights(sample))
            other = inflated(other, scheme)
            honest[bool(side is halves)] = score(errors, other, sorts, recent & side)
        report[scheme] = {
            "all": score(errors, spreads[scheme], sorts, recent),
            "joint": score(errors, spreads[scheme], sorts, joint),
            "coverage_from_other_half": [
                {name: half[name]["inside_80"] for name in half} for half in (honest[True], honest[False])
            ],
            "by_part": {part: score(errors, spreads[scheme], sorts, parts == part) for part in sorted(set(parts))},
        }
        if scheme in ("cell", "model", "device"):
            report[scheme]["by"] = errors_by(sample, errors, spreads[scheme], sorts, joint)
        if scheme == "cell":
            report[scheme]["worst"] = worst_rows(sample, errors, joint)
        line = ", ".join(
            f"{name} {100 * cell['median_abs_error']:.1f} % in {cell['inside_80']:.2f} ×{cell['width']:.2f}"
            for name, cell in report[scheme]["joint"].items()
        )
        print(f"{scheme} left out ({time.time() - begun:.0f} s): {line}", flush=True)
    wide = {
        sort: [
            [1.3 * min(a[0], b[0]), 1.3 * max(a[1], b[1])] for a, b in zip(spreads["model"][sort], pairs, strict=True)
        ]
        for sort, pairs in spreads["device"].items()
    }
    return report, spreads | {"both": wide}


def group_columns(sample: Sample) -> dict[str, list[str]]:
    """Return by what the report is broken down: a label per point and column."""
    load = [min(4096, 4 ** math.floor(math.log(max(p.point.level or 1.0, 1.0), 4))) for p in sample.resolved]
    return {
        "engine": [str(label["engine"]) for label in sample.labels],
        "accelerator": [each.deployment.device.name for each in sample.resolved],
        "model": [each.deployment.model.name for each in sample.resolved],
        "format": [str(label["format"]) for label in sample.labels],
        "load": [f"{low} to {low * 4 - 1}" for low in load],
    }


def errors_by(
    sample: Sample, errors: Floats, spreads: Mapping[str, Any], sorts: Sequence[str], chosen: NDArray[np.bool_]
) -> dict[str, Any]:
    tables: dict[str, Any] = {}
    for column, values in group_columns(sample).items():
        names = np.array(values)
        tables[column] = {
            name: score(errors, spreads, sorts, chosen & (names == name)) for name in sorted(set(names[chosen]))
        }
    return tables


def worst_rows(sample: Sample, errors: Floats, chosen: NDArray[np.bool_]) -> list[dict[str, Any]]:
    """Return the twenty points whose left-out TPOT is farthest off, one per cell and engine."""
    order = np.argsort(-np.abs(np.where(chosen & np.isfinite(errors[1]), errors[1], 0.0)))
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for row in order:
        each, label = sample.resolved[int(row)], sample.labels[int(row)]
        deployment = each.deployment
        key = (deployment.device.id, deployment.model.id, str(label["engine"]))
        if key in found:
            continue
        found[key] = {
            "row": sample.table["row_id"][int(row)],
            "accelerator": deployment.device.name,
            "model": deployment.model.name,
            "engine": str(label["engine"]),
            "rig": str(label["rig"]),
            "tp": deployment.tp,
            "level": each.point.level,
            "measured_ms": round(float(np.exp(sample.measured[1, row])), 2),
            "predicted_ms": round(float(np.exp(sample.measured[1, row] - errors[1, row])), 2),
        }
        if len(found) == 20:
            break
    return list(found.values())


def write_coefficients(fit: HierarchicalFit, effects: Floats, report: Mapping[str, Any]) -> None:
    base: dict[str, float] = {}
    tree: dict[str, dict[str, dict[str, float]]] = {}
    for (name, dimension, level), value in zip(fit.names, effects, strict=True):
        if dimension == "base":
            base[name] = round(float(value), 4)
        elif abs(value) >= 5e-4:
            tree.setdefault(name, {}).setdefault(dimension, {})[level] = round(float(value), 4)
    step = {"fitted": 0.10, "extrapolated": 0.20, "datasheet": 0.35}
    prefill = {"fitted": 0.15, "extrapolated": 0.25, "datasheet": 0.45}
    if report:
        sigma = {
            scheme: report[scheme]["joint"]["tpot_ms_mean"]["median_abs_error"] / 0.6745
            for scheme in ("cell", "device", "model")
        }
        step = {
            "fitted": sigma["cell"],
            "extrapolated": max(sigma.values()),
            "datasheet": math.hypot(sigma["device"], sigma["model"]),
        }
        step = {basis: round(value, 3) for basis, value in step.items()}
        prefill = {basis: round(max(1.2 * value, 0.15), 3) for basis, value in step.items()}
    contents = {
        "kind": "coefficients",
        "schema": 1,
        "note": "fitted by scripts/fit_engines.py to measured serving points; natural logarithms, times in seconds",
        "base": base,
        "effects": tree,
        "step_log_sigma": {"decode": step, "prefill": prefill},
    }
    (OUT / "coefficients.json").write_text(json.dumps(contents, indent=1) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser()
    default = os.environ.get("MILLWRIGHT_SHARED_DATA", str(REPOSITORY.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=Path(default))
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--keep", type=Path, help="folder for the left-out errors of every point")
    parser.add_argument("--reuse", action="store_true", help="take left-out errors from that folder where they are")
    arguments = parser.parse_args()
    sample = gather(arguments.data)
    fit = HierarchicalFit(sample.points, sample.labels, sample.measured, sample.weights)
    print(f"{len(sample.labels)} points, {len(fit.names)} effects of {len(ALL_PARAMETERS)} coefficients")
    begun = time.time()
    everything = np.ones(len(sample.labels), dtype=bool)
    effects = fit.solve(everything, rounds=15)
    logs = fit.predicted_logs(effects)
    where = coordinates_of(sample.points)
    print(f"fitted in {time.time() - begun:.0f} s; {len(PARAMETERS)} coefficients of steps")
    residual = fit_residual(
        sample.residual_labels,
        where,
        sample.measured - logs,
        np.minimum(1.0, sample.weights * 4),
        NOISE,
        SCALES,
    )
    write_residual(OUT / "residual.json", residual, "fitted by scripts/fit_engines.py")
    old = json.loads((OUT / "known.json").read_text()) if (OUT / "known.json").exists() else {}
    report: dict[str, Any] = {}
    write_coefficients(fit, effects, report)
    spreads = old.get("spreads") or {
        novelty: {"all": [[-w * 2, w * 2], [-w, w], [-w, w]]}
        for novelty, w in (("config", 0.1), ("cell", 0.2), ("device", 0.25), ("model", 0.3), ("both", 0.5))
    }
    if not arguments.quick:
        report, spreads = cross_validate(fit, sample, effects, arguments.keep, arguments.reuse)
        write_coefficients(fit, effects, report)
        (OUT / "fit_report.json").write_text(json.dumps({"kind": "fit-report", "schemes": report}, indent=1) + "\n")
    known = {
        "kind": "known",
        "devices": sorted({each.deployment.device.id for each in sample.resolved}),
        "models": sorted({each.deployment.model.id for each in sample.resolved}),
        "cells": sorted({f"{each.deployment.device.id}|{each.deployment.model.id}" for each in sample.resolved}),
        "spreads": spreads,
    }
    (OUT / "known.json").write_text(json.dumps(known, indent=1) + "\n")


if __name__ == "__main__":
    main()
