"""`millwright people`: the examples, what happens when one leaves, JSON, and exit status."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from millwright.cli.people import people
from millwright.errors import InputError

REPOSITORY = Path(__file__).resolve().parents[2]
OFFICE = REPOSITORY / "examples" / "small-office" / "scenario.yaml"
HOSPITAL = REPOSITORY / "examples" / "hospital-chat" / "scenario.yaml"
HOSPITAL_TEAM = Path(__file__).resolve().parents[2] / "examples" / "hospital-chat" / "team.csv"

app = typer.Typer(pretty_exceptions_enable=False)
app.command()(people)


def run(*arguments: object) -> Any:
    result = CliRunner().invoke(app, [str(each) for each in arguments])
    if isinstance(result.exception, Exception):
        raise result.exception
    return result


def document(*arguments: object) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(run(*arguments, "--json").stdout)
    return read


def option(read: dict[str, Any], option_id: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in read["options"] if each["id"] == option_id)
    return found


@pytest.fixture(scope="module")
def office() -> dict[str, Any]:
    return document(OFFICE)


def test_a_small_office_is_told_to_buy_tokens_what_to_do_first_and_where_that_would_change(
    office: dict[str, Any],
) -> None:
    advice = office["advice"]
    assert advice["option_id"] == "api"
    assert len(advice["actions"]) == 3
    turns = {turn["option_id"]: turn for turn in advice["turns"]}
    assert turns["owned"]["saving_per_month"] > 1000.0
    assert "a month more for people" in turns["owned"]["sentence"]


def test_an_office_is_told_how_many_more_people_would_do_without_help_from_outside(office: dict[str, Any]) -> None:
    """One engineer more makes two of each critical skill of an own service; tokens ask for no second one."""
    assert option(office, "owned")["further_people_until_in_house"] >= 1
    assert option(office, "api")["further_people_until_in_house"] == 0


def test_own_machines_in_a_small_office_carry_the_true_cost_of_cover(office: dict[str, Any]) -> None:
    """One person cannot be two: the second of each critical skill is bought, and is in the cost."""
    owned, tokens = option(office, "owned")["plan"], option(office, "api")["plan"]
    assert {action["kind"] for action in owned["actions"]} & {"contract", "managed service", "hire"}
    assert sum(owned["costs"]["contracts"]) + sum(owned["costs"]["managed_services"]) > 0.0
    assert owned["total_cost"] > 3.0 * tokens["total_cost"]
    assert owned["bus_factor"]["before"]["value"] == 0


def test_an_office_that_neither_hires_nor_contracts_cannot_own_and_is_told_which_skills_are_missing() -> None:
    read = document(OFFICE, "--no-hiring", "--no-outside", "--option", "owned")
    plan = option(read, "owned")["plan"]
    assert not plan["feasible"]
    assert any(each["skill"] == "linux-admin" and each["critical"] for each in plan["uncovered"])
    assert read["advice"]["option_id"] is None
    assert run(OFFICE, "--no-hiring", "--no-outside", "--option", "owned").exit_code == 1


@pytest.fixture(scope="module")
def ward() -> dict[str, Any]:
    return option(document(HOSPITAL, "--team", HOSPITAL_TEAM, "--hosts", 5, "--option", "owned"), "owned")


def test_a_hospital_gets_gaps_a_plan_a_month_and_a_bus_factor(ward: dict[str, Any]) -> None:
    plan = ward["plan"]
    assert plan["feasible"]
    assert plan["go_live_month"] == 6
    assert ward["demand"]["rota_people"] == 5
    gaps = {gap["skill"]: gap for gap in plan["gaps"] if gap["have_now"] < gap["people"]}
    assert {"engine-operation", "nvidia-stack", "kubernetes"} <= gaps.keys()
    assert plan["bus_factor"]["before"]["value"] == 0
    assert plan["bus_factor"]["after"]["value"] >= 2
    assert len(plan["costs"]["training"]) == plan["go_live_month"] + plan["service_months"]


def test_removing_one_person_changes_the_plan_as_it_should(ward: dict[str, Any]) -> None:
    """The data protection officer alone knows that law: without them it is learnt or bought; nothing gets cheaper."""
    arguments = (HOSPITAL, "--team", HOSPITAL_TEAM, "--hosts", 5, "--option", "owned", "--without", "privacy-1")
    less = option(document(*arguments), "owned")["plan"]
    assert less["total_cost"] > ward["plan"]["total_cost"] * 1.005
    [law] = [gap for gap in less["gaps"] if gap["skill"] == "data-protection"]
    assert law["have_now"] == 0
    assert law["have_at_go_live"] >= 1
    assert "privacy-1" not in law["by"]
    assert all(path["member"] != "privacy-1" for path in less["learning_paths"])


def test_a_budget_alone_gives_the_earliest_plan_within_it() -> None:
    read = document(OFFICE, "--option", "api", "--budget", "200 kEUR")
    plan = option(read, "api")["plan"]
    assert plan["total_cost"] <= 200_000.0
    assert plan["go_live_month"] <= 3


def test_the_front_falls(office: dict[str, Any]) -> None:
    points = option(document(OFFICE, "--option", "api", "--front"), "api")["front"]
    costs = [point["total_cost"] for point in points]
    assert costs == sorted(costs, reverse=True)
    assert option(office, "api")["front"] is None


def test_the_text_names_gaps_actions_and_advice() -> None:
    text = run(OFFICE).stdout
    for words in ("Gaps:", "learns for", "Bus factor now: 0", "Do first:", "assumed: generalists"):
        assert words in text


def test_skills_are_listed_without_a_scenario() -> None:
    text = run("--skills").stdout
    assert "cache-sizing" in text
    assert "predicts preemption" in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--team", "none.csv"), "no such file"),
        (("--without", "nobody"), "no member 'nobody'"),
        (("--option", "moon"), "no option 'moon'"),
        (("--allow", "everything"), "no simplification 'everything'"),
        (("--budget", "lots"), "--budget"),
        (("--plan", "none.json"), "none.json"),
    ],
)
def test_wrong_input_says_what_and_where(arguments: tuple[str, str], words: str) -> None:
    with pytest.raises(InputError, match=re.escape(words)):
        run(OFFICE, *arguments)
