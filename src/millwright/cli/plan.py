"""`millwright plan SCENARIO`: make the plan, print it, and write it with its report."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from datetime import date, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from millwright.cli.exits import EXIT_NO
from millwright.errors import InputError

if TYPE_CHECKING:
    from millwright.perf.calibration import Calibration
    from millwright.plan.model import Plan
    from millwright.scenario.load import LoadedScenario


_PAPER = ("altair", "jinja2", "typst", "vl_convert")
"""What the extra `paper` installs: charts, the page and the PDF."""


def plan(
    context: typer.Context,
    scenario: Annotated[Path, typer.Argument(help="The scenario, a YAML file.", show_default=False)],
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for plan.json, report.html, brief.pdf, plan.xlsx and plan.md.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print plan.json and nothing else on stdout.")] = False,
    show_all: Annotated[bool, typer.Option("--all", help="Every option, refusal and assumption.")] = False,
    as_of: Annotated[
        datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="Plan as of this day instead of today.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of all random numbers.")] = 0,
    models: Annotated[
        list[Path] | None, typer.Option("--models", help="Folder of NAME/config.json to add; may repeat.")
    ] = None,
    devices: Annotated[list[Path] | None, typer.Option("--devices", help="Catalogue file to add; may repeat.")] = None,
    calibration: Annotated[
        Path | None, typer.Option("--calibration", help="Corrections from `millwright calibrate`.")
    ] = None,
    front: Annotated[
        bool, typer.Option("--front", help="Also the mixed fleets between the least cost and the least carbon.")
    ] = False,
    explain: Annotated[
        str | None,
        typer.Option(
            "--explain", metavar="DEVICE", help="Why each deployment on a device (or `all`) was chosen or not."
        ),
    ] = None,
) -> None:
    """Plan a scenario: feasible options ranked, each refusal with its reason. Exit 1 if nothing is feasible."""
    from millwright.catalog.catalog import load_catalog
    from millwright.cli.progress import progress
    from millwright.perf.calibration import read_calibration
    from millwright.plan.make import make_plan
    from millwright.plan.plan_file import plan_as_json
    from millwright.scenario.load import load_scenario

    if out is not None:
        made_folders = _check_folder(out)
        context.call_on_close(lambda: _remove_empty(made_folders))
    corrections = read_calibration(calibration) if calibration is not None else None
    loaded = load_scenario(scenario, load_catalog(tuple(devices or ()), tuple(models or ())))
    today = as_of.date() if as_of is not None else date.today()
    if explain is not None:
        _explain(loaded, explain, seed, corrections, as_json=as_json)
        return
    gc.freeze()  # what is loaded by now stays: looking through it for garbage again and again took 3 % of the time
    with progress() as tell:
        made = make_plan(loaded, today=today, seed=seed, progress=tell, calibration=corrections, front=front)
    written: list[Path] = []
    if out is not None:
        written = _write(made, out)
    if as_json:
        typer.echo(plan_as_json(made), nl=False)
    else:
        _show(made, written, show_all=show_all)
    if not made.options:
        raise typer.Exit(EXIT_NO)


def _explain(loaded: LoadedScenario, device: str, seed: int, calibration: Calibration | None, *, as_json: bool) -> None:
    import json

    from millwright.cli.explain_display import show_explained
    from millwright.cli.progress import progress
    from millwright.plan.explain import explain

    with progress() as tell:
        machines = explain(loaded, device, seed=seed, progress=tell, calibration=calibration)
    if as_json:
        typer.echo(json.dumps([each.model_dump(mode="json") for each in machines], indent=1))
    else:
        show_explained(machines)


_OTHER_FOLDER = "Choose another with --out."


def _check_folder(out: Path) -> list[Path]:
    """Refuse a folder that cannot be written before the work, not after it; return the folders made, innermost first.

    Raises InputError.
    """
    missing = [folder for folder in (out, *out.parents) if not folder.exists()]
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"the folder cannot be made: {error.strerror}", str(out), _OTHER_FOLDER) from None
    if not os.access(out, os.W_OK):
        raise InputError("you have no right to write in this folder", str(out), _OTHER_FOLDER)
    return missing


def _remove_empty(folders: list[Path]) -> None:
    """Remove the folders that were made for a plan which then was not written; one that holds a file stays."""
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return


def _write(made: Plan, out: Path) -> list[Path]:
    from millwright.plan.plan_file import write_plan
    from millwright.report.markdown import write_markdown
    from millwright.report.spreadsheet import write_spreadsheet

    writers: list[tuple[Path, Callable[[Plan, Path], None]]] = [
        (out / "plan.json", write_plan),
        (out / "plan.md", write_markdown),
        (out / "plan.xlsx", write_spreadsheet),
    ]
    if all(find_spec(name) is not None for name in _PAPER):
        from millwright.report.brief import write_brief
        from millwright.report.html import write_html

        writers += [(out / "report.html", write_html), (out / "brief.pdf", write_brief)]
    else:
        typer.echo("report.html and brief.pdf need more packages: pip install 'millwright[paper]'", err=True)
    for path, write in writers:
        write(made, path)
    return [path for path, _ in writers]


def _show(made: Plan, written: list[Path], *, show_all: bool) -> None:
    from rich.console import Console

    from millwright.report.terminal import print_plan

    console = Console(highlight=False)
    print_plan(made, console, show_all=show_all)
    if written:
        console.print(f"\nWritten: {', '.join(str(path) for path in written)}", soft_wrap=True)
