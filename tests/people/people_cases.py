"""Small demands, teams and markets for the tests, and the cheapest plan found by trying everything."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from itertools import product
from math import inf

from millwright.people.demand import Demand, Need, Rota, Work
from millwright.people.figures import figures
from millwright.people.skill import load_skills
from millwright.people.team import Evidence, Held, Member, Team
from millwright.people.training import Training, targets_with_prerequisites, trainings
from millwright.people.traits import Condition, OptionTraits
from millwright.people.ways import External, Market, Role, Simplification, market

CHANGES = (0, 3)
SERVICE = 9
SKILLS = ("monitoring", "gateway", "backup", "containers")


@dataclass(frozen=True)
class SmallCase:
    """A demand, a team and a market small enough to try every plan; `go_live` is the month of going live."""

    demand: Demand
    team: Team
    market: Market
    go_live: int


def small_case(seed: int) -> SmallCase:
    """Return a random small case; what is asked for is work, a rota, or neither."""
    draw = random.Random(seed)
    chosen = draw.sample(SKILLS, draw.choice((1, 1, 2)))
    needs = tuple(
        Need(skill, draw.choice((1, 2, 3)), draw.choice((1, 1, 2)), "r", "because", inside=draw.random() < 0.2)
        for skill in chosen
    )
    shape = draw.choice(("work", "rota", "neither"))
    first = needs[0]
    work = (Work("t", "T", first.skill, first.level, draw.choice((5.0, 20.0, 45.0, 90.0))),) if shape == "work" else ()
    skills = ((first.skill, first.level),)
    rota = (Rota("night", draw.choice((1, 2, 3)), skills, 570.0, "at night"),) if shape == "rota" else ()
    simpler = Simplification("simpler", "Simpler", Condition(), {}, "none", draw.choice((0.5, 5.0, 30.0)), "less")
    simple = (simpler,) if draw.random() < 0.4 else ()
    if simple:
        needs = (replace(needs[-1], dropped_by=frozenset({"simpler"})), *needs[:-1])
    external = External(
        "firm", "contract", "Firm", Condition(), {skill: draw.choice((2, 3)) for skill in chosen}, draw.choice((1, 2)),
        lead_months=draw.choice((0, 1, 4)), rate=draw.choice((1.2, 2.0)), most_hours=draw.choice((10.0, 60.0)),
        rota_seats=draw.choice((0, 2)),
        setup_hours=draw.choice((0.0, 20.0)), retainer_hours=draw.choice((1.0, 8.0, 30.0)),
    )  # fmt: skip
    members = tuple(
        Member(
            f"m{number}",
            hours_per_month=draw.choice((0.0, 8.0, 20.0, 60.0)),
            skills={
                skill: Held(draw.choice((0, 1, 2, 3)), draw.choice(list(Evidence)))
                for skill in (*chosen, "linux-admin")
            },
        )
        for number in range(draw.choice((0, 1, 1, 2)))
    )
    role = Role("pro", "Pro", draw.choice((0.2, 1.0)), draw.choice((0, 2)), 1, {chosen[0]: draw.choice((2, 3))})
    prices = replace(market(80_000.0, "EUR"), roles=(role,), most_hires=2)
    demand = Demand(OptionTraits(frozenset({"owned"}), hosts=1), needs, work, rota, (external,), simple)
    return SmallCase(demand, Team(members), prices, draw.choice((0, 1, 2, 4, 6)))


def steps_of(case: SmallCase) -> dict[str, tuple[Training, ...]]:
    """Return each member's training steps."""
    demand = case.demand
    asked = {(each.skill, each.level) for each in (*demand.needs, *demand.work)}
    asked |= {skill for rota in demand.rotas for skill in rota.skills}
    targets = targets_with_prerequisites(asked)
    return {member.id: trainings(member, targets, case.market) for member in case.team.members}


NEVER = 2
"""Stands for a window in which a step would be done that is not taken: there are windows 0 and 1."""


def cheapest_by_trying(case: SmallCase) -> float:
    """Return the least cost over every choice of training, hires, contract and simplification; inf: none will do."""
    starts = (case.go_live, case.go_live + CHANGES[1])
    [role], [external] = case.market.roles, case.demand.externals
    steps = steps_of(case)
    every = [(member.id, step) for member in case.team.members for step in steps[member.id]]
    hires = [
        counts
        for counts in product(range(3), repeat=2)
        if counts[0] <= counts[1]
        and all(
            start >= role.lead_months + role.onboarding_months for start, n in zip(starts, counts, strict=True) if n
        )
    ]
    contracts = [
        units
        for units in product(range(2), repeat=2)
        if all(start >= external.lead_months for start, n in zip(starts, units, strict=True) if n)
    ]
    best = inf
    for done in product((0, 1, NEVER), repeat=len(every)):
        plan = dict(zip(every, done, strict=True))
        if not _can_be_studied(case, plan, starts):
            continue
        learning = _cost_of_learning(case, plan)
        for hired, units, simple in product(hires, contracts, range(1 + len(case.demand.simplifications))):
            cost = learning + _cost_of_others(case, hired, units, starts) + _cost_of_simplifying(case, simple)
            if cost < best:
                running = _cost_of_running(case, plan, hired, units, bool(simple), starts)
                best = min(best, cost + running)
    return best


_Plan = dict[tuple[str, Training], int]


def _levels(case: SmallCase, plan: _Plan, window: int) -> dict[str, dict[str, int]]:
    found = {
        member.id: {skill: member.level(skill) for skill in load_skills().skills if member.level(skill)}
        for member in case.team.members
    }
    for (member, step), done in plan.items():
        if done <= window:
            found[member][step.skill] = max(found[member].get(step.skill, 0), step.to_level)
    return found


def _can_be_studied(case: SmallCase, plan: _Plan, starts: tuple[int, int]) -> bool:
    """Whether least times, order and, with no work, hours are kept."""
    for window in range(2):
        levels = _levels(case, plan, window)
        for (member, step), done in plan.items():
            if done > window:
                continue
            if done == window and starts[window] < step.months_at_least:
                return False
            before = [(step.skill, step.from_level)]
            before += load_skills()[step.skill].after if step.to_level >= 2 else ()
            if any(levels[member].get(skill, 0) < level for skill, level in before):
                return False
        for member in case.team.members:
            hours = sum(step.planned_h for (who, step), done in plan.items() if who == member.id and done <= window)
            if hours > member.hours_per_month * starts[window] + 1e-9:
                return False
    return True


def _cost_of_learning(case: SmallCase, plan: _Plan) -> float:
    again = 1.0 + figures()["turnover"] * SERVICE / 12.0
    return sum(
        (step.expected_h * case.market.hour_cost + step.materials) * again
        for (_, step), done in plan.items()
        if done < 2
    )


def _cost_of_others(case: SmallCase, hired: tuple[int, ...], units: tuple[int, ...], starts: tuple[int, int]) -> float:
    known = figures()
    [role], [external] = case.market.roles, case.demand.externals
    end = case.go_live + SERVICE
    year = case.market.year_cost * role.pay
    monthly = year / 12.0 * (1.0 + known["turnover"] * known["replacement_share"])
    cost = 0.0
    for new, start in ((hired[0], starts[0]), (hired[1] - hired[0], starts[1])):
        cost += new * (monthly * (end - start + role.onboarding_months) + known["recruiting_share"] * year)
    own_hour = case.market.hour_cost
    for number, months in enumerate((CHANGES[1], SERVICE - CHANGES[1])):
        cost += units[number] * external.retainer_hours * external.rate * own_hour * months
    begun = units[0] + max(0, units[1] - units[0])
    return cost + begun * external.setup_hours * external.rate * own_hour


def _cost_of_simplifying(case: SmallCase, simple: int) -> float:
    return simple * sum(each.hours_per_month for each in case.demand.simplifications) * case.market.hour_cost * SERVICE


def _cost_of_running(
    case: SmallCase,
    plan: _Plan,
    hired: tuple[int, ...],
    units: tuple[int, ...],
    simple: bool,
    starts: tuple[int, int],
) -> float:
    """Return the cost of work and standby, inf when a need, an hour or a seat is missing."""
    cost = 0.0
    months = (CHANGES[1], SERVICE - CHANGES[1])
    for window in range(2):
        levels = _levels(case, plan, window)
        if not _is_covered(case, levels, hired[window], units[window], simple):
            return inf
        room = {member.id: member.hours_per_month for member in case.team.members}
        if window == 0:  # study that is due at the second window takes its hours from the first
            for member in case.team.members:
                study = sum(step.planned_h for (who, step), done in plan.items() if who == member.id and done < 2)
                left = member.hours_per_month * starts[1] - study
                room[member.id] = min(member.hours_per_month, max(0.0, left / months[0]))
        cost += months[window] * (
            _work_per_month(case, levels, room, hired[window], units[window])
            + _standby_per_month(case, levels, room, hired[window], units[window])
        )
    return cost


def _is_covered(case: SmallCase, levels: dict[str, dict[str, int]], hired: int, units: int, simple: bool) -> bool:
    [role], [external] = case.market.roles, case.demand.externals
    for need in case.demand.needs:
        if simple and need.dropped_by:
            continue
        people = sum(held.get(need.skill, 0) >= need.level for held in levels.values())
        people += hired * (role.skills.get(need.skill, 0) >= need.level)
        if not need.inside:
            people += units * external.people * (external.skills.get(need.skill, 0) >= need.level)
        if people < need.people:
            return False
    return True


def _work_per_month(
    case: SmallCase, levels: dict[str, dict[str, int]], room: dict[str, float], hired: int, units: int
) -> float:
    """Return the cost of a month's work: who is hired first, then own people, then the contract."""
    [role], [external] = case.market.roles, case.demand.externals
    cost = 0.0
    for work in case.demand.work:
        left = work.hours_per_month
        if role.skills.get(work.skill, 0) >= work.level:
            left -= min(left, hired * figures()["hours_per_fte_month"])
        own = min(left, sum(room[name] for name, held in levels.items() if held.get(work.skill, 0) >= work.level))
        bought = (
            min(left - own, units * external.most_hours) if external.skills.get(work.skill, 0) >= work.level else 0.0
        )
        if left - own - bought > 1e-9:
            return inf
        cost += (own + bought * external.rate) * case.market.hour_cost
    return cost


def _standby_per_month(
    case: SmallCase, levels: dict[str, dict[str, int]], room: dict[str, float], hired: int, units: int
) -> float:
    [role], [external] = case.market.roles, case.demand.externals
    per_seat = figures()["rota_hours_per_seat"]
    cost = 0.0
    for rota in case.demand.rotas:
        [(skill, level)] = rota.skills
        left = float(rota.people)
        if external.skills.get(skill, 0) >= level:
            left -= units * external.rota_seats
        left = max(0.0, left)
        own = sum(min(1.0, room[name] / per_seat) for name, held in levels.items() if held.get(skill, 0) >= level)
        own += hired * (role.skills.get(skill, 0) >= level)
        if left - own > 1e-9:
            return inf
        pay = rota.standby_hours_per_month * figures()["standby_pay_share"] * case.market.hour_cost / rota.people
        cost += left * pay
    return cost
