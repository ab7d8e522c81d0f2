"""Readiness, conditions and the way out stand in every view, and their texts stay texts."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from rich.console import Console
from sample_plan import sample_plan
from sample_ready import HOSTILE, ready_plan

from millwright.report.brief import brief_content
from millwright.report.html import render_html
from millwright.report.markdown import render_markdown
from millwright.report.readiness import exit_texts, readiness_texts
from millwright.report.terminal import print_plan

PLAN = ready_plan()


@pytest.mark.parametrize("width", [80, 100])
def test_the_terminal_shows_scores_conditions_actions_and_the_way_out(width: int) -> None:
    out = StringIO()
    print_plan(PLAN, Console(file=out, width=width, force_terminal=False), show_all=True)
    text = " ".join(out.getvalue().split())
    for told in ("Data 12–57", "It is written in a page.", "Leaving takes 1.0 to 7.0 months.", HOSTILE, "2026-12-01"):
        assert told in text
    assert all(len(line) <= width for line in out.getvalue().splitlines())


def test_the_page_has_a_section_and_every_option_its_way_out() -> None:
    page = render_html(PLAN)
    assert page.count('<section id="readiness">') == 1
    assert page.count("<h3>Leaving it</h3>") == len(PLAN.options)
    assert "12–57" in page
    assert "<b>page</b>" not in page
    assert '<section id="readiness">' not in render_html(sample_plan())


def test_markdown_and_paper_say_the_same() -> None:
    markdown = render_markdown(PLAN)
    content = brief_content(PLAN)
    json.dumps(content, allow_nan=False)
    assert "Data: 12–57 of 100" in markdown
    for text in (*exit_texts(PLAN.options[0].exit or pytest.fail("no exit")), *readiness_texts(PLAN)):
        assert text in (*content["leaving"], *content["readiness"])
    assert content["to_get_ready"] == [["2026-12-01", "2026-12-21", f"Write one {HOSTILE}", "management"]]


def test_the_live_page_says_the_same() -> None:
    pytest.importorskip("fastapi")
    from millwright.web.page.plan_sections import rest

    page = rest(PLAN)
    for told in ("Data: 12–57", "It is written in a page.", "Leaving takes 1.0 to 7.0 months.", "2026-12-01"):
        assert told in page
    assert "<b>page</b>" not in page


def test_what_costs_nothing_is_left_out_of_the_words_and_what_is_not_known_is_told() -> None:
    texts = exit_texts(PLAN.options[0].exit or pytest.fail("no exit"))
    assert not any(text.startswith("contract") for text in texts)
    assert texts[-1] == "Not known: the form of API."


def test_without_answers_nothing_is_said_of_readiness() -> None:
    assert readiness_texts(sample_plan()) == []
    assert brief_content(sample_plan())["readiness"] == []
