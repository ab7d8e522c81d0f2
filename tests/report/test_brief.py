"""The paper: every section filled from the plan, and set without a fault."""

from __future__ import annotations

import json
import re
import sys
import zlib

import pytest
from sample_mix import plan_in_conflict
from sample_plan import infeasible_plan, sample_plan, small_office_plan

from millwright.errors import InputError
from millwright.plan.model import Plan
from millwright.report.brief import LEAST_PAGES, MOST_PAGES, render_brief
from millwright.report.brief_content import brief_content
from millwright.report.brief_room import Room
from millwright.report.figures import figures

PLANS = {"hospital": sample_plan(), "office": small_office_plan(), "infeasible": infeasible_plan()}


@pytest.mark.parametrize("name", PLANS)
def test_the_texts_are_strict_json_without_python_words(name: str) -> None:
    text = json.dumps(brief_content(PLANS[name], figures(PLANS[name])), allow_nan=False)
    assert "None" not in text
    assert "nan " not in text


def test_every_section_of_a_full_plan_has_something_to_say() -> None:
    content = brief_content(PLANS["hospital"], figures(PLANS["hospital"]))
    assert all(
        content[name] for name in ("question", "answer", "odds", "turns", "next_steps", "key_figures", "options")
    )
    assert all(content[name] for name in ("causes", "break_even", "law", "people", "binds", "risks", "refused"))
    assert all(content[name] for name in ("assumptions", "sources", "words", "disclaimer"))
    assert [len(content["figures"][section]) for section in ("ranking", "money", "latency")] == [1, 3, 2]


def test_less_room_says_less_in_every_section_and_never_nothing() -> None:
    plan = PLANS["hospital"]
    whole, tight = brief_content(plan, figures(plan)), brief_content(plan, figures(plan), Room(0.2))
    for section in ("options", "law", "people", "risks", "refused", "assumptions", "sources"):
        assert 0 < len(tight[section]) <= len(whole[section]), section
    assert sum(len(tight[section]) for section in whole if isinstance(whole[section], list)) < sum(
        len(each) for each in whole.values() if isinstance(each, list)
    )
    assert all(len(tight["figures"][section]) >= 1 for section in ("ranking", "money", "latency"))


def test_rules_that_all_meet_are_one_line_and_never_also_open() -> None:
    content = brief_content(PLANS["hospital"])
    open_rules = {row[0] for row in content["law"]}
    assert all(row[1] not in ("allowed", "no risk") for row in content["law"])
    assert not open_rules & set(content["met"].split("; "))


def test_a_limit_that_is_hardly_used_does_not_stand_among_those_that_bind() -> None:
    for bind in brief_content(PLANS["hospital"])["binds"][:-1]:
        assert not bind.startswith("Room to spare")


def test_the_rest_of_the_conflict_is_not_said_twice() -> None:
    content = brief_content(plan_in_conflict())
    assert content["conflict"]
    assert not set(content["conflict"]) & set(content["next_steps"])


def pages_of(paper: bytes) -> int:
    """Return the number of pages, as the page tree in one of the file's compressed streams counts them."""
    parts = [paper]
    for packed in re.findall(rb"stream\r?\n(.*?)endstream", paper, re.DOTALL):
        try:
            parts.append(zlib.decompress(packed))
        except zlib.error:
            continue
    counts = [
        int(found) for part in parts for found in re.findall(rb"/Type\s*/Pages.{0,200}?/Count\s+(\d+)", part, re.S)
    ]
    return max(counts)


@pytest.mark.parametrize("name", ["hospital", "office"])
def test_the_paper_has_four_to_six_pages(name: str) -> None:
    pytest.importorskip("typst", reason="Typst is an extra: pip install 'millwright[paper]'")
    assert LEAST_PAGES <= pages_of(render_brief(PLANS[name])) <= MOST_PAGES


def test_rivals_are_named_as_a_risk_with_their_odds() -> None:
    risks = " ".join(brief_content(PLANS["hospital"])["risks"])
    assert "Option 2, 3 × HGX H100 in the clinic's own room, may turn out cheaper: unlikely (23 %)" in risks
    assert "L40S" not in risks


def test_every_source_is_listed_once() -> None:
    plan = PLANS["hospital"]
    sources = brief_content(plan)["sources"]
    assert len(sources) == len(set(sources))
    for assumption in plan.assumptions:
        assert not assumption.source_title or any(assumption.source_title in source for source in sources)


def test_without_typst_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(InputError, match=r"millwright\[paper\]"):
        render_brief(PLANS["infeasible"])


HOSTILE = '#panic("x") *b* _i_ $x$ `c` @a <l> \\ // = h'


@pytest.mark.parametrize("plan", [*PLANS.values(), sample_plan(HOSTILE)], ids=[*PLANS, "hostile name"])
def test_the_paper_is_set_and_repeatable(plan: Plan) -> None:
    pytest.importorskip("typst", reason="Typst is an extra: pip install 'millwright[paper]'")
    paper = render_brief(plan)
    assert paper.startswith(b"%PDF-")
    assert paper == render_brief(plan)
