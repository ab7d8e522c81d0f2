"""Build requests from a pattern: deterministic by seed."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from millwright.spans import HOURS_PER_WEEK
from millwright.traffic.lengths import sample
from millwright.traffic.pattern import MOST_REQUESTS, TrafficPattern
from millwright.traffic.requests import Requests


def build_requests(
    pattern: TrafficPattern,
    *,
    seed: int,
    n: int | None = None,
    duration_s: float | None = None,
    rate_per_s: float | None = None,
    start_hour: float | None = None,
) -> Requests:
    """Return requests of `pattern`: `n` of them, or those of `duration_s` [s], or the whole trace if neither is given.

    `rate_per_s` [1/s] is the mean rate to build, the pattern's peak hour if not given. The process is stationary
    unless `start_hour` (of the week, Monday 00:00 is 0) is given: then the rate follows the week's shape from that
    hour on, and `rate_per_s` is the week's mean, the pattern's own if not given.

    A trace is replayed from a point that the seed chooses, over and over if it is too short, its gaps scaled to the
    rate. The whole trace is replayed from its start, at its own rate if none is given.
    Raises ValueError when nothing says how many, when both do, when a number is out of range, or for more than
    MOST_REQUESTS.
    """
    if n is not None and duration_s is not None:
        raise ValueError("give n or duration_s, not both")
    if n is None and duration_s is None and pattern.trace is None:
        raise ValueError("give n or duration_s: only a trace has a length of its own")
    if rate_per_s is None:
        rate_per_s = _own_rate(
            pattern, whole_trace=n is None and duration_s is None, follows_week=start_hour is not None
        )
    if not (rate_per_s > 0 and math.isfinite(rate_per_s)):
        raise ValueError(f"the rate must be above 0 and finite, got {rate_per_s}")
    if duration_s is not None and not (duration_s >= 0 and math.isfinite(duration_s)):
        raise ValueError(f"the duration must be 0 or more and finite, got {duration_s}")
    if n is not None and not 0 <= n <= MOST_REQUESTS:
        raise ValueError(f"n must be between 0 and {MOST_REQUESTS:,}, got {n}")

    rng = np.random.Generator(np.random.PCG64(seed))
    if duration_s is not None:
        return _within(pattern, duration_s, rate_per_s, start_hour, rng)
    return _count(pattern, n, rate_per_s, start_hour, rng)


def _own_rate(pattern: TrafficPattern, *, whole_trace: bool, follows_week: bool) -> float:
    if whole_trace and pattern.trace is not None and pattern.trace.rate_per_s > 0:
        return pattern.trace.rate_per_s
    return pattern.mean_rate_per_s if follows_week else pattern.peak_rate_per_s


def _count(
    pattern: TrafficPattern, n: int | None, rate_per_s: float, start_hour: float | None, rng: np.random.Generator
) -> Requests:
    if pattern.trace is not None:
        requests = _replayed(pattern.trace, n, rate_per_s, rng)
    else:
        count = n or 0
        arrival_s = pattern.arrivals.times_s(rate_per_s, count, rng)
        inputs = sample(pattern.input, count * pattern.items, rng).reshape(count, pattern.items).sum(axis=1)
        requests = Requests(arrival_s, inputs, sample(pattern.output, count, rng))
    return requests if start_hour is None else requests.at_times(_over_week(requests.arrival_s, pattern, start_hour))


def _within(
    pattern: TrafficPattern, duration_s: float, rate_per_s: float, start_hour: float | None, rng: np.random.Generator
) -> Requests:
    """Return the requests before `duration_s`: build some more than are expected, and cut."""
    expected = rate_per_s * duration_s * (max(pattern.shape) if start_hour is not None else 1.0)
    margin = 1.0 + 6.0 / math.sqrt(1.0 + expected)
    arrivals_seed = rng.integers(2**63)
    while True:
        n = math.ceil(expected * margin) + 16
        if n > MOST_REQUESTS:
            raise ValueError(f"about {expected:,.0f} requests are more than can be built at once ({MOST_REQUESTS:,})")
        built = _count(pattern, n, rate_per_s, start_hour, np.random.Generator(np.random.PCG64(arrivals_seed)))
        if built.arrival_s[-1] >= duration_s:
            return built.pick(np.arange(np.searchsorted(built.arrival_s, duration_s)))
        margin *= 1.5


def _replayed(trace: Requests, n: int | None, rate_per_s: float, rng: np.random.Generator) -> Requests:
    """Return n requests of the trace in its order, scaled in time to the rate; copies of it share no prefix."""
    size = len(trace)
    first = 0 if n is None else int(rng.integers(size))
    position = first + np.arange(size if n is None else n)
    index, copy = position % size, position // size
    own_rate = trace.rate_per_s
    if own_rate == 0:  # one request, or all at once: nothing to scale
        gaps = np.full(len(position), 1.0 / rate_per_s)
        arrival_s = np.cumsum(gaps) - gaps[:1]
    else:
        begin = float(trace.arrival_s[0])
        lap = size / own_rate  # the last gap of a lap, back to the first request, is a mean one
        arrival_s = (trace.arrival_s[index] - begin + lap * copy) * (own_rate / rate_per_s)
        arrival_s = arrival_s - arrival_s[:1]
    picked = trace.pick(index).at_times(arrival_s.astype(np.float64))
    if picked.prefix_blocks is None or picked.prefix_offsets is None or not len(picked.prefix_blocks):
        return picked
    stride = int(picked.prefix_blocks.max()) + 1
    blocks = picked.prefix_blocks + np.repeat(copy * stride, np.diff(picked.prefix_offsets))
    return Requests(
        picked.arrival_s,
        picked.input_tokens,
        picked.output_tokens,
        blocks,
        picked.prefix_offsets,
        picked.prefix_block_tokens,
        picked.priority,
    )


def _over_week(arrival_s: NDArray[np.float64], pattern: TrafficPattern, start_hour: float) -> NDArray[np.float64]:
    """Return arrivals of mean rate 1 mapped to a rate that follows the week: t' with ∫ shape = t."""
    if not len(arrival_s):
        return arrival_s
    hours = 2 + math.ceil(float(arrival_s[-1]) / 3600.0 / HOURS_PER_WEEK + 1) * HOURS_PER_WEEK
    edges = np.arange(hours + 1) * 3600.0
    shape = np.array(pattern.shape)[np.arange(hours) % HOURS_PER_WEEK]
    done = np.concatenate(([0.0], np.cumsum(shape * 3600.0)))
    origin = np.interp((start_hour % HOURS_PER_WEEK) * 3600.0, edges, done)
    at: NDArray[np.float64] = np.interp(arrival_s + origin, done, edges) - (start_hour % HOURS_PER_WEEK) * 3600.0
    return at
