"""Platforms: the kinds of machine that can be had in whole numbers, each at one site."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from millwright.catalog.catalog import Catalog
from millwright.catalog.device import Device
from millwright.catalog.host import Host
from millwright.catalog.offer import ApiOffer, CloudOffer, Provider
from millwright.scenario.model import ApiSite, CloudSite, ColoSite, Limits, OwnedSite


@dataclass(frozen=True)
class Platform:
    """A machine of `device_count` devices that can be bought (`host`) or rented (`cloud`) at a site.

    `country` is where it stands (ISO 3166-1 alpha-2).
    """

    site: OwnedSite | ColoSite | CloudSite
    country: str
    device: Device
    device_count: int
    host: Host | None = None
    cloud: CloudOffer | None = None
    provider: Provider | None = None

    @property
    def offer_id(self) -> str:
        """The catalogue id of what is bought or rented."""
        return self.host.id if self.host is not None else self.cloud.id if self.cloud is not None else self.device.id

    @property
    def title(self) -> str:
        """What a person would call it."""
        if self.cloud is not None and self.provider is not None:
            return f"{self.provider.name} {self.cloud.instance_type} ({self.cloud.region})"
        return self.host.name if self.host is not None else self.device.name


@dataclass(frozen=True)
class LeftOut:
    """A machine or an API that a site's or the scenario's own limits leave out, and why."""

    title: str
    device_id: str | None
    reason: str


def in_area(catalog: Catalog, country: str, allowed: Iterable[str]) -> bool:
    """Return whether `country` (ISO code) is one of `allowed`, or lies in one of the areas named there (such as EU)."""
    wanted = {area.upper() for area in allowed}
    if country.upper() in wanted:
        return True
    return any(area.upper() in wanted for area in catalog.country(country).legal_areas)


def platforms(
    site: OwnedSite | ColoSite | CloudSite, catalog: Catalog, limits: Limits
) -> tuple[list[Platform], list[LeftOut]]:
    """Return the machines that can be had at `site`, and what the site's or the scenario's limits leave out."""
    if isinstance(site, CloudSite):
        return _rented(site, catalog, limits)
    return _bought(site, catalog, limits)


def api_offers(site: ApiSite, catalog: Catalog, limits: Limits) -> tuple[list[ApiOffer], list[LeftOut]]:
    """Return the APIs that `site` allows, whatever their model, and what it leaves out."""
    kept: list[ApiOffer] = []
    left_out: list[LeftOut] = []
    excluded = _ids(limits.exclude)
    providers = _ids(site.providers)
    for offer in catalog.api_offers():
        reason = ""
        if offer.provider_id.lower() in excluded:
            reason = f"the scenario excludes {offer.provider_id}"
        elif providers and offer.provider_id.lower() not in providers:
            continue  # the user named the providers: all others need no mention
        elif site.countries is not None:
            if offer.country is None and not site.allow_unknown_location:
                reason = "the provider does not say where it serves from (allow_unknown_location: true admits it)"
            elif offer.country is not None and not in_area(catalog, offer.country, site.countries):
                reason = f"it is served from {offer.country}, and the site allows {', '.join(site.countries)}"
        if reason:
            left_out.append(LeftOut(offer.model_name, None, reason))
        else:
            kept.append(offer)
    return kept, left_out


def _bought(site: OwnedSite | ColoSite, catalog: Catalog, limits: Limits) -> tuple[list[Platform], list[LeftOut]]:
    kept: list[Platform] = []
    left_out: list[LeftOut] = []
    named = {catalog.host(name).id for name in site.hosts} if site.hosts is not None else None
    for host in catalog.hosts():
        if named is not None and host.id not in named:
            continue
        device = catalog.device(host.device_id)
        reason = _unwanted(device, site.devices, limits, host.id, host.vendor)
        if reason:
            left_out.append(LeftOut(host.name, device.id, reason))
            continue
        kept.append(Platform(site, site.country, device, host.device_count, host=host))
    return kept, left_out


def _rented(site: CloudSite, catalog: Catalog, limits: Limits) -> tuple[list[Platform], list[LeftOut]]:
    kept: list[Platform] = []
    left_out: list[LeftOut] = []
    providers, regions, instances = _ids(site.providers), _ids(site.regions), _ids(site.instances)
    for offer in catalog.cloud_offers():
        if providers and offer.provider_id.lower() not in providers:
            continue
        if (regions and offer.region.lower() not in regions) or (
            instances and offer.instance_type.lower() not in instances
        ):
            continue
        device = catalog.device(offer.device_id)
        provider = catalog.provider(offer.provider_id)
        one = Platform(site, offer.country, device, offer.device_count, cloud=offer, provider=provider)
        reason = _unwanted(device, site.devices, limits, offer.provider_id, offer.id)
        if not reason and site.countries is not None and not in_area(catalog, offer.country, site.countries):
            reason = f"its region is in {offer.country}, and the site allows {', '.join(site.countries)}"
        if reason:
            left_out.append(LeftOut(one.title, device.id, reason))
        else:
            kept.append(one)
    return kept, left_out


def _unwanted(device: Device, site_devices: tuple[str, ...] | None, limits: Limits, *also: str) -> str:
    """Return why the scenario does not want `device` (or the host or provider ids in `also`), empty if it does."""
    names = _ids((device.id, device.name, *device.aliases))
    if excluded := _ids(limits.exclude) & (names | _ids((device.vendor, *also))):
        return f"the scenario excludes {', '.join(sorted(excluded))}"
    if limits.vendors is not None and device.vendor.lower() not in _ids(limits.vendors):
        return f"the scenario allows devices of {', '.join(limits.vendors)} only"
    if limits.devices is not None and not names & _ids(limits.devices):
        return f"the scenario allows the devices {', '.join(limits.devices)} only"
    if site_devices is not None and not names & _ids(site_devices):
        return f"the site allows the devices {', '.join(site_devices)} only"
    return ""


def _ids(names: Iterable[str] | None) -> set[str]:
    return {name.lower() for name in names or ()}
