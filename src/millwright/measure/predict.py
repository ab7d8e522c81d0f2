"""Predict whole serving points: TTFT, TPOT and throughput with 80 % intervals, and what they rest on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from millwright.catalog.catalog import Catalog
from millwright.measure.loops import simulated_factors, with_factors
from millwright.measure.points import Load, ServingPoint, points_of
from millwright.measure.resolve import ResolvedPoint, Resolver
from millwright.measure.rigs import rig_of
from millwright.measure.serving import Points, Predicted, arrange_points, coordinates_of, predict_means
from millwright.perf.calibration import NO_CORRECTION, Calibration, Correction, calibrated_basis, scaled
from millwright.perf.coefficients import deployment_labels, shipped_coefficients
from millwright.perf.compile import USUAL_RIG
from millwright.perf.knowledge import BASIS_OF_NOVELTY, shipped_knowledge
from millwright.perf.memory import device_weight_bytes
from millwright.perf.residual import Residual, group_labels, shipped_residual
from millwright.quantity import Z80, Basis

if TYPE_CHECKING:
    import polars as pl

Floats = NDArray[np.float64]

PREDICTED = ("pred_ttft_ms_mean", "pred_tpot_ms_mean", "pred_output_tok_s_total")


@dataclass(frozen=True)
class PointPredictions:
    """Predictions of n points; the three metrics are mean TTFT [ms], mean TPOT [ms], output tokens per second.

    `values`, `low` and `high` are (3, n). `problems` says what is wrong with a point that cannot be, else it is empty.
    """

    values: Floats
    low: Floats
    high: Floats
    basis: tuple[Basis, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...]
    floors_ms: Floats


def rig_label(point: ServingPoint) -> str:
    """Return which rig measured a point, as far as its length distribution tells; the usual one if it is blank."""
    rig = rig_of(point)
    return rig.label(point) if rig is not None else point.protocol.split("(")[0].strip() or USUAL_RIG


def sort_of_point(resolved: ResolvedPoint) -> str:
    """Return the sort of point by which errors differ: closed loops (`joint`), `split`, `full` or `batch`.

    Closed loops of other rigs than InferenceMAX's, and on devices of less measured makers, are told apart.
    """
    if resolved.prefill is not None:
        return "split"
    if resolved.point.load in (Load.OFFLINE, Load.SATURATED):
        return "full"
    if resolved.point.load in (Load.STATIC, Load.BURST):
        return "batch"
    if resolved.deployment.device.vendor.lower() != _MOST_MEASURED_VENDOR:
        return "joint-rare"
    return "joint" if rig_label(resolved.point) == "inferencex" else "joint-other"


_MOST_MEASURED_VENDOR = "nvidia"


def point_labels(resolved: ResolvedPoint) -> dict[str, str | float]:
    """Return the labels of a point: those of its deployment, its rig and its model."""
    labels = deployment_labels(resolved.deployment)
    name, rig = rig_label(resolved.point), rig_of(resolved.point)
    machines = f"{rig.id}|{labels['family']}" if rig is not None and rig.own_machines else ""
    return labels | {"rig": name, "engine-rig": f"{labels['engine']}|{name}", "rig-family": machines}


def residual_labels(resolved: ResolvedPoint, labels: Mapping[str, str | float]) -> dict[str, str]:
    """Return the labels by which the residual correction groups a point."""
    pool = ""
    if resolved.prefill is not None:
        pool = f"p{resolved.prefill.tp}.{resolved.prefill.dp}x{resolved.prefill_replicas}"
    sort = sort_of_point(resolved).split("-")[0]
    return group_labels(resolved.deployment, labels, resolved.replicas, pool, sort)


def predict_points(
    points: Sequence[ServingPoint], catalog: Catalog, calibration: Calibration | None = None
) -> PointPredictions:
    """Return predictions of every point; none is refused. A `calibration` corrects those that it covers."""
    resolver = Resolver(catalog)
    resolved = [resolver.resolve(point) for point in points]
    parts = [
        _predict_resolved(resolved[start : start + _AT_ONCE], calibration)
        for start in range(0, len(resolved), _AT_ONCE)
    ]
    if not parts:
        nothing = np.zeros((3, 0))
        return PointPredictions(nothing, nothing, nothing, (), (), (), np.zeros(0))
    return PointPredictions(
        np.concatenate([part.values for part in parts], axis=1),
        np.concatenate([part.low for part in parts], axis=1),
        np.concatenate([part.high for part in parts], axis=1),
        tuple(basis for part in parts for basis in part.basis),
        tuple(text for part in parts for text in part.problems),
        tuple(text for part in parts for text in part.notes),
        np.concatenate([part.floors_ms for part in parts]),
    )


_AT_ONCE = 4096


def _predict_resolved(resolved: Sequence[ResolvedPoint], calibration: Calibration | None) -> PointPredictions:
    arranged = arrange_points(resolved)
    labels = [point_labels(each) for each in resolved]
    found = [calibration.of(each.deployment) if calibration is not None else None for each in resolved]
    factors = np.exp(np.array([(each or NO_CORRECTION).logs for each in found]).T)
    predicted = predict_with_factors(arranged, labels, factors)
    predicted = with_factors(predicted, arranged, shipped_factors(resolved, arranged, labels))
    residual = [residual_labels(each, label) for each, label in zip(resolved, labels, strict=True)]
    values = corrected(predicted, arranged, residual, shipped_residual())
    novelties = [_novelty(each) for each in resolved]
    quantiles = np.array([shipped_spread(each) for each in resolved])
    low = values * np.exp(np.minimum(quantiles[:, :, 0].T, 0.0))
    high = values * np.exp(np.maximum(quantiles[:, :, 1].T, 0.0))
    low, high = _calibrated_interval(values, low, high, found)
    floors = predicted.tpot_floor_s * 1e3
    low[1] = np.minimum(np.maximum(low[1], floors), values[1])
    basis = tuple(
        _basis(each, novelty, correction) for each, novelty, correction in zip(resolved, novelties, found, strict=True)
    )
    problems = tuple(_problem(each) for each in resolved)
    return PointPredictions(values, low, high, basis, problems, tuple("; ".join(r.notes) for r in resolved), floors)


def shipped_factors(
    resolved: Sequence[ResolvedPoint], points: Points, labels: Sequence[Mapping[str, str | float]]
) -> Floats:
    """Return what the simulator makes of closed loops with the shipped coefficients (`simulated_factors`), (2, n)."""
    fit = shipped_coefficients()
    step = fit.resolve(labels)
    return simulated_factors(resolved, points, step, step, fit.resolve_protocol(labels))


def predict_with_factors(points: Points, labels: Sequence[Mapping[str, str | float]], factors: Floats) -> Predicted:
    """Return the means with times of decode steps, prefill steps and requests longer by `factors` (3, points)."""
    fit = shipped_coefficients()
    step, protocol = fit.resolve(labels), fit.resolve_protocol(labels)
    protocol = replace(protocol, request_s=protocol.request_s * factors[2])
    return predict_means(points, scaled(step, factors[0]), scaled(step, factors[1]), protocol)


def _calibrated_interval(
    values: Floats, low: Floats, high: Floats, found: Sequence[Correction | None]
) -> tuple[Floats, Floats]:
    """Return the intervals, those with a correction of their own model as wide as its left-out errors say."""
    low, high = low.copy(), high.copy()
    for row, each in enumerate(found):
        if each is None or not each.model:
            continue
        left_out = (each.prefill_spread, each.decode_spread, each.throughput_spread)
        for metric, error in enumerate(left_out):
            if error is not None:
                shipped = float(np.log(high[metric, row] / low[metric, row])) / (2.0 * Z80)
                width = np.exp(Z80 * each.spread(shipped, error))
                low[metric, row], high[metric, row] = values[metric, row] / width, values[metric, row] * width
    return low, high


def _basis(resolved: ResolvedPoint, novelty: str, correction: Correction | None) -> Basis:
    basis = Basis.ASSUMED if resolved.notes else BASIS_OF_NOVELTY[novelty]
    return basis if correction is None else calibrated_basis(basis, correction, resolved.deployment)


def corrected(predicted: Predicted, points: Points, labels: Sequence[Mapping[str, str]], residual: Residual) -> Floats:
    """Return (3, n) metrics [ms, ms, 1/s] with the residual correction, no TPOT below its roofline.

    In a closed loop the throughput is corrected as Little's law has it: by the corrected time of a request.
    """
    logs = residual.correction(labels, coordinates_of(points))
    plain = np.stack([predicted.ttft_s * 1e3, predicted.tpot_s * 1e3, predicted.output_per_s])
    values = plain * np.exp(logs)
    values[1] = np.maximum(values[1], predicted.tpot_floor_s * 1e3)
    gaps = np.maximum(points.output_tokens - 1.0, 0.0)
    cycle = (plain[0] + gaps * plain[1]) / (values[0] + gaps * values[1])
    values[2] = np.where(points.loop, plain[2] * cycle, values[2])
    streams = np.where(points.rate, np.inf, points.level) * points.replicas
    most = streams / np.maximum(predicted.tpot_floor_s, 1e-9)
    values[2] = np.minimum(values[2], np.where(np.isfinite(most), most, values[2]))
    return np.asarray(values)


def _novelty(resolved: ResolvedPoint) -> str:
    if resolved.notes:
        return "both"
    deployment, point = resolved.deployment, resolved.point
    prompt = float(point.input_tokens + point.context_tokens)
    return shipped_knowledge().novelty(deployment_labels(deployment), prompt)


def errors_to_explain(errors: Floats, points: Points) -> Floats:
    """Return (3, n) log errors for the residual's fit: in a closed loop, throughput stands for a TPOT not measured."""
    found = errors.copy()
    found[1] = np.where(points.loop & np.isnan(errors[1]), -errors[2], errors[1])
    found[2] = np.where(points.loop, np.nan, errors[2])
    return found


def shipped_spread(resolved: ResolvedPoint) -> Floats:
    """Return (3, 2): the 10 % and 90 % quantiles of log(measured / predicted) TTFT, TPOT and throughput of its like."""
    sorts = shipped_knowledge().spreads[_novelty(resolved)]
    return sorts.get(sort_of_point(resolved), sorts["all"])


def _problem(resolved: ResolvedPoint) -> str:
    """Return why a point cannot have been run: its weights alone exceed all memory of the devices it names."""
    deployment = resolved.deployment
    memory = deployment.device.memory_bytes
    if memory is None or resolved.notes:
        return ""
    weights = device_weight_bytes(deployment)
    if weights <= memory * _SLACK:
        return ""
    return (
        f"impossible as stated: {deployment.model.name} in {deployment.weights} takes {weights / 1e9:.0f} GB of each "
        f"{deployment.device.name}, which has {memory / 1e9:.0f} GB"
    )


_SLACK = 1.25
"""Names of formats are loose and memory may be eked out: only what exceeds it by this much is called impossible."""


def predict_table(table: pl.DataFrame, catalog: Catalog, calibration: Calibration | None = None) -> pl.DataFrame:
    """Return the table with predictions added: three `pred_` columns, each with `_low` and `_high`, basis and error."""
    import polars as pl

    found = predict_points(points_of(table), catalog, calibration)
    columns = []
    for index, name in enumerate(PREDICTED):
        columns += [
            pl.Series(name, found.values[index]),
            pl.Series(f"{name}_low", found.low[index]),
            pl.Series(f"{name}_high", found.high[index]),
        ]
    columns.append(pl.Series("pred_basis", [each.value for each in found.basis], dtype=pl.String))
    columns.append(pl.Series("pred_error", _texts(found.problems), dtype=pl.String))
    columns.append(pl.Series("pred_note", _texts(found.notes), dtype=pl.String))
    return table.drop([c.name for c in columns if c.name in table.columns]).with_columns(columns)


def _texts(values: Iterable[str]) -> list[str | None]:
    return [each or None for each in values]
