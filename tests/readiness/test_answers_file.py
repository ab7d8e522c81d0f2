"""Answers in a file: read with every fault told by line and key, and written one at a time."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millwright.readiness.answers_file import load_answers, read_answers, with_answer
from millwright.readiness.assessment import Answer, Evidence
from millwright.readiness.questions import load_questions
from millwright.scenario.faults import ScenarioError

QUESTIONS = sorted(load_questions().questions)


def test_an_answer_is_a_level_or_a_level_with_evidence() -> None:
    found = read_answers(
        "organisation: {employees: 25, currency: EUR}\n"
        "means: {hours_per_month: 20, budget_per_quarter: 5 kEUR}\n"
        "answers:\n"
        "  data-owner: 1\n"
        "  data-inventory: unknown\n"
        "  data-classes: {level: 3, evidence: measured, because: profile of May}\n"
    )
    assert found.answers == {
        "data-owner": Answer(1),
        "data-classes": Answer(3, Evidence.MEASURED, "profile of May"),
    }
    assert (found.means.employees, found.means.currency, found.means.budget_per_quarter) == (25, "EUR", 5000.0)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("data-ownr: 1", "Did you mean 'data-owner'"),
        ("data-owner: 5", "'5' is no level"),
        ("data-owner: high", "'high' is no level"),
        ("data-owner: {level: 2, evidence: proven}", "'proven' is no kind of evidence"),
        ("data-owner: {level: 2, evidence: measured}", "needs `because`"),
        ("data-owner: {level: 2, evidnce: claimed}", "Did you mean 'evidence'"),
        ("data-owner: 2 measured", "needs `because`"),
    ],
)
def test_a_fault_names_file_line_and_key(line: str, told: str) -> None:
    with pytest.raises(ScenarioError) as error:
        read_answers(f"answers:\n  data-inventory: 1\n  {line}\n", "answers.yaml")
    assert "answers.yaml:3:" in str(error.value)
    assert "answers.data-own" in str(error.value)
    assert told in str(error.value)


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(ScenarioError) as error:
        read_answers("means: {hours_per_month: many}\nanswers: {data-owner: 9, nothing: 1}\nanswer: {}\n")
    assert len(error.value.faults) == 4


@pytest.mark.parametrize(
    "content", [b"", b"- 1\n", b"answers: [1]\n", b"\xff\xfe\xff", b"answers: {data-owner: {level: [1]}}"]
)
def test_what_holds_no_answers_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "answers.yaml"
    path.write_bytes(content)
    with pytest.raises(ScenarioError, match=r"answers\.yaml"):
        load_answers(path)


@given(st.lists(st.tuples(st.sampled_from(QUESTIONS), st.integers(0, 4), st.text(max_size=30)), max_size=8))
def test_what_is_written_reads_back(given_answers: list[tuple[str, int, str]]) -> None:
    text, expected = "# ours\n", {}
    for question, level, because in given_answers:
        because = "".join(each for each in because if each.isprintable()).strip()
        answer = Answer(level, Evidence.DOCUMENTED, because) if because else Answer(level)
        text = with_answer(text, question, answer)
        expected[question] = answer
    if expected:
        assert read_answers(text).answers == expected
    assert text.startswith("# ours\n")


def test_writing_one_answer_leaves_the_rest_as_it_is() -> None:
    text = "name: us   # our name\nanswers:\n  data-owner: 1  # said by IT\n"
    edited = with_answer(text, "data-inventory", Answer(2))
    assert edited.startswith(text)
    assert with_answer(edited, "data-owner", None) == edited.replace("data-owner: 1 ", "data-owner: unknown ")


@pytest.mark.parametrize("example", ["small-office", "hospital-chat"])
def test_the_examples_are_sound(example: str) -> None:
    root = Path(__file__).resolve().parents[2]
    assert len(load_answers(root / "examples" / example / "readiness.yaml").answers) > 40
