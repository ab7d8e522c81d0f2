"""One supply of a mixed fleet as money sees it: its share of each workload's requests, and the machines that takes.

The optimum fixes how requests are shared out and how many machines stand ready in the central case. Where demand or
speed turn out otherwise, the shares stay and the machines follow: what is needed, and the same number beyond it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from millwright.finance.case import CostItem, Demand
from millwright.finance.discounting import Value
from millwright.fleet.periods import Periods
from millwright.fleet.sizing import DemandProfile, MachineSchedule, machines_needed
from millwright.plan.costing import (
    ApiTerms,
    Inputs,
    OwnedTerms,
    RentedTerms,
    ServingPart,
    api_items,
    owned_items,
    rented_items,
)
from millwright.plan.mix_costs import Stages
from millwright.spans import HOURS_PER_WEEK, SECONDS_PER_MONTH


@dataclass(frozen=True)
class PoolLoad:
    """What one workload asks of a supply: `work_s` (stages, periods) machine-seconds per request of the workload.

    Where it has a lane of the machines, they are seconds of that lane, and `weight` is the lane's share of the devices.
    """

    profile: DemandProfile
    work_s: NDArray[np.float64]
    weight: float = 1.0


@dataclass(frozen=True, kw_only=True)
class PoolPart(ServingPart):
    """The part of one workload that one supply serves.

    `share` (stages, periods) of the workload's requests come here, bringing `input_tokens` and `output_tokens`
    (stages,) per request of the workload. `loads` are those of all workloads on these machines, this one's first;
    `counts` (stages, periods) the machines of the optimum; `sold` are (first, last stage, machines) of those sold
    before the end. Machines that several workloads share are counted, and paid, with the first: the others are `guest`.
    They share them in proportion, or `by_lanes`: then the fullest lane counts.
    """

    stages: Stages
    week: Periods
    share: NDArray[np.float64]
    input_tokens: NDArray[np.float64]
    output_tokens: NDArray[np.float64]
    loads: tuple[PoolLoad, ...] = ()
    counts: NDArray[np.int64] | None = None
    sold: tuple[tuple[int, int, int], ...] = ()
    guest: bool = False
    by_lanes: bool = False

    def case_demand(self, factor: Value) -> Demand:
        """Return the tokens and requests of each month that come here."""
        rates = self.demand.profile.scaled(factor).mean_rate_per_s * self._live * SECONDS_PER_MONTH
        of_month = self.stages.of_month
        return Demand(
            input_tokens=rates * self.input_tokens[of_month],
            output_tokens=rates * self.output_tokens[of_month],
            requests=rates * self._share_of_requests()[of_month],
        )

    def _share_of_requests(self) -> NDArray[np.float64]:
        weights = self.week.mean(self.demand.profile.hourly) * self.week.shares
        return np.asarray((self.share * weights).sum(axis=1) / weights.sum())

    def share_of_demand(self) -> float:
        """Return the share of the workload's requests that come here in the first stage [-]."""
        return float(self._share_of_requests()[0])

    def planned_rate_per_s(self, months: int) -> float:
        """Return the highest rate of this workload's requests here within the first `months` [1/s]."""
        profile = self.demand.profile
        rates = profile.mean_rate_per_s[:months, None] * self.week.peak(profile.carried)
        return float((rates * self.share[self.stages.of_month[:months]]).max())

    def own_machines(self, months: int) -> int:
        """Return the machines that this workload alone takes at its peak within the first `months`."""
        own = self._loads(self.loads[0].profile, self.loads[0].work_s)[:months]
        return int(machines_needed(own.max(), 1.0))

    def mean_machines(self) -> float:
        """Return the machines that this workload keeps busy, averaged over the hours of the week and the horizon."""
        profile, work = self.loads[0].profile, self.loads[0].work_s[self.stages.of_month]
        rates = (profile.mean_rate_per_s * self._live)[:, None] * self.week.mean(profile.hourly)
        return float((rates * work * self.week.shares).sum(axis=1).mean()) * self.loads[0].weight

    def spare_machines(self, months: int) -> int:
        """Return the machines beyond the need of all workloads here, at the peak within the first `months`."""
        if self.counts is None or self.guest:
            return 0
        need = machines_needed(self._total_load(1.0)[:months], 1.0)
        return int((self.counts[self.stages.of_month[:months]] - need).max(axis=1).min())

    # --- machines over time -------------------------------------------------------------------------------------

    def _loads(self, profile: DemandProfile, work_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the machines that a workload keeps busy at the peak of each month and period (…, months, periods)."""
        peak = self.week.peak(profile.carried) * work_s[self.stages.of_month]
        return np.asarray((profile.mean_rate_per_s * self._live)[..., None] * peak)

    @cached_property
    def _live(self) -> NDArray[np.float64]:
        """1 in each month of service, 0 before going live (months,)."""
        return np.where(np.arange(self.stages.months) >= max(self.go_live_month, self.stages.start), 1.0, 0.0)

    def _total_load(self, factor: Value) -> NDArray[np.float64]:
        return self._together([self._loads(load.profile.scaled(factor), load.work_s) for load in self.loads])

    def _together(self, loads: list[NDArray[np.float64]]) -> NDArray[np.float64]:
        """Return the machines that the loads of all workloads take: those of the fullest lane, or all added up."""
        together = loads[0]
        for other in loads[1:]:
            together = np.maximum(together, other) if self.by_lanes else together + other
        return np.asarray(together)

    def _beyond_need(self) -> NDArray[np.float64]:
        """Return the machines of the optimum beyond the central need (stages, periods): spares, and those held over."""
        assert self.counts is not None
        need = machines_needed(self._total_load(1.0), 1.0)
        highest = np.stack([need[self.stages.span(s, s)].max(axis=0) for s in range(len(self.stages))])
        return np.asarray(np.maximum(self.counts - highest, 0.0))

    def schedule(self, inputs: Inputs, demand_factor: float = 1.0) -> MachineSchedule | None:
        """Return the machines over the horizon under `inputs`, None for an API."""
        if self.capacity is None or self.counts is None:
            return None
        multiple = inputs.demand_multiple(demand_factor)
        speed = np.asarray(self.capacity.counted_by(inputs)) / self.capacity.planned_per_s
        true_speed = np.asarray(self.capacity.drawn(inputs)) / self.capacity.planned_per_s
        load = self._total_load(multiple) / (speed[..., None] if speed.ndim else speed)
        serving = machines_needed(load, 1.0).max(axis=-1)
        beyond = self._beyond_need()
        held = self._held(serving, beyond.min(axis=1))
        if isinstance(self.terms, OwnedTerms):
            planned = _float(np.asarray(inputs.planned_demand) * demand_factor)
            first = machines_needed(self._total_load(planned), 1.0).max(axis=-1)
            live = max(self.go_live_month, self.stages.start)
            held = self._at_least(held, self._held(first, beyond.min(axis=1))[..., live : live + 1])
        utilisation = self._utilisation(multiple, true_speed, held)
        if self.guest:  # its machines are counted with the first workload on them
            none = np.zeros_like(held)
            return MachineSchedule(serving, none, none, none, utilisation)
        rented = self._and_beyond(serving, beyond.min(axis=1))
        return MachineSchedule(serving, held, rented, self._switched(multiple, speed, beyond), utilisation)

    def _held(self, serving: NDArray[np.float64], beyond: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the machines held in each month: the highest need until the next purchase, and as many beyond it."""
        need = serving.copy()
        for _, months in self.stages.purchase_steps():
            need[..., months] = serving[..., months].max(axis=-1, keepdims=True)
        return self._and_beyond(need, beyond)

    def _and_beyond(self, need: NDArray[np.float64], beyond: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.where(need > 0.0, need + beyond[self.stages.of_month], 0.0) * self._live)

    def _at_least(self, held: NDArray[np.float64], first: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return `held` with the first purchase made, and never fewer machines than before unless some are sold."""
        assert self.counts is not None
        least = np.asarray(first)
        kept = np.zeros(np.broadcast_shapes(held.shape, first.shape[:-1] + held.shape[-1:]))
        fewest = self.counts.min(axis=1)
        before = 0
        for stage, months in self.stages.purchase_steps():
            if stage > before and fewest[stage] < fewest[before]:
                least = np.maximum(least - (fewest[before] - fewest[stage]), 0.0)
            before = stage
            least = np.maximum(least, held[..., months].max(axis=-1, keepdims=True))
            kept[..., months] = least
        return kept * self._live

    def _switched(
        self, multiple: Value, speed: NDArray[np.float64], beyond: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return the machines on in each month, averaged over the hours of the week."""
        hours, counts = self._hours()
        of_month, rates = self.stages.of_month, self._rates(multiple)
        total: NDArray[np.float64] | float = 0.0
        for hour, count in zip(hours, counts, strict=True):
            load = self._together(self._loads_at(hour, rates, carried=True)) / speed
            on = machines_needed(load, 1.0)
            more = beyond[of_month, self.week.of_hour[hour]]
            total = total + count / HOURS_PER_WEEK * np.where(on > 0.0, on + more, 0.0)
        return np.asarray(total)

    def _rates(self, multiple: Value) -> list[NDArray[np.float64]]:
        """Return the mean rate of each workload at a multiple of its demand, by month of service (…, months) [1/s]."""
        return [load.profile.scaled(multiple).mean_rate_per_s * self._live for load in self.loads]

    def _loads_at(
        self, hour: int, rates: list[NDArray[np.float64]], *, carried: bool = False
    ) -> list[NDArray[np.float64]]:
        """Return the machines that each workload keeps busy in one hour of the week, by month (…, months); `carried`:
        at its busiest."""
        period, of_month = self.week.of_hour[hour], self.stages.of_month
        return [
            np.asarray(
                rate * (load.profile.carried if carried else load.profile.hourly)[hour] * load.work_s[of_month, period]
            )
            for load, rate in zip(self.loads, rates, strict=True)
        ]

    def _hours(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return one hour of each distinct load, and how many of its kind the week has."""
        levels = np.array([*(load.profile.hourly for load in self.loads), self.week.of_hour])
        _, first, counts = np.unique(levels.round(12), axis=1, return_index=True, return_counts=True)
        return first, counts

    def _utilisation(
        self, multiple: Value, speed: NDArray[np.float64], held: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return the share of the machines held that is in use in each hour of the week, over the months of service."""
        machines, live, rates = np.maximum(held, 1.0) * speed, self._live > 0.0, self._rates(multiple)
        by_hour = [(self._busy_at(hour, rates) / machines)[..., live].mean(axis=-1) for hour in range(HOURS_PER_WEEK)]
        return np.asarray(np.clip(np.stack(by_hour, axis=-1), 0.0, 1.0))

    def _busy_at(self, hour: int, rates: list[NDArray[np.float64]]) -> NDArray[np.float64]:
        """Return the machines' worth of device time in use in one hour of the week (…, months)."""
        loads = zip(self.loads, self._loads_at(hour, rates), strict=True)
        return np.asarray(sum(busy * load.weight for load, busy in loads))

    def needed_by_hour(self, inputs: Inputs) -> NDArray[np.float64]:
        """Return the machines that all workloads here take in each month and hour of the week (months, 168)."""
        rates = self._rates(1.0)
        hours = [machines_needed(self._together(self._loads_at(hour, rates)), 1.0) for hour in range(HOURS_PER_WEEK)]
        return np.stack(hours, axis=-1)

    # --- money --------------------------------------------------------------------------------------------------

    def items(self, inputs: Inputs, demand_factor: float = 1.0) -> list[CostItem]:
        """Return what this part costs under `inputs`; a guest's machines are paid with the first workload on them."""
        if self.guest:
            return []
        if isinstance(self.terms, ApiTerms):
            return api_items(self.terms, inputs)
        machines = self.schedule(inputs, demand_factor)
        assert machines is not None, "machines that are bought or rented have a capacity"
        if isinstance(self.terms, RentedTerms):
            return rented_items(self.terms, machines, inputs)
        items: list[CostItem] = []
        kept = machines.installed
        for first, last, count in self.sold:
            rows = np.minimum(self.stages.rows([(first, last)])[0] * count, kept)
            kept = kept - rows
            life = np.minimum(np.asarray(inputs.hardware_life_months), float(self.stages.length(first, last)))
            items += self._owned(rows, machines, replace(inputs, hardware_life_months=_float(life)), existing=0)
        return [*self._owned(kept, machines, inputs, existing=self.terms.existing), *items]

    def _owned(
        self, rows: NDArray[np.float64], machines: MachineSchedule, inputs: Inputs, existing: int
    ) -> list[CostItem]:
        assert isinstance(self.terms, OwnedTerms)
        return owned_items(replace(self.terms, existing=existing), replace(machines, installed=rows), inputs)


def _float(array: NDArray[np.float64]) -> Value:
    return float(array) if array.ndim == 0 else array
