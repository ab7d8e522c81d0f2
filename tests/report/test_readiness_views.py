"""Readiness, conditions and the way out stand in every view, and their texts stay texts."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from rich.console import Console
from sample_plan import sample_plan

from millwright.plan.model import EstimateValue, Plan
from millwright.plan.ready_model import AxisReadiness, Condition, Exit, ExitCause, Readiness, ReadinessAction
from millwright.report.brief import brief_content
from millwright.report.html import render_html
from millwright.report.markdown import render_markdown
from millwright.report.readiness import exit_texts, readiness_texts
from millwright.report.terminal import print_plan

HOSTILE = "<b>page</b> [red]"


def _span(low: float, high: float, unit: str) -> EstimateValue:
    return EstimateValue(value=(low + high) / 2, low=low, high=high, unit=unit)


def _plan() -> Plan:
    plan = sample_plan()
    action = ReadinessAction(
        id="purpose-page",
        title=f"Write one {HOSTILE}",
        does="Purpose, limits, who decides.",
        owner="management",
        start="2026-12-01",
        end="2026-12-21",
        hours=_span(4, 16, "h"),
        cost=_span(0, 450, "EUR"),
        cost_per_month=_span(0, 0, "EUR/month"),
        critical=True,
        conditions=("purpose-written",),
    )
    ready = Readiness(
        axes=(AxisReadiness(axis="data", title="Data", low=12, high=57, questions=10, answered=8, proven=2),),
        actions=(action,),
        more_actions=4,
        conditions_met="2027-03-01",
        until="2027-09-01",
        cost=_span(1000, 20_000, "EUR"),
        cost_per_month=_span(50, 900, "EUR/month"),
        hours=_span(100, 400, "h"),
        hours_per_month=40,
        unknown=2,
        narrow_next=("Who decides?",),
        notes=("2 questions have no answer.",),
    )
    way_out = Exit(
        months=_span(1, 7, "month"),
        cost=_span(2200, 16_000, "EUR"),
        causes=(
            ExitCause(
                cause="re-tests", months=_span(0.3, 1, "month"), cost=_span(600, 2300, "EUR"), why="quality is tried"
            ),
            ExitCause(cause="contract", months=_span(0, 1, "month"), cost=_span(0, 0, "EUR"), why="notice"),
        ),
        unknown=("the form of API",),
        sentence="Leaving takes 1.0 to 7.0 months.",
    )
    condition = Condition(
        id="purpose-written",
        effect="qualify",
        state="not passed",
        question="governance-purpose",
        why="What for must be written.",
        needed="It is written in a page.",
    )
    options = tuple(option.model_copy(update={"exit": way_out, "conditions": (condition,)}) for option in plan.options)
    return plan.model_copy(update={"readiness": ready, "options": options})


PLAN = _plan()


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
