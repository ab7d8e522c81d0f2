"""How many machines, month by month: whole replicas for the peak, plus spares.

Owned machines are bought in steps, each step enough for the year ahead. Rented ones follow the need: reserved ones
month by month, on-demand ones hour by hour through the typical week. Demand and capacity may be uncertain: with draws,
arrays carry them on a leading axis.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from millwright.spans import HOURS_PER_WEEK

PURCHASE_STEP_MONTHS = 12

_ROUNDING = 1.0 - 1e-12
"""A need that exceeds a whole number of machines by rounding alone does not call for another machine."""


@dataclass(frozen=True)
class DemandProfile:
    """Demand over a horizon of m months and its spread over a week.

    `mean_rate_per_s` has shape (m,) or (draws, m) [1/s]; `hourly` (168,) are weights of the hours with mean 1. Machines
    must carry `within_hour` times an hour's mean rate [-]: above 1 where its work has to be done in a part of it.
    """

    mean_rate_per_s: NDArray[np.float64]
    hourly: NDArray[np.float64]
    within_hour: float = 1.0

    @property
    def carried(self) -> NDArray[np.float64]:
        """What machines must carry in each hour of the week, over the mean rate (168,) [-]."""
        return self.hourly * self.within_hour

    @property
    def peak_rate_per_s(self) -> NDArray[np.float64]:
        """Rate that machines must carry in the busiest hour of the week, per month [1/s]."""
        return self.mean_rate_per_s * self.peak_factor

    @property
    def peak_factor(self) -> float:
        """The busiest hour's rate over the mean rate [-]."""
        return float(self.hourly.max()) * self.within_hour

    def after(self, months: int) -> DemandProfile:
        """Return the same profile without its first `months`."""
        return replace(self, mean_rate_per_s=self.mean_rate_per_s[..., months:])

    def scaled(self, factor: float | NDArray[np.float64]) -> DemandProfile:
        """Return the same profile at `factor` times the demand; a column (draws, 1) makes draws."""
        return replace(self, mean_rate_per_s=self.mean_rate_per_s * factor)


@dataclass(frozen=True)
class MachineSchedule:
    """Machines over a horizon of m months; shapes (m,) or (draws, m), utilisation (168,) or (draws, 168).

    `serving` machines that the peak needs; `installed` with spares and bought a step ahead; `rented` with spares, month
    by month; `switched` with spares, averaged over the hours of the month when they are switched with the need.
    `utilisation` is the share of the installed capacity in use in each hour of the week, averaged over the horizon.
    """

    serving: NDArray[np.float64]
    installed: NDArray[np.float64]
    rented: NDArray[np.float64]
    switched: NDArray[np.float64]
    utilisation: NDArray[np.float64]

    def preceded_by(self, months: int) -> MachineSchedule:
        """Return the same schedule after `months` without any machine; utilisation is that of the months that serve."""
        if not months:
            return self

        def later(machines: NDArray[np.float64]) -> NDArray[np.float64]:
            return np.concatenate([np.zeros((*machines.shape[:-1], months)), machines], axis=-1)

        return MachineSchedule(
            later(self.serving), later(self.installed), later(self.rented), later(self.switched), self.utilisation
        )


def growing_demand(
    mean_rate_per_s: float, growth_per_year: float, months: int, hourly: NDArray[np.float64]
) -> DemandProfile:
    """Return demand that starts at `mean_rate_per_s` [1/s] and grows by `growth_per_year` [-], a little every month.

    `hourly` (168,) are weights of the hours of a week in any scale; they are brought to a mean of 1. Raises ValueError
    when they are no week.
    """
    weights = np.asarray(hourly, dtype=np.float64)
    if weights.shape != (HOURS_PER_WEEK,) or weights.min() < 0.0 or weights.sum() <= 0.0:
        raise ValueError("a week has 168 hourly weights, none negative and not all zero")
    growth = (1.0 + growth_per_year) ** (np.arange(months) / 12.0)
    return DemandProfile(mean_rate_per_s * growth, weights / weights.mean())


def machines_needed(
    rate_per_s: float | NDArray[np.float64], capacity_per_machine_per_s: float | NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the whole machines that serve `rate_per_s` [1/s], at least one where anything is asked for.

    Raises ValueError when a machine serves nothing.
    """
    capacity = np.asarray(capacity_per_machine_per_s, dtype=np.float64)
    if np.any(capacity <= 0.0):
        raise ValueError("a machine that serves nothing cannot be counted")
    rate = np.asarray(rate_per_s, dtype=np.float64)
    return np.where(rate > 0.0, np.maximum(1.0, np.ceil(rate / capacity * _ROUNDING)), 0.0)


def schedule_machines(
    demand: DemandProfile,
    capacity_per_machine_per_s: float | NDArray[np.float64],
    *,
    spares: int,
    purchase_step_months: int = PURCHASE_STEP_MONTHS,
    at_least: float | NDArray[np.float64] = 0.0,
    by_hour: bool = True,
    true_capacity_per_s: float | NDArray[np.float64] | None = None,
) -> MachineSchedule:
    """Return the machines for `demand` when one serves `capacity_per_machine_per_s` [1/s] within the SLO.

    The capacity is a float or a column (draws, 1). `spares` machines stand by whenever any machine serves (N + k).
    Bought machines never shrink: each purchase step covers the highest need of its months. `at_least` machines are
    bought whatever the need (a float or a column). Without `by_hour` nobody switches machines with the need, and
    `switched` is `rented`. Machines are counted by the first capacity, which may be a cautious one;
    `true_capacity_per_s` is what they are expected to serve, by which their utilisation is reckoned.
    """
    rates = demand.mean_rate_per_s
    serving = machines_needed(demand.peak_rate_per_s, capacity_per_machine_per_s)
    rented = np.where(serving > 0.0, serving + spares, 0.0)
    months = serving.shape[-1]
    installed = np.empty_like(serving)
    for start in range(0, months, purchase_step_months):
        step = slice(start, start + purchase_step_months)
        need = rented[..., step].max(axis=-1, keepdims=True)
        installed[..., step] = np.maximum(need, at_least if start == 0 else installed[..., start - 1 : start])
    true_capacity = capacity_per_machine_per_s if true_capacity_per_s is None else true_capacity_per_s
    capacity_in_use = np.maximum(installed, 1.0) * true_capacity
    mean_share = (rates / capacity_in_use).mean(axis=-1)
    switched = rented
    if by_hour:
        switched = np.zeros_like(serving)
        levels, counts = np.unique(demand.carried, return_counts=True)  # few distinct hours: count each once
        for level, count in zip(levels, counts, strict=True):
            on = machines_needed(rates * level, capacity_per_machine_per_s)
            switched += count / HOURS_PER_WEEK * np.where(on > 0.0, on + spares, 0.0)
    utilisation = np.clip(np.multiply.outer(mean_share, demand.hourly), 0.0, 1.0)
    return MachineSchedule(serving, installed, rented, switched, utilisation)
