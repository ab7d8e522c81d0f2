"""How a command ends when its reader goes away, or its user stops it: quietly, and with its own status."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import millwright.plan.make
from millwright.cli.main import app

SCENARIO = """\
name: small
organisation: {country: DE}
workloads:
  - {name: chat, model: llama-3.1-8b, traffic: {rate: 1 /s, input: 500 tokens, output: 100 tokens}}
sites:
  - {name: API, kind: api, providers: [groq]}
"""


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("schema", "plan"), 0),
        (("catalog", "list", "models"), 0),
        (("--help",), 0),
        (("catalog", "show", "nothing"), 2),
    ],
)
def test_a_reader_that_leaves_changes_no_exit_status(arguments: tuple[str, ...], status: int) -> None:
    reader, writer = os.pipe()
    os.close(reader)  # nobody reads, from the first byte on
    command = [sys.executable, "-m", "millwright.cli.main", *arguments]
    ran = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert ran.returncode == status
    assert "Error" not in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_plan_that_is_stopped_leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = tmp_path / "small.yaml"
    scenario.write_text(SCENARIO, encoding="utf-8")
    kept = tmp_path / "kept"
    kept.mkdir()

    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(millwright.plan.make, "make_plan", stopped)
    for out in (tmp_path / "new" / "deep", kept):
        assert CliRunner().invoke(app, ["plan", str(scenario), "--out", str(out)]).exit_code == 130
    assert sorted(tmp_path.iterdir()) == [kept, scenario]


def test_a_plan_of_a_wrong_scenario_leaves_no_folder(tmp_path: Path) -> None:
    scenario = tmp_path / "wrong.yaml"
    scenario.write_text(SCENARIO.replace("DE", "XX"), encoding="utf-8")
    CliRunner().invoke(app, ["plan", str(scenario), "--out", str(tmp_path / "new")])
    assert list(tmp_path.iterdir()) == [scenario]
