"""`millwright assess`: scores, gates, roadmap, questions asked in the terminal, and wrong input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from millwright.cli.assess import assess_command
from millwright.errors import InputError
from millwright.readiness.answers_file import load_answers
from millwright.readiness.assessment import Answer, Evidence

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SMALL = str(EXAMPLES / "small-office" / "readiness.yaml")
app = typer.Typer(pretty_exceptions_enable=False)
app.command()(assess_command)


def test_json_holds_scores_gates_and_a_dated_roadmap() -> None:
    ran = CliRunner().invoke(app, [SMALL, "--json", "--start", "2026-12-01"])
    told = json.loads(ran.stdout)
    assert ran.exit_code == 0
    assert [each["axis"] for each in told["axes"]][:2] == ["data", "compute"]
    assert all(0 <= each["score"]["low"] <= each["score"]["high"] <= 100 for each in told["axes"])
    assert told["roadmap"]["actions"][0]["start"] == "2026-12-01"
    assert told["roadmap"]["currency"] == "EUR"
    assert len(told["this_quarter"]) == 3


def test_the_text_tells_the_conditions_and_the_dates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    scenario = str(EXAMPLES / "small-office" / "scenario.yaml")
    text = CliRunner().invoke(app, [SMALL, "--scenario", scenario, "--roadmap", "--start", "2026-12-01"]).stdout
    assert "condition" in text
    assert "haves and have-nots" in text
    assert "2026-12-01" in text
    assert "colo " not in text, "the scenario has no site of that kind"


def test_everything_blocked_is_a_no(tmp_path: Path) -> None:
    path = tmp_path / "answers.yaml"
    path.write_text("answers: {compute-room: 0}\n")
    assert CliRunner().invoke(app, [str(path), "--for", "owned"]).exit_code == 1
    assert CliRunner().invoke(app, [str(path), "--for", "cloud"]).exit_code == 0


def test_asking_writes_each_answer_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    path = tmp_path / "answers.yaml"
    first = CliRunner().invoke(app, [str(path), "--ask"], input="1\n\n7\n2\nregister of May\np\n?\nq\n")
    assert first.exit_code == 0
    assert "'7' is no level" in first.stdout
    answers = load_answers(path).answers
    assert answers == {
        "data-inventory": Answer(1),
        "data-owner": Answer(2, Evidence.DOCUMENTED, "register of May"),
    }
    second = CliRunner().invoke(app, [str(path), "--ask"], input="4\nprofile\nm\n")
    assert second.exit_code == 0
    assert load_answers(path).answers == {**answers, "data-classes": Answer(4, Evidence.MEASURED, "profile")}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["none.yaml"], "no such file"),
        ([SMALL, "--for", "boat"], "no kind 'boat'"),
        ([SMALL, "--budget", "much"], "does not begin with a number"),
    ],
)
def test_wrong_input_is_told(arguments: list[str], told: str) -> None:
    result = CliRunner().invoke(app, arguments)
    assert isinstance(result.exception, InputError)
    assert told in str(result.exception)


def test_the_questions_are_listed() -> None:
    text = CliRunner().invoke(app, ["--questions"]).stdout
    assert text.count("shown by") == 60


def test_the_answers_that_a_scenario_names_are_taken() -> None:
    scenario = str(EXAMPLES / "hospital-chat" / "scenario.yaml")
    told = json.loads(CliRunner().invoke(app, ["--scenario", scenario, "--json"]).stdout)
    assert told["name"] == "hospital chat"
    assert set(told["kinds"]) == {"owned", "cloud", "api"}
