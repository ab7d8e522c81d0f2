"""The shipped skills, rules and ways: everything that is named exists, and every number has an origin."""

from __future__ import annotations

import re

import pytest

from millwright.catalog.facts import Quality
from millwright.people.demand import skill_demand
from millwright.people.figures import facts
from millwright.people.publish import skills_json
from millwright.people.skill import HIGHEST_LEVEL, Match, Practice, load_skills, read_data
from millwright.people.traits import OptionTraits
from millwright.people.ways import load_ways

SKILLS = load_skills().skills


def test_there_are_about_sixty_skills_in_every_area() -> None:
    assert 55 <= len(SKILLS) <= 75
    assert {skill.area for skill in SKILLS.values()} == set(load_skills().areas)


@pytest.mark.parametrize("skill", SKILLS.values(), ids=list(SKILLS))
def test_each_level_says_what_a_person_can_do_and_no_two_say_the_same(skill: object) -> None:
    levels = skill.levels  # type: ignore[attr-defined]
    assert len(set(levels)) == HIGHEST_LEVEL
    assert all(len(each.split()) >= 3 for each in levels)


@pytest.mark.parametrize("skill", SKILLS.values(), ids=list(SKILLS))
def test_higher_levels_take_longer(skill: object) -> None:
    hours = skill.hours  # type: ignore[attr-defined]
    assert list(hours) == sorted(hours)
    assert hours[0] > 0.0


def test_no_skill_comes_after_itself() -> None:
    def before(skill: str, seen: tuple[str, ...] = ()) -> None:
        assert skill not in seen, f"{' → '.join(seen)} → {skill}"
        for other, _ in SKILLS[skill].after:
            before(other, (*seen, skill))

    for skill in SKILLS:
        before(skill)


def test_occupations_have_the_form_of_onet_codes() -> None:
    for skill in SKILLS.values():
        assert skill.onet
        assert all(re.fullmatch(r"\d\d-\d{4}\.\d\d", code) for code in skill.onet)


def test_esco_identifiers_are_uris_with_the_label_they_were_read_under() -> None:
    labels: dict[str, str] = {}
    for each in (each for skill in SKILLS.values() for each in skill.esco):
        assert re.fullmatch(r"http://data\.europa\.eu/esco/skill/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", each.uri)
        assert each.label
        assert labels.setdefault(each.uri, each.label) == each.label
    assert len(labels) > 20


def test_where_esco_has_the_same_skill_no_other_is_named_beside_it() -> None:
    for skill in SKILLS.values():
        matches = [each.match for each in skill.esco]
        assert Match.EXACT not in matches or len(matches) == 1


def test_the_json_names_the_uri_the_label_and_how_near_it_is() -> None:
    found = skills_json(["identity", "quantisation", "identity"])
    assert [each["id"] for each in found["skills"]] == ["identity", "quantisation"]
    assert found["skills"][0]["esco"] == [
        {
            "uri": "http://data.europa.eu/esco/skill/ab49f767-296b-47d5-af56-0b4a69515b03",
            "label": "maintain ICT identity management",
            "match": "exact",
        }
    ]
    assert found["skills"][1]["esco"] == []
    assert "European Commission" in found["taxonomies"]["esco"]["licence"]


def test_labs_have_one_identifier_for_each_skill_and_level() -> None:
    labs = [skill.lab(level) for skill in SKILLS.values() for level in range(1, HIGHEST_LEVEL + 1)]
    assert len(set(labs)) == len(labs)


def test_every_number_has_unit_source_date_and_quality_and_judgements_are_of_quality_c() -> None:
    for name, fact in facts().items():
        assert fact.unit, name
        assert fact.source, name
        assert fact.date, name
        if fact.source.startswith("judgement"):
            assert fact.quality is Quality.C, name


@pytest.mark.parametrize("file", ["skills.json", "rules.json", "tasks.json", "ways.json", "generalist.json"])
def test_every_file_says_where_it_comes_from(file: str) -> None:
    raw = read_data(file)
    assert raw["source"]
    assert raw["date"]
    assert raw["quality"] in Quality.__members__


def test_every_practice_has_a_price() -> None:
    for kind in Practice:
        assert f"practice_cost_{kind.replace('-', '_')}" in facts()


def test_ids_are_unique() -> None:
    ways = load_ways()
    names = [each.id for each in (*ways.roles, *ways.externals, *ways.simplifications)]
    assert len(set(names)) == len(names)
    rules, tasks = read_data("rules.json"), read_data("tasks.json")
    asked = [each["id"] for each in (*rules["rules"], *tasks["tasks"], *rules["rotas"])]
    assert len(set(asked)) == len(asked)


EVERYTHING = OptionTraits(
    kinds=frozenset({"owned", "colo", "cloud", "api"}),
    hosts=16,
    devices=128,
    stacks=frozenset({"nvidia", "amd", "asic"}),
    air_gapped=True,
    kubernetes=True,
    multi_gpu=True,
    multi_node=True,
    disaggregated=True,
    quantised=True,
    fine_tuning=True,
    retrieval=True,
    liquid_cooled=True,
    vendor_run=True,
    on_call="24x7",
    data_classes=frozenset({"personal", "health"}),
)


def test_every_rule_and_task_can_fire() -> None:
    found = set()
    for traits in (EVERYTHING, EVERYTHING.changed({"on_call": "business-hours"})):
        demand = skill_demand(traits)
        found |= {rota.id for rota in demand.rotas} | {work.task for work in demand.work}
    fired = {rule["id"] for rule in read_data("rules.json")["rules"]}  # a rule that cannot fire raises no need
    assert {each["id"] for each in read_data("tasks.json")["tasks"]} <= found
    assert {each["id"] for each in read_data("rules.json")["rotas"]} <= found
    for rule in read_data("rules.json")["rules"]:
        alone = OptionTraits(frozenset())
        assert rule["id"] in fired
        assert all(hasattr(alone, trait) for trait in rule["when"])


def test_every_skill_is_asked_for_by_some_rule_or_task() -> None:
    rules, tasks = read_data("rules.json"), read_data("tasks.json")
    asked = {need[0] for rule in rules["rules"] for need in rule["needs"]} | {each["skill"] for each in tasks["tasks"]}
    assert asked == set(SKILLS)


def test_whatever_is_asked_for_somebody_can_bring() -> None:
    """Each need can be met by a hire or a contract, or by training: no rule asks for what no way leads to."""
    ways = load_ways()
    for need in skill_demand(EVERYTHING).needs:
        brought = any(each.skills.get(need.skill, 0) >= need.level for each in (*ways.roles, *ways.externals))
        assert brought or need.level <= 3, need
