"""Countries and currencies of the shipped catalogue: enough of them, sensible figures that say their basis."""

from __future__ import annotations

import pytest

from millwright.catalog.catalog import ShippedCatalog, load_catalog
from millwright.catalog.facts import Quality
from millwright.catalog.offers_data import COUNTRY_FACTS
from millwright.catalog.units import measure_of

EU_MEMBERS = {
    "AT",
    "BE",
    "BG",
    "HR",
    "CY",
    "CZ",
    "DK",
    "EE",
    "FI",
    "FR",
    "DE",
    "GR",
    "HU",
    "IE",
    "IT",
    "LV",
    "LT",
    "LU",
    "MT",
    "NL",
    "PL",
    "PT",
    "RO",
    "SK",
    "SI",
    "ES",
    "SE",
}


@pytest.fixture(scope="module")
def catalog() -> ShippedCatalog:
    return load_catalog()


def test_forty_countries_have_electricity_carbon_and_pue(catalog: ShippedCatalog) -> None:
    complete = [
        country
        for country in catalog.countries()
        if None not in (country.electricity_usd_per_kwh, country.carbon_g_per_kwh, country.pue, country.wage_factor)
    ]
    assert len(complete) >= 40


def test_the_eu_has_its_27_members_and_the_eea_three_more(catalog: ShippedCatalog) -> None:
    assert {country.id for country in catalog.countries() if "EU" in country.legal_areas} == EU_MEMBERS
    assert {country.id for country in catalog.countries() if "EEA" in country.legal_areas} == EU_MEMBERS | {
        "IS",
        "LI",
        "NO",
    }


def test_adequate_countries_cite_their_decision_and_no_member_state_needs_one(catalog: ShippedCatalog) -> None:
    adequate = [country for country in catalog.countries() if "GDPR-adequate" in country.legal_areas]
    assert {"CH", "GB", "JP", "KR", "IL", "NZ", "BR"} <= {country.id for country in adequate}
    assert {"US", "CA"} == {each.id for each in catalog.countries() if "GDPR-adequate-in-part" in each.legal_areas}
    assert all("Decision" in str(country.facts["gdpr_adequacy"].value) for country in adequate)
    assert all("EEA" not in country.legal_areas for country in adequate)


def test_figures_are_within_what_the_world_has(catalog: ShippedCatalog) -> None:
    for country in catalog.countries():
        assert country.electricity_usd_per_kwh is None or 0.03 <= country.electricity_usd_per_kwh <= 0.4
        assert country.carbon_g_per_kwh is None or 0 < country.carbon_g_per_kwh <= 1200
        assert country.pue is not None
        assert 1.0 <= country.pue <= 2.0
        assert country.wage_factor is not None
        assert 0.1 <= country.wage_factor <= 1.2


def test_electricity_says_whose_price_it_is(catalog: ShippedCatalog) -> None:
    for country in catalog.countries():
        if country.electricity_usd_per_kwh is not None:
            assert "industrial" in country.facts["electricity_price"].note


def test_what_is_assumed_says_so(catalog: ShippedCatalog) -> None:
    for country in catalog.countries():
        assert country.facts["wage_factor"].quality is Quality.C
        assert country.facts["pue"].quality is Quality.C


def test_every_fact_is_known_and_cited(catalog: ShippedCatalog) -> None:
    for country in catalog.countries():
        for name, fact in country.facts.items():
            assert measure_of(fact.unit) is COUNTRY_FACTS[name]
            assert fact.source in catalog.sources


def test_every_country_has_a_currency_with_a_rate(catalog: ShippedCatalog) -> None:
    assert all(catalog.usd_per(country.currency) > 0 for country in catalog.countries())
    assert len(catalog.shelf("currencies")) >= 15
    assert catalog.usd_per("USD") == 1.0
    assert 1.0 < catalog.usd_per("EUR") < 1.4


def test_countries_go_by_code_and_by_name(catalog: ShippedCatalog) -> None:
    assert catalog.country("de").id == catalog.country("Germany").id == catalog.country("DEU").id == "DE"
    assert catalog.country("UK").id == "GB"
