"""Short views of long plans show what matters: the answer, each kind's best, and what may turn out better."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample_plan import sample_plan

from millwright.plan.model import Kind, Option, Plan
from millwright.report.html import render_html
from millwright.report.leading import leading, rank_ranges, ranks_text, rivals

PLAN = sample_plan(refused=0)


def _long_plan(copies: int = 9) -> Plan:
    """Return a plan in which `copies` owned options stand before every other one."""

    def ranked(option: Option, rank: int) -> Option:
        return option.model_copy(update={"rank": rank, "id": f"{option.id}-{rank}" if rank > 1 else option.id})

    options = [*[PLAN.options[0]] * copies, *PLAN.options[1:]]
    return PLAN.model_copy(update={"options": tuple(ranked(option, rank) for rank, option in enumerate(options, 1))})


def test_a_short_list_has_each_kind_once_the_answer_and_keeps_the_order() -> None:
    shown = leading(_long_plan(), 5)
    assert shown[0].id == PLAN.answer.option_id
    assert {option.kind for option in shown} == set(Kind)
    assert [option.rank for option in shown] == sorted(option.rank for option in shown)


@pytest.mark.parametrize("few", [0, 1, 3, 7, 100])
def test_a_short_list_is_as_long_as_asked_and_has_none_twice(few: int) -> None:
    shown = leading(_long_plan(), few)
    assert len(shown) == len(set(shown)) == min(few, 15)


def test_rivals_are_the_likely_ones_beside_the_answer_the_likeliest_first() -> None:
    assert [option.id for option in rivals(PLAN)] == ["own-h100", "api-eu"]


@given(st.sets(st.integers(1, 60)))
def test_ranges_name_each_rank_once(ranks: set[int]) -> None:
    named = [rank for first, last in rank_ranges(sorted(ranks)) for rank in range(first, last + 1)]
    assert named == sorted(ranks)


def test_ranges_read_well() -> None:
    assert ranks_text((1, 2, 3, 5, 8, 9)) == "1–3, 5, 8–9"


def test_the_page_of_a_long_plan_holds_every_option() -> None:
    plan = _long_plan(20)
    page = render_html(plan)
    for option in plan.options:
        assert f'id="option-{option.rank}"' in page
        assert f'href="#option-{option.rank}" data-rank' in page  # in one of the two tables
