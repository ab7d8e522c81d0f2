"""What the equations leave over: a bounded correction of log errors that fades to nothing away from measured points.

The correction is a Gaussian process written out in features. Its kernel is a sum over groupings of points (same engine,
same device and model, same cell …), each times a smooth function of load, lengths and parallel degree, so that a point
which shares no group with any measured one gets no correction. Smooth functions are random Fourier features with a
fixed seed; only the weights of features are shipped, and the box of loads, lengths and degrees that each group was
measured in. Waves go on for ever, so outside its box a group says what it says at the nearest point of the box, the
less the farther away.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from millwright.perf.deployment import Deployment

Floats = NDArray[np.float64]
Labels = Mapping[str, str | float]

DATA = Path(__file__).parent / "data"

LIMITS = (1.0, 0.35, 0.35)
"""Largest correction of a log: TTFT, TPOT, throughput. It is a correction, never the model."""

GROUPINGS: Mapping[str, tuple[float, float]] = {
    "engine|family|blocks": (0.03, 0.03),
    "engine|device|blocks|format": (0.06, 0.10),
    "engine|device|blocks|format|month": (0.06, 0.06),
    "engine|device|blocks|format|layout": (0.06, 0.08),
}
"""Labels that make a grouping, and its standard deviations: of a constant, and of a smooth function.

Wider groupings (engine, family, model alone) made left-out cells worse: effects of coefficients have that already.
"""

_FEATURES = 24
_LENGTH_SCALE = 0.9
_SEED = 20_26

_REACH = 1.8
"""Distance from its box, in coordinates, at which a group's correction has fallen to 0.61 (twice the length scale)."""


def coordinates(level: Floats, inputs: Floats, outputs: Floats, ranks: Floats) -> Floats:
    """Return (points, 4): load, prompt length, output length and parallel degree, in comparable units."""
    return np.stack(
        [
            np.log2(np.maximum(level, 0.05)) / 2.0,
            np.log2(np.maximum(inputs, 1.0)) / 1.6,
            np.log2(np.maximum(outputs, 1.0)) / 1.6,
            np.log2(np.maximum(ranks, 1.0)) / 1.3,
        ],
        axis=1,
    )


def smooth_features(where: Floats) -> Floats:
    """Return (points, features) random Fourier features of a unit-variance Gaussian kernel over the coordinates."""
    rng = np.random.default_rng(_SEED)
    frequencies = rng.normal(size=(where.shape[1], _FEATURES)) / _LENGTH_SCALE
    phases = rng.uniform(0.0, 2.0 * math.pi, _FEATURES)
    return np.asarray(np.sqrt(2.0 / _FEATURES) * np.cos(where @ frequencies + phases))


def group_labels(
    deployment: Deployment, labels: Labels, replicas: int = 1, pool: str = "", sort: str = "joint"
) -> dict[str, str]:
    """Return the labels that groupings use: those of the deployment, its model, month of software and layout.

    `pool` names the prefill side's layout of a disaggregated point, empty for others; points of another `sort` (closed
    loop, offline, batch) are another group.
    """
    year = labels["year"]
    month = f"{float(year):.1f}" if isinstance(year, float) else str(year)
    layout = f"tp{deployment.tp}pp{deployment.pp}dp{deployment.dp}ep{deployment.ep}x{replicas}{pool}"
    chosen = {name: str(labels[name]) for name in ("engine", "family", "format", "device")}
    return chosen | {"blocks": f"{labels['blocks']}/{sort}", "month": month, "layout": layout}


def group_of(labels: Mapping[str, str], grouping: str) -> str:
    """Return which group of a grouping a point belongs to."""
    return "|".join(labels[name] for name in grouping.split("|"))


@dataclass(frozen=True)
class GroupCorrection:
    """What one group adds: weights of a constant and of the smooth features (features + 1, 3), and where it was seen.

    `low` and `high` (4,) bound the coordinates of the points that it was fitted to.
    """

    weights: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True)
class Residual:
    """The corrections by (grouping, group)."""

    groups: Mapping[tuple[str, str], GroupCorrection]

    def correction(self, labels: Sequence[Mapping[str, str]], where: Floats) -> Floats:
        """Return (3, points) corrections of log TTFT, TPOT and throughput, bounded."""
        total = np.zeros((len(where), 3))
        for grouping in GROUPINGS:
            found = [self.groups.get((grouping, group_of(each, grouping))) for each in labels]
            rows = [row for row, each in enumerate(found) if each is not None]
            known = [each for each in found if each is not None]
            if not known:
                continue
            inside = np.clip(where[rows], np.array([each.low for each in known]), np.array([e.high for e in known]))
            away = np.sum(((where[rows] - inside) / _REACH) ** 2, axis=1)
            features = np.concatenate([np.ones((len(rows), 1)), smooth_features(inside)], axis=1)
            weights = np.array([each.weights for each in known])
            total[rows] += np.exp(-0.5 * away)[:, None] * np.einsum("pf,pfm->pm", features, weights)
        limits = np.array(LIMITS)
        return np.asarray((limits * np.tanh(total / limits)).T)


def fit_residual(
    labels: Sequence[Mapping[str, str]],
    where: Floats,
    errors: Floats,
    weights: Floats,
    noise: Sequence[float],
    scales: Sequence[float] = (1.0, 1.0, 1.0),
    groupings: Mapping[str, tuple[float, float]] = GROUPINGS,
) -> Residual:
    """Return the correction that explains `errors` (3, points; NaN where not measured) with the stated `noise`.

    `scales` multiply the groupings' deviations per metric; `weights` are the points'. Solved as kernel ridge.
    """
    if not len(labels):
        return Residual({})
    smooth = smooth_features(where)
    members = {
        grouping: np.unique([group_of(each, grouping) for each in labels], return_inverse=True)[1]
        for grouping in groupings
    }
    alphas = np.zeros((len(labels), 3))
    for rows in _connected(list(members.values())):  # points that share no group know nothing of each other
        kernel = np.zeros((len(rows), len(rows)))
        likeness = smooth[rows] @ smooth[rows].T
        for grouping, (constant, wave) in groupings.items():
            groups = members[grouping][rows]
            kernel += (groups[:, None] == groups[None, :]) * (constant**2 + wave**2 * likeness)
        for metric in range(3):
            known = np.isfinite(errors[metric, rows])
            if known.sum() < 2:
                continue
            chosen = rows[known]
            spread = noise[metric] ** 2 / np.maximum(weights[chosen], 1e-3)  # variance
            bounded = np.clip(errors[metric, chosen], -2 * LIMITS[metric], 2 * LIMITS[metric])
            scaled = kernel[np.ix_(known, known)] * scales[metric] ** 2
            alphas[chosen, metric] = _robust_solve(scaled, spread, bounded) * scales[metric] ** 2
    features = np.concatenate([np.ones((len(labels), 1)), smooth], axis=1)
    found: dict[tuple[str, str], GroupCorrection] = {}
    for grouping, (constant, wave) in groupings.items():
        deviations = np.concatenate([[constant**2], np.full(smooth.shape[1], wave**2)])
        names = [group_of(each, grouping) for each in labels]
        for group in range(int(members[grouping].max()) + 1):
            rows = np.flatnonzero(members[grouping] == group)
            weighed = deviations[:, None] * (features[rows].T @ alphas[rows])
            found[(grouping, names[rows[0]])] = GroupCorrection(
                weighed, where[rows].min(axis=0), where[rows].max(axis=0)
            )
    return Residual(found)


def _connected(memberships: Sequence[NDArray[np.int64]]) -> list[NDArray[np.int64]]:
    """Return rows by connected part: two rows that share a group in any membership are in one part."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    count, offset = len(memberships[0]), len(memberships[0])
    edges = []
    for groups in memberships:  # rows and groups are nodes, a row is joined to its group
        edges.append(np.stack([np.arange(count), offset + groups]))
        offset += int(groups.max()) + 1
    ends = np.concatenate(edges, axis=1)
    graph = coo_matrix((np.ones(ends.shape[1]), ends), shape=(offset, offset))
    parts = connected_components(graph, directed=False)[1][:count]
    return [np.flatnonzero(parts == part) for part in np.unique(parts)]


def _robust_solve(kernel: Floats, spread: Floats, errors: Floats) -> Floats:
    """Solve (K + diag(spread))α = errors, once more with more noise for rows that stay far off (Student's t)."""
    from scipy.linalg import cho_factor, cho_solve

    noise = spread.copy()
    alpha = np.zeros_like(errors)
    for _ in range(2):
        alpha = cho_solve(cho_factor(kernel + np.diag(noise), lower=True, check_finite=False), errors)
        left = noise * alpha
        noise = spread * (4.0 + left**2 / spread) / 5.0
    return alpha


@lru_cache(maxsize=1)
def shipped_residual() -> Residual:
    """Return the correction that comes with the package."""
    path = DATA / "residual.json"
    return read_residual(path) if path.exists() else Residual({})


def read_residual(path: Path) -> Residual:
    """Return the correction in a file that scripts/fit_engines.py wrote."""
    found = {}
    for grouping, groups in json.loads(path.read_text())["groupings"].items():
        for group, each in groups.items():
            low, high = np.array(each["box"], dtype=np.float64).reshape(2, -1)
            weights = np.array(each["weights"], dtype=np.float64).reshape(3, -1).T
            found[(grouping, group)] = GroupCorrection(weights, low, high)
    return Residual(found)


def write_residual(path: Path, residual: Residual, note: str, smallest: float = 2e-3) -> None:
    """Write a correction; weights below `smallest` in effect are left out."""
    groupings: dict[str, dict[str, dict[str, list[float]]]] = {}
    for (grouping, group), each in sorted(residual.groups.items(), key=lambda item: item[0]):
        if np.abs(each.weights).max() < smallest:
            continue
        groupings.setdefault(grouping, {})[group] = {
            "box": [round(float(value), 2) for value in (*each.low, *each.high)],
            "weights": [float(f"{value:.2g}") for value in each.weights.T.ravel()],
        }
    contents = {"kind": "residual", "schema": 2, "note": note, "groupings": groupings}
    path.write_text(json.dumps(contents) + "\n")
