"""`millwright data`: what prompts, documents or training examples hold, measured on the file."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from millwright.errors import InputError

if TYPE_CHECKING:
    from millwright.readiness.profile import DataProfile


def data(
    file: Annotated[
        Path, typer.Argument(help="JSON lines, CSV, TSV, Parquet, text with a record a line, or a folder of documents.")
    ],
    against: Annotated[
        list[Path] | None,
        typer.Option("--against", metavar="FILE", help="A test set whose inputs must not stand in FILE; may repeat."),
    ] = None,
    into: Annotated[
        Path | None, typer.Option("--into", metavar="SCENARIO", help="Put lengths and data classes into a scenario.")
    ] = None,
    workload: Annotated[str, typer.Option("--workload", help="The workload of --into, if it has several.")] = "",
    as_of: Annotated[
        dt.datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="Count ages to this day, not today.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Draws the sample for languages and near duplicates.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON only.")] = False,
) -> None:
    """Profile data in one pass: columns, duplicates, languages, lengths, dates, labels, licences, personal data."""
    from millwright.cli.data_display import show_profile
    from millwright.cli.progress import progress
    from millwright.readiness.profile import profile_file

    today = dt.date.today() if as_of is None else as_of.date()
    with progress() as tell:
        profile = profile_file(file, seed, tuple(against or ()), today, tell)
    if into is not None:
        _put_into(into, workload, profile)
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(profile), indent=1, allow_nan=False, ensure_ascii=False))
    else:
        show_profile(profile)


def _put_into(path: Path, workload: str, profile: DataProfile) -> None:
    from millwright.readiness.workload_lengths import put_into
    from millwright.scenario.load import load_scenario, read_scenario
    from millwright.whole_file import write_whole

    loaded = load_scenario(path)
    names = [each.name for each in loaded.scenario.workloads]
    if workload and workload not in names:
        raise InputError(f"there is no workload '{workload}'", str(path), f"There are {', '.join(names)}.")
    if not workload and len(names) > 1:
        raise InputError("the scenario has several workloads", str(path), f"Say --workload with {', '.join(names)}.")
    number = names.index(workload) if workload else 0
    data = loaded.scenario.workloads[number].data
    stated = tuple(str(each) for each in data.classes) if "classes" in data.model_fields_set else ()
    text = put_into(loaded.source_text, number, profile, stated)
    read_scenario(text, path)  # what is written can be planned
    write_whole(path, text.encode("utf-8"))
