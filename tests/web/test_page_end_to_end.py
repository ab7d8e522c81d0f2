"""The page in a browser without network: opened, asked, compared, edited, printed, reached by a link."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from page_server import Watched, chromium, seeded, serving

pytest.importorskip("nicegui", reason="the extra `web` is not installed")
sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(chromium() is None, reason="no Chromium is installed: apt-get install chromium"),
]

PATIENCE_MS = 60_000
IMAGES = Path(__file__).resolve().parent.parent.parent / "docs" / "images"
KEEP_IMAGES = "MILLWRIGHT_SCREENSHOTS"
"""Set in the environment: the screenshots of the docs are made anew."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Return the address of a server and the path of a plan in it."""
    url, plan_id = seeded(tmp_path_factory.mktemp("site"))
    with serving(url) as address:
        yield address, f"{address}/plans/{plan_id}"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def watched() -> Iterator[Watched]:
    found = Watched()
    yield found
    assert found.outside == [], "the page asked for something outside this machine"
    assert found.errors == [], "the browser logged errors"


@pytest.fixture
def page(browser: Any, watched: Watched) -> Iterator[Any]:
    opened = browser.new_page(viewport={"width": 1280, "height": 900})
    opened.set_default_timeout(PATIENCE_MS)
    watched.watch(opened)
    yield opened
    opened.close()


def keep(page: Any, name: str, tmp_path: Path, *, full: bool = False) -> None:
    """Take a screenshot: into the docs where they are made anew, else only to see that it can be taken."""
    folder = IMAGES if os.environ.get(KEEP_IMAGES) else tmp_path
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / f"{name}.png", full_page=full)


def open_plan(page: Any, address: str) -> None:
    page.goto(address)
    page.wait_for_selector("#rest-filled, #assumption-rows tr")
    page.wait_for_selector("figure.chart")


def move(page: Any, change: str, value: str) -> None:
    """Move a control as a person does: set it and let it say so."""
    page.eval_on_selector(
        f'[data-change="{change}"]',
        "(field, value) => { field.value = value; field.dispatchEvent(new Event('input', {bubbles: true})); }",
        value,
    )


def answered(page: Any) -> None:
    page.wait_for_function("document.documentElement.dataset.busy === 'no'")


def lead(page: Any) -> str:
    return str(page.inner_text(".lead"))


def test_a_plan_opens_with_its_answer_and_draws_its_charts(page: Any, site: tuple[str, str], tmp_path: Path) -> None:
    open_plan(page, site[1])
    assert "per million tokens" in lead(page)
    assert page.locator(".card").count() >= 2
    page.locator("figure.chart").first.scroll_into_view_if_needed()
    page.wait_for_selector('.paper[data-drawn="yes"] svg')
    page.evaluate("window.scrollTo(0, 0)")
    keep(page, "plan", tmp_path)


def test_a_slider_moves_the_answer_and_its_link_brings_it_back(
    page: Any, site: tuple[str, str], tmp_path: Path
) -> None:
    open_plan(page, site[1])
    before = lead(page)
    move(page, "demand", "0.7")
    page.wait_for_function("before => document.querySelector('.lead').textContent !== before", arg=before)
    answered(page)
    after, link = lead(page), page.url
    assert link.endswith("?demand=5.01187"), "a link tells what was changed, and nothing else"
    assert page.locator(".was").count() > 0
    keep(page, "what-if", tmp_path)
    page.reload()
    page.wait_for_function("after => document.querySelector('.lead')?.textContent === after", arg=after)
    assert float(page.input_value('[data-change="demand"]')) == pytest.approx(0.7, abs=0.01)
    answered(page)
    page.click('[data-act="reset"]')
    page.wait_for_function("before => document.querySelector('.lead').textContent === before", arg=before)
    page.wait_for_function("!location.search.includes('demand')")


def test_undo_takes_the_last_change_back(page: Any, site: tuple[str, str]) -> None:
    open_plan(page, site[1])
    before = lead(page)
    move(page, "host_price", "0.5")
    page.wait_for_function("location.search.includes('host_price')")
    answered(page)
    page.click('[data-act="undo"]')
    page.wait_for_function("!location.search.includes('host_price')")
    answered(page)
    assert lead(page) == before
    assert float(page.input_value('[data-change="host_price"]')) == 0.0


def test_a_change_can_be_saved_as_a_scenario_of_its_own(page: Any, site: tuple[str, str]) -> None:
    open_plan(page, site[1])
    move(page, "spares", "2")
    page.wait_for_function("location.search.includes('spares')")
    answered(page)
    page.click('[data-act="save-as"]')
    page.click("#what-if-status a")
    page.wait_for_selector("#yaml")
    page.wait_for_function("document.getElementById('yaml').value.includes('spares: 2')")
    assert "# A small chat" in page.input_value("#yaml"), "comments stay"


def test_a_limit_that_is_none_is_told_and_nothing_changes(page: Any, site: tuple[str, str]) -> None:
    open_plan(page, site[1])
    before = lead(page)
    page.evaluate("emitEvent('what-if', {percentile: 20})")
    page.wait_for_function("document.getElementById('what-if-fault').textContent.includes('percentile')")
    assert lead(page) == before


def test_two_options_stand_side_by_side(page: Any, site: tuple[str, str], tmp_path: Path) -> None:
    open_plan(page, site[1])
    boxes = page.locator(".card [data-compare]")
    boxes.nth(0).check()
    boxes.nth(1).check()
    page.wait_for_selector("section[aria-labelledby=compare-title] table")
    assert page.locator("section[aria-labelledby=compare-title] thead th").count() == 2
    page.locator("#compare-title").scroll_into_view_if_needed()
    keep(page, "compare", tmp_path)


def test_a_number_opens_its_formula_with_the_keyboard(page: Any, site: tuple[str, str]) -> None:
    open_plan(page, site[1])
    number = page.locator("section[aria-labelledby=answer-title] .facts .num").first
    number.focus()
    page.keyboard.press("Enter")
    assert page.locator("[popover]:popover-open").count() == 1
    assert "present value" in page.inner_text("[popover]:popover-open")
    page.keyboard.press("Escape")
    assert page.locator("[popover]:popover-open").count() == 0


def test_the_first_tab_leads_past_the_navigation(page: Any, site: tuple[str, str]) -> None:
    open_plan(page, site[1])
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"


def test_the_demand_slider_reads_the_plans_curve(page: Any, site: tuple[str, str]) -> None:
    open_plan(page, site[1])
    before = page.locator("[data-curve] output").first.inner_text()
    page.eval_on_selector(
        "#demand-slider", "field => { field.value = 1; field.dispatchEvent(new Event('input', {bubbles: true})); }"
    )
    assert page.inner_text("#demand-at").strip() == "10 ×"
    assert page.locator("[data-curve] output").first.inner_text() != before
    assert page.locator('[data-curve][data-least="yes"]').count() == 1


def test_it_prints_the_plan_without_the_controls(page: Any, site: tuple[str, str]) -> None:
    open_plan(page, site[1])
    page.emulate_media(media="print")
    assert not page.is_visible("#what-if")
    assert not page.is_visible(".top")
    assert page.is_visible(".lead")
    assert page.pdf()[:4] == b"%PDF"


def test_a_fault_is_told_at_its_field_and_its_line(page: Any, site: tuple[str, str], tmp_path: Path) -> None:
    page.goto(f"{site[0]}/new")
    page.wait_for_function("document.getElementById('yaml-faults')?.textContent.includes('Sound')")
    keep(page, "editor", tmp_path)
    text = page.input_value("#yaml").replace("ttft: 2 s", "ttft: soon")
    page.fill("#yaml", text)
    page.wait_for_selector(".faults li")
    assert page.is_visible('[data-fault="workloads.0.slo.ttft"]')
    page.click(".faults [data-line]")
    chosen = page.evaluate("(a => a.value.slice(a.selectionStart, a.selectionEnd))(document.getElementById('yaml'))")
    assert "ttft: soon" in chosen


def test_the_form_writes_into_the_text_and_keeps_its_comments(page: Any, site: tuple[str, str]) -> None:
    page.goto(f"{site[0]}/new")
    page.wait_for_function("document.getElementById('yaml-faults')?.textContent.includes('Sound')")
    page.fill('[data-field="workloads.0.growth"]', "25 %/y")
    page.locator('[data-field="workloads.0.growth"]').blur()
    page.wait_for_function("document.getElementById('yaml').value.includes('growth: 25 %/y')")
    assert "# Written from three questions" in page.input_value("#yaml")


def test_the_form_begins_a_fine_tuning_job_and_has_room_for_the_next(page: Any, site: tuple[str, str]) -> None:
    page.goto(f"{site[0]}/new")
    page.wait_for_function("document.getElementById('yaml-faults')?.textContent.includes('Sound')")
    workload = page.input_value('[data-field="workloads.0.name"]')
    for key, value in (("name", "tuning"), ("workload", workload), ("tokens", "50M")):
        page.fill(f'[data-field="jobs.0.{key}"]', value)
        page.locator(f'[data-field="jobs.0.{key}"]').blur()
        page.wait_for_function(f"document.getElementById('yaml').value.includes('{key}: {value}')")
        page.wait_for_selector('[data-field="jobs.1.name"]', state="attached")
    page.wait_for_function("document.getElementById('yaml-faults').textContent.includes('Sound')")
    assert "jobs: [{name: tuning, workload: " in page.input_value("#yaml")
    assert page.get_attribute('[data-field="jobs.0.every"]', "placeholder").startswith("assumed: 30")


def test_three_questions_write_a_sound_scenario(page: Any, site: tuple[str, str]) -> None:
    page.goto(f"{site[0]}/new")
    page.wait_for_function("document.getElementById('yaml-faults')?.textContent.includes('Sound')")
    page.select_option('[data-question="use"]', "use_batch")
    page.fill('[data-question="people"]', "80")
    page.select_option('[data-question="where"]', "where_house")
    page.click('[data-act="write"]')
    page.wait_for_function("document.getElementById('yaml').value.includes('mode: batch')")
    page.wait_for_function("document.getElementById('yaml-faults').textContent.includes('Sound')")


def test_a_scenario_is_planned_as_a_job_that_can_be_cancelled(page: Any, site: tuple[str, str]) -> None:
    page.goto(f"{site[0]}/new")
    page.wait_for_function("document.getElementById('yaml-faults')?.textContent.includes('Sound')")
    page.click('[data-act="plan-it"]')
    page.wait_for_selector("#job:not([hidden])")
    page.click('[data-act="cancel"]')
    page.wait_for_function("document.getElementById('editor-status').textContent.includes('Cancelled')")


def test_any_two_measures_are_drawn_against_each_other(page: Any, site: tuple[str, str]) -> None:
    open_plan(page, site[1])
    section = page.locator("section[aria-labelledby=trade-title]")
    section.scroll_into_view_if_needed()
    choice = section.locator("[data-axes]")
    choice.select_option("trade cost sovereignty")
    page.wait_for_selector('section[aria-labelledby=trade-title] svg[aria-label^="Cost against sovereignty"]')
    assert "sovereignty, of 100" in section.locator("svg").first.inner_html()


def test_a_simulation_is_played_and_one_request_is_seen_closely(page: Any, site: tuple[str, str]) -> None:
    page.goto(f"{site[0]}/simulation")
    page.wait_for_selector("#simulation")
    page.fill('[data-sim="requests"]', "60")
    page.click('[data-act="simulate-form"]')
    page.wait_for_selector("#play-at")
    before = page.inner_text("#play-now")
    page.click("[data-act-play]")
    page.wait_for_function("Number(document.getElementById('play-at').value) > 0")
    page.wait_for_function("before => document.getElementById('play-now').textContent !== before", arg=before)
    page.click("[data-act-play]")  # it rests where it is
    at = page.input_value("#play-at")
    page.wait_for_timeout(400)
    assert page.input_value("#play-at") == at
    assert page.locator("#request-rows tr").count() == 60
    page.click("#request-rows tr button")
    page.wait_for_function("document.getElementById('one-request').textContent.includes('waited')")
    page.locator("#histogram-title").scroll_into_view_if_needed()
    page.wait_for_selector('section[aria-labelledby=histogram-title] .paper[data-drawn="yes"] svg')


def test_plans_of_a_scenario_are_told_over_time(page: Any, site: tuple[str, str]) -> None:
    plan = page.request.get(f"{site[0]}/api/library/plans/{site[1].rsplit('/', 1)[-1]}").json()
    option = plan["options"][1]
    plan["answer"] |= {"option_id": option["id"], "sentence": "Another one would do.", "probability": 0.5}
    plan["header"]["catalogue_date"] = "2026-12-24"
    for assumption in plan["assumptions"]:
        if isinstance(assumption["value"], float) and assumption["unit"].startswith("USD"):
            assumption["value"] *= 2.0
            assumption["low"] = assumption["high"] = None
    saved = page.request.post(f"{site[0]}/api/library/plans", data={"plan_json": json.dumps(plan)})
    assert saved.status == 201, saved.text()
    page.goto(f"{site[0]}/history/{saved.json()['id']}")
    page.wait_for_selector("h1")
    told = page.inner_text("main")
    assert "Another one would do." in told
    assert "2026-12-24" in told
    assert page.locator(".mind strong").count() == 1, "the decision is another one, and stands out"
    assert "became" in told, "which figures are others now"
    assert page.locator("section.sheet").count() >= 3, "what changed since, and each plan"
    page.click("section.sheet h2 a")
    page.wait_for_selector(".lead")


def test_a_figure_is_overridden_in_the_scenario_that_is_being_edited(page: Any, site: tuple[str, str]) -> None:
    page.goto(f"{site[0]}/new")
    page.wait_for_function("document.getElementById('yaml-faults')?.textContent.includes('Sound')")
    page.goto(f"{site[0]}/catalogue?kind=devices&entry=l40s")
    page.wait_for_selector("#override-draft:checked, #override-into")
    page.click('[data-override="tdp"]')
    page.fill("#override-value", "300 GB")
    page.click('[data-act="override-it"]')
    page.wait_for_function("document.getElementById('override-status').textContent.length > 0")
    assert page.locator("#override-status a").count() == 0, "a wrong unit goes nowhere"
    page.fill("#override-value", "300 W")
    page.click('[data-act="override-it"]')
    page.click("#override-status a")
    page.wait_for_function("document.getElementById('yaml')?.value.includes('tdp: 300 W')")
    page.wait_for_function("document.getElementById('yaml-faults')?.textContent.includes('Sound')")


def test_answers_are_scored_as_they_are_given_and_are_there_again(page: Any, site: tuple[str, str]) -> None:
    page.goto(f"{site[0]}/readiness")
    page.wait_for_selector(".scores")
    before = page.inner_text(".scores")
    page.locator('.question input[value="3"]').first.check()
    page.wait_for_function("before => document.querySelector('.scores').innerText !== before", arg=before)
    after = page.inner_text(".scores")
    page.click('[data-act="save-answers"]')
    page.wait_for_function("document.getElementById('readiness-status').textContent.includes('Saved as')")
    page.reload()
    page.wait_for_selector(".scores")
    assert page.inner_text(".scores") == after
    assert page.locator('.question input[value="3"]').first.is_checked()


def test_the_api_is_described_without_the_network(page: Any, site: tuple[str, str]) -> None:
    page.goto(f"{site[0]}/api-docs")
    page.click("#post-api-what-if summary")
    assert page.is_visible("#post-api-what-if table")


def test_the_library_lists_the_plan(page: Any, site: tuple[str, str], tmp_path: Path) -> None:
    page.goto(site[0])
    page.wait_for_selector("#plan-rows tr")
    keep(page, "library", tmp_path)
    page.click("#plan-rows a")
    page.wait_for_selector(".lead")


PLACES = ("", "/new", "/readiness", "/catalogue?kind=devices&entry=l40s", "/simulation", "/api-docs", "plan")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.strip("/").partition("?")[0] or "library")
def test_axe_finds_no_serious_fault(
    browser: Any, watched: Watched, site: tuple[str, str], place: str, dark: bool
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
    page = browser.new_page(viewport={"width": 1280, "height": 900}, color_scheme="dark" if dark else "light")
    page.set_default_timeout(PATIENCE_MS)
    watched.watch(page)
    if place == "plan":
        open_plan(page, site[1])
        page.click("#all-options summary")
    else:
        page.goto(site[0] + place)
        page.wait_for_selector("h1")
        page.wait_for_timeout(800)
    found = axe.Axe().run(page).response["violations"]
    grave = [
        f"{each['id']}: {each['help']} ({each['nodes'][0]['html'][:200]})"
        for each in found
        if each["impact"] in ("serious", "critical")
    ]
    page.close()
    assert grave == []


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.strip("/").partition("?")[0] or "library")
def test_nothing_is_wider_than_a_phone(
    browser: Any, watched: Watched, site: tuple[str, str], place: str, tmp_path: Path
) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844}, is_mobile=True, device_scale_factor=1)
    page.set_default_timeout(PATIENCE_MS)
    watched.watch(page)
    page.goto(site[1] if place == "plan" else site[0] + place)
    page.wait_for_selector("h1")
    if place == "plan":
        page.wait_for_selector("figure.chart")
        keep(page, "plan-phone", tmp_path)
    page.wait_for_timeout(500)
    width = page.evaluate("document.documentElement.scrollWidth")
    page.close()
    assert width <= 390
