"""One workload's part of machines that several share by lanes: machines follow the fullest lane, and are paid once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from millwright.finance.case import CostItem
from millwright.fleet.sizing import MachineSchedule, machines_needed
from millwright.plan.costing import (
    Capacity,
    Inputs,
    OwnedTerms,
    RentedTerms,
    ServingPart,
    TokenDemand,
    owned_items,
    rented_items,
)
from millwright.spans import HOURS_PER_WEEK


@dataclass(frozen=True)
class LaneLoad:
    """What one workload asks of its lane: its demand, what the lane of one machine serves, and its weight.

    `weight` is the share of the machine's device time that a full lane takes [-].
    """

    demand: TokenDemand
    capacity: Capacity
    weight: float


@dataclass(frozen=True, kw_only=True)
class SharedPart(ServingPart):
    """The part of one workload; `lanes` are those of all workloads on the machines, this one's first.

    The machines are counted, and paid, with the first workload on them: the others are `guest`.
    """

    lanes: tuple[LaneLoad, ...]
    guest: bool = False

    def schedule(self, inputs: Inputs, demand_factor: float = 1.0) -> MachineSchedule | None:
        """Return the machines over the horizon: in each month as many as the fullest lane takes, and spares."""
        each = [self._of_lane(lane, inputs, demand_factor) for lane in self.lanes]
        mine = each[0]
        serving = _highest([one.serving for one in each])
        if self.guest:
            none = np.zeros_like(mine.installed)
            return MachineSchedule(serving, none, none, none, mine.utilisation)
        installed = _highest([one.installed for one in each])
        return MachineSchedule(
            serving,
            installed,
            _highest([one.rented for one in each]),
            self._switched(inputs, demand_factor),
            self._utilisation(each, installed),
        )

    def _of_lane(self, lane: LaneLoad, inputs: Inputs, demand_factor: float) -> MachineSchedule:
        alone = ServingPart(lane.demand, self.terms, lane.capacity, self.spares, self.go_live_month)
        found = alone.schedule(inputs, demand_factor)
        assert found is not None, "a lane has a capacity"
        return found

    def _switched(self, inputs: Inputs, demand_factor: float) -> NDArray[np.float64]:
        """Return the machines on in each month, averaged over the hours of the week: each hour's fullest lane."""
        multiple = inputs.demand_multiple(demand_factor)
        months = np.arange(self.demand.months)
        live = np.where(months >= self.go_live_month, 1.0, 0.0)
        levels = np.array([lane.demand.profile.hourly for lane in self.lanes])
        distinct, counts = np.unique(levels.round(12), axis=1, return_counts=True)
        rates = [lane.demand.profile.scaled(multiple).mean_rate_per_s * live for lane in self.lanes]
        capacities = [np.asarray(lane.capacity.counted_by(inputs)) for lane in self.lanes]
        total: NDArray[np.float64] | float = 0.0
        for levels_then, count in zip(distinct.T, counts, strict=True):
            lanes = zip(rates, levels_then, capacities, strict=True)
            on = _highest([machines_needed(rate * level, capacity) for rate, level, capacity in lanes])
            total = total + count / HOURS_PER_WEEK * np.where(on > 0.0, on + self.spares, 0.0)
        return np.asarray(total, dtype=np.float64)

    def _utilisation(self, each: list[MachineSchedule], installed: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the share of the machines' device time in use in each hour of the week."""
        machines = np.maximum(installed, 1.0).mean(axis=-1)
        total: NDArray[np.float64] | float = 0.0
        for lane, one in zip(self.lanes, each, strict=True):
            own = np.maximum(one.installed, 1.0).mean(axis=-1)
            total = total + one.utilisation * np.expand_dims(own / machines, -1) * lane.weight
        return np.asarray(np.clip(total, 0.0, 1.0))

    def mean_machines(self) -> float:
        """Return the machines' worth of device time that this workload takes, averaged over the horizon."""
        lane = self.lanes[0]
        rate = float(lane.demand.profile.mean_rate_per_s.mean())
        return rate / lane.capacity.per_machine_per_s * lane.weight

    def needed_by_hour(self, inputs: Inputs) -> NDArray[np.float64]:
        """Return the machines that the fullest lane takes in each month and hour of the week (months, 168)."""
        each = [
            ServingPart(lane.demand, self.terms, lane.capacity, self.spares, self.go_live_month) for lane in self.lanes
        ]
        return _highest([one.needed_by_hour(inputs) for one in each])

    def items(self, inputs: Inputs, demand_factor: float = 1.0) -> list[CostItem]:
        """Return what the machines cost under `inputs`; a guest's are paid with the first workload on them."""
        if self.guest:
            return []
        machines = self.schedule(inputs, demand_factor)
        assert machines is not None
        if isinstance(self.terms, OwnedTerms):
            return owned_items(self.terms, machines, inputs)
        assert isinstance(self.terms, RentedTerms), "tokens of an API are not shared"
        return rented_items(self.terms, machines, inputs)


def _highest(arrays: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    highest = arrays[0]
    for other in arrays[1:]:
        highest = np.maximum(highest, other)
    return highest
