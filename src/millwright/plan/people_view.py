"""Who must run an option, as published: the plan of people where a team is stated, a rough FTE otherwise."""

from __future__ import annotations

from millwright.people.bus_factor import BusFactor
from millwright.people.learning import learning_paths
from millwright.people.plan import Action, ActionKind, PeoplePlan
from millwright.people.skill import load_skills
from millwright.plan.costing import CrewTerms, StaffTerms
from millwright.plan.crew import Crew
from millwright.plan.model import EstimateValue, Kind
from millwright.plan.option_model import EarlierStart, LearningPath, People, PeopleAction, PersonLost, SkillGap
from millwright.plan.priced import PricedOption
from millwright.plan.terms import ROTA_PEOPLE
from millwright.quantity import Basis
from millwright.scenario.model import OnCall, Scenario


def published_people(option: PricedOption, scenario: Scenario, crew: Crew | None = None) -> People:
    """Return who must run `option`; with a `crew` also how early it could be live, and at what cost."""
    if isinstance(option.staff, CrewTerms):
        return _planned(option.staff, crew)
    return _rough(option, option.staff, scenario)


def _rough(option: PricedOption, staff: StaffTerms, scenario: Scenario) -> People:
    fte = max(staff.fte, staff.on_call_floor_fte)
    notes = [
        f"One full-time engineer costs {staff.cost_per_fte_y:,.0f} {option.currency.code} a year ({staff.source}).",
        "No team is stated, so a usual share of an engineer is counted; `team` in the scenario holds it against yours.",
    ]
    if option.kind is not Kind.API and scenario.finance.staff.on_call is OnCall.ALWAYS:
        notes.append(f"Around the clock takes a rota of {ROTA_PEOPLE} people; a fifth of each one's time is counted.")
    return People(fte=_about(fte), notes=tuple(notes))


def _planned(staff: CrewTerms, crew: Crew | None) -> People:
    plan = staff.plan
    notes = [f"One full-time engineer costs {staff.cost_per_fte_y:,.0f} {plan.currency} a year."]
    if crew is not None and crew.team.assumed:
        count = len(crew.team.members)
        who = "one generalist" if count == 1 else f"{count} generalists"
        hours = sum(member.hours_per_month for member in crew.team.members)
        notes.append(f"The team is taken to be {who} with {hours:,.0f} h a month in all; `team: {{file: …}}` says who.")
    return People(
        fte=_about(staff.fte),
        notes=tuple(notes),
        assessed=True,
        go_live_month=plan.go_live_month,
        earlier=None if crew is None else _earlier(staff, crew),
        cost_per_month=plan.service_cost_per_month,
        cost_before_go_live=plan.cost_before_go_live,
        chance_in_time=plan.chance_in_time,
        trainings_late=plan.expected_late,
        bus_factor_now=plan.bus_factor_before.value,
        bus_factor_planned=plan.bus_factor_after.value,
        weakest=tuple(load_skills()[skill].title for skill in plan.bus_factor_after.weakest),
        gaps=_gaps(plan),
        actions=tuple(_action(each) for each in plan.actions if each.kind not in (ActionKind.TRAIN, ActionKind.PROVE)),
        learning=tuple(
            LearningPath(
                member=path.member,
                hours=path.hours,
                ready_month=max(step.ready_month for step in path.steps),
                steps=tuple(f"{load_skills()[step.skill].title} {step.to_level}" for step in path.steps),
            )
            for path in learning_paths(plan)
        ),
        losses=_losses(plan.bus_factor_after),
    )


def _about(fte: float) -> EstimateValue:
    return EstimateValue(value=fte, low=fte * 0.7, high=fte * 1.5, unit="FTE", basis=Basis.ASSUMED)


def _earlier(staff: CrewTerms, crew: Crew) -> EarlierStart | None:
    """Return the first month in which people could run it, where that is before the month planned for."""
    plan = crew.earliest(staff.traits, staff.plan.go_live_month)
    if plan is None or plan.go_live_month >= staff.plan.go_live_month:
        return None
    more = max(plan.service_cost_per_month - staff.plan.service_cost_per_month, 0.0)
    return EarlierStart(month=plan.go_live_month, more_per_month=more, cost_before_go_live=plan.cost_before_go_live)


def _gaps(plan: PeoplePlan) -> tuple[SkillGap, ...]:
    return tuple(
        SkillGap(
            skill=gap.skill,
            title=load_skills()[gap.skill].title,
            level=gap.level,
            people=gap.people,
            have_now=gap.have_now,
            have_at_go_live=gap.have_at_go_live,
            critical=gap.critical,
            inside=gap.inside,
            by=gap.by,
        )
        for gap in plan.gaps
        if gap.asked and gap.have_now < gap.people
    )


def _action(action: Action) -> PeopleAction:
    return PeopleAction(
        kind=str(action.kind),
        what=action.what,
        start_month=action.start_month,
        ready_month=action.ready_month,
        cost=action.cost,
    )


def _losses(found: BusFactor) -> tuple[PersonLost, ...]:
    titles = load_skills()
    return tuple(
        PersonLost(who=loss.who, gone=tuple(titles[skill].title for skill in loss.gone), rotas=loss.rotas)
        for loss in found.losses
        if loss.gone or loss.rotas
    )
