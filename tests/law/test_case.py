"""Facts of a case: what the scenario and the catalogue say, what is assumed, and that the rest stays unknown."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from millwright.catalog.catalog import load_catalog
from millwright.errors import InputError
from millwright.law.case import owned_site_facts, rented_site_facts, with_told, workload_facts_of
from millwright.law.facts import SiteFacts, WorkloadFacts
from millwright.law.kleene import Verdict
from millwright.law.load import load_rules
from millwright.law.survey import Survey, survey, titles
from millwright.scenario.load import LoadedScenario, read_scenario
from millwright.scenario.model import OwnedSite

CATALOG = load_catalog()
RULES = load_rules()
TODAY = dt.date(2026, 11, 21)

HOSPITAL = """
organisation: {country: DE, sector: health}
workloads:
  - name: ward
    model: llama-3.3-70b
    traffic: {rate: 1 /s}
    data: {classes: [health], residency: [EU]}
sites:
  - {name: room, kind: owned}
  - {name: clouds, kind: cloud, countries: [EU], providers: [aws, scaleway, ovhcloud]}
  - {name: apis, kind: api, providers: [scaleway, groq]}
law: {allowed_jurisdictions: [EU]}
"""


def loaded(text: str = HOSPITAL) -> LoadedScenario:
    return read_scenario(text, Path("scenario.yaml"), CATALOG)


def judged(text: str = HOSPITAL, **told: Any) -> Survey:
    facts = {name.replace("__", "."): value for name, value in told.items()}
    return survey(loaded(text).scenario, CATALOG, RULES, TODAY, facts)


def test_the_scenario_says_whose_data_and_where() -> None:
    scenario = loaded().scenario
    facts, assumed = workload_facts_of(scenario, scenario.workloads[0], "MIT")
    assert (facts.data_classes, facts.subjects, facts.residency) == (("health",), ("DE",), ("EU",))
    assert (facts.sector, facts.covered_entity, facts.financial_entity) == ("health", False, False)
    assert "workload.prohibited_practice" in {each.fact for each in assumed}


@pytest.mark.parametrize(
    ("organisation", "expected"),
    [
        ("{country: DE, sector: health}", True),
        ("{country: DE, sector: health, employees: 50}", True),
        ("{country: DE, sector: health, employees: 49}", None),
        ("{country: DE, sector: telecom, employees: 12}", True),
        ("{country: DE, sector: retail, employees: 900}", False),
        ("{country: CH, sector: health}", None),
    ],
)
def test_nis2_is_assumed_by_sector_and_size_and_only_in_the_eu(organisation: str, expected: bool | None) -> None:
    scenario = loaded(HOSPITAL.replace("{country: DE, sector: health}", organisation)).scenario
    facts, assumed = workload_facts_of(scenario, scenario.workloads[0], "MIT")
    assert facts.essential_entity is expected
    assert ("workload.essential_entity" in {each.fact for each in assumed}) is (expected is not None)


def test_places_are_named_by_site_and_provider_and_a_whole_site_in_one_word() -> None:
    found = judged().places
    clouds = [place for place in found if place.site == "clouds"]
    assert titles([place for place in found if place.site == "room"], found) == "room (DE)"
    assert titles(clouds, found) == "clouds: all"
    assert titles(clouds[1:], found).startswith("clouds: ")
    assert titles(clouds[1:], found) != "clouds: all"
    assert all(place.provider in titles(clouds) for place in clouds)


def test_what_somebody_told_is_no_assumption() -> None:
    text = HOSPITAL.replace("law: {", "law: {facts: {public_body: true, central_government: false}, ")
    scenario = loaded(text).scenario
    facts, assumed = workload_facts_of(scenario, scenario.workloads[0], "MIT")
    assert facts.public_body is True
    assert "workload.public_body" not in {each.fact for each in assumed}


def test_an_own_room_is_under_its_country_and_the_organisations() -> None:
    scenario = loaded().scenario
    room = scenario.sites[0]
    assert isinstance(room, OwnedSite)
    facts = owned_site_facts(room, scenario)
    assert (facts.rest_countries, facts.compelling_jurisdictions) == (("DE",), ("DE",))
    assert (facts.key_holder, facts.air_gapped) == ("customer", False)


@pytest.mark.parametrize(
    ("provider", "place", "compelled_by"),
    [
        ("aws", "DE", ("DE", "US")),
        ("scaleway", "FR", ("FR",)),
        ("ovhcloud", "FR", ("FR", "?")),
        ("groq", None, ("US", "?")),
    ],
)
def test_who_can_compel_follows_place_control_and_exposure(
    provider: str, place: str | None, compelled_by: tuple[str, ...]
) -> None:
    facts = rented_site_facts("cloud", place, CATALOG.provider(provider), loaded().scenario)
    assert facts.compelling_jurisdictions == compelled_by


def test_what_nobody_says_stays_unknown() -> None:
    facts = rented_site_facts("api", None, CATALOG.provider("mistral"), loaded().scenario)
    assert facts.rest_countries is None
    assert facts.trains_on_inputs is None
    assert facts.processor_contract is None
    assert rented_site_facts("cloud", "DE", None, loaded().scenario).controlling_jurisdiction is None


def test_certificates_have_short_names() -> None:
    facts = with_told(SiteFacts(certifications=("?",)), {"c5": True, "iso_27001": True}, "here")
    assert facts.certifications == ("C5 type 2", "ISO 27001", "?")
    assert with_told(facts, {"c5": False}, "here").certifications == ("ISO 27001", "?")


@pytest.mark.parametrize(
    ("fact", "value", "known"),
    [
        ("rest_countries", "DE, FR", ("DE", "FR")),
        ("baa_signed", "yes", True),
        ("baa_signed", False, False),
        ("site.key_holder", "customer", "customer"),
        ("baa_signed", "unknown", None),
    ],
)
def test_a_fact_may_be_told_as_text(fact: str, value: Any, known: Any) -> None:
    facts = with_told(SiteFacts(baa_signed=True), {fact: value}, "here")
    assert getattr(facts, fact.removeprefix("site.")) == known


def test_a_fact_that_no_rule_asks_for_is_refused_with_the_nearest() -> None:
    with pytest.raises(InputError, match="Did you mean baa_signed"):
        with_told(SiteFacts(), {"ba_signed": True}, "here")
    with pytest.raises(InputError, match="Give a number"):
        with_told(WorkloadFacts(), {"employees": "many"}, "here")
    with pytest.raises(InputError, match="Give yes or no"):
        with_told(SiteFacts(), {"baa_signed": "perhaps"}, "here")


def test_every_place_is_judged_once_per_provider_and_country() -> None:
    found = judged()
    keys = [(place.site, place.provider, place.country) for place in found.places]
    assert len(keys) == len(set(keys))
    assert {provider for _, provider, _ in keys} == {"", "aws", "scaleway", "ovhcloud", "groq"}
    assert all(place.offers for place in found.places if place.provider)


def test_the_hospital_may_use_its_room_not_america_and_must_ask_the_french() -> None:
    verdicts = {(place.site, place.provider): place.finding.verdict for place in judged().places}
    assert verdicts["room", ""] is Verdict.YES
    assert verdicts["clouds", "aws"] is Verdict.NO
    assert verdicts["apis", "groq"] is Verdict.NO
    assert verdicts["clouds", "scaleway"] is Verdict.UNKNOWN
    assert judged().verdict is Verdict.NO


def test_answers_settle_what_was_open() -> None:
    found = judged(site__c5=True, site__establishment_countries="DE, FR")
    verdicts = {(place.site, place.provider): place.finding.verdict for place in found.places}
    assert verdicts["clouds", "scaleway"] is Verdict.YES


def test_a_workload_fact_told_from_outside_is_no_assumption() -> None:
    found = judged(workload__prohibited_practice=True)
    assert {place.finding.verdict for place in found.places} == {Verdict.NO}
    assert "workload.prohibited_practice" not in {each.fact for each in found.assumed}


@pytest.mark.parametrize(
    ("country", "subjects", "expected"), [("JP", "[JP]", False), ("JP", "[JP, EU]", None), ("FR", "[US]", None)]
)
def test_who_has_nothing_to_do_with_europe_is_assumed_to_decide_nothing_there(
    country: str, subjects: str, expected: bool | None
) -> None:
    text = HOSPITAL.replace("country: DE", f"country: {country}").replace(
        "[health], ", f"[health], subjects: {subjects}, "
    )
    scenario = loaded(text).scenario
    facts, assumed = workload_facts_of(scenario, scenario.workloads[0], "MIT")
    assert facts.critical_decisions_in_eu is expected
    assert ("workload.critical_decisions_in_eu" in {each.fact for each in assumed}) is (expected is False)
