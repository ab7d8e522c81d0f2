"""Predicted against measured: answer rate, errors, bias, interval coverage and width, per metric and group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Comparison:
    """How well one metric is predicted over a group of points; fractions, not per cent.

    `bias` is the median of predicted/measured − 1, `inside_80` the share of measured values in the stated interval,
    `width` the median of high/low.
    """

    group: str
    metric: str
    points: int
    answered: float
    median_abs_error: float
    mean_abs_error: float
    bias: float
    inside_80: float
    width: float


def compare(
    group: str, metric: str, measured: Floats, predicted: Floats, low: Floats, high: Floats
) -> Comparison | None:
    """Return the comparison over points with a measured value (finite, above 0); None where there is none.

    A prediction that is not finite or not above 0 counts as not answered.
    """
    asked = np.isfinite(measured) & (measured > 0)
    if not asked.any():
        return None
    given = asked & np.isfinite(predicted) & (predicted > 0)
    count = int(asked.sum())
    if not given.any():
        return Comparison(group, metric, count, 0.0, *[float("nan")] * 5)
    ratio = predicted[given] / measured[given]
    inside = (low[given] <= measured[given]) & (measured[given] <= high[given])
    return Comparison(
        group=group,
        metric=metric,
        points=count,
        answered=float(given.sum() / count),
        median_abs_error=float(np.median(np.abs(ratio - 1.0))),
        mean_abs_error=float(np.mean(np.abs(ratio - 1.0))),
        bias=float(np.median(ratio) - 1.0),
        inside_80=float(np.mean(inside)),
        width=float(np.median(high[given] / np.maximum(low[given], 1e-12))),
    )


def compare_groups(
    groups: Sequence[str], metrics: Sequence[str], measured: Floats, predicted: Floats, low: Floats, high: Floats
) -> list[Comparison]:
    """Return a comparison per group and metric, groups by name; the arrays are (metrics, points)."""
    names = np.array(groups)
    found = []
    for group in sorted(set(groups)):
        rows = names == group
        for index, metric in enumerate(metrics):
            one = compare(
                group, metric, measured[index, rows], predicted[index, rows], low[index, rows], high[index, rows]
            )
            if one is not None:
                found.append(one)
    return found


def as_json(comparisons: Sequence[Comparison]) -> list[dict[str, Any]]:
    """Return comparisons as plain JSON; not a number becomes null."""
    return [
        {name: None if isinstance(value, float) and value != value else value for name, value in asdict(each).items()}
        for each in comparisons
    ]
