"""Learning path: which skills each person learns, in which order, by which practice, and what proves each."""

from __future__ import annotations

from dataclasses import dataclass

from millwright.people.plan import PeoplePlan
from millwright.people.skill import Practice, load_skills


@dataclass(frozen=True)
class PathStep:
    """One step of a path. `lab` identifies the exercise that proves the level; `can_do` is what it shows."""

    order: int
    skill: str
    title: str
    from_level: int
    to_level: int
    can_do: str
    practice: Practice
    hours: float
    start_month: int
    ready_month: int
    lab: str
    builds_on: tuple[str, ...]
    proof_only: bool


@dataclass(frozen=True)
class LearningPath:
    """The steps of one person, in order."""

    member: str
    steps: tuple[PathStep, ...]

    @property
    def hours(self) -> float:
        """Hours set aside for all steps."""
        return sum(step.hours for step in self.steps)


def learning_paths(plan: PeoplePlan) -> tuple[LearningPath, ...]:
    """Return the path of everyone who learns something in `plan`."""
    book = load_skills()
    paths: dict[str, list[PathStep]] = {}
    for lesson in plan.lessons:
        training = lesson.training
        skill = book[training.skill]
        steps = paths.setdefault(training.member, [])
        steps.append(
            PathStep(
                order=len(steps) + 1,
                skill=skill.id,
                title=skill.title,
                from_level=training.from_level,
                to_level=training.to_level,
                can_do=skill.can_do(training.to_level),
                practice=skill.practice,
                hours=training.planned_h,
                start_month=lesson.start_month,
                ready_month=lesson.ready_month,
                lab=skill.lab(training.to_level),
                builds_on=tuple(before for before, _ in skill.after) if training.to_level >= 2 else (),
                proof_only=training.proof and training.to_level - training.from_level == 1,
            )
        )
    return tuple(LearningPath(member, tuple(steps)) for member, steps in paths.items())
