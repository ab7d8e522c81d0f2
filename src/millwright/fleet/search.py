"""The search over machines: for each workload, device and size of machine, the best replica; run on every core."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from millwright.catalog.architecture import Architecture
from millwright.catalog.device import Device
from millwright.fleet.replica import Allowed, Evaluations, ReplicaPerformance, Service, Unfit, best_on, candidates
from millwright.fleet.stack import default_limits, engine_for
from millwright.perf.calibration import Calibration

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
    """The best replica on a machine, None with the reasons why there is none."""

    performance: ReplicaPerformance | None
    unfit: tuple[Unfit, ...]
    too_slow: tuple[ReplicaPerformance, ...]
    replicas_per_machine: int = 0

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
        return answer_device(
            services[workload],
            models[workload],
            devices[device],
            sorted(sizes[asked]),
            allowed[workload],
            calibration,
            confidence,
        )

    pool = ThreadPoolExecutor(max_workers=workers or os.cpu_count() or 1)
    try:
        for done, ((workload, device), found) in enumerate(zip(todo, pool.map(answer, todo), strict=True), start=1):
            answers.update({(workload, device, count): each for count, each in found.items()})
            if progress is not None:
                progress("simulating machines", done, len(todo))
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
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

    What a deployment serves does not depend on the size of the machine around it, so each is simulated once. Raises
    LookupError when no allowed engine runs on the device.
    """
    engine = engine_for(device, allowed.engines)
    fitting, unfit = candidates(
        service,
        model,
        device,
        engine=engine,
        most_devices=max(device_counts),
        allowed=allowed,
        limits=default_limits(engine, model),
        calibration=calibration,
    )
    evaluated = Evaluations(service, confidence)
    answers: dict[int, MachineAnswer] = {}
    for count in device_counts:
        best, tried = best_on(evaluated, fitting, count)
        reasons = tuple(each for each in unfit if each.deployment.device_count <= count)
        replicas = count // best.candidate.deployment.device_count if best is not None else 0
        answers[count] = MachineAnswer(best, reasons, tuple(tried), replicas)
    return answers
