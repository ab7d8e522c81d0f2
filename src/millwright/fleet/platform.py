"""Platforms: the kinds of machine that can be had in whole numbers, each at one site."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Protocol

from millwright.catalog.catalog import Catalog, UnknownNameError
from millwright.catalog.device import Device
from millwright.catalog.host import Host
from millwright.catalog.offer import ApiOffer, CloudOffer, Provider
from millwright.fleet.stack import engine_for
from millwright.perf.deployment import HostNetwork
from millwright.scenario.model import ApiSite, CloudSite, ColoSite, Limits, OwnedSite


@dataclass(frozen=True)
class Platform:
    """A machine of `device_count` devices that can be bought (`host`) or rented (`cloud`) at a site.

    `country` is where it stands (ISO 3166-1 alpha-2). Where one replica spans several, `hosts` of them joined by their
    `network` are one machine, and `device_count` counts the devices of all.
    """

    site: OwnedSite | ColoSite | CloudSite
    country: str
    device: Device
    device_count: int
    host: Host | None = None
    cloud: CloudOffer | None = None
    provider: Provider | None = None
    hosts: int = 1
    network: HostNetwork | None = None

    def joined(self, hosts: int, network: HostNetwork) -> Platform:
        """Return so many of these as one machine."""
        return replace(self, device_count=self.device_count * hosts, hosts=hosts, network=network)

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

    @property
    def machine_title(self) -> str:
        """What a person would call one machine: the title, or how many of it are joined."""
        return self.title if self.hosts == 1 else f"{self.title}, {self.hosts} joined"


@dataclass(frozen=True)
class LeftOut:
    """A machine or an API that a site's or the scenario's own limits leave out, and why.

    `offer_id` and `provider_id` are those of the catalogue; what is bought has no provider.
    """

    title: str
    device_id: str | None
    reason: str
    offer_id: str
    provider_id: str = ""


def in_area(catalog: Catalog, country: str, allowed: Iterable[str]) -> bool:
    """Return whether `country` (ISO code) is one of `allowed`, or lies in one of the areas named there (such as EU)."""
    wanted = {area.upper() for area in allowed}
    if country.upper() in wanted:
        return True
    return any(area.upper() in wanted for area in catalog.country(country).legal_areas)


def _promised_in(catalog: Catalog, offer: ApiOffer, allowed: Iterable[str]) -> bool:
    """Return whether where `offer` is served from, a country or an area of countries, lies within `allowed`."""
    if offer.country is not None:
        return in_area(catalog, offer.country, allowed)
    within = [country.id for country in catalog.countries() if offer.area in country.legal_areas]
    return bool(within) and all(in_area(catalog, country, allowed) for country in within)


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
    excluded = _excluded(catalog, limits)
    providers = _ids(site.providers, catalog.provider)
    for offer in catalog.api_offers():
        reason = ""
        if providers is not None and offer.provider_id not in providers:
            continue  # the user named the providers: all others need no mention
        if offer.provider_id in excluded:
            reason = f"the scenario excludes {offer.provider_id}"
        elif site.countries is not None:
            place = offer.country or offer.area
            if place is None and not site.allow_unknown_location:
                reason = "the provider does not say where it serves from (allow_unknown_location: true admits it)"
            elif place is not None and not _promised_in(catalog, offer, site.countries):
                reason = f"it is served from {place}, and the site allows {', '.join(site.countries)}"
        if reason:
            title = f"{catalog.provider(offer.provider_id).name} API ({offer.model_name})"
            left_out.append(LeftOut(title, None, reason, offer.id, offer.provider_id))
        else:
            kept.append(offer)
    return kept, left_out


def _bought(site: OwnedSite | ColoSite, catalog: Catalog, limits: Limits) -> tuple[list[Platform], list[LeftOut]]:
    kept: list[Platform] = []
    left_out: list[LeftOut] = []
    named = _ids(site.hosts, catalog.host)
    there = _ids((each.host for each in site.existing), catalog.host) or frozenset()
    wishes = _Wishes.of(catalog, limits, site.devices)
    for host in catalog.hosts():
        if named is not None and host.id not in named and host.id not in there:
            continue
        device = catalog.device(host.device_id)
        reason = wishes.against(device, host.id, host.vendor)
        if reason:
            left_out.append(LeftOut(host.name, device.id, reason, host.id))
            continue
        kept.append(Platform(site, site.country, device, host.device_count, host=host))
    return kept, left_out


def _rented(site: CloudSite, catalog: Catalog, limits: Limits) -> tuple[list[Platform], list[LeftOut]]:
    kept: list[Platform] = []
    left_out: list[LeftOut] = []
    providers = _ids(site.providers, catalog.provider)
    regions, instances = _folded(site.regions), _folded(site.instances)
    wishes = _Wishes.of(catalog, limits, site.devices)
    for offer in catalog.cloud_offers():
        if providers is not None and offer.provider_id not in providers:
            continue
        if (regions and offer.region.casefold() not in regions) or (
            instances and offer.instance_type.casefold() not in instances
        ):
            continue
        device = catalog.device(offer.device_id)
        provider = catalog.provider(offer.provider_id)
        one = Platform(site, offer.country, device, offer.device_count, cloud=offer, provider=provider)
        reason = wishes.against(device, offer.provider_id, offer.id)
        if not reason and site.countries is not None and not in_area(catalog, offer.country, site.countries):
            reason = f"its region is in {offer.country}, and the site allows {', '.join(site.countries)}"
        if reason:
            left_out.append(LeftOut(one.title, device.id, reason, offer.id, offer.provider_id))
        else:
            kept.append(one)
    return kept, left_out


@dataclass(frozen=True)
class _Wishes:
    """Which machines the scenario and a site want, by catalogue ids; None where they do not say."""

    limits: Limits
    site_devices: tuple[str, ...] | None
    excluded: frozenset[str]
    vendors: frozenset[str] | None
    allowed_ids: frozenset[str] | None
    site_ids: frozenset[str] | None

    @classmethod
    def of(cls, catalog: Catalog, limits: Limits, site_devices: tuple[str, ...] | None) -> _Wishes:
        return cls(
            limits,
            site_devices,
            _excluded(catalog, limits),
            None if limits.vendors is None else _folded(limits.vendors),
            _ids(limits.devices, catalog.device),
            _ids(site_devices, catalog.device),
        )

    def against(self, device: Device, *also: str) -> str:
        """Return why `device` (or the host, vendor, offer or provider in `also`) is not wanted, empty if it is."""
        names = {device.id, device.vendor.casefold(), *also, *(each.casefold() for each in also)}
        if excluded := self.excluded & names:
            return f"the scenario excludes {', '.join(sorted(excluded))}"
        if self.vendors is not None and device.vendor.casefold() not in self.vendors:
            return f"the scenario allows devices of {', '.join(self.limits.vendors or ())} only"
        if self.allowed_ids is not None and device.id not in self.allowed_ids:
            return f"the scenario allows the devices {', '.join(self.limits.devices or ())} only"
        if self.site_ids is not None and device.id not in self.site_ids:
            return f"the site allows the devices {', '.join(self.site_devices or ())} only"
        try:
            engine_for(device, self.limits.engines)
        except LookupError as error:
            return f"the scenario allows the engines {', '.join(self.limits.engines or ())} only, and {error}"
        return ""


class _HasId(Protocol):
    @property
    def id(self) -> str: ...


def _ids(names: Iterable[str] | None, look_up: Callable[[str], _HasId]) -> frozenset[str] | None:
    """Return the catalogue ids behind names as users write them; None for None: all are meant."""
    return None if names is None else frozenset(look_up(name).id for name in names)


def _excluded(catalog: Catalog, limits: Limits) -> frozenset[str]:
    """Return what `limits.exclude` names: ids of devices, hosts and providers, and folded names of vendors."""
    found = set(_folded(limits.exclude))
    for name in limits.exclude:
        for look_up in (catalog.device, catalog.host, catalog.provider):
            with suppress(UnknownNameError):
                found.add(look_up(name).id)
    return frozenset(found)


def _folded(names: Iterable[str] | None) -> frozenset[str]:
    return frozenset(name.casefold() for name in names or ())
