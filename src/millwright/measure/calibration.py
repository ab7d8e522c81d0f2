"""Fit a calibration to a few measured points of one's own, and say by leave-one-out what it is worth.

Each point has three unknown log factors: on a decode step, a prefill step, and the time per request. They are the sum
of what holds for its device and engine and of what holds for its model on them, both drawn towards 0 by a normal prior.
The means of TTFT and TPOT are not linear in the factors, so the fit iterates (Gauss-Newton); errors have heavy tails
(Student's t, 4 degrees of freedom), so that one odd run does not carry the rest away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from millwright.catalog.catalog import Catalog
from millwright.errors import InputError
from millwright.measure.loops import with_factors
from millwright.measure.points import METRICS, Load, ServingPoint
from millwright.measure.predict import (
    corrected,
    point_labels,
    predict_points,
    predict_with_factors,
    residual_labels,
    shipped_factors,
)
from millwright.measure.resolve import ResolvedPoint, Resolver
from millwright.measure.serving import arrange_points, take_points
from millwright.perf.calibration import LIMITS, Calibration, Correction
from millwright.perf.engines import engine_id
from millwright.perf.residual import shipped_residual

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

LEAST_POINTS = 3
"""Fewer points make no calibration: two cannot tell a bias from an odd run."""

PRIOR = {"device and engine": (0.15, 0.25, 0.5), "model": (0.10, 0.15, 0.3)}
"""Standard deviations of the log factors (decode, prefill, request) before any point is seen.

Together about as wide as left-out errors of the shipped fit on new devices and models (docs/accuracy.md).
"""

NOISE = (0.35, 0.15, 0.15)
"""Standard deviations of log TTFT, TPOT and throughput about a calibrated prediction: errors of shape, and of runs."""

MOST_FOLDS = 40
"""Leave-one-out up to this many configurations; beyond, so many folds of several configurations each."""

_DEGREES = 4.0
_ROUNDS = 8
_STEP = 0.02
_BELOW_ROOFLINE = 0.97


@dataclass(frozen=True)
class CalibrationReport:
    """A calibration, and log errors (3, points) of TTFT, TPOT and throughput: before, and left out after.

    `used` are the indices of the points fitted to, `unusable` the others with the reason; NaN where not measured.
    """

    calibration: Calibration
    used: tuple[int, ...]
    unusable: tuple[tuple[int, str], ...]
    before: Floats
    after: Floats


def calibrate(
    points: Sequence[ServingPoint], catalog: Catalog, *, made: str, sources: Sequence[Mapping[str, str]] = ()
) -> CalibrationReport:
    """Return the calibration of measured points; raises InputError when fewer than three can be used.

    `made` is the day it is made, `sources` the files and their hashes; both are only recorded.
    """
    resolver = Resolver(catalog)
    resolved = [resolver.resolve(point) for point in points]
    reasons = _reasons_against(points, resolved, catalog)
    used = [row for row, reason in enumerate(reasons) if not reason]
    configurations = _configurations([points[row] for row in used])
    if len(set(configurations)) < LEAST_POINTS:
        raise InputError(
            f"{len(set(configurations))} of {len(points)} points can be used, {LEAST_POINTS} are needed"
            f"{_first_reasons(reasons)}",
            remedy="Points differ in load, lengths or layout, and state accelerator, model, engine, TPOT or TTFT.",
        )
    model = _Model([resolved[row] for row in used], configurations)
    if not any(model.different(index) >= LEAST_POINTS for index in range(len(model.pair_names))):
        raise InputError(
            f"no device and engine has {LEAST_POINTS} usable points: {', '.join(model.pair_names)}".replace("|", " "),
            remedy="Measure one of them at three loads.",
        )
    everything = model.fit(np.ones((1, len(used))))[0]
    folds = [each % MOST_FOLDS for each in configurations]
    kept = np.array([[fold != own for own in folds] for fold in sorted(set(folds))], dtype=np.float64)
    left_out = model.fit(kept)
    own_factors = np.stack([model.factors(left_out[fold])[row] for row, fold in enumerate(folds)])
    rows = np.arange(len(used))
    before = model.errors(rows, np.zeros((len(used), 3)))
    after = model.errors(rows, own_factors)
    calibration = Calibration(
        tuple(_corrections(model, everything, after)),
        made,
        tuple(sources),
        {**PRIOR, "noise of TTFT, TPOT, throughput": NOISE},
        {name: _summary(before[row], after[row]) for row, name in enumerate(METRICS) if np.isfinite(before[row]).any()},
    )
    unusable = tuple((row, reason) for row, reason in enumerate(reasons) if reason)
    return CalibrationReport(calibration, tuple(used), unusable, before, after)


class _Model:
    """The points as a function from factors to errors, and the fit of factors for many selections of points at once."""

    def __init__(self, resolved: Sequence[ResolvedPoint], configurations: Sequence[int]) -> None:
        pairs, cells = [_pair(each) for each in resolved], [_cell(each) for each in resolved]
        self.configurations = np.array(configurations)
        # Runs of one configuration share its error: together they count as one point.
        self.shares = 1.0 / np.bincount(self.configurations)[self.configurations]
        self.arranged = arrange_points(resolved)
        self.labels = [point_labels(each) for each in resolved]
        self.residual = [residual_labels(each, own) for each, own in zip(resolved, self.labels, strict=True)]
        self.played = shipped_factors(resolved, self.arranged, self.labels)
        self.pair_names, self.cell_names = sorted(set(pairs)), sorted(set(cells))
        self.pair = np.array([self.pair_names.index(each) for each in pairs])
        self.cell = np.array([self.cell_names.index(each) for each in cells]) + len(self.pair_names)
        count = len(self.pair_names) + len(self.cell_names)
        self.prior = np.array([PRIOR["device and engine"]] * len(self.pair_names) + [PRIOR["model"]] * count)[:count]
        self.members = np.zeros((len(resolved), count))
        self.members[np.arange(len(resolved)), self.pair] = 1.0
        self.members[np.arange(len(resolved)), self.cell] = 1.0
        measured = [[each.point.measured.get(metric, np.nan) for each in resolved] for metric in METRICS]
        self.measured = np.log(np.array(measured))
        fitted = self.measured.copy()  # throughput says again what TPOT says: it counts where TPOT is not given
        fitted[2] = np.where(np.isfinite(fitted[1]), np.nan, fitted[2])
        self.fitted = fitted

    def different(self, group: int) -> int:
        """Return how many different configurations a group has."""
        return len(set(self.configurations[self.members[:, group] > 0]))

    def factors(self, parameters: Floats) -> Floats:
        """Return the log factors of every point (points, 3), within their limits."""
        return np.asarray(np.clip(self.members @ parameters, -np.array(LIMITS), np.array(LIMITS)))

    def logs(self, rows: Rows, factors: Floats) -> Floats:
        """Return log predictions (3, rows) of the points `rows` under log factors (rows, 3)."""
        arranged = take_points(self.arranged, rows)
        predicted = predict_with_factors(arranged, [self.labels[row] for row in rows], np.exp(factors.T))
        predicted = with_factors(predicted, arranged, self.played[:, rows])
        residual = [self.residual[row] for row in rows]
        return np.asarray(np.log(corrected(predicted, arranged, residual, shipped_residual())))

    def errors(self, rows: Rows, factors: Floats) -> Floats:
        """Return log(predicted / measured), NaN where not measured."""
        return np.asarray(self.logs(rows, factors) - self.measured[:, rows])

    def fit(self, kept: Floats) -> Floats:
        """Return the parameters (folds, groups, 3) that fit the points with weights `kept` (folds, points) best."""
        folds, points = kept.shape
        rows = np.tile(np.arange(points), folds)
        parameters = np.zeros((folds, *self.prior.shape))
        best, least = parameters.copy(), np.full(folds, np.inf)
        for _ in range(_ROUNDS):
            factors = np.concatenate([self.factors(each) for each in parameters])
            base = self.logs(rows, factors)
            slopes = np.stack([(self.logs(rows, factors + _STEP * axis) - base) / _STEP for axis in np.eye(3)], axis=2)
            for fold in range(folds):
                own = slice(fold * points, (fold + 1) * points)
                misses = np.nan_to_num(self.fitted - base[:, own]) / np.array(NOISE)[:, None]
                asked = np.isfinite(self.fitted) * kept[fold] * self.shares
                tail = np.log1p(misses**2 / _DEGREES)
                lost = (_DEGREES + 1.0) * (asked * tail).sum() + ((parameters[fold] / self.prior) ** 2).sum()
                if lost < least[fold]:
                    best[fold], least[fold] = parameters[fold], lost
                weights = asked * (_DEGREES + 1.0) / (_DEGREES + misses**2)
                parameters[fold] = self._step(misses, slopes[:, own], weights, factors[own])
        return best

    def _step(self, misses: Floats, slopes: Floats, weights: Floats, factors: Floats) -> Floats:
        """Return the parameters that solve the problem made linear at the present factors."""
        scaled = slopes / np.array(NOISE)[:, None, None]  # (metrics, points, factors)
        target = misses + np.einsum("mpf,pf->mp", scaled, factors)
        design = np.einsum("mpf,pg->mpgf", scaled, self.members).reshape(misses.size, -1)
        root = np.sqrt(weights).reshape(-1)
        design, aim = design * root[:, None], target.reshape(-1) * root
        normal = design.T @ design + np.diag(1.0 / self.prior.reshape(-1) ** 2)
        limits = np.array(LIMITS)
        return np.asarray(np.clip(np.linalg.solve(normal, design.T @ aim).reshape(self.prior.shape), -limits, limits))


def _pair(resolved: ResolvedPoint) -> str:
    return f"{resolved.deployment.device.id}|{engine_id(resolved.deployment.engine.name)}"


def _cell(resolved: ResolvedPoint) -> str:
    return f"{_pair(resolved)}|{resolved.deployment.model.id}"


def _reasons_against(points: Sequence[ServingPoint], resolved: Sequence[ResolvedPoint], catalog: Catalog) -> list[str]:
    """Return why each point cannot be used, empty where it can."""
    found = predict_points(points, catalog)
    reasons = []
    for row, (point, each) in enumerate(zip(points, resolved, strict=True)):
        device, model = each.deployment.device, each.deployment.model
        floor, tpot = found.floors_ms[row], point.measured.get("tpot_ms_mean", np.inf)
        if not point.measured:
            reason = "nothing measured (ttft_ms_mean, tpot_ms_mean, output_tok_s_total)"
        elif point.level is None and point.load is not Load.OFFLINE:
            reason = "load not stated (concurrency_or_rate)"
        elif device.id.startswith("guess:"):
            reason = _unknown("device", point.accelerator, "accelerator=h100-sxm")
        elif model.id.startswith("guess:"):
            reason = _unknown("model", point.model, "model=llama-3.1-8b")
        elif found.problems[row]:
            reason = found.problems[row]
        elif tpot < _BELOW_ROOFLINE * floor:
            reason = f"TPOT of {tpot:.3g} ms is below the roofline of {floor:.3g} ms: check unit, format and devices"
        else:
            reason = ""
        reasons.append(reason)
    return reasons


def _unknown(what: str, name: str, example: str) -> str:
    """Return what is wrong with the name of a device or model: it is not given, or nobody knows it."""
    return f"{what} '{name}' is not in the catalogue" if name else f"no {what} is stated: add --set {example}"


def _first_reasons(reasons: Sequence[str]) -> str:
    told = list(dict.fromkeys(reason for reason in reasons if reason))[:3]
    return f" ({'; '.join(told)})" if told else ""


def _configurations(points: Sequence[ServingPoint]) -> list[int]:
    """Return the number of each point's configuration; repeated runs of one have the same."""
    keys = [replace(point, index=0, measured={}, date="") for point in points]
    distinct: list[ServingPoint] = []
    for key in keys:
        if key not in distinct:
            distinct.append(key)
    return [distinct.index(key) for key in keys]


def _corrections(model: _Model, parameters: Floats, after: Floats) -> list[Correction]:
    """Return a correction per device and engine, and per model on them, where there are enough points."""
    found = []
    pairs = len(model.pair_names)
    for index, name in enumerate((*model.pair_names, *model.cell_names)):
        own = model.members[:, index] > 0
        if model.different(index) < LEAST_POINTS:
            continue
        device, engine, *rest = name.split("|")
        parent = model.pair_names.index(f"{device}|{engine}")
        total = parameters[index] if index < pairs else parameters[index] + parameters[parent]
        decode, prefill, request = (round(float(each), 5) for each in np.clip(total, -np.array(LIMITS), LIMITS))
        ttft, tpot, throughput = (_root_mean_square(after[metric, own]) for metric in range(3))
        found.append(
            Correction(
                device,
                engine,
                rest[0] if rest else "",
                model.different(index),
                decode,
                prefill,
                request,
                decode_spread=tpot,
                prefill_spread=ttft,
                throughput_spread=throughput,
            )
        )
    return found


def _root_mean_square(errors: Floats) -> float | None:
    known = errors[np.isfinite(errors)]
    return None if len(known) < LEAST_POINTS else round(float(np.sqrt(np.mean(known**2))), 5)


def _summary(before: Floats, after: Floats) -> dict[str, float]:
    """Return how many points say something of a metric, and the median absolute errors before and after."""
    known = np.isfinite(before)
    errors = {"before": before[known], "after": after[known]}
    medians = {name: round(float(np.median(np.abs(np.expm1(each)))), 5) for name, each in errors.items()}
    return {"points": float(known.sum()), **medians}
