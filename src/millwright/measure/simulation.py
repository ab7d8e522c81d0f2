"""A simulation as people ask for it: names, lengths and limits in words; requests, deployment and figures out of it.

The command line and the HTTP API both ask this way. Errors name the option of the command line that is at fault.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from millwright.catalog.architecture import Architecture
from millwright.catalog.catalog import Catalog
from millwright.catalog.precision import Precision
from millwright.errors import InputError
from millwright.measure.deployed import DeployedStepTime, deployed_step_time
from millwright.measure.machine import draft_asked, host_memory_asked, with_draft
from millwright.perf.calibration import Calibration
from millwright.perf.deployment import Deployment, Engine, SchedulerLimits
from millwright.perf.engines import engine_id, engine_profile, engine_profiles
from millwright.perf.memory import MemoryFit, memory_fit
from millwright.quantity import Dimension, QuantityError, parse_quantity
from millwright.simulate.autoscaling import Autoscaling, start_time_s
from millwright.simulate.cluster import Member, simulate_cluster
from millwright.simulate.energy import Energy, energy
from millwright.simulate.goodput import Goodput, max_rate_at_slo
from millwright.simulate.load import simulate_closed, simulate_open
from millwright.simulate.metrics import Interval, ServiceMetrics, attainment_by, summarise
from millwright.simulate.outcomes import RequestOutcomes
from millwright.simulate.router import Router
from millwright.simulate.slo import Slo
from millwright.simulate.watching import Floats, Occupancy, Watch, waiting_at
from millwright.traffic.arrivals import Poisson
from millwright.traffic.lengths import Fixed, Lengths, Lognormal, Uniform, sample
from millwright.traffic.profile import profile_named, profiles
from millwright.traffic.requests import Requests
from millwright.traffic.traces import read_trace

REQUESTS = 10_000
"""Requests that are drawn if nobody says how many."""

START_S = 60.0
STORAGE_BYTES_PER_S = 2e9
"""Cold start of a replica where nobody says: a minute for container, engine and graphs, weights at 2 GB/s (assumed)."""

LENGTH_FORMS = "1024, uniform:100-2000, lognormal:MEAN,SIGMA, or a profile's name"


@dataclass(frozen=True)
class AskedSimulation:
    """What to simulate; exactly one of `rate_per_s`, `concurrency` and `trace` says how requests come.

    Lengths are written as `LENGTH_FORMS` says [tokens]; `ttft`, `tpot` and `e2e` as times with a unit, such as `500ms`;
    `percentile` is the share of requests that must keep them [%]; `warmup` the share of requests not judged.
    `think` is how long a client of a closed loop waits before its next request; `speculate` a way of drafting, with its
    number of tokens if another than usual (`eagle3:4`); `offload_gb` host memory of each replica for KV cache [GB];
    `autoscale`: so many requests under way for each of up to `replicas` replicas, one more of which takes `start`.
    `prefill_first` lets decoding wait while there are prompts, as SGLang does by default.
    """

    model: str
    device: str
    tp: int = 1
    precision: str = ""
    kv_precision: str = "bf16"
    engine: str = "vllm"
    rate_per_s: float | None = None
    concurrency: int | None = None
    trace: Path | None = None
    input: str = "1024"
    output: str = "128"
    requests: int | None = None
    replicas: int = 1
    router: str = "least-requests"
    seed: int = 0
    warmup: float = 0.1
    ttft: str = ""
    tpot: str = ""
    e2e: str = ""
    percentile: float = 95.0
    max_num_seqs: int | None = None
    max_num_batched_tokens: int | None = None
    find_rate: bool = False
    think: str = ""
    speculate: str = ""
    acceptance: float | None = None
    offload_gb: float | None = None
    prefill_first: bool = False
    autoscale: float | None = None
    start: str = ""


@dataclass(frozen=True)
class SimulationRun:
    """What came of a simulation: every request's fate, the figures, and how long the machine took over it [s]."""

    deployment: Deployment
    outcomes: RequestOutcomes
    metrics: ServiceMetrics
    slo: Slo | None
    goodput: Goodput | None
    deployed: DeployedStepTime
    simulation_s: float
    energy: Energy | None = None
    attainment_by_priority: Mapping[int, Interval] = field(default_factory=dict)
    drafted: int = 0
    occupancy: Occupancy | None = None

    @property
    def waiting(self) -> Floats:
        """Requests that wait for their first step at each instant of `occupancy` (m,)."""
        assert self.occupancy is not None
        seen_s = self.outcomes.arrival_s + self.deployed.step.request_s
        return waiting_at(seen_s, self.outcomes.queue_s, self.occupancy.time_s).astype(np.float64)

    @property
    def mean_intervals_80(self) -> dict[str, tuple[float, float]]:
        """The 80 % intervals of the simulated means: how far predicted step times may be off."""
        metrics, factors = self.metrics, self.deployed.factors
        means = {name: getattr(metrics, name).mean for name in ("ttft_s", "tpot_s")}
        values = {name: mean.value for name, mean in means.items() if mean is not None}
        values["output_tokens_per_s"] = metrics.output_tokens_per_s
        return {name: (value * factors[name][0], value * factors[name][1]) for name, value in values.items()}


def run_simulation(
    asked: AskedSimulation,
    catalog: Catalog,
    calibration: Calibration | None = None,
    tell: Callable[[int, int], None] | None = None,
) -> SimulationRun:
    """Return what came of the simulation; raises InputError for what cannot be simulated.

    `tell` is called now and then with the requests seen so far and all of them.
    """
    if asked.autoscale is None and asked.start:
        raise InputError("nothing scales", "--start", "Give --autoscale and --replicas with it.")
    if asked.autoscale is not None and asked.replicas == 1:
        raise InputError("one replica cannot scale", "--autoscale", "Say with --replicas how many there may be.")
    if asked.replicas > 1 and asked.concurrency is not None:
        raise InputError("a closed loop runs on one replica", "--replicas", "Give --rate or --trace for a cluster.")
    if sum(load is not None for load in (asked.rate_per_s, asked.concurrency, asked.trace)) != 1:
        raise InputError("a simulation needs exactly one load", remedy="Give one of --rate, --concurrency, --trace.")
    if asked.think and asked.concurrency is None:
        raise InputError("only the clients of a closed loop think", "--think", "Give --concurrency with it.")
    slo, router = _slo(asked), _router(asked.router)
    think_s = _time_s(asked.think, "--think") if asked.think else 0.0
    draft = draft_asked(asked.speculate, asked.acceptance, asked.seed)
    workload = _workload(asked)
    if asked.offload_gb is not None and (workload.prefix_blocks is None or asked.concurrency is not None):
        raise InputError(
            "no prompts share a beginning that the host's memory could keep",
            "--offload",
            "Replay a trace that names prefix blocks (hash_ids).",
        )
    deployment = _deployment(asked, catalog)
    fit = memory_fit(deployment)
    if not fit.fits:
        raise InputError(f"the deployment does not fit: {fit.reason}")
    context_tokens = float(
        np.average(workload.input_tokens + workload.output_tokens / 2, weights=workload.output_tokens)
    )
    output_tokens = float(np.mean(workload.output_tokens))
    deployed = deployed_step_time(
        deployment,
        input_tokens=context_tokens - output_tokens / 2,
        output_tokens=output_tokens,
        level=asked.concurrency,
        calibration=calibration,
    )
    machine = (with_draft(deployed.step, draft, deployment), deployment.limits, fit.kv_capacity_tokens)
    host = host_memory_asked(asked.offload_gb, deployment, fit)
    scaling = _autoscaling(asked, deployment, fit)
    watch = Watch(tell)
    began_s = time.perf_counter()
    try:
        if asked.concurrency is not None:
            # clients of a service don't start together: equal lengths would keep them in step for ever
            outcomes = simulate_closed(
                workload.input_tokens,
                workload.output_tokens,
                asked.concurrency,
                *machine,
                think_s=think_s,
                ramp_s=deployed.cycle_s + think_s,
                watch=watch,
            )
        elif asked.replicas > 1:
            members = [Member(*machine, host_memory=host)] * asked.replicas
            outcomes = simulate_cluster(workload, members, router, seed=asked.seed, scaling=scaling, watch=watch)
        else:
            outcomes = simulate_open(workload, *machine, host_memory=host, watch=watch)
        simulation_s = time.perf_counter() - began_s
        goodput = max_rate_at_slo(workload, *machine, slo or Slo(), warmup=asked.warmup) if asked.find_rate else None
    except ValueError as error:
        raise InputError(str(error)) from error
    metrics = summarise(outcomes, slo, asked.warmup)
    by_priority: Mapping[int, Interval] = {}
    if slo is not None and workload.priority is not None:
        judged = slice(int(asked.warmup * len(outcomes)), None)
        by_priority = attainment_by(outcomes.only(judged), slo, workload.priority[judged])
    taken = energy(outcomes, deployment)
    k = 0 if draft is None else draft.tokens
    seen = watch.occupancy()
    return SimulationRun(
        deployment, outcomes, metrics, slo, goodput, deployed, simulation_s, taken, by_priority, k, seen
    )


def simulation_json(run: SimulationRun, wall_s: float) -> dict[str, Any]:
    """Return the figures of a run as plain JSON; `wall_s` is how long everything took [s]."""
    deployment, goodput = run.deployment, run.goodput
    searched: Mapping[str, Any] = {} if goodput is None else asdict(goodput)
    return {
        "model": deployment.model.name,
        "device": deployment.device.name,
        "engine": deployment.engine.name,
        "precision": deployment.weights,
        "kv_precision": deployment.kv,
        "tp": deployment.tp,
        "limits": asdict(deployment.limits),
        "slo": None if run.slo is None else asdict(run.slo),
        **asdict(run.metrics),
        "attainment_by_priority": {str(label): asdict(met) for label, met in run.attainment_by_priority.items()},
        "energy": None if run.energy is None else asdict(run.energy),
        "totals": asdict(run.outcomes.totals),
        "occupancy": _over_time(run),
        "replicas_over_time": [asdict(each) for each in run.outcomes.scaled] or None,
        "basis": run.deployed.basis,
        "mean_interval_80": run.mean_intervals_80,
        "goodput_search": searched or None,
        "simulation_s": run.simulation_s,
        "wall_s": wall_s,
    }


def _over_time(run: SimulationRun) -> dict[str, list[float]] | None:
    """Return queue, batch and KV cache at some 200 to 400 instants."""
    seen = run.occupancy
    if seen is None or not len(seen.time_s):
        return None
    columns = {"time_s": seen.time_s, "waiting": run.waiting, "running": seen.running, "kv_share": seen.kv_share}
    return {name: np.round(values, 6).tolist() for name, values in columns.items()}


# -- limits and requests ---------------------------------------------------------------------------------------


def _slo(asked: AskedSimulation) -> Slo | None:
    limits = {}
    for name, text in (("ttft", asked.ttft), ("tpot", asked.tpot), ("e2e", asked.e2e)):
        if text:
            limits[f"{name}_s"] = _time_s(text, f"--{name}")
    if not limits:
        return None
    try:
        return Slo(**limits, percentile=asked.percentile)
    except ValueError as error:
        raise InputError(str(error)) from error


def _autoscaling(asked: AskedSimulation, deployment: Deployment, fit: MemoryFit) -> Autoscaling | None:
    if asked.autoscale is None:
        return None
    weights = fit.weights_bytes * deployment.device_count
    usual_s = start_time_s(weights, STORAGE_BYTES_PER_S, START_S)
    start_s = _time_s(asked.start, "--start") if asked.start else usual_s
    try:
        return Autoscaling(asked.autoscale, start_s=start_s)
    except ValueError as error:
        raise InputError(str(error), "--autoscale") from error


def _time_s(text: str, option: str) -> float:
    try:
        return parse_quantity(text, Dimension.TIME)
    except QuantityError as error:
        raise InputError(str(error), option) from error


def _workload(asked: AskedSimulation) -> Requests:
    """Return the requests; in a closed loop their arrival times only give `find_rate` a pattern."""
    if asked.trace is not None:
        recorded = read_trace(asked.trace)
        return recorded if asked.requests is None else _first(recorded, asked.requests)
    rate = asked.rate_per_s
    if rate is not None and not 0 < rate < float("inf"):
        raise InputError(f"--rate must be above 0 requests per second, got {rate}")
    rng = np.random.default_rng(asked.seed)
    count = asked.requests or REQUESTS
    return Requests(
        Poisson().times_s(rate or 1.0, count, rng),
        sample(_lengths(asked.input, "--input"), count, rng),
        sample(_lengths(asked.output, "--output"), count, rng),
    )


def _router(name: str) -> Router:
    names = {router.name.lower().replace("_", "-"): router for router in Router}
    if name not in names:
        raise InputError(f"no router is called '{name}'", "--router", f"Use one of {', '.join(names)}.")
    return names[name]


def _first(requests: Requests, most: int) -> Requests:
    """Return the first `most` requests."""
    if len(requests) <= most:
        return requests
    per_request = {
        field.name: getattr(requests, field.name)[:most]
        for field in fields(requests)
        if field.name in ("arrival_s", "input_tokens", "output_tokens", "priority")
        and getattr(requests, field.name) is not None
    }
    if requests.prefix_offsets is not None:
        per_request["prefix_offsets"] = requests.prefix_offsets[: most + 1]
    return replace(requests, **per_request)


def _lengths(text: str, option: str) -> Lengths:
    """Return the lengths that an option's text means."""
    kind, _, rest = text.partition(":")
    try:
        if not rest and kind in profiles():
            profile = profile_named(kind)
            return profile.input if option == "--input" else profile.output
        if not rest:
            lengths: Lengths = Fixed(_tokens(kind))
        elif kind == "uniform":
            low, _, high = rest.partition("-")
            lengths = Uniform(_tokens(low), _tokens(high))
        elif kind == "lognormal":
            mean, _, sigma = rest.partition(",")
            lengths = Lognormal.from_mean_and_sigma(_tokens(mean), float(sigma))
        else:
            raise ValueError
    except ValueError as error:
        raise InputError(f"'{text}' is no length", option, f"Use {LENGTH_FORMS}.") from error
    if not 1 <= lengths.mean_tokens < 1e8:
        raise InputError(f"a mean of {lengths.mean_tokens:.3g} tokens makes no sense", option)
    return lengths


def _tokens(text: str) -> float:
    """Return a number of tokens of at least 1, or raise `ValueError`."""
    tokens = float(text)
    if not 1 <= tokens < 1e8:
        raise ValueError(text)
    return tokens


# -- the deployment ----------------------------------------------------------------------------------------------


def _deployment(asked: AskedSimulation, catalog: Catalog) -> Deployment:
    model = catalog.model(asked.model)
    _check_divided(model, asked.tp)
    deployment = Deployment(
        model=model,
        device=catalog.device(asked.device),
        engine=_engine(asked.engine),
        weights=_precision(asked.precision or model.native_precision, "--precision"),
        kv=_precision(asked.kv_precision, "--kv-precision"),
        tp=asked.tp,
    )
    return replace(deployment, limits=_limits(deployment, asked))


def _engine(name: str) -> Engine:
    known = engine_profiles()
    if engine_id(name) not in known:
        raise InputError(f"no engine is called '{name}'", "--engine", f"Use one of {', '.join(known)}.")
    return Engine(name)


def _check_divided(model: Architecture, tp: int) -> None:
    """Raise `InputError` when an engine could not share the model's attention heads out among `tp` devices."""
    odd = next((heads for layer in model.layers if (heads := layer.attention.heads) % tp), 0)
    if odd:
        raise InputError(f"{odd} attention heads cannot be shared out among {tp} devices", "--tp", "Use 1, 2, 4 or 8.")


def _precision(text: str, option: str) -> Precision:
    try:
        return Precision(text.lower())
    except ValueError as error:
        raise InputError(f"no precision is called '{text}'", option, f"Use one of {', '.join(Precision)}.") from error


def _limits(deployment: Deployment, asked: AskedSimulation) -> SchedulerLimits:
    """Return the engine's own limits, with those asked for on top."""
    profile = engine_profile(deployment.engine.name)
    sequences = asked.max_num_seqs or profile.max_num_seqs
    return SchedulerLimits(
        max_num_seqs=sequences,
        max_num_batched_tokens=asked.max_num_batched_tokens or max(profile.max_num_batched_tokens, sequences),
        block_size_tokens=profile.block_size_tokens,
        max_model_len_tokens=max(deployment.model.max_context_tokens, 1),
        prefill_first=asked.prefill_first,
        chunked_prefill=not deployment.model.one_pass,
    )
