"""`millwright sweep SWEEP --out DIR`: many plans, on this machine's cores or on a Ray cluster; resumes where it was."""

from __future__ import annotations

import json
import os
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from millwright.cli.exits import EXIT_NO
from millwright.errors import InputError

if TYPE_CHECKING:
    from millwright.sweep.grid import Grid
    from millwright.sweep.run import Planner, SweepResult


def sweep(
    grid: Annotated[Path, typer.Argument(metavar="SWEEP", help="What varies, a YAML file.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", help="Folder that keeps finished plans, and the table of all.")],
    jobs: Annotated[
        int | None, typer.Option("--jobs", min=1, max=1024, help="Processes on this machine; default: one a core.")
    ] = None,
    ray: Annotated[str | None, typer.Option("--ray", metavar="ADDRESS", help="A running Ray cluster instead.")] = None,
    as_of: Annotated[
        datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="Plan as of this day instead of today.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the table as JSON and nothing else on stdout.")
    ] = False,
) -> None:
    """Plan every combination of values; stop it at any time, run it again, and it goes on. Exit 1 if a cell failed."""
    from millwright.cli.progress import progress
    from millwright.sweep.grid import read_grid
    from millwright.sweep.run import run_sweep

    if ray is not None and jobs is not None:
        raise InputError("--jobs is for this machine, and --ray for a cluster", "sweep", "Give one of them.")
    read = read_grid(grid)
    today = as_of.date() if as_of is not None else date.today()
    with progress() as tell:
        result = run_sweep(read, out, today, _planner(jobs, ray), tell)
    if as_json:
        document = {"as_of": result.as_of.isoformat(), "cells": result.rows, "failed": result.failed}
        typer.echo(json.dumps(document, indent=1, allow_nan=False, ensure_ascii=False))
    else:
        _show(read, result)
    if result.failed:
        raise typer.Exit(EXIT_NO)


def _planner(jobs: int | None, ray: str | None) -> Planner:
    if ray is not None:
        from millwright.sweep.on_ray import planned_on_ray

        return partial(planned_on_ray, address=ray)
    from millwright.sweep.workers import planned_here

    return partial(planned_here, workers=jobs or os.cpu_count() or 1)


def _show(grid: Grid, result: SweepResult) -> None:
    from rich.console import Console

    from millwright.sweep.display import print_sweep

    print_sweep(grid, result, Console(highlight=False))
