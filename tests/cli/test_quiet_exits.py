"""How a command ends when its reader goes away, its disk is full, or its user stops it."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import millwright.cli.main
import millwright.plan.make
from millwright.cli.exits import EXIT_INPUT
from millwright.cli.main import app, main

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


FULL = Path("/dev/full")
"""A device of Linux that takes nothing: every write says that there is no space left."""

SIMULATION = (
    "simulate", "--model", "llama-3.1-8b", "--device", "h100-sxm", "--tp", "1", "--precision", "bf16",
    "--engine", "vllm", "--rate", "1", "--input", "100", "--output", "10", "--requests", "20",
)  # fmt: skip


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("schema", "plan"), SIMULATION], ids=lambda a: a[0])
def test_a_full_disk_is_told_in_one_paragraph(arguments: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "millwright.cli.main", *arguments]
    with FULL.open("w") as full:
        ran = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert ran.returncode == EXIT_INPUT
    assert ran.stderr.startswith("stdout: what is printed cannot be written: No space left on device.")
    assert ran.stderr.count("\n") == 1


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
def test_a_full_disk_below_the_error_stream_changes_no_exit_status() -> None:
    with FULL.open("w") as full:
        for arguments, status in ((("--version",), 0), (("catalog", "show", "nothing"), EXIT_INPUT)):
            command = [sys.executable, "-m", "millwright.cli.main", *arguments]
            assert subprocess.run(command, stdout=subprocess.DEVNULL, stderr=full, check=False).returncode == status


@pytest.mark.parametrize(("arguments", "status"), [(("--version",), 0), (("catalog", "show", "nothing"), EXIT_INPUT)])
def test_streams_that_a_service_closed_change_no_exit_status(arguments: tuple[str, ...], status: int) -> None:
    program = "import os, runpy, sys; sys.argv = ['millwright', *sys.argv[1:]]; sys.stdout = sys.stderr = None; "
    program += "runpy.run_module('millwright.cli.main', run_name='__main__')"
    assert subprocess.run([sys.executable, "-c", program, *arguments], check=False).returncode == status


def test_an_error_of_the_system_is_told_by_file_and_reason(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails() -> None:
        raise OSError(errno.EMFILE, "Too many open files", "prices.json")

    monkeypatch.setattr(millwright.cli.main, "app", fails)
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == EXIT_INPUT
    assert capsys.readouterr().err == "prices.json: Too many open files\n"


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


def test_a_plan_that_is_stopped_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    scenario = tmp_path / "small.yaml"
    scenario.write_text(SCENARIO, encoding="utf-8")

    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(millwright.plan.make, "make_plan", stopped)
    monkeypatch.setattr(sys, "argv", ["millwright", "plan", str(scenario)])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 130
    assert capsys.readouterr().err.endswith("Stopped. Nothing half-written was left behind.\n")


def test_a_plan_of_a_wrong_scenario_leaves_no_folder(tmp_path: Path) -> None:
    scenario = tmp_path / "wrong.yaml"
    scenario.write_text(SCENARIO.replace("DE", "XX"), encoding="utf-8")
    CliRunner().invoke(app, ["plan", str(scenario), "--out", str(tmp_path / "new")])
    assert list(tmp_path.iterdir()) == [scenario]


def test_the_package_itself_is_the_command() -> None:
    command = [sys.executable, "-m", "millwright", "--version"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0
    assert ran.stdout.startswith("millwright")
