"""What is asked for: one workload's traffic over the horizon, its sample of requests, and its summary."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from millwright.catalog.architecture import Architecture
from millwright.fleet.replica import Allowed, Service
from millwright.fleet.sizing import DemandProfile, growing_demand
from millwright.plan.costing import TokenDemand
from millwright.plan.model import LengthSummary, SloLimit, WorkloadSummary
from millwright.plan.speculation import Drafting, drafting_of
from millwright.scenario.load import LoadedScenario
from millwright.scenario.model import Mode, Scenario, Workload
from millwright.scenario.workload import WorkloadKind
from millwright.simulate.slo import Slo
from millwright.spans import HOURS_PER_WEEK
from millwright.traffic.arrivals import Bursts
from millwright.traffic.build import build_requests
from millwright.traffic.lengths import Lengths, sample
from millwright.traffic.pattern import TrafficPattern, demand
from millwright.traffic.requests import Requests
from millwright.traffic.shape import busiest_day_factor

SAMPLE_REQUESTS = 6_000
"""Requests sampled where no trace is given: a p99 of TTFT then rests on 60 of them."""

SAMPLE_OF_BURSTS = 24_000
"""Requests sampled where they come in bursts of minutes: enough cycles that the answer hangs little on the seed."""

SAMPLE_RATE_PER_S = 1.0
"""Rate at which the sample is drawn: one for all, so that more demand is more of the same requests. Each simulation
spreads them anew at its own rate."""

_HOURS_PER_DAY = 24.0


@dataclass(frozen=True)
class WorkloadDemand:
    """One workload with its model, the requests it is judged by, and its demand over the horizon."""

    workload: Workload
    model: Architecture
    pattern: TrafficPattern
    service: Service
    profile: DemandProfile
    tokens: TokenDemand
    drafting: Drafting = field(default_factory=Drafting)

    @property
    def is_batch(self) -> bool:
        """Whether nobody waits for a single answer."""
        return self.workload.mode is Mode.BATCH

    @property
    def served(self) -> str:
        """What tells apart what is searched for: a workload, and the model that serves it."""
        return f"{self.workload.name} with {self.model.id}"


def scenario_demand(loaded: LoadedScenario, workload: Workload, months: int, seed: int) -> WorkloadDemand:
    """Return the demand of one workload of a scenario, with the drafts that may be used for it."""
    model = loaded.catalog.model(workload.model)
    asked = workload_demand(workload, model, loaded.patterns[workload.name], months, seed)
    drafting = drafting_of(workload, model, loaded.scenario.limits.speculation, loaded.catalog)
    return replace(asked, drafting=drafting)


def workload_demand(
    workload: Workload, model: Architecture, pattern: TrafficPattern, months: int, seed: int
) -> WorkloadDemand:
    """Return the demand of `workload` over `months`: growing from the pattern's mean rate, spread over its week.

    Batch work is spread evenly over the hours of its window, the busiest day's work through the whole of each window.
    """
    online = workload.mode is Mode.ONLINE
    if pattern.trace is not None and online:
        requests = build_requests(pattern, seed=seed)
    else:
        in_bursts = online and isinstance(pattern.arrivals, Bursts)
        count = SAMPLE_OF_BURSTS if in_bursts else SAMPLE_REQUESTS
        requests = build_requests(pattern, seed=seed, n=count, rate_per_s=SAMPLE_RATE_PER_S)
    item_tokens = 0.0
    if workload.kind.one_pass:
        requests = _cut(requests, pattern, model)
        item_tokens = _item_tokens(pattern, seed) if pattern.items > 1 else 0.0
    slo = None
    if online:
        limits = workload.slo
        slo = Slo(limits.ttft_s, limits.tpot_s, limits.e2e_s, limits.percentile)
    arrivals = None if pattern.trace is not None else pattern.arrivals
    service = Service(requests, slo, arrivals, seed, item_tokens)
    hourly = (
        np.array(pattern.shape) if online else batch_window(workload.deadline_hours, busiest_day_factor(pattern.shape))
    )
    profile = growing_demand(pattern.mean_rate_per_s, workload.growth_per_year, months, hourly)
    if not online and workload.deadline_hours < 1.0:  # the hour's work is done within a part of it
        profile = replace(profile, within_hour=1.0 / workload.deadline_hours)
    asked = demand(pattern)
    tokens = TokenDemand(profile, asked.mean_input_tokens, asked.mean_output_tokens)
    return WorkloadDemand(workload, model, pattern, service, profile, tokens)


def allowed_deployments(asked: WorkloadDemand, scenario: Scenario) -> Allowed:
    """Return what the scenario allows a deployment of this workload to be."""
    workload = asked.workload
    return Allowed(
        precisions=workload.precisions or (),
        kv_precisions=workload.kv_precisions or (),
        context_tokens=int(workload.max_context_tokens or 0),
        engines=scenario.limits.engines,
        disaggregated=scenario.limits.disaggregated,
        drafts=asked.drafting.drafts,
    )


def _cut(requests: Requests, pattern: TrafficPattern, model: Architecture) -> Requests:
    """Return requests of single texts with those longer than the model's context cut to it, as its servers do."""
    if pattern.items > 1:
        return requests
    return replace(requests, input_tokens=np.minimum(requests.input_tokens, model.max_context_tokens))


def _item_tokens(pattern: TrafficPattern, seed: int) -> float:
    """Return the mean length of the text that a token stands in [token]: longer texts hold more of the tokens."""
    lengths = sample(pattern.input, SAMPLE_REQUESTS, np.random.Generator(np.random.PCG64(seed))).astype(np.float64)
    return float((lengths**2).sum() / lengths.sum())


def batch_window(deadline_hours: float, busiest_day: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return 168 hourly weights, mean 1: a day's work spread over its window of `deadline_hours` [h].

    `busiest_day` is the busiest day's work over the mean day's. Windows are whole hours within the deadline; longer
    than a day is a day. A window below an hour stands in the hour it is in: `DemandProfile.within_hour` says the rest.
    """
    window = int(min(max(deadline_hours, 1.0), _HOURS_PER_DAY))
    hour = np.arange(HOURS_PER_WEEK) % 24
    weights = np.where(hour < window, _HOURS_PER_DAY / window, 0.0)
    if busiest_day > 1.0:  # six equal days beside the busiest one
        day = np.arange(HOURS_PER_WEEK) // 24
        weights = weights * np.where(day == 0, busiest_day, max(7.0 - busiest_day, 0.0) / 6.0)
    return np.asarray(weights, dtype=np.float64)


def summary(asked: WorkloadDemand) -> WorkloadSummary:
    """Return the workload as it was understood, for the plan."""
    workload, pattern = asked.workload, asked.pattern
    month = demand(pattern)
    limits = {"ttft": workload.slo.ttft_s, "tpot": workload.slo.tpot_s, "e2e": workload.slo.e2e_s}
    slo = tuple(
        SloLimit(metric=metric, percentile=workload.slo.percentile, limit_s=limit)
        for metric, limit in limits.items()
        if limit is not None and not asked.is_batch
    )
    return WorkloadSummary(
        name=workload.name,
        model=asked.model.id,
        traffic=_in_words(asked),
        rate_mean_per_s=pattern.mean_rate_per_s,
        rate_peak_per_s=float(asked.profile.peak_rate_per_s[0]),
        input_length=_length(pattern.input),
        output_length=_length(pattern.output),
        input_tokens_per_month=month.input_tokens_per_month,
        output_tokens_per_month=month.output_tokens_per_month,
        growth_per_year=workload.growth_per_year,
        slo=slo,
        data_classes=tuple(str(each) for each in workload.data.classes),
        residency=workload.data.residency,
    )


def _in_words(asked: WorkloadDemand) -> str:
    pattern, traffic = asked.pattern, asked.workload.traffic
    if asked.is_batch:
        return f"batch work, each day's within {asked.workload.deadline_hours:g} h"
    if traffic.trace is not None and pattern.trace is not None:
        return f"the trace {traffic.trace.file}, all {len(pattern.trace):,} requests"
    lengths = f"in: {pattern.input.describe()}; out: {pattern.output.describe()}"
    if asked.workload.kind.one_pass:
        if asked.workload.kind is WorkloadKind.RECOMMEND:
            return f"recommend, {pattern.items:,} candidates per request; arrivals: {pattern.arrivals.describe()}"
        texts = f"{pattern.items} texts per request, each " if pattern.items > 1 else "one text per request: "
        lengths = f"{asked.workload.kind}, {texts}{pattern.input.describe()}, cut to {asked.model.max_context_tokens:,}"
    return f"profile {traffic.profile}; {lengths}; arrivals: {pattern.arrivals.describe()}"


def _length(lengths: Lengths) -> LengthSummary:
    p50, p95 = lengths.quantile(np.array([0.5, 0.95]))
    return LengthSummary(mean_tokens=lengths.mean_tokens, p50_tokens=float(p50), p95_tokens=float(p95))
