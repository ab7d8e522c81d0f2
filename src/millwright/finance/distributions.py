"""Distributions of uncertain inputs, each given by the figures people quote: ends, a most likely value, P10 and P90.

Every distribution has `ppf(u)`, the value below which a share `u` of all draws lies: all that sampling needs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from millwright.finance.case import CaseError
from millwright.finance.discounting import FloatArray
from millwright.quantity import Z80


class Distribution(Protocol):
    """What an uncertain input must offer."""

    def ppf(self, u: FloatArray) -> FloatArray:
        """Return the quantiles at the shares `u` in (0, 1), of the same shape."""


@dataclass(frozen=True)
class Certain:
    """One value, known."""

    value: float

    def ppf(self, u: FloatArray) -> FloatArray:
        """Return the value for every share."""
        return np.full(np.shape(u), self.value)


@dataclass(frozen=True)
class Uniform:
    """Any value from `low` to `high`, all alike."""

    low: float
    high: float

    def __post_init__(self) -> None:
        _check_order(low=self.low, high=self.high)

    def ppf(self, u: FloatArray) -> FloatArray:
        """Return low + u·(high − low)."""
        return np.asarray(self.low + np.asarray(u) * (self.high - self.low))


@dataclass(frozen=True)
class Triangular:
    """From `low` to `high` with a most likely value."""

    low: float
    mode: float
    high: float

    def __post_init__(self) -> None:
        _check_order(low=self.low, mode=self.mode, high=self.high)

    def ppf(self, u: FloatArray) -> FloatArray:
        """Return the quantiles: square roots on both sides of the mode."""
        u = np.asarray(u)
        width = self.high - self.low
        if width == 0.0:
            return np.full(u.shape, self.low)
        turn = (self.mode - self.low) / width
        left = self.low + np.sqrt(u * width * (self.mode - self.low))
        right = self.high - np.sqrt((1.0 - u) * width * (self.high - self.mode))
        return np.asarray(np.where(u < turn, left, right))


@dataclass(frozen=True)
class LogNormal:
    """A positive value whose logarithm is normal, by its P10 and P90; the median is their geometric mean."""

    p10: float
    p90: float

    def __post_init__(self) -> None:
        _check_order(p10=self.p10, p90=self.p90)
        if self.p10 <= 0.0:
            raise CaseError(f"a lognormal has a P10 above 0, got {self.p10}")

    def ppf(self, u: FloatArray) -> FloatArray:
        """Return exp(μ + σ·z(u)) with μ the mean of the logarithms and σ half their distance over 1.2816."""
        from scipy.special import ndtri

        low, high = math.log(self.p10), math.log(self.p90)
        return np.asarray(np.exp((low + high) / 2.0 + (high - low) / (2.0 * Z80) * ndtri(u)))


@dataclass(frozen=True)
class Normal:
    """A normal distribution by its mean and standard deviation. It may go below zero: mind prices."""

    mean: float
    sd: float

    def __post_init__(self) -> None:
        if self.sd < 0.0:
            raise CaseError(f"a standard deviation is 0 or more, got {self.sd}")

    def ppf(self, u: FloatArray) -> FloatArray:
        """Return mean + sd·z(u)."""
        from scipy.special import ndtri

        return np.asarray(self.mean + self.sd * ndtri(u))


@dataclass(frozen=True)
class Discrete:
    """A few values with their weights (any positive numbers; they are made to add up to 1)."""

    values: tuple[float, ...]
    weights: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.values or len(self.values) != len(self.weights):
            raise CaseError(f"{len(self.values)} values and {len(self.weights)} weights: one weight for each value")
        if min(self.weights) < 0.0 or sum(self.weights) <= 0.0:
            raise CaseError("the weights of a discrete distribution are 0 or more, and one at least is more")

    def ppf(self, u: FloatArray) -> FloatArray:
        """Return the value whose cumulated weight first reaches u, in order of the values."""
        order = np.argsort(self.values)
        cumulated = np.cumsum(np.asarray(self.weights)[order]) / sum(self.weights)
        index = np.minimum(np.searchsorted(cumulated, u, side="left"), len(self.values) - 1)
        return np.asarray(np.asarray(self.values, dtype=float)[order][index])


def _check_order(**values: float) -> None:
    names, numbers = list(values), list(values.values())
    if any(not math.isfinite(x) for x in numbers):
        raise CaseError(f"{', '.join(names)} must be finite numbers, got {numbers}")
    if numbers != sorted(numbers):
        raise CaseError(f"{' ≤ '.join(names)} does not hold for {numbers}")


@dataclass(frozen=True)
class UncertainInput:
    """An input with its distribution and its origin; `quality` as in the catalogue: A primary, B checked, C claimed."""

    name: str
    distribution: Distribution
    unit: str = ""
    source: str = ""
    date: str = ""
    quality: str = "C"
    note: str = ""

    @property
    def median(self) -> float:
        """The value at u = 0.5."""
        return float(self.distribution.ppf(np.array([0.5]))[0])

    def quantile(self, share: float) -> float:
        """Return the value below which `share` of the draws lie."""
        return float(self.distribution.ppf(np.array([share]))[0])


ACCEPTED = (
    "certain: x · uniform: [low, high] · triangular: [low, mode, high] · lognormal: [p10, p90] · normal: [mean, sd] · "
    "discrete: {value: weight, …}"
)


def distribution_from(shape: Mapping[str, object]) -> Distribution:
    """Return the distribution that a mapping such as `{triangular: [1, 2, 4]}` describes. Raises CaseError."""
    if len(shape) != 1:
        raise CaseError(f"a distribution is one of {ACCEPTED}; got the keys {', '.join(map(str, shape)) or '(none)'}")
    [(kind, parameters)] = shape.items()
    if kind == "discrete":
        if not isinstance(parameters, Mapping):
            raise CaseError("a discrete distribution maps each value to its weight: discrete: {0.5: 1, 1.0: 3}")
        return Discrete(tuple(map(number_from, parameters)), tuple(map(number_from, parameters.values())))
    numbers = parameters if isinstance(parameters, list) else [parameters]
    values = tuple(map(number_from, numbers))
    shapes: dict[str, tuple[Callable[..., Distribution], int]] = {
        "certain": (Certain, 1),
        "uniform": (Uniform, 2),
        "triangular": (Triangular, 3),
        "lognormal": (LogNormal, 2),
        "normal": (Normal, 2),
    }
    if kind not in shapes:
        raise CaseError(f"'{kind}' is no distribution; accepted: {ACCEPTED}")
    make, count = shapes[kind]
    if len(values) != count:
        raise CaseError(
            f"{kind} takes {count} number{'s' if count > 1 else ''}, got {len(values)}; accepted: {ACCEPTED}"
        )
    return make(*values)


def number_from(value: object) -> float:
    """Return a finite number; text such as `20 %` or `1e6` counts. Raises CaseError."""
    try:
        if isinstance(value, str):
            text = value.strip().removesuffix("/y").strip()
            number = float(text[:-1]) / 100.0 if text.endswith("%") else float(text)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            number = float(value)
        else:
            raise ValueError
    except (ValueError, OverflowError):
        raise CaseError(f"'{str(value)[:40]}' is not a number; write 0.2 or 20 %") from None
    if not math.isfinite(number):
        raise CaseError(f"'{str(value)[:40]}' is not a finite number")
    return number
