"""The search of one replica: which precision and parallelism serve most within the SLO on a machine.

Every precision and tensor-parallel degree that fits is a candidate. Candidates are tried in the order of an optimistic
bound on what one device could serve (each step at its cheapest, no queueing), and the trying stops when no bound left
exceeds what was found. The trying is coarse, on a part of the requests; the winner is simulated in full.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from millwright.catalog.architecture import Architecture
from millwright.catalog.device import Device
from millwright.catalog.precision import Compute, Precision
from millwright.measure.deployed import deployed_step_time
from millwright.perf.calibration import Calibration
from millwright.perf.deployment import Deployment, Engine, SchedulerLimits
from millwright.perf.memory import MemoryFit, memory_fit
from millwright.perf.step_time import StepTime
from millwright.quantity import Z80, Estimate
from millwright.simulate.goodput import Goodput, RequestsAtRate, max_rate_at_slo, saturated_rate, stretch
from millwright.simulate.outcomes import Fate
from millwright.simulate.packing import refusals
from millwright.simulate.slo import Slo
from millwright.traffic.arrivals import Arrivals
from millwright.traffic.requests import Requests

TENSOR_PARALLEL = (1, 2, 4, 8, 16)
"""Degrees looked at: powers of two, as attention heads divide by them and hosts are built of them."""

_COARSE = 0.05
"""Relative precision of the rate while candidates are compared."""

_PART = 4_000
"""Requests on which candidates are compared, when there are more: enough for a p95 to within a few per cent."""

SERVED_OFFLINE = 0.99
"""Least share of offline requests that a replica must take; an SLO says it for the others, by its percentile."""

SPREAD_Z = Z80
"""The interval of a goodput is that of step times at the ends of their own 80 % interval."""


CandidateKey = tuple[str, str, str, int]


@dataclass(frozen=True)
class Allowed:
    """What a scenario allows a deployment to be.

    `precisions` of the weights, none: the usual ones; `kv_precisions` of the cache, none: 16 bits; the context that
    must fit [token], 0: the longest request's; engines by name, None: any.
    """

    precisions: tuple[Precision, ...] = ()
    kv_precisions: tuple[Precision, ...] = ()
    context_tokens: int = 0
    engines: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Service:
    """What is to be served on a replica: sample requests in order of arrival, and the SLO (None: offline work).

    `arrivals` says how requests come at another rate; None: those of the sample, stretched in time (a trace).
    """

    requests: Requests
    slo: Slo | None
    arrivals: Arrivals | None = None
    seed: int = 0

    def at_rate(self) -> RequestsAtRate:
        """Return a function from a mean rate [1/s] to the same requests coming at that rate, from the same seed."""
        if self.arrivals is None:
            return stretch(self.requests)
        arrivals, requests, seed = self.arrivals, self.requests, self.seed

        def come(rate_per_s: float) -> Requests:
            rng = np.random.Generator(np.random.PCG64(seed))
            return requests.at_times(arrivals.times_s(rate_per_s, len(requests), rng))

        return come

    def part(self) -> Service:
        """Return a run of the requests from the middle, long enough to compare deployments by."""
        n = len(self.requests)
        if n <= _PART:
            return self
        start = (n - _PART) // 2
        piece = self.requests.pick(np.arange(start, start + _PART))
        return replace(self, requests=piece.at_times(piece.arrival_s - piece.arrival_s[0]))

    @property
    def output_mean_tokens(self) -> float:
        """Mean length of an answer [token]."""
        return float(self.requests.output_tokens.mean())

    @property
    def context_tokens(self) -> float:
        """Mean context of a decoding sequence: its prompt and half its answer [token], weighted by its steps."""
        outputs = self.requests.output_tokens.astype(np.float64)
        context = self.requests.input_tokens + outputs / 2.0
        return float(np.average(context, weights=outputs))


@dataclass(frozen=True)
class Candidate:
    """A deployment that fits, its step time, and an upper bound on what one of its devices could serve [1/s]."""

    deployment: Deployment
    memory: MemoryFit
    step: StepTime
    bound_per_device_per_s: float

    @property
    def key(self) -> CandidateKey:
        """What tells the candidates of one workload apart: device, formats of weights and cache, tensor parallelism."""
        deployment = self.deployment
        return deployment.device.id, str(deployment.weights), str(deployment.kv), deployment.tp


@dataclass(frozen=True)
class Unfit:
    """A deployment that does not fit, and why."""

    deployment: Deployment
    reason: str


@dataclass(frozen=True)
class ReplicaPerformance:
    """What one replica of a candidate serves within the SLO: goodput [1/s] with the interval of its step times.

    `sure_per_s` is the rate [1/s] that it serves with the probability `confidence`; machines are counted by it.
    """

    candidate: Candidate
    goodput: Goodput
    rate_per_s: Estimate
    sure_per_s: float
    confidence: float = 0.5

    @property
    def per_device_per_s(self) -> float:
        """Requests per second and device."""
        return self.rate_per_s.value / self.candidate.deployment.device_count

    @property
    def log_sigma(self) -> float:
        """Spread of the logarithm of the goodput above its median [-]."""
        value, high = self.rate_per_s.value, self.rate_per_s.high
        return max(math.log(high / value) / SPREAD_Z, 0.0) if value > 0.0 else 0.0

    @property
    def log_sigma_below(self) -> float:
        """Spread of the logarithm of the goodput below its median [-]; wide where the low end serves nothing.

        Near a limit on latency a little slower costs much goodput, so that this side is often the wider one.
        """
        value = self.rate_per_s.value
        if value <= 0.0:
            return 0.0
        deviates = deviates_at(self.confidence)
        if deviates > 0.0 and self.sure_per_s > 0.0:
            return max(math.log(value / self.sure_per_s) / deviates, 0.0)
        low = self.rate_per_s.low
        return min(math.log(value / low) if low > 0.0 else 1.0, 1.0) / SPREAD_Z

    def chance_of(self, rate_per_s: float) -> float | None:
        """Return the probability that its true goodput is at least `rate_per_s` [1/s]; None where nothing is asked."""
        value = self.rate_per_s.value
        if value <= 0.0 or rate_per_s <= 0.0:
            return None
        distance = math.log(value / rate_per_s)
        sigma = self.log_sigma_below if distance >= 0.0 else self.log_sigma
        if sigma <= 0.0:
            return 1.0 if distance >= -1e-9 else 0.0
        return 0.5 * math.erfc(-distance / (sigma * math.sqrt(2.0)))


def weight_precisions(model: Architecture, device: Device, allowed: Sequence[Precision] = ()) -> tuple[Precision, ...]:
    """Return the weight formats to look at: those the user allows, else the checkpoint's own and 8 bits.

    8 bits are fp8 where the device computes it, int8 where it computes that. Four bits change what a model answers, so
    they are looked at only if the checkpoint is made that way or the user allows them.
    """
    if allowed:
        return tuple(dict.fromkeys(allowed))
    native = Precision(model.native_precision)
    formats = [native]
    if native is Precision.BF16:
        if Compute.FP8 in device.peak_flop_per_s:
            formats.append(Precision.FP8)
        elif Compute.INT8 in device.peak_flop_per_s:
            formats.append(Precision.INT8)
    return tuple(formats)


def candidates(
    service: Service,
    model: Architecture,
    device: Device,
    *,
    engine: Engine,
    most_devices: int,
    allowed: Allowed = Allowed(),
    limits: SchedulerLimits | None = None,
    calibration: Calibration | None = None,
) -> tuple[list[Candidate], list[Unfit]]:
    """Return the deployments on up to `most_devices` devices that fit, and those that do not with their reason."""
    longest = int((service.requests.input_tokens + service.requests.output_tokens).max())
    limits = limits or SchedulerLimits(max_model_len_tokens=max(model.max_context_tokens, 1))
    most_context = limits.max_model_len_tokens
    limits = replace(limits, max_model_len_tokens=min(most_context, max(longest, allowed.context_tokens, 1)))
    fitting: list[Candidate] = []
    unfit: list[Unfit] = []
    for weights, kv, tp in product(
        weight_precisions(model, device, allowed.precisions),
        allowed.kv_precisions or (Precision.BF16,),
        (degree for degree in TENSOR_PARALLEL if degree <= most_devices),
    ):
        deployment = Deployment(model=model, device=device, engine=engine, weights=weights, kv=kv, tp=tp, limits=limits)
        memory = memory_fit(deployment)
        reason = memory.reason or _unshared_heads(deployment)
        if memory.fits and allowed.context_tokens > min(most_context, memory.kv_capacity_tokens):
            what = "the model's context" if most_context < memory.kv_capacity_tokens else "the room for KV tokens"
            room = min(most_context, memory.kv_capacity_tokens)
            reason = f"{what} is {room:,} tokens, less than the {allowed.context_tokens:,} that must fit"
        if reason:
            unfit.append(Unfit(deployment, reason))
            continue
        deployed = deployed_step_time(
            deployment,
            input_tokens=service.context_tokens - service.output_mean_tokens / 2.0,
            output_tokens=service.output_mean_tokens,
            calibration=calibration,
        )
        step = deployed.step
        bound = rate_bound(service, step, limits, memory.kv_capacity_tokens) / tp
        fitting.append(Candidate(deployment, memory, step, bound))
    return fitting, unfit


def _unshared_heads(deployment: Deployment) -> str:
    """Return why an engine could not share the model's attention heads out among its devices, empty if it can."""
    if deployment.engine.name == "llama.cpp":  # it splits a model by layers
        return ""
    for layer in deployment.model.layers:
        if layer.attention.heads % deployment.tp:
            return f"{layer.attention.heads} attention heads cannot be shared out among {deployment.tp} devices"
    return ""


def rate_bound(service: Service, step: StepTime, limits: SchedulerLimits, kv_capacity_tokens: int) -> float:
    """Return a rate [1/s] that no schedule of these step times can exceed.

    A request needs its prefill work, its share of full-batch decode steps, and the cache reads of all its tokens,
    whatever the order. Each is taken at its cheapest: prefill in the step size with the least time per token and with
    every prompt block that came before found in the cache, decode in batches as large as the sequence limit and, were
    all prompts as short as the shortest, the cache allow. Requests refused at the door cost nothing.
    """
    inputs = service.requests.input_tokens.astype(np.float64)
    outputs = service.requests.output_tokens.astype(np.float64)
    shared = _shared_tokens(service.requests)
    tokens = np.arange(1, len(step.tokens_s))
    prefill_per_token = float((step.tokens_s[1:] / tokens).min())
    most = int(max(1.0, min(limits.max_num_seqs, kv_capacity_tokens / float((inputs - shared).min()))))
    decode_sizes = np.arange(1, min(most, len(step.decode_tokens_s) - 1) + 1)
    decode_per_token = min(
        float((step.decode_tokens_s[decode_sizes] / decode_sizes).min()),
        prefill_per_token,
    )
    work = (
        (inputs - shared) * prefill_per_token
        + step.prefill_s * (inputs * (inputs - 1.0) - shared * (shared - 1.0)) / 2.0
        + np.maximum(outputs - 1.0, 0.0) * (decode_per_token + step.seq_s)
        + step.kv_s * np.maximum(outputs - 1.0, 0.0) * (inputs + outputs / 2.0)
    )
    mean_work = float(work[_served(service.requests, limits, kv_capacity_tokens)].sum()) / len(work)
    return 1.0 / mean_work if mean_work > 0.0 else math.inf


def _served(requests: Requests, limits: SchedulerLimits, kv_capacity_tokens: int) -> NDArray[np.bool_]:
    """Return, for each request, whether it is admitted at all: not longer than the context limit or the cache."""
    fate = refusals(requests.input_tokens, requests.output_tokens, limits, kv_capacity_tokens)
    return np.asarray(fate == Fate.PENDING)


def _shared_tokens(requests: Requests) -> NDArray[np.float64]:
    """Return, for each request, the prompt tokens in blocks that an earlier request had too: the most a cache saves."""
    if requests.prefix_blocks is None or requests.prefix_offsets is None:
        return np.zeros(len(requests))
    seen = np.ones(len(requests.prefix_blocks), dtype=bool)
    seen[np.unique(requests.prefix_blocks, return_index=True)[1]] = False
    before = np.concatenate(([0], np.cumsum(seen)))
    blocks = before[requests.prefix_offsets[1:]] - before[requests.prefix_offsets[:-1]]
    most = (requests.input_tokens - 1) // requests.prefix_block_tokens  # one token is left to compute
    return np.asarray(np.minimum(blocks, most) * float(requests.prefix_block_tokens))


def evaluate(service: Service, candidate: Candidate, precision: float = 0.01) -> ReplicaPerformance:
    """Return what one replica of `candidate` serves, simulated at its central step times; no interval yet.

    `precision` is the relative width at which the bisection of the rate stops.
    """
    goodput = _goodput(service, candidate, candidate.step, precision)
    rate = goodput.rate_per_s
    return ReplicaPerformance(candidate, goodput, Estimate.exact(rate, candidate.step.basis), rate)


def with_interval(service: Service, performance: ReplicaPerformance, confidence: float = 0.5) -> ReplicaPerformance:
    """Return `performance` with the goodput at step times at both ends of their 80 % interval, and at `confidence`.

    What is served with a probability of 0.8 is what is served when every step takes as long as four in five would: a
    slower step never serves more. The spread of the sample is added in the same proportion.
    The ends are simulated on a part of the requests and related to the middle on that same part: another part of the
    traffic may be easier or harder than the whole, which says nothing about the step times.
    """
    candidate, part = performance.candidate, service.part()
    value = performance.goodput.rate_per_s

    def served(step: StepTime) -> float:
        return _goodput(part, candidate, step, _COARSE).rate_per_s

    middle = served(candidate.step)
    slow, fast = (served(slower(candidate.step, deviates)) for deviates in (SPREAD_Z, -SPREAD_Z))
    least = value * min(slow / middle, 1.0) if middle > 0.0 else 0.0
    most = value * max(fast / middle, 1.0) if middle > 0.0 else max(fast, value)
    sampled_low = performance.goodput.low or value  # 0: no rate that was tried is beyond doubt, which is no bound
    low, high = min(least, sampled_low), max(most, performance.goodput.high, value)
    rate = Estimate(value, low, high, candidate.step.basis)
    deviates = deviates_at(confidence)
    if deviates <= 0.0 or middle <= 0.0:
        return replace(performance, rate_per_s=rate, sure_per_s=value, confidence=confidence)
    by_steps = value * min(served(slower(candidate.step, deviates)) / middle, 1.0)
    by_sample = value - (value - sampled_low) * min(deviates / SPREAD_Z, 1.0)
    return replace(performance, rate_per_s=rate, sure_per_s=min(by_steps, by_sample), confidence=confidence)


def deviates_at(confidence: float) -> float:
    """Return the standard normal deviates below which a share `confidence` of all cases lies (0.5 … 1, open)."""
    return NormalDist().inv_cdf(confidence)


def slower(step: StepTime, deviates: float) -> StepTime:
    """Return `step` with its times `deviates` standard deviations longer on the logarithm (negative: shorter)."""
    decode, prefill = math.exp(deviates * step.decode_log_sigma), math.exp(deviates * step.prefill_log_sigma)
    return replace(
        step,
        tokens_s=step.tokens_s * prefill,
        decode_tokens_s=step.decode_tokens_s * decode,
        kv_s=step.kv_s * decode,
        seq_s=step.seq_s * decode,
        prefill_s=step.prefill_s * prefill,
    )


class Evaluations:
    """What candidates serve, each simulated once: coarsely to compare them, in full for the best.

    They are compared by what they serve with the probability `confidence`: of two that serve the same in the middle,
    the one that stands further from a limit is the better.
    """

    def __init__(self, service: Service, confidence: float = 0.5) -> None:
        self.service = service
        self.part = service.part()
        self.confidence = confidence
        self._coarse: dict[CandidateKey, ReplicaPerformance] = {}
        self._in_full: dict[CandidateKey, ReplicaPerformance] = {}

    def coarse(self, candidate: Candidate) -> ReplicaPerformance:
        """Return what `candidate` serves at that confidence, to a few per cent, from a part of the requests."""
        key = candidate.key
        if key not in self._coarse:
            cautious = replace(candidate, step=slower(candidate.step, deviates_at(self.confidence)))
            self._coarse[key] = replace(evaluate(self.part, cautious, _COARSE), candidate=candidate)
        return self._coarse[key]

    def in_full(self, candidate: Candidate) -> ReplicaPerformance:
        """Return what `candidate` serves from all requests, with its interval."""
        key = candidate.key
        if key not in self._in_full:
            self._in_full[key] = with_interval(self.service, evaluate(self.service, candidate), self.confidence)
        return self._in_full[key]


def best_on(
    evaluations: Evaluations, found: Sequence[Candidate], device_count: int
) -> tuple[ReplicaPerformance | None, list[ReplicaPerformance]]:
    """Return the candidate that serves most on a machine of `device_count` devices, and all that were compared.

    A machine runs `device_count // tp` replicas, so what counts is the rate of whole replicas. None: none of them can
    keep the SLO at any rate.
    """
    best: Candidate | None = None
    best_rate = 0.0
    tried: list[ReplicaPerformance] = []

    def machine_rate(per_replica_per_s: float, one: Candidate) -> float:
        return per_replica_per_s * (device_count // one.deployment.device_count)

    def bound(one: Candidate) -> float:
        return machine_rate(one.bound_per_device_per_s * one.deployment.device_count, one)

    usable = [one for one in found if one.deployment.device_count <= device_count]
    for one in sorted(usable, key=bound, reverse=True):
        if bound(one) <= best_rate:
            break
        performance = evaluations.coarse(one)
        tried.append(performance)
        rate = machine_rate(performance.rate_per_s.value, one)
        if rate > best_rate:
            best, best_rate = one, rate
    if best is None:
        return None, tried
    in_full = evaluations.in_full(best)
    return (in_full if in_full.sure_per_s > 0.0 else None), tried


def _goodput(service: Service, candidate: Candidate, step: StepTime, precision: float) -> Goodput:
    limits, capacity = candidate.deployment.limits, candidate.memory.kv_capacity_tokens
    if service.slo is not None:
        return max_rate_at_slo(service.at_rate(), step, limits, capacity, service.slo, precision=precision)
    served = float(_served(service.requests, limits, capacity).mean())
    if served < SERVED_OFFLINE:
        reason = f"{1.0 - served:.0%} of the requests are longer than the context limit or the KV cache"
        return Goodput(0.0, 0.0, 0.0, 0.0, served, "refused", reason, (), None)
    rate = saturated_rate(service.requests, step, limits, capacity)
    reason = f"offline work: {rate:.3g} requests/s keep the replica saturated"
    return Goodput(rate, rate, rate, rate, served, "capacity", reason, (), None)
