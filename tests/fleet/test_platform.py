"""What can be had at a site, and what the site's or the scenario's limits leave out, each with its reason."""

from __future__ import annotations

import pytest
from fleet_cases import CATALOG

from millwright.fleet.platform import LeftOut, Platform, api_offers, in_area, platforms
from millwright.scenario.model import ApiSite, CloudSite, ColoSite, ExistingHosts, Limits, OwnedSite

ROOM = OwnedSite(name="room", country="DE")
CLOUD = CloudSite(name="any cloud")
APIS = ApiSite(name="any API")
FREE = Limits()


def _every(site: OwnedSite | ColoSite | CloudSite) -> set[str]:
    if isinstance(site, CloudSite):
        return {offer.id for offer in CATALOG.cloud_offers()}
    return {host.id for host in CATALOG.hosts()}


@pytest.mark.parametrize("site", [ROOM, ColoSite(name="colo", country="FI"), CLOUD])
def test_without_limits_everything_can_be_had(site: OwnedSite | ColoSite | CloudSite) -> None:
    kept, left_out = platforms(site, CATALOG, FREE)
    assert {one.offer_id for one in kept} == _every(site)
    assert left_out == []


@pytest.mark.parametrize(
    "limits",
    [
        Limits(exclude=("h100-sxm",)),
        Limits(vendors=("AMD",)),
        Limits(devices=("l40s", "MI300X")),
        Limits(exclude=("NVIDIA",), vendors=("NVIDIA", "Intel")),
    ],
)
@pytest.mark.parametrize("site", [ROOM, CLOUD])
def test_what_is_left_out_has_a_reason_and_the_rest_is_kept(site: OwnedSite | CloudSite, limits: Limits) -> None:
    kept, left_out = platforms(site, CATALOG, limits)
    assert left_out
    assert all(one.reason and one.title and one.device_id for one in left_out)
    assert {one.offer_id for one in kept} | {one.offer_id for one in left_out} == _every(site)
    assert not {one.offer_id for one in kept} & {one.offer_id for one in left_out}


def test_a_host_stands_where_its_site_is_and_an_instance_in_its_region() -> None:
    machines, _ = platforms(ROOM, CATALOG, FREE)
    assert {one.country for one in machines} == {"DE"}
    assert all(one.host is not None and one.device_count == one.host.device_count for one in machines)
    rented, _ = platforms(CLOUD, CATALOG, FREE)
    assert all(one.cloud is not None and one.country == one.cloud.country for one in rented)
    assert all(one.provider is not None and one.provider.name in one.title for one in rented)


def test_hosts_that_are_there_are_looked_at_beside_those_that_may_be_bought() -> None:
    there = (ExistingHosts(host="DGX H100", count=1),)
    for named, kept in (((), {"hgx-h100-8"}), (("server-l40s-4",), {"hgx-h100-8", "server-l40s-4"})):
        machines, _ = platforms(OwnedSite(name="room", country="DE", hosts=named, existing=there), CATALOG, FREE)
        assert {one.offer_id for one in machines} == kept


def test_only_the_named_hosts_are_looked_at() -> None:
    site = OwnedSite(name="room", country="DE", hosts=("DGX H100", "server-l40s-4"))
    kept, left_out = platforms(site, CATALOG, FREE)
    assert {one.offer_id for one in kept} == {"hgx-h100-8", "server-l40s-4"}
    assert left_out == []


@pytest.mark.parametrize("spelling", ["h100-sxm", "H100 SXM", "h100_sxm", "NVIDIA H100 SXM 80GB"])
def test_a_device_is_excluded_under_any_name_that_the_catalogue_knows(spelling: str) -> None:
    for site in (ROOM, CLOUD):
        kept, left_out = platforms(site, CATALOG, Limits(exclude=(spelling,)))
        assert "h100-sxm" not in {one.device.id for one in kept}
        assert {one.device_id for one in left_out} == {"h100-sxm"}
        wanted, _ = platforms(site, CATALOG, Limits(devices=(spelling,)))
        assert {one.device.id for one in wanted} == {"h100-sxm"}


def test_a_sites_own_devices_bind_it_alone() -> None:
    site = OwnedSite(name="room", country="DE", devices=("L40S",))
    kept, left_out = platforms(site, CATALOG, FREE)
    assert {one.device.id for one in kept} == {"l40s"}
    assert all(one.reason == "the site allows the devices L40S only" for one in left_out)


@pytest.mark.parametrize(
    ("excluded", "gone"),
    [
        ("nvidia", lambda one: one.device.vendor.lower() == "nvidia"),
        ("hgx-h100-8", lambda one: one.offer_id == "hgx-h100-8"),
        ("DGX H100", lambda one: one.offer_id == "hgx-h100-8"),
        ("AWS", lambda one: one.provider is not None and one.provider.id == "aws"),
        ("Amazon Web Services", lambda one: one.provider is not None and one.provider.id == "aws"),
    ],
)
def test_vendors_hosts_and_providers_are_excluded_too(excluded: str, gone: object) -> None:
    assert callable(gone)
    machines = platforms(ROOM, CATALOG, FREE)[0] + platforms(CLOUD, CATALOG, FREE)[0]
    limits = Limits(exclude=(excluded,))
    kept = platforms(ROOM, CATALOG, limits)[0] + platforms(CLOUD, CATALOG, limits)[0]
    assert any(gone(one) for one in machines)
    assert {one.offer_id for one in kept} == {one.offer_id for one in machines if not gone(one)}


# --- clouds -----------------------------------------------------------------------------------------------------


def _clouds(**wishes: object) -> tuple[list[Platform], list[LeftOut]]:
    return platforms(CloudSite.model_validate({"name": "cloud", **wishes}), CATALOG, FREE)


@pytest.mark.parametrize("name", ["scaleway", "Scaleway", "OVHcloud", "Verda (DataCrunch)", "verda"])
def test_providers_are_found_by_id_and_by_name(name: str) -> None:
    kept, left_out = _clouds(providers=(name,))
    assert kept
    assert {one.provider.id for one in kept if one.provider} == {CATALOG.provider(name).id}
    assert left_out == []  # nobody asked for the others


def test_a_region_must_lie_in_the_countries_or_areas_named() -> None:
    kept, left_out = _clouds(countries=("EU",))
    assert kept
    assert all("EU" in CATALOG.country(one.country).legal_areas for one in kept)
    assert all("the site allows EU" in one.reason for one in left_out)
    assert {one.country for one in _clouds(countries=("FR", "NO"))[0]} == {"FR", "NO"}


def test_regions_and_instance_types_are_the_providers_own() -> None:
    offer = next(iter(CATALOG.cloud_offers()))
    kept, _ = _clouds(regions=(offer.region.upper(),), instances=(offer.instance_type,))
    assert kept
    assert {(one.cloud.region, one.cloud.instance_type) for one in kept if one.cloud} == {
        (offer.region, offer.instance_type)
    }


# --- APIs -------------------------------------------------------------------------------------------------------


def test_without_limits_every_api_is_kept() -> None:
    kept, left_out = api_offers(APIS, CATALOG, FREE)
    assert kept == list(CATALOG.api_offers())
    assert left_out == []


def test_an_api_must_say_where_it_serves_from_if_countries_are_named() -> None:
    silent = {offer.id for offer in CATALOG.api_offers() if offer.country is None and offer.area is None}
    strict, left_out = api_offers(ApiSite(name="a", countries=("EU",)), CATALOG, FREE)
    assert silent
    assert silent <= {one.offer_id for one in left_out}
    assert all(one.reason for one in left_out)
    lax, _ = api_offers(ApiSite(name="a", countries=("EU",), allow_unknown_location=True), CATALOG, FREE)
    assert {offer.id for offer in lax} == {offer.id for offer in strict} | silent
    assert len(strict) + len(left_out) == len(list(CATALOG.api_offers()))


@pytest.mark.parametrize(("countries", "kept"), [(("EU",), True), (("EEA",), True), (("DE",), False), (("US",), False)])
def test_a_promise_of_an_area_is_kept_where_all_of_it_is_allowed(countries: tuple[str, ...], kept: bool) -> None:
    in_the_eu = next(offer for offer in CATALOG.api_offers() if offer.country is None and offer.area == "EU")
    found, left_out = api_offers(ApiSite(name="a", countries=countries), CATALOG, FREE)
    assert (in_the_eu.id in {offer.id for offer in found}) is kept
    reasons = {one.offer_id: one.reason for one in left_out}
    assert kept or "served from EU" in reasons[in_the_eu.id]


def test_an_excluded_provider_sells_no_tokens() -> None:
    kept, left_out = api_offers(APIS, CATALOG, Limits(exclude=("DeepInfra",)))
    assert "deepinfra" not in {offer.provider_id for offer in kept}
    assert {one.provider_id for one in left_out} == {"deepinfra"}
    assert all("DeepInfra" in one.title for one in left_out)


def test_named_api_providers_are_the_only_ones() -> None:
    kept, left_out = api_offers(ApiSite(name="a", providers=("Groq",)), CATALOG, FREE)
    assert {offer.provider_id for offer in kept} == {"groq"}
    assert left_out == []


# --- areas ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("country", "allowed", "expected"),
    [
        ("DE", ("DE",), True),
        ("de", ("DE",), True),
        ("DE", ("eu",), True),
        ("NO", ("EU",), False),
        ("NO", ("EEA",), True),
        ("US", ("EU", "EEA"), False),
        ("FR", (), False),
    ],
)
def test_a_country_lies_in_an_area_or_does_not(country: str, allowed: tuple[str, ...], expected: bool) -> None:
    assert in_area(CATALOG, country, allowed) is expected
