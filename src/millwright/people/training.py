"""Training: which steps would bring a member to the levels asked for, with hours, cost, chance and time."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from millwright.people.figures import figures
from millwright.people.skill import Practice, load_skills
from millwright.people.team import Evidence, Member
from millwright.people.ways import Market


@dataclass(frozen=True)
class Training:
    """A member learns one skill from one level to another.

    `planned_h` hours are set aside, enough attempts to succeed with the chance `success`; `expected_h` is their mean.
    `months_at_least` is the least calendar time. `materials` is what it costs besides own hours [currency].
    `proof`: the level is there but only claimed; it has to be shown.
    """

    member: str
    skill: str
    from_level: int
    to_level: int
    planned_h: float
    expected_h: float
    attempts: int
    success: float
    months_at_least: int
    materials: float
    practice: Practice
    proof: bool = False


def targets_with_prerequisites(targets: Iterable[tuple[str, int]]) -> frozenset[tuple[str, int]]:
    """Return the (skill, level) pairs asked for, and those that have to be learnt before them."""
    book = load_skills()
    found: set[tuple[str, int]] = set()
    waiting = list(targets)
    while waiting:
        skill, level = waiting.pop()
        if (skill, level) in found:
            continue
        found.add((skill, level))
        if level >= 2:
            waiting += book[skill].after
    return frozenset(found)


def trainings(member: Member, targets: Iterable[tuple[str, int]], market: Market) -> tuple[Training, ...]:
    """Return the steps by which `member` would reach each of the `targets` (skill, level) not yet reached.

    Several levels of one skill become steps after one another.
    """
    steps: list[Training] = []
    by_skill: dict[str, list[int]] = {}
    for skill, level in sorted(targets):
        by_skill.setdefault(skill, []).append(level)
    for skill, levels in by_skill.items():
        reached = member.level(skill)
        for level in levels:
            if level > reached:
                steps.append(training_step(member, skill, reached, level, market))
                reached = level
    return tuple(steps)


def training_step(member: Member, skill: str, from_level: int, to_level: int, market: Market) -> Training:
    """Return the step from one level to another. A level that is claimed only needs to be shown.

    An attempt at a level succeeds with the chance of `success_to_level_k`; attempts are planned until the chance is
    `planned_success` [-]; each further one takes `repeat_share` of the first one's hours. With chance s and m attempts
    of h hours: planned h·(1 + (m − 1)·r), expected h·(1 + r·Σ (1 − s)^i for i < m), success 1 − (1 − s)^m.
    Who has level 2 in another skill of the area needs fewer hours, by `neighbour_factor`.
    """
    known = figures()
    entry = load_skills()[skill]
    held = member.held(skill)
    near = known["neighbour_factor"] if _knows_the_area(member, skill) else 1.0
    planned = expected = 0.0
    attempts_most, success = 1, 1.0
    proof = held.evidence is Evidence.CLAIMED and held.level > from_level
    for level in range(from_level + 1, to_level + 1):
        proving = proof and level <= held.level
        hours = known["proof_hours"] if proving else near * entry.hours[level - 1]
        chance = known["proof_success"] if proving else known[f"success_to_level_{level}"]
        attempts = max(1, math.ceil(math.log(1.0 - known["planned_success"]) / math.log(1.0 - chance) - 1e-9))
        repeat = known["repeat_share"] * hours
        planned += hours + (attempts - 1) * repeat
        expected += hours + repeat * sum((1.0 - chance) ** each for each in range(1, attempts))
        success *= 1.0 - (1.0 - chance) ** attempts
        attempts_most = max(attempts_most, attempts)
    months = _months_to(to_level) - _months_to(max(from_level, held.level if proof else 0))
    return Training(
        member=member.id,
        skill=skill,
        from_level=from_level,
        to_level=to_level,
        planned_h=planned,
        expected_h=expected,
        attempts=attempts_most,
        success=success,
        months_at_least=max(0, months),
        materials=expected * market.practice_per_h[entry.practice],
        practice=entry.practice,
        proof=proof,
    )


def _knows_the_area(member: Member, skill: str) -> bool:
    book = load_skills()
    area = book[skill].area
    return any(book[other].area == area and member.level(other) >= 2 for other in member.skills if other != skill)


def _months_to(level: int) -> int:
    return int(figures()[f"months_to_level_{level}"]) if level > 0 else 0
