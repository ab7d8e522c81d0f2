"""Why this deployment and not another: the search of one device, with the fate of everything it looked at."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field

from millwright.catalog.catalog import Catalog
from millwright.catalog.device import Device
from millwright.errors import InputError
from millwright.fleet.candidate import Candidate
from millwright.fleet.contest import Considered, Fate
from millwright.fleet.front import FrontPoint, front, known_rates
from millwright.fleet.layout import layout_label
from millwright.fleet.platform import platforms
from millwright.fleet.replica import Service
from millwright.fleet.search import MachineAnswer, Progress, answer_device
from millwright.perf.calibration import Calibration
from millwright.perf.deployment import Deployment
from millwright.plan.base_model import MaybeNumber, Number, PlanModel
from millwright.plan.demand import WorkloadDemand, allowed_deployments, scenario_demand
from millwright.plan.speculation import draft_label
from millwright.scenario.load import LoadedScenario
from millwright.scenario.model import ApiSite

EVERY_DEVICE = "all"


class ConsideredDeployment(PlanModel):
    """One deployment that was looked at, and why it was or was not chosen. Rates are those of a whole machine."""

    engine: str
    weights: str
    kv: str
    layout: str
    limits: str
    draft: str = ""
    """Who drafts, how many tokens a step, which acceptance is counted on; empty: no speculative decoding."""
    fate: Fate
    reason: str
    bound_per_s: MaybeNumber = None
    """What the machine could not exceed, whatever the schedule."""
    rate_per_s: MaybeNumber = None
    """What was simulated; null: it was not, or only one trial was."""


class FrontDeployment(PlanModel):
    """One deployment that none of the simulated ones beats in throughput, latency and size at once."""

    engine: str
    weights: str
    layout: str
    draft: str = ""
    output_tokens_per_s_per_device: Number
    idle_ttft_s: Number
    idle_tpot_s: Number
    devices: int
    devices_price_usd: MaybeNumber = None


class ExplainedMachine(PlanModel):
    """The search of one workload on one size of machine."""

    workload: str
    device: str
    device_name: str
    device_count: int = Field(ge=1)
    considered: tuple[ConsideredDeployment, ...]
    front: tuple[FrontDeployment, ...]
    notes: tuple[str, ...] = ()
    """What was not looked at, and why."""


def explain(
    loaded: LoadedScenario,
    device: str,
    *,
    seed: int = 0,
    progress: Progress | None = None,
    calibration: Calibration | None = None,
) -> tuple[ExplainedMachine, ...]:
    """Return the search of `device` (a catalogue name, or `all`) for each workload and size of machine in the scenario.

    The law is not asked: what may not run somewhere is explained too. Raises InputError when no machine of the scenario
    holds the device.
    """
    scenario, catalog = loaded.scenario, loaded.catalog
    sizes = _sizes(loaded, catalog)
    if device != EVERY_DEVICE:
        wanted = catalog.device(device).id
        if wanted not in sizes:
            raise InputError(
                f"no machine of this scenario holds {catalog.device(device).name}",
                remedy="Name a device that one of its hosts or cloud offers has, or `all`; "
                "`millwright plan SCENARIO --all` lists what its limits leave out.",
            )
        sizes = {wanted: sizes[wanted]}
    found: list[ExplainedMachine] = []
    todo = [(workload, name) for workload in scenario.workloads for name in sizes]
    for done, (workload, name) in enumerate(todo):
        if progress is not None:
            progress("searching", done, len(todo))
        asked = scenario_demand(loaded, workload, 12, seed)
        allowed = allowed_deployments(asked, scenario)
        each = catalog.device(name)
        answers = answer_device(
            asked.service, asked.model, each, sorted(sizes[name]), allowed, calibration, scenario.limits.confidence
        )
        found += [_machine(asked, each, count, one) for count, one in answers.items()]
    return tuple(found)


def _sizes(loaded: LoadedScenario, catalog: Catalog) -> dict[str, set[int]]:
    sizes: dict[str, set[int]] = {}
    for site in loaded.scenario.sites:
        if not isinstance(site, ApiSite):
            for platform in platforms(site, catalog, loaded.scenario.limits)[0]:
                sizes.setdefault(platform.device.id, set()).add(platform.device_count)
    return sizes


def _machine(asked: WorkloadDemand, device: Device, count: int, answer: MachineAnswer) -> ExplainedMachine:
    order = {fate: place for place, fate in enumerate(Fate)}
    ranked = sorted(answer.considered, key=lambda each: (order[each.fate], -(each.bound_per_s or 0.0)))
    return ExplainedMachine(
        workload=asked.workload.name,
        device=device.id,
        device_name=device.name,
        device_count=count,
        considered=tuple(_considered(each) for each in ranked),
        front=tuple(_on_front(each) for each in _front(answer.considered, count, asked.service)),
        notes=asked.drafting.notes,
    )


def _front(considered: Iterable[Considered], count: int, service: Service) -> tuple[FrontPoint, ...]:
    return front(service, known_rates(considered, count))


def _considered(each: Considered) -> ConsideredDeployment:
    deployment = each.deployment
    limits = deployment.limits
    return ConsideredDeployment(
        engine=deployment.engine.name,
        weights=str(deployment.weights),
        kv=str(deployment.kv),
        layout=_layout(deployment, each.candidate),
        limits=f"{limits.max_num_seqs} sequences, {limits.max_num_batched_tokens} tokens a step",
        draft=draft_label(deployment.draft),
        fate=each.fate,
        reason=each.reason,
        bound_per_s=each.bound_per_s,
        rate_per_s=each.rate_per_s,
    )


def _layout(deployment: Deployment, candidate: Candidate | None) -> str:
    if candidate is None or candidate.prompts is None:
        return layout_label(deployment)
    pool = candidate.prompts
    return f"{pool.replicas} × ({layout_label(pool.deployment)}) → {pool.answering} × ({layout_label(deployment)})"


def _on_front(point: FrontPoint) -> FrontDeployment:
    deployment = point.candidate.deployment
    return FrontDeployment(
        engine=deployment.engine.name,
        weights=str(deployment.weights),
        layout=_layout(deployment, point.candidate),
        draft=draft_label(deployment.draft),
        output_tokens_per_s_per_device=point.tokens_per_s_per_device,
        idle_ttft_s=point.ttft_s,
        idle_tpot_s=point.tpot_s,
        devices=point.devices,
        devices_price_usd=point.price_usd,
    )
