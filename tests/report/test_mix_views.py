"""The mixed fleet in the views: each part in a line, what it is worth, its proof, what limits cost; or the conflict."""

from __future__ import annotations

import pytest
from rich.console import Console
from sample_mix import MIX, mixed_plan, plan_in_conflict
from sample_plan import sample_plan

from millwright.plan.model import Plan
from millwright.report.brief import brief_content
from millwright.report.html import render_html
from millwright.report.markdown import render_markdown
from millwright.report.mix_charts import front_chart, limits_chart
from millwright.report.mix_text import gap_text, limits_text, part_text, proof_texts, purchase_text
from millwright.report.ranking import fleet_text
from millwright.report.spreadsheet import sheets_of
from millwright.report.terminal import print_plan

PLAN = mixed_plan()


def _printed(plan: Plan, *, show_all: bool = False) -> str:
    console = Console(width=100, force_terminal=False)
    with console.capture() as capture:
        print_plan(plan, console, show_all=show_all)
    return capture.get()


def test_each_part_says_how_many_how_held_and_what_it_serves_when() -> None:
    assert [part_text(supply, MIX) for supply in MIX.supplies] == [
        "up to 3 × HGX H200 at room, owned, 1 there already: everything 60–100 %",
        "1 × HGX A100 at room, owned, there already: stands by",
        "up to 4 × L4 instance at cloud, spot: chat 30 % in the busiest 25 h",
        "An EU API at api, API: chat 10 % in the busiest 25 h; notes 40 % in the busiest 25 h",
    ]


def test_a_part_that_serves_nothing_is_there_for_the_loss_of_others() -> None:
    guest = next(option for option in PLAN.options if option.id == MIX.option_id).fleet[-1]
    assert fleet_text(guest).endswith(", serving only while others are down")


def test_the_one_period_without_is_named_instead_of_many_with() -> None:
    supply = MIX.supplies[0]
    flow = supply.serves[0].model_copy(update={"share_by_period": (0.5, 0.75, 0.0)})
    evening = supply.model_copy(update={"serves": (flow,)})
    assert part_text(evening, MIX).endswith("chat 50–75 %, none in the quietest 98 h")


def test_the_proof_tells_each_workload_and_never_rounds_up_to_all() -> None:
    first, second, headroom = proof_texts(MIX)
    assert "the SLO is kept, after 2 rounds" in first
    assert "chat 99.9 % within it (95 % promised), 95.6 % after the worst loss of HGX H200" in first
    assert second == "notes 100 % within it (90 % promised)."
    assert "1.14 in the simulation, 1.17 by the optimum's reckoning" in headroom


def test_a_broken_promise_is_said_loudly_and_what_was_not_tried_is_not_claimed() -> None:
    assert MIX.proof is not None
    broken = MIX.proof.model_copy(update={"kept": False, "simulated_headroom": 2.0})
    texts = proof_texts(MIX.model_copy(update={"proof": broken}))
    assert "NOT kept" in texts[0]
    assert "2 or more in the simulation" in texts[-1]
    assert proof_texts(MIX.model_copy(update={"proof": None})) == ()


def test_the_dearest_limit_comes_first_and_those_that_cost_nothing_are_left_out() -> None:
    text = limits_text(MIX, "EUR")
    assert text.index("sovereignty") < text.index("spares")
    assert "power" not in text


def test_purchases_say_when_they_come_and_go() -> None:
    assert [purchase_text(each) for each in MIX.purchases] == [
        "month 1: use 1 × HGX A100",
        "month 1: buy 1 × HGX H200, sold after month 24",
        "month 25: buy 2 × HGX H200",
    ]


def test_the_gap_is_among_what_was_looked_at() -> None:
    assert gap_text(MIX) == "At most 0.22 % from the best of 9 supplies looked at, 3 left out beforehand."
    assert gap_text(MIX.model_copy(update={"gap": 0.0})).startswith("Proved the best")


def _block(text: str) -> list[str]:
    lines = text.splitlines()
    start = lines.index("The mixed fleet")
    return lines[start : next(number for number in range(start, len(lines)) if not lines[number].strip())]


def test_the_terminal_has_it_short_and_whole() -> None:
    short, whole = _block(_printed(PLAN)), _block(_printed(PLAN, show_all=True))
    assert len(short) <= 9, "a heading and eight lines"
    assert "2 more parts with --all" in "".join(short)
    assert "An EU API" not in "".join(short)
    assert "An EU API" in "".join(whole)
    assert "not simulated" in "".join(whole)


@pytest.mark.parametrize("show_all", [False, True])
def test_a_plan_without_a_mix_says_nothing_of_it(show_all: bool) -> None:
    assert "The mixed fleet" not in _printed(sample_plan(), show_all=show_all)


def test_a_mix_that_is_no_option_is_only_weighed() -> None:
    only = _block(_printed(mixed_plan(MIX.model_copy(update={"option_id": None}))))
    assert len(only) == 2


def test_the_page_has_parts_proof_purchases_and_charts() -> None:
    page = render_html(PLAN)
    section = page[page.index('<section id="mix">') :]
    section = section[: section.index("</section>")]
    for supply in MIX.supplies:
        assert supply.title in section
    assert "everything 60–100 %" in section
    assert "sold after month 24" in section
    assert 'data-chart="mix-front"' in section
    assert 'data-chart="limit-costs"' in section
    assert 'href="#mix"' in page
    assert 'id="mix"' not in render_html(sample_plan())


def test_limits_in_conflict_have_a_table_with_the_least_they_would_have_to_be() -> None:
    page = render_html(plan_in_conflict())
    section = page[page.index('<section id="conflict">') :]
    assert "17.6 kW" in section[: section.index("</section>")]
    assert 'id="conflict"' not in render_html(PLAN)


def test_the_wiki_has_a_row_for_each_part() -> None:
    text = render_markdown(PLAN)
    assert "## The mixed fleet" in text
    assert "| An EU API | – | API | api |" in text
    assert "month 25: buy 2 × HGX H200" in text


def test_the_workbook_has_parts_purchases_and_prices_of_limits() -> None:
    sheet = next(sheet for sheet in sheets_of(PLAN) if sheet.name == "Mixed fleet")
    rows = [tuple(cell.value for cell in row) for row in sheet.rows]
    assert ("HGX H200", 2.0, "buy", 25.0, 48.0, "no") in rows
    assert ("HGX H200", 1.0, "buy", 1.0, 24.0, "yes") in rows
    assert ("sovereignty", 3100.0, 0.176) in [row[:3] for row in rows]
    assert [supply.title for supply in MIX.supplies] == [row[0] for row in rows if len(row) == 5][1:]
    assert "Mixed fleet" not in [sheet.name for sheet in sheets_of(sample_plan())]


def test_the_charts_show_the_plans_own_figures_and_are_sound() -> None:
    front, limits = front_chart(MIX, "EUR"), limits_chart(MIX, "EUR")
    front.to_dict(validate=True)
    limits.to_dict(validate=True)
    drawn = next(iter(limits.to_dict()["datasets"].values())) if "datasets" in limits.to_dict() else limits.data.values
    assert [row["cost"] for row in drawn] == [3100.0, 900.0]


def test_there_is_no_chart_of_a_single_point_or_of_limits_that_cost_nothing() -> None:
    bare = MIX.model_copy(update={"front": MIX.front[:1], "limit_costs": MIX.limit_costs[2:]})
    assert front_chart(bare, "EUR") is None
    assert limits_chart(bare, "EUR") is None


def test_the_paper_has_one_paragraph() -> None:
    paragraph = brief_content(PLAN)["mix"]
    assert paragraph.startswith(MIX.sentence)
    assert "95.6 % after the worst loss" in paragraph
    assert brief_content(sample_plan())["mix"] == ""
