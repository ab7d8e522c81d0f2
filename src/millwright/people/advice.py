"""Advice: which option this team can run at least cost, three things to do first, and where that would change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from millwright.people.coverage import ANY_PLAN, USUAL, coverage_plan
from millwright.people.demand import Demand
from millwright.people.plan import Action, ActionKind, PeoplePlan
from millwright.people.team import Team
from millwright.people.ways import Market

ACTIONS_SHOWN = 3
MOST_MORE_PEOPLE = 8


@dataclass(frozen=True)
class Staffed:
    """An option with its plan of people."""

    id: str
    title: str
    plan: PeoplePlan


@dataclass(frozen=True)
class Turn:
    """Where the advice would turn to another option.

    `saving_per_month`: from this saving on everything else on (machines, tokens, power) it costs no more
    [currency a month]; None when the option cannot be run at all.
    """

    option_id: str
    title: str
    saving_per_month: float | None
    sentence: str


@dataclass(frozen=True)
class Advice:
    """What people's side of the matter says. `best` is None when this team can run nothing."""

    best: Staffed | None
    actions: tuple[Action, ...]
    turns: tuple[Turn, ...]
    sentence: str


def advise(options: Sequence[Staffed]) -> Advice:
    """Return the advice over options for the same service and go-live month, by the cost of people alone."""
    feasible = [each for each in options if each.plan.feasible]
    if not feasible:
        missing = "; ".join(f"{each.title}: {_why_not(each.plan)}" for each in options)
        return Advice(None, (), (), f"This team can run none of the options in time. {missing}.")
    best = min(feasible, key=lambda each: each.plan.total_cost)
    turns = tuple(_turn(each, best) for each in options if each is not best)
    cost = best.plan.service_cost_per_month
    sentence = (
        f"Of what was looked at, {best.title} asks least of this team: about {cost:,.0f} {best.plan.currency} a month "
        f"for people, {best.plan.service_fte:.2f} FTE, live in month {best.plan.go_live_month}."
    )
    return Advice(best, first_actions(best.plan), turns, sentence)


def first_actions(plan: PeoplePlan, count: int = ACTIONS_SHOWN) -> tuple[Action, ...]:
    """Return the actions to begin with: what takes longest to come about, then what is begun first and costs most.

    One training stands for those of others in the same skill.
    """
    critical = {gap.skill for gap in plan.gaps if gap.critical}
    ranked = sorted(
        plan.actions,
        key=lambda each: (
            each.kind in (ActionKind.TRAIN, ActionKind.PROVE),
            each.skill not in critical,
            each.start_month - each.ready_month,
            each.start_month,
            -each.cost,
        ),
    )
    shown: dict[tuple[ActionKind, str], Action] = {}
    for each in ranked:
        shown.setdefault((each.kind, each.skill or each.who), each)
    return tuple(shown.values())[:count]


def _turn(other: Staffed, best: Staffed) -> Turn:
    if not other.plan.feasible:
        why = _why_not(other.plan)
        return Turn(other.id, other.title, None, f"{other.title[:1].upper()}{other.title[1:]}: not in time; {why}.")
    months = best.plan.service_months
    saving = (other.plan.total_cost - best.plan.total_cost) / months
    sentence = (
        f"{other.title[:1].upper()}{other.title[1:]}: {saving:,.0f} {other.plan.currency} a month more for people "
        f"({other.plan.service_fte:.2f} FTE), to be saved on all else before it draws level."
    )
    return Turn(other.id, other.title, saving, sentence)


def _why_not(plan: PeoplePlan) -> str:
    if plan.uncovered:
        return plan.uncovered[0].what
    return plan.reason or "no plan was found"


def people_until_in_house(
    demand: Demand, team: Team, prices: Market, go_live_month: int, most: int = MOST_MORE_PEOPLE
) -> int | None:
    """Return how many more people like the first member it takes to run it with nobody from outside.

    None when `most` more do not suffice, or there is nobody to be like.
    """
    if not team.members:
        return None
    like = team.members[0]
    alone, any_plan = replace(prices, hiring=False, outside=False), replace(USUAL, gap=ANY_PLAN)
    for more in range(most + 1):
        extra = tuple(replace(like, id=f"{like.id} (further {number})") for number in range(1, more + 1))
        grown = Team((*team.members, *extra), team.assumed)
        if coverage_plan(demand, grown, alone, go_live_month=go_live_month, effort=any_plan).feasible:
            return more
    return None
