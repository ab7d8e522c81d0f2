"""Run a simulation that was asked for, or one of given deployments, and tell its figures as JSON."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from millwright.catalog.catalog import Catalog
from millwright.errors import InputError
from millwright.measure.asked import (
    AskedSimulation,
    asked_load,
    asked_outages,
    asked_router,
    asked_slo,
    asked_time_s,
)
from millwright.measure.asked_deployments import asked_deployments
from millwright.measure.deployed import METRICS, DeployedStepTime, deployed_step_time
from millwright.measure.machine import draft_asked, host_memory_asked
from millwright.perf.calibration import Calibration
from millwright.perf.deployment import Deployment
from millwright.perf.memory import MemoryFit, memory_fit
from millwright.perf.speculation import Draft
from millwright.simulate.autoscaling import Autoscaling, start_time_s
from millwright.simulate.cluster import Member, Outage, simulate_cluster
from millwright.simulate.energy import Energy, energy
from millwright.simulate.goodput import Goodput, max_rate_at_slo
from millwright.simulate.load import simulate_closed, simulate_open
from millwright.simulate.metrics import Interval, ServiceMetrics, attainment_by, summarise
from millwright.simulate.outcomes import RequestOutcomes
from millwright.simulate.router import Router
from millwright.simulate.session_cluster import simulate_session_cluster
from millwright.simulate.sessions import Sessions
from millwright.simulate.slo import Slo
from millwright.simulate.watching import Floats, Occupancy, Watch, waiting_at
from millwright.traffic.requests import Requests

START_S = 60.0
STORAGE_BYTES_PER_S = 2e9
"""Cold start of a replica where nobody says: a minute for container, engine and graphs, weights at 2 GB/s (assumed)."""


@dataclass(frozen=True)
class Terms:
    """How a simulation is run and judged.

    With `concurrency` a closed loop of so many clients, each of which waits `think_s` [s], sends the requests. `draft`
    and `offload_gb` as in `measure.machine`; `autoscale` requests under way per replica, `start_s` [s] the start of
    one, None: what loading its weights takes. `find_rate`: also seek the largest rate of the first replica.
    """

    slo: Slo | None = None
    router: Router = Router.LEAST_REQUESTS
    seed: int = 0
    warmup: float = 0.1
    concurrency: int | None = None
    think_s: float = 0.0
    draft: Draft | None = None
    offload_gb: float | None = None
    autoscale: float | None = None
    start_s: float | None = None
    outages: tuple[Outage, ...] = ()
    find_rate: bool = False


@dataclass(frozen=True)
class SimulationRun:
    """What came of a simulation: every request's fate, the figures, and how long the machine took over it [s].

    `deployment` is the first replica, `others` those beside it that differ from it. `energy` is None where some do.
    """

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
    others: tuple[Deployment, ...] = ()

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
    _check(asked)
    load = asked_load(asked)
    if asked.offload_gb is not None and (_shares_nothing(load) or asked.concurrency is not None):
        raise InputError(
            "no prompts share a beginning that the host's memory could keep",
            "--offload",
            "Replay a trace that names prefix blocks (hash_ids), or give --turns.",
        )
    return simulate_deployments(asked_deployments(asked, catalog), load, asked_terms(asked), calibration, tell)


def asked_terms(asked: AskedSimulation) -> Terms:
    """Return how the simulation is run and judged, from what was asked for in words; raises InputError."""
    return Terms(
        slo=asked_slo(asked),
        router=asked_router(asked.router),
        seed=asked.seed,
        warmup=asked.warmup,
        concurrency=asked.concurrency,
        think_s=asked_time_s(asked.think, "--think") if asked.think else 0.0,
        draft=draft_asked(asked.speculate, asked.acceptance, asked.seed),
        offload_gb=asked.offload_gb,
        autoscale=asked.autoscale,
        start_s=asked_time_s(asked.start, "--start") if asked.start else None,
        outages=asked_outages(asked.outages),
        find_rate=asked.find_rate,
    )


def _check(asked: AskedSimulation) -> None:
    replicas = asked.replicas + len(asked.others)
    if asked.autoscale is None and asked.start:
        raise InputError("nothing scales", "--start", "Give --autoscale and --replicas with it.")
    if asked.autoscale is not None and replicas == 1:
        raise InputError("one replica cannot scale", "--autoscale", "Say with --replicas how many there may be.")
    if replicas > 1 and asked.concurrency is not None:
        raise InputError("a closed loop runs on one replica", "--replicas", "Give --rate or --trace for a cluster.")
    if sum(load is not None for load in (asked.rate_per_s, asked.concurrency, asked.trace)) != 1:
        raise InputError("a simulation needs exactly one load", remedy="Give one of --rate, --concurrency, --trace.")
    if asked.think and asked.concurrency is None and not asked.turns:
        raise InputError("only the clients of a closed loop think", "--think", "Give --concurrency or --turns with it.")
    if asked.system_tokens and not asked.turns:
        raise InputError("only sessions share a beginning", "--system", "Give --turns with it.")
    if asked.turns and asked.find_rate:
        raise InputError("the largest rate of sessions is not sought", "--find-rate", "Leave out --turns.")
    if asked.outages and asked.concurrency is not None:
        raise InputError("clients of a closed loop wait for ever for what is down", "--outage", "Give --rate.")
    if asked.trace is not None and asked.arrivals != "poisson":
        raise InputError("a trace says itself when requests come", "--arrivals", "Give --rate with it.")


def _shares_nothing(load: Requests | Sessions) -> bool:
    return isinstance(load, Requests) and load.prefix_blocks is None


def simulate_deployments(
    deployments: Sequence[Deployment],
    load: Requests | Sessions,
    terms: Terms,
    calibration: Calibration | None = None,
    tell: Callable[[int, int], None] | None = None,
) -> SimulationRun:
    """Return what comes of `load` on replicas that are `deployments`; raises InputError for what cannot be simulated.

    Of unlike replicas each has the weight of its speed: the first one's time per request over its own.
    """
    requests = load.as_requests() if isinstance(load, Sessions) else load
    deployments = [replace(each, draft=terms.draft) for each in deployments]
    kinds = list(dict.fromkeys(map(_identity, deployments)))
    firsts = [next(each for each in deployments if _identity(each) == kind) for kind in kinds]
    fits = [_fit(each) for each in firsts]
    steps = [_deployed(each, requests, terms, calibration) for each in firsts]
    members = []
    for deployment in deployments:
        number = kinds.index(_identity(deployment))
        machine = (steps[number].step, deployment.limits)
        host = host_memory_asked(terms.offload_gb, deployment, fits[number])
        weight = steps[0].cycle_s / steps[number].cycle_s
        members.append(Member(*machine, fits[number].kv_capacity_tokens, weight, host_memory=host))
    scaling = _autoscaling(terms, firsts[0], fits[0])
    watch = Watch(tell)
    began_s = time.perf_counter()
    try:
        outcomes = _play(members, load, terms, steps[0].cycle_s, scaling, watch)
        simulation_s = time.perf_counter() - began_s
        one = members[0]
        machine_found = (one.step, one.limits, one.kv_capacity_tokens)
        slo = terms.slo
        goodput = (
            max_rate_at_slo(requests, *machine_found, slo or Slo(), warmup=terms.warmup) if terms.find_rate else None
        )
    except ValueError as error:
        raise InputError(str(error)) from error
    slo, by_priority = terms.slo, {}
    if slo is not None and requests.priority is not None:
        judged = slice(int(terms.warmup * len(outcomes)), None)
        by_priority = attainment_by(outcomes.only(judged), slo, requests.priority[judged])
    return SimulationRun(
        deployment=firsts[0],
        outcomes=outcomes,
        metrics=summarise(outcomes, slo, terms.warmup),
        slo=slo,
        goodput=goodput,
        deployed=_widest(steps),
        simulation_s=simulation_s,
        energy=energy(outcomes, firsts[0]) if len(firsts) == 1 else None,
        attainment_by_priority=by_priority,
        drafted=0 if terms.draft is None else terms.draft.tokens,
        occupancy=watch.occupancy(),
        others=tuple(each for each in deployments if _identity(each) != kinds[0]),
    )


def _play(
    members: Sequence[Member],
    load: Requests | Sessions,
    terms: Terms,
    cycle_s: float,
    scaling: Autoscaling | None,
    watch: Watch,
) -> RequestOutcomes:
    """Return what becomes of the load, in the loop and on as many replicas as are asked for."""
    one = members[0]
    machine = (one.step, one.limits, one.kv_capacity_tokens)
    if isinstance(load, Sessions):
        return simulate_session_cluster(
            load, members, terms.router, outages=terms.outages, seed=terms.seed, scaling=scaling, watch=watch
        )
    if terms.concurrency is not None:
        # clients of a service don't start together: equal lengths would keep them in step for ever
        ramp_s = cycle_s + terms.think_s
        return simulate_closed(
            load.input_tokens, load.output_tokens, terms.concurrency, *machine, think_s=terms.think_s, ramp_s=ramp_s,
            watch=watch,
        )  # fmt: skip
    if len(members) > 1 or terms.outages:
        return simulate_cluster(
            load, members, terms.router, outages=terms.outages, seed=terms.seed, scaling=scaling, watch=watch
        )
    return simulate_open(load, *machine, host_memory=one.host_memory, watch=watch)


def _identity(deployment: Deployment) -> tuple[Any, ...]:
    """Return what tells the replicas of a simulation apart."""
    names = ("engine", "weights", "kv", "tp", "pp", "ep", "dp", "limits")
    return deployment.model.id, deployment.device.id, *(getattr(deployment, name) for name in names)


def _fit(deployment: Deployment) -> MemoryFit:
    fit = memory_fit(deployment)
    if not fit.fits:
        raise InputError(f"the deployment does not fit: {fit.reason}")
    return fit


def _deployed(
    deployment: Deployment, requests: Requests, terms: Terms, calibration: Calibration | None
) -> DeployedStepTime:
    context_tokens = float(
        np.average(requests.input_tokens + requests.output_tokens / 2, weights=requests.output_tokens)
    )
    output_tokens = float(np.mean(requests.output_tokens))
    return deployed_step_time(
        deployment,
        input_tokens=context_tokens - output_tokens / 2,
        output_tokens=output_tokens,
        level=terms.concurrency,
        calibration=calibration,
    )


def _widest(steps: Sequence[DeployedStepTime]) -> DeployedStepTime:
    """Return the first step times, with the widest interval of all."""
    ends = {name: [each.factors[name] for each in steps] for name in METRICS}
    factors = {name: (min(low for low, _ in each), max(high for _, high in each)) for name, each in ends.items()}
    return replace(steps[0], factors=factors)


def _autoscaling(terms: Terms, deployment: Deployment, fit: MemoryFit) -> Autoscaling | None:
    if terms.autoscale is None:
        return None
    weights = fit.weights_bytes * deployment.device_count
    usual_s = start_time_s(weights, STORAGE_BYTES_PER_S, START_S)
    try:
        return Autoscaling(terms.autoscale, start_s=usual_s if terms.start_s is None else terms.start_s)
    except ValueError as error:
        raise InputError(str(error), "--autoscale") from error


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
        "replicas": len(run.outcomes.replica_totals),
        "other_devices": [f"{each.device_count} × {each.device.name}" for each in run.others],
        "retries": int(run.outcomes.retries.sum()) if run.outcomes.retries is not None else 0,
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
