"""What users see of a part at the planned load: percentiles with intervals, and how latency grows with load."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from millwright.fleet.cores import on_every_core
from millwright.fleet.layout import layout_label
from millwright.fleet.replica import SPREAD_Z, Candidate, CandidateKey, ReplicaPerformance, Service
from millwright.plan.model import (
    CurvePoint,
    DeploymentSummary,
    EstimateValue,
    LatencyCurve,
    LatencyPercentiles,
    Performance,
)
from millwright.quantity import Basis
from millwright.simulate.metrics import ServiceMetrics, summarise

CURVE_LOADS = (0.1, 0.3, 0.5, 0.7, 0.85, 1.0, 1.1)
"""Loads at which the latency curve is drawn, as shares of the goodput."""

_WARMUP = 0.1


@dataclass(frozen=True)
class Run:
    """Metrics of one replica: of all requests at the central step times; and of a part of them, at the central ones
    and at both ends of their 80 % interval."""

    whole: ServiceMetrics
    central: ServiceMetrics
    fast: ServiceMetrics
    slow: ServiceMetrics


RunKey = tuple[CandidateKey, int, float]
Runs = Mapping[RunKey, Run]
"""Simulations at the planned load, by candidate, service and rate: offers that hold the same device share them."""


@dataclass(frozen=True)
class PlannedLoad:
    """One replica's share of the planned load: rate [1/s] of the requests of `service`."""

    service: Service
    replica: ReplicaPerformance
    rate_per_s: float

    @property
    def key(self) -> RunKey:
        """What tells loads apart."""
        return self.replica.candidate.key, id(self.service), round(self.rate_per_s, 9)


def simulate_planned(loads: Iterable[PlannedLoad], tell: Callable[[int, int], None]) -> Runs:
    """Return the simulation of every load, each once, on every core; `tell` hears how many of how many are done."""
    unique = {load.key: load for load in loads if load.service.slo is not None}
    runs = on_every_core(
        lambda load: _run(load.service, load.replica.candidate, load.rate_per_s), unique.values(), tell
    )
    return dict(zip(unique, runs, strict=True))


def deployment_summary(candidate: Candidate) -> DeploymentSummary:
    """Return the settings of one replica, as published."""
    deployment, memory = candidate.deployment, candidate.memory
    return DeploymentSummary(
        engine=deployment.engine.name,
        engine_version=deployment.engine.version,
        weights_precision=str(deployment.weights),
        kv_precision=str(deployment.kv),
        tp=deployment.tp,
        pp=deployment.pp,
        ep=deployment.ep,
        dp=deployment.dp,
        prompt_pool=_prompt_pool(candidate),
        max_num_seqs=deployment.limits.max_num_seqs,
        max_num_batched_tokens=deployment.limits.max_num_batched_tokens,
        max_model_len_tokens=deployment.limits.max_model_len_tokens,
        weights_bytes_per_device=memory.weights_bytes,
        kv_capacity_tokens=float(memory.kv_capacity_tokens),
    )


def _prompt_pool(candidate: Candidate) -> str:
    pool = candidate.prompts
    if pool is None:
        return ""
    return f"{pool.replicas} × {layout_label(pool.deployment)} for prompts, {pool.answering} for answers"


def performance(
    service: Service,
    replica: ReplicaPerformance,
    replicas: int,
    planned_rate_per_s: float,
    utilisation_mean: float,
    runs: Runs | None,
    *,
    curves: bool,
) -> Performance:
    """Return what `replicas` like `replica` give users at `planned_rate_per_s` [1/s] over all of them.

    `runs` holds the simulation of that load; None: nothing was simulated, and percentiles are left out. `curves` adds
    latency against load: some twenty simulations more.
    """
    rate = replica.rate_per_s
    per_replica = planned_rate_per_s / replicas
    goodput = EstimateValue.of(rate, "1/s")
    common = {
        "goodput_per_replica": goodput,
        "capacity": EstimateValue.of(rate, "1/s", factor=float(replicas)),
        "planned_rate_per_s": planned_rate_per_s,
        "planned_rate_per_replica_per_s": per_replica,
        "utilisation_mean": min(max(utilisation_mean, 0.0), 1.0),
        "utilisation_peak": min(per_replica / rate.value, 1.0) if rate.value > 0.0 else None,
        "confidence": replica.confidence,
        "sure_capacity_per_s": replica.sure_per_s * replicas,
        "probability_slo_met": replica.chance_of(per_replica),
    }
    if service.slo is None:
        tokens = float(service.requests.output_tokens.mean())
        return Performance(**common, output_tokens_per_s=EstimateValue.of(rate, "token/s", factor=tokens * replicas))
    if runs is None:
        return Performance(**common)
    run = runs[PlannedLoad(service, replica, per_replica).key]
    basis = replica.candidate.step.basis
    served = _around(*(each.output_tokens_per_s * replicas for each in (run.whole, run.central, run.slow, run.fast)))
    return Performance(
        **common,
        ttft=_percentiles(run, "ttft_s", basis),
        tpot=_percentiles(run, "tpot_s", basis),
        e2e=_percentiles(run, "e2e_s", basis),
        output_tokens_per_s=EstimateValue(value=served[1], low=served[0], high=served[2], unit="token/s", basis=basis),
        requests=run.whole.requests,
        interval_requests=run.central.requests,
        curves=_curves(service.part(), replica) if curves else (),
    )


def _run(service: Service, candidate: Candidate, rate_per_s: float) -> Run:
    """Return the run of a load, its ends on a part of the requests: how far step times move a percentile takes fewer
    requests to tell than the percentile itself."""
    service = service.played(candidate.deployment.draft)
    part = service.part()
    whole = _at(service, candidate, rate_per_s, 0.0)
    return Run(
        whole,
        whole if part is service else _at(part, candidate, rate_per_s, 0.0),
        _at(part, candidate, rate_per_s, -SPREAD_Z),
        _at(part, candidate, rate_per_s, SPREAD_Z),
    )


def _at(service: Service, candidate: Candidate, rate_per_s: float, deviates: float) -> ServiceMetrics:
    outcomes = candidate.serve(service.at_rate()(rate_per_s), deviates=deviates)
    return summarise(outcomes, service.slo, _WARMUP)


def _around(whole: float, central: float, *ends: float) -> tuple[float, float, float]:
    """Return low, value and high of a figure: that of all requests, and how far the ends lie from the middle of a part.

    The ends are taken in proportion: another part of the traffic may be easier or harder than the whole.
    """
    shares = [end / central for end in ends if central > 0.0]
    return whole * min([1.0, *shares]), whole, whole * max([1.0, *shares])


def _percentiles(run: Run, latency: str, basis: Basis) -> LatencyPercentiles | None:
    """Return the percentiles with the interval of the step times; None where too few requests were served to tell."""

    def estimate(name: str) -> EstimateValue | None:
        whole, *part = (getattr(getattr(each, latency), name) for each in (run.whole, run.central, run.fast, run.slow))
        if whole is None:
            return None
        known = [each.value for each in part if each is not None] if part[0] is not None else []
        low, value, high = _around(whole.value, *known) if known else (whole.value,) * 3
        return EstimateValue(value=value, low=low, high=high, unit="s", basis=basis)

    p50, p90, p95 = estimate("p50"), estimate("p90"), estimate("p95")
    if p50 is None or p90 is None or p95 is None:
        return None
    return LatencyPercentiles(mean=estimate("mean"), p50=p50, p90=p90, p95=p95, p99=estimate("p99"))


def _curves(service: Service, replica: ReplicaPerformance) -> tuple[LatencyCurve, ...]:
    """Return latency against load at the SLO's percentile, for each limit that the SLO sets."""
    slo = service.slo
    assert slo is not None, "latency curves are drawn for work that somebody waits for"
    rates = [replica.rate_per_s.value * load for load in CURVE_LOADS]
    outcomes = [
        [_latencies(service, replica.candidate, rate, deviates) for rate in rates]
        for deviates in (0.0, -SPREAD_Z, SPREAD_Z)
    ]
    curves: list[LatencyCurve] = []
    for metric in ("ttft", "tpot", "e2e"):
        if f"{metric}_s" not in slo.limits():
            continue
        points = []
        for index, rate in enumerate(rates):
            values = [runs[index][metric] for runs in outcomes]
            known = [value for value in values if value is not None]
            points.append(
                CurvePoint(
                    rate_per_s=rate,
                    value_s=values[0],
                    low_s=min(known, default=None),
                    high_s=max(known, default=None),
                )
            )
        curves.append(LatencyCurve(metric=metric, percentile=slo.percentile, points=tuple(points)))
    return tuple(curves)


def _latencies(service: Service, candidate: Candidate, rate_per_s: float, deviates: float) -> dict[str, float | None]:
    slo = service.slo
    assert slo is not None, "asked only for online work"
    outcomes = candidate.serve(service.at_rate()(rate_per_s), deviates=deviates)
    kept = outcomes.only(slice(int(_WARMUP * len(outcomes)), None))
    found: dict[str, float | None] = {}
    for metric in ("ttft", "tpot", "e2e"):
        values = getattr(kept, f"{metric}_s")[kept.served]
        found[metric] = float(np.quantile(values, slo.percentile / 100.0)) if values.size else None
    return found
