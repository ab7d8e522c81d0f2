"""`millwright assess`: how ready is the organisation; which answers to prove next; what to do, by when."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from millwright.cli.exits import EXIT_NO
from millwright.errors import InputError

if TYPE_CHECKING:
    from millwright.readiness.assessment import Answer

DEFAULT_FILE = Path("readiness.yaml")


def _print_questions(wanted: bool) -> None:
    if not wanted:
        return
    from millwright.readiness.questions import load_questions

    book = load_questions()
    for axis in book.axes.values():
        typer.echo(f"{axis.title}: {axis.asks}")
        for question in book.of_axis(axis.id):
            typer.echo(f"  {question.id}: {question.asks}")
            for level, seen in enumerate(question.levels):
                typer.echo(f"    {level}  {seen}")
            typer.echo(f"    shown by {question.shows}")
    raise typer.Exit


def assess_command(
    answers: Annotated[
        Path | None,
        typer.Argument(
            help="The answers (YAML); else those of --scenario, or readiness.yaml here.", show_default=False
        ),
    ] = None,
    ask: Annotated[
        bool, typer.Option("--ask", help="Ask what is not answered yet; each answer is written at once.")
    ] = False,
    scenario: Annotated[
        Path | None, typer.Option("--scenario", metavar="FILE", help="Look at the kinds of sites and data of this one.")
    ] = None,
    kinds: Annotated[
        list[str] | None, typer.Option("--for", metavar="KIND", help="owned, colo, cloud or api; may repeat.")
    ] = None,
    roadmap: Annotated[bool, typer.Option("--roadmap", help="Show what to do, by when, and what it costs.")] = False,
    start: Annotated[
        dt.datetime | None, typer.Option("--start", formats=["%Y-%m-%d"], help="First day of the roadmap.")
    ] = None,
    hours: Annotated[
        float | None, typer.Option("--hours", min=1.0, max=100_000.0, help="Own hours a month for getting ready.")
    ] = None,
    budget: Annotated[str, typer.Option("--budget", metavar="AMOUNT", help="Money a quarter, such as 5 kEUR.")] = "",
    level: Annotated[int, typer.Option("--level", min=0, max=4, help="Least level to reach in every question.")] = 0,
    show_all: Annotated[bool, typer.Option("--all", help="Every question and every action.")] = False,
    questions: Annotated[
        bool, typer.Option("--questions", callback=_print_questions, is_eager=True, help="List all and leave.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON only.")] = False,
) -> None:
    """Score readiness on six axes as ranges that evidence narrows. Exit 1 if every kind of option is blocked."""
    from millwright.catalog.catalog import load_catalog
    from millwright.cli.assess_display import show_assessment, show_roadmap
    from millwright.plan.assessed import AskedAssessment, assess, assessed_json
    from millwright.readiness.answers_file import load_answers
    from millwright.readiness.roadmap import open_kinds
    from millwright.scenario.load import load_scenario

    loaded = None if scenario is None else load_scenario(scenario)
    named = None if loaded is None or loaded.scenario.readiness is None else loaded.scenario.readiness
    path = answers or (scenario.parent / named if scenario and named else DEFAULT_FILE)
    if ask or (answers is None and not path.exists()):
        _ask_all(path, ask=ask)
    found = assess(
        load_answers(path),
        AskedAssessment(tuple(kinds or ()), hours, budget, level),
        None if loaded is None else loaded.scenario,
        load_catalog(),
        dt.date.today() if start is None else start.date(),
    )
    if as_json:
        typer.echo(json.dumps(assessed_json(found), indent=1, allow_nan=False, ensure_ascii=False))
    else:
        show_assessment(found.assessment, found.needs, found.roadmap, show_all=show_all)
        if roadmap:
            show_roadmap(found.roadmap, found.reaches, show_all=show_all)
    raise typer.Exit(0 if open_kinds(found.assessment, found.needs) else EXIT_NO)


# --- asking ----------------------------------------------------------------------------------------------------


def _ask_all(path: Path, *, ask: bool) -> None:
    """Ask every question without an answer, in the order of the file, and write each answer as it comes.

    Raises InputError where nobody asked for it (`ask`) and there is no terminal.
    """
    import sys

    from millwright.readiness.answers_file import load_answers, read_text, with_answer
    from millwright.readiness.questions import load_questions
    from millwright.whole_file import write_whole

    if not ask and not sys.stdin.isatty():
        what = "there are no answers, and no terminal to ask on"
        raise InputError(what, str(path), "Write the answers file; see docs/readiness.md.")
    text = read_text(path) if path.exists() else ""
    answered = set(load_answers(path).answers) if text.strip() else set()
    book = load_questions()
    waiting = [each for each in book.questions.values() if each.id not in answered]
    typer.echo(f"{len(waiting)} questions to go. A number answers; ? is unknown; q leaves, and a later call goes on.")
    axis = ""
    for number, question in enumerate(waiting, 1):
        if question.axis != axis:
            axis = question.axis
            typer.secho(f"\n{book.axes[axis].title}: {book.axes[axis].asks}", bold=True)
        typer.echo(f"\n{number}/{len(waiting)} {question.asks}  [{question.id}]")
        for level, seen in enumerate(question.levels):
            typer.echo(f"  {level}  {seen}")
        found = _ask_one(question.shows)
        if isinstance(found, _Stop):
            break
        text = with_answer(text, question.id, found)
        write_whole(path, text.encode("utf-8"))
    typer.echo(f"Written: {path}\n")


class _Stop:
    """Said in place of an answer: leave."""


def _ask_one(shows: str) -> Answer | _Stop | None:
    """Return one answer, or None for unknown."""
    from millwright.readiness.assessment import Answer, Evidence
    from millwright.readiness.questions import HIGHEST_LEVEL

    while True:
        said = _line(f"Level 0–{HIGHEST_LEVEL}, ? or q: ")
        if said is None or said == "q":
            return _Stop()
        if said in ("?", ""):
            return None
        if said.isascii() and said.isdigit() and int(said[:4]) <= HIGHEST_LEVEL:
            break
        typer.echo(f"  '{said[:20]}' is no level.")
    if int(said) == 0:
        return Answer(0)  # that something is missing needs no proof
    because = _line(f"What shows it ({shows})? Empty if it is only claimed: ")
    if because is None:
        return _Stop()
    if not because:
        return Answer(int(said))
    measured = _line("Was it measured or seen at work (m), or is it on paper (p)? ")
    if measured is None:
        return _Stop()
    return Answer(int(said), Evidence.MEASURED if measured[:1] == "m" else Evidence.DOCUMENTED, because)


def _line(prompt: str) -> str | None:
    """Return what was typed, without spaces around it and control characters; None at the end of the input."""
    try:
        return "".join(each for each in input(prompt) if each.isprintable()).strip()
    except EOFError:
        typer.echo("")
        return None
