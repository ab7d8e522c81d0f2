"""Outcomes in a few numbers: latency percentiles with their confidence, throughput, goodput, occupancy."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from millwright.simulate.outcomes import RequestOutcomes
from millwright.simulate.slo import Slo

PERCENTILES = (50.0, 90.0, 95.0, 99.0, 99.9)
BEYOND = 10
"""A percentile is given only if at least so many requests lie beyond it: a p99 takes 1,000 requests."""

BATCHES = 20
Z80 = NormalDist().inv_cdf(0.9)  # half of an 80 % interval, in standard errors, like every interval in Millwright


@dataclass(frozen=True, slots=True)
class Interval:
    """A value with its 80 % confidence interval, from the spread within the run."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Latency:
    """A latency over requests [s]: mean and percentiles, `None` where the requests are too few to tell."""

    count: int
    mean: Interval | None
    p50: Interval | None
    p90: Interval | None
    p95: Interval | None
    p99: Interval | None
    p999: Interval | None

    def percentile(self, percentile: float) -> Interval | None:
        """Return one of the percentiles kept; raises `KeyError` for another."""
        return dict(zip(PERCENTILES, (self.p50, self.p90, self.p95, self.p99, self.p999), strict=True))[percentile]


@dataclass(frozen=True, slots=True)
class ServiceMetrics:
    """What users and the operator see of a run, after the warm-up cut.

    `requests`, `served`, `refused` count requests after the cut; rates are per second of the window from the first to
    the last of their arrivals (to the last token, if they come in a burst). Shares are fractions. Gaps between tokens
    (`itl`), occupancy and totals are of the whole run. `attainment` and `goodput_per_s` are `None` without an SLO.
    """

    requests: int
    served: int
    refused: int
    ttft_s: Latency
    tpot_s: Latency
    e2e_s: Latency
    queue_s: Latency
    itl_s: Latency
    window_s: float
    requests_per_s: float
    input_tokens_per_s: float
    output_tokens_per_s: float
    attainment: Interval | None
    goodput_per_s: float | None
    slo_holds: bool | None
    utilisation: float
    decode_batch_mean: float
    kv_mean_share: float
    kv_peak_share: float
    preemptions: int
    recomputed_tokens: int
    cached_share: float
    stationary: bool
    warnings: tuple[str, ...]


def summarise(outcomes: RequestOutcomes, slo: Slo | None = None, warmup: float = 0.0) -> ServiceMetrics:
    """Return the metrics of a run, leaving out the first `warmup` share of its requests.

    Raises `ValueError` if `warmup` is not in [0, 1).
    """
    if not 0 <= warmup < 1:
        raise ValueError(f"warmup must be a share of the requests in [0, 1), got {warmup}")
    kept = outcomes.only(slice(int(warmup * len(outcomes)), None))
    served = kept.only(kept.served)
    start_s, end_s = _window(kept)
    window_s = end_s - start_s
    inside = served.only((served.finish_s >= start_s) & (served.finish_s <= end_s))
    per_s = 1.0 / window_s if window_s > 0 else 0.0
    attainment = None if slo is None else mean_interval(slo.met(kept).astype(float))
    requests_per_s = len(inside) * per_s
    goodput_per_s = None if slo is None else float(slo.met(inside).sum()) * per_s
    totals = outcomes.totals
    capacity_tokens = max(totals.kv_blocks * totals.block_size_tokens, 1)
    stationary = is_stationary(served)
    return ServiceMetrics(
        requests=len(kept),
        served=len(served),
        refused=int(kept.refused.sum()),
        ttft_s=latency(served.ttft_s),
        tpot_s=latency(served.tpot_s[served.output_tokens > 1]),
        e2e_s=latency(served.e2e_s),
        queue_s=latency(served.queue_s),
        itl_s=_gap_latency(outcomes),
        window_s=window_s,
        requests_per_s=requests_per_s,
        input_tokens_per_s=float(inside.input_tokens.sum()) * per_s,
        output_tokens_per_s=float(inside.output_tokens.sum()) * per_s,
        attainment=attainment,
        goodput_per_s=goodput_per_s,
        slo_holds=None if slo is None or attainment is None else attainment.value >= slo.share,
        utilisation=_share(totals.busy_s, outcomes.makespan_s * max(len(outcomes.replica_totals), 1)),
        decode_batch_mean=outcomes.decode_batch_mean,
        kv_mean_share=outcomes.kv_mean_tokens / capacity_tokens,
        kv_peak_share=_share(totals.kv_peak_blocks, totals.kv_blocks),
        preemptions=int(outcomes.preemptions.sum()),
        recomputed_tokens=_recomputed(outcomes),
        cached_share=_share(totals.cached_tokens, int(outcomes.input_tokens[outcomes.served].sum())),
        stationary=stationary,
        warnings=_warnings(outcomes, len(served), stationary),
    )


def attainment_by(outcomes: RequestOutcomes, slo: Slo, classes: NDArray[np.int64]) -> dict[int, Interval]:
    """Return the share of requests that met the SLO, by class; `classes` (n,) labels the requests."""
    met = slo.met(outcomes).astype(float)
    return {int(label): mean_interval(met[classes == label]) for label in np.unique(classes)}


# -- confidence ----------------------------------------------------------------------------------------------


def mean_interval(values: NDArray[np.float64]) -> Interval:
    """Return the mean of values in order of arrival, its interval from the means of 20 consecutive batches.

    Neighbouring requests share a queue, so their latencies are correlated and the spread of single values would
    promise too much; batches much longer than the correlation are nearly independent. Fewer than 40 values: the
    spread of single values. Source: Law, Simulation Modeling and Analysis, 5th ed., section 9.5.3.
    """
    mean = float(values.mean())
    half = Z80 * standard_error(values)
    return Interval(mean, mean - half, mean + half)


def standard_error(values: NDArray[np.float64]) -> float:
    """Return the standard error of the mean of values in order of arrival, by batch means."""
    n = len(values)
    if n < 2:
        return 0.0
    if n < 2 * BATCHES:
        return float(values.std(ddof=1)) / math.sqrt(n)
    size = n // BATCHES
    means = values[n - size * BATCHES :].reshape(BATCHES, size).mean(axis=1)
    return float(means.std(ddof=1)) / math.sqrt(BATCHES)


def latency(values_s: NDArray[np.float64]) -> Latency:
    """Return mean and percentiles of a latency [s] in order of arrival."""
    n = len(values_s)
    ordered = np.sort(values_s)
    percentiles = [_percentile_interval(values_s, ordered, percentile) for percentile in PERCENTILES]
    return Latency(n, mean_interval(values_s) if n else None, *percentiles)


def _percentile_interval(
    values: NDArray[np.float64], ordered: NDArray[np.float64], percentile: float
) -> Interval | None:
    """Return a percentile with the interval between two order statistics.

    Their ranks lie 80 % of the standard error of the share below the percentile away, by batch means again.
    """
    n = len(ordered)
    share = percentile / 100.0
    if n * (1.0 - share) < BEYOND - 1e-9:
        return None
    value = float(_at(ordered, share))
    error = max(standard_error((values <= value).astype(float)), math.sqrt(share * (1 - share) / n))
    low, high = (_at(ordered, share + side * Z80 * error) for side in (-1, 1))
    return Interval(value, min(float(low), value), max(float(high), value))


def _at(ordered: NDArray[np.float64], share: float) -> float:
    """Return the value at a share of the ordered values, between its two neighbours (NumPy's linear rule)."""
    place = min(max(share, 0.0), 1.0) * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return float(ordered[below] + (ordered[above] - ordered[below]) * (place - below))


def _gap_latency(outcomes: RequestOutcomes) -> Latency:
    """Return the gaps between tokens; there are so many that their percentiles carry no interval of their own."""
    count = int(outcomes.gap_counts.sum())
    values: list[Interval | None] = []
    for percentile in PERCENTILES:
        enough = count * (1.0 - percentile / 100.0) >= BEYOND
        gap_s = outcomes.gap_percentile_s(percentile)
        values.append(Interval(gap_s, gap_s, gap_s) if enough else None)
    gaps = int((outcomes.output_tokens[outcomes.served] - 1).sum())
    spent_s = float((outcomes.finish_s - outcomes.first_token_s)[outcomes.served].sum())
    mean = Interval(spent_s / gaps, spent_s / gaps, spent_s / gaps) if gaps else None
    return Latency(count, mean, *values)


# -- the window and what speaks against it -------------------------------------------------------------------


def _window(kept: RequestOutcomes) -> tuple[float, float]:
    """Return start and end [s] of the time in which throughput is counted."""
    if not len(kept) or not kept.served.any():
        return 0.0, 0.0
    start_s = float(np.nanmin(kept.arrival_s))
    last_arrival_s, last_token_s = float(np.nanmax(kept.arrival_s)), float(np.nanmax(kept.finish_s))
    burst = last_arrival_s - start_s < 0.5 * (last_token_s - start_s)
    return start_s, last_token_s if burst else last_arrival_s


def is_stationary(served: RequestOutcomes) -> bool:
    """Return whether latency has stopped growing: the last third of the requests is not clearly slower than the middle.

    Clearly: by more than three standard errors and a fifth of the mean.
    """
    n = len(served)
    if n < 6 * BATCHES:
        return True
    middle, last = served.ttft_s[n // 3 : 2 * n // 3], served.ttft_s[2 * n // 3 :]
    growth = float(last.mean() - middle.mean())
    error = math.hypot(standard_error(middle), standard_error(last))
    return not (growth > 3 * error and growth > 0.2 * float(served.ttft_s.mean()))


def _warnings(outcomes: RequestOutcomes, served: int, stationary: bool) -> tuple[str, ...]:
    said = []
    if not stationary:
        said.append("latency still grows at the end of the run: the load exceeds the capacity, or the run is too short")
    refused = int(outcomes.refused.sum())
    if refused:
        said.append(
            f"{refused} of {len(outcomes)} requests were refused: longer than the context limit or the KV cache"
        )
    if 0 < served < BEYOND / 0.01:
        said.append(f"{served} served requests are too few for a p99: it takes {BEYOND / 0.01:.0f}")
    return tuple(said)


def _recomputed(outcomes: RequestOutcomes) -> int:
    """Return the tokens computed again after preemptions."""
    needed = int(outcomes.input_tokens[outcomes.served].sum()) - outcomes.totals.cached_tokens
    return max(outcomes.totals.prefill_tokens - needed, 0) if outcomes.preemptions.any() else 0


def _share(part: float, whole: float) -> float:
    return part / whole if whole > 0 else 0.0
