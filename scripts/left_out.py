"""How far predictions of left-out points were off: intervals from their errors, and tables of them.

Intervals are conformal on groups: quantiles of left-out log errors by sort of point, times a factor chosen so that a
whole group (a model, a device, a cell), judged by the quantiles of the other groups, is covered as often as stated.
"""

from __future__ import annotations

import collections
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from millwright.measure.points import METRICS
from serving_sample import Sample

Floats = NDArray[np.float64]
Spreads = dict[str, list[list[float]]]

COVERAGE = 0.80
GROUP_POWER = 0.6
"""A point of a group of n counts n^-0.6 when intervals are set: a new group may resemble a small one as well."""

_FACTORS = np.geomspace(0.8, 3.5, 28)
_FEW = 30.0


def quantile_pair(errors: Floats, weights: Floats) -> list[float]:
    """Return the weighted 10 % and 90 % quantiles."""
    order = np.argsort(errors)
    share = np.cumsum(weights[order])
    share = (share - 0.5 * weights[order]) / share[-1]
    return [float(np.interp(level, share, errors[order])) for level in (0.1, 0.9)]


def group_weights(sample: Sample) -> Floats:
    """Return a weight per point that keeps large groups (device, model, engine) from speaking for new ones."""
    keys = [tuple(label[name] for name in ("device", "blocks", "engine")) for label in sample.labels]
    sizes = collections.Counter(keys)
    return np.array([sizes[key] ** -GROUP_POWER for key in keys])


def spreads_of(errors: Floats, sorts: Sequence[str], chosen: NDArray[np.bool_], weights: Floats) -> Spreads:
    """Return the 10 % and 90 % quantiles of log(measured/predicted) by sort and metric; few rows lean on all."""
    found: Spreads = {}
    names = np.array(sorts)
    for sort in ("all", *sorted(set(sorts))):
        rows = chosen & ((names == sort) | (sort == "all"))
        pairs = []
        for metric in range(3):
            mine = rows & np.isfinite(errors[metric])
            everyone = chosen & np.isfinite(errors[metric])
            base = quantile_pair(errors[metric][everyone], weights[everyone]) if everyone.sum() > 20 else [-1.0, 1.0]
            share = mine.sum() / (mine.sum() + _FEW)
            own = quantile_pair(errors[metric][mine], weights[mine]) if mine.sum() > 10 else base
            pairs.append([round(share * o + (1 - share) * b, 4) for o, b in zip(own, base, strict=True)])
        found[sort] = pairs
    return found


def conformal_factors(
    errors: Floats, sorts: Sequence[str], chosen: NDArray[np.bool_], weights: Floats, groups: NDArray[np.int64]
) -> list[float]:
    """Return the factor on each metric's interval (log) at which left-out groups are covered as stated.

    A group counts by the root of its size.
    """
    names = np.unique(groups[chosen])
    covered = np.zeros((3, len(_FACTORS)))
    total = np.zeros(3)
    for name in names:
        mine = chosen & (groups == name)
        pairs = np.array([spreads_of(errors, sorts, chosen & ~mine, weights)["all"]])[0]
        for metric in range(3):
            found = errors[metric][mine & np.isfinite(errors[metric])]
            if not len(found):
                continue
            low, high = min(pairs[metric][0], 0.0), max(pairs[metric][1], 0.0)
            inside = (found[:, None] >= low * _FACTORS) & (found[:, None] <= high * _FACTORS)
            covered[metric] += math.sqrt(len(found)) * inside.mean(axis=0)
            total[metric] += math.sqrt(len(found))
    share = covered / np.maximum(total, 1e-9)[:, None]
    return [float(np.interp(COVERAGE, np.maximum.accumulate(each), _FACTORS)) for each in share]


def widened(spreads: Spreads, factors: Sequence[float]) -> Spreads:
    """Return intervals (logs) times a factor per metric."""
    return {
        sort: [[round(factor * end, 4) for end in pair] for factor, pair in zip(factors, pairs, strict=True)]
        for sort, pairs in spreads.items()
    }


@dataclass(frozen=True)
class LeftOut:
    """What one way of leaving points out found; arrays over all points of a sample.

    `errors` (3, points) is log(measured / predicted), NaN where not left out; `novelties` and `sorts` say by which
    intervals a point is judged; `groups` are those that were left out together, `weights` how much a point counts.
    """

    errors: Floats
    novelties: NDArray[np.str_]
    sorts: Sequence[str]
    groups: NDArray[np.int64]
    weights: Floats

    def intervals(self, chosen: NDArray[np.bool_]) -> dict[str, Spreads]:
        """Return intervals by novelty from the chosen points' errors.

        Points of a family that was never measured have too few groups for a factor of their own.
        """
        rows = {str(name): chosen & (self.novelties == name) for name in np.unique(self.novelties)}
        raw = {name: spreads_of(self.errors, self.sorts, mine, self.weights) for name, mine in rows.items()}
        groups = max(rows, key=lambda name: len(np.unique(self.groups[rows[name]])))
        factors = conformal_factors(self.errors, self.sorts, rows[groups], self.weights, self.groups)
        return {name: widened(each, factors) for name, each in raw.items()}

    def score(self, intervals: Mapping[str, Spreads], chosen: NDArray[np.bool_]) -> dict[str, Any]:
        """Return median absolute error, coverage and interval width per metric over the chosen points."""
        report: dict[str, Any] = {}
        pairs = [intervals[novelty][sort] for novelty, sort in zip(self.novelties, self.sorts, strict=True)]
        quantiles = np.array(pairs)
        for metric, name in enumerate(METRICS):
            rows = chosen & np.isfinite(self.errors[metric])
            if not rows.any():
                continue
            e, q = self.errors[metric][rows], quantiles[rows, metric]
            report[name] = {
                "points": int(rows.sum()),
                "median_abs_error": round(float(np.median(np.abs(np.expm1(-e)))), 4),
                "mean_abs_error": round(float(np.mean(np.minimum(np.abs(np.expm1(-e)), 10.0))), 4),
                "bias": round(float(np.median(np.expm1(-e))), 4),
                "inside_80": round(float(np.mean((e >= np.minimum(q[:, 0], 0)) & (e <= np.maximum(q[:, 1], 0)))), 3),
                "width": round(float(np.median(np.exp(q[:, 1] - q[:, 0]))), 3),
            }
        return report

    def score_by(
        self, columns: Mapping[str, Sequence[str]], intervals: Mapping[str, Spreads], chosen: NDArray[np.bool_]
    ) -> dict[str, Any]:
        """Return scores by each of the columns of the report, a label per point and column."""
        tables: dict[str, Any] = {}
        for column, values in columns.items():
            names = np.array(values)
            tables[column] = {
                str(name): self.score(intervals, chosen & (names == name)) for name in np.unique(names[chosen])
            }
        return tables


def kinship_of_left_out(sample: Sample, folds: NDArray[np.int64]) -> NDArray[np.str_]:
    """Return how new each point's device is to the fit of the other folds: `device`, or `family` if it has no kin."""
    families = np.array([str(label["family"]) for label in sample.labels])
    found = np.full(len(folds), "family")
    for fold in np.unique(folds):
        left = folds == fold
        found[left & np.isin(families, families[~left])] = "device"
    return found


def with_rare_makers(intervals: Mapping[str, Spreads], of_cells: Spreads) -> dict[str, Spreads]:
    """Return intervals of new devices with those of rarely measured makers filled in: none that has kin was left out.

    Where kin was measured on the same model (`kin`) they have everybody's, else those of a new model on a known device.
    """
    rare, joint = "joint-rare", "joint"
    known = intervals["device"]
    return {**intervals, "kin": known | {rare: known[joint]}, "device": known | {rare: of_cells[rare]}}


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


def scatter_rows(sample: Sample, errors: Floats, chosen: NDArray[np.bool_], most: int = 500) -> list[list[Any]]:
    """Return [accelerator, metric, measured, predicted] of at most `most` left-out points per metric, for a plot."""
    rng = np.random.default_rng(11)
    rows: list[list[Any]] = []
    for metric in (0, 1):
        found = np.flatnonzero(chosen & np.isfinite(errors[metric]))
        for row in sorted(rng.choice(found, min(most, len(found)), replace=False)):
            measured = sample.measured[metric, row]
            values = [float(f"{np.exp(value):.4g}") for value in (measured, measured - errors[metric, row])]
            rows.append([sample.resolved[int(row)].deployment.device.name, METRICS[metric], *values])
    return rows


def worst_rows(sample: Sample, errors: Floats, chosen: NDArray[np.bool_]) -> list[dict[str, Any]]:
    """Return the twenty points whose left-out TPOT is farthest off, one per cell and engine.

    With each go the median ratio of predicted to measured of its own group (device, model, engine, rig) and how many
    points that has, so that an odd row can be told from a group that is missed.
    """
    order = np.argsort(-np.abs(np.where(chosen & np.isfinite(errors[1]), errors[1], 0.0)))
    keys = [
        (each.deployment.device.id, each.deployment.model.id, str(label["engine"]), str(label["rig"]))
        for each, label in zip(sample.resolved, sample.labels, strict=True)
    ]
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for row in order:
        each, label = sample.resolved[int(row)], sample.labels[int(row)]
        deployment = each.deployment
        key = keys[int(row)]
        if key[:3] in found:
            continue
        group = [other for other in np.flatnonzero(chosen & np.isfinite(errors[1])) if keys[other] == key]
        found[key[:3]] = {
            "row": sample.table["row_id"][int(row)],
            "accelerator": deployment.device.name,
            "vendor": deployment.device.vendor,
            "model": deployment.model.name,
            "engine": str(label["engine"]),
            "format": str(label["format"]),
            "rig": str(label["rig"]),
            "tp": deployment.tp,
            "level": each.point.level,
            "inputs": each.point.input_tokens,
            "outputs": each.point.output_tokens,
            "measured_ms": round(float(np.exp(sample.measured[1, row])), 2),
            "predicted_ms": round(float(np.exp(sample.measured[1, row] - errors[1, row])), 2),
            "room": round(float(sample.points.fit_sequences[row] * sample.points.replicas[row]), 1),
            "group_points": len(group),
            "group_ratio": round(float(np.exp(-np.median(errors[1, group]))), 2),
        }
        if len(found) == 20:
            break
    return list(found.values())
