"""The questions as a form: each answer is put into the file and scored; what is saved is found by a scenario's name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("nicegui", reason="the extra `web` is not installed")

from millwright.errors import InputError
from millwright.readiness.questions import load_questions
from millwright.web.library.database import open_library
from millwright.web.library.files import prepared
from millwright.web.library.store import Library
from millwright.web.page.readiness_page import FILE, questions, save_answers, saved_answers, scores
from millwright.web.settings import Settings
from millwright.web.work.readiness import AnswersRequest, answer

QUESTION = next(iter(load_questions().questions.values()))


def answered(text: str = "", **setting: Any) -> dict[str, Any]:
    asked: dict[str, Any] = {"answers": text}
    if setting:
        asked["set"] = {"question": QUESTION.id, **setting}
    return answer(AnswersRequest.model_validate(asked), Path(), lambda *_: None)


def score(came: dict[str, Any]) -> dict[str, float]:
    return next(each["score"] for each in came["assessment"]["axes"] if each["axis"] == QUESTION.axis)


@pytest.fixture
def services(library_url: str) -> Iterator[Any]:
    library: Library = open_library(library_url)
    yield SimpleNamespace(library=library, settings=Settings())
    library.close()


def test_an_answer_narrows_the_score_and_evidence_narrows_it_more() -> None:
    none = score(answered())
    claimed = score(answered(level=2))
    proven = score(answered(level=2, evidence="measured", because="seen in the log"))
    widths = [each["high"] - each["low"] for each in (none, claimed, proven)]
    assert widths == sorted(widths, reverse=True)
    assert widths[0] > widths[1] > widths[2]


def test_an_answer_taken_back_leaves_the_score_as_it_was() -> None:
    given = answered(level=3)["text"]
    assert score(answered(given, level=None)) == score(answered())


def test_what_is_measured_without_saying_where_counts_as_claimed() -> None:
    came = answered(level=3, evidence="measured")
    assert came["assessment"]["answers"][QUESTION.id]["evidence"] == "claimed"


def test_comments_of_an_answers_file_stay() -> None:
    text = "# Ours.\nname: us\nanswers:\n  # The register.\n"
    assert "# Ours." in answered(text, level=1)["text"]


def test_a_question_that_there_is_not_is_told() -> None:
    with pytest.raises(InputError, match="no question"):
        answer(AnswersRequest.model_validate({"set": {"question": "none", "level": 1}}), Path(), lambda *_: None)


def test_every_question_and_level_stands_in_the_form_with_what_was_answered() -> None:
    came = answered(level=2, evidence="documented", because='a "register"')
    html = questions(came["assessment"]["answers"])
    for each in load_questions().questions.values():
        assert f'data-question-id="{each.id}"' in html
    assert f'name="{QUESTION.id}" value="2" checked' in html
    assert 'value="a &#34;register&#34;"' in html
    assert "1 of" in scores(came["assessment"])


def test_what_was_saved_last_is_found_even_if_it_was_saved_before(services: Any) -> None:
    first, second = answered(level=1)["text"], answered(level=4)["text"]
    assert saved_answers(services) == ""
    for text in (first, second):
        save_answers(services, text, "anna")
        assert saved_answers(services).endswith(text)
    again = saved_answers(services)
    save_answers(services, again, "anna")
    assert saved_answers(services).count("# Saved from the page") == 1, "one stamp, the newest"


def test_a_scenario_that_names_the_file_is_given_the_saved_answers(services: Any) -> None:
    save_answers(services, answered(level=1)["text"], "anna")
    _, files = prepared(services.library, {"scenario": f"readiness: {FILE}\n"})
    assert [name for name, _ in files] == [FILE]
    assert QUESTION.id.encode() in files[0][1]
