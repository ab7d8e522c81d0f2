"""What things cost before they are counted: the scenario before the catalogue, all in the plan's currency."""

from __future__ import annotations

from dataclasses import replace

import pytest
from small_scenarios import CATALOG, CHAT, ROOM, scenario

from millwright.finance.defaults import defaults
from millwright.plan.costing import Currency
from millwright.plan.model import Kind
from millwright.plan.terms import WORLD_ELECTRICITY_USD_PER_KWH, WORLD_PUE, Pricing
from millwright.scenario.model import ColoSite, Commitment, OwnedSite

HOST = CATALOG.host("server-l40s-4")
EUR_PER_USD = 1.0 / CATALOG.usd_per("EUR")


def _pricing(more: str = "", currency: str = "EUR", sites: tuple[str, ...] = (ROOM,)) -> Pricing:
    organisation = f"{{country: DE, currency: {currency}}}"
    loaded = scenario(CHAT, sites, more, organisation)
    return Pricing(loaded.scenario, loaded.catalog, Currency(currency, 1.0 / loaded.catalog.usd_per(currency)))


def _site(text: str) -> OwnedSite | ColoSite:
    [site] = scenario(CHAT, (text,)).scenario.sites
    assert isinstance(site, OwnedSite | ColoSite)
    return site


# --- owned ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("currency", ["EUR", "USD", "JPY"])
def test_a_hosts_price_is_told_in_the_plans_currency(currency: str) -> None:
    pricing = _pricing(currency=currency)
    terms = pricing.owned(HOST, _site(ROOM))
    assert terms.price == pytest.approx(HOST.price_usd / CATALOG.usd_per(currency))
    assert terms.price_low <= terms.price <= terms.price_high
    assert terms.idle_w <= terms.peak_w


def test_a_quotation_has_no_range() -> None:
    pricing = _pricing("overrides: {hosts: {server-l40s-4: {price: 44 kEUR}}}")
    terms = pricing.owned(pricing.catalog.host(HOST.id), _site(ROOM))
    assert terms.price == terms.price_low == terms.price_high == pytest.approx(44_000.0)
    usual = _pricing().owned(HOST, _site(ROOM))
    assert usual.price_low < usual.price < usual.price_high


@pytest.mark.parametrize(
    ("site", "more", "tariff_eur", "source"),
    [
        ("{name: a, kind: owned, electricity: 0.22 EUR/kWh}", "", 0.22, "the scenario"),
        ("{name: a, kind: owned, electricity: 230 USD/MWh}", "", 0.23 * EUR_PER_USD, "the scenario"),
        ("{name: a, kind: owned}", "finance: {electricity: 0.31 EUR/kWh}", 0.31, "the scenario"),
        ("{name: a, kind: owned, electricity: 0.1 EUR/kWh}", "finance: {electricity: 0.31 EUR/kWh}", 0.1, "scenario"),
        ("{name: a, kind: owned, country: FR}", "", None, "countries FR"),
    ],
)
def test_electricity_is_the_sites_or_the_finances_or_the_countrys(
    site: str, more: str, tariff_eur: float | None, source: str
) -> None:
    found, told = _pricing(more).electricity(_site(site))
    usd = CATALOG.country("FR").electricity_usd_per_kwh
    assert usd is not None
    assert found == pytest.approx(usd * EUR_PER_USD if tariff_eur is None else tariff_eur)
    assert source in told


def test_a_country_without_figures_takes_the_worlds() -> None:
    entries = [{**CATALOG.shelf("countries").entries["FR"], "facts": {}}]
    nowhere = CATALOG.with_entries("countries", entries)
    pricing = replace(_pricing(), catalog=nowhere)
    site = _site("{name: a, kind: owned, country: FR}")
    assert pricing.pue(site) == WORLD_PUE
    tariff, told = pricing.electricity(site)
    assert tariff == pytest.approx(WORLD_ELECTRICITY_USD_PER_KWH * EUR_PER_USD)
    assert "assumed" in told


def test_the_pue_of_a_room_is_its_own_where_it_is_told() -> None:
    assert _pricing().pue(_site("{name: a, kind: owned, pue: 1.25}")) == 1.25
    assert _pricing().pue(_site("{name: a, kind: owned}")) == CATALOG.country("DE").pue


def test_hosts_that_are_there_are_counted_by_their_kind() -> None:
    site = _site(
        "{name: a, kind: owned, existing: [{host: server-l40s-4, count: 2}, {host: hgx-h100-8, count: 1}, "
        "{host: server-l40s-4, count: 3}]}"
    )
    assert _pricing().owned(HOST, site).existing == 5
    assert _pricing().owned(CATALOG.host("gaudi2-8"), site).existing == 0


def test_a_colocation_is_priced_by_the_kilowatt_with_its_electricity() -> None:
    terms = _pricing().owned(HOST, _site("{name: a, kind: colo, price_per_kw_month: 180 EUR/kW/month}"))
    assert terms.colo_price_per_kw_month == pytest.approx(180.0)
    assert terms.colo_includes_energy
    assert _pricing().owned(HOST, _site(ROOM)).colo_price_per_kw_month is None


# --- rented -----------------------------------------------------------------------------------------------------


def test_each_commitment_has_its_price_and_its_way_of_counting_hours() -> None:
    offer = replace(
        next(iter(CATALOG.cloud_offers())),
        on_demand_usd_per_h=4.0,
        reserved_1y_usd_per_h=3.0,
        reserved_3y_usd_per_h=None,
        spot_usd_per_h=1.0,
    )
    pricing = _pricing()
    found = {each: pricing.rented(offer, each) for each in Commitment}
    prices = {
        each: None if one is None else (one.price_per_h / EUR_PER_USD, one.switched) for each, one in found.items()
    }
    assert prices == {
        Commitment.ON_DEMAND: (pytest.approx(4.0), True),
        Commitment.RESERVED_1Y: (pytest.approx(3.0), False),
        Commitment.RESERVED_3Y: None,
        Commitment.SPOT: (pytest.approx(1.0), True),
    }


# --- tokens -----------------------------------------------------------------------------------------------------


def test_batch_tokens_are_cheaper_where_the_provider_says_so() -> None:
    offer = replace(next(iter(CATALOG.api_offers())), output_usd_per_mtok=2.0, batch_output_usd_per_mtok=1.0)
    assert _pricing().api(offer, batch=True).batch_price_factor == pytest.approx(0.5)
    assert _pricing().api(offer, batch=False).batch_price_factor is None
    assert _pricing().api(replace(offer, batch_output_usd_per_mtok=None), batch=True).batch_price_factor is None
    assert _pricing().api(offer, batch=False).output_price_per_mtok == pytest.approx(2.0 * EUR_PER_USD)


# --- people -----------------------------------------------------------------------------------------------------


def test_an_engineer_costs_what_is_stated_else_us_pay_by_the_countrys_wages() -> None:
    assert _pricing("finance: {staff: {fte_cost: 90 kEUR}}").fte_cost("DE") == (pytest.approx(90_000.0), "the scenario")
    cost, told = _pricing().fte_cost("DE")
    us = defaults()["salary_us_per_y"].median * defaults()["employer_cost_factor"].median
    assert cost == pytest.approx(us * (CATALOG.country("DE").wage_factor or 0.0) * EUR_PER_USD)
    assert "BLS" in told


@pytest.mark.parametrize(
    ("kinds", "on_call", "fte", "floor"),
    [
        ({Kind.API}, "24x7", 0.13, 0.0),
        ({Kind.CLOUD}, "business-hours", 0.4, 0.0),
        ({Kind.CLOUD}, "24x7", 0.4, 1.0),
        ({Kind.OWNED, Kind.API}, "24x7", 0.5, 1.0),
        ({Kind.COLO, Kind.CLOUD}, "none", 0.5, 0.0),
    ],
)
def test_people_are_those_of_the_most_demanding_part(kinds: set[Kind], on_call: str, fte: float, floor: float) -> None:
    terms = _pricing(f"finance: {{staff: {{on_call: {on_call}}}}}").staff(frozenset(kinds))
    assert terms.fte == fte
    assert terms.on_call_floor_fte == pytest.approx(floor)
