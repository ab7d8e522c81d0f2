"""The plan on one screen: what a reader needs to decide, in a few lines each; everything else is with `--all`."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from millwright.plan.model import Option, Origin, Plan
from millwright.report.format import assumption_value, count
from millwright.report.grouping import duties_cited
from millwright.report.ranking import rival_sentences
from millwright.report.readiness import axis_range
from millwright.report.refusals import refusal_groups
from millwright.report.sovereign_text import sovereignty_line
from millwright.report.staff_text import staff_actions, staff_in_brief
from millwright.report.wording import STAGE_WORDS

_FEW_CONDITIONS = 2
_FEW_ASSUMPTIONS = 3
_FEW_REASONS = 7


def decision(plan: Plan) -> RenderableType:
    """Return what may turn out otherwise, when the answer would turn, and what to do next."""
    grid = _sections()
    _add(grid, "Rivals", rival_sentences(plan))
    _add(grid, "It turns", [turn.sentence for turn in plan.answer.turns])
    _add(grid, "Next", [f"{number}. {step}" for number, step in enumerate(plan.answer.next_steps, start=1)])
    return grid


def around_the_answer(plan: Plan) -> RenderableType:
    """Return what goes with the answer: warnings, duties, people, the way out, readiness, refusals, assumptions."""
    grid = _sections()
    option = next((option for option in plan.options if option.id == plan.answer.option_id), None)
    if option is not None:
        _add(grid, "Mind", [*plan.warnings, *option.warnings])
        _add(grid, "To be done before going live", duties_cited(option), wide=True)
        _add(grid, "Control", [line] if (line := sovereignty_line(option)) else ())
        _add(grid, "People", _people(plan, option))
        _add(grid, "Leaving", [option.exit.sentence] if option.exit is not None else ())
    _add(grid, "Ready?", _readiness(plan, option))
    _add(grid, "Refused", _refused(plan))
    _add(grid, "Assumed", _assumed(plan))
    return grid


def _sections() -> Table:
    grid = Table.grid(padding=(0, 1), expand=True)
    grid.add_column(no_wrap=True)
    grid.add_column(ratio=1)
    return grid


def _add(grid: Table, title: str, texts: Sequence[str], *, wide: bool = False) -> None:
    """Add one section: its title beside its first line, or (`wide`) leading the text itself."""
    if not texts:
        return
    if wide:
        line = Text(f"{title}: ", style="bold cyan")
        grid.add_row(Text("Law", style="bold cyan"), line.append("; ".join(texts), style="default not bold"))
        return
    for number, text in enumerate(texts):
        grid.add_row(Text("" if number else title, style="bold cyan"), Text(text))


def _people(plan: Plan, option: Option) -> tuple[str, ...]:
    people, currency = option.people, plan.header.currency
    if not people.assessed:
        return ()
    steps = staff_actions(people, currency)
    rest = [f"{count(len(steps) - 1, 'more step')}" if len(steps) > 1 else ""]
    rest.append(f"{count(len(people.gaps), 'skill')} to be closed" if people.gaps else "")
    more = " and ".join(text for text in rest if text)
    return (*staff_in_brief(people, currency), *steps[:1], *([f"{more}: --all"] if more else ()))


def _readiness(plan: Plan, option: Option | None) -> tuple[str, ...]:
    ready = plan.readiness
    if ready is None:
        return ()
    axes = ", ".join(f"{axis.title} {axis_range(axis)}" for axis in ready.axes)
    texts = [f"{axes} of 100." if axes else ""]
    if option is not None and option.conditions:
        needed = [each.needed.rstrip(".") for each in option.conditions]
        rest = len(needed) - _FEW_CONDITIONS
        more = f"; and {rest} more" if rest > 0 else ""
        texts.append(f"Needed first: {'; '.join(needed[:_FEW_CONDITIONS])}{more}.")
    if total := len(ready.actions) + ready.more_actions:
        texts.append(f"{count(total, 'action')} to do by {ready.until}; cost, dates and owners: --all")
    return tuple(text for text in texts if text)


def _refused(plan: Plan) -> tuple[str, ...]:
    groups = refusal_groups(plan)
    texts = [f"{count(len(plan.refused), 'configuration')}; each with its reason: --all"] if groups else []
    width = len(str(len(groups[0].members))) if groups else 0
    texts += [
        f"{len(group.members):>{width}}  {STAGE_WORDS[group.stage]}: {group.summary}" for group in groups[:_FEW_REASONS]
    ]
    if len(groups) > _FEW_REASONS:
        texts.append(f"{count(len(groups) - _FEW_REASONS, 'more reason')} with fewer: --all")
    return tuple(texts)


def _assumed(plan: Plan) -> tuple[str, ...]:
    """Return what the scenario left unsaid, how many values are stale, and where every value stands."""
    unsaid = [each for each in plan.assumptions if each.origin is Origin.DEFAULTED]
    stale = sum(each.stale for each in plan.assumptions)
    shown = [f"{each.label or each.path}: {assumption_value(each)}" for each in unsaid[:_FEW_ASSUMPTIONS]]
    rest = len(unsaid) - len(shown)
    said = f"{'; '.join(shown)}{f'; and {rest} more' if rest > 0 else ''}. " if shown else ""
    old = f", {stale} of them STALE" if stale else ""
    return (f"{said}{count(len(plan.assumptions), 'value')} with sources{old}: --all",) if plan.assumptions else ()
