"""The paper: every section filled from the plan, and set without a fault."""

from __future__ import annotations

import json
import sys

import pytest
from sample_plan import infeasible_plan, sample_plan, small_office_plan

from millwright.errors import InputError
from millwright.plan.model import Plan
from millwright.report.brief import brief_content, render_brief
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
