"""Readiness and the way out in words, the same in every view."""

from __future__ import annotations

from millwright.plan.model import EstimateValue, Option, Plan
from millwright.plan.ready_model import AxisReadiness, Exit
from millwright.report.format import count

NOT_KNOWN = "Not known"
"""How the sentence begins that says what nobody knows of leaving."""


def axis_range(axis: AxisReadiness) -> str:
    """Return the score of an axis as its range."""
    return f"{axis.low:.0f}–{axis.high:.0f}"


def exit_texts(way_out: Exit) -> list[str]:
    """Return what leaving an option takes: the sentence, each cause, and what is not known."""
    texts = [way_out.sentence]
    texts += [f"{each.cause}: {_from_to(each.cost)}; {each.why}." for each in way_out.causes if each.cost.high > 0.0]
    if way_out.unknown:
        texts.append(f"{NOT_KNOWN}: {'; '.join(way_out.unknown)}.")
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
        hours = _from_to(ready.hours)
        sums = [f"{hours} of own work", f"{_from_to(ready.cost)} once"]
        if ready.cost_per_month.high > 0.0:
            sums.append(f"then {_from_to(ready.cost_per_month)}")
        closing = "closes" if total == 1 else "close"
        texts.append(f"{count(total, 'action')} {closing} the known gaps by {ready.until}: {', '.join(sums)}.")
    if ready.conditions_met:
        texts.append(f"What this option asks for is there by {ready.conditions_met}.")
    return [*texts, *ready.notes]


def _from_to(each: EstimateValue) -> str:
    """Return a range of judgement, which has no best value, to two significant digits."""
    low, high = (f"{float(f'{value:.2g}'):,.10g}" for value in (each.low, each.high))
    return f"{low} to {high} {each.unit}"
