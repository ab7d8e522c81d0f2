"""What the views share: grouping, the ranked table, words; and the Markdown view."""

from __future__ import annotations

import itertools
import json
from io import StringIO

import jsonschema
import pytest
from rich.console import Console
from sample_plan import infeasible_plan, sample_plan, small_office_plan

from millwright.plan.model import Kind, Origin, Stage, Verdict, plan_schema
from millwright.plan.plan_file import plan_as_json
from millwright.quantity import Basis
from millwright.report import wording
from millwright.report.brief import brief_content
from millwright.report.grouping import bindings_by_limit, findings_by_rule, spent_by_year
from millwright.report.html import render_html
from millwright.report.markdown import render_markdown
from millwright.report.ranking import ranking
from millwright.report.refusals import refusal_groups
from millwright.report.terminal import print_plan

PLAN = sample_plan()


@pytest.mark.parametrize(
    "plan", [PLAN, small_office_plan(), infeasible_plan()], ids=["hospital", "office", "infeasible"]
)
def test_a_plan_keeps_the_published_schema(plan: object) -> None:
    jsonschema.validate(json.loads(plan_as_json(plan)), plan_schema())  # type: ignore[arg-type]


def test_no_refusal_is_lost_in_the_groups() -> None:
    groups = refusal_groups(PLAN)
    assert sum(len(group.members) for group in groups) == sum(len(refused.reasons) for refused in PLAN.refused)
    assert len(groups) < 10
    sizes = [len(group.members) for group in groups]
    assert sizes == sorted(sizes, reverse=True)


def test_a_latency_is_surely_within_only_if_its_whole_interval_is() -> None:
    for row in ranking(PLAN):
        for cell in row.latencies:
            assert cell.surely is not True or cell.within
            assert cell.surely is not False or not cell.within
    cells = {(row.option.id, cell.label): cell for row in ranking(PLAN) for cell in row.latencies}
    assert cells["own-h200", "TTFT p95"].surely is True
    assert cells["own-mi300x", "TPOT p95"].surely is None
    assert cells["cloud-l40s", "TPOT p95"].within is False


def test_the_worst_verdict_that_binds_is_named_first_and_duties_last_and_each_option_once() -> None:
    found = [(finding.effect, finding.verdict) for finding, _ in findings_by_rule(PLAN)]
    assert found == [
        ("require", Verdict.UNKNOWN),
        ("require", Verdict.YES),
        ("forbid", Verdict.YES),
        ("duty", Verdict.UNKNOWN),
    ]
    assert findings_by_rule(PLAN)[0][1] == (3, 4, 6)
    assert all(ranks == (1, 2, 4, 5) for _, ranks in bindings_by_limit(PLAN))


def test_money_spent_is_told_for_each_year_and_the_end() -> None:
    months, rows = spent_by_year(PLAN, 12)
    assert months == (0, 12, 24, 36, 48)
    assert len(rows) == len(PLAN.options)
    assert spent_by_year(infeasible_plan(), 12) == ((), ())


@pytest.mark.parametrize(
    ("words", "members"),
    [
        (wording.KIND_WORDS, Kind),
        (wording.VERDICT_WORDS, Verdict),
        (wording.VERDICT_MARKS, Verdict),
        (wording.STAGE_WORDS, Stage),
        (wording.ORIGIN_WORDS, Origin),
        (wording.BASIS_WORDS, Basis),
    ],
)
def test_every_member_has_its_own_word(words: dict[object, str], members: type) -> None:
    assert set(words) == set(members)  # type: ignore[call-overload]
    assert len(set(words.values())) == len(words)


def test_the_legend_of_odds_covers_every_probability() -> None:
    ranges = [tuple(text.removesuffix(" %").split("–")) for _, text in wording.odds_legend()]
    assert ranges[0][1] == "100"
    assert ranges[-1][0] == "0"
    assert all(lower[1] == upper[0] for upper, lower in itertools.pairwise(ranges))


def test_markdown_holds_the_answer_and_every_option_in_one_row() -> None:
    text = render_markdown(PLAN)
    assert PLAN.answer.sentence in text
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    for option in PLAN.options:
        (row,) = [line for line in rows if line.startswith(f"| {option.rank} |")]
        assert option.title in row
    assert "None" not in text


def test_markdown_of_a_hostile_name_forms_nothing() -> None:
    text = render_markdown(sample_plan("a|b\n# c <script>alert(1)</script> [x](javascript:1)"))
    assert text.startswith(r"# a\|b \# c \<script\>alert(1)\</script\> \[x\](javascript:1)" + "\n")


def test_every_view_carries_the_day_the_rule_base_and_that_it_is_no_advice() -> None:
    console = Console(width=200, record=True, file=StringIO())
    print_plan(PLAN, console)
    content = brief_content(PLAN)
    for text in (
        render_markdown(PLAN),
        console.export_text(),
        content["made"] + content["disclaimer"],
        render_html(PLAN),
    ):
        assert "2026.8 as of 2026-08-14" in text
        assert "no legal advice" in text


def test_duties_are_told_apart_in_every_view() -> None:
    duty = next(finding for finding, _ in findings_by_rule(PLAN) if finding.effect == "duty")
    markdown = render_markdown(PLAN)
    law, duties = markdown.split("## Law")[1].split("## To be done before going live")
    assert duty.reason not in law
    assert duty.reason in duties
    console = Console(width=120, record=True, file=StringIO())
    print_plan(PLAN, console)
    assert "To be done before going live" in console.export_text()
    assert duty.pinpoint in brief_content(PLAN)["duties"]
    assert all(duty.reason != row[3] for row in brief_content(PLAN)["law"])
