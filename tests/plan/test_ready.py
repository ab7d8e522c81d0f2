"""Readiness in the plan: what an answer rules out is refused, what is open is a condition; every option has an exit."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_scenarios import CATALOG, CHAT, CLOUD, HALL, ROOM, TOKENS, plan, scenario

from millwright.plan.model import Kind, Plan, Stage
from millwright.plan.ready import assessment_of
from millwright.scenario.faults import ScenarioError
from millwright.scenario.load import LoadedScenario, read_scenario

ROOMLESS = """
means: {hours_per_month: 40}
answers:
  compute-room: 0
  operations-spending: 0
  talent-servers: 2
  compute-budget: 2
"""


def _with_answers(folder: Path, answers: str, sites: tuple[str, ...] = (ROOM, HALL, CLOUD, TOKENS)) -> LoadedScenario:
    (folder / "answers.yaml").write_text(answers)
    return read_scenario(_text(sites), folder / "scenario.yaml", CATALOG)


def _text(sites: tuple[str, ...]) -> str:
    return scenario(CHAT, sites).source_text + "readiness: answers.yaml\n"


@pytest.fixture(scope="module")
def roomless(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    return plan(_with_answers(tmp_path_factory.mktemp("roomless"), ROOMLESS))


def test_what_an_answer_rules_out_is_refused_with_what_is_needed(roomless: Plan) -> None:
    assert not [option for option in roomless.options if option.kind is Kind.OWNED]
    assert {option.kind for option in roomless.options} >= {Kind.COLO, Kind.CLOUD, Kind.API}
    reasons = [each for refused in roomless.refused for each in refused.reasons if each.stage is Stage.READINESS]
    assert reasons
    assert all("room with power" in each.summary and "compute-room" in each.text for each in reasons)


def test_what_is_open_is_a_condition_of_the_options_that_ask_for_it(roomless: Plan) -> None:
    for option in roomless.options:
        conditions = {each.id: each for each in option.conditions}
        assert ("spending" in conditions) == (option.kind in (Kind.CLOUD, Kind.API))
        assert conditions["purpose-written"].state == "unknown"
        assert all(each.effect == "qualify" for each in option.conditions)


def test_the_plan_carries_scores_and_dated_actions_in_its_currency(roomless: Plan) -> None:
    ready = roomless.readiness
    assert ready is not None
    assert len(ready.axes) == 6
    assert ready.cost.unit == roomless.header.currency
    assert ready.actions[0].start == "2026-11-21"
    assert any("spending" in each.conditions for each in ready.actions)
    assert ready.unknown == 56
    assert ready.narrow_next


def test_every_option_has_a_way_out_whose_causes_add_up(roomless: Plan) -> None:
    for option in roomless.options:
        assert option.exit is not None
        assert sum(each.cost.high for each in option.exit.causes) == pytest.approx(option.exit.cost.high)
        assert ("machines" in {each.cause for each in option.exit.causes}) == (option.kind in (Kind.OWNED, Kind.COLO))
        assert bool(option.exit.unknown) == (option.kind is Kind.API), "no provider's form of API is in the catalogue"


def test_a_site_may_tell_the_form_of_its_api() -> None:
    told = TOKENS.replace("providers: [groq, deepinfra, nebius]", "providers: [groq], openai_compatible: true")
    (option, *_) = plan(scenario(sites=(told,))).options
    assert option.exit is not None
    assert option.exit.unknown == ()


def test_a_reserved_term_makes_leaving_dearer_and_slower() -> None:
    free = plan(scenario(sites=(CLOUD,)))
    bound = plan(scenario(sites=(CLOUD.replace("}", ", commitment: reserved-1y}"),)))
    ids = {option.id: option for option in free.options}
    shared = [option for option in bound.options if option.id in ids]
    for option in shared:
        before, after = ids[option.id].exit, option.exit
        assert before is not None
        assert after is not None
        assert after.months.high == 12.0 > before.months.high or before.months.high >= 12.0


def test_no_answers_no_readiness() -> None:
    made = plan(scenario(sites=(TOKENS,)))
    assert made.readiness is None
    assert all(option.conditions == () for option in made.options)


def test_a_fault_in_the_answers_names_their_file_and_line(tmp_path: Path) -> None:
    loaded = _with_answers(tmp_path, "answers:\n  data-ownr: 1\n")
    with pytest.raises(ScenarioError, match=r"answers\.yaml:2"):
        assessment_of(loaded)


def test_answers_that_are_not_there_are_a_fault_of_the_scenario(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"readiness.*no such file"):
        read_scenario(_text((TOKENS,)), tmp_path / "scenario.yaml", CATALOG)
