"""The catalogue of actions that close gaps, and what each would do for an organisation with these answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache

from millwright.readiness.assessment import Answer, Assessment, Evidence, Range, level_range
from millwright.readiness.questions import HIGHEST_LEVEL, load_questions, read_data


class Size(StrEnum):
    """How large an organisation is, by employees (the bounds of the EU's definition of small firms)."""

    MICRO = "micro"
    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


def size_of(employees: int | None) -> Size:
    """Return the size class: under 10, 50 and 250 employees; small where the number is not known."""
    if employees is None:
        return Size.SMALL
    bounds = ((10, Size.MICRO), (50, Size.SMALL), (250, Size.MEDIUM))
    return next((size for bound, size in bounds if employees < bound), Size.LARGE)


EVERY_KIND = frozenset({"owned", "colo", "cloud", "api"})


@dataclass(frozen=True)
class Action:
    """Something to do. `closes` are the levels that questions reach by it.

    `hours` of own people and `cost_usd` come once, `monthly_usd` every month after; each low to high. `weeks` is the
    least by the calendar. With `scales`, hours and cost are those of a small organisation and grow with the size.
    Of the actions of one `way`, one suffices. `kinds` are the options that an action belongs to.
    """

    id: str
    title: str
    does: str
    closes: Mapping[str, int]
    hours: Range
    weeks: int
    cost_usd: Range
    monthly_usd: Range
    owner: str
    needs: tuple[str, ...] = ()
    sizes: frozenset[Size] = frozenset(Size)
    way: str = ""
    kinds: frozenset[str] = EVERY_KIND
    scales: bool = False
    source: str = "judgement"


@dataclass(frozen=True)
class ActionBook:
    """All actions by id; what an own hour costs [USD]; by how much hours and cost grow with the size."""

    actions: Mapping[str, Action]
    hour_usd: Range
    size_factors: Mapping[Size, float] = field(default_factory=dict)

    def suited(self, size: Size, kinds: frozenset[str] = EVERY_KIND) -> Mapping[str, Action]:
        """Return the actions that suit a size and kinds of options, with the hours and cost that they take there."""
        found = [each for each in self.actions.values() if size in each.sizes and each.kinds & kinds]
        return {each.id: self._scaled(each, size) for each in found}

    def _scaled(self, action: Action, size: Size) -> Action:
        factor = self.size_factors.get(size, 1.0) if action.scales else 1.0
        if factor == 1.0:
            return action
        hours, cost = (Range(each.low * factor, each.high * factor) for each in (action.hours, action.cost_usd))
        return replace(action, hours=hours, cost_usd=cost)


@lru_cache(maxsize=1)
def load_actions() -> ActionBook:
    """Return the shipped actions."""
    raw = read_data("actions.yaml")
    found = {}
    for each in raw["actions"]:
        fields = dict(each)
        for name, key in (("hours", "hours"), ("cost_usd", "cost"), ("monthly_usd", "monthly")):
            fields[name] = Range(*map(float, fields.pop(key, (0, 0))))
        fields["needs"] = tuple(fields.get("needs", ()))
        fields["kinds"] = frozenset(fields.get("kinds", EVERY_KIND))
        fields["sizes"] = frozenset(Size(size) for size in fields.get("sizes", Size))
        found[each["id"]] = Action(**fields)
    factors = {Size(name): float(value) for name, value in raw["size_factors"].items()}
    return ActionBook(found, Range(*map(float, raw["hour_usd"])), factors)


def is_done(action: Action, assessment: Assessment) -> bool:
    """Return whether everything that an action would bring is already there, by the answers as they stand."""
    given = assessment.answers
    return all(question in given and given[question].level >= level for question, level in action.closes.items())


def gaps(assessment: Assessment, targets: Mapping[str, int]) -> dict[str, int]:
    """Return the answered questions that are below their target, with the target. Open questions are no gaps yet."""
    return {
        question: target
        for question, target in targets.items()
        if question in assessment.answers and assessment.answers[question].level < target
    }


def points(assessment: Assessment, question: str, level: int) -> float:
    """Return by how many points the lower end of its axis' score rises when a question reaches `level`, documented."""
    book = load_questions()
    asked = book.questions[question]
    now, then = assessment.level_of(question).low, level_range(Answer(level, Evidence.DOCUMENTED)).low
    whole = sum(each.weight for each in book.of_axis(asked.axis))
    return max(0.0, 100.0 * (then - now) * asked.weight / (HIGHEST_LEVEL * whole))
