"""Offers and providers of the shipped catalogue: enough of them, linked to what exists, with prices that make sense."""

from __future__ import annotations

import pytest

from millwright.catalog.catalog import ShippedCatalog, load_catalog
from millwright.catalog.facts import FactError
from millwright.catalog.offers_data import (
    API_FACTS,
    CLOUD_FACTS,
    PROVIDER_FACTS,
    api_offer_from_entry,
    cloud_offer_from_entry,
    provider_from_entry,
)
from millwright.catalog.units import Measure, UnitError, measure_of

EU = {country.id for country in load_catalog().countries() if "EU" in country.legal_areas}

CLOUD_ENTRY = {
    "id": "acme-8x-here",
    "provider": "acme",
    "instance_type": "8x",
    "region": "here",
    "country": "DE",
    "device": "h100-sxm",
    "device_count": 8,
    "facts": {"on_demand_price": [24.0, "USD/h", "list", "2026-07-01", "A"]},
}


@pytest.fixture(scope="module")
def catalog() -> ShippedCatalog:
    return load_catalog()


def test_there_are_many_cloud_offers_over_many_providers(catalog: ShippedCatalog) -> None:
    offers = list(catalog.cloud_offers())
    assert len(offers) >= 120
    assert len({offer.provider_id for offer in offers}) >= 12


def test_at_least_four_sellers_of_machines_are_controlled_from_the_eu(catalog: ShippedCatalog) -> None:
    sellers = {offer.provider_id for offer in catalog.cloud_offers()}
    assert sum(catalog.provider(seller).controlling_jurisdiction in EU for seller in sellers) >= 4


def test_machines_range_from_one_small_device_to_eight_large_ones(catalog: ShippedCatalog) -> None:
    sizes = {(offer.device_id, offer.device_count) for offer in catalog.cloud_offers()}
    assert {("t4", 1), ("l4", 1), ("a10g", 1), ("l40s", 1), ("h100-sxm", 8), ("h200-sxm", 8), ("mi300x", 8)} <= sizes


def test_there_are_many_api_offers_over_many_providers(catalog: ShippedCatalog) -> None:
    offers = list(catalog.api_offers())
    assert len(offers) >= 60
    assert len({offer.provider_id for offer in offers}) >= 10
    assert any(offer.model_id is None for offer in offers)


def test_popular_open_models_are_sold_by_several_including_from_the_eu(catalog: ShippedCatalog) -> None:
    for model in ("llama-3.3-70b", "gpt-oss-120b"):
        sold = [offer for offer in catalog.api_offers() if offer.model_id == model]
        assert len({offer.provider_id for offer in sold}) >= 5
        assert sum(offer.area == "EU" for offer in sold) >= 2


def test_every_offer_names_a_known_provider_and_country(catalog: ShippedCatalog) -> None:
    for cloud in catalog.cloud_offers():
        assert catalog.provider(cloud.provider_id).id == cloud.provider_id
        assert catalog.country(cloud.country).id == cloud.country
    for api in catalog.api_offers():
        assert catalog.provider(api.provider_id).id == api.provider_id
        assert api.country is None or catalog.country(api.country).id == api.country


def test_every_offer_names_a_known_device_or_model(catalog: ShippedCatalog) -> None:
    devices, models = catalog.shelf("devices").entries, catalog.shelf("models").entries
    assert {offer.device_id for offer in catalog.cloud_offers()} - devices.keys() == set()
    assert {offer.model_id for offer in catalog.api_offers()} - models.keys() - {None} == set()


def test_an_eu_endpoint_that_names_a_country_names_one_in_the_eu(catalog: ShippedCatalog) -> None:
    assert all(offer.country in {None, *EU} for offer in catalog.api_offers() if offer.area == "EU")


def test_prices_are_positive_and_a_promise_never_costs_more_than_none(catalog: ShippedCatalog) -> None:
    for offer in catalog.cloud_offers():
        assert offer.device_count >= 1
        on_demand = offer.on_demand_usd_per_h
        assert on_demand is not None
        assert on_demand > 0
        for cheaper in (offer.reserved_1y_usd_per_h, offer.reserved_3y_usd_per_h, offer.spot_usd_per_h):
            assert cheaper is None or 0 < cheaper <= on_demand, offer.id


def test_an_hour_of_a_device_costs_a_plausible_amount(catalog: ShippedCatalog) -> None:
    for offer in catalog.cloud_offers():
        assert 0.05 <= (offer.on_demand_usd_per_h or 0) / offer.device_count <= 40.0, offer.id


def test_cached_tokens_cost_no_more_than_fresh_ones(catalog: ShippedCatalog) -> None:
    for offer in catalog.api_offers():
        assert 0 < offer.input_usd_per_mtok <= 100
        assert 0 < offer.output_usd_per_mtok <= 200
        assert offer.cached_input_usd_per_mtok is None or offer.cached_input_usd_per_mtok <= offer.input_usd_per_mtok


def test_every_offer_is_dated(catalog: ShippedCatalog) -> None:
    assert all("2023" < offer.as_of < "2027" for offer in catalog.cloud_offers())
    assert all("2023" < offer.as_of < "2027" for offer in catalog.api_offers())


@pytest.mark.parametrize(("kind", "form"), [("cloud", CLOUD_FACTS), ("api", API_FACTS), ("providers", PROVIDER_FACTS)])
def test_every_fact_is_known_and_cited(kind: str, form: dict[str, Measure], catalog: ShippedCatalog) -> None:
    for item in catalog.shelf(kind):
        for name, fact in item.facts.items():
            assert measure_of(fact.unit) is form[name]
            assert fact.source in catalog.sources


def test_prices_turn_into_dollars_per_hour() -> None:
    offer = cloud_offer_from_entry(CLOUD_ENTRY)
    assert (offer.on_demand_usd_per_h, offer.spot_usd_per_h, offer.as_of) == (24.0, None, "2026-07-01")


def test_an_offer_is_as_old_as_its_oldest_list_price() -> None:
    facts = {
        **CLOUD_ENTRY["facts"],  # type: ignore[dict-item]
        "reserved_1y_price": [15.0, "USD/h", "list", "2026-01-21", "C"],
        "spot_price": [9.0, "USD/h", "list", "2025-01-01", "C"],
    }
    assert cloud_offer_from_entry({**CLOUD_ENTRY, "facts": facts}).as_of == "2026-01-21"


def test_malformed_entries_are_refused_by_name() -> None:
    with pytest.raises(FactError, match=r"acme-8x-here.*no price"):
        cloud_offer_from_entry({**CLOUD_ENTRY, "facts": {}})
    with pytest.raises(FactError, match="region"):
        cloud_offer_from_entry({**CLOUD_ENTRY, "region": ""})
    with pytest.raises(UnitError):
        cloud_offer_from_entry({**CLOUD_ENTRY, "facts": {"on_demand_price": [1.0, "USD/Mtok", "x", "2026", "A"]}})
    with pytest.raises(FactError, match="output_price"):
        api_offer_from_entry(
            {"id": "a", "provider": "p", "model_name": "m", "facts": {"input_price": [1, "USD/Mtok", "x", "2026", "A"]}}
        )
    with pytest.raises(FactError, match="us_cloud_act_exposure"):
        provider_from_entry({"id": "p", "us_cloud_act_exposure": "maybe"})
