"""The documents keep their word: what the README and the tutorial tell a newcomer to type works."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
DONE, SOME_NO, SOME_UNKNOWN = 0, 1, 3


def _blocks(document: str, language: str) -> list[str]:
    text = (REPOSITORY / document).read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


def _commands(document: str) -> list[list[str]]:
    lines = [line for block in _blocks(document, "sh") for line in block.splitlines() if line.strip()]
    return [shlex.split(line, comments=True) for line in lines]


def _run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    assert command[0] == "millwright", f"the documents show Millwright's own commands, not {command[0]}"
    arguments = [sys.executable, "-m", "millwright.cli.main", *command[1:]]
    return subprocess.run(arguments, cwd=folder, capture_output=True, text=True, timeout=600, check=False)


@pytest.mark.slow
@pytest.mark.parametrize("command", _commands("README.md"), ids=" ".join)
def test_every_command_of_the_readme_works(command: list[str], tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(REPOSITORY / "examples")
    ran = _run(command, tmp_path)
    assert ran.returncode == DONE, ran.stderr
    assert ran.stdout


def test_the_readme_shows_the_small_office_example() -> None:
    shown = _blocks("README.md", "yaml")[0]
    example = (REPOSITORY / "examples/small-office/scenario.yaml").read_text(encoding="utf-8")
    workload = shown[shown.index("workloads:") :]
    assert workload in example


@pytest.mark.slow
def test_the_tutorial_leads_to_a_plan(tmp_path: Path) -> None:
    first, *rest = _blocks("docs/tutorial.md", "yaml")
    scenario = tmp_path / "clinic.yaml"
    scenario.write_text(first, encoding="utf-8")
    for command in _commands("docs/tutorial.md"):
        ran = _run(command, tmp_path)
        assert ran.returncode in (DONE, SOME_NO, SOME_UNKNOWN), ran.stderr
        assert "Traceback" not in ran.stderr
    assert (tmp_path / "plan/report.html").stat().st_size > 100_000
    scenario.write_text(first + rest[0], encoding="utf-8")
    again = _run(["millwright", "plan", "clinic.yaml", "--json"], tmp_path)
    assert again.returncode == DONE, again.stderr
    assert "server-h100-nvl-2" in again.stdout


def test_every_link_between_documents_leads_somewhere() -> None:
    for document in (REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md", *(REPOSITORY / "docs").glob("*.md")):
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text(encoding="utf-8")):
            assert (document.parent / target).exists(), f"{document.name} links to {target}, which does not exist"
