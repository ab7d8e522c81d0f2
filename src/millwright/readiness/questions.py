"""The questions of the assessment: six axes, each question with five levels said as what somebody can see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

HIGHEST_LEVEL = 4


@dataclass(frozen=True)
class Axis:
    """One side of readiness, and the question it asks as a whole."""

    id: str
    title: str
    asks: str


@dataclass(frozen=True)
class Question:
    """One question. `levels[k]` is what can be seen at level k, from 0 to 4; `shows` what would prove an answer.

    `nist` is the function of the NIST AI Risk Management Framework that it belongs to; `weight` its share in the axis;
    `target` the level that a service should start with. It concerns options of these `kinds` only.
    """

    id: str
    axis: str
    asks: str
    levels: tuple[str, ...]
    shows: str
    nist: str
    weight: float = 1.0
    target: int = 2
    kinds: frozenset[str] = frozenset({"owned", "colo", "cloud", "api"})


@dataclass(frozen=True)
class QuestionBook:
    """All axes and questions by id, in the order of the file."""

    axes: Mapping[str, Axis]
    questions: Mapping[str, Question]

    def of_axis(self, axis: str) -> tuple[Question, ...]:
        """Return the questions of one axis."""
        return tuple(each for each in self.questions.values() if each.axis == axis)


def read_data(name: str) -> Any:
    """Return the shipped YAML file `name` of this package as plain values."""
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    text = (files("millwright.readiness") / "data" / name).read_text(encoding="utf-8")
    return yaml.load(text, Loader=loader)


@lru_cache(maxsize=1)
def load_questions() -> QuestionBook:
    """Return the shipped questions."""
    raw = read_data("questions.yaml")
    axes = [Axis(**each) for each in raw["axes"]]
    questions = [_question(each) for each in raw["questions"]]
    return QuestionBook({each.id: each for each in axes}, {each.id: each for each in questions})


def _question(raw: dict[str, Any]) -> Question:
    fields = {**raw, "levels": tuple(raw["levels"])}
    if "kinds" in raw:
        fields["kinds"] = frozenset(raw["kinds"])
    return Question(**fields)
