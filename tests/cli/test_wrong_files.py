"""Every command that reads a file says in one paragraph what is wrong with the one it was given."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from typer.testing import CliRunner

from millwright.cli.main import app
from millwright.errors import InputError

READERS = {
    "plan": ("plan", "FILE"),
    "check": ("check", "FILE"),
    "people": ("people", "FILE"),
    "sweep": ("sweep", "FILE", "--out", "OUT"),
    "cost": ("cost", "FILE"),
    "bill": ("cost", "preset:lenovo-2026", "--bill", "FILE"),
    "open": ("open", "FILE"),
    "assess": ("assess", "FILE"),
    "inventory": ("inventory", "--from", "FILE"),
    "predict": ("predict", "FILE", "--out", "OUT.csv"),
    "validate": ("validate", "FILE"),
    "calibrate": ("calibrate", "FILE"),
    "calibration": ("predict", "POINTS", "--out", "OUT.csv", "--calibration", "FILE"),
}
FOLDERS_ARE_READ = {"open"}


def refused(command: str, file: Path, tmp_path: Path) -> str:
    """Return what a command says of a file that it cannot use."""
    points = tmp_path / "points.csv"
    points.write_text("model,accelerator\nllama-3.1-8b,h100-sxm\n", encoding="utf-8")
    known = {"FILE": file, "OUT": tmp_path / "out", "OUT.csv": tmp_path / "out.csv", "POINTS": points}
    arguments = [str(known.get(each, each)) for each in READERS[command]]
    found = CliRunner().invoke(app, arguments)
    assert isinstance(found.exception, InputError), found.output
    said = str(found.exception)
    assert str(file) in said
    assert "os error" not in said
    assert "codec" not in said
    return said


@pytest.mark.parametrize("command", READERS)
def test_a_file_that_is_not_there(command: str, tmp_path: Path) -> None:
    said = refused(command, tmp_path / "nothing.yaml", tmp_path)
    assert "there is no such file. Give the path of " in said


@pytest.mark.parametrize("command", sorted(READERS.keys() - FOLDERS_ARE_READ))
def test_a_folder_in_place_of_a_file(command: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    assert "this is a folder, not a file" in refused(command, tmp_path / "folder", tmp_path)


@pytest.mark.parametrize("command", READERS)
@pytest.mark.parametrize("content", [b"", b"\x00\x89PNG\xff\xfe\x80" * 50], ids=["empty", "bytes"])
def test_a_file_without_a_word_in_it(command: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / "wrong.yaml").write_bytes(content)
    refused(command, tmp_path / "wrong.yaml", tmp_path)


def test_data_of_bytes_or_of_nothing_is_not_profiled(tmp_path: Path) -> None:
    wrong = {"no text but bytes": b"\x00\x01" * 99, "no text but a PDF": b"%PDF-1.7", "not one record": b""}
    for said, content in wrong.items():
        (tmp_path / "data.txt").write_bytes(content)
        found = CliRunner().invoke(app, ["data", str(tmp_path / "data.txt")])
        assert isinstance(found.exception, InputError)
        assert said in str(found.exception)


@pytest.mark.parametrize("command", ["plan", "data", "simulate"])
def test_a_seed_below_0_is_refused_by_its_option(command: str, tmp_path: Path) -> None:
    needed = {"plan": ["x.yaml"], "data": ["x.txt"], "simulate": ["--model", "llama-3.1-8b", "--device", "h100-sxm"]}
    found = CliRunner().invoke(app, [command, *needed[command], "--seed", "-1"])
    assert found.exit_code == 2
    assert "--seed" in found.output


def test_a_scenario_may_come_through_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "scenario.yaml"
    os.mkfifo(pipe)
    text = "workloads: [{name: a, model: llama-3.3-7b, traffic: {rate: 1 /s}}]\norganisation: {country: DE}\n"
    writer = threading.Thread(target=pipe.write_text, args=(text,))
    writer.start()
    found = CliRunner().invoke(app, ["check", str(pipe)])
    writer.join()
    assert "no model is called 'llama-3.3-7b'" in str(found.exception)
