"""Write docs/readiness-reference.md from the questions, gates, actions and figures that ship with the program.

python scripts/write_readiness_reference.py
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from millwright.readiness.actions import Action, load_actions
from millwright.readiness.assessment import ABOVE, BELOW, Evidence, Range
from millwright.readiness.gates import load_gates
from millwright.readiness.leaving import load_exit_figures
from millwright.readiness.questions import load_questions

TARGET = Path(__file__).resolve().parent.parent / "docs" / "readiness-reference.md"

HEAD = """# Readiness: questions, gates, actions, figures

Made by `scripts/write_readiness_reference.py` from `src/millwright/readiness/data/`. Wording, levels, gates, hours and
money are this project's judgement (quality C, 2026-11) unless a source is named. The functions Govern, Map, Measure and
Manage are those of the NIST AI Risk Management Framework; the axes follow ideas of MITRE's AI Maturity Model and of
OWASP's AI Maturity Assessment (AIMA), cited by name only. [How they are used](readiness.md).
"""


def reference() -> str:
    """Return the whole page."""
    parts = (HEAD, *_evidence(), *_questions(), *_gates(), *_actions(), *_leaving())
    return "\n".join(parts).rstrip() + "\n"


def _evidence() -> Iterator[str]:
    yield "## How far an answer may err\n"
    yield "| evidence | levels below | levels above |\n| --- | --- | --- |"
    for each in Evidence:
        yield f"| {each} | {BELOW[each]:g} | {ABOVE[each]:g} |"
    yield "| none: unknown | down to 0 | up to 4 |\n"


def _questions() -> Iterator[str]:
    book = load_questions()
    for axis in book.axes.values():
        yield f"## {axis.title}\n\n{axis.asks}\n"
        for question in book.of_axis(axis.id):
            kinds = "" if len(question.kinds) == 4 else f"; concerns {', '.join(sorted(question.kinds))} only"
            weight = "" if question.weight == 1.0 else f"; weight {question.weight:g}"
            yield f"### {question.id}\n\n{question.asks}\n"
            yield from (f"{level}. {seen}" for level, seen in enumerate(question.levels))
            yield f"\nShown by {question.shows}. {question.nist}; start with level {question.target}{weight}{kinds}.\n"


def _gates() -> Iterator[str]:
    yield "## Gates\n\nBelow its level for sure, a gate blocks an option or is a condition before it goes live.\n"
    yield "| gate | options | asks | effect | only for data | why |\n| --- | --- | --- | --- | --- | --- |"
    for gate in load_gates():
        kinds = ", ".join(sorted(gate.kinds)) + (", if promised around the clock" if gate.around_the_clock else "")
        effect = "blocks" if str(gate.effect) == "block" else "condition"
        classes = ", ".join(sorted(gate.classes)) or "–"
        yield f"| `{gate.id}` | {kinds} | `{gate.question}` ≥ {gate.level} | {effect} | {classes} | {gate.why} |"
    yield ""


def _actions() -> Iterator[str]:
    book = load_actions()
    yield "## Actions\n"
    yield (
        f"Hours are of own people, at {_range(book.hour_usd)} USD each when actions are compared; money is in USD. "
        "Those marked × are for 10 to 49 employees and grow with the size: "
        + ", ".join(f"{size} {factor:g}" for size, factor in book.size_factors.items())
        + ".\n"
    )
    yield "| action | closes | needs | hours | weeks | once | a month | who |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for action in book.actions.values():
        yield _action(action)
    yield ""


def _action(action: Action) -> str:
    closes = ", ".join(f"`{question}` {level}" for question, level in action.closes.items())
    needs = ", ".join(f"`{each}`" for each in action.needs) or "–"
    sizes = "" if len(action.sizes) == 4 else f" ({', '.join(sorted(action.sizes))})"
    mark = " ×" if action.scales else ""
    return (
        f"| `{action.id}` {action.title}{sizes}. {action.does} | {closes} | {needs} | {_range(action.hours)}{mark} | "
        f"{action.weeks} | {_range(action.cost_usd)} | {_range(action.monthly_usd)} | {action.owner} |"
    )


def _leaving() -> Iterator[str]:
    figures = load_exit_figures()
    yield "## Leaving\n\n| figure | low to high | unit |\n| --- | --- | --- |"
    for name, each in figures.hours.items():
        yield f"| {name.replace('_', ' ')} | {_range(each)} | h |"
    for name, each in figures.months.items():
        yield f"| {name.replace('_', ' ')} | {_range(each)} | months |"
    yield f"| share of the price that machines lose | {_range(figures.machines_lost)} | 1 |"
    yield f"| egress from a cloud | {_range(figures.egress_usd_per_gb)} | USD/GB |"


def _range(each: Range) -> str:
    return f"{each.low:,g}" if each.low == each.high else f"{each.low:,g}–{each.high:,g}"


if __name__ == "__main__":
    TARGET.write_text(reference(), encoding="utf-8")
    print(f"wrote {TARGET.name}")
