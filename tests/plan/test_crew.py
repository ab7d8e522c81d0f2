"""The stated team in the plan: its cost, its date, what it cannot run, and what changes when somebody goes."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from plan_cases import API, CERTAIN, EUR, OWNED, RENTED, part, tokens
from small_scenarios import CHAT, CLOUD, ROOM, TOKENS, plan, scenario

from millwright.catalog.catalog import load_catalog
from millwright.errors import InputError
from millwright.finance.cash_flow import cash_flow
from millwright.finance.figures import evaluate
from millwright.people.demand import skill_demand
from millwright.people.figures import figures
from millwright.people.team import Team, assumed_team
from millwright.people.traits import OptionTraits
from millwright.people.ways import market
from millwright.plan.costing import ServingPart, StaffTerms, cost_case
from millwright.plan.crew import Crew, Machines, traits_of
from millwright.plan.model import Kind, Plan, Stage
from millwright.scenario.finance import Staff
from millwright.scenario.model import OnCall

SITES = (ROOM, CLOUD, TOKENS)
NOBODY = StaffTerms(0.0, 0.0, 0.0, "nobody")
MARKET = market(80_000.0, "EUR", 0.9)


@cache
def _one_engineer() -> Plan:
    return plan(scenario(sites=SITES, more="team: {engineers: 1}"))


# --- the team's cost and date -----------------------------------------------------------------------------------


def test_a_stated_team_takes_the_place_of_the_usual_share_of_an_engineer() -> None:
    for option in _one_engineer().options:
        causes = {each.cause for each in option.cost.by_cause}
        assert "staff" not in causes
        assert "own_hours" in causes
        assert option.people.assessed
        of_people = {"own_hours", "training", "contracts", "managed_services", "on_call", "recruiting", "salaries",
                     "simplification"}  # fmt: skip
        spent = sum(each.per_month for each in option.cost.by_cause if each.cause in of_people)
        assert option.people.cost_per_month is not None
        assert option.people.cost_before_go_live is not None
        assert option.people.go_live_month is not None
        served = 48 - option.people.go_live_month
        plain = option.people.cost_per_month * served + option.people.cost_before_go_live
        assert spent * 48 == pytest.approx(plain, rel=0.1)  # inflation on top of today's money
        assert spent * 48 >= plain * 0.999


def test_nothing_is_bought_or_served_before_going_live() -> None:
    for option in plan(scenario(sites=SITES, more="team: {engineers: 1, go_live: 6 months}")).options:
        assert option.people.go_live_month == 6
        before = [month for month in option.cost.cash_flow if month.month < 6]
        after = [month for month in option.cost.cash_flow if month.month > 6]
        if after:
            assert sum(each.cost for each in before) < 6 * max(each.cost for each in after)
        if option.kind is Kind.OWNED:
            assert option.cost.capex.value > 0.0


@pytest.mark.parametrize("terms", [OWNED, RENTED, API], ids=["owned", "rented", "api"])
def test_a_late_start_serves_and_pays_less(terms: object) -> None:
    at_once = part(terms, tokens(months=24))  # type: ignore[arg-type]
    late = replace(at_once, go_live_month=6)

    def case(serving: ServingPart) -> tuple[float, float]:
        found = cost_case("case", EUR, (serving,), NOBODY, CERTAIN)
        return float(evaluate(found).npv_cost), float(np.asarray(found.demand.output_tokens).sum())

    assert case(late)[1] == pytest.approx(case(at_once)[1] * 18 / 24)
    assert case(late)[0] < case(at_once)[0]
    flow = cash_flow(cost_case("case", EUR, (late,), NOBODY, CERTAIN)).total
    assert np.all(flow[..., :6] == 0.0)
    assert np.any(flow[..., 6:8] > 0.0)


def test_the_usual_shares_of_an_engineer_are_what_the_tasks_add_up_to() -> None:
    def fte(traits: OptionTraits) -> float:
        return skill_demand(traits).hours_per_month / figures()["hours_per_fte_month"]

    personal = {"data_classes": frozenset({"personal"})}
    api = fte(OptionTraits(frozenset({"api"}), **personal))  # type: ignore[arg-type]
    cloud = fte(OptionTraits(frozenset({"cloud"}), hosts=2, devices=8, stacks=frozenset({"nvidia"}), **personal))  # type: ignore[arg-type]
    assert Staff().fte_api == pytest.approx(api, rel=0.15)
    assert Staff().fte_cloud == pytest.approx(cloud, rel=0.15)


# --- what a team cannot run -------------------------------------------------------------------------------------


def test_one_engineer_without_help_cannot_run_machines_and_is_told_what_would_mend_it() -> None:
    alone = plan(scenario(sites=SITES, more="team: {engineers: 1, hiring: false, outside: false, go_live: 3 months}"))
    reasons = [reason for each in alone.refused for reason in each.reasons if reason.stage is Stage.PEOPLE]
    assert reasons
    assert not any(option.kind in (Kind.OWNED, Kind.CLOUD) for option in alone.options)
    assert all("critical" in reason.summary for reason in reasons)
    assert all("hiring is ruled out" in reason.text for reason in reasons)
    assert any("look again without `hiring: false` and `outside: false`" in reason.text for reason in reasons)


def test_people_may_have_a_budget() -> None:
    made = plan(scenario(sites=SITES, more="team: {engineers: 1, budget: 10 EUR}"))
    assert not made.options
    stages = {reason.stage for each in made.refused for reason in each.reasons}
    assert Stage.PEOPLE in stages


def test_owned_machines_cost_one_engineer_more_in_people_than_tokens_do() -> None:
    monthly = {option.kind: option.people.cost_per_month or 0.0 for option in reversed(_one_engineer().options)}
    assert monthly[Kind.OWNED] > 2.0 * monthly[Kind.API]
    assert monthly[Kind.CLOUD] > 2.0 * monthly[Kind.API]


def test_removing_a_person_changes_the_plan() -> None:
    team = assumed_team(2)
    traits = OptionTraits(frozenset({"cloud"}), hosts=2, devices=4, stacks=frozenset({"nvidia"}), multi_gpu=True)
    crew = Crew(team, MARKET, go_live_month=6, service_months=36)
    both, alone = crew.plan(traits), replace(crew, team=Team(team.members[:1], assumed=True)).plan(traits)
    assert both.feasible
    assert alone.feasible
    assert alone.total_cost > both.total_cost
    assert {each.who for each in alone.actions} != {each.who for each in both.actions}


def test_earlier_is_never_cheaper() -> None:
    traits = OptionTraits(frozenset({"api"}))
    crew = Crew(assumed_team(1), MARKET, go_live_month=6, service_months=36)
    earliest = crew.earliest(traits)
    assert earliest is not None
    assert earliest.go_live_month < 6
    assert earliest.total_cost >= crew.plan(traits).total_cost * 0.98


def test_where_nobody_says_by_when_it_is_live_as_soon_as_that_costs_little_more() -> None:
    options = _one_engineer().options
    months = {option.kind: option.people.go_live_month or 0 for option in reversed(options)}
    assert months[Kind.API] < 6
    asked = plan(scenario(sites=SITES, more="team: {engineers: 1, go_live: 5 months}"))
    assert {option.people.go_live_month for option in asked.options} == {5}


# --- what people are asked --------------------------------------------------------------------------------------


def test_like_numbers_of_machines_share_a_plan() -> None:
    def traits(hosts: int) -> OptionTraits:
        loaded = scenario(sites=SITES)
        machines = Machines("owned", "room", "chat", hosts, hosts * 8, "h100-sxm", "vllm", 8, True)
        return traits_of([machines], loaded.scenario, load_catalog())

    assert traits(13) == traits(16)
    assert traits(2) != traits(3)
    assert traits(3).kubernetes
    assert traits(2).on_call == OnCall.BUSINESS_HOURS


def test_members_may_stand_in_the_scenario_itself() -> None:
    members = "[{id: ops-1, hours_per_month: 80, skills: {linux-admin: 4 assessed}}, {id: ops-2}]"
    made = plan(scenario(workloads=CHAT, sites=(TOKENS,), more=f"team: {{members: {members}}}"))
    assert made.options[0].people.assessed
    with pytest.raises(InputError, match=r"scenario\.yaml:\d+.*no skill 'linux'") as fault:
        plan(scenario(sites=(TOKENS,), more="team: {members: [{id: a, skills: {linux: 3}}]}"))
    assert "linux-admin" in str(fault.value)


def test_an_unknown_simplification_is_named() -> None:
    with pytest.raises(InputError, match=r"team\.allow.*no simplification 'sleep'"):
        plan(scenario(sites=(TOKENS,), more="team: {engineers: 1, allow: [sleep]}"))
