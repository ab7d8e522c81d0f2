"""The promise: limits on latency at a percentile, and which requests keep it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from millwright.simulate.outcomes import RequestOutcomes


@dataclass(frozen=True, slots=True)
class Slo:
    """Limits on TTFT, TPOT and E2E [s], each optional, and the share of requests [%] that must keep all of them.

    A request meets the SLO if it is served and every limit given holds for it; the SLO holds if at least
    `percentile` per cent of the requests meet it. Raises `ValueError` for a limit that is not positive or a percentile
    outside (0, 100].
    """

    ttft_s: float | None = None
    tpot_s: float | None = None
    e2e_s: float | None = None
    percentile: float = 95.0

    def __post_init__(self) -> None:
        for name, limit in self.limits().items():
            if not limit > 0:
                raise ValueError(f"the SLO's {name} must be above 0 s, got {limit}")
        if not 0 < self.percentile <= 100:
            raise ValueError(f"the SLO's percentile must be above 0 and at most 100, got {self.percentile}")

    def limits(self) -> dict[str, float]:
        """Return the limits that are given, by name [s]."""
        named = {"ttft_s": self.ttft_s, "tpot_s": self.tpot_s, "e2e_s": self.e2e_s}
        return {name: limit for name, limit in named.items() if limit is not None}

    def met(self, outcomes: RequestOutcomes) -> NDArray[np.bool_]:
        """Return, for each request (n,), whether it was served within every limit."""
        met = outcomes.served.copy()
        with np.errstate(invalid="ignore"):
            for name, limit in self.limits().items():
                met &= getattr(outcomes, name) <= limit
        return met

    @property
    def share(self) -> float:
        """The share of requests that must meet the SLO, as a fraction."""
        return self.percentile / 100.0
