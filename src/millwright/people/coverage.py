"""Coverage: the cheapest plan by a month, the earliest within a budget, and the front between the two."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from math import inf

from millwright.integer_program import Effort
from millwright.people.account import read_plan
from millwright.people.demand import Demand
from millwright.people.figures import figures
from millwright.people.model import Outcome
from millwright.people.plan import PeoplePlan
from millwright.people.programme import DEFAULT_CHANGES, build, windows
from millwright.people.reasons import uncovered
from millwright.people.team import Team
from millwright.people.ways import Market

LATEST_MONTH = 24
"""Going live later than this is not looked at."""

USUAL = Effort(gap=1e-3, nodes=2_000, time_s=120.0)
"""Members who are alike make a program hard; the best plan found then says how good it is (`gap`)."""

ANY_PLAN = 10.0
"""A gap so wide that the first plan found will do: only whether there is one is asked."""


def coverage_plan(
    demand: Demand,
    team: Team,
    market: Market,
    *,
    go_live_month: int | None = None,
    budget: float | None = None,
    service_months: int | None = None,
    allowed: Iterable[str] = (),
    changes: Sequence[int] = DEFAULT_CHANGES,
    latest_month: int = LATEST_MONTH,
    effort: Effort = USUAL,
) -> PeoplePlan:
    """Return the cheapest plan that covers `demand` from `go_live_month` on, or the earliest within `budget`.

    With both, the cheapest plan for that month, which is not feasible when it costs more than the budget. With
    neither, the earliest plan whatever it costs. `budget` [currency] is for everything in `PeoplePlan.costs` over
    preparation and service. `allowed` names simplifications that may be taken although they break a promise or change
    the performance. What is not feasible says what is uncovered, and why.
    """
    months = int(figures()["service_months"]) if service_months is None else service_months
    taken = tuple(allowed)

    def by(month: int) -> PeoplePlan:
        return _cheapest(demand, team, market, month, months, taken, changes, effort)

    if go_live_month is not None:
        return _within(by(go_live_month), budget)
    return _earliest(by, inf if budget is None else budget, latest_month)


def cheapest_by(
    demand: Demand,
    team: Team,
    market: Market,
    go_live_month: int,
    service_months: int,
    *,
    allowed: Iterable[str] = (),
    changes: Sequence[int] = DEFAULT_CHANGES,
    effort: Effort = USUAL,
) -> PeoplePlan | None:
    """Return the cheapest plan that covers `demand` from a month on, whatever it costs; None where there is none.

    What is missing then is not sought, which takes as long again. Raises TimeoutError.
    """
    service = windows(go_live_month, service_months, changes)
    programme = build(demand, team, market, service, service_months, tuple(allowed))
    solution = programme.model.solve(effort)
    if solution.values or (solution.outcome is Outcome.OPTIMAL):
        return read_plan(programme, solution)
    if solution.outcome is Outcome.UNFINISHED:
        raise TimeoutError(f"no plan of people was found in {effort.nodes:,} nodes")
    return None


def _cheapest(
    demand: Demand,
    team: Team,
    market: Market,
    go_live_month: int,
    service_months: int,
    allowed: tuple[str, ...],
    changes: Sequence[int],
    effort: Effort,
) -> PeoplePlan:
    found = cheapest_by(
        demand, team, market, go_live_month, service_months, allowed=allowed, changes=changes, effort=effort
    )
    if found is not None:
        return found
    service = windows(go_live_month, service_months, changes)
    lenient = build(demand, team, market, service, service_months, allowed, lenient=True)
    nearest = lenient.model.solve(effort)
    return read_plan(lenient, nearest, uncovered=uncovered(lenient, nearest))


def _within(plan: PeoplePlan, budget: float | None) -> PeoplePlan:
    if budget is None or not plan.feasible:
        return replace(plan, budget=budget)
    if plan.total_cost <= budget * (1.0 + 1e-9):
        return replace(plan, budget=budget)
    over = plan.total_cost - budget
    reason = (
        f"the cheapest plan for month {plan.go_live_month} costs {plan.total_cost:,.0f} {plan.currency}, "
        f"{over:,.0f} more than the budget"
    )
    return replace(plan, feasible=False, budget=budget, reason=reason)


def _earliest(by: Callable[[int], PeoplePlan], budget: float, latest_month: int) -> PeoplePlan:
    """Return the plan for the first month with a feasible plan within `budget`.

    Any plan for a month is, put off by one, a plan for the next: the least cost never rises with the month, so that
    halving the range finds the first.
    """
    given = None if budget == inf else budget
    found = _within(by(latest_month), given)
    if not found.feasible:
        return found
    too_early, month = -1, latest_month
    while month - too_early > 1:
        middle = (too_early + month) // 2
        plan = _within(by(middle), given)
        if plan.feasible:
            month, found = middle, plan
        else:
            too_early = middle
    return found


@dataclass(frozen=True)
class FrontPoint:
    """The cheapest plan for one month of going live."""

    go_live_month: int
    total_cost: float
    plan: PeoplePlan


@dataclass(frozen=True)
class Front:
    """The plans of which none is both earlier and cheaper, the earliest first."""

    points: tuple[FrontPoint, ...]


def front(
    demand: Demand,
    team: Team,
    market: Market,
    *,
    service_months: int | None = None,
    allowed: Iterable[str] = (),
    changes: Sequence[int] = DEFAULT_CHANGES,
    latest_month: int = 12,
    effort: Effort = USUAL,
) -> Front:
    """Return the front between going live early and cheaply, from the first feasible month to `latest_month`."""
    months = int(figures()["service_months"]) if service_months is None else service_months
    taken = tuple(allowed)
    points: list[FrontPoint] = []
    for month in range(latest_month + 1):
        plan = _cheapest(demand, team, market, month, months, taken, changes, effort)
        if plan.feasible and (not points or plan.total_cost < points[-1].total_cost * (1.0 - 2.0 * effort.gap)):
            points.append(FrontPoint(month, plan.total_cost, plan))
    return Front(tuple(points))
