"""Sovereignty and air gap as people read them: one line everywhere, lists once, facts as questions."""

from __future__ import annotations

import pytest
from rich.console import Console
from sample_law import AIR_GAP, SOVEREIGNTY
from sample_plan import sample_plan

from millwright.plan.model import Plan
from millwright.report.brief import brief_content
from millwright.report.html import render_html
from millwright.report.markdown import render_markdown
from millwright.report.sovereign_text import (
    air_gap_text,
    air_gaps_by_options,
    missing_words,
    narrowing_text,
    scores_by_options,
    sovereignty_line,
    sovereignty_range,
)
from millwright.report.terminal import print_plan

PLAN = sample_plan(refused=0)
CHOSEN = next(option for option in PLAN.options if option.id == PLAN.answer.option_id)
LINE = "Sovereignty 61–79 of 100 (SEAL 0–2) · Air gap: possible, 1 thing to bring in"
QUESTION = "is the origin of hardware and firmware documented?"


def _printed(plan: Plan, *, show_all: bool) -> str:
    console = Console(width=200, record=True, file=None, quiet=False, force_terminal=False)
    with console.capture() as capture:
        print_plan(plan, console, show_all=show_all)
    return capture.get()


def test_the_line_says_score_range_and_whether_it_can_be_cut_off() -> None:
    assert sovereignty_line(CHOSEN) == LINE
    assert sovereignty_line(CHOSEN.model_copy(update={"sovereignty": None, "air_gap": None})) == ""
    assert sovereignty_range(None) == "–"


def test_what_is_not_possible_names_what_stands_in_the_way() -> None:
    blocked = AIR_GAP.cannot[0].model_copy(update={"what": "the provider's endpoint", "blocks": True})
    gap = AIR_GAP.model_copy(update={"feasible": "no", "bring_in": (), "cannot": (blocked, *AIR_GAP.cannot)})
    assert air_gap_text(gap) == "not possible without the provider's endpoint"
    assert air_gap_text(AIR_GAP.model_copy(update={"cut_off": True})).startswith("cut off as the scenario says")


def test_what_would_narrow_the_score_is_asked_in_words() -> None:
    assert QUESTION in narrowing_text(SOVEREIGNTY)
    assert "site." not in narrowing_text(SOVEREIGNTY)
    many = SOVEREIGNTY.model_copy(update={"missing": SOVEREIGNTY.missing * 5})
    assert narrowing_text(many).endswith("(and 2 more)")


@pytest.mark.parametrize("view", [render_html, render_markdown, lambda plan: _printed(plan, show_all=False)])
def test_every_view_has_the_line(view: object) -> None:
    text = view(PLAN)  # type: ignore[operator]
    assert "61–79" in text
    assert "1 thing to bring in" in text


def test_the_paper_has_it_in_one_line() -> None:
    rows = [text for name, text in brief_content(PLAN)["key_figures"] if name == "Sovereignty"]
    assert rows == [LINE.removeprefix("Sovereignty ")]


def test_only_all_lists_every_option_and_what_is_to_be_brought_in() -> None:
    short, whole = _printed(PLAN, show_all=False), _printed(PLAN, show_all=True)
    assert "Copy them." not in short
    assert "model weights (yes): Copy them." in whole
    assert whole.count(LINE) == 2


def test_a_finding_that_options_share_is_said_once_with_their_ranks() -> None:
    with_it = tuple(option.rank for option in PLAN.options if option.sovereignty is not None)
    assert scores_by_options(PLAN) == ((SOVEREIGNTY, with_it),)
    assert air_gaps_by_options(PLAN) == ((AIR_GAP, with_it),)
    assert render_html(PLAN).count("Copy them.") == 1


def test_a_missing_fact_is_shown_as_its_question_and_stays_an_identifier_in_the_plan() -> None:
    findings = [each for option in PLAN.options for each in option.law.findings if each.missing_facts]
    asked = next(each for each in findings if each.missing_facts == ("workload.dpia_done",))
    assert "impact assessment" in missing_words(asked)
    page = render_html(PLAN)
    assert "workload.dpia_done" not in page
    assert "impact assessment (GDPR Art. 35) done?" in page
    said = asked.model_copy(update={"reason": "Unknown until you say: is it done?"})
    assert missing_words(said) == ""
