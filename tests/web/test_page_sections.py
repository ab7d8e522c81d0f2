"""The parts of the page without a browser: every text has a key, every number its formula, nothing slips through."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import pytest

pytest.importorskip("nicegui", reason="the extra `web` is not installed")

from sample_mix import mixed_plan, plan_in_conflict
from sample_plan import sample_plan

from millwright.catalog.catalog import load_catalog
from millwright.plan.model import Plan
from millwright.scenario.load import read_scenario
from millwright.web.page import plan_sections as sections
from millwright.web.page.fleet_picture import fleet_picture, fleet_words
from millwright.web.page.form_fields import As, Field, groups
from millwright.web.page.questions import PLACES, USES, written
from millwright.web.page.render import render
from millwright.web.page.strings import strings, t
from millwright.web.page.what_if_form import what_if_form
from millwright.web.work.scenario_form import FormRequest, form

PAGE = Path(sections.__file__).parent
SOURCES = [*PAGE.glob("*.py"), *PAGE.glob("templates/*.j2"), *PAGE.glob("static/*.js")]
CATALOG = load_catalog()


@cache
def plan() -> Plan:
    return sample_plan()


def test_every_text_that_is_asked_for_is_there_and_every_text_is_asked_for() -> None:
    everything = "\n".join(source.read_text(encoding="utf-8") for source in SOURCES)
    asked = set(re.findall(r"""\bt\(\s*["']([a-z_0-9]+)["']""", everything))
    assert asked <= set(strings()), "a text that no language has"
    quoted = set(re.findall(r"""["'.]([a-z_0-9]+)\b""", everything))
    made_up = (
        "_title",
        *(f"measure_{each}" for each in ("cost", "latency", "carbon", "sovereignty")),
    )
    unused = {key for key in strings() if key not in quoted and not key.endswith(made_up)}
    assert unused == set(), "a text that nobody says"


def test_an_unknown_text_is_no_silent_gap() -> None:
    with pytest.raises(KeyError):
        t("nobody_says_this")


def test_texts_are_filled_in() -> None:
    assert t("was", value="1.2") == "was 1.2"
    assert all("{" not in text or re.search(r"\{[a-z_]+\}", text) for text in strings().values())


def test_every_number_that_opens_finds_its_formula() -> None:
    made = plan()
    shown = sections.answer(made) + sections.options(made) + sections.compare(made, [o.id for o in made.options[:3]])
    shown += sections.rest(made)
    wanted = set(re.findall(r'popovertarget="([^"]+)"', shown))
    there = set(re.findall(r'popover id="([^"]+)"', sections.formulas(made)))
    assert wanted
    assert wanted <= there


def test_the_parts_of_the_cost_are_shown_to_add_up() -> None:
    made = plan()
    opened = sections.formulas(made)
    for cause in made.options[0].cost.by_cause:
        assert cause.label in opened


def test_what_a_plan_says_cannot_become_a_script() -> None:
    made = plan()
    evil = made.model_copy(update={"answer": made.answer.model_copy(update={"sentence": "<script>alert(1)</script>"})})
    assert "<script>" not in sections.answer(evil)
    option = made.options[0].model_copy(update={"title": "<img src=x onerror=alert(1)>"})
    evil = made.model_copy(update={"options": (option, *made.options[1:])})
    for html in (sections.options(evil), sections.compare(evil, [o.id for o in evil.options]), fleet_picture(option)):
        assert "<img" not in html


def test_each_rule_stands_with_its_reason() -> None:
    made = plan()
    option = next(option for option in made.options if option.law.findings)
    html = sections.law(made, option)
    assert html.count("<details") == len(option.law.findings)


def test_options_side_by_side_are_those_that_were_chosen() -> None:
    made = plan()
    ids = [option.id for option in made.options[:2]]
    html = sections.compare(made, ids)
    assert html.count('<th scope="col">') == 2
    assert t("compare_none") in sections.compare(made, ids[:1])


def test_a_changed_answer_tells_what_it_was() -> None:
    before = plan()
    chosen = sections.chosen_option(before)
    assert chosen is not None
    lcot = chosen.cost.lcot.model_copy(update={"value": chosen.cost.lcot.high})
    dearer = chosen.model_copy(update={"cost": chosen.cost.model_copy(update={"lcot": lcot})})
    now = before.model_copy(update={"options": tuple(dearer if o.id == chosen.id else o for o in before.options)})
    assert 'class="was"' in sections.answer(now, before)
    assert 'class="was"' not in sections.answer(before, before)


def test_the_fleets_picture_is_sound_and_shows_every_host() -> None:
    for option in plan().options:
        picture = ElementTree.fromstring(fleet_picture(option, lambda offer: 8.0))
        assert picture.get("role") == "img"
        assert picture.get("aria-label")
        hosts = sum(min(part.hosts, 64) for part in option.fleet if part.device)
        drawn = [each for each in picture.iter() if each.tag.endswith("rect") and each.get("width") == "132"]
        assert len(drawn) == hosts
        assert fleet_words(option)


def test_the_demand_slider_carries_the_plans_own_points() -> None:
    made = plan()
    curves = re.findall(r'data-curve="([^"]+)"', sections.demand(made))
    points = [json.loads(each) for each in curves]
    own = [[[p.demand_multiple, p.lcot] for p in option.cost.demand_curve] for option in made.options]
    assert points
    assert all(each in own for each in points)


def test_the_mix_is_told_by_site_and_by_period_with_its_proof_and_its_purchases() -> None:
    made = mixed_plan()
    assert made.mix is not None
    html = sections.mix(made).replace("\N{NO-BREAK SPACE}", " ")
    assert [html.index(period.name) for period in made.mix.periods] == sorted(
        html.index(period.name) for period in made.mix.periods
    )
    for site in ("room", "cloud", "api"):
        assert f'class="group">{site}</th>' in html
    assert "4 machines: chat 30 %" in html, "spot machines serve in the busiest hours"
    assert "1 machine, standing by" in html
    assert "chat 10 %, notes 40 %" in html, "an API has no machines"
    assert made.mix.sentence in html
    assert "month 1: buy 1 × HGX H200, sold after month 24" in html
    assert all(cost.sentence in html for cost in made.mix.limit_costs)
    assert "Simulated whole in the busiest 25 h, the SLO is kept" in html


def test_a_change_tells_that_the_mix_is_sought_later() -> None:
    assert sections.mix(plan()) == ""
    assert t("mix_later") in sections.mix(plan(), mixed_plan())


def test_limits_in_conflict_stand_with_the_answer() -> None:
    html = sections.answer(plan_in_conflict())
    assert "The power would have to be 17.6 kW or more." in html


def test_a_number_stays_with_its_sign_and_fields_hold_what_a_scenario_says() -> None:
    assert not re.search(r"\d %", sections.answer(plan()) + sections.options(plan()))
    assert "20 %/y" in render("yaml", text="growth: 20 %/y")


def test_any_two_measures_can_be_chosen() -> None:
    html = sections.trade(["trade cost latency", "trade cost sovereignty"], "trade cost sovereignty")
    assert "Cost against latency" in html
    assert 'value="trade cost sovereignty" selected' in html
    assert "<select" not in sections.trade(["trade cost latency"], "trade cost latency"), "there is nothing to choose"


def test_the_what_if_form_holds_the_scenarios_own_limits() -> None:
    made = plan()
    form = what_if_form(made, may_save=True)
    limit = made.workloads[0].slo[0]
    assert f'data-change="{limit.metric}_s" data-base="{limit.limit_s}"' in form
    assert 'data-act="save-as"' in form
    assert 'data-act="save-as"' not in what_if_form(made, may_save=False)


@pytest.mark.parametrize("use", USES, ids=lambda use: use.key)
@pytest.mark.parametrize("place", PLACES)
def test_three_answers_write_a_sound_scenario(use: object, place: str) -> None:
    text = written(use.key, 150.0, place, "IT")  # type: ignore[attr-defined]
    loaded = read_scenario(text, Path("scenario.yaml"), CATALOG)
    kinds = {site.kind for site in loaded.scenario.sites}
    assert kinds == ({"owned"} if place == "where_house" else {"owned", "cloud", "api"})


def test_fields_read_what_is_written_into_them() -> None:
    assert Field(("a",), "a", As.NUMBER).read(" 12 ") == 12
    assert Field(("a",), "a", As.NUMBER).read("many") == "many"
    assert Field(("a",), "a", As.LIST).read("personal, health") == ["personal", "health"]
    assert Field(("a",), "a").read("  ") is None
    assert len(groups(3)) == len(groups(1)) + 2
    titles = [group.title for group in groups(1, jobs=2) if "Fine-tuning" in group.title]
    assert len(titles) == 3, "those that are there, and room for one more"


def test_a_form_shows_the_items_of_a_list(tmp_path: Path) -> None:
    text = written(USES[0].key, 10.0, "where_eu", "DE").replace("[internal]", "[personal, health]")
    keys = (("workloads", 0, "data", "classes"), ("workloads", 0, "data", "residency"), ("workloads", 0, "name"))
    found = form(FormRequest(scenario=text, keys=keys), tmp_path, lambda *_: None)
    assert [value for _, value in found["values"]] == ["personal, health", "EU", "chat"]
