"""A sweep's file becomes cells, and every fault in it is told with its line before any work."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from sweep_sample import write_sweep

from millwright.errors import InputError
from millwright.scenario.load import read_scenario
from millwright.sweep.grid import key_path, read_grid

DAY = dt.date(2026, 11, 21)


@pytest.fixture
def sweep_folder(tmp_path: Path) -> Path:
    return write_sweep(tmp_path).parent


def test_every_combination_is_a_cell_and_seeds_turn_fastest(sweep_folder: Path) -> None:
    grid = read_grid(sweep_folder / "sweep.yaml")
    cells = list(grid.cells())
    assert len(cells) == len(grid) == 3 * 2 * 2
    assert [cell.number for cell in cells] == list(range(12))
    assert [cell.seed for cell in cells[:4]] == [0, 1, 0, 1]
    assert [dict(cell.changes)["finance.discount_rate"] for cell in cells[:4]] == ["6 %/y", "6 %/y", "10 %/y", "10 %/y"]


def test_a_cells_scenario_is_the_base_with_its_values(sweep_folder: Path) -> None:
    last = list(read_grid(sweep_folder / "sweep.yaml").cells())[-1]
    scenario = read_scenario(last.text(), sweep_folder / "scenario.yaml").scenario
    assert scenario.finance.discount_rate_per_year == pytest.approx(0.10)
    assert "requests_per_day: 8000" in last.text()
    assert "# kept" in last.text()


def test_fingerprints_tell_cells_days_and_texts_apart(sweep_folder: Path) -> None:
    path = sweep_folder / "sweep.yaml"
    prints = [cell.fingerprint(DAY) for cell in read_grid(path).cells()]
    assert len(set(prints)) == len(prints)
    assert prints == [cell.fingerprint(DAY) for cell in read_grid(path).cells()]
    scenario = sweep_folder / "scenario.yaml"
    scenario.write_text(scenario.read_text().replace("employees: 25", "employees: 26"))
    other_text = {cell.fingerprint(DAY) for cell in read_grid(path).cells()}
    other_day = {cell.fingerprint(DAY + dt.timedelta(days=1)) for cell in read_grid(path).cells()}
    assert other_text.isdisjoint(prints)
    assert other_day.isdisjoint(other_text)


def test_items_of_a_list_go_by_name_or_number() -> None:
    value = {"workloads": [{"name": "a"}, {"name": "b", "slo": {}}]}
    assert key_path(value, "workloads.b.slo.ttft") == ("workloads", 1, "slo", "ttft")
    assert key_path(value, "workloads.0.name") == ("workloads", 0, "name")
    assert key_path({}, "finance.inflation") == ("finance", "inflation")


FAULTS = {
    "an unknown key": ("scenario: scenario.yaml\nvaries: {}\n", 2, "'varies' is not known"),
    "no scenario": ("vary: {finance.discount_rate: [6 %/y]}\n", 0, "no scenario is named"),
    "a missing file": ("scenario: other.yaml\n", 1, "there is no such file"),
    "a value out of range": (
        "scenario: scenario.yaml\nvary:\n  finance.discount_rate: [6 %/y, 600]\n", 3, "finance.discount_rate: 600"
    ),
    "an unknown scenario key": ("scenario: scenario.yaml\nvary:\n  finance.discont: [6 %/y]\n", 3, "discont"),
    "an unknown item": ("scenario: scenario.yaml\nvary:\n  workloads.chat.slo.ttft: [1 s]\n", 3, "'chat'"),
    "no list": ("scenario: scenario.yaml\nvary:\n  finance.discount_rate: 6 %/y\n", 3, "a list of values"),
    "no seeds": ("scenario: scenario.yaml\nseeds: 0\n", 2, "how many seeds"),
    "too few draws": ("scenario: scenario.yaml\ndraws: 3\n", 2, "from 64"),
    "too many cells": ("scenario: scenario.yaml\nseeds: 1000001\n", 0, "1,000,001 cells"),
    "a list": ("[1, 2]\n", 0, "no keys and values"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "line", "said"), FAULTS.values(), ids=FAULTS)
def test_a_fault_names_its_line(sweep_folder: Path, text: str, line: int, said: str) -> None:
    path = sweep_folder / "sweep.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as error:
        read_grid(path)
    assert said in str(error.value)
    assert (f"{path}:{line}" if line else f"{path}") in str(error.value)
