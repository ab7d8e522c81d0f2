"""Fit engines, devices and models to measured serving points; write the coefficients and how good they are.

    OMP_NUM_THREADS=1 python scripts/fit_engines.py [--data ../shared/data] [--quick]

Writes coefficients.json, residual.json, known.json and fit_report.json to src/millwright/perf/data. The report is
grouped cross-validation: whole configurations, cells (device × model), models and devices are left out of every step of
the fit; so are the newest quarter of the points and the longest contexts. `--quick` skips it and keeps the intervals
that are there.
"""

from __future__ import annotations

import argparse
import collections
import json
import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from left_out import (
    LeftOut,
    Spreads,
    group_columns,
    group_weights,
    kinship_of_left_out,
    scatter_rows,
    with_rare_makers,
    worst_rows,
)
from millwright.measure.fitting import ALL_PARAMETERS, HierarchicalFit, as_coefficients, log_metrics
from millwright.measure.loops import simulated_factors
from millwright.measure.predict import corrected, errors_to_explain, sort_of_point
from millwright.measure.serving import Predicted, coordinates_of, take_points
from millwright.perf.coefficients import PARAMETERS
from millwright.perf.knowledge import cell_of
from millwright.perf.residual import GROUPINGS, Residual, fit_residual, group_of, write_residual
from serving_sample import MAIN_PARTS, Sample, gather

Floats = NDArray[np.float64]

Leaver = Callable[[NDArray[np.bool_]], Floats]

REPOSITORY = Path(__file__).resolve().parent.parent
OUT = REPOSITORY / "src" / "millwright" / "perf" / "data"

NOISE = (0.20, 0.04, 0.05)
"""Spread of the log of repeats and of what no model could tell: TTFT, TPOT, throughput."""

SCALES = (2.5, 1.0, 1.0)

FOLDS = {"config": 6, "cell": 24, "model": 14, "device": 12}
LATER, LONG = "later", "long"
BEYOND = {"beyond-9k": 9_000.0, "beyond-32k": 32_000.0}
"""Prompts of at least so many tokens are left out of the fit to all sources: hardly any of them is in the main ones."""

NEWEST_SHARE = 0.25
LONG_TOKENS = 7_000.0
"""Prompts of at least so many tokens are left out together: those that stay have 4,096 at most, nearly all of them."""

LONGEST_TOKENS = 9_216.0
"""Prompts above this length are rare in the data, and of lesser sources: they have an interval of their own."""

FOLD_ROUNDS = 6
"""Rounds of the fit without a fold's points. One step alone flatters: cells, TPOT 7.3 for 8.3 %."""

PLAYED_ROUNDS = 3
"""How often closed loops are simulated and the effects fitted again; factors of simulation hardly move after that."""

RECENT = MAIN_PARTS
HELD = 0.01
"""Spread of the log by which the lesser parts of the data may move what the main ones have fixed."""


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
        device, model = str(label["device"]), str(label["blocks"])
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


def special_folds(sample: Sample, scheme: str) -> NDArray[np.int64]:
    """Return 0 for points that are left out together, -1 for those that always stay: the newest, or the longest."""
    prompts = sample.points.input_tokens + sample.points.depth_tokens
    if scheme == LONG or scheme in BEYOND:
        return np.where(prompts >= BEYOND.get(scheme, LONG_TOKENS), 0, -1)
    dated = np.array([bool(each.point.date or each.deployment.engine.version) for each in sample.resolved])
    recent = np.isin(np.array(sample.table["part"].to_list()), RECENT) & sample.points.loop & dated
    years = np.array([float(label["year"]) for label in sample.labels])
    newest = np.quantile(years[recent], 1.0 - NEWEST_SHARE)
    return np.where(recent & (years >= newest), 0, -1)


def fitted_residual(sample: Sample, rows: NDArray[np.int64], predicted: Predicted) -> Residual:
    """Return the correction that the errors of `rows` call for."""
    errors = errors_to_explain(sample.measured - log_metrics(predicted), sample.points)
    return fit_residual(
        [sample.residual_labels[row] for row in rows],
        coordinates_of(sample.points)[rows],
        errors[:, rows],
        np.minimum(1.0, sample.weights[rows] * 4),
        NOISE,
        SCALES,
    )


def predict_left_out(fit: HierarchicalFit, sample: Sample, left: NDArray[np.bool_], effects: Floats) -> Floats:
    """Return (3, n left out) predicted logs, of effects and a residual in which `left` rows take no part."""
    moved = fit.played
    if moved is not None:
        rows = np.flatnonzero(left)
        fit.played = moved.copy()
        fit.played[:, rows] = played(fit, sample, effects, rows)
    predicted = fit.predict(fit.coefficient_logs(effects))
    fit.played = moved
    widest_group = np.array([group_of(each, next(iter(GROUPINGS))) for each in sample.residual_labels])
    near = np.isin(widest_group, widest_group[left])  # other points have no say in these
    residual = fitted_residual(sample, np.flatnonzero(~left & near), predicted)
    return np.log(corrected(predicted, sample.points, sample.residual_labels, residual))[:, left]


def played(fit: HierarchicalFit, sample: Sample, effects: Floats, rows: NDArray[np.int64] | None = None) -> Floats:
    """Return what the simulator makes of closed loops beyond the closed form, under these effects (2, rows)."""
    chosen = np.arange(len(sample.labels)) if rows is None else rows
    logs = {name: values[chosen] for name, values in fit.coefficient_logs(effects).items()}
    step, protocol = as_coefficients(logs)
    resolved = [sample.resolved[int(row)] for row in chosen]
    return simulated_factors(resolved, take_points(sample.points, chosen), step, step, protocol)


def solver_without(fit: HierarchicalFit, effects: Floats) -> Leaver:
    """Return a function from points left out to the effects fitted without them, solved from one step off `effects`."""
    one_step = fit.leaver(effects)
    return lambda left: fit.solve(~left, one_step(left), rounds=FOLD_ROUNDS)


def left_out_errors(
    fit: HierarchicalFit, sample: Sample, without: Leaver, scheme: str, folds: NDArray[np.int64], keep: Path | None
) -> Floats:
    """Return (3, n) log(measured / predicted) of points left out, NaN for others; kept in a file if a folder is given.

    A file that is there is read instead.
    """
    kept = keep / f"errors_{scheme}.npy" if keep is not None else None
    if kept is not None and kept.exists():
        return np.asarray(np.load(kept))
    logs = np.full_like(sample.measured, np.nan)
    for fold in range(int(folds.max()) + 1):
        left = folds == fold
        logs[:, left] = predict_left_out(fit, sample, left, without(left))
    errors = sample.measured - logs
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        np.save(kept, errors)
    return np.asarray(errors)


def cross_validate(
    fit: HierarchicalFit, sample: Sample, without: Leaver, keep: Path | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the report and the intervals by novelty; `without` gives the effects fitted without points left out."""
    sorts = [sort_of_point(each) for each in sample.resolved]
    parts = np.array(sample.table["part"].to_list())
    columns = group_columns(sample)
    weights = group_weights(sample)
    recent = np.isin(parts, RECENT)
    joint = recent & np.array([sort.startswith("joint") for sort in sorts])
    report: dict[str, Any] = {}
    spreads: dict[str, Spreads] = {}

    def intervals_of(found: LeftOut, chosen: NDArray[np.bool_]) -> dict[str, Spreads]:
        intervals = found.intervals(chosen)
        return with_rare_makers(intervals, spreads["cell"]) if "device" in intervals else intervals

    for scheme, count in FOLDS.items():
        begun = time.time()
        keys = scheme_keys(sample, scheme)
        folds = fold_numbers(keys, count)
        errors = left_out_errors(fit, sample, without, scheme, folds, keep)
        groups = folds if scheme == "config" else np.unique(keys, return_inverse=True)[1]
        novelties = kinship_of_left_out(sample, folds) if scheme == "device" else np.full(len(folds), scheme)
        found = LeftOut(errors, novelties, sorts, groups, weights)
        intervals = intervals_of(found, recent)
        # the intervals that judge a half of the folds come from the other half, factors included
        halves = folds % 2 == 0
        honest = [found.score(intervals_of(found, recent & ~side), joint & side) for side in (halves, ~halves)]
        report[scheme] = {
            "all": found.score(intervals, recent),
            "joint": found.score(intervals, joint),
            "coverage_from_other_half": [{name: half[name]["inside_80"] for name in half} for half in honest],
            "by_part": found.score_by({"part": parts}, intervals, recent)["part"],
        }
        if scheme == "device":
            report[scheme]["by_kinship"] = found.score_by({"kinship": novelties}, intervals, joint)["kinship"]
        if scheme in ("cell", "model", "device"):
            report[scheme]["by"] = found.score_by(columns, intervals, joint)
            report[scheme]["scatter"] = scatter_rows(sample, errors, joint)
        if scheme == "cell":
            report[scheme]["worst"] = worst_rows(sample, errors, joint)
        spreads |= intervals
        tell(scheme, report[scheme]["joint"], begun)
    for scheme in (LATER, LONG):
        begun = time.time()
        folds = special_folds(sample, scheme)
        errors = left_out_errors(fit, sample, without, scheme, folds, keep)
        left = folds == 0
        found = LeftOut(errors, np.full(len(folds), "cell"), sorts, folds, weights)
        report[scheme] = {
            "joint": found.score(spreads, joint & left),
            "all": found.score(spreads, left),
            "by_part": found.score_by({"part": parts}, spreads, left)["part"],
            "by": found.score_by(columns, spreads, left),
        }
        tell(scheme, report[scheme]["all"], begun)
    unknown = widest(spreads["model"], spreads["device"])
    return report, spreads | {"long": unknown, "both": unknown}


def validate_beyond(
    fit: HierarchicalFit, sample: Sample, start: Floats, spreads: Mapping[str, Any], keep: Path | None
) -> dict[str, Any]:
    """Return the report on the longest prompts of all sources, left out together of the fit to all of them."""
    without = solver_without(fit, start)
    sorts = [sort_of_point(each) for each in sample.resolved]
    parts = np.array(sample.table["part"].to_list())
    report = {}
    for scheme in BEYOND:
        begun = time.time()
        folds = special_folds(sample, scheme)
        errors = left_out_errors(fit, sample, without, scheme, folds, keep)
        left = folds == 0
        found = LeftOut(errors, np.full(len(folds), "long"), sorts, folds, sample.weights)
        report[scheme] = {
            "all": found.score(spreads, left),
            "by_part": found.score_by({"part": parts}, spreads, left)["part"],
        }
        tell(scheme, report[scheme]["all"], begun)
    return report


def widest(*spreads: Mapping[str, list[list[float]]]) -> dict[str, list[list[float]]]:
    """Return, by sort and metric, the outermost ends and three tenths more: for points new in every respect."""
    found = {}
    for sort in spreads[0]:
        pairs = zip(*(each[sort] for each in spreads), strict=True)
        found[sort] = [[1.3 * min(p[0] for p in pair), 1.3 * max(p[1] for p in pair)] for pair in pairs]
    return found


def tell(scheme: str, cells: Mapping[str, Any], begun: float) -> None:
    line = ", ".join(
        f"{name} {100 * cell['median_abs_error']:.1f} % in {cell['inside_80']:.2f} ×{cell['width']:.2f}"
        for name, cell in cells.items()
    )
    print(f"{scheme} left out ({time.time() - begun:.0f} s): {line}", flush=True)


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
    parser.add_argument(
        "--keep", type=Path, help="folder for effects and left-out errors; those there are read, not made"
    )
    arguments = parser.parse_args()
    main_sample, sample = gather(arguments.data, MAIN_PARTS), gather(arguments.data)
    fit = HierarchicalFit(sample.points, sample.labels, sample.measured, sample.weights)
    print(f"{len(sample.labels)} points, {len(fit.names)} effects of {len(ALL_PARAMETERS)} coefficients")
    begun = time.time()
    main_fit, main_effects = fitted_to_main(main_sample, arguments.keep)
    print(f"fitted to {len(main_sample.labels)} main points in {time.time() - begun:.0f} s", flush=True)
    spreads = json.loads((OUT / "known.json").read_text())["spreads"]
    report: dict[str, Any] = {}
    if not arguments.quick:
        report, spreads = cross_validate(main_fit, main_sample, solver_without(main_fit, main_effects), arguments.keep)
    fit.hold(main_fit.names, main_effects, HELD)
    held = fit.centres.copy()
    fit.played = played(fit, sample, held)
    effects = fitted_effects(fit, arguments.keep, "all", 4, held)
    fit.played = played(fit, sample, effects)
    if report:
        report |= validate_beyond(fit, sample, effects, spreads, arguments.keep)
        (OUT / "fit_report.json").write_text(json.dumps({"kind": "fit-report", "schemes": report}, indent=1) + "\n")
    predicted = fit.predict(fit.coefficient_logs(effects))
    print(f"fitted to all in {time.time() - begun:.0f} s; {len(PARAMETERS)} coefficients of steps", flush=True)
    residual = fitted_residual(sample, np.arange(len(sample.labels)), predicted)
    write_residual(OUT / "residual.json", residual, "fitted by scripts/fit_engines.py")
    write_coefficients(fit, effects, report)
    known = {
        "kind": "known",
        "devices": sorted({each.deployment.device.id for each in sample.resolved}),
        "models": sorted({str(label["blocks"]) for label in sample.labels}),
        "cells": newest_of_cells(sample),
        "longest_tokens": LONGEST_TOKENS,
        "spreads": spreads,
    }
    (OUT / "known.json").write_text(json.dumps(known, indent=1) + "\n")


def newest_of_cells(sample: Sample) -> dict[str, float]:
    """Return when the newest engine measured on each cell was current [years, as labels have them]."""
    newest: dict[str, float] = {}
    for label in sample.labels:
        cell = cell_of(label)
        newest[cell] = max(newest.get(cell, -math.inf), round(float(label["year"]), 3))
    return dict(sorted(newest.items()))


def fitted_to_main(sample: Sample, keep: Path | None) -> tuple[HierarchicalFit, Floats]:
    """Return the fit to the main sources and its effects: of the closed form, then simulated and fitted in turn."""
    fit = HierarchicalFit(sample.points, sample.labels, sample.measured, sample.weights)
    effects = fitted_effects(fit, keep, "closed", 30)
    for again in range(PLAYED_ROUNDS):
        fit.played = played(fit, sample, effects)
        effects = fitted_effects(fit, keep, f"main-{again}", 10, effects)
    fit.played = played(fit, sample, effects)
    return fit, effects


def fitted_effects(
    fit: HierarchicalFit, keep: Path | None, name: str, rounds: int, start: Floats | None = None
) -> Floats:
    """Return the effects fitted to all points of `fit`; kept in a file if a folder is given, and read from there."""
    kept = keep / f"effects_{name}.npy" if keep is not None else None
    if kept is not None and kept.exists():
        return np.asarray(np.load(kept))
    effects = fit.solve(np.ones(len(fit.labels), dtype=bool), start, rounds=rounds)
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        np.save(kept, effects)
    return effects


if __name__ == "__main__":
    main()
