"""A sweep may be killed at any time: what is finished stays, nothing is done twice, and the end is the same."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import polars as pl
import pytest
from sweep_sample import write_sweep

from millwright.errors import InputError
from millwright.sweep.answer import Row, plan_cell
from millwright.sweep.grid import Cell, read_grid
from millwright.sweep.ledger import FILE, Ledger
from millwright.sweep.run import run_sweep
from millwright.sweep.workers import planned_here

DAY = dt.date(2026, 11, 21)
LATER = dt.date(2026, 12, 24)


def in_this_process(cells: Sequence[Cell], as_of: dt.date) -> Iterator[tuple[Cell, Row | BaseException]]:
    for cell in cells:
        yield cell, plan_cell(cell, as_of)


def refuse(cells: Sequence[Cell], as_of: dt.date) -> Iterator[tuple[Cell, Row | BaseException]]:
    raise AssertionError(f"{len(cells)} finished cells are planned again")


def test_a_finished_sweep_plans_nothing_again(tmp_path: Path) -> None:
    grid = read_grid(write_sweep(tmp_path))
    first = run_sweep(grid, tmp_path / "out", DAY, in_this_process)
    table = (tmp_path / "out" / "results.csv").read_bytes()
    again = run_sweep(grid, tmp_path / "out", LATER, refuse)
    assert again.kept == len(grid) == len(first.rows)
    assert (tmp_path / "out" / "results.csv").read_bytes() == table
    assert again.as_of == DAY, "a sweep is finished as of the day it was begun"


def test_each_row_says_what_was_asked_and_answered(tmp_path: Path) -> None:
    grid = read_grid(write_sweep(tmp_path))
    rows = run_sweep(grid, tmp_path / "out", DAY, in_this_process).rows
    by_demand = [row["lcot_per_mtok"] for row in rows if row["seed"] == 0 and row["finance.discount_rate"] == "6 %/y"]
    assert by_demand == sorted(by_demand, reverse=True), "the fixed costs are spread over more tokens"
    assert {row["decision"] for row in rows} == {"buy tokens"}
    table = pl.read_parquet(tmp_path / "out" / "results.parquet")
    assert table.height == 12
    assert table["lcot_per_mtok"].to_list() == [row["lcot_per_mtok"] for row in rows]


def test_a_wider_sweep_keeps_what_is_there(tmp_path: Path) -> None:
    path = write_sweep(tmp_path)
    run_sweep(read_grid(path), tmp_path / "out", DAY, in_this_process)
    path.write_text(path.read_text().replace("seeds: 2", "seeds: 3"))
    wider = run_sweep(read_grid(path), tmp_path / "out", DAY, in_this_process)
    assert (wider.kept, len(wider.rows)) == (12, 18)


def test_a_torn_line_is_cut_off(tmp_path: Path) -> None:
    grid = read_grid(write_sweep(tmp_path))
    run_sweep(grid, tmp_path / "out", DAY, in_this_process)
    ledger = tmp_path / "out" / FILE
    whole = ledger.read_bytes()
    ledger.write_bytes(whole[:-40])
    again = run_sweep(grid, tmp_path / "out", DAY, in_this_process)
    assert again.kept == 11
    assert ledger.read_bytes() == whole


def test_a_folder_holds_one_sweep_at_a_time(tmp_path: Path) -> None:
    with Ledger(tmp_path, DAY), pytest.raises(InputError, match="another sweep"):
        Ledger(tmp_path, DAY)
    Ledger(tmp_path, DAY).close()


def test_a_strange_ledger_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('{"form": "something else"}\n')
    with pytest.raises(InputError, match="no cell of a sweep"):
        Ledger(tmp_path, DAY)
    assert (tmp_path / FILE).read_text() == '{"form": "something else"}\n'


def test_a_combination_without_meaning_is_an_answer(tmp_path: Path) -> None:
    cell = next(iter(read_grid(write_sweep(tmp_path)).cells()))
    wrong = Cell(0, cell.base, (("finance.discount_rate", "many"),), 0, 64)
    row = plan_cell(wrong, DAY)
    assert row["status"] == "wrong input"
    assert "discount_rate" in str(row["answer"])


def test_a_failed_cell_is_told_and_tried_again(tmp_path: Path) -> None:
    grid = read_grid(write_sweep(tmp_path))

    def one_fails(cells: Sequence[Cell], as_of: dt.date) -> Iterator[tuple[Cell, Row | BaseException]]:
        for cell in cells:
            yield cell, MemoryError("too much") if cell.number == 5 else plan_cell(cell, as_of)

    first = run_sweep(grid, tmp_path / "out", DAY, one_fails)
    assert first.failed == ((5, "MemoryError: too much"),)
    assert len(first.rows) == 11
    again = run_sweep(grid, tmp_path / "out", DAY, in_this_process)
    assert (again.kept, len(again.rows), again.failed) == (11, 12, ())


@pytest.mark.slow
def test_killed_five_times_it_ends_as_if_undisturbed(tmp_path: Path) -> None:
    path = write_sweep(tmp_path)
    path.write_text(path.read_text().replace("seeds: 2", "seeds: 10"))
    calm = run_sweep(read_grid(path), tmp_path / "calm", DAY, partial(planned_here, workers=2))
    assert len(calm.rows) == 60
    out = tmp_path / "out"
    seen: list[str] = []
    for kill in range(5):
        process = _begin(path, out)
        _wait_until(lambda: len(_finished(out)) >= 10 * (kill + 1) or process.poll() is not None)  # noqa: B023
        process.send_signal(signal.SIGKILL)
        process.wait()
        finished = _finished(out)
        assert finished[: len(seen)] == seen, "what was finished stays as it was"
        seen = finished
    assert _begin(path, out).wait() == 0
    assert len(_finished(out)) == len(set(_finished(out))) == 60, "no cell is done twice"
    assert (out / "results.csv").read_bytes() == (tmp_path / "calm" / "results.csv").read_bytes()


def test_an_orphaned_worker_leaves(tmp_path: Path) -> None:
    process = _begin(write_sweep(tmp_path), tmp_path / "out")
    _wait_until(lambda: bool(_children(process.pid)) or process.poll() is not None)
    orphans = _children(process.pid)
    process.send_signal(signal.SIGKILL)
    process.wait()
    _wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in orphans))


def _begin(sweep: Path, out: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "millwright.cli.main", "sweep", str(sweep), "--out", str(out), "--jobs", "2"]
    return subprocess.Popen([*command, "--as-of", DAY.isoformat()], stdout=subprocess.DEVNULL)


def _finished(out: Path) -> list[str]:
    """Return the fingerprints in a ledger, whole lines only."""
    if not (out / FILE).exists():
        return []
    lines = (out / FILE).read_bytes().split(b"\n")[1:-1]
    return [json.loads(line)["cell"] for line in lines]


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task/{pid}/children")
    if not tasks.exists():
        if sys.platform != "linux":
            pytest.skip("children of a process are read from /proc")
        return []
    return [int(child) for child in tasks.read_text().split() if os.path.exists(f"/proc/{child}")]


def _wait_until(holds: object, limit_s: float = 120.0) -> None:
    assert callable(holds)
    end = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < end, "it never came to pass"
        time.sleep(0.02)
