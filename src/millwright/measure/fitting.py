"""Fit the coefficients to serving points: Gauss-Newton on log errors, with priors that pull every effect to its centre.

Minimises Σ weight · ρ((log predicted − log measured)/σ) + Σ ((effect − centre)/spread)², ρ of Student's t, so that odd
rows cannot bend it. A point's prediction depends on the other points in nothing: one evaluation per coefficient gives
the derivative by every effect of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from millwright.measure.loops import with_factors
from millwright.measure.serving import Points, Predicted, predict_means
from millwright.perf.coefficients import PARAMETERS, SHARES, ProtocolCoefficients
from millwright.perf.priors import EFFECTS, USUAL, centre, spread
from millwright.perf.timing import Coefficients

Floats = NDArray[np.float64]
Labels = Mapping[str, str | float]

PROTOCOL_PARAMETERS: tuple[str, ...] = tuple(ProtocolCoefficients.__dataclass_fields__)
ALL_PARAMETERS = (*PARAMETERS, *PROTOCOL_PARAMETERS)
CAPPED = frozenset({*SHARES, "drain", "stall_left"})

METRIC_SIGMA = (0.12, 0.08, 0.10)
"""Spread of the log error that is taken as usual for mean TTFT, mean TPOT and throughput."""

_LEAST_GAIN = 1e-4
"""Share of the loss below which a round's gain ends the fit; at 3e-4 it stopped before the optimum."""

_STUDENT = 2.0
_STEP = -0.02


def log_metrics(predicted: Predicted) -> Floats:
    """Return (3, points): log of TTFT [ms], TPOT [ms] and output tokens per second."""
    return np.log(np.stack([predicted.ttft_s * 1e3, predicted.tpot_s * 1e3, predicted.output_per_s]))


@dataclass
class HierarchicalFit:
    """Coefficients of `points` as base values and effects of their labels; `logs` (3, points) is what was measured.

    `played` (2, points) is what the simulator makes of closed loops beyond the closed form (`simulated_factors`), held
    while fitting.
    """

    points: Points
    labels: Sequence[Labels]
    measured_logs: Floats
    weights: Floats
    metric_weights: Floats | None = None
    played: Floats | None = None
    names: list[tuple[str, str, str]] = field(default_factory=list)
    _designs: dict[str, tuple[Floats, NDArray[np.int64]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        centres, spreads = [], []
        for coefficient in ALL_PARAMETERS:
            columns, first = [np.ones(len(self.labels))], len(self.names)
            self.names.append((coefficient, "base", ""))
            value, usual_spread = USUAL[coefficient]
            centres.append(math.log(value))
            spreads.append(usual_spread)
            for dimension in EFFECTS[coefficient]:
                values = [each[dimension] for each in self.labels]
                for level in _levels(values):
                    columns.append(_indicator(values, level))
                    self.names.append((coefficient, dimension, level))
                    centres.append(centre(coefficient, dimension, level))
                    spreads.append(spread(coefficient, dimension, level))
            self._designs[coefficient] = (np.array(columns).T, np.arange(first, len(self.names)))
        self.centres, self.spreads = np.array(centres), np.array(spreads)

    def coefficient_logs(self, effects: Floats) -> dict[str, Floats]:
        """Return the log of every coefficient at every point."""
        return {name: design @ effects[index] for name, (design, index) in self._designs.items()}

    def predict(self, logs: Mapping[str, Floats]) -> Predicted:
        """Return the prediction under these coefficients."""
        step, protocol = as_coefficients(logs)
        predicted = predict_means(self.points, step, step, protocol)
        return predicted if self.played is None else with_factors(predicted, self.points, self.played)

    def predicted_logs(self, effects: Floats) -> Floats:
        """Return (3, points) predicted logs under these effects."""
        return log_metrics(self.predict(self.coefficient_logs(effects)))

    def solve(self, chosen: NDArray[np.bool_], start: Floats | None = None, rounds: int = 12) -> Floats:
        """Return the effects that fit the `chosen` points best, from `start` (the centres if None)."""
        effects = self.centres.copy() if start is None else start.copy()
        known = np.isfinite(self.measured_logs) & chosen[None, :]
        sigma = np.array(METRIC_SIGMA)[:, None]
        row_weight = self.weights[None, :] * (1.0 if self.metric_weights is None else self.metric_weights)
        row_weight = np.broadcast_to(row_weight, known.shape)

        def loss(logs: Floats, at: Floats) -> tuple[Floats, float]:
            scaled = np.where(known, logs - self.measured_logs, 0.0) / sigma
            data = (_STUDENT + 1) / 2 * np.log1p(scaled**2 / _STUDENT)
            prior = 0.5 * np.sum(((at - self.centres) / self.spreads) ** 2)
            return scaled, float(np.sum(row_weight * data) + prior)

        logs = self.predicted_logs(effects)
        scaled, cost = loss(logs, effects)
        damping = 1e-3
        for _ in range(rounds):
            weight = np.where(known, row_weight * (_STUDENT + 1) / (_STUDENT + scaled**2), 0.0) / sigma**2
            normal, gradient = self._normal_equations(effects, logs, weight)
            normal[np.diag_indices_from(normal)] += 1.0 / self.spreads**2
            gradient += (effects - self.centres) / self.spreads**2
            better = None
            for _ in range(7):
                damped = normal.copy()
                damped[np.diag_indices_from(damped)] *= 1.0 + damping
                candidate = effects - np.linalg.solve(damped, gradient)
                new_logs = self.predicted_logs(candidate)
                new_scaled, new_cost = loss(new_logs, candidate)
                if new_cost < cost:
                    better = (cost - new_cost) / cost
                    effects, logs, scaled, cost = candidate, new_logs, new_scaled, new_cost
                    damping = max(damping / 6, 1e-6)
                    break
                damping *= 8
            if better is None or better < _LEAST_GAIN:
                break
        return effects

    def _normal_equations(self, effects: Floats, logs: Floats, weight: Floats) -> tuple[Floats, Floats]:
        return self._assembled(self._slopes(effects, logs), logs, weight)

    def _slopes(self, effects: Floats, logs: Floats) -> dict[str, Floats]:
        """Return the derivative of every log metric by the log of each coefficient: (3, points) each."""
        at = self.coefficient_logs(effects)
        slopes = {}
        for name in ALL_PARAMETERS:
            moved = dict(at)
            moved[name] = (np.minimum(at[name], 0.0) if name in CAPPED else at[name]) + _STEP
            slopes[name] = (log_metrics(self.predict(moved)) - logs) / _STEP
        return slopes

    def _assembled(
        self, slopes: Mapping[str, Floats], logs: Floats, weight: Floats, rows: NDArray[np.int64] | None = None
    ) -> tuple[Floats, Floats]:
        """Return what the points (those of `rows`) add to the normal equations and to the gradient."""
        chosen = np.arange(weight.shape[1]) if rows is None else rows
        weight = weight[:, chosen]
        misfit = np.where(weight > 0, (logs - self.measured_logs)[:, chosen], 0.0)
        slopes = {name: slope[:, chosen] for name, slope in slopes.items()}
        designs = {name: (design[chosen], index) for name, (design, index) in self._designs.items()}
        size = len(self.centres)
        normal, gradient = np.zeros((size, size)), np.zeros(size)
        for first, (design, index) in designs.items():
            gradient[index] += design.T @ np.sum(weight * slopes[first] * misfit, axis=0)
            for second, (other, other_index) in designs.items():
                if other_index[0] < index[0]:
                    continue
                shared = np.sum(weight * slopes[first] * slopes[second], axis=0)
                if not shared.any():
                    continue
                block = design.T @ (shared[:, None] * other)
                normal[np.ix_(index, other_index)] = block
                normal[np.ix_(other_index, index)] = block.T
        return normal, gradient

    def leaver(self, effects: Floats) -> Callable[[NDArray[np.bool_]], Floats]:
        """Return a function from points left out to the effects fitted without them, from the optimum `effects`.

        The points are taken out of the normal equations and one Gauss-Newton step is made: seconds, not minutes.
        """
        logs = self.predicted_logs(effects)
        slopes = self._slopes(effects, logs)
        known = np.isfinite(self.measured_logs)
        sigma = np.array(METRIC_SIGMA)[:, None]
        scaled = np.where(known, logs - self.measured_logs, 0.0) / sigma
        row_weight = self.weights[None, :] * (1.0 if self.metric_weights is None else self.metric_weights)
        weight = np.where(known, row_weight * (_STUDENT + 1) / (_STUDENT + scaled**2), 0.0) / sigma**2

        whole_normal, whole_gradient = self._assembled(slopes, logs, weight)
        whole_normal[np.diag_indices_from(whole_normal)] += 1.0 / self.spreads**2
        whole_gradient += (effects - self.centres) / self.spreads**2

        def without(left: NDArray[np.bool_]) -> Floats:
            normal, gradient = self._assembled(slopes, logs, weight, np.flatnonzero(left))
            return np.asarray(effects - np.linalg.solve(whole_normal - normal, whole_gradient - gradient))

        return without

    def hold(self, names: Sequence[tuple[str, str, str]], values: Floats, spread: float) -> None:
        """Believe in these effects, as fitted elsewhere, to within `spread`."""
        at = {name: index for index, name in enumerate(self.names)}
        for name, value in zip(names, values, strict=True):
            if name in at:
                self.centres[at[name]], self.spreads[at[name]] = value, spread


def as_coefficients(logs: Mapping[str, Floats]) -> tuple[Coefficients, ProtocolCoefficients]:
    """Return coefficients from logs, shares capped at 1."""
    values = {name: np.exp(np.minimum(logs[name], 0.0) if name in CAPPED else logs[name]) for name in ALL_PARAMETERS}
    step = Coefficients(**{name: values[name] for name in PARAMETERS})
    return step, ProtocolCoefficients(**{name: values[name] for name in PROTOCOL_PARAMETERS})


def _levels(values: Sequence[str | float]) -> list[str]:
    """Return the labels that have an effect: an empty one says that there is nothing to tell."""
    named = {each for each in values if isinstance(each, str)}
    return sorted(named - {""}) if named else ["slope"]


def _indicator(values: Sequence[str | float], level: str) -> Floats:
    if level == "slope":
        return np.array([float(each) for each in values])
    return np.array([1.0 if each == level else 0.0 for each in values])
