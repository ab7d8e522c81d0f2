"""A traffic pattern: all that is known of one workload's requests; what it asks for per hour and per month."""

from __future__ import annotations

from dataclasses import dataclass

from millwright.spans import HOURS_PER_MONTH
from millwright.traffic.arrivals import Arrivals
from millwright.traffic.lengths import Lengths
from millwright.traffic.requests import Requests
from millwright.traffic.shape import WeeklyShape, peak_factor

MOST_REQUESTS = 50_000_000
"""No more requests than this are built or read at once: they would fill 1.2 GB."""


@dataclass(frozen=True, eq=False)
class TrafficPattern:
    """Requests as a process: `mean_rate_per_s` [1/s] over the week, lengths, burstiness and the week's shape.

    With a `trace`, its requests are replayed (lengths in pairs, gaps scaled to the rate asked for), and `input`,
    `output` are its observed lengths. A request holds `items` texts, each of a length of its own.
    """

    mean_rate_per_s: float
    input: Lengths
    output: Lengths
    arrivals: Arrivals
    shape: WeeklyShape
    trace: Requests | None = None
    items: int = 1

    @property
    def peak_rate_per_s(self) -> float:
        """Rate in the busiest hour of the week [1/s]."""
        return self.mean_rate_per_s * peak_factor(self.shape)


@dataclass(frozen=True)
class Demand:
    """What a pattern asks for: rates [1/s], and requests and tokens in a mean month of 730.5 hours."""

    mean_rate_per_s: float
    peak_rate_per_s: float
    hourly_rate_per_s: tuple[float, ...]
    mean_input_tokens: float
    mean_output_tokens: float

    @property
    def peak_factor(self) -> float:
        """The busiest hour's rate over the mean rate [-]."""
        return self.peak_rate_per_s / self.mean_rate_per_s

    @property
    def requests_per_month(self) -> float:
        """Requests in a mean month."""
        return self.mean_rate_per_s * HOURS_PER_MONTH * 3600.0

    @property
    def input_tokens_per_month(self) -> float:
        """Input tokens in a mean month."""
        return self.requests_per_month * self.mean_input_tokens

    @property
    def output_tokens_per_month(self) -> float:
        """Output tokens in a mean month."""
        return self.requests_per_month * self.mean_output_tokens


def demand(pattern: TrafficPattern) -> Demand:
    """Return what `pattern` asks for in a mean week and a mean month, before any growth."""
    return Demand(
        mean_rate_per_s=pattern.mean_rate_per_s,
        peak_rate_per_s=pattern.peak_rate_per_s,
        hourly_rate_per_s=tuple(pattern.mean_rate_per_s * weight for weight in pattern.shape),
        mean_input_tokens=pattern.items * pattern.input.mean_tokens,
        mean_output_tokens=pattern.output.mean_tokens,
    )
