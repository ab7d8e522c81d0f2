"""Laws of every plan of people, on random teams and options."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from millwright.people.bus_factor import people_at
from millwright.people.coverage import USUAL, Front, coverage_plan, front
from millwright.people.demand import Demand, skill_demand
from millwright.people.plan import ActionKind, Cause, PeoplePlan
from millwright.people.skill import load_skills
from millwright.people.team import Evidence, Held, Member, Team, assumed_team
from millwright.people.traits import OptionTraits
from millwright.people.ways import Market, market

PRICES = market(85_000.0, "EUR", 1 / 1.15)
TOKENS = OptionTraits(frozenset({"api"}), data_classes=frozenset({"personal"}))
CLOUD = OptionTraits(frozenset({"cloud"}), hosts=2, devices=8, stacks=frozenset({"nvidia"}))
OWNED = OptionTraits(frozenset({"owned"}), hosts=2, devices=8, stacks=frozenset({"nvidia"}))
WARD = OWNED.changed({"hosts": 5, "kubernetes": True, "on_call": "24x7", "data_classes": frozenset({"health"})})

skills = st.dictionaries(
    st.sampled_from(sorted(load_skills().skills)),
    st.builds(Held, st.integers(0, 4), st.sampled_from(Evidence)),
    max_size=12,
)
teams = st.lists(st.tuples(st.sampled_from([0.0, 10.0, 40.0, 80.0]), skills), max_size=2).map(
    lambda drawn: Team(
        tuple(Member(f"m{number}", hours_per_month=hours, skills=held) for number, (hours, held) in enumerate(drawn))
    )
)
options = st.sampled_from([TOKENS, CLOUD, OWNED, OWNED.changed({"air_gapped": True}), WARD])

few = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def quick(demand: Demand, team: Team, prices: Market = PRICES, *, month: int = 6) -> PeoplePlan:
    return coverage_plan(demand, team, prices, go_live_month=month, effort=replace(USUAL, gap=1e-2, nodes=500))


@given(options, teams, st.integers(0, 8))
@example(WARD, Team((Member("m0", hours_per_month=40.0),)), 2)  # a service comes later, with a need of its own
@few
def test_a_feasible_plan_covers_every_need_and_rota_and_keeps_everyones_hours(
    traits: OptionTraits, team: Team, month: int
) -> None:
    demand = skill_demand(traits)
    plan = quick(demand, team, month=month)
    hours = {member.id: member.hours_per_month for member in team.members}
    for member, months in plan.hours.items():
        assert max(months, default=0.0) <= hours[member] + 1e-3
    if not plan.feasible:
        assert plan.uncovered
        assert all(each.missing > 0.0 and each.why for each in plan.uncovered)
        return
    for gap in plan.gaps:
        assert not gap.asked or gap.have_at_go_live >= gap.people, gap
    for need in demand.standing_needs():
        if not need.dropped_by:
            assert people_at(plan.suppliers, need) >= need.people, need
    for rota in demand.rotas:
        if not rota.added_by and not rota.dropped_by:
            assert sum(each.seats(rota) for each in plan.suppliers) >= rota.people
    for lesson in plan.lessons:
        assert lesson.ready_month <= lesson.due_month
        assert lesson.training.months_at_least <= lesson.due_month


@given(options, teams)
@few
def test_costs_by_cause_and_month_add_up_and_none_is_negative(traits: OptionTraits, team: Team) -> None:
    plan = quick(skill_demand(traits), team)
    assert len(plan.cost_per_month) == plan.go_live_month + plan.service_months
    assert sum(plan.cost_per_month) == pytest.approx(plan.total_cost)
    assert all(min(months) >= -1e-9 for months in plan.costs.values())
    by_action = sum(action.cost for action in plan.actions)
    others = sum(sum(plan.costs[cause]) for cause in (Cause.OWN_HOURS, Cause.ON_CALL))
    assert by_action + others == pytest.approx(plan.total_cost, rel=1e-6, abs=1.0)


@given(st.sampled_from([TOKENS, CLOUD, OWNED]), teams, st.integers(0, 2))
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_without_one_person_nothing_becomes_cheaper(traits: OptionTraits, team: Team, who: int) -> None:
    if not team.members:
        return
    demand = skill_demand(traits)
    left = team.without(team.members[who % len(team.members)].id)
    whole, less = quick(demand, team), quick(demand, left)
    assert whole.feasible or not less.feasible
    if less.feasible and whole.feasible:
        assert less.total_cost >= whole.total_cost * (1.0 - max(whole.gap, 1e-2)) - 1e-6


@given(st.sampled_from([TOKENS, CLOUD]), teams)
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_later_is_never_dearer(traits: OptionTraits, team: Team) -> None:
    demand = skill_demand(traits)
    plans = [quick(demand, team, month=month) for month in (2, 4, 7)]
    for early, late in pairwise(plans):
        assert late.feasible or not early.feasible
        if early.feasible:
            assert late.total_cost <= early.total_cost * (1.0 + 2e-2) + 1e-6


TEAM = Team((*assumed_team(1).members, Member("second", hours_per_month=40.0, skills={"containers": Held(2)})))


@pytest.fixture(scope="module")
def line() -> Front:
    return front(skill_demand(OWNED), TEAM, PRICES, latest_month=8)


def test_the_earliest_plan_within_a_budget_keeps_it_and_no_earlier_plan_does(line: Front) -> None:
    demand = skill_demand(OWNED)
    assert len(line.points) >= 2
    budget = line.points[-1].total_cost * 1.005
    plan = coverage_plan(demand, TEAM, PRICES, budget=budget, latest_month=8)
    assert plan.feasible
    assert plan.total_cost <= budget
    before = coverage_plan(demand, TEAM, PRICES, go_live_month=plan.go_live_month - 1, budget=budget)
    assert not before.feasible
    within = [point.go_live_month for point in line.points if point.total_cost <= budget]
    assert min(within) == plan.go_live_month


def test_the_front_holds_what_is_either_earlier_or_cheaper(line: Front) -> None:
    months = [point.go_live_month for point in line.points]
    costs = [point.total_cost for point in line.points]
    assert months == sorted(set(months))
    assert costs == sorted(set(costs), reverse=True)


def test_a_budget_too_small_says_by_how_much() -> None:
    plan = coverage_plan(skill_demand(OWNED), TEAM, PRICES, go_live_month=6, budget=10_000.0)
    assert not plan.feasible
    assert "more than the budget" in plan.reason
    assert plan.total_cost > 10_000.0


def test_a_month_too_early_names_the_critical_skill_and_every_way_to_it() -> None:
    plan = coverage_plan(skill_demand(OWNED), assumed_team(1), PRICES, go_live_month=0)
    assert not plan.feasible
    engine = next(each for each in plan.uncovered if each.skill == "engine-operation" and each.unit == "people")
    assert engine.critical
    assert engine.missing == 2
    for word in ("training takes 3 months", "productive from month 6", "stands from month 2"):
        assert word in engine.why


def test_with_neither_hires_nor_contracts_one_engineer_cannot_run_own_machines_and_it_says_why() -> None:
    alone = market(85_000.0, "EUR", hiring=False, outside=False)
    plan = coverage_plan(skill_demand(OWNED), assumed_team(1), alone, go_live_month=12)
    assert not plan.feasible
    assert {"engine-operation", "linux-admin", "nvidia-stack"} <= {each.skill for each in plan.uncovered}
    assert any("hiring is ruled out" in each.why and "contracts are ruled out" in each.why for each in plan.uncovered)


def test_a_night_rota_that_nobody_can_fill_is_bought_and_in_an_air_gap_by_people_on_site() -> None:
    team = assumed_team(2)
    remote = coverage_plan(skill_demand(OWNED.changed({"on_call": "24x7"})), team, PRICES, go_live_month=6)
    bought = {action.who for action in remote.actions if action.kind in (ActionKind.CONTRACT, ActionKind.MANAGED)}
    assert bought & {"night-watch", "managed-platform"}
    cut_off = coverage_plan(
        skill_demand(OWNED.changed({"on_call": "24x7", "air_gapped": True})), team, PRICES, go_live_month=6
    )
    sites = {action.who for action in cut_off.actions}
    assert not sites & {"night-watch", "managed-platform"}
    assert "night-watch-on-site" in sites or any(action.kind is ActionKind.HIRE for action in cut_off.actions)


def test_kubernetes_on_few_hosts_is_given_up_when_that_is_cheaper_and_a_promise_only_when_allowed() -> None:
    demand = skill_demand(OWNED.changed({"kubernetes": True, "on_call": "24x7"}))
    plan = coverage_plan(demand, TEAM, PRICES, go_live_month=6)
    taken = {action.who for action in plan.actions if action.kind is ActionKind.SIMPLIFY}
    assert taken == {"plain-containers"}
    less = coverage_plan(demand, TEAM, PRICES, go_live_month=6, allowed=("office-hours",))
    assert "office-hours" in {action.who for action in less.actions}
    assert less.total_cost < plan.total_cost


def test_who_has_the_platform_run_steers_it_with_somebody_of_their_own() -> None:
    team = Team((Member("m", hours_per_month=20.0),))
    demand = replace(skill_demand(WARD), simplifications=())
    plan = coverage_plan(demand, team, PRICES, go_live_month=9)
    assert any(action.kind is ActionKind.MANAGED for action in plan.actions)
    steering = [gap for gap in plan.gaps if gap.skill == "vendor-management" and gap.level == 3]
    assert steering
    assert all(gap.have_at_go_live >= 1 for gap in steering)


def test_more_service_costs_more_and_the_gap_asked_for_is_kept() -> None:
    demand = skill_demand(TOKENS)
    short = coverage_plan(demand, TEAM, PRICES, go_live_month=3, service_months=12)
    long = coverage_plan(demand, TEAM, PRICES, go_live_month=3, service_months=48)
    assert long.total_cost > short.total_cost
    assert short.proven
    assert short.gap <= USUAL.gap + 1e-9
