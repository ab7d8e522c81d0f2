"""One option of a plan under its workload's traffic, every replica of it: what its users would see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from millwright.catalog.precision import Precision
from millwright.errors import InputError
from millwright.fleet.layout import layout_label
from millwright.measure.simulation import SimulationRun, Terms, simulate_deployments
from millwright.perf.calibration import Calibration
from millwright.perf.deployment import Deployment, Engine, SchedulerLimits
from millwright.plan.demand import WorkloadDemand
from millwright.plan.make import demands
from millwright.plan.model import Plan
from millwright.plan.option_model import FleetPart, Option
from millwright.scenario.load import LoadedScenario
from millwright.traffic.build import build_requests
from millwright.traffic.requests import Requests


def simulate_option(
    loaded: LoadedScenario,
    plan: Plan,
    terms: Terms,
    *,
    option: str = "",
    workload: str = "",
    rate_per_s: float | None = None,
    requests: int | None = None,
    calibration: Calibration | None = None,
    tell: Callable[[int, int], None] | None = None,
) -> tuple[SimulationRun, str]:
    """Return what comes of a workload's requests on an option of the scenario's plan, and in words what that was.

    `option` is an id or a rank, none: the first that runs on devices; `workload` a name, none: the first. Requests come
    at the planned peak unless `rate_per_s` [1/s] says otherwise, as many as the plan was made with unless `requests`
    does. The SLO is the workload's; that of `terms` is not looked at. Spares stand still. Raises InputError.
    """
    asked = _workload(demands(loaded, terms.seed), workload)
    chosen = _option(plan, option, asked)
    parts = _parts(chosen, asked)
    if not parts:
        raise InputError(
            f"'{chosen.title}' serves {asked.workload.name} on nobody's devices that we know",
            remedy="An API cannot be simulated: choose an option on devices with --option.",
        )
    apart = next((part for part in parts if part.deployment is not None and part.deployment.prompt_pool), None)
    if apart is not None:
        raise InputError(
            f"'{chosen.title}' computes prompts apart from answers, which is not simulated here",
            remedy="Choose another option with --option.",
        )
    deployments = [_deployment(part, loaded, asked) for part in parts]
    planned = sum(part.performance.planned_rate_per_s for part in parts if part.performance is not None)
    rate = rate_per_s or planned
    load = _requests(asked, rate, requests, terms.seed)
    each = [one for one, part in zip(deployments, parts, strict=True) for _ in range(max(part.replicas, 1))]
    run = simulate_deployments(each, load, replace(terms, slo=asked.service.slo), calibration, tell)
    layouts = ", ".join(
        f"{max(part.replicas, 1)} × {part.device} {layout_label(one)}"
        for one, part in zip(deployments, parts, strict=True)
    )
    return run, f"{chosen.rank}. {chosen.title}: {asked.workload.name} at {rate:.4g} requests/s on {layouts}"


def _workload(asked: list[WorkloadDemand], name: str) -> WorkloadDemand:
    if not name:
        return asked[0]
    found = next((each for each in asked if each.workload.name == name), None)
    if found is None:
        names = ", ".join(each.workload.name for each in asked)
        raise InputError(f"no workload is called '{name}'", "--workload", f"Use one of {names}.")
    return found


def _option(plan: Plan, name: str, asked: WorkloadDemand) -> Option:
    if not plan.options:
        raise InputError("the plan has no feasible option to simulate", remedy="`millwright plan` tells why.")
    if not name:
        return next((option for option in plan.options if _parts(option, asked)), plan.options[0])
    found = next((option for option in plan.options if name in (option.id, str(option.rank))), None)
    if found is None:
        raise InputError(
            f"the plan has no option '{name}'", "--option", f"Use a rank from 1 to {len(plan.options)}, or an id."
        )
    return found


def _parts(option: Option, asked: WorkloadDemand) -> list[FleetPart]:
    """Return the parts of an option that serve the workload on devices."""
    mine = [part for part in option.fleet if part.workload == asked.workload.name]
    return [part for part in mine if part.device is not None and part.deployment is not None]


def _deployment(part: FleetPart, loaded: LoadedScenario, asked: WorkloadDemand) -> Deployment:
    """Return the deployment of one replica, from its settings as they are published."""
    settings = part.deployment
    assert settings is not None
    assert part.device is not None
    plain = SchedulerLimits()
    model = loaded.catalog.model(part.model)
    return Deployment(
        model=model,
        device=loaded.catalog.device(part.device),
        engine=Engine(settings.engine, settings.engine_version),
        weights=Precision(settings.weights_precision),
        kv=Precision(settings.kv_precision),
        tp=settings.tp,
        pp=settings.pp,
        ep=settings.ep,
        dp=settings.dp,
        dp_attention=settings.dp > 1,
        limits=replace(
            plain,
            max_num_seqs=settings.max_num_seqs or plain.max_num_seqs,
            max_num_batched_tokens=settings.max_num_batched_tokens or plain.max_num_batched_tokens,
            max_model_len_tokens=settings.max_model_len_tokens or plain.max_model_len_tokens,
            chunked_prefill=not model.one_pass or bool(asked.service.item_tokens),
        ),
        item_tokens=asked.service.item_tokens,
    )


def _requests(asked: WorkloadDemand, rate_per_s: float, count: int | None, seed: int) -> Requests:
    if count is None:
        return asked.service.at_rate()(rate_per_s)
    return build_requests(asked.pattern, seed=seed, n=count, rate_per_s=rate_per_s)
