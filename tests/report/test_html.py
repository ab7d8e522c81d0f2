"""report.html: complete, offline, and deaf to what a scenario's name tries to say."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from sample_plan import infeasible_plan, sample_plan, small_office_plan

from millwright.plan.model import Plan
from millwright.report.html import render_html, write_html

PLANS = {"hospital": sample_plan(), "office": small_office_plan(), "infeasible": infeasible_plan()}
PAGES = {name: render_html(plan) for name, plan in PLANS.items()}
VOID = {"meta", "img", "br", "input", "link", "hr"}


class Page(HTMLParser):
    """What a test asks of a page: its elements, its text, its scripts; and that its elements are closed in order."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.scripts: list[str] = []
        self.open: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            self.scripts.append(data)
        elif not self.open or self.open[-1] != "style":
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def attributes(self, name: str) -> list[str]:
        return [attributes[name] for _, attributes in self.elements if name in attributes]


PARSED = {name: Page(source) for name, source in PAGES.items()}


@pytest.mark.parametrize("name", PLANS)
def test_elements_are_closed_in_order(name: str) -> None:
    assert PARSED[name].open == []


@pytest.mark.parametrize("name", PLANS)
def test_the_page_fetches_nothing(name: str) -> None:
    for tag, attributes in PARSED[name].elements:
        assert tag not in ("link", "iframe", "object", "embed", "audio", "video", "source")
        for key in ("src", "srcset", "poster", "background", "data"):
            assert attributes.get(key, "data:").startswith("data:")
    style = PAGES[name].split("<style>")[1].split("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style
    charts = json.loads(next(script for script in PARSED[name].scripts if script.startswith("{")))
    assert '"url"' not in json.dumps(charts)


@pytest.mark.parametrize("name", PLANS)
def test_the_policy_lets_only_our_own_scripts_run(name: str) -> None:
    policy = next(attributes["content"] for _, attributes in PARSED[name].elements if "http-equiv" in attributes)
    assert policy.startswith("default-src 'none'")
    assert "unsafe-eval" not in policy
    assert "http" not in policy
    allowed = re.search(r"script-src ([^;]*);", policy)
    assert allowed is not None
    assert "unsafe-inline" not in allowed[1]
    running = re.findall(r"<script>(.*?)</script>", PAGES[name], re.DOTALL)
    assert len(running) == (2 if PLANS[name].options else 1)
    for script in running:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in allowed[1].split()


@pytest.mark.parametrize("name", PLANS)
def test_every_option_refusal_and_assumption_is_there(name: str) -> None:
    plan, text = PLANS[name], PARSED[name].text
    assert plan.answer.sentence in text
    for option in plan.options:
        assert option.title in text
        for finding in option.law.findings:
            assert finding.reason in text
    for refused in plan.refused:
        assert refused.title in text
        for reason in refused.reasons:
            assert reason.text in text
    for assumption in plan.assumptions:
        assert assumption.path in text
        assert assumption.source_title in text


@pytest.mark.parametrize("name", PLANS)
def test_nothing_unknown_is_shown_as_python_says_it(name: str) -> None:
    words = set(re.findall(r"[A-Za-z]+", PARSED[name].text))
    assert not words & {"None", "nan", "NaN", "inf", "True", "False", "undefined"}


@pytest.mark.parametrize("name", PLANS)
def test_each_link_within_the_page_leads_somewhere(name: str) -> None:
    ids = PARSED[name].attributes("id")
    assert len(ids) == len(set(ids))
    for target in PARSED[name].attributes("href"):
        assert target.startswith("http") or target.removeprefix("#") in ids


@pytest.mark.parametrize("name", PLANS)
def test_each_picture_has_words_and_each_heading_its_level(name: str) -> None:
    pictures = [attributes for tag, attributes in PARSED[name].elements if tag == "img"]
    assert all(len(picture["alt"]) > 20 for picture in pictures)
    levels = [int(tag[1]) for tag, _ in PARSED[name].elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in itertools.pairwise(levels))


def test_the_charts_of_a_plan_with_options_are_all_there() -> None:
    charts = PARSED["hospital"].attributes("data-chart")
    assert [name.split("-")[0] for name in charts] == ["lcot", "cost", "break", "cost", "latency", "latency"]
    assert PARSED["infeasible"].attributes("data-chart") == []


EVIL = """</title></script><script>alert(1)</script><img src=x onerror=alert(2)>'"{{ 7*7 }}&"""


def _evil(plan: Plan) -> Plan:
    """Return the plan with the hostile text in every free text of its JSON."""

    def poisoned(content: object, key: str = "") -> object:
        if isinstance(content, dict):
            return {name: poisoned(value, name) for name, value in content.items()}
        if isinstance(content, list):
            return [poisoned(value, key) for value in content]
        return EVIL if isinstance(content, str) and key in TEXTS else content

    return Plan.model_validate(poisoned(plan.model_dump(mode="json")))


TEXTS = {
    "scenario_name", "scenario_hash", "organisation", "created", "disclaimer", "sentence", "next_steps", "what", "name",
    "model", "traffic", "title", "site", "provider", "country", "offer", "offer_title", "device", "engine",
    "relief", "limit", "reason", "instrument", "pinpoint", "rule_id", "missing_facts", "notes", "warnings", "summary",
    "label", "text", "source_title", "note", "date", "path", "stage_name", "against_title", "data_classes",
    "residency", "unit",
}  # fmt: skip


def test_no_text_of_a_plan_becomes_a_script_or_an_element() -> None:
    plan = sample_plan(refused=20)
    clean, evil = Page(render_html(plan)), Page(render_html(_evil(plan)))
    assert sum(tag == "script" for tag, _ in evil.elements) == sum(tag == "script" for tag, _ in clean.elements)
    assert not [name for _, attributes in evil.elements for name in attributes if name.startswith("on")]
    assert "x" not in evil.attributes("src")
    assert "49&" not in evil.text
    assert EVIL in evil.text


def test_only_web_addresses_become_links() -> None:
    urls = ("javascript:alert(1)", " javascript:alert(1)", "data:text/html,x", "//evil", "JaVaScRiPt:x")
    content = sample_plan(refused=0).model_dump(mode="json")
    for number, assumption in enumerate(content["assumptions"]):
        assumption["source_url"] = urls[number % len(urls)]
    for number, finding in enumerate(finding for option in content["options"] for finding in option["law"]["findings"]):
        finding["url"] = urls[number % len(urls)]
    page = Page(render_html(Plan.model_validate(content)))
    assert all(target.startswith("#") for target in page.attributes("href"))
    assert all(url.strip() in page.text for url in urls)


def test_the_file_is_one_whole_and_small(tmp_path: Path) -> None:
    write_html(PLANS["hospital"], tmp_path / "report.html")
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert (tmp_path / "report.html").stat().st_size < 3_000_000
