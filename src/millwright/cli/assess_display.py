"""Readiness on a terminal: scores as ranges, what blocks, what to answer next, and the roadmap."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from millwright.readiness.actions import load_actions
from millwright.readiness.assessment import Assessment, AxisScore, Range, axis_scores, narrowing
from millwright.readiness.gates import State
from millwright.readiness.questions import load_questions
from millwright.readiness.roadmap import findings_by_kind

if TYPE_CHECKING:
    from millwright.readiness.gates import GateFinding, Needs
    from millwright.readiness.roadmap import Planned, Reach, Roadmap

BAR = 30
FEW_ACTIONS = 12
FEW_QUESTIONS = 5


def show_assessment(assessment: Assessment, needs: Needs, roadmap: Roadmap, *, show_all: bool) -> None:
    """Print the scores, what the options ask for, and what to answer or prove next."""
    console = Console(highlight=False, markup=False)
    if assessment.name:
        console.print(assessment.name, style="bold")
    _show_scores(console, axis_scores(assessment))
    _show_gates(console, assessment, needs)
    _show_narrowing(console, assessment, show_all=show_all)
    if roadmap.actions:
        met = roadmap.conditions_met
        conditions = f" The conditions of your options are met by {met}." if met is not None else ""
        count = len(roadmap.actions)
        console.print(
            f"\n{count} {'action closes' if count == 1 else 'actions close'} the known gaps by {roadmap.until}: "
            f"{_span(roadmap.hours)} own hours, {_span(roadmap.cost)} {roadmap.currency} once and "
            f"{_span(roadmap.monthly)} {roadmap.currency} a month.{conditions} --roadmap shows them."
        )


def _show_scores(console: Console, scores: Iterable[AxisScore]) -> None:
    table = Table("Axis", "", "Score", "Answered", "Proven", box=None, pad_edge=False)
    for each in scores:
        table.add_row(
            each.title,
            _bar(each.score),
            _span(each.score),
            f"{each.answered} of {each.questions}",
            str(each.proven),
        )
    console.print(table)
    console.print("Score 0–100: where it lies if each answer errs no more than its evidence leaves open.", style="dim")


def _bar(score: Range) -> Text:
    """Return a line from 0 to 100 on which the range stands."""
    first, last = int(score.low / 100 * (BAR - 1)), round(score.high / 100 * (BAR - 1))
    text = Text("·" * first, style="dim")
    text.append("━" * (last - first + 1), style="cyan")
    text.append("·" * (BAR - 1 - last), style="dim")
    return text


def _show_gates(console: Console, assessment: Assessment, needs: Needs) -> None:
    by_kind = findings_by_kind(assessment, needs)
    console.print("\nWhat options ask of you", style="bold cyan")
    for kind, found in by_kind.items():
        blocking = sum(each.blocks for each in found)
        open_ones = sum(each.state is State.UNKNOWN for each in found)
        conditions = len(found) - blocking - open_ones
        if blocking:
            console.print(f"  {kind:6} BLOCKED by {_items(found, blocks=True)}", style="red")
        else:
            met = "1 condition" if conditions == 1 else f"{conditions} conditions"
            console.print(f"  {kind:6} not ruled out; {met} before going live, {open_ones} unknown")
    shown: dict[str, GateFinding] = {each.gate.id: each for found in by_kind.values() for each in found}
    table = Table("", "", "", "Needed", box=None, pad_edge=False, show_header=False)
    for each in sorted(shown.values(), key=lambda each: (not each.blocks, each.state is State.UNKNOWN)):
        mark = "blocks" if each.blocks else "unknown" if each.state is State.UNKNOWN else "condition"
        kinds = ", ".join(kind for kind, found in by_kind.items() if any(each.gate == one.gate for one in found))
        table.add_row(f"  {mark}", kinds, each.gate.why, Text(each.gate.question, style="dim"))
    console.print(table)


def _items(found: Iterable[GateFinding], *, blocks: bool) -> str:
    return ", ".join(each.gate.id for each in found if each.blocks == blocks)


def _show_narrowing(console: Console, assessment: Assessment, *, show_all: bool) -> None:
    found = narrowing(assessment)
    if not found:
        return
    console.print("\nWhat to answer or prove next: by so many points its axis narrows", style="bold cyan")
    table = Table(box=None, pad_edge=False, show_header=False)
    for each in found if show_all else found[:FEW_QUESTIONS]:
        how = f"\n{each.question.id}, shown by {each.question.shows}"
        table.add_row(f"  {each.points:4.1f}", each.state, Text.assemble(each.question.asks, (how, "dim")))
    console.print(table)
    if not show_all and len(found) > FEW_QUESTIONS:
        console.print(f"  {len(found) - FEW_QUESTIONS} more with --all", style="dim")


def show_roadmap(roadmap: Roadmap, reaches: Sequence[Reach], *, show_all: bool) -> None:
    """Print the dated actions, and what a quarter brings with less and more means."""
    console = Console(highlight=False, markup=False)
    assumed = " (assumed; say --hours)" if roadmap.hours_assumed else ""
    console.print(f"\nRoadmap, {roadmap.hours_per_month:,.0f} own hours a month{assumed}", style="bold cyan")
    shown = roadmap.actions if show_all else roadmap.actions[:FEW_ACTIONS]
    table = Table("From", "To", box=None, pad_edge=False)
    table.add_column("What", ratio=1)
    for name in ("Hours", roadmap.currency, "a month"):
        table.add_column(name, justify="right", no_wrap=True)
    for each in shown:
        table.add_row(*_row(each))
    console.print(table)
    if len(shown) < len(roadmap.actions):
        console.print(f"{len(roadmap.actions) - len(shown)} more with --all", style="dim")
    console.print(
        "! is on the critical path. What opens a blocked option or meets a condition comes first. Hours and money are "
        "this project's judgement, quality C.",
        style="dim",
    )
    book = load_questions()
    for question in roadmap.out_of_reach:
        console.print(f"No action for an organisation of this size brings this far: {book.questions[question].asks}")
    if roadmap.unknown:
        console.print(f"{roadmap.unknown} questions have no answer: what they would ask for is not in here.")
    if reaches:
        _show_reaches(console, roadmap, reaches)


def _row(each: Planned) -> tuple[str | Text, ...]:
    what = Text(("! " if each.slot.critical else "  ") + each.action.title)
    what.append(f"\n  {each.action.owner}", style="dim")
    if each.gates:
        what.append(f"; for {', '.join(gate.id for gate in each.gates)}", style="dim")
    if each.instead:
        others = load_actions().actions
        titles = "; ".join(others[name].title for name in each.instead)
        what.append(f"\n  or: {titles}", style="dim")
    monthly = _span(each.monthly) if each.monthly.high else "–"
    money = _span(each.cost) if each.cost.high else "–"
    return str(each.start), str(each.end), what, _span(each.action.hours), money, monthly


def _show_reaches(console: Console, roadmap: Roadmap, reaches: Sequence[Reach]) -> None:
    console.print("\nThis quarter: haves and have-nots", style="bold cyan")
    table = Table("", "Money", "Hours", "Actions", "Low end, mean", "Open", box=None, pad_edge=False)
    now = sum(each.score.low for each in roadmap.before) / len(roadmap.before)
    for reach in reaches:
        then = sum(each.score.low for each in reach.scores) / len(reach.scores)
        titles = [load_actions().actions[name].title for name in reach.actions]
        table.add_row(
            reach.label,
            f"{reach.budget:,.0f}",
            f"{reach.hours:,.0f}",
            "; ".join(titles[:6]) + (f" and {len(titles) - 6} more" if len(titles) > 6 else "") or "nothing fits",
            f"{now:.0f} → {then:.0f}",
            ", ".join(reach.open_kinds) or "none",
        )
    console.print(table)


def _span(each: Range) -> str:
    low, high = f"{each.low:,.0f}", f"{each.high:,.0f}"
    return low if low == high else f"{low}–{high}"
