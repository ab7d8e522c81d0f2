"""Shared machines and fine-tuning jobs are told in every view that the plan has, text from the scenario escaped."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from sample_plan import sample_plan

from millwright.plan.job_model import JobPlacement
from millwright.plan.model import EstimateValue, Plan
from millwright.plan.option_model import WorkloadCost
from millwright.plan.sharing_model import Sharing, SharingLane, SharingTrial
from millwright.report.brief import render_brief
from millwright.report.brief_content import brief_content
from millwright.report.brief_room import Room
from millwright.report.html import render_html
from millwright.report.markdown import render_markdown
from millwright.report.sharing_text import jobs_of_answer
from millwright.report.spreadsheet import sheets_of
from millwright.report.terminal import print_plan

SENTENCE = "search and answer share 2 × box: 900 EUR a month."
DEARER = "search and answer share 2 × rack: 1,900 EUR a month, more than another way."
TUNING = "weekly <b>tuning</b>: 4.3 runs a month of 8.3 h in the idle hours of box."


def _plan() -> Plan:
    plan = sample_plan()
    trials = tuple(
        SharingTrial(
            title=title,
            site="room",
            workloads=("search", "answer"),
            lanes=(SharingLane(workload="search", what="2 of 8 devices", step_stretch_worst=1.2),),
            text=text,
        )
        for title, text in (("box", SENTENCE), ("rack", DEARER))
    )
    job = JobPlacement(
        job="tuning",
        workload="answer",
        where="idle hours",
        machine="box",
        run_time=EstimateValue.exact(8.3, "h"),
        runs_per_month=4.3,
        cost_per_month=4.0,
        text=TUNING,
    )
    costs = (
        WorkloadCost(workload="search", npv=1_000.0, per_million_requests=12.5),
        WorkloadCost(workload="answer", npv=9_000.0, per_million_requests=2_600.0),
    )
    first = plan.options[0]
    first = first.model_copy(update={"jobs": (job,), "cost": first.cost.model_copy(update={"by_workload": costs})})
    return plan.model_copy(
        update={"options": (first, *plan.options[1:]), "sharing": Sharing(sentence=SENTENCE, trials=trials)}
    )


def _terminal(plan: Plan, *, show_all: bool) -> str:
    console = Console(file=io.StringIO(), width=100)
    print_plan(plan, console, show_all=show_all)
    assert isinstance(console.file, io.StringIO)
    return " ".join(console.file.getvalue().split())


@pytest.mark.parametrize("show_all", [False, True])
def test_the_terminal_says_what_sharing_is_worth_and_where_tuning_runs(show_all: bool) -> None:
    shown = _terminal(_plan(), show_all=show_all)
    assert SENTENCE in shown
    assert TUNING in shown
    assert (DEARER in shown) is show_all


def test_the_page_and_the_wiki_tell_every_trial() -> None:
    page, wiki = render_html(_plan()), render_markdown(_plan())
    assert 'id="sharing"' in page
    for text in (SENTENCE, DEARER):
        assert text in page
        assert text.split(":")[0] in wiki
    assert "weekly &lt;b&gt;tuning" in page
    assert "<b>tuning" not in wiki.replace("\\<b\\>", "")
    assert "Per million requests" in page


def test_the_paper_has_both_sections_and_counts_what_it_leaves_out() -> None:
    content = brief_content(_plan())
    assert content["sharing"] == [SENTENCE, DEARER]
    assert content["more_sharing"] == 0
    assert content["jobs"] == [TUNING]
    short = brief_content(_plan(), room=Room(share=0.2))
    assert short["sharing"] == [SENTENCE]
    assert short["more_sharing"] == 1


def test_the_paper_is_set_with_both_sections() -> None:
    pytest.importorskip("typst")
    assert render_brief(_plan()).startswith(b"%PDF")


def test_the_workbook_has_a_sheet_of_each_with_the_figures() -> None:
    sheets = {sheet.name: [[cell.value for cell in row] for row in sheet.rows] for sheet in sheets_of(_plan())}
    shared = sheets["Shared machines"]
    assert shared[0][1] == SENTENCE
    assert [row[0] for row in shared if row and row[-1] in (SENTENCE, DEARER)] == ["in a word", "box", "rack"]
    assert ["box", "room", "search", "2 of 8 devices", 1.0, 1.2] in shared
    head, row = sheets["Fine-tuning"]
    told = dict(zip(head, row, strict=True))
    assert (told["job"], told["run [h]"], told["runs a month"], told["EUR a month"]) == ("tuning", 8.3, 4.3, 4.0)
    assert told["kWh a run"] is None


def test_jobs_are_those_of_the_option_that_is_the_answer() -> None:
    plan = _plan()
    assert [job.text for job in jobs_of_answer(plan)] == [TUNING]
    second = plan.answer.model_copy(update={"option_id": plan.options[1].id})
    assert jobs_of_answer(plan.model_copy(update={"answer": second})) == ()


def test_without_them_nothing_is_said() -> None:
    plan = sample_plan()
    assert "Shared machines" not in render_html(plan)
    assert "Shared machines" not in _terminal(plan, show_all=True)
    assert "Fine-tuning" not in render_markdown(plan)
    assert not {"Shared machines", "Fine-tuning"} & {sheet.name for sheet in sheets_of(plan)}
