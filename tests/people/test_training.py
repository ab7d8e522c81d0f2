"""Hours, attempts, chance and order of training."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millwright.people.figures import figures
from millwright.people.skill import load_skills
from millwright.people.team import Evidence, Held, Member
from millwright.people.timetable import in_order, timetable
from millwright.people.training import targets_with_prerequisites, training_step, trainings
from millwright.people.ways import market

MARKET = market(100_000.0, "EUR")
NOBODY = Member("a")


def test_a_step_by_hand() -> None:
    """Level 3 succeeds in four of five attempts: two attempts make 96 %, the second at half the hours."""
    held = Member("a", skills={"engine-operation": Held(2, Evidence.DOCUMENTED)})
    step = training_step(held, "engine-operation", 2, 3, MARKET)
    assert step.attempts == 2
    assert step.success == pytest.approx(1 - 0.2**2)
    assert step.planned_h == pytest.approx(40 * 1.5)
    assert step.expected_h == pytest.approx(40 * (1 + 0.5 * 0.2))
    assert step.months_at_least == 3 - 1


def test_who_knows_the_area_learns_its_other_skills_quicker() -> None:
    near = Member("b", skills={"engine-tuning": Held(2, Evidence.DOCUMENTED)})
    there = training_step(near, "rollout", 0, 1, MARKET).expected_h
    assert there == pytest.approx(
        figures()["neighbour_factor"] * training_step(NOBODY, "rollout", 0, 1, MARKET).expected_h
    )


def test_a_claimed_level_counts_one_lower_until_it_is_shown() -> None:
    claimed = Member("a", skills={"kubernetes": Held(3), "containers": Held(2)})
    assert claimed.level("kubernetes") == 2
    assert claimed.level("containers") == 2
    [step] = trainings(claimed, [("kubernetes", 3)], MARKET)
    assert step.proof
    assert step.months_at_least == 0
    assert step.planned_h < training_step(NOBODY, "kubernetes", 2, 3, MARKET).planned_h
    shown = Member("a", skills={"kubernetes": Held(3, Evidence.ASSESSED)})
    assert trainings(shown, [("kubernetes", 3)], MARKET) == ()


def test_what_a_skill_builds_on_is_learnt_too() -> None:
    targets = targets_with_prerequisites([("gpu-scheduling", 2)])
    assert {("kubernetes", 2), ("containers", 2), ("linux-admin", 2)} <= targets
    assert targets_with_prerequisites([("gpu-scheduling", 1)]) == {("gpu-scheduling", 1)}


@given(st.sets(st.sampled_from(sorted(load_skills().skills)), min_size=1, max_size=5), st.integers(1, 3))
def test_a_path_never_puts_a_skill_before_what_it_builds_on(skills: set[str], level: int) -> None:
    targets = targets_with_prerequisites([(skill, level) for skill in skills])
    order = in_order(dict.fromkeys(trainings(NOBODY, targets, MARKET), 12))
    reached: dict[str, int] = {}
    for step in order:
        assert reached.get(step.skill, 0) == step.from_level
        if step.to_level >= 2:
            assert all(reached.get(skill, 0) >= least for skill, least in load_skills()[step.skill].after)
        reached[step.skill] = step.to_level


@given(st.lists(st.floats(0.0, 80.0), min_size=12, max_size=12))
def test_a_timetable_uses_no_hour_twice_and_gives_each_step_its_hours(free: list[float]) -> None:
    steps = trainings(NOBODY, [("monitoring", 2), ("gateway", 2), ("backup", 2)], MARKET)
    if sum(free) < sum(step.planned_h for step in steps):
        with pytest.raises(ValueError, match="lacks"):
            timetable(dict.fromkeys(steps, 12), free)
        return
    lessons = timetable(dict.fromkeys(steps, 12), free)
    used = [0.0] * 12
    for lesson in lessons:
        assert sum(hours for _, hours in lesson.hours) == pytest.approx(lesson.training.planned_h, abs=1e-3)
        assert lesson.ready_month <= 12
        for month, hours in lesson.hours:
            used[month] += hours
    assert all(spent <= there + 1e-6 for spent, there in zip(used, free, strict=True))
