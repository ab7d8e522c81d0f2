"""Length distributions: how many tokens requests bring and get back.

Each distribution gives its mean and its quantiles [tokens, continuous]; `sample` draws whole tokens from any of them.
Sampling is stratified: n draws hit each of n equal slices of the distribution once, so that a few thousand requests
already carry its mean and its tail.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

LONGEST_TOKENS = 1e8
"""No sampled request is longer than this: it bounds the tail of a careless log-normal."""

_Z95 = 1.6448536269514722
"""95 % quantile of the standard normal distribution."""


class Lengths(Protocol):
    """A distribution of request lengths [tokens]."""

    @property
    def mean_tokens(self) -> float:
        """Mean length [tokens]."""
        ...

    def quantile(self, probability: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the lengths [tokens] that those shares (0 … 1) of the requests do not exceed."""
        ...

    def describe(self) -> str:
        """Return the distribution in a few words."""
        ...


@dataclass(frozen=True)
class Fixed:
    """Every request has `tokens`."""

    tokens: float

    @property
    def mean_tokens(self) -> float:
        """Mean length [tokens]."""
        return self.tokens

    def quantile(self, probability: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the same length for every probability."""
        return np.full_like(probability, self.tokens)

    def describe(self) -> str:
        """Return the distribution in a few words."""
        return f"{self.tokens:,.0f} tokens"


@dataclass(frozen=True)
class Uniform:
    """Lengths spread evenly from `low` to `high` [tokens], both included."""

    low: float
    high: float

    @property
    def mean_tokens(self) -> float:
        """Mean length [tokens]."""
        return (self.low + self.high) / 2

    def quantile(self, probability: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return quantiles; the half token at either end lets rounding give each whole number the same share."""
        widened = self.low - 0.5 + probability * (self.high - self.low + 1.0)
        return np.clip(widened, self.low, self.high)

    def describe(self) -> str:
        """Return the distribution in a few words."""
        return f"uniform, {self.low:,.0f} to {self.high:,.0f} tokens"


@dataclass(frozen=True)
class Lognormal:
    """Log-normal lengths: the natural logarithm has mean `log_mean` and standard deviation `log_sigma`."""

    log_mean: float
    log_sigma: float

    @classmethod
    def from_mean_and_p95(cls, mean: float, p95: float) -> Lognormal:
        """Return the log-normal of that mean and 95 % quantile [tokens].

        With s the log-sigma and z the normal's 95 % quantile, p95/mean = exp(z s − s²/2), so
        s = z − √(z² − 2 ln(p95/mean)), the smaller of two roots. Raises ValueError when p95/mean is below 1 or above
        exp(z²/2) = 3.87, where none exists.
        """
        ratio = p95 / mean
        discriminant = _Z95**2 - 2 * math.log(ratio) if ratio >= 1.0 else -1.0
        if discriminant < 0:
            raise ValueError(f"no log-normal has a p95 of {ratio:.3g} times its mean: 1 to {math.exp(_Z95**2 / 2):.3g}")
        sigma = _Z95 - math.sqrt(discriminant)
        return cls(math.log(mean) - sigma**2 / 2, sigma)

    @classmethod
    def from_median_and_p95(cls, median: float, p95: float) -> Lognormal:
        """Return the log-normal of that median and 95 % quantile [tokens]; raises ValueError if p95 < median."""
        if p95 < median:
            raise ValueError("the p95 is below the median")
        return cls(math.log(median), math.log(p95 / median) / _Z95)

    @classmethod
    def from_mean_and_sigma(cls, mean: float, sigma: float) -> Lognormal:
        """Return the log-normal of that mean [tokens] and log-sigma [-]."""
        return cls(math.log(mean) - sigma**2 / 2, sigma)

    @property
    def mean_tokens(self) -> float:
        """Mean length [tokens]."""
        return math.exp(self.log_mean + self.log_sigma**2 / 2)

    def quantile(self, probability: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return quantiles [tokens], none above LONGEST_TOKENS."""
        from scipy.special import ndtri

        exponent = self.log_mean + self.log_sigma * ndtri(np.asarray(probability, dtype=np.float64))
        return np.exp(np.minimum(exponent, math.log(LONGEST_TOKENS)))

    def describe(self) -> str:
        """Return the distribution in a few words."""
        p95 = math.exp(self.log_mean + _Z95 * self.log_sigma)
        return f"log-normal, mean {self.mean_tokens:,.0f} tokens, p95 {p95:,.0f}"


@dataclass(frozen=True)
class Quantiles:
    """A distribution by points of its quantile function, joined by straight lines over the logarithm of the length.

    Real prompts pile up at several lengths (a template, a limit), which no two-parameter law follows; some twenty
    quantiles do. `probabilities` run from 0 to 1, `tokens` beside them do not decrease.
    """

    probabilities: tuple[float, ...]
    tokens: tuple[float, ...]

    def __post_init__(self) -> None:
        steps = np.diff(self.probabilities)
        if len(self.probabilities) != len(self.tokens) or len(self.tokens) < 2:
            raise ValueError("quantiles need as many lengths as probabilities, at least two")
        if self.probabilities[0] != 0.0 or self.probabilities[-1] != 1.0 or not (steps > 0).all():
            raise ValueError("probabilities must ascend from 0 to 1")
        if self.tokens[0] <= 0 or (np.diff(self.tokens) < 0).any():
            raise ValueError("lengths must be positive and must not decrease")

    @cached_property
    def mean_tokens(self) -> float:
        """Mean length [tokens]: between two points, ∫ exp is (b − a)/ln(b/a)."""
        low, high = np.array(self.tokens[:-1]), np.array(self.tokens[1:])
        ratio = np.log(high / low)
        level = np.where(ratio > 1e-9, (high - low) / np.where(ratio > 1e-9, ratio, 1.0), low)
        return float(np.sum(np.diff(self.probabilities) * level))

    def quantile(self, probability: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return quantiles [tokens]."""
        return np.exp(np.interp(probability, self.probabilities, np.log(self.tokens)))

    def describe(self) -> str:
        """Return the distribution in a few words."""
        p95 = float(self.quantile(np.array([0.95]))[0])
        return f"fitted quantiles, mean {self.mean_tokens:,.0f} tokens, p95 {p95:,.0f}"


@dataclass(frozen=True, eq=False)
class Empirical:
    """Observed lengths, ascending; each is as likely as any other."""

    tokens: NDArray[np.int64]

    def __post_init__(self) -> None:
        if len(self.tokens) == 0 or self.tokens[0] < 1 or (np.diff(self.tokens) < 0).any():
            raise ValueError("observed lengths must be at least one, ascending, each 1 token or more")

    @cached_property
    def mean_tokens(self) -> float:
        """Mean length [tokens]."""
        return float(self.tokens.mean())

    def quantile(self, probability: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return quantiles: always one of the observed lengths."""
        count = len(self.tokens)
        index = np.minimum((np.asarray(probability) * count).astype(np.int64), count - 1)
        return self.tokens[index].astype(np.float64)

    def describe(self) -> str:
        """Return the distribution in a few words."""
        return f"{len(self.tokens):,} observed lengths, mean {self.mean_tokens:,.0f} tokens"


def sample(lengths: Lengths, n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return n lengths [whole tokens, at least 1], stratified: one from each n-th of the distribution, shuffled."""
    slices = (rng.permutation(n) + rng.random(n)) / max(n, 1)
    tokens = np.rint(lengths.quantile(slices))
    return np.clip(tokens, 1, LONGEST_TOKENS).astype(np.int64)
