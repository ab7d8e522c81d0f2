"""Shared machines and fine-tuning jobs are told in every view that the plan has, text from the scenario escaped."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from sample_plan import sample_plan

from millwright.plan.job_model import JobPlacement
from millwright.plan.model import EstimateValue, Plan
from millwright.plan.option_model import WorkloadCost
from millwright.plan.sharing_model import Sharing, SharingTrial
from millwright.report.html import render_html
from millwright.report.markdown import render_markdown
from millwright.report.terminal import print_plan

SENTENCE = "search and answer share 2 × box: 900 EUR a month."
DEARER = "search and answer share 2 × rack: 1,900 EUR a month, more than another way."
TUNING = "weekly <b>tuning</b>: 4.3 runs a month of 8.3 h in the idle hours of box."


def _plan() -> Plan:
    plan = sample_plan()
    trials = tuple(
        SharingTrial(title=title, site="room", workloads=("search", "answer"), text=text)
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


def test_without_them_nothing_is_said() -> None:
    plan = sample_plan()
    assert "Shared machines" not in render_html(plan)
    assert "Shared machines" not in _terminal(plan, show_all=True)
    assert "Fine-tuning" not in render_markdown(plan)
