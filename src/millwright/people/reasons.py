"""Why something cannot be covered in time: by every way, what stands against it."""

from __future__ import annotations

from millwright.people.demand import Need, Rota
from millwright.people.model import Solution
from millwright.people.plan import Uncovered
from millwright.people.programme import Programme, WorkGroup
from millwright.people.skill import load_skills
from millwright.people.training import targets_with_prerequisites, trainings

_LEAST_SHORTFALL = 1e-4


def uncovered(programme: Programme, solution: Solution) -> tuple[Uncovered, ...]:
    """Return what falls short in the solution of a lenient programme, each with its reason, the worst first."""
    short: dict[str, tuple[float, int]] = {}
    for (key, number), column in programme.short.items():
        missing = solution[column]
        if missing > _LEAST_SHORTFALL and (key not in short or missing > short[key][0]):
            earlier = short.get(key, (0.0, programme.windows[number].month))[1]
            short[key] = (missing, min(earlier, programme.windows[number].month))
    demand = programme.demand
    found = [
        *(_of_need(programme, need, *short[need.key]) for need in demand.needs if need.key in short),
        *(_of_rota(programme, rota, *short[rota.key]) for rota in demand.rotas if rota.key in short),
        *(_of_work(programme, group, *short[group.key]) for group in programme.groups if group.key in short),
    ]
    return tuple(sorted(found, key=lambda each: (not each.critical, each.from_month, -each.missing)))


def _of_need(programme: Programme, need: Need, missing: float, month: int) -> Uncovered:
    title = load_skills()[need.skill].title
    who = "people of your own" if need.inside else "people"
    what = f"{title} at level {need.level}: {need.people} {who} are asked for, {missing:g} are missing"
    why = f"{need.reason}; {ways_to(programme, need.skill, need.level, need.inside)}"
    return Uncovered(what, need.skill, need.level, missing, "people", month, why, need.critical)


def _of_rota(programme: Programme, rota: Rota, missing: float, month: int) -> Uncovered:
    what = f"a rota of {rota.people}: {missing:g} seats are empty"
    seats = [each for each in programme.externals if rota.seats_filled_by(each)]
    by = "; ".join(f"{each.title}: from month {each.lead_months} on" for each in seats) or "no contract fills a seat"
    return Uncovered(what, "", 0, missing, "seats", month, f"{rota.reason}; {by}", critical=True)


def _of_work(programme: Programme, group: WorkGroup, missing: float, month: int) -> Uncovered:
    title = load_skills()[group.skill].title
    what = f"{missing:.1f} of {group.hours:.1f} h a month of work that takes {title} at level {group.level}"
    why = f"who could do it has no more hours; {ways_to(programme, group.skill, group.level, inside=False)}"
    return Uncovered(what, group.skill, group.level, missing, "h/month", month, why)


def ways_to(programme: Programme, skill: str, level: int, inside: bool) -> str:
    """Return in words how soon each way could bring `level` of `skill`."""
    return "; ".join(
        [
            _by_training(programme, skill, level),
            _by_hiring(programme, skill, level),
            *([] if inside else [_by_contract(programme, skill, level)]),
        ]
    )


def _by_training(programme: Programme, skill: str, level: int) -> str:
    soonest: tuple[int, float, str] | None = None
    for member in programme.team.members:
        if member.hours_per_month <= 0.0:
            continue
        steps = trainings(member, targets_with_prerequisites([(skill, level)]), programme.market)
        hours = sum(step.planned_h for step in steps)
        months = max([-int(-hours // member.hours_per_month), *(step.months_at_least for step in steps)])
        if months and (soonest is None or months < soonest[0]):
            soonest = (months, hours, member.id)
    if soonest is None:
        return "nobody of the team is left to train"
    long = "1 month" if soonest[0] == 1 else f"{soonest[0]} months"
    return f"training takes {long} ({soonest[2]}, {soonest[1]:.0f} h and nothing else beside)"


def _by_hiring(programme: Programme, skill: str, level: int) -> str:
    able = [role for role in programme.roles if role.skills.get(skill, 0) >= level]
    if not programme.roles:
        return "hiring is ruled out"
    if not able:
        return "no role on the list brings it"
    role = min(able, key=lambda each: each.ready_month)
    return f"a hire ({role.title}) is productive from month {role.ready_month} on"


def _by_contract(programme: Programme, skill: str, level: int) -> str:
    able = [each for each in programme.externals if each.skills.get(skill, 0) >= level]
    if not programme.market.outside:
        return "contracts are ruled out"
    if not able:
        return "no contract on the list brings it"
    external = min(able, key=lambda each: each.lead_months)
    return f"a contract ({external.title}) stands from month {external.lead_months} on"
