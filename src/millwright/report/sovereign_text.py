"""Sovereignty and air gap in words, the same in every view."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from millwright.law.facts import in_words
from millwright.plan.model import AirGap, LawFinding, Option, Plan, Sovereignty
from millwright.report.format import count

Shared = TypeVar("Shared", Sovereignty, AirGap)
_FEW_QUESTIONS = 3


def sovereignty_range(found: Sovereignty | None) -> str:
    """Return the score as the range that missing facts leave open, such as `62–78`; a dash where there is none."""
    if found is None:
        return "–"
    return _span(round(found.score.low), round(found.score.high))


def seal_range(found: Sovereignty) -> str:
    """Return such as `SEAL 0–2`: the lowest level over all objectives."""
    return f"SEAL {_span(found.seal_low, found.seal_high)}"


def air_gap_text(found: AirGap) -> str:
    """Return whether it can run cut off, and what that takes, in a few words."""
    inside = f"{count(len(found.bring_in), 'thing')} to bring in"
    if found.feasible == "unknown":
        return "unknown: what kind of place it is has not been said"
    if found.feasible == "no":
        return f"not possible without {' and '.join(each.what for each in found.cannot if each.blocks)}"
    return f"cut off as the scenario says, {inside}" if found.cut_off else f"possible, {inside}"


def sovereignty_line(option: Option) -> str:
    """Return both findings in one line; empty where the plan has none."""
    texts = []
    if option.sovereignty is not None:
        score = option.sovereignty
        texts.append(f"Sovereignty {sovereignty_range(score)} of 100 ({seal_range(score)})")
    if option.air_gap is not None:
        texts.append(f"Air gap: {air_gap_text(option.air_gap)}")
    return " · ".join(texts)


def objective_text(found: Sovereignty) -> str:
    """Return the level of each objective, such as `strategic 2–4, legal and jurisdictional 4, …`."""
    return ", ".join(f"{each.title} {_span(each.level_low, each.level_high)}" for each in found.objectives)


def narrowing_text(found: Sovereignty) -> str:
    """Return the first questions that would narrow the score; empty where nothing is open."""
    if not found.missing:
        return ""
    return f"The score narrows when you say: {in_words((each.fact for each in found.missing), _FEW_QUESTIONS)}"


def scores_by_options(plan: Plan) -> tuple[tuple[Sovereignty, tuple[int, ...]], ...]:
    """Return each distinct score with the ranks of its options, the most sovereign first."""
    return tuple(sorted(_shared(plan, lambda option: option.sovereignty), key=lambda item: -item[0].score.low))


def air_gaps_by_options(plan: Plan) -> tuple[tuple[AirGap, tuple[int, ...]], ...]:
    """Return each distinct list of what is wanted from outside with the ranks of its options, in their order."""
    return tuple(_shared(plan, lambda option: option.air_gap))


def missing_words(finding: LawFinding) -> str:
    """Return the questions that a finding leaves open and that its reason does not ask already."""
    return "" if "until you say" in finding.reason else in_words(finding.missing_facts)


def open_words(finding: LawFinding) -> str:
    """Return the questions that a finding leaves open."""
    return in_words(finding.missing_facts)


def _shared(plan: Plan, of: Callable[[Option], Shared | None]) -> list[tuple[Shared, tuple[int, ...]]]:
    ranks: dict[Shared, list[int]] = {}
    for option in plan.options:
        found = of(option)
        if found is not None:
            ranks.setdefault(found, []).append(option.rank)
    return [(found, tuple(numbers)) for found, numbers in ranks.items()]


def _span(low: int, high: int) -> str:
    return str(low) if low == high else f"{low}–{high}"
