"""Gates: what an option needs of an organisation, held against its answers in three values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from millwright.readiness.assessment import Assessment, Range
from millwright.readiness.questions import load_questions, read_data


class Effect(StrEnum):
    """What follows when a gate is not passed."""

    BLOCK = "block"
    QUALIFY = "qualify"


class State(StrEnum):
    """Whether a gate is passed; unknown where the answers leave it open."""

    PASSED = "passed"
    NOT_PASSED = "not passed"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Gate:
    """An option of one of `kinds` needs `level` of a question; with `classes`, where the data are of one of them."""

    id: str
    kinds: frozenset[str]
    question: str
    level: int
    effect: Effect
    why: str
    classes: frozenset[str] = frozenset()
    around_the_clock: bool = False


@dataclass(frozen=True)
class Needs:
    """What of an option decides which gates it meets: its kinds, its data, and whether it is promised always."""

    kinds: frozenset[str]
    data_classes: frozenset[str] = frozenset()
    around_the_clock: bool = False


@dataclass(frozen=True)
class GateFinding:
    """A gate held against the answers: `level` is where the organisation stands."""

    gate: Gate
    state: State
    level: Range

    @property
    def blocks(self) -> bool:
        """Whether it makes the option infeasible."""
        return self.state is State.NOT_PASSED and self.gate.effect is Effect.BLOCK

    @property
    def remedy(self) -> str:
        """Return what must be seen for the gate to be passed."""
        return load_questions().questions[self.gate.question].levels[self.gate.level]


@lru_cache(maxsize=1)
def load_gates() -> tuple[Gate, ...]:
    """Return the shipped gates."""
    return tuple(
        Gate(
            each["id"],
            frozenset(each["kinds"]),
            each["question"],
            int(each["level"]),
            Effect(each["effect"]),
            each["why"],
            frozenset(each.get("classes", ())),
            bool(each.get("around_the_clock", False)),
        )
        for each in read_data("gates.yaml")["gates"]
    )


def concerns(gate: Gate, needs: Needs) -> bool:
    """Return whether an option meets this gate at all."""
    return (
        bool(gate.kinds & needs.kinds)
        and (not gate.classes or bool(gate.classes & needs.data_classes))
        and (not gate.around_the_clock or needs.around_the_clock)
    )


def gate_findings(assessment: Assessment, needs: Needs, gates: Iterable[Gate] | None = None) -> tuple[GateFinding, ...]:
    """Return every gate that is not passed for sure: those that block first, then conditions, then open ones."""
    found = []
    for gate in load_gates() if gates is None else gates:
        if not concerns(gate, needs):
            continue
        answer = assessment.answers.get(gate.question)
        # A claim counts here as it stands: gates ask for little, and a claim is better than silence.
        state = State.UNKNOWN if answer is None else State.PASSED if answer.level >= gate.level else State.NOT_PASSED
        if state is not State.PASSED:
            found.append(GateFinding(gate, state, assessment.level_of(gate.question)))
    return tuple(sorted(found, key=lambda each: (not each.blocks, each.state is State.UNKNOWN, each.gate.effect)))
