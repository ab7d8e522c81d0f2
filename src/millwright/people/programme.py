"""The integer program over months: train, hire, contract, hand over, simplify, at least cost.

Service begins in month G and is paid for through S months. What may change does so at the *change points* G, G + 3, …;
between them coverage is constant. Variables, for change point j:

    a[p, i, j]  member p has finished training step i at j          (binary, stays)
    n[r, j]     people of role r hired and productive from j on      (integer, does not fall)
    c[k, j]     units of contract or service k bought from j on      (integer)
    z[m]        simplification m is taken                            (binary)
    w[u, g, j]  hours a month that supplier u works on tasks g       (≥ 0)
    ρ[u, j]     seats on the rota that u takes                       (≥ 0)

Each need of n people at a level:  Σ members who have it + Σ hires + Σ contracts' people ≥ n·(1 − Σ z that end it).
Study fits before the change point, beside the work:
    Σ hours·a[p, i, j] + Σ work before j ≤ hours a month · months until j,
which suffices for a timetable that does first what is due first, since study can be broken off and gone on with.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from millwright.people.demand import Demand, Rota, Work
from millwright.people.figures import figures
from millwright.people.model import Expression, LinearModel
from millwright.people.prices import (
    recruiting_cost,
    retainer_per_month,
    salary_per_month,
    setup_cost,
    standby_per_seat,
    upkeep_factor,
)
from millwright.people.skill import load_skills
from millwright.people.team import Member, Team
from millwright.people.training import Training, targets_with_prerequisites, trainings
from millwright.people.ways import External, Market, Role, Simplification

DEFAULT_CHANGES = (0, 3, 6, 12)
"""Months after going live at which the plan may change."""


@dataclass(frozen=True)
class Window:
    """From `month` on, `months` long: nothing changes within."""

    month: int
    months: int


def windows(go_live_month: int, service_months: int, changes: Sequence[int] = DEFAULT_CHANGES) -> tuple[Window, ...]:
    """Return the windows of service that begin at the change points; raises ValueError where there is no service."""
    if go_live_month < 0 or service_months < 1:
        raise ValueError("going live is in month 0 or later, and service lasts a month or more")
    starts = [go_live_month + each for each in sorted({0, *changes}) if each < service_months]
    ends = [*starts[1:], go_live_month + service_months]
    return tuple(Window(start, end - start) for start, end in zip(starts, ends, strict=True))


_WORK = "work:"


@dataclass(frozen=True)
class WorkGroup:
    """Tasks that the same people can do, and that begin and end together: `hours` a month in all."""

    skill: str
    level: int
    hours: float
    dropped_by: frozenset[str]
    added_by: str

    @property
    def key(self) -> str:
        """The name by which hours missing in the group are known."""
        return f"{_WORK}{self.skill}:{self.level}:{self.added_by}"


@dataclass
class Programme:
    """The linear model, and which column means what.

    Columns are by whom or what they are of, and by window (its place in `windows`). `short` is of a lenient model.
    """

    demand: Demand
    team: Team
    market: Market
    windows: tuple[Window, ...]
    service_months: int
    externals: tuple[External, ...]
    simplifications: tuple[Simplification, ...]
    roles: tuple[Role, ...]
    groups: tuple[WorkGroup, ...]
    model: LinearModel = field(default_factory=LinearModel)
    steps: dict[str, tuple[Training, ...]] = field(default_factory=dict)  # of each member
    trained: dict[tuple[str, str, int, int], int] = field(default_factory=dict)  # member, skill, level, window
    hired: dict[tuple[str, int], int] = field(default_factory=dict)  # role, window
    bought: dict[tuple[str, int], int] = field(default_factory=dict)  # external, window
    simplified: dict[str, int] = field(default_factory=dict)
    worked: dict[tuple[str, int, int], int] = field(default_factory=dict)  # supplier, group, window
    seats: dict[tuple[str, str, int], int] = field(default_factory=dict)  # supplier, rota's key, window
    short: dict[tuple[str, int], int] = field(default_factory=dict)  # key of a need, rota or group, window

    def has(self, member: Member, skill: str, level: int, window: int) -> Expression:
        """Return 0/1 for whether `member` has a level that somebody asks for in a window."""
        if member.level(skill) >= level:
            return Expression(constant=1.0)
        return Expression().add(self.trained[member.id, skill, level, window])


def build(
    demand: Demand,
    team: Team,
    market: Market,
    service: tuple[Window, ...],
    service_months: int,
    allowed: Iterable[str] = (),
    *,
    lenient: bool = False,
) -> Programme:
    """Return the program. `allowed` names simplifications that may be taken beside those that nobody notices.

    `lenient`: every need, hour and seat may fall short, and only that is to be minimised; it tells what cannot be had.
    """
    accepted = frozenset(allowed)
    programme = Programme(
        demand,
        team,
        market,
        service,
        service_months,
        demand.externals if market.outside else (),
        tuple(each for each in demand.simplifications if each.effect == "none" or each.id in accepted),
        market.roles if market.hiring else (),
        grouped(demand.work),
    )
    _hires(programme)
    _contracts(programme)
    _simplifications(programme)
    _training(programme)
    _needs(programme, lenient)
    _rotas(programme, lenient)
    _work(programme, lenient)
    _hours(programme)
    _alike(programme)
    if lenient:
        weights = {column: _weight(key) for (key, _), column in programme.short.items()}
        programme.model.costs = [weights.get(column, 0.0) for column in range(len(programme.model.costs))]
    return programme


HOURS_AS_GRAVE_AS_A_PERSON = 40.0
"""Hours a month that count as much as a missing person when everything cannot be had."""


def _weight(key: str) -> float:
    return 1.0 / HOURS_AS_GRAVE_AS_A_PERSON if key.startswith(_WORK) else 1.0


def grouped(work: Iterable[Work]) -> tuple[WorkGroup, ...]:
    """Return tasks gathered by who can do them and when they end or begin."""
    hours: dict[tuple[str, int, frozenset[str], str], float] = {}
    for each in work:
        key = (each.skill, each.level, each.dropped_by, each.added_by)
        hours[key] = hours.get(key, 0.0) + each.hours_per_month
    return tuple(
        WorkGroup(skill, level, total, dropped, added)
        for (skill, level, dropped, added), total in hours.items()
        if total > 0.0
    )


# --- who may come, and what may change -------------------------------------------------------------------------


def _hires(programme: Programme) -> None:
    model, market, service = programme.model, programme.market, programme.windows
    end = service[0].month + programme.service_months
    for role in programme.roles:
        pay, once = salary_per_month(role, market), recruiting_cost(role, market)
        earlier: int | None = None
        for number, window in enumerate(service):
            most = market.most_hires if window.month >= role.ready_month else 0
            cost = pay * (end - window.month + role.onboarding_months) + once
            column = programme.hired[role.id, number] = model.column(cost, high=most, integer=True)
            if earlier is not None:  # those who come in a window cost its price; who came before stay
                model.costs[earlier] -= cost
                model.at_least(Expression().add(column).add(earlier, -1.0), 0.0)
            earlier = column


def _contracts(programme: Programme) -> None:
    """Write down contracts and services: so many units a window, and what each unit that is new costs to set up."""
    model, market = programme.model, programme.market
    for external in programme.externals:
        monthly, once = retainer_per_month(external, programme.demand, market), setup_cost(external, market)
        before: int | None = None
        for number, window in enumerate(programme.windows):
            most = external.most_units if window.month >= external.lead_months else 0
            column = programme.bought[external.id, number] = model.column(
                monthly * window.months, high=most, integer=True
            )
            newly = Expression().add(model.column(once, high=external.most_units)).add(column, -1.0)
            if before is not None:
                newly.add(before)
            model.at_least(newly, 0.0)
            before = column


def _simplifications(programme: Programme) -> None:
    for each in programme.simplifications:
        cost = each.hours_per_month * programme.market.hour_cost * programme.service_months
        programme.simplified[each.id] = programme.model.column(cost, high=1.0, integer=True)


def _training(programme: Programme) -> None:
    """Write down every step that a member could take towards what is asked for: once taken, it stays."""
    demand, model = programme.demand, programme.model
    asked = {(need.skill, need.level) for need in demand.needs}
    asked |= {(work.skill, work.level) for work in demand.work}
    asked |= {skill for rota in demand.rotas for skill in rota.skills}
    targets = targets_with_prerequisites(asked)
    upkeep = upkeep_factor(programme.service_months)
    last = len(programme.windows) - 1
    for member in programme.team.members:
        steps = programme.steps[member.id] = trainings(member, targets, programme.market)
        for step in steps:
            cost = (step.expected_h * programme.market.hour_cost + step.materials) * upkeep
            for number, window in enumerate(programme.windows):
                possible = window.month >= step.months_at_least
                column = model.column(cost if number == last else 0.0, high=float(possible), integer=True)
                programme.trained[member.id, step.skill, step.to_level, number] = column
                if number:
                    earlier = programme.trained[member.id, step.skill, step.to_level, number - 1]
                    model.at_least(Expression().add(column).add(earlier, -1.0), 0.0)
        for step in steps:
            _comes_after(programme, member, step)


def _comes_after(programme: Programme, member: Member, step: Training) -> None:
    """Ask that the lower step of the skill, and the skills to be had first, are there when `step` is done."""
    wanted = [(step.skill, step.from_level)] if step.from_level > member.level(step.skill) else []
    if step.to_level >= 2:
        wanted += load_skills()[step.skill].after
    for number in range(len(programme.windows)):
        done = programme.trained[member.id, step.skill, step.to_level, number]
        for skill, level in wanted:
            programme.model.at_least(programme.has(member, skill, level, number).add(done, -1.0), 0.0)


# --- what must be covered --------------------------------------------------------------------------------------


def _asked(
    programme: Programme, amount: float, dropped_by: frozenset[str], added_by: str, window: int
) -> Expression | None:
    """Return how much of `amount` is asked for in a window; None where what would bring it may not come."""
    if added_by:
        switch = programme.simplified.get(added_by, programme.bought.get((added_by, window)))
        return None if switch is None else Expression().add(switch, amount)
    asked = Expression(constant=amount)
    for name in dropped_by & programme.simplified.keys():
        asked.add(programme.simplified[name], -amount)
    return asked


def _ask(programme: Programme, have: Expression, asked: Expression, key: tuple[str, int], lenient: bool) -> None:
    """Ask that there is as much as is asked for; a lenient model may fall short of it, by the column of `key`."""
    row = Expression().plus(have).plus(asked, -1.0)
    if lenient:
        if key not in programme.short:
            programme.short[key] = programme.model.column()
        row.add(programme.short[key])
    programme.model.at_least(row, 0.0)


def _needs(programme: Programme, lenient: bool) -> None:
    for number in range(len(programme.windows)):
        for need in programme.demand.needs:
            asked = _asked(programme, need.people, need.dropped_by, need.added_by, number)
            if asked is not None:
                have = people_with(programme, need.skill, need.level, number, inside=need.inside)
                _ask(programme, have, asked, (need.key, number), lenient)


def people_with(programme: Programme, skill: str, level: int, window: int, *, inside: bool = False) -> Expression:
    """Return how many people have a level in a window; `inside`: on the payroll only."""
    count = Expression()
    for member in programme.team.members:
        count.plus(programme.has(member, skill, level, window))
    for role in programme.roles:
        if role.skills.get(skill, 0) >= level:
            count.add(programme.hired[role.id, window])
    for external in () if inside else programme.externals:
        if external.skills.get(skill, 0) >= level:
            count.add(programme.bought[external.id, window], external.people)
    return count


def _rotas(programme: Programme, lenient: bool) -> None:
    for rota in programme.demand.rotas:
        for number in range(len(programme.windows)):
            asked = _asked(programme, rota.people, rota.dropped_by, rota.added_by, number)
            if asked is not None:
                _ask(programme, _seats_taken(programme, rota, number), asked, (rota.key, number), lenient)


def _seats_taken(programme: Programme, rota: Rota, window: int) -> Expression:
    """Return the seats of a rota that are taken in a window: a member's while able, as many as hired, as bought."""
    model = programme.model
    pay = standby_per_seat(rota, programme.market) * programme.windows[window].months
    taken = Expression()
    for member in programme.team.members:
        seat = programme.seats[member.id, rota.key, window] = model.column(pay, high=1.0)
        for skill, level in rota.skills:
            model.at_least(programme.has(member, skill, level, window).add(seat, -1.0), 0.0)
        taken.add(seat)
    for role in programme.roles:
        if all(role.skills.get(skill, 0) >= level for skill, level in rota.skills):
            seat = programme.seats[role.id, rota.key, window] = model.column(pay)
            model.at_least(Expression().add(programme.hired[role.id, window]).add(seat, -1.0), 0.0)
            taken.add(seat)
    for external in programme.externals:
        if filled := rota.seats_filled_by(external):
            taken.add(programme.bought[external.id, window], filled)
    return taken


def _work(programme: Programme, lenient: bool) -> None:
    for index, group in enumerate(programme.groups):
        for number in range(len(programme.windows)):
            asked = _asked(programme, group.hours, group.dropped_by, group.added_by, number)
            if asked is not None:
                _ask(programme, _hours_worked(programme, index, number), asked, (group.key, number), lenient)


def _hours_worked(programme: Programme, index: int, window: int) -> Expression:
    """Return the hours a month worked on a group of tasks in a window, by those who can; a hire's are in the salary."""
    group, model = programme.groups[index], programme.model
    own_hour, months = programme.market.hour_cost, programme.windows[window].months
    done = Expression()
    for member in programme.team.members:
        column = programme.worked[member.id, index, window] = model.column(own_hour * months, high=group.hours)
        able = programme.has(member, group.skill, group.level, window)
        if able.terms:
            model.at_least(Expression().plus(able, group.hours).add(column, -1.0), 0.0)
        done.add(column)
    for role in programme.roles:
        if role.skills.get(group.skill, 0) >= group.level:
            column = programme.worked[role.id, index, window] = model.column(high=group.hours)
            done.add(column)
    for external in programme.externals:
        if external.skills.get(group.skill, 0) >= group.level:
            cost = external.rate * own_hour * months
            column = programme.worked[external.id, index, window] = model.column(cost, high=group.hours)
            done.add(column)
    return done


# --- hours -----------------------------------------------------------------------------------------------------


def _hours(programme: Programme) -> None:
    """Keep everyone's hours: of a month, and of study beside the work until each change point."""
    model = programme.model
    per_seat = figures()["rota_hours_per_seat"]
    full_time = figures()["hours_per_fte_month"]
    for member in programme.team.members:
        before = Expression()
        for number, window in enumerate(programme.windows):
            study = Expression()
            for step in programme.steps[member.id]:
                study.add(programme.trained[member.id, step.skill, step.to_level, number], step.planned_h)
            if study.terms:
                model.at_most(study.plus(before), member.hours_per_month * window.month)
            month = _hours_of(programme, member.id, number, per_seat)
            if month.terms:
                model.at_most(month, member.hours_per_month)
            before.plus(month, window.months)
    for role in programme.roles:
        for number in range(len(programme.windows)):
            month = _hours_of(programme, role.id, number, per_seat)
            if month.terms:
                model.at_most(month.add(programme.hired[role.id, number], -full_time), 0.0)
    for external in programme.externals:
        for number in range(len(programme.windows)):
            month = _hours_of(programme, external.id, number, 0.0)
            if month.terms:
                model.at_most(month.add(programme.bought[external.id, number], -external.most_hours), 0.0)


def _hours_of(programme: Programme, supplier: str, window: int, per_seat: float) -> Expression:
    """Return the hours a month that a supplier works in a window, `per_seat` on a rota that stands by included."""
    hours = Expression()
    for index in range(len(programme.groups)):
        column = programme.worked.get((supplier, index, window))
        if column is not None:
            hours.add(column)
    for rota in programme.demand.rotas:
        seat = programme.seats.get((supplier, rota.key, window))
        if seat is not None and rota.standby_hours_per_month > 0.0:
            hours.add(seat, per_seat)
    return hours


def _alike(programme: Programme) -> None:
    """Of members who are alike the first studies most: spares the solver the same plan under other names."""
    seen: dict[tuple[float, frozenset[tuple[str, int, str]]], Member] = {}
    last = len(programme.windows) - 1
    for member in programme.team.members:
        skills = frozenset((skill, held.level, str(held.evidence)) for skill, held in member.skills.items())
        key = (member.hours_per_month, skills)
        if key in seen:
            order = Expression()
            for person, sign in ((seen[key], 1.0), (member, -1.0)):
                for step in programme.steps[person.id]:
                    column = programme.trained[person.id, step.skill, step.to_level, last]
                    order.add(column, sign * step.planned_h)
            if order.terms:
                programme.model.at_least(order, 0.0)
        seen[key] = member


def chosen(columns: Mapping[tuple[str, int], int], values: Sequence[float], name: str, window: int) -> int:
    """Return how many of `name` there are in a window of a solution."""
    column = columns.get((name, window))
    return 0 if column is None else round(values[column])
