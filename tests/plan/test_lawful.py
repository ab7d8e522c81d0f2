"""May it run there: facts from scenario, provider and site; what is unlawful is neither simulated nor priced."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from small_scenarios import CATALOG, CHAT, TODAY, plan, scenario

from millwright.errors import InputError
from millwright.fleet.platform import platforms
from millwright.fleet.search import search
from millwright.law.evaluate import LawFinding
from millwright.law.facts import question_of
from millwright.law.kleene import Verdict as LawVerdict
from millwright.law.load import load_rules
from millwright.law.survey import survey
from millwright.plan import drafts as drafts_module
from millwright.plan.demand import workload_demand
from millwright.plan.draft import Draft
from millwright.plan.drafts import drafts
from millwright.plan.lawful import api_facts, platform_facts, published, workload_facts
from millwright.plan.model import RefusedOption, Stage, Verdict
from millwright.scenario.load import LoadedScenario
from millwright.scenario.model import ApiSite

PATIENTS = CHAT.replace("{classes: [internal]}", "{classes: [personal, health], subjects: [DE], residency: [EU]}")
HOSPITAL = "{country: DE, currency: EUR, sector: health}"
ROOM = "{name: room, kind: owned, hosts: [server-l40s-4]}"
AMERICAN = "{name: american, kind: cloud, providers: [aws, azure]}"
FRENCH = "{name: french, kind: cloud, providers: [scaleway]}"
APIS = "{name: tokens, kind: api, providers: [groq, stackit]}"
EU_ONLY = "law: {allowed_jurisdictions: [EU]}"


def _hospital(*sites: str, more: str = EU_ONLY) -> LoadedScenario:
    return scenario(PATIENTS, sites or (ROOM, AMERICAN, FRENCH, APIS), more, HOSPITAL)


def _drafts(loaded: LoadedScenario) -> tuple[list[Draft], list[RefusedOption]]:
    one = loaded.scenario.workloads[0]
    asked = workload_demand(one, loaded.catalog.model(one.model), loaded.patterns[one.name], 12, seed=0)
    drafted = drafts(loaded.scenario, [asked], loaded.catalog, load_rules(), TODAY)
    return drafted.found, drafted.refused


# --- facts ------------------------------------------------------------------------------------------------------


def test_the_workload_brings_its_data_and_the_organisation() -> None:
    loaded = _hospital()
    one = loaded.scenario.workloads[0]
    facts = workload_facts(loaded.scenario, one, loaded.catalog.model(one.model))
    assert facts.data_classes == ("personal", "health")
    assert facts.residency == ("EU",)
    assert facts.sector == "health"
    assert facts.organisation_country == "DE"
    assert facts.model_licence == loaded.catalog.model(one.model).licence


def test_a_room_of_ones_own_is_under_ones_own_law() -> None:
    loaded = _hospital(ROOM)
    [machine, *_], _ = platforms(loaded.scenario.sites[0], CATALOG, loaded.scenario.limits)
    facts = platform_facts(loaded.scenario, machine)
    assert facts.rest_countries == ("DE",)
    assert facts.compelling_jurisdictions == ("DE",)
    assert facts.key_holder == "customer"


def test_a_cloud_is_under_its_providers_law_wherever_it_stands() -> None:
    loaded = _hospital(AMERICAN)
    machines, _ = platforms(loaded.scenario.sites[0], CATALOG, loaded.scenario.limits)
    abroad = next(one for one in machines if one.country != "US")
    facts = platform_facts(loaded.scenario, abroad)
    assert facts.rest_countries == (abroad.country,)
    assert set(facts.compelling_jurisdictions or ()) >= {"US", abroad.country}


def test_an_api_is_served_from_where_the_provider_says() -> None:
    loaded = _hospital(APIS)
    site = loaded.scenario.sites[0]
    assert isinstance(site, ApiSite)
    for offer in CATALOG.api_offers():
        facts = api_facts(loaded.scenario, site, offer, CATALOG)
        place = offer.country or offer.area
        assert facts.rest_countries == ((place,) if place else None)


def test_what_the_scenario_says_of_a_site_stands_over_the_catalogue() -> None:
    told = FRENCH.replace("}", ", facts: {key_holder: customer}}")
    loaded = _hospital(told)
    [machine, *_], _ = platforms(loaded.scenario.sites[0], CATALOG, loaded.scenario.limits)
    assert platform_facts(loaded.scenario, machine).key_holder == "customer"
    plain = _hospital(FRENCH)
    untold = replace(machine, site=plain.scenario.sites[0])
    assert platform_facts(plain.scenario, untold).key_holder is None


@pytest.mark.parametrize(
    ("sites", "more", "wrong", "nearest"),
    [
        ((ROOM,), "law: {facts: {financial_entty: true}}", "financial_entty", "financial_entity"),
        ((ROOM.replace("}", ", facts: {air_gaped: true}}"),), EU_ONLY, "air_gaped", "air_gapped"),
    ],
)
def test_a_fact_that_no_rule_asks_for_is_refused_with_the_nearest(
    sites: tuple[str, ...], more: str, wrong: str, nearest: str
) -> None:
    with pytest.raises(InputError, match=wrong) as caught:
        plan(_hospital(*sites, more=more))
    assert nearest in caught.value.remedy


# --- law before simulation --------------------------------------------------------------------------------------


def test_what_the_law_forbids_is_not_simulated(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, int]] = []

    def watched(questions: Any, *rest: Any, **named: Any) -> Any:
        listed = list(questions)
        asked.extend((question.device.id, question.device_count) for question in listed)
        return search(listed, *rest, **named)

    monkeypatch.setattr(drafts_module, "search", watched)
    _, refused = _drafts(_hospital(AMERICAN))
    assert asked == []
    by_law = [one for one in refused if one.reasons[0].stage is Stage.LAW]
    assert {one.provider for one in by_law} == {"aws", "azure"}
    _drafts(_hospital(ROOM))
    assert asked == [("l40s", 4)]


def test_a_refusal_by_law_cites_the_rule_and_its_reason() -> None:
    _, refused = _drafts(_hospital(AMERICAN))
    for one in refused:
        if one.reasons[0].stage is not Stage.LAW:
            continue
        for reason in one.reasons:
            assert reason.text.startswith(reason.summary)
            assert len(reason.text) > len(reason.summary) + 10


def test_what_is_refused_is_in_no_option() -> None:
    found = plan(_hospital())
    refused = {(one.site, one.offer) for one in found.refused if one.reasons[0].stage is Stage.LAW}
    options = {(part.site, part.offer) for option in found.options for part in option.fleet}
    assert refused
    assert not refused & options
    assert all(option.law.verdict is not Verdict.NO for option in found.options)
    assert not {"aws", "azure", "groq"} & {part.provider for option in found.options for part in option.fleet}


def test_an_option_of_which_a_fact_is_missing_names_it() -> None:
    unknown = [one for one in plan(_hospital()).options if one.law.verdict is Verdict.UNKNOWN]
    assert unknown
    for one in unknown:
        missing = {fact for finding in one.law.findings for fact in finding.missing_facts}
        assert missing
        assert any(question_of(fact) in one.warnings[0] for fact in missing)


def test_without_rules_about_it_anything_may_run_anywhere() -> None:
    found, refused = _drafts(scenario(sites=(AMERICAN,)))
    assert found
    assert not [one for one in refused if one.reasons[0].stage is Stage.LAW]


# --- as published -----------------------------------------------------------------------------------------------


def test_the_worst_verdict_of_all_parts_is_published_and_each_rule_once() -> None:
    found, _ = _drafts(_hospital(ROOM, FRENCH, more=EU_ONLY))
    by_verdict: dict[LawVerdict, LawFinding] = {one.law.verdict: one.law for one in found}
    assert set(by_verdict) == {LawVerdict.YES, LawVerdict.UNKNOWN}
    both = published((by_verdict[LawVerdict.YES], by_verdict[LawVerdict.UNKNOWN]))
    assert both.verdict is Verdict.UNKNOWN
    twice = published((by_verdict[LawVerdict.YES],) * 2)
    assert twice == published((by_verdict[LawVerdict.YES],))
    assert published(()).verdict is Verdict.YES


def test_the_plan_tells_what_the_rule_base_does_not_hold_as_the_check_does() -> None:
    loaded = scenario(PATIENTS, (FRENCH,), EU_ONLY, HOSPITAL)
    told = plan(loaded).not_covered
    assert told == survey(loaded.scenario, CATALOG, load_rules(), TODAY).not_covered
    assert told[0].startswith("National law in the rule base, and none beside it: DE: ")
