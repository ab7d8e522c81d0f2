"""Timetable: in which month each training step is studied, what is due first first, beside the work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from millwright.people.skill import load_skills
from millwright.people.training import Training

_ROUNDING_H = 1e-6


@dataclass(frozen=True)
class Lesson:
    """A training step with its hours by month (month, hours), and the month from which the skill counts."""

    training: Training
    due_month: int
    hours: tuple[tuple[int, float], ...]

    @property
    def start_month(self) -> int:
        """Month in which study begins."""
        return self.hours[0][0] if self.hours else 0

    @property
    def ready_month(self) -> int:
        """First month in which the skill is there: after the last hour, and not before the least calendar time."""
        studied = self.hours[-1][0] + 1 if self.hours else 0
        return min(self.due_month, max(studied, self.training.months_at_least))


def timetable(due: Mapping[Training, int], free_hours: Sequence[float]) -> tuple[Lesson, ...]:
    """Return one member's lessons in the order of study.

    `due` gives the month before which each step must be done, `free_hours[m]` the hours free in month m. What is due
    first comes first, and what builds on another skill after it. Raises ValueError where the hours do not suffice.
    """
    left = list(free_hours)
    month = 0
    lessons = []
    for step in in_order(due):
        wanted, hours = step.planned_h, []
        while wanted > _ROUNDING_H:
            while month < len(left) and left[month] <= _ROUNDING_H:
                month += 1
            if month >= due[step]:
                if wanted > 1e-3:
                    raise ValueError(f"{step.member} lacks {wanted:.1f} h for {step.skill} before month {due[step]}")
                break
            taken = min(wanted, left[month])
            hours.append((month, taken))
            left[month] -= taken
            wanted -= taken
        lessons.append(Lesson(step, due[step], tuple(hours)))
    return tuple(lessons)


def in_order(due: Mapping[Training, int]) -> tuple[Training, ...]:
    """Return steps by due month, each after those it builds on; short ones first where nothing else decides.

    Raises ValueError for skills that build on one another in a circle.
    """
    book = load_skills()
    waiting = sorted(due, key=lambda step: (due[step], step.planned_h, step.skill, step.to_level))
    order: list[Training] = []
    while waiting:
        for step in waiting:
            first = [(step.skill, step.from_level)]
            if step.to_level >= 2:
                first += book[step.skill].after
            blocked = any(
                other is not step and other.skill == skill and other.from_level < level
                for skill, level in first
                for other in waiting
                if not (other.skill == step.skill and other.from_level >= step.from_level)
            )
            if not blocked:
                order.append(step)
                waiting.remove(step)
                break
        else:
            raise ValueError(f"skills build on one another in a circle: {', '.join(step.skill for step in waiting)}")
    return tuple(order)
