"""Readiness and the way out in words, the same in every view."""

from __future__ import annotations

from millwright.plan.model import Option, Plan
from millwright.plan.ready_model import AxisReadiness, Exit
from millwright.report.format import count, number_text


def axis_range(axis: AxisReadiness) -> str:
    """Return the score of an axis as its range."""
    return f"{axis.low:.0f}–{axis.high:.0f}"


def exit_texts(way_out: Exit) -> list[str]:
    """Return what leaving an option takes: the sentence, each cause, and what is not known."""
    texts = [way_out.sentence]
    texts += [
        f"{each.cause}: {number_text(each.cost.low, each.cost.unit)} to {number_text(each.cost.high, each.cost.unit)}; "
        f"{each.why}."
        for each in way_out.causes
        if each.cost.high > 0.0
    ]
    if way_out.unknown:
        texts.append(f"Not known: {'; '.join(way_out.unknown)}.")
    return texts


def condition_texts(option: Option) -> list[str]:
    """Return what an option asks of the organisation: why, and what must be seen."""
    return [
        f"{each.why} {'Not answered yet.' if each.state == 'unknown' else f'Needed: {each.needed}'}"
        for each in option.conditions
    ]


def readiness_texts(plan: Plan) -> list[str]:
    """Return what the roadmap takes in all, by when, and what is not counted in it."""
    ready = plan.readiness
    if ready is None:
        return []
    texts: list[str] = []
    total = len(ready.actions) + ready.more_actions
    if total:
        money = f"{number_text(ready.cost.low)} to {number_text(ready.cost.high, ready.cost.unit)} once"
        each_month = ready.cost_per_month
        monthly = f"{number_text(each_month.low)} to {number_text(each_month.high, ready.cost.unit)} a month"
        hours = f"{number_text(ready.hours.low)} to {number_text(ready.hours.high, 'h')} of own work"
        closing = "closes" if total == 1 else "close"
        texts.append(
            f"{count(total, 'action')} {closing} the known gaps by {ready.until}: {hours}, {money}, then {monthly}."
        )
    if ready.conditions_met:
        texts.append(f"What this option asks for is there by {ready.conditions_met}.")
    return [*texts, *ready.notes]
