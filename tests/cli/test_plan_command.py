"""`millwright plan`: what it prints, what it writes, and how it leaves."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from millwright.cli import plan as plan_command
from millwright.cli.exits import EXIT_INPUT
from millwright.cli.main import app

SMALL = """\
name: small
organisation: {country: DE, currency: EUR}
workloads:
  - {name: chat, model: llama-3.1-8b, traffic: {rate: 1 /s, input: 500 tokens, output: 100 tokens}}
sites:
  - {name: room, kind: owned, hosts: [server-l4-1]}
  - {name: cloud, kind: cloud, providers: [scaleway]}
  - {name: API, kind: api, providers: [groq]}
"""

NEVER = SMALL.replace("traffic:", "slo: {ttft: 1 ms}, traffic:").replace(
    "  - {name: API, kind: api, providers: [groq]}\n", ""
)


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("scenario") / "small.yaml"
    path.write_text(SMALL, encoding="utf-8")
    return path


def test_json_is_all_that_stdout_holds(scenario: Path) -> None:
    ran = CliRunner().invoke(app, ["plan", str(scenario), "--json", "--as-of", "2026-11-21"])
    assert ran.exit_code == 0
    plan = json.loads(ran.stdout)
    assert plan["header"]["created"] == "2026-11-21"
    assert {option["kind"] for option in plan["options"]} >= {"owned", "api"}


def test_the_same_call_gives_the_same_plan(scenario: Path) -> None:
    arguments = ["plan", str(scenario), "--json", "--as-of", "2026-11-21", "--seed", "3"]
    first, second = (json.loads(CliRunner().invoke(app, arguments).stdout) for _ in range(2))
    assert {**first, "timings": []} == {**second, "timings": []}


def test_out_holds_the_plan_and_its_views(scenario: Path, tmp_path: Path) -> None:
    ran = CliRunner().invoke(app, ["plan", str(scenario), "--out", str(tmp_path / "out")])
    assert ran.exit_code == 0
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written == {"plan.json", "plan.md", "plan.xlsx", "report.html", "brief.pdf"}


def test_without_the_extra_the_plan_is_still_written(
    scenario: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_command, "_PAPER", ("a_package_that_nobody_has",))
    ran = CliRunner().invoke(app, ["plan", str(scenario), "--out", str(tmp_path)])
    assert ran.exit_code == 0
    assert {path.name for path in tmp_path.iterdir()} == {"plan.json", "plan.md", "plan.xlsx"}
    assert "millwright[paper]" in ran.stderr


def test_nothing_feasible_is_an_answer_and_leaves_with_1(tmp_path: Path) -> None:
    path = tmp_path / "never.yaml"
    path.write_text(NEVER, encoding="utf-8")
    ran = CliRunner().invoke(app, ["plan", str(path), "--json"])
    assert ran.exit_code == 1
    plan = json.loads(ran.stdout)
    assert plan["answer"]["decision"] == "no feasible option"
    assert all(refused["reasons"] for refused in plan["refused"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["plan", "nowhere.yaml"], "nowhere.yaml: there is no such file"),
        (["plan", "nowhere.yaml", "--devices", "nothing.json"], "nothing.json"),
        (["plan", "wrong.yaml"], "wrong.yaml:1:1: "),
    ],
    ids=["no file", "no devices", "not a scenario"],
)
def test_wrong_input_is_one_paragraph_and_status_2(arguments: list[str], said: str, tmp_path: Path) -> None:
    (tmp_path / "wrong.yaml").write_text("- a list\n", encoding="utf-8")
    command = [sys.executable, "-m", "millwright.cli.main", *arguments]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == EXIT_INPUT
    assert ran.stdout == ""
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_folder_that_cannot_be_made_is_refused_before_the_work(scenario: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "millwright.cli.main",
        "plan",
        str(scenario),
        "--out",
        str(tmp_path / "file" / "x"),
    ]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == EXIT_INPUT
    assert "cannot be made" in ran.stderr
