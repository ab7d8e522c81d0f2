"""One replica: which deployments fit a machine, and what each serves within the SLO.

`candidates` lists the precisions, engines and layouts that fit, each with an optimistic bound on what it could serve;
`evaluate` simulates one; `with_interval` adds what the uncertainty of its step times does to the rate.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import NormalDist

import numpy as np

from millwright.catalog.architecture import Architecture
from millwright.catalog.device import Device
from millwright.catalog.precision import Compute, Precision
from millwright.fleet.bounds import Asked, admitted, asked_rate_bound, rate_bound
from millwright.fleet.candidate import Candidate, CandidateKey, PromptPool, Unfit, slower
from millwright.fleet.drafting import offers_draft
from millwright.fleet.layout import TENSOR_PARALLEL, Layout, layouts, unshared
from millwright.fleet.service import Allowed, Service
from millwright.measure.deployed import DeployedStepTime, deployed_step_times
from millwright.perf.calibration import Calibration
from millwright.perf.compile import step_floor_s
from millwright.perf.deployment import Deployment, Engine, HostNetwork, SchedulerLimits
from millwright.perf.memory import MemoryFit, memory_fit
from millwright.perf.speculation import Draft, Speculation
from millwright.perf.step_time import StepTime
from millwright.quantity import Z80, Basis, Estimate, share_text
from millwright.simulate.goodput import Goodput, max_rate_at_slo, max_service_rate, saturated_rate
from millwright.simulate.packing import drafted_tokens

__all__ = [
    "COARSE",
    "SERVED_OFFLINE",
    "SPREAD_Z",
    "TENSOR_PARALLEL",
    "Allowed",
    "Candidate",
    "CandidateKey",
    "PromptPool",
    "Prospect",
    "ReplicaPerformance",
    "Service",
    "Unfit",
    "candidates",
    "deviates_at",
    "evaluate",
    "prospects",
    "rate_bound",
    "slower",
    "weight_precisions",
    "with_interval",
]

Divided = Callable[[Architecture, Engine, int], Iterator[Layout]]
"""Gives the ways to divide a model over up to so many devices under an engine."""

COARSE = 0.05
"""Relative precision of the rate while candidates are compared."""

SERVED_OFFLINE = 0.99
"""Least share of offline requests that a replica must take; an SLO says it for the others, by its percentile."""

SPREAD_Z = Z80
"""The interval of a goodput is that of step times at the ends of their own 80 % interval."""


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
        return self.rate_per_s.value / self.candidate.device_count

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
    engine: Engine | Sequence[Engine],
    most_devices: int,
    allowed: Allowed = Allowed(),  # noqa: B008
    limits: SchedulerLimits | None = None,
    calibration: Calibration | None = None,
) -> tuple[list[Candidate], list[Unfit]]:
    """Return what `prospects` does, with the step times of all that fit."""
    found, unfit = prospects(
        service,
        model,
        device,
        engine=engine,
        most_devices=most_devices,
        allowed=allowed,
        limits=limits,
        calibration=calibration,
    )
    work_out(found, service, calibration)
    return [each.candidate for each in found], unfit


def prospects(
    service: Service,
    model: Architecture,
    device: Device,
    *,
    engine: Engine | Sequence[Engine],
    most_devices: int,
    allowed: Allowed = Allowed(),  # noqa: B008
    limits: SchedulerLimits | None = None,
    calibration: Calibration | None = None,
    divided: Divided = layouts,
    network: HostNetwork | None = None,
    drafting: bool = False,
) -> tuple[list[Prospect], list[Unfit]]:
    """Return the deployments on up to `most_devices` devices that fit, and those that do not with their reason.

    `engine`: one, or several to compare. The bound of a candidate is on the requests of `service`. `divided` gives the
    layouts to look at, and `network` is what joins the hosts where a replica spans several. With `drafting` they are
    those under speculative decoding with the allowed drafts, else those without.
    """
    longest = int((service.requests.input_tokens + service.requests.output_tokens).max())
    limits = limits or SchedulerLimits(max_model_len_tokens=max(model.max_context_tokens, 1))
    most_context = limits.max_model_len_tokens
    limits = replace(limits, max_model_len_tokens=min(most_context, max(longest, allowed.context_tokens, 1)))
    asked = Asked.of(service)
    fitting: list[Prospect] = []
    unfit: list[Unfit] = []
    engines = (engine,) if isinstance(engine, Engine) else tuple(engine)
    if service.item_tokens:  # a request of several texts is taken apart, and limits are those of one text
        limits = replace(limits, chunked_prefill=True, max_model_len_tokens=max(longest, most_context))
    listed = _deployments(model, device, engines, most_devices, allowed, limits, divided)
    if drafting:
        listed = (one for each in listed for draft in allowed.drafts for one in with_draft(each, draft))
    for deployment in listed:
        deployment = replace(deployment, item_tokens=service.item_tokens, network=network)
        memory = fit(deployment)
        reason = memory.reason or unshared(deployment)
        if memory.fits and allowed.context_tokens > min(most_context, memory.kv_capacity_tokens):
            what = "the model's context" if most_context < memory.kv_capacity_tokens else "the room for KV tokens"
            room = min(most_context, memory.kv_capacity_tokens)
            reason = f"{what} is {room:,} tokens, less than the {allowed.context_tokens:,} that must fit"
        if reason:
            unfit.append(Unfit(deployment, reason))
        else:
            fitting.append(Prospect(asked, service, deployment, memory, calibration))
    return fitting, unfit


class Prospect:
    """A deployment that fits, before its step times are worked out: the roofline alone bounds what it could serve."""

    def __init__(
        self,
        asked: Asked,
        service: Service,
        deployment: Deployment,
        memory: MemoryFit,
        calibration: Calibration | None = None,
    ) -> None:
        self.deployment, self.memory = deployment, memory
        self._asked, self._service, self._calibration = asked, service, calibration

    @cached_property
    def roofline_per_device_per_s(self) -> float:
        """A rate [1/s] that one device does not exceed even if every step ran at the datasheet's peaks."""
        tokens = max(self.deployment.limits.max_num_batched_tokens, self.deployment.limits.max_num_seqs) + 1
        table_s, kv_s, pair_s = step_floor_s(self.deployment, self._service.context_tokens, tokens)
        floor = StepTime(table_s, table_s, kv_s, pair_s, 0.0, 0.0, 0.0, 0.0, Basis.DATASHEET)
        if (draft := self.deployment.draft) is not None:  # which is taken to cost nothing
            floor = replace(floor, speculation=Speculation(draft, np.zeros(self.deployment.limits.max_num_seqs + 1)))
        bound = asked_rate_bound(self._asked, floor, self.deployment.limits, self.memory.kv_capacity_tokens)
        return bound / self.deployment.device_count

    @cached_property
    def candidate(self) -> Candidate:
        """The deployment with its step times, and the tighter bound that they give."""
        return self._with(_deployed([self.deployment], self._service, self._calibration)[0].step)

    def work_out(self, step: StepTime) -> None:
        """Take `step` as the deployment's step times."""
        self.__dict__["candidate"] = self._with(step)  # where `cached_property` looks

    def _with(self, step: StepTime) -> Candidate:
        limits, capacity = self.deployment.limits, self.memory.kv_capacity_tokens
        bound = asked_rate_bound(self._asked, step, limits, capacity)
        return Candidate(self.deployment, self.memory, step, bound / self.deployment.device_count)


def work_out(found: Sequence[Prospect], service: Service, calibration: Calibration | None) -> None:
    """Work out the step times of many prospects of `service` at once, which is quicker than one by one."""
    deployed = _deployed([each.deployment for each in found], service, calibration)
    for one, each in zip(found, deployed, strict=True):
        one.work_out(each.step)


def _deployed(
    deployments: Sequence[Deployment], service: Service, calibration: Calibration | None
) -> list[DeployedStepTime]:
    mean_output = service.output_mean_tokens
    return deployed_step_times(
        deployments,
        input_tokens=service.context_tokens - mean_output / 2.0,
        output_tokens=mean_output,
        calibration=calibration,
    )


def fit(deployment: Deployment) -> MemoryFit:
    """Return what a deployment takes of its devices; each attention rank computes its own share of a step's tokens."""
    return memory_fit(deployment, max(deployment.limits.max_num_batched_tokens // max(deployment.dp, 1), 1))


def _deployments(
    model: Architecture,
    device: Device,
    engines: Sequence[Engine],
    most_devices: int,
    allowed: Allowed,
    limits: SchedulerLimits,
    divided: Divided,
) -> Iterator[Deployment]:
    for engine in engines:
        for weights in weight_precisions(model, device, allowed.precisions):
            for kv in allowed.kv_precisions or (Precision.BF16,):
                for layout in divided(model, engine, most_devices):
                    yield Deployment(
                        model=model,
                        device=device,
                        engine=engine,
                        weights=weights,
                        kv=kv,
                        tp=layout.tp,
                        pp=layout.pp,
                        ep=layout.ep,
                        dp=layout.dp,
                        dp_attention=layout.dp_attention,
                        limits=_per_replica(limits, layout),
                    )


def with_draft(deployment: Deployment, draft: Draft) -> Iterator[Deployment]:
    """Give `deployment` under speculative decoding, if its engine can.

    A step must have room for the drafts of all its sequences: where the token budget has not, fewer run at once.
    """
    if offers_draft(deployment, draft):
        limits = deployment.limits
        most = min(limits.max_num_seqs, limits.max_num_batched_tokens // (1 + draft.tokens))
        yield replace(deployment, draft=draft, limits=replace(limits, max_num_seqs=most))


def _per_replica(limits: SchedulerLimits, layout: Layout) -> SchedulerLimits:
    """Return the limits of a whole replica, of which each attention rank schedules for itself."""
    return replace(
        limits,
        max_num_seqs=limits.max_num_seqs * layout.dp,
        max_num_batched_tokens=limits.max_num_batched_tokens * layout.dp,
    )


def evaluate(
    service: Service,
    candidate: Candidate,
    precision: float = 0.01,
    near: Goodput | None = None,
    deviates: float = 0.0,
) -> ReplicaPerformance:
    """Return what one replica of `candidate` serves, simulated at its central step times; no interval yet.

    `precision` is the relative width at which the bisection of the rate stops; `near` is where it starts. Step times
    may be taken `deviates` standard deviations longer than the central ones.
    """
    goodput = _goodput(service, candidate, precision, deviates, near)
    rate = goodput.rate_per_s
    return ReplicaPerformance(candidate, goodput, Estimate.exact(rate, candidate.step.basis), rate)


def with_interval(
    service: Service,
    performance: ReplicaPerformance,
    confidence: float = 0.5,
    cautious: ReplicaPerformance | None = None,
) -> ReplicaPerformance:
    """Return `performance` with the goodput at step times at both ends of their 80 % interval, and at `confidence`.

    What is served with a probability of 0.8 is what is served when every step takes as long as four in five would: a
    slower step never serves more. The spread of the sample is added in the same proportion.
    The ends are simulated on a part of the requests and related to the middle on that same part: another part of the
    traffic may be easier or harder than the whole, which says nothing about the step times. Where the part is too short
    for a backlog to show, it serves more than the whole: the ends are then simulated on the whole. `cautious` is what
    the part allows at `confidence`, if that was simulated before.
    """
    candidate, part = performance.candidate, service.part()
    value, deviates = performance.goodput.rate_per_s, deviates_at(confidence)

    def served(at: float, known: Goodput, known_at: float) -> Goodput:
        return _goodput(part, candidate, COARSE, at, moved(known, candidate, at - known_at))

    if cautious is None:
        cautious = evaluate(part, candidate, COARSE, deviates=deviates)
    central = cautious.goodput if deviates == 0.0 else served(0.0, cautious.goodput, deviates)
    if part is not service and 0.0 < value * _TOO_SHORT < central.rate_per_s:
        part, central = service, performance.goodput
        cautious = replace(cautious, goodput=served(deviates, central, 0.0))
    middle = central.rate_per_s
    slow = served(SPREAD_Z, cautious.goodput, deviates).rate_per_s
    fast = served(-SPREAD_Z, central, 0.0).rate_per_s
    least = value * min(slow / middle, 1.0) if middle > 0.0 else 0.0
    most = value * max(fast / middle, 1.0) if middle > 0.0 else max(fast, value)
    sampled_low = performance.goodput.low or value  # 0: no rate that was tried is beyond doubt, which is no bound
    low, high = min(least, sampled_low), max(most, performance.goodput.high, value)
    rate = Estimate(value, low, high, candidate.step.basis)
    if deviates <= 0.0 or middle <= 0.0:
        return replace(performance, rate_per_s=rate, sure_per_s=value, confidence=confidence)
    by_steps = value * min(cautious.goodput.rate_per_s / middle, 1.0)
    by_sample = value - (value - sampled_low) * min(deviates / SPREAD_Z, 1.0)
    return replace(performance, rate_per_s=rate, sure_per_s=min(by_steps, by_sample), confidence=confidence)


_TOO_SHORT = 1.1
"""A part of the requests of which so many times the whole's rate is served has not shown the backlog of the whole."""


def deviates_at(confidence: float) -> float:
    """Return the standard normal deviates below which a share `confidence` of all cases lies (0.5 to 1, open)."""
    return NormalDist().inv_cdf(confidence)


def moved(known: Goodput, candidate: Candidate, deviates: float) -> Goodput:
    """Return where to look for the goodput at step times `deviates` standard deviations longer than for `known`."""
    sigma = 0.5 * (candidate.step.decode_log_sigma + candidate.step.prefill_log_sigma)
    factor = math.exp(-deviates * sigma)
    return replace(
        known,
        rate_per_s=known.rate_per_s * factor,
        capacity_per_s=max(known.capacity_per_s, known.rate_per_s) * max(factor * factor, factor),
    )


def _goodput(
    service: Service, candidate: Candidate, precision: float, deviates: float = 0.0, near: Goodput | None = None
) -> Goodput:
    limits, capacity = candidate.deployment.limits, candidate.memory.kv_capacity_tokens
    step = slower(candidate.step, deviates) if deviates else candidate.step
    if service.slo is not None:
        if candidate.prompts is None and candidate.turns is None:
            return max_rate_at_slo(
                service.at_rate(), step, limits, capacity, service.slo, precision=precision, near=near
            )
        return max_service_rate(
            service.at_rate(),
            lambda requests: candidate.serve(requests, deviates=deviates),
            service.slo,
            precision=precision,
            near=near,
        )
    served = float(admitted(service.requests, limits, capacity, drafted_tokens(step)).mean())
    if served < SERVED_OFFLINE:
        reason = f"{share_text(1.0 - served)} of the requests are longer than the context limit or the KV cache"
        return Goodput(0.0, 0.0, 0.0, 0.0, served, "refused", reason, ())
    rate = saturated_rate(service.requests, step, limits, capacity)
    reason = f"offline work: {rate:.3g} requests/s keep the replica saturated"
    return Goodput(rate, rate, rate, rate, served, "capacity", reason, ())
