"""The plan on a terminal."""

from __future__ import annotations

import io

import pytest
from rich.cells import cell_len
from rich.console import Console
from sample_plan import infeasible_plan, sample_plan, small_office_plan

from millwright.plan.model import Plan
from millwright.report.leading import leading
from millwright.report.terminal import print_plan

ONE_SCREEN = 65
PLANS = {"hospital": sample_plan(), "office": small_office_plan(), "infeasible": infeasible_plan()}


def _printed(plan: Plan, width: int = 100, *, show_all: bool = False) -> str:
    stream = io.StringIO()
    print_plan(plan, Console(file=stream, width=width, color_system=None), show_all=show_all)
    return stream.getvalue()


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("width", [60, 80, 100, 160])
@pytest.mark.parametrize("show_all", [False, True])
def test_no_line_is_wider_than_the_terminal(name: str, width: int, show_all: bool) -> None:
    assert max(map(cell_len, _printed(PLANS[name], width, show_all=show_all).splitlines())) <= width


def test_the_answer_stands_first() -> None:
    first = " ".join(_printed(PLANS["hospital"]).splitlines()[1:3])
    assert " ".join(first.split()).startswith("Buy three HGX H200 hosts")


@pytest.mark.parametrize("name", PLANS)
def test_the_default_view_is_about_one_screen(name: str) -> None:
    assert len(_printed(PLANS[name]).splitlines()) <= ONE_SCREEN


def test_the_short_view_shows_leading_options_and_says_where_the_rest_is() -> None:
    plan = PLANS["hospital"]
    text = _printed(plan)
    assert all(option.title in text for option in leading(plan, 6))
    assert f"{len(plan.options) - 6} more, and every latency, with --all" in " ".join(text.split())


def test_every_option_is_in_the_table_whole_with_all() -> None:
    text = _printed(PLANS["hospital"], show_all=True)
    for option in PLANS["hospital"].options:
        assert option.title in text
        assert f"{option.cost.lcot.value:.2f}" in text


def test_five_hundred_refusals_take_few_lines_until_all_are_asked_for() -> None:
    few, many = (_printed(sample_plan(refused=512), 200, show_all=show_all) for show_all in (False, True))
    assert len(few.splitlines()) <= ONE_SCREEN
    for refused in PLANS["hospital"].refused:
        for reason in refused.reasons:
            assert f"{refused.title}: {reason.text}" in many


def test_what_was_defaulted_is_shown() -> None:
    text = _printed(PLANS["hospital"])
    assert "Discount rate" in text
    assert "STALE" in text
    assert "memory bandwidth" not in text
    assert "memory bandwidth" in _printed(PLANS["hospital"], show_all=True)


def test_markup_in_a_name_is_only_text() -> None:
    assert "[bold red]x[/]" in _printed(sample_plan("[bold red]x[/]"))


@pytest.mark.parametrize("name", PLANS)
def test_nothing_unknown_is_printed_as_python_says_it(name: str) -> None:
    text = _printed(PLANS[name], show_all=True)
    assert "None" not in text
    assert "nan" not in text.replace("finance", "")
