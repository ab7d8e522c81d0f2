"""What an organisation answers, and the score of each axis as a range that evidence narrows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from millwright.readiness.questions import HIGHEST_LEVEL, Question, QuestionBook, load_questions


class Evidence(StrEnum):
    """What an answer rests on."""

    CLAIMED = "claimed"
    DOCUMENTED = "documented"
    MEASURED = "measured"


BELOW: Mapping[Evidence, float] = {Evidence.CLAIMED: 1.5, Evidence.DOCUMENTED: 0.75, Evidence.MEASURED: 0.0}
"""By how many levels the truth may lie below an answer: a judgement, quality C. People think better of themselves."""

ABOVE: Mapping[Evidence, float] = {Evidence.CLAIMED: 0.5, Evidence.DOCUMENTED: 0.25, Evidence.MEASURED: 0.0}
"""By how many levels the truth may lie above an answer: a judgement, quality C."""


@dataclass(frozen=True)
class Answer:
    """A level from 0 to 4, what it rests on, and the evidence in words."""

    level: int
    evidence: Evidence = Evidence.CLAIMED
    because: str = ""


@dataclass(frozen=True)
class Range:
    """Where a level (0 to 4) or a score (0 to 100) lies for sure, as far as the answers go."""

    low: float
    high: float

    @property
    def middle(self) -> float:
        """Return the middle."""
        return (self.low + self.high) / 2.0

    @property
    def width(self) -> float:
        """Return high less low."""
        return self.high - self.low


@dataclass(frozen=True)
class Means:
    """What an organisation can put into getting ready. Money is in `currency`; None where it was not said."""

    employees: int | None = None
    currency: str = "USD"
    hours_per_month: float | None = None
    budget_per_quarter: float | None = None


@dataclass(frozen=True)
class Assessment:
    """The answers by question; a question without one is unknown."""

    answers: Mapping[str, Answer] = field(default_factory=dict)
    means: Means = Means()
    name: str = ""

    def level_of(self, question: str) -> Range:
        """Return where the level of a question lies: 0 to 4 where it is not answered."""
        return level_range(self.answers.get(question))

    def improved(self, levels: Mapping[str, int]) -> Assessment:
        """Return the assessment once these levels are reached and documented; no answer gets worse."""
        changed = dict(self.answers)
        for question, level in levels.items():
            reached = Answer(level, Evidence.DOCUMENTED, "planned")
            if level_range(reached).low > self.level_of(question).low:
                changed[question] = reached
        return replace(self, answers=changed)


def level_range(answer: Answer | None) -> Range:
    """Return where a level lies, given an answer; stronger evidence for the same level always lies within."""
    if answer is None:
        return Range(0.0, float(HIGHEST_LEVEL))
    low = max(0.0, answer.level - BELOW[answer.evidence])
    return Range(low, min(float(HIGHEST_LEVEL), answer.level + ABOVE[answer.evidence]))


@dataclass(frozen=True)
class AxisScore:
    """The score of an axis, 0 to 100: the weighted mean of its levels over 4.

    The range holds the score if each answer is wrong by no more than its evidence leaves open; a question without an
    answer leaves everything open. `proven` are the answers that are documented or measured.
    """

    axis: str
    title: str
    score: Range
    questions: int
    answered: int
    proven: int


def axis_scores(assessment: Assessment, book: QuestionBook | None = None) -> tuple[AxisScore, ...]:
    """Return the score of every axis, in the order of the questions' file."""
    book = book or load_questions()
    scores = []
    for axis in book.axes.values():
        questions = book.of_axis(axis.id)
        given = [answer for each in questions if (answer := assessment.answers.get(each.id)) is not None]
        proven = sum(each.evidence is not Evidence.CLAIMED for each in given)
        score = _mean_score(questions, assessment)
        scores.append(AxisScore(axis.id, axis.title, score, len(questions), len(given), proven))
    return tuple(scores)


def _mean_score(questions: Iterable[Question], assessment: Assessment) -> Range:
    low = high = total = 0.0
    for question in questions:
        level = assessment.level_of(question.id)
        low += question.weight * level.low
        high += question.weight * level.high
        total += question.weight
    return Range(100.0 * low / (HIGHEST_LEVEL * total), 100.0 * high / (HIGHEST_LEVEL * total))


@dataclass(frozen=True)
class Narrowing:
    """A question worth answering next, or proving: by how many points of its axis' score the range would narrow."""

    question: Question
    points: float
    state: str  # unknown, claimed, documented


def narrowing(assessment: Assessment, book: QuestionBook | None = None) -> tuple[Narrowing, ...]:
    """Return the questions by how much a measured answer would narrow their axis, the most first."""
    book = book or load_questions()
    total = {axis: sum(each.weight for each in book.of_axis(axis)) for axis in book.axes}
    found = []
    for question in book.questions.values():
        width = assessment.level_of(question.id).width
        if width > 0.0:
            answer = assessment.answers.get(question.id)
            points = 100.0 * width * question.weight / (HIGHEST_LEVEL * total[question.axis])
            found.append(Narrowing(question, points, "unknown" if answer is None else str(answer.evidence)))
    order = {each: number for number, each in enumerate(book.questions)}
    return tuple(sorted(found, key=lambda each: (-round(each.points, 6), order[each.question.id])))
