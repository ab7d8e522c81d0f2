"""`millwright assess`: how ready is the organisation; which answers to prove next; what to do, by when."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from millwright.errors import InputError

if TYPE_CHECKING:
    from millwright.readiness.assessment import Answer, Assessment
    from millwright.readiness.gates import Needs

EXIT_NO = 1
ALL_KINDS = ("owned", "colo", "cloud", "api")
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


def assess(
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
    from millwright.cli.assess_display import show_assessment, show_roadmap
    from millwright.readiness.answers_file import load_answers
    from millwright.readiness.publish import readiness_json
    from millwright.readiness.roadmap import haves_and_have_nots, make_roadmap, open_kinds

    path = answers or _named_by(scenario) or DEFAULT_FILE
    if ask or (answers is None and not path.exists()):
        _ask_all(path, ask=ask)
    assessment = load_answers(path)
    needs = _needs(scenario, kinds or [])
    assessment, per_usd = _with_means(assessment, hours, budget)
    first = dt.date.today() if start is None else start.date()
    try:
        plan = make_roadmap(assessment, needs, first, per_usd, level)
    except ValueError as error:
        raise InputError(str(error), "--hours", "Set more hours a month free.") from None
    reaches = haves_and_have_nots(assessment, needs, per_usd) if roadmap or as_json else ()
    if as_json:
        document = readiness_json(assessment, needs, plan, reaches)
        typer.echo(json.dumps(document, indent=1, allow_nan=False, ensure_ascii=False))
    else:
        show_assessment(assessment, needs, plan, show_all=show_all)
        if roadmap:
            show_roadmap(plan, reaches, show_all=show_all)
    raise typer.Exit(0 if open_kinds(assessment, needs) else EXIT_NO)


def _named_by(scenario: Path | None) -> Path | None:
    """Return the answers that a scenario names."""
    if scenario is None:
        return None
    from millwright.scenario.load import load_scenario

    name = load_scenario(scenario).scenario.readiness
    return None if name is None else scenario.parent / name


def _needs(scenario: Path | None, kinds: list[str]) -> Needs:
    """Return which kinds of options are looked at, and what data they would serve."""
    from millwright.readiness.gates import Needs

    for kind in kinds:
        if kind not in ALL_KINDS:
            raise InputError(f"there is no kind '{kind}' of option", "--for", f"It is {', '.join(ALL_KINDS)}.")
    if scenario is None:
        return Needs(frozenset(kinds or ALL_KINDS))
    from millwright.scenario.load import load_scenario
    from millwright.scenario.model import OnCall

    loaded = load_scenario(scenario)
    classes = {str(each) for workload in loaded.scenario.workloads for each in workload.data.classes}
    always = loaded.scenario.finance.staff.on_call is OnCall.ALWAYS
    found = kinds or [str(site.kind) for site in loaded.scenario.sites]
    return Needs(frozenset(found), frozenset(classes), always)


def _with_means(assessment: Assessment, hours: float | None, budget: str) -> tuple[Assessment, float]:
    """Return the assessment with hours and budget from the command line, and its currency over USD."""
    from dataclasses import replace

    from millwright.catalog.catalog import load_catalog
    from millwright.money import parse_money
    from millwright.quantity import QuantityError

    catalog, means = load_catalog(), assessment.means
    if hours is not None:
        means = replace(means, hours_per_month=hours)
    in_usd = float(catalog.usd_per(means.currency))
    if budget:
        try:
            money = parse_money(budget)
        except QuantityError as error:
            raise InputError(str(error), "--budget", "Write an amount such as 5 kEUR.") from None
        means = replace(means, budget_per_quarter=money.amount * float(catalog.usd_per(money.currency)) / in_usd)
    return replace(assessment, means=means), 1.0 / in_usd


# --- asking ----------------------------------------------------------------------------------------------------


def _ask_all(path: Path, *, ask: bool) -> None:
    """Ask every question without an answer, in the order of the file, and write each answer as it comes.

    Raises InputError where nobody asked for it (`ask`) and there is no terminal.
    """
    import sys

    from millwright.plan.plan_file import write_whole
    from millwright.readiness.answers_file import load_answers, read_text, with_answer
    from millwright.readiness.questions import load_questions

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
