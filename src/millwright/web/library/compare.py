"""Two plans of one question at different times: what has changed between them, and does the decision flip?"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import unified_diff
from typing import TypeAlias

from millwright.plan.model import Assumption, Option, Origin, Plan

Value: TypeAlias = float | str | bool | None


@dataclass(frozen=True)
class Change:
    """A value both plans rest on and that is no longer the same; None: the plan does not have it."""

    id: str
    path: str
    label: str
    unit: str
    before: Value
    after: Value
    source_before: str
    source_after: str

    @property
    def ratio(self) -> float | None:
        """Return how many times the earlier value the later one is, where both are numbers."""
        old, new = self.before, self.after
        if isinstance(old, bool) or isinstance(new, bool):
            return None
        return new / old if isinstance(old, int | float) and isinstance(new, int | float) and old else None


@dataclass(frozen=True)
class Moved:
    """An option that both plans have: its rank and its cost per million tokens, before and after."""

    id: str
    title: str
    rank_before: int
    rank_after: int
    lcot_before: float
    lcot_after: float
    probability_before: float
    probability_after: float


@dataclass(frozen=True)
class Comparison:
    """What has changed from one plan to another. `flips`: another option, or another kind of answer, is the best."""

    flips: bool
    sentence: str
    decision_before: str
    decision_after: str
    option_before: str | None
    option_after: str | None
    probability_before: float
    probability_after: float
    currency_before: str
    currency_after: str
    scenario_changed: bool
    scenario_diff: tuple[str, ...]
    """Lines of a unified diff; empty where the texts are the same or not both known."""
    program: tuple[str, str] | None
    rules: tuple[str, str] | None
    rules_as_of: tuple[str, str] | None
    catalogue: tuple[str, str] | None
    prices: tuple[Change, ...]
    """Catalogue values in money."""
    catalogue_values: tuple[Change, ...]
    other_values: tuple[Change, ...]
    """What the user said, defaults, fitted coefficients."""
    options: tuple[Moved, ...]
    new_options: tuple[str, ...]
    gone_options: tuple[str, ...]
    law: tuple[str, ...]
    """Options whose verdict is another, in words."""


def compare_plans(
    before: Plan, after: Plan, text_before: str | None = None, text_after: str | None = None
) -> Comparison:
    """Return what has changed from `before` to `after`; with the texts of their scenarios, line by line."""
    changes = _changes(before, after)
    of_catalogue = [change for change, origin in changes if origin is Origin.CATALOGUE]
    first = {option.id: option for option in before.options}
    second = {option.id: option for option in after.options}
    flips = _flips(before, after)
    return Comparison(
        flips=flips,
        sentence=_sentence(before, after, flips),
        decision_before=before.answer.decision,
        decision_after=after.answer.decision,
        option_before=before.answer.option_id,
        option_after=after.answer.option_id,
        probability_before=before.answer.probability,
        probability_after=after.answer.probability,
        currency_before=before.header.currency,
        currency_after=after.header.currency,
        scenario_changed=before.header.scenario_hash != after.header.scenario_hash,
        scenario_diff=_diff(text_before, text_after),
        program=_pair(before.header.millwright_version, after.header.millwright_version),
        rules=_pair(before.header.rule_base_version, after.header.rule_base_version),
        rules_as_of=_pair(before.header.rules_as_of, after.header.rules_as_of),
        catalogue=_pair(before.header.catalogue_date, after.header.catalogue_date),
        prices=tuple(each for each in of_catalogue if _is_money(each, before, after)),
        catalogue_values=tuple(each for each in of_catalogue if not _is_money(each, before, after)),
        other_values=tuple(change for change, origin in changes if origin is not Origin.CATALOGUE),
        options=tuple(_moved(first[id_], option) for id_, option in second.items() if id_ in first),
        new_options=tuple(option.title for id_, option in second.items() if id_ not in first),
        gone_options=tuple(option.title for id_, option in first.items() if id_ not in second),
        law=tuple(
            f"{option.title}: {first[id_].law.verdict} before, {option.law.verdict} now"
            for id_, option in second.items()
            if id_ in first and first[id_].law.verdict != option.law.verdict
        ),
    )


def _flips(before: Plan, after: Plan) -> bool:
    """Return whether somebody who acts on the plan would now act otherwise."""
    return (before.answer.decision, before.answer.option_id) != (after.answer.decision, after.answer.option_id)


def _sentence(before: Plan, after: Plan, flips: bool) -> str:
    if not flips:
        return (
            f"The decision holds: {after.answer.decision}. It was {before.answer.odds} and is now {after.answer.odds}."
        )
    if before.answer.decision != after.answer.decision:
        return f"The decision flips from {before.answer.decision} to {after.answer.decision}."
    return f"The decision is still to {after.answer.decision}, but with another option."


def _changes(before: Plan, after: Plan) -> list[tuple[Change, Origin]]:
    """Return every assumption whose value differs, and those only one plan rests on."""
    old = {each.id: each for each in before.assumptions}
    new = {each.id: each for each in after.assumptions}
    found = []
    for id_ in dict.fromkeys((*old, *new)):
        one, other = old.get(id_), new.get(id_)
        if (shown := other or one) is None or _same(one, other):
            continue
        change = Change(
            id=id_,
            path=shown.path,
            label=shown.label,
            unit=shown.unit,
            before=one.value if one else None,
            after=other.value if other else None,
            source_before=_source(one),
            source_after=_source(other),
        )
        found.append((change, shown.origin))
    return found


def _same(one: Assumption | None, other: Assumption | None) -> bool:
    return one is not None and other is not None and (one.value, one.unit) == (other.value, other.unit)


def _source(each: Assumption | None) -> str:
    return "" if each is None else ", ".join(part for part in (each.source_title, each.date) if part)


def _is_money(change: Change, before: Plan, after: Plan) -> bool:
    unit = change.unit.split("/")[0]
    return unit in {"USD", "EUR", "CHF", "GBP", before.header.currency, after.header.currency}


def _moved(first: Option, second: Option) -> Moved:
    return Moved(
        id=second.id,
        title=second.title,
        rank_before=first.rank,
        rank_after=second.rank,
        lcot_before=first.cost.lcot.value,
        lcot_after=second.cost.lcot.value,
        probability_before=first.cost.probability_best,
        probability_after=second.cost.probability_best,
    )


def _pair(before: str, after: str) -> tuple[str, str] | None:
    return None if before == after else (before, after)


def _diff(before: str | None, after: str | None) -> tuple[str, ...]:
    if before is None or after is None:
        return ()
    return tuple(unified_diff(before.splitlines(), after.splitlines(), "before", "after", lineterm="", n=1))
