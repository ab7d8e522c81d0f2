"""The search over machines: for each workload, device and size of machine, the best replica; run on every core."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from millwright.catalog.architecture import Architecture
from millwright.catalog.device import Device
from millwright.fleet.contest import Considered, Contest, Evaluations, contest, unfit_considered
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

    `considered` holds every deployment that was looked at, with its fate and the reason. Where the best decodes
    speculatively, `plain` is the answer without a draft.
    """

    performance: ReplicaPerformance | None
    unfit: tuple[Unfit, ...]
    too_slow: tuple[ReplicaPerformance, ...]
    replicas_per_machine: int = 0
    considered: tuple[Considered, ...] = ()
    plain: MachineAnswer | None = None

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
    apart, then scheduler limits, and where drafts are allowed all layouts and formats again with each of them. Raises
    LookupError when no allowed engine runs on the device.
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
        self._arguments, self._part = (part, model, device), part
        self._allowed, self._calibration, self._most_devices = allowed, calibration, most_devices
        self._model = model
        self.disaggregated = allowed.disaggregated
        self.usual_engine, *self.other_engines = engines_to_compare(device, allowed.engines, model)
        self.usual, self.unfit = self._listed(self.usual_engine)
        work_out(self.usual, part, calibration)
        self._others: dict[str, list[Prospect]] = {}
        self._drafting: dict[str, list[Prospect]] = {}

    def _listed(self, engine: Engine, drafting: bool = False) -> tuple[list[Prospect], list[Unfit]]:
        return prospects(
            *self._arguments,
            engine=engine,
            most_devices=self._most_devices,
            allowed=self._allowed,
            limits=default_limits(engine, self._model),
            calibration=self._calibration,
            drafting=drafting,
        )

    def drafting(self, engine: Engine) -> list[Prospect]:
        """Return the deployments under `engine` that decode speculatively, none where no draft is allowed."""
        if not self._allowed.drafts:
            return []
        if engine.name not in self._drafting:
            found, unfit = self._listed(engine, drafting=True)
            work_out(found, self._part, self._calibration)
            self._drafting[engine.name] = found
            self.unfit += unfit
        return self._drafting[engine.name]

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
    """Return the best of all candidates on one machine: without a draft, and then with one where one is allowed."""
    found: list[Candidate | Prospect] = list(stock.usual)
    outcome = contest(evaluated, found, count)
    if outcome.best is not None and stock.other_engines:
        found += stock.under_other_engines(outcome.best)
        outcome = contest(evaluated, found, count)
    outcome = refined(evaluated, found, outcome, stock.disaggregated, count)
    drafting = stock.drafting(outcome.best.deployment.engine if outcome.best is not None else stock.usual_engine)
    return answer_with_drafts(evaluated, found, outcome, drafting, stock.unfit, stock.disaggregated, count)


def answer_with_drafts(
    evaluated: Evaluations,
    found: list[Candidate | Prospect],
    outcome: Contest,
    drafting: Sequence[Prospect],
    unfit: Sequence[Unfit],
    disaggregates: bool,
    count: int,
) -> MachineAnswer:
    """Return the best on one machine once those that decode speculatively (`drafting`) have met the `outcome` so far.

    They have to win by as much as any other. Where none is allowed the outcome stands as it is.
    """
    alone = outcome
    if drafting:
        found += drafting
        outcome = contest(evaluated, found, count)
        if outcome.best is not None and outcome.best.deployment.draft is not None:
            outcome = refined(evaluated, found, outcome, disaggregates, count)
    answer = _answer(evaluated, outcome, unfit, count)
    if outcome.best is None or outcome.best.deployment.draft is None:
        return answer
    return replace(answer, plain=_answer(evaluated, alone, unfit, count))


def refined(
    evaluated: Evaluations, found: list[Candidate | Prospect], outcome: Contest, disaggregates: bool, count: int
) -> Contest:
    """Return the outcome once pools apart and other scheduler limits have met the best so far."""
    if outcome.best is None or evaluated.part.slo is None:
        return outcome
    known = [each.candidate for each in outcome.considered if each.candidate is not None]
    if disaggregates:
        found += disaggregated(evaluated.asked, known, outcome.best, count)
        outcome = contest(evaluated, found, count)
    for budgets in (True, False):
        assert outcome.best is not None, "a contest with more candidates has a winner too"
        if outcome.best.prompts is None:
            found += with_other_limits(evaluated.asked, outcome.best, budgets=budgets)
            outcome = contest(evaluated, found, count)
    return outcome


def _answer(evaluated: Evaluations, outcome: Contest, unfit: Sequence[Unfit], count: int) -> MachineAnswer:
    best = evaluated.in_full(outcome.best) if outcome.best is not None else None
    if best is not None and best.sure_per_s <= 0.0:
        best = None
    unfit = tuple(each for each in unfit if each.deployment.device_count <= count)
    replicas = count // best.candidate.device_count if best is not None else 0
    considered = (*outcome.considered, *unfit_considered(unfit))
    return MachineAnswer(best, unfit, outcome.too_slow, replicas, considered)
