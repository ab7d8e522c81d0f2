"""How many machines of an option's part are told: those of the first year, which is the decision that is due now."""

from __future__ import annotations

from dataclasses import dataclass

from millwright.fleet.sizing import MachineSchedule
from millwright.plan.costing import Inputs
from millwright.plan.performance import PlannedLoad
from millwright.plan.pool import PoolPart
from millwright.plan.priced import PricedPart
from millwright.plan.shared_part import SharedPart

FIRST_YEAR_MONTHS = 12
"""Growth beyond them is told beside the counts."""


@dataclass(frozen=True)
class MachineCounts:
    """Machines of a part in the first year, and at most over the horizon; those of a guest count elsewhere.

    A spare that carries lanes of several workloads is a spare for each of them.
    """

    serving: int
    installed: int
    most: int
    spares: int

    @classmethod
    def of(cls, part: PricedPart, schedule: MachineSchedule) -> MachineCounts:
        """Return the machines of `part` by its `schedule`."""
        pool, first = part.serving, slice(0, FIRST_YEAR_MONTHS)
        if isinstance(pool, PoolPart):
            assert pool.counts is not None
            serving = pool.own_machines(FIRST_YEAR_MONTHS)
            if pool.guest:
                return cls(serving, 0, 0, 0)
            first_year = pool.counts[: pool.stages.of_month[:FIRST_YEAR_MONTHS].max() + 1]
            return cls(serving, int(first_year.max()), int(pool.counts.max()), pool.spare_machines(FIRST_YEAR_MONTHS))
        serving, installed = int(schedule.serving[first].max()), int(schedule.installed[first].max())
        if isinstance(pool, SharedPart) and pool.guest:
            return cls(serving, 0, 0, pool.spares)
        return cls(serving, installed, int(schedule.installed.max()), installed - serving)


def installed_first_year(part: PricedPart, central: Inputs) -> int:
    """Return the machines of `part` that are there at most in the first year, spares included; 0 for an API."""
    schedule = part.schedule(central)
    return 0 if schedule is None else MachineCounts.of(part, schedule).installed


def planned_rate_per_s(part: PricedPart) -> float:
    """Return the highest rate of requests of `part` in the first year [1/s]."""
    return part.serving.planned_rate_per_s(FIRST_YEAR_MONTHS)


def planned_load(part: PricedPart, central: Inputs) -> PlannedLoad | None:
    """Return what one replica of `part` must carry in the busiest hour of the first year; None for an API."""
    answer, schedule = part.draft.answer, part.schedule(central)
    if answer is None or answer.performance is None or schedule is None:
        return None
    replicas = MachineCounts.of(part, schedule).serving * answer.replicas_per_machine
    if not replicas:  # machines of a mixed fleet that only stand by
        return None
    return PlannedLoad(part.draft.asked.service, answer.performance, planned_rate_per_s(part) / replicas)
