"""`millwright open PLAN`: a plan that was made before, on a page, read-only."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from millwright.errors import InputError


def open_plan(
    plan: Annotated[Path, typer.Argument(help="A plan.json, or the folder it is in.", show_default=False)],
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port; by default a free one.")] = 0,
) -> None:
    """Show a plan at a local URL until Ctrl-C; nothing is saved, and the file is not changed."""
    from millwright.cli.serve import require_web, run
    from millwright.plan.plan_file import read_plan

    require_web()
    file = plan / "plan.json" if plan.is_dir() else plan
    if plan.is_dir() and not file.is_file():
        raise InputError("there is no plan.json in this folder", str(plan), "Make one: millwright plan SCENARIO --out.")
    read_plan(file)  # what cannot be shown is told before a server is started
    from millwright.web.settings import Settings

    with TemporaryDirectory(prefix="millwright-open-") as folder:
        library = f"sqlite:///{folder}/library.sqlite"
        run(Settings(port=port, database_url=library, plan_file=file.resolve()))
