"""How sovereign a place is, after the EU Cloud Sovereignty Framework: eight weighted objectives, SEAL-0 to SEAL-4.

Each level is a condition over facts. What is not known makes the score an interval: its lower end takes every unknown
for no, its upper end for yes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from millwright.law.expression import Condition, World
from millwright.law.facts import Fact
from millwright.law.grammar import read_condition
from millwright.law.kleene import Verdict
from millwright.law.load import DATA, read_yaml_file

TOP_LEVEL = 4


@dataclass(frozen=True)
class Level:
    """What one level of an objective asks."""

    plain: str
    asks: Condition


@dataclass(frozen=True)
class Objective:
    """One objective: its share of the score [%], and what levels 1 to 4 ask."""

    id: str
    title: str
    weight: float
    levels: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether one level's condition holds, from which facts, and whose word that is."""

    level: int
    plain: str
    verdict: Verdict
    facts: tuple[Fact, ...]
    claimed_by: str


@dataclass(frozen=True, slots=True)
class ObjectiveScore:
    """The level reached in one objective: at least `low`, at most `high`."""

    id: str
    title: str
    weight: float
    low: int
    high: int
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class SovereigntyScore:
    """The weighted score [%] from `low` to `high`, and the lowest level over all objectives (which tenders ask for)."""

    low: float
    high: float
    seal_low: int
    seal_high: int
    objectives: tuple[ObjectiveScore, ...]

    @property
    def missing_facts(self) -> tuple[Fact, ...]:
        """The facts whose answer would narrow the score."""
        return tuple(
            dict.fromkeys(
                fact
                for objective in self.objectives
                for answer in objective.answers
                if answer.verdict is Verdict.UNKNOWN and answer.level <= objective.high + 1
                for fact in answer.facts
            )
        )


@cache
def load_objectives(path: Path = DATA / "sovereignty.yaml") -> tuple[Objective, ...]:
    """Return the eight objectives with their levels; raises RuleFileError."""
    return tuple(
        Objective(
            raw["id"],
            raw["title"],
            float(raw["weight"]),
            tuple(Level(each["plain"], read_condition(each["asks"])) for each in raw["levels"]),
        )
        for raw in read_yaml_file(path)["objectives"]
    )


def sovereignty(
    world: World, told: Collection[Fact] = (), objectives: Iterable[Objective] | None = None
) -> SovereigntyScore:
    """Return the score of a place. `told` are the facts that the scenario states; others are the catalogue's word."""
    return _weighted(tuple(_score(each, world, told) for each in objectives or load_objectives()))


def weakest(scores: Sequence[SovereigntyScore]) -> SovereigntyScore:
    """Return the score of several places that serve together: in each objective, that of the weakest place.

    Raises ValueError where there is no score.
    """
    if not scores:
        raise ValueError("no place, no score")
    return _weighted(
        tuple(_weakest(of_places) for of_places in zip(*(score.objectives for score in scores), strict=True))
    )


def _weakest(places: Sequence[ObjectiveScore]) -> ObjectiveScore:
    """Return the lowest level of one objective over places, with the answers of the place that is surely lowest."""
    shown = min(places, key=lambda each: (each.low, each.high))
    return replace(shown, high=min(each.high for each in places))


def _weighted(scores: tuple[ObjectiveScore, ...]) -> SovereigntyScore:
    total = sum(each.weight for each in scores)
    return SovereigntyScore(
        low=sum(each.weight * each.low for each in scores) / TOP_LEVEL / total * 100.0,
        high=sum(each.weight * each.high for each in scores) / TOP_LEVEL / total * 100.0,
        seal_low=min(each.low for each in scores),
        seal_high=min(each.high for each in scores),
        objectives=scores,
    )


def _score(objective: Objective, world: World, told: Collection[Fact]) -> ObjectiveScore:
    answers = tuple(_answer(number, level, world, told) for number, level in enumerate(objective.levels, start=1))
    verdicts = [each.verdict for each in answers]
    return ObjectiveScore(
        objective.id,
        objective.title,
        objective.weight,
        low=_reached(verdicts, {Verdict.YES}),
        high=_reached(verdicts, {Verdict.YES, Verdict.UNKNOWN}),
        answers=answers,
    )


def _reached(verdicts: list[Verdict], counts: set[Verdict]) -> int:
    """Return the highest level of which it and all lower ones count."""
    return next((number for number, each in enumerate(verdicts) if each not in counts), len(verdicts))


def _answer(number: int, level: Level, world: World, told: Collection[Fact]) -> Answer:
    value = level.asks.value(world)
    facts = level.asks.missing(world) if value is Verdict.UNKNOWN else tuple(sorted(level.asks.facts()))
    if value is Verdict.UNKNOWN:
        claimed_by = ""
    else:
        claimed_by = "the scenario" if any(fact in told for fact in facts) else "the catalogue"
    return Answer(number, level.plain, value, facts, claimed_by)
