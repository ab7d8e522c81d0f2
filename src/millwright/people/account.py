"""Read a solution back: actions, timetable, coverage, and the costs by cause and month that add up to its cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from millwright.people.bus_factor import Supplier, bus_factor, people_at, suppliers_of
from millwright.people.demand import Need, Rota
from millwright.people.figures import figures
from millwright.people.model import Outcome, Solution
from millwright.people.plan import Action, ActionKind, Cause, Gap, PeoplePlan, Uncovered
from millwright.people.prices import (
    recruiting_cost,
    retainer_per_month,
    salary_per_month,
    setup_cost,
    standby_per_seat,
    upkeep_factor,
)
from millwright.people.programme import Programme, chosen
from millwright.people.skill import load_skills
from millwright.people.team import Member
from millwright.people.timetable import Lesson, timetable
from millwright.people.training import Training
from millwright.people.ways import External, Role


class _Ledger:
    """Costs by cause and month."""

    def __init__(self, months: int) -> None:
        self.costs = {cause: [0.0] * months for cause in Cause}

    def book(self, cause: Cause, first: int, months: int, per_month: float) -> float:
        for month in range(first, first + months):
            self.costs[cause][month] += per_month
        return per_month * months


@dataclass(frozen=True)
class _Study:
    lessons: tuple[Lesson, ...]
    actions: list[Action]


def read_plan(
    programme: Programme,
    solution: Solution,
    *,
    uncovered: tuple[Uncovered, ...] = (),
) -> PeoplePlan:
    """Return the plan that `solution` stands for. With something `uncovered` it is not feasible."""
    service = programme.windows
    go_live = service[0].month
    end = go_live + programme.service_months
    ledger = _Ledger(end)
    own_hours = [0.0] * end
    hired = [0.0] * end
    set_aside = {member.id: [0.0] * end for member in programme.team.members}
    _work(programme, solution, ledger, set_aside)
    for hours in set_aside.values():
        own_hours = [own + mine for own, mine in zip(own_hours, hours, strict=True)]
    study = _study(programme, solution, ledger, own_hours, set_aside)
    actions = [*study.actions, *_simplifications(programme, solution, ledger)]
    actions += _hires(programme, solution, ledger, hired)
    actions += _externals(programme, solution, ledger)
    _standby(programme, solution, ledger)
    actions.sort(key=lambda each: (each.start_month, each.kind != ActionKind.HIRE, -each.cost))

    before = suppliers_of(programme.team)
    at_end = suppliers_at(programme, solution, len(service) - 1)
    needs, rotas = standing(programme, solution)
    trained = [each for each in actions if each.kind in (ActionKind.TRAIN, ActionKind.PROVE)]
    chance = 1.0
    for each in trained:
        chance *= each.chance
    full_time = figures()["hours_per_fte_month"]
    return PeoplePlan(
        feasible=not uncovered,
        go_live_month=go_live,
        service_months=programme.service_months,
        currency=programme.market.currency,
        total_cost=sum(sum(months) for months in ledger.costs.values()),
        costs={cause: tuple(months) for cause, months in ledger.costs.items()},
        own_fte=tuple(hours / full_time for hours in own_hours),
        hired_fte=tuple(hired),
        hours={member: tuple(hours) for member, hours in set_aside.items()},
        actions=tuple(actions),
        gaps=_gaps(programme, solution, needs, before),
        uncovered=uncovered,
        lessons=study.lessons,
        bus_factor_before=bus_factor(programme.demand, before),
        bus_factor_after=bus_factor(programme.demand, at_end, needs, rotas),
        suppliers=at_end,
        chance_in_time=chance,
        expected_late=sum(1.0 - each.chance for each in trained),
        proven=solution.outcome is Outcome.OPTIMAL,
        gap=solution.gap,
    )


# --- costs and actions -----------------------------------------------------------------------------------------


def _work(programme: Programme, solution: Solution, ledger: _Ledger, set_aside: dict[str, list[float]]) -> None:
    """Book the hours worked; add each member's work and rota to what is `set_aside`."""
    rates = {member.id: (Cause.OWN_HOURS, 1.0) for member in programme.team.members}
    rates |= {each.id: (_cause(each), each.rate) for each in programme.externals}
    per_seat = figures()["rota_hours_per_seat"]
    taken: list[tuple[str, int, float]] = []
    for (supplier, _, number), column in programme.worked.items():
        hours = max(0.0, solution[column])
        taken.append((supplier, number, hours))
        if supplier in rates:
            window, (cause, rate) = programme.windows[number], rates[supplier]
            ledger.book(cause, window.month, window.months, hours * rate * programme.market.hour_cost)
    busy = {rota.key for rota in programme.demand.rotas if rota.standby_hours_per_month > 0.0}
    taken += [
        (supplier, number, per_seat * max(0.0, solution[column]))
        for (supplier, rota_id, number), column in programme.seats.items()
        if rota_id in busy
    ]
    for supplier, number, hours in taken:
        if supplier in set_aside:
            window = programme.windows[number]
            for month in range(window.month, window.month + window.months):
                set_aside[supplier][month] += hours


def _study(
    programme: Programme,
    solution: Solution,
    ledger: _Ledger,
    own_hours: list[float],
    set_aside: dict[str, list[float]],
) -> _Study:
    """Book training in the months of study, and learning anew for those who leave over the months of service."""
    go_live, last = programme.windows[0].month, programme.windows[-1].month
    upkeep = upkeep_factor(programme.service_months)
    lessons: list[Lesson] = []
    actions: list[Action] = []
    for member in programme.team.members:
        busy = set_aside[member.id]
        free = [member.hours_per_month - hours for hours in busy[:last]]
        for lesson in timetable(_due(programme, solution, member), free):
            step = lesson.training
            cost = step.expected_h * programme.market.hour_cost + step.materials
            for month, hours in lesson.hours:
                ledger.book(Cause.TRAINING, month, 1, cost * hours / step.planned_h)
                own_hours[month] += hours * step.expected_h / step.planned_h
                busy[month] += hours
            anew = cost * (upkeep - 1.0) / programme.service_months
            ledger.book(Cause.TRAINING, go_live, programme.service_months, anew)
            lessons.append(lesson)
            actions.append(_training_action(lesson, cost * upkeep))
    return _Study(tuple(lessons), actions)


def _due(programme: Programme, solution: Solution, member: Member) -> dict[Training, int]:
    due: dict[Training, int] = {}
    for step in programme.steps[member.id]:
        for number, window in enumerate(programme.windows):
            if solution[programme.trained[member.id, step.skill, step.to_level, number]] > 0.5:
                due[step] = window.month
                break
    return due


def _training_action(lesson: Lesson, cost: float) -> Action:
    step = lesson.training
    skill = load_skills()[step.skill]
    kind = ActionKind.PROVE if step.proof else ActionKind.TRAIN
    return Action(
        kind,
        step.member,
        f"{skill.title}: level {step.from_level} to {step.to_level}",
        lesson.start_month,
        lesson.ready_month,
        cost,
        hours=step.planned_h,
        chance=step.success,
        skill=step.skill,
        level=step.to_level,
    )


def _hires(programme: Programme, solution: Solution, ledger: _Ledger, hired: list[float]) -> list[Action]:
    end = programme.windows[0].month + programme.service_months
    actions = []
    for role in programme.roles:
        here = 0
        for number, window in enumerate(programme.windows):
            count = chosen(programme.hired, solution.values, role.id, number)
            if (new := count - here) > 0:
                actions.append(_hire(programme, role, new, window.month, end, ledger, hired))
            here = count
    return actions


def _hire(
    programme: Programme, role: Role, count: int, ready: int, end: int, ledger: _Ledger, hired: list[float]
) -> Action:
    arrival = ready - role.onboarding_months
    cost = ledger.book(Cause.RECRUITING, arrival, 1, count * recruiting_cost(role, programme.market))
    cost += ledger.book(Cause.SALARIES, arrival, end - arrival, count * salary_per_month(role, programme.market))
    for month in range(arrival, end):
        hired[month] += count
    start = arrival - role.lead_months
    return Action(ActionKind.HIRE, role.title, f"{count} × {role.title}", start, ready, cost, end, count=count)


def _externals(programme: Programme, solution: Solution, ledger: _Ledger) -> list[Action]:
    """Book contracts and services, and return them as actions from the first month to the last they are there."""
    hour_cost = programme.market.hour_cost
    actions = []
    for external in programme.externals:
        cause, counts = _cause(external), []
        cost, before = 0.0, 0
        for number, window in enumerate(programme.windows):
            count = chosen(programme.bought, solution.values, external.id, number)
            counts.append(count)
            retainer = retainer_per_month(external, programme.demand, programme.market)
            cost += ledger.book(cause, window.month, window.months, count * retainer)
            new = max(0, count - before)
            cost += ledger.book(cause, window.month, 1, new * setup_cost(external, programme.market))
            for index in range(len(programme.groups)):
                column = programme.worked.get((external.id, index, number))
                if column is not None:
                    cost += max(0.0, solution[column]) * external.rate * hour_cost * window.months
            before = count
        if any(counts):
            present = [window for window, count in zip(programme.windows, counts, strict=True) if count]
            ready, until = present[0].month, present[-1].month + present[-1].months
            kind = ActionKind.MANAGED if external.kind == "managed" else ActionKind.CONTRACT
            title = external.title if max(counts) == 1 else f"{max(counts)} × {external.title}"
            start = ready - external.lead_months
            actions.append(Action(kind, external.id, title, start, ready, cost, until, count=max(counts)))
    return actions


def _cause(external: External) -> Cause:
    return Cause.MANAGED if external.kind == "managed" else Cause.CONTRACTS


def _simplifications(programme: Programme, solution: Solution, ledger: _Ledger) -> list[Action]:
    go_live, months = programme.windows[0].month, programme.service_months
    actions = []
    for each in programme.simplifications:
        if solution[programme.simplified[each.id]] > 0.5:
            per_month = each.hours_per_month * programme.market.hour_cost
            cost = ledger.book(Cause.SIMPLIFICATION, go_live, months, per_month)
            what = f"{each.title} ({each.loss})"
            actions.append(Action(ActionKind.SIMPLIFY, each.id, what, 0, go_live, cost))
    return actions


def _standby(programme: Programme, solution: Solution, ledger: _Ledger) -> None:
    pay = {rota.key: standby_per_seat(rota, programme.market) for rota in programme.demand.rotas}
    for (_, rota_id, number), column in programme.seats.items():
        window = programme.windows[number]
        ledger.book(Cause.ON_CALL, window.month, window.months, pay[rota_id] * max(0.0, solution[column]))


# --- coverage --------------------------------------------------------------------------------------------------


def suppliers_at(programme: Programme, solution: Solution, window: int) -> tuple[Supplier, ...]:
    """Return who can do what in a window of the solution: members as trained, people hired, contracts."""
    found = []
    for member in programme.team.members:
        levels = {skill: member.level(skill) for skill in member.skills}
        for step in programme.steps[member.id]:
            if solution[programme.trained[member.id, step.skill, step.to_level, window]] > 0.5:
                levels[step.skill] = max(levels.get(step.skill, 0), step.to_level)
        found.append(Supplier(member.id, levels))
    for role in programme.roles:
        count = chosen(programme.hired, solution.values, role.id, window)
        found += [Supplier(f"{role.title} (hire {number})", role.skills) for number in range(1, count + 1)]
    for external in programme.externals:
        count = chosen(programme.bought, solution.values, external.id, window)
        if count:
            seats = {rota.id: rota.seats_filled_by(external) * count for rota in programme.demand.rotas}
            found.append(Supplier(external.title, external.skills, external.people * count, False, seats))
    return tuple(found)


def standing(programme: Programme, solution: Solution) -> tuple[tuple[Need, ...], tuple[Rota, ...]]:
    """Return the needs and rotas that are asked for at the end of the plan's changes, as the solution has it."""
    taken = {name for name, column in programme.simplified.items() if solution[column] > 0.5}
    last = len(programme.windows) - 1
    taken |= {each.id for each in programme.externals if chosen(programme.bought, solution.values, each.id, last)}

    stands: Callable[[Need | Rota], bool] = lambda each: (  # noqa: E731
        not (each.dropped_by & taken) and (not each.added_by or each.added_by in taken)
    )
    demand = programme.demand
    return tuple(filter(stands, demand.needs)), tuple(filter(stands, demand.rotas))


def _gaps(
    programme: Programme, solution: Solution, needs: tuple[Need, ...], before: tuple[Supplier, ...]
) -> tuple[Gap, ...]:
    """Return each need with who meets it now, and who does when it is first asked for."""
    there = [suppliers_at(programme, solution, number) for number in range(len(programme.windows))]
    shown = dict.fromkeys([*programme.demand.standing_needs(), *needs])
    gaps = []
    for need in shown:
        suppliers = there[_first_asked(programme, solution, need)]
        able = (each for each in suppliers if each.can(need.skill, need.level) and (each.inside or not need.inside))
        gaps.append(
            Gap(
                need.skill,
                need.level,
                need.people,
                need.critical,
                need.inside,
                need.reason,
                people_at(before, need),
                people_at(suppliers, need),
                tuple(each.id for each in able),
                need in needs,
            )
        )
    return tuple(gaps)


def _first_asked(programme: Programme, solution: Solution, need: Need) -> int:
    """Return the first window in which `need` is asked for: what a service brings with it, when the service comes."""
    if any(each.id == need.added_by for each in programme.externals):
        for number in range(len(programme.windows)):
            if chosen(programme.bought, solution.values, need.added_by, number):
                return number
    return 0
