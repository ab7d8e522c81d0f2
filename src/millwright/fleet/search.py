"""The search over machines: for each workload, device and size of machine, the best replica; run on every core."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from millwright.catalog.architecture import Architecture
from millwright.catalog.device import Device
from millwright.catalog.precision import Precision
from millwright.fleet.replica import (
    ReplicaPerformance,
    Service,
    Unfit,
    best_on,
    candidates,
    with_interval,
)
from millwright.fleet.stack import default_limits, engine_for

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


def search(
    questions: Iterable[MachineQuestion],
    services: Mapping[str, Service],
    models: Mapping[str, Architecture],
    precisions: Mapping[str, tuple[Precision, ...]],
    progress: Progress | None = None,
    workers: int | None = None,
) -> dict[tuple[str, str, int], MachineAnswer]:
    """Return the answer to each question; the simulator runs outside Python's lock, so threads use every core.

    `services`, `models` and `precisions` are by workload name. Ctrl-C ends the search between two machines.
    """
    unique = {question.key: question for question in questions}
    todo = list(unique.values())
    answers: dict[tuple[str, str, int], MachineAnswer] = {}

    def answer(question: MachineQuestion) -> MachineAnswer:
        name = question.workload
        return answer_one(services[name], models[name], question.device, question.device_count, precisions[name])

    pool = ThreadPoolExecutor(max_workers=workers or os.cpu_count() or 1)
    try:
        for done, (question, result) in enumerate(zip(todo, pool.map(answer, todo), strict=True), start=1):
            answers[question.key] = result
            if progress is not None:
                progress("simulating machines", done, len(todo))
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    return answers


def answer_one(
    service: Service,
    model: Architecture,
    device: Device,
    device_count: int,
    precisions: tuple[Precision, ...] = (),
) -> MachineAnswer:
    """Return the best replica of `model` on a machine of `device_count` devices, with its interval."""
    engine = engine_for(device)
    fitting, unfit = candidates(
        service,
        model,
        device,
        engine=engine,
        most_devices=device_count,
        precisions=precisions,
        limits=default_limits(engine, model),
    )
    best, tried = best_on(service, fitting, device_count)
    if best is None:
        return MachineAnswer(None, tuple(unfit), tuple(tried))
    replicas = device_count // best.candidate.deployment.device_count
    return MachineAnswer(with_interval(service, best), tuple(unfit), tuple(tried), replicas)
