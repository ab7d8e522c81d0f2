"""The largest rate at which the SLO holds on one replica, by bisection over simulations with common random numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from millwright.perf.deployment import SchedulerLimits
from millwright.perf.step_time import StepTime
from millwright.quantity import share_text
from millwright.simulate.load import GiveUp, simulate_closed, simulate_open
from millwright.simulate.metrics import Z80, ServiceMetrics, standard_error, summarise
from millwright.simulate.outcomes import RequestOutcomes
from millwright.simulate.slo import Slo
from millwright.traffic.requests import Requests

RequestsAtRate = Callable[[float], Requests]
Service = Callable[[Requests], RequestOutcomes]
"""Whatever serves requests: one replica, a cluster, pools for prompts and answers."""

_FAR_APART_S = 3600.0  # a request that takes longer than this alone meets no SLO anyway

_STEP_EXPONENT = 0.15
"""Of the rate over the share that fails, before two rates tell; failures grow about as its sixth power and more."""

_LIKE_EXPONENT = 0.08
"""The same where the search starts from what was found of the very same requests: the rate is not far."""

_LARGE_LOG = 50.0
"""Log of a factor on a rate beyond which only its sign counts: rates move by half at most."""

_ALONE = 400  # requests tried one by one, to see whether an idle replica is fast enough


@dataclass(frozen=True, slots=True)
class RatePoint:
    """The share of requests that met the SLO at one rate, and its standard error; `gave_up`: at most that share did."""

    rate_per_s: float
    attainment: float
    standard_error: float
    gave_up: bool = False


@dataclass(frozen=True)
class Goodput:
    """The largest rate [requests/s] at which the SLO holds on one replica, and how it was found.

    `low` and `high` bound it at 80 % confidence (the spread of the simulated sample; not that of the step times).
    `capacity_per_s` is the rate at which the replica finishes requests that never let it idle. `binding` names what
    stops a higher rate: `ttft_s`, `tpot_s`, `e2e_s`, `refused`, `capacity`. `reason` says it in words. `points` are the
    rates visited, in ascending order.
    """

    rate_per_s: float
    low: float
    high: float
    capacity_per_s: float
    attainment: float
    binding: str
    reason: str
    points: tuple[RatePoint, ...]


@dataclass(frozen=True)
class CurvePoint:
    """The metrics of one replica at one rate [requests/s]."""

    rate_per_s: float
    metrics: ServiceMetrics


def max_rate_at_slo(
    requests: Requests | RequestsAtRate,
    step: StepTime,
    limits: SchedulerLimits,
    kv_capacity_tokens: int,
    slo: Slo,
    *,
    warmup: float = 0.1,
    precision: float = 0.01,
    near: Goodput | None = None,
) -> Goodput:
    """Return the largest rate at which `slo` holds on one replica.

    `requests` are stretched in time to each rate tried, so every rate sees the same lengths and the same pattern of
    arrivals; or give a function from a rate [1/s] to requests, which should use the same random numbers each time.
    The first `warmup` share of the requests is not judged. The bisection ends when the bracket is narrower than
    `precision`, relative. `near` is what was found of like requests before, or (without `points`) a guess: the
    bisection starts there, and its capacity is not simulated.
    Raises `ValueError` if the requests have no rate of their own (all arrive at once).
    """

    def serve(some: Requests, give_up: GiveUp | None) -> RequestOutcomes:
        return simulate_open(some, step, limits, kv_capacity_tokens, give_up=give_up)

    at_rate = requests if callable(requests) else stretch(requests)
    known = near is not None and near.rate_per_s > 0.0
    if near is None or not known or not near.points:  # a guess says nothing of whether an idle replica is fast enough
        alone = _alone(at_rate(1.0), step, limits, kv_capacity_tokens)
        if near is None or not known or float(slo.met(alone).mean()) < slo.share:
            return _max_rate(at_rate, serve, alone, slo, warmup, precision)
    return _around(_Search(at_rate, serve, slo, warmup), near, precision)


def max_service_rate(
    requests: Requests | RequestsAtRate,
    service: Service,
    slo: Slo,
    *,
    warmup: float = 0.1,
    precision: float = 0.01,
    near: Goodput | None = None,
) -> Goodput:
    """Return the largest rate at which `slo` holds for any service, such as a cluster behind its router.

    As `max_rate_at_slo`, without giving up hopeless runs early.
    """
    at_rate = requests if callable(requests) else stretch(requests)
    if near is not None and near.rate_per_s > 0.0:
        return _around(_Search(at_rate, lambda some, _: service(some), slo, warmup), near, precision)
    sample = at_rate(1.0)
    few = sample if sample.prefix_blocks is not None else _every(sample, _ALONE)
    alone = service(replace(few, arrival_s=_FAR_APART_S * np.arange(len(few), dtype=np.float64)))
    return _max_rate(at_rate, lambda some, _: service(some), alone, slo, warmup, precision)


def _max_rate(
    at_rate: RequestsAtRate,
    serve: Callable[[Requests, GiveUp | None], RequestOutcomes],
    alone: RequestOutcomes,
    slo: Slo,
    warmup: float,
    precision: float,
) -> Goodput:
    share_alone = float(slo.met(alone).mean())
    if share_alone < slo.share:
        binding, reason = _why_not(alone, slo)
        return Goodput(0.0, 0.0, 0.0, 0.0, share_alone, binding, reason, ())
    sample = at_rate(1.0)
    capacity_per_s = _rate_of_finishing(serve(replace(sample, arrival_s=np.zeros(len(sample))), None))
    search = _Search(at_rate, serve, slo, warmup)
    low, high = 0.0, capacity_per_s
    top = search.visit(capacity_per_s)
    if top.attainment >= slo.share:
        low = capacity_per_s
    return _bisect(search, low, high, capacity_per_s, precision)


def _around(search: _Search, near: Goodput, precision: float) -> Goodput:
    """Return the largest rate, starting from `near` and led by how many requests fail; its capacity is kept.

    The share that fails grows about as a power of the rate, so two rates give a third that is close, on whichever side
    of them, and a rate a little to its other side closes the bracket.
    """
    most, allowed = near.capacity_per_s, max(1.0 - search.slo.share, 1e-6)
    low, high = 0.0, math.inf
    exponent = _LIKE_EXPONENT if near.points else _STEP_EXPONENT
    failing: dict[float, float] = {}
    rate = min(near.rate_per_s, most)
    while True:
        point = search.visit(rate)
        failing[rate] = max(search.failing[rate], 0.1 * allowed)
        low, high = (rate, high) if point.attainment >= search.slo.share else (low, rate)
        if low >= most or high < 1e-4 * most or (high < math.inf and high - low <= precision * high):
            break
        rate = min(_next_rate(failing, low, high, allowed, precision, exponent), most)
    return _conclude(search, low, min(high, most), most)


def _next_rate(
    failing: Mapping[float, float], low: float, high: float, allowed: float, precision: float, exponent: float
) -> float:
    """Return the rate to visit next, given the share that failed at those visited."""
    if low == 0.0 or math.isinf(high):
        return _outward(failing, low, high, allowed, precision, exponent)
    steepness = math.log(failing[high] / failing[low]) / math.log(high / low)
    if steepness <= 0.0:
        return math.sqrt(low * high)
    meant = low * _power(allowed / failing[low], 1.0 / steepness)
    aside = 1.0 + 0.4 * precision
    aim = meant / aside if meant / low > high / meant else meant * aside
    gap = high / low
    return float(min(max(aim, low * gap**0.15), low * gap**0.85))


def _outward(
    failing: Mapping[float, float], low: float, high: float, allowed: float, precision: float, exponent: float
) -> float:
    """Return the next rate while all that were visited lie on one side: by the slope of the last two, and a bit on."""
    rate, beyond = (high, 1.0 - precision) if low == 0.0 else (low, 1.0 + precision)
    before = [each for each in failing if each != rate]
    if before:
        last = min(before, key=lambda each: abs(math.log(each / rate)))
        slope = math.log(failing[rate] / failing[last]) / math.log(rate / last)
        if slope > 0.0:
            exponent = max(1.0 / slope, exponent)
    factor = _power(allowed / failing[rate], exponent) * (1.0 + 0.4 * (beyond - 1.0))
    return rate * (min(max(factor, 0.6), beyond) if low == 0.0 else min(max(factor, beyond), 1.5))


def _power(base: float, exponent: float) -> float:
    """Return `base` to the power `exponent`; of what would overflow, or be 0, that it is large, or small."""
    return math.exp(min(max(exponent * math.log(base), -_LARGE_LOG), _LARGE_LOG))


def _bisect(search: _Search, low: float, high: float, capacity_per_s: float, precision: float) -> Goodput:
    while high - low > precision * high:
        middle = 0.5 * (low + high)
        if search.visit(middle).attainment >= search.slo.share:
            low = middle
        else:
            high = middle
        if high < 1e-4 * capacity_per_s:
            break
    return _conclude(search, low, high, capacity_per_s)


def attainment_at(
    requests: RequestsAtRate,
    service: Callable[[Requests, GiveUp | None], RequestOutcomes],
    slo: Slo,
    rate_per_s: float,
    *,
    warmup: float = 0.1,
) -> RatePoint:
    """Return the share of requests that meet `slo` at one rate [1/s]; a hopeless run may be given up."""
    return _Search(requests, service, slo, warmup).visit(rate_per_s)


def latency_curve(
    requests: Requests | RequestsAtRate,
    rates_per_s: Sequence[float],
    step: StepTime,
    limits: SchedulerLimits,
    kv_capacity_tokens: int,
    slo: Slo | None = None,
    *,
    warmup: float = 0.1,
) -> tuple[CurvePoint, ...]:
    """Return the metrics of one replica at each rate [requests/s], with common random numbers."""
    at_rate = requests if callable(requests) else stretch(requests)
    return tuple(
        CurvePoint(rate, summarise(simulate_open(at_rate(rate), step, limits, kv_capacity_tokens), slo, warmup))
        for rate in rates_per_s
    )


def stretch(requests: Requests) -> RequestsAtRate:
    """Return a function from a mean rate [1/s] to the same requests, arriving in the same pattern at that rate.

    Raises `ValueError` if they all arrive at the same time.
    """
    span_s = float(requests.arrival_s[-1] - requests.arrival_s[0]) if len(requests) > 1 else 0.0
    if not span_s > 0:
        raise ValueError("requests that all arrive at once have no rate to change: give them arrival times")
    own_rate_per_s = (len(requests) - 1) / span_s
    from_zero_s = requests.arrival_s - requests.arrival_s[0]
    return lambda rate_per_s: replace(requests, arrival_s=from_zero_s * (own_rate_per_s / rate_per_s))


def saturated_rate(requests: Requests, step: StepTime, limits: SchedulerLimits, kv_capacity_tokens: int) -> float:
    """Return the rate [requests/s] at which a replica finishes requests that all wait at its door.

    Taken between the first and the last tenth of the completions, so that neither the filling nor the emptying of the
    batch counts; 0 if nothing is served.
    """
    burst = replace(requests, arrival_s=np.zeros(len(requests)))
    return _rate_of_finishing(simulate_open(burst, step, limits, kv_capacity_tokens))


def _rate_of_finishing(outcomes: RequestOutcomes) -> float:
    """Return the rate between the first and the last tenth of the completions [1/s]."""
    finish_s = np.sort(outcomes.finish_s[outcomes.served])
    first, last = len(finish_s) // 10, len(finish_s) - 1 - len(finish_s) // 10
    if last > first and finish_s[last] > finish_s[first]:
        return float((last - first) / (finish_s[last] - finish_s[first]))
    return len(finish_s) / float(finish_s[-1]) if len(finish_s) else 0.0


# -- the search ----------------------------------------------------------------------------------------------


class _Search:
    """Visits rates and remembers them; `failing` is the share that failed, of those judged until a run was given up."""

    def __init__(
        self,
        at_rate: RequestsAtRate,
        service: Callable[[Requests, GiveUp | None], RequestOutcomes],
        slo: Slo,
        warmup: float,
    ) -> None:
        self.at_rate, self.service, self.slo, self.warmup = at_rate, service, slo, warmup
        self.points: list[RatePoint] = []
        self.failing: dict[float, float] = {}
        self.best: RatePoint | None = None
        self.nearest_failure: tuple[float, RequestOutcomes] | None = None

    def visit(self, rate_per_s: float) -> RatePoint:
        """Simulate at one rate; a hopeless run is given up at twice the violations that the SLO allows."""
        requests = self.at_rate(rate_per_s)
        skipped = int(self.warmup * len(requests))
        judged = len(requests) - skipped
        hopeless = 20 + int(2.0 * (1.0 - self.slo.share) * judged)
        outcomes = self.service(requests, GiveUp(self.slo, hopeless, skipped))
        kept = outcomes.only(slice(skipped, None))
        met = self.slo.met(kept).astype(float)
        gave_up = bool((kept.fate == 0).any())
        attainment = 1.0 - hopeless / judged if gave_up else float(met.mean())
        point = RatePoint(rate_per_s, attainment, 0.0 if gave_up else standard_error(met), gave_up)
        judged_so_far = int((kept.fate != 0).sum())
        self.failing[rate_per_s] = hopeless / max(judged_so_far, hopeless) if gave_up else 1.0 - attainment
        self.points.append(point)
        if point.attainment >= self.slo.share:
            if self.best is None or rate_per_s > self.best.rate_per_s:
                self.best = point
        elif self.nearest_failure is None or rate_per_s < self.nearest_failure[0]:
            self.nearest_failure = (rate_per_s, outcomes)
        return point


def _alone(requests: Requests, step: StepTime, limits: SchedulerLimits, kv_capacity_tokens: int) -> RequestOutcomes:
    """Return the outcomes of a sample of the requests, each alone on the replica.

    If they share prefixes, all go one after another, so that the cache is as warm as at the lowest load.
    """
    if requests.prefix_blocks is not None:
        far_apart_s = _FAR_APART_S * np.arange(len(requests), dtype=np.float64)
        return simulate_open(replace(requests, arrival_s=far_apart_s), step, limits, kv_capacity_tokens)
    few = _every(requests, _ALONE)
    return simulate_closed(few.input_tokens, few.output_tokens, 1, step, limits, kv_capacity_tokens)


def _every(requests: Requests, most: int) -> Requests:
    """Return at most so many of the requests, evenly chosen; without priorities and prefixes."""
    chosen = np.unique(np.linspace(0, len(requests) - 1, most).astype(int))
    return Requests(requests.arrival_s[chosen], requests.input_tokens[chosen], requests.output_tokens[chosen])


def _why_not(outcomes: RequestOutcomes, slo: Slo) -> tuple[str, str]:
    """Return which limit an idle replica breaks, and by how much in words."""
    refused = float(outcomes.refused.mean())
    if refused > 1.0 - slo.share:
        return "refused", f"{share_text(refused)} of the requests are longer than the context limit or the KV cache"
    worst, ratio, value = "", 0.0, 0.0
    for name, limit_s in slo.limits().items():
        reached_s = float(np.quantile(getattr(outcomes, name)[outcomes.served], slo.share))
        if reached_s / limit_s > ratio:
            worst, ratio, value = name, reached_s / limit_s, reached_s
    label = worst.removesuffix("_s").upper()
    limit_s = slo.limits()[worst]
    return worst, (
        f"even alone, {label} at p{slo.percentile:g} is {value:.3g} s against a limit of {limit_s:.3g} s "
        f"({ratio:.3g} times as long)"
    )


def _conclude(search: _Search, low: float, high: float, capacity_per_s: float) -> Goodput:
    slo = search.slo
    points = tuple(sorted(search.points, key=lambda point: point.rate_per_s))
    if search.best is None:
        binding = _binding(search.nearest_failure, slo)
        label = binding.removesuffix("_s").upper() if binding.endswith("_s") else binding
        reason = f"at no rate looked at, down to {high:.2g} requests/s, does the SLO hold: {label} breaks its limit"
        return Goodput(0.0, 0.0, high, capacity_per_s, points[0].attainment, binding, reason, points)
    rate_per_s = search.best.rate_per_s
    sure = [p.rate_per_s for p in points if p.attainment - Z80 * p.standard_error >= slo.share]
    doubtful = [p.rate_per_s for p in points if p.attainment + Z80 * p.standard_error < slo.share]
    binding = _binding(search.nearest_failure, slo) if low < capacity_per_s else "capacity"
    reason = (
        f"at {rate_per_s:.3g} requests/s the replica is saturated"
        if binding == "capacity"
        else f"above {rate_per_s:.3g} requests/s {binding.removesuffix('_s').upper()} breaks its limit too often"
    )
    return Goodput(
        rate_per_s=rate_per_s,
        low=min(max(sure, default=0.0), rate_per_s),
        high=max(min(doubtful, default=capacity_per_s), rate_per_s),
        capacity_per_s=capacity_per_s,
        attainment=search.best.attainment,
        binding=binding,
        reason=reason,
        points=points,
    )


def _binding(failure: tuple[float, RequestOutcomes] | None, slo: Slo) -> str:
    """Return the limit that most requests broke at the lowest rate that failed."""
    if failure is None:
        return "capacity"
    outcomes = failure[1]
    broken = {"refused": int(outcomes.refused.sum())}
    with np.errstate(invalid="ignore"):
        for name, limit_s in slo.limits().items():
            broken[name] = int((getattr(outcomes, name) > limit_s).sum())
    return max(broken, key=lambda name: broken[name])
