"""The assessment: ranges that evidence narrows, gates in three values, and questions that are fit to be asked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millwright.readiness.assessment import (
    Answer,
    Assessment,
    Evidence,
    axis_scores,
    level_range,
    narrowing,
)
from millwright.readiness.gates import Effect, Needs, State, gate_findings, load_gates
from millwright.readiness.questions import HIGHEST_LEVEL, load_questions

BOOK = load_questions()
LEVELS = st.integers(0, HIGHEST_LEVEL)
ANSWERS = st.builds(Answer, LEVELS, st.sampled_from(Evidence), st.just("seen"))
ASSESSMENTS = st.dictionaries(st.sampled_from(sorted(BOOK.questions)), ANSWERS, max_size=60).map(Assessment)
EVERY_KIND = Needs(frozenset({"owned", "colo", "cloud", "api"}), frozenset({"personal", "health"}), True)


def test_there_are_sixty_questions_ten_on_each_of_six_axes() -> None:
    assert [len(BOOK.of_axis(axis)) for axis in BOOK.axes] == [10] * 6
    for question in BOOK.questions.values():
        assert len(set(question.levels)) == HIGHEST_LEVEL + 1
        assert question.id.startswith(f"{question.axis}-")
        assert question.nist in ("Govern", "Map", "Measure", "Manage")
        assert 0 < question.target <= HIGHEST_LEVEL


@given(LEVELS)
def test_stronger_evidence_for_a_level_lies_within_weaker(level: int) -> None:
    claimed, documented, measured = (level_range(Answer(level, each)) for each in Evidence)
    for outer, inner in ((level_range(None), claimed), (claimed, documented), (documented, measured)):
        assert outer.low <= inner.low <= level <= inner.high <= outer.high
    assert measured.width == 0.0


@given(ASSESSMENTS, st.sampled_from(sorted(BOOK.questions)), ANSWERS)
def test_an_answer_where_there_was_none_never_widens_a_score(
    assessment: Assessment, question: str, answer: Answer
) -> None:
    without = Assessment({key: each for key, each in assessment.answers.items() if key != question})
    more = Assessment({**without.answers, question: answer})
    for before, after in zip(axis_scores(without), axis_scores(more), strict=True):
        assert before.score.low - 1e-9 <= after.score.low <= after.score.high <= before.score.high + 1e-9


def test_nothing_answered_is_anything_and_all_measured_is_a_point() -> None:
    assert {(each.score.low, each.score.high) for each in axis_scores(Assessment())} == {(0.0, 100.0)}
    best = Assessment({each: Answer(HIGHEST_LEVEL, Evidence.MEASURED, "seen") for each in BOOK.questions})
    assert {(each.score.low, each.score.high) for each in axis_scores(best)} == {(100.0, 100.0)}
    assert narrowing(best) == ()


@given(ASSESSMENTS)
def test_measuring_a_question_narrows_its_axis_by_the_points_told(assessment: Assessment) -> None:
    found = narrowing(assessment)
    assert list(found) == sorted(found, key=lambda each: -round(each.points, 6))
    for each in found[:3]:
        measured = Assessment({**assessment.answers, each.question.id: Answer(2, Evidence.MEASURED, "seen")})
        before, after = (
            next(score.score.width for score in axis_scores(some) if score.axis == each.question.axis)
            for some in (assessment, measured)
        )
        assert before - after == pytest.approx(each.points)


@given(ASSESSMENTS, st.dictionaries(st.sampled_from(sorted(BOOK.questions)), LEVELS, max_size=10))
def test_what_is_reached_never_lowers_a_score(assessment: Assessment, levels: dict[str, int]) -> None:
    for before, after in zip(axis_scores(assessment), axis_scores(assessment.improved(levels)), strict=True):
        assert after.score.low >= before.score.low - 1e-9


def test_gates_ask_of_known_questions_and_say_why() -> None:
    assert len({gate.id for gate in load_gates()}) == len(load_gates())
    for gate in load_gates():
        assert gate.question in BOOK.questions
        assert 0 < gate.level <= BOOK.questions[gate.question].target or gate.level <= 3
        assert gate.kinds <= {"owned", "colo", "cloud", "api"}
        assert gate.why.endswith(".")


@given(ASSESSMENTS)
def test_only_an_answer_blocks(assessment: Assessment) -> None:
    """What nobody has answered is unknown: it neither passes nor blocks."""
    for found in gate_findings(assessment, EVERY_KIND):
        answered = assessment.answers.get(found.gate.question)
        assert (found.state is State.UNKNOWN) == (answered is None)
        assert found.blocks == (
            answered is not None and answered.level < found.gate.level and found.gate.effect is Effect.BLOCK
        )


def test_no_room_blocks_a_machine_of_ones_own_and_nothing_else() -> None:
    roomless = Assessment({"compute-room": Answer(0)})
    for kind, blocked in (("owned", True), ("colo", False), ("cloud", False), ("api", False)):
        found = gate_findings(roomless, Needs(frozenset({kind})))
        assert any(each.blocks for each in found) is blocked


def test_unsorted_patient_data_block_an_api_but_not_a_room_of_ones_own() -> None:
    unsorted = Assessment({"data-classes": Answer(0)})
    health = frozenset({"health"})
    assert any(each.blocks for each in gate_findings(unsorted, Needs(frozenset({"api"}), health)))
    assert not any(each.blocks for each in gate_findings(unsorted, Needs(frozenset({"owned"}), health)))
    assert not any(each.blocks for each in gate_findings(unsorted, Needs(frozenset({"api"}), frozenset({"public"}))))
