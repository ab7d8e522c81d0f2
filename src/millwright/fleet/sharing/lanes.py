"""Lanes: what each workload gets of a machine that several share, and what it serves there.

A lane has devices of its own, a hardware slice, or its turn on devices at whose peak the others have theirs. So it
keeps its promise as long as no other lane is overloaded, and machines are counted for the fullest lane.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from millwright.catalog.architecture import Architecture
from millwright.catalog.device import Device
from millwright.fleet.replica import Allowed, ReplicaPerformance, Service
from millwright.fleet.search import MachineAnswer, answer_device
from millwright.perf.calibration import Calibration


class How(StrEnum):
    """How workloads share a machine, best kept apart first."""

    APART = "apart"  # each on whole devices of its own
    SLICED = "sliced"  # each on a hardware slice of the devices
    BY_TURNS = "by turns"  # processes that take turns on the devices


@dataclass(frozen=True)
class Tenant:
    """A workload that looks for a place: what it asks, and the highest rate planned for [1/s]."""

    name: str
    service: Service
    model: Architecture
    allowed: Allowed
    peak_per_s: float


@dataclass(frozen=True)
class Lane:
    """One workload's part of a machine: `replicas` of a deployment on `devices` of it.

    `weight` is the share of the machine's device time that the lane takes when it is fully loaded [-]; `stretch` how
    many times as long a step takes on average because others take their turns, all at their peak, and `worst` how many
    times at most.
    """

    workload: str
    performance: ReplicaPerformance
    replicas: int
    devices: int
    words: str
    weight: float
    stretch: float = 1.0
    worst: float = 1.0

    @property
    def rate_per_s(self) -> float:
        """What the lane of one machine serves within the SLO [1/s]."""
        return self.performance.rate_per_s.value * self.replicas

    @property
    def sure_per_s(self) -> float:
        """What it serves at the confidence that was asked for [1/s]."""
        return self.performance.sure_per_s * self.replicas


@dataclass(frozen=True)
class Shared:
    """A machine with a lane for each workload."""

    how: How
    lanes: tuple[Lane, ...]

    def load(self, peaks_per_s: Mapping[str, float]) -> float:
        """Return the machines that the fullest lane takes at these rates [1/s], as a real number."""
        return self.fullness(peaks_per_s)[0]

    def fullness(self, peaks_per_s: Mapping[str, float]) -> tuple[float, float]:
        """Return the load of the fullest lane, and of all together: of two equal ways the one with more room counts."""
        loads = [peaks_per_s[lane.workload] / lane.sure_per_s for lane in self.lanes]
        return max(loads), sum(loads)


def roomiest(ways: Iterable[Shared], tenants: Sequence[Tenant]) -> Shared | None:
    """Return the way under which one machine goes furthest for all, the first of equals; None where there is none."""
    peaks = {each.name: each.peak_per_s for each in tenants}
    return min(ways, key=lambda one: one.fullness(peaks), default=None)


@dataclass(frozen=True)
class NoPlace:
    """A way to share that does not work, and why."""

    how: How
    reason: str


@dataclass
class Places:
    """What each tenant serves on so many devices of a kind, worked out once."""

    calibration: Calibration | None = None
    confidence: float = 0.5
    _known: dict[tuple[str, str, int], MachineAnswer] = field(default_factory=dict)

    def answer(self, tenant: Tenant, device: Device, devices: int) -> MachineAnswer:
        """Return the best replica of `tenant` on `devices` of `device`."""
        return self.answers(tenant, device, (devices,))[devices]

    def answers(self, tenant: Tenant, device: Device, counts: Sequence[int]) -> dict[int, MachineAnswer]:
        """Return the best replicas on each number of devices; those that are asked for together share their work."""
        missing = [count for count in counts if (tenant.name, device.id, count) not in self._known]
        if missing:
            found = answer_device(
                tenant.service, tenant.model, device, missing, tenant.allowed, self.calibration, self.confidence
            )
            self._known.update({(tenant.name, device.id, count): each for count, each in found.items()})
        return {count: self._known[tenant.name, device.id, count] for count in counts}

    def remember(self, tenant: str, device: Device, devices: int, answer: MachineAnswer) -> None:
        """Take an answer that is known already."""
        self._known.setdefault((tenant, device.id, devices), answer)


def in_words(names: Sequence[str]) -> str:
    """Return such as `search, rerank and answer`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
