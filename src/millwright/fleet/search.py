"""The search over machines: for each workload, device and size of machine, the best replica; run on every core."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from millwright.catalog.architecture import Architecture
from millwright.catalog.device import Device
from millwright.fleet.contest import Considered, Evaluations, contest, unfit_considered
from millwright.fleet.cores import on_every_core
from millwright.fleet.disaggregate import disaggregated
from millwright.fleet.replica import (
    Allowed,
    Candidate,
    Prospect,
    ReplicaPerformance,
    Service,
    Unfit,
    prospects,
    work_out,
)
from millwright.fleet.stack import default_limits, engines_to_compare
from millwright.fleet.tuning import with_other_limits
from millwright.perf.calibration import Calibration
from millwright.perf.deployment import Deployment, Engine

Progress = Callable[[str, int, int], None]
"""Told what is being done, how many pieces are done, and how many there are."""


@dataclass(frozen=True)
class MachineQuestion:
    """What can `device_count` devices of one kind serve of one workload?"""

    workload: str
    device: Device
    device_count: int

    @property
    def key(self) -> tuple[str, str, int]:
        """What tells questions apart."""
        return self.workload, self.device.id, self.device_count


@dataclass(frozen=True)
class MachineAnswer:
    """The best replica on a machine, None with the reasons why there is none.

    `considered` holds every deployment that was looked at, with its fate and the reason.
    """

    performance: ReplicaPerformance | None
    unfit: tuple[Unfit, ...]
    too_slow: tuple[ReplicaPerformance, ...]
    replicas_per_machine: int = 0
    considered: tuple[Considered, ...] = ()

    @property
    def machine_rate_per_s(self) -> float:
        """What the machine serves within the SLO [1/s]."""
        return 0.0 if self.performance is None else self.performance.rate_per_s.value * self.replicas_per_machine

    @property
    def sure_machine_rate_per_s(self) -> float:
        """What the machine serves within the SLO at the confidence that was asked for [1/s]."""
        return 0.0 if self.performance is None else self.performance.sure_per_s * self.replicas_per_machine


def search(
    questions: Iterable[MachineQuestion],
    services: Mapping[str, Service],
    models: Mapping[str, Architecture],
    allowed: Mapping[str, Allowed],
    progress: Progress | None = None,
    workers: int | None = None,
    calibration: Calibration | None = None,
    confidence: float = 0.5,
) -> dict[tuple[str, str, int], MachineAnswer]:
    """Return the answer to each question; the simulator runs outside Python's lock, so threads use every core.

    `services`, `models` and `allowed` are by workload name; replicas are compared by what they serve with the
    probability `confidence`. Ctrl-C ends the search between two devices.
    """
    sizes: dict[tuple[str, str], set[int]] = {}
    devices: dict[str, Device] = {}
    for question in questions:
        sizes.setdefault((question.workload, question.device.id), set()).add(question.device_count)
        devices[question.device.id] = question.device
    todo = list(sizes)
    answers: dict[tuple[str, str, int], MachineAnswer] = {}

    def answer(asked: tuple[str, str]) -> dict[int, MachineAnswer]:
        workload, device = asked
        counts = sorted(sizes[asked])
        return answer_device(
            services[workload],
            models[workload],
            devices[device],
            counts,
            allowed[workload],
            calibration,
            confidence,
        )

    def tell(done: int, of: int) -> None:
        if progress is not None:
            progress("simulating machines", done, of)

    for (workload, device), found in zip(todo, on_every_core(answer, todo, tell, workers), strict=True):
        answers.update({(workload, device, count): each for count, each in found.items()})
    return answers


def answer_device(
    service: Service,
    model: Architecture,
    device: Device,
    device_counts: Sequence[int],
    allowed: Allowed = Allowed(),  # noqa: B008
    calibration: Calibration | None = None,
    confidence: float = 0.5,
) -> dict[int, MachineAnswer]:
    """Return the best replica of `model`, with its interval, on a machine of each number of devices.

    What a deployment serves does not depend on the size of the machine around it, so each is simulated once. Layouts
    and formats are searched under the usual engine; other engines are compared on the winner's layout, then pools
    apart, then scheduler limits. Raises LookupError when no allowed
    engine runs on the device.
    """
    evaluated = Evaluations(service, confidence)
    stock = _Stock(evaluated.part, model, device, allowed, calibration, max(device_counts))
    return {count: _on_machine(evaluated, stock, count) for count in device_counts}


class _Stock:
    """The deployments of one model on one device, listed once for all sizes of machine."""

    def __init__(
        self,
        part: Service,
        model: Architecture,
        device: Device,
        allowed: Allowed,
        calibration: Calibration | None,
        most_devices: int,
    ) -> None:
        self._arguments = (part, model, device)
        self._allowed, self._calibration, self._most_devices = allowed, calibration, most_devices
        self._model = model
        self.disaggregated = allowed.disaggregated
        usual, *self.other_engines = engines_to_compare(device, allowed.engines, model)
        self.usual, self.unfit = self._listed(usual)
        work_out(self.usual, part, calibration)
        self._others: dict[str, list[Prospect]] = {}

    def _listed(self, engine: Engine) -> tuple[list[Prospect], list[Unfit]]:
        return prospects(
            *self._arguments,
            engine=engine,
            most_devices=self._most_devices,
            allowed=self._allowed,
            limits=default_limits(engine, self._model),
            calibration=self._calibration,
        )

    def under_other_engines(self, best: Candidate) -> list[Prospect]:
        """Return the deployments that differ from `best` by their engine alone."""
        found: list[Prospect] = []
        for engine in self.other_engines:
            if engine.name not in self._others:
                self._others[engine.name] = self._listed(engine)[0]
            found += [each for each in self._others[engine.name] if _same_layout(each.deployment, best.deployment)]
        return found


def _same_layout(one: Deployment, other: Deployment) -> bool:
    def layout(each: Deployment) -> tuple[object, ...]:
        return each.weights, each.kv, each.tp, each.pp, each.ep, each.dp, each.dp_attention

    return layout(one) == layout(other)


def _on_machine(evaluated: Evaluations, stock: _Stock, count: int) -> MachineAnswer:
    """Return the best of all candidates on one machine: layouts, engines, pools apart, then scheduler limits."""
    found: list[Candidate | Prospect] = list(stock.usual)
    outcome = contest(evaluated, found, count)
    if outcome.best is not None and stock.other_engines:
        found += stock.under_other_engines(outcome.best)
        outcome = contest(evaluated, found, count)
    if outcome.best is not None and evaluated.part.slo is not None:
        known = [each.candidate for each in outcome.considered if each.candidate is not None]
        if stock.disaggregated:
            found += disaggregated(evaluated.asked, known, outcome.best, count)
            outcome = contest(evaluated, found, count)
        for budgets in (True, False):
            assert outcome.best is not None, "a contest with more candidates has a winner too"
            if outcome.best.prompts is None:
                found += with_other_limits(evaluated.asked, outcome.best, budgets=budgets)
                outcome = contest(evaluated, found, count)
    best = evaluated.in_full(outcome.best) if outcome.best is not None else None
    if best is not None and best.sure_per_s <= 0.0:
        best = None
    unfit = tuple(each for each in stock.unfit if each.deployment.device_count <= count)
    replicas = count // best.candidate.device_count if best is not None else 0
    considered = (*outcome.considered, *unfit_considered(unfit))
    return MachineAnswer(best, unfit, outcome.too_slow, replicas, considered)
