"""Arrivals: when requests come within an hour, from independent to bursty.

Every process here is a time change of one with rate 1 (per second of its own clock), so that a rate, or a rate that
follows the hours of a week, is applied in one place.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Arrivals(Protocol):
    """A stationary arrival process."""

    def times_s(self, rate_per_s: float, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Return n ascending arrival times [s] from 0 on, of mean rate `rate_per_s` [1/s]."""
        ...

    def index_of_dispersion(self, rate_per_s: float, window_s: float) -> float:
        """Return variance over mean of the number of arrivals within `window_s` [s]; 1 for Poisson."""
        ...

    def describe(self) -> str:
        """Return the process in a few words."""
        ...


@dataclass(frozen=True)
class Poisson:
    """Requests come independently of each other."""

    def times_s(self, rate_per_s: float, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Return n ascending arrival times [s] of mean rate `rate_per_s` [1/s]."""
        return np.cumsum(rng.standard_exponential(n)) / rate_per_s

    def index_of_dispersion(self, rate_per_s: float, window_s: float) -> float:
        """Return 1."""
        return 1.0

    def describe(self) -> str:
        """Return the process in a few words."""
        return "Poisson"


@dataclass(frozen=True)
class Gamma:
    """Gaps between requests are gamma distributed with coefficient of variation `cv` [-] > 0."""

    cv: float

    def times_s(self, rate_per_s: float, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Return n ascending arrival times [s] of mean rate `rate_per_s` [1/s]."""
        shape = 1.0 / self.cv**2
        return np.cumsum(rng.standard_gamma(shape, n)) / (shape * rate_per_s)

    def index_of_dispersion(self, rate_per_s: float, window_s: float) -> float:
        """Return cv², the limit over long windows of a renewal process."""
        return self.cv**2

    def describe(self) -> str:
        """Return the process in a few words."""
        return f"gamma gaps, cv {self.cv:g}"


@dataclass(frozen=True)
class Bursts:
    """Calm and burst take turns, each for an exponential time: a two-state Markov-modulated Poisson process.

    `ratio` is the rate in a burst over the rate in a calm [-]; `burst_s` and `calm_s` are mean lengths [s].
    """

    ratio: float
    burst_s: float
    calm_s: float

    @property
    def burst_share(self) -> float:
        """Share of the time spent in bursts [-]."""
        return self.burst_s / (self.burst_s + self.calm_s)

    def times_s(self, rate_per_s: float, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Return n ascending arrival times [s] of mean rate `rate_per_s` [1/s]."""
        work = np.cumsum(rng.standard_exponential(n))
        if n == 0:
            return work
        calm_rate = rate_per_s / (1.0 + self.burst_share * (self.ratio - 1.0))
        starts, expected = self._cumulative(float(work[-1]), calm_rate, rng)
        return np.interp(work, expected, starts)

    def _cumulative(
        self, needed: float, calm_rate: float, rng: np.random.Generator
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return when calms and bursts begin [s], and the arrivals expected until then, up to `needed` of them."""
        in_burst = bool(rng.random() < self.burst_share)
        per_cycle = calm_rate * (self.calm_s + self.ratio * self.burst_s)
        starts, expected = [np.zeros(1)], [np.zeros(1)]
        while expected[-1][-1] < needed:
            cycles = 16 + math.ceil(1.2 * (needed - expected[-1][-1]) / per_cycle)
            lengths = rng.standard_exponential((cycles, 2)) * (
                (self.burst_s, self.calm_s) if in_burst else (self.calm_s, self.burst_s)
            )
            rates = np.array((self.ratio, 1.0) if in_burst else (1.0, self.ratio)) * calm_rate
            starts.append(starts[-1][-1] + np.cumsum(lengths))
            expected.append(expected[-1][-1] + np.cumsum(lengths * rates))
        return np.concatenate(starts), np.concatenate(expected)

    def index_of_dispersion(self, rate_per_s: float, window_s: float) -> float:
        """Return variance over mean of the arrivals within `window_s` [s].

        I(t) = 1 + 2 λ̄ v/s · (1 − (1 − e^(−s t))/(s t)) with v the squared coefficient of variation of the rate and s
        the sum of the two switching rates (Fischer and Meier-Hellstern, "The Markov-modulated Poisson process (MMPP)
        cookbook", Performance Evaluation 18, 1993).
        """
        share, switching = self.burst_share, 1.0 / self.burst_s + 1.0 / self.calm_s
        relative = (self.ratio - 1.0) / (1.0 + share * (self.ratio - 1.0))
        variation = share * (1.0 - share) * relative**2
        decay = switching * window_s
        return 1.0 + 2.0 * rate_per_s * variation / switching * (1.0 + math.expm1(-decay) / decay)

    def describe(self) -> str:
        """Return the process in a few words."""
        return f"bursts of {self.burst_s:,.3g} s at {self.ratio:.3g} times the rate of the {self.calm_s:,.3g} s between"
