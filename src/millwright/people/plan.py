"""The plan of people as found: actions, gaps, costs by month and cause, and what could not be covered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from millwright.people.bus_factor import BusFactor, Supplier
from millwright.people.timetable import Lesson


class ActionKind(StrEnum):
    """How a gap is closed."""

    TRAIN = "train"
    PROVE = "prove"
    HIRE = "hire"
    CONTRACT = "contract"
    MANAGED = "managed service"
    SIMPLIFY = "simplify"


class Cause(StrEnum):
    """What people cost money for."""

    OWN_HOURS = "own_hours"
    TRAINING = "training"
    RECRUITING = "recruiting"
    SALARIES = "salaries"
    CONTRACTS = "contracts"
    MANAGED = "managed_services"
    ON_CALL = "on_call"
    SIMPLIFICATION = "simplification"


@dataclass(frozen=True)
class Action:
    """One thing to do. Months count from now (0); `ready_month` is when it counts, `until_month` when it ends.

    `cost` is over the whole service [currency], `hours` what own people spend on it, `chance` that it is done in time.
    """

    kind: ActionKind
    who: str
    what: str
    start_month: int
    ready_month: int
    cost: float
    until_month: int | None = None
    hours: float = 0.0
    count: int = 1
    chance: float = 1.0
    skill: str = ""
    level: int = 0


@dataclass(frozen=True)
class Gap:
    """One need: how many meet it now, and at going live (for what a service brings with it: when the service comes)."""

    skill: str
    level: int
    people: int
    critical: bool
    inside: bool
    reason: str
    have_now: int
    have_at_go_live: int
    by: tuple[str, ...]
    asked: bool = True
    """Whether it is still asked for once simplifications are taken."""


@dataclass(frozen=True)
class Uncovered:
    """Something asked for that cannot be had in time, and why."""

    what: str
    skill: str
    level: int
    missing: float
    unit: str
    from_month: int
    why: str
    critical: bool = False


@dataclass(frozen=True)
class PeoplePlan:
    """How a team comes to run an option, what it costs, and when.

    `costs[cause][m]` is the cost in month m [currency], m from 0 (now) to `go_live_month + service_months − 1`;
    `own_fte[m]` and `hired_fte[m]` are full-time equivalents as expected; `hours[member][m]` are the hours set aside
    for work, rota and study, never more than the member has. `chance_in_time` is that every training succeeds in the
    attempts planned, taken as independent; `expected_late` how many will not. `gap` is how much cheaper a plan could
    be at most, as a share of the cost; `proven`: it is within the gap that was asked for. With something uncovered, the
    rest is what comes nearest, at no particular cost.
    """

    feasible: bool
    go_live_month: int
    service_months: int
    currency: str
    total_cost: float
    costs: Mapping[Cause, tuple[float, ...]]
    own_fte: tuple[float, ...]
    hired_fte: tuple[float, ...]
    hours: Mapping[str, tuple[float, ...]]
    actions: tuple[Action, ...]
    gaps: tuple[Gap, ...]
    uncovered: tuple[Uncovered, ...]
    lessons: tuple[Lesson, ...]
    bus_factor_before: BusFactor
    bus_factor_after: BusFactor
    suppliers: tuple[Supplier, ...] = ()
    chance_in_time: float = 1.0
    expected_late: float = 0.0
    proven: bool = True
    gap: float = 0.0
    budget: float | None = None
    reason: str = ""

    @property
    def cost_per_month(self) -> tuple[float, ...]:
        """Cost of each month, all causes [currency]."""
        return tuple(sum(month) for month in zip(*self.costs.values(), strict=True))

    @property
    def cost_before_go_live(self) -> float:
        """What is spent before service begins [currency]."""
        return sum(self.cost_per_month[: self.go_live_month])

    @property
    def service_fte(self) -> float:
        """Own and hired full-time equivalents, the mean over the months of service."""
        months = [own + hired for own, hired in zip(self.own_fte, self.hired_fte, strict=True)][self.go_live_month :]
        return sum(months) / len(months) if months else 0.0

    @property
    def service_cost_per_month(self) -> float:
        """Cost of a month of service, the mean [currency]."""
        months = self.cost_per_month[self.go_live_month :]
        return sum(months) / len(months) if months else 0.0
