"""Platforms: the kinds of machine that can be had in whole numbers, each at one site."""

from __future__ import annotations

from dataclasses import dataclass

from millwright.catalog.device import Device
from millwright.catalog.host import Host
from millwright.catalog.offer import CloudOffer, Provider


@dataclass(frozen=True)
class Platform:
    """A machine of `device_count` devices that can be bought (`host`) or rented (`cloud`) at the site `site`.

    `site_kind` is `owned`, `colo` or `cloud`. `country` is where it stands (ISO 3166-1 alpha-2).
    """

    site: str
    site_kind: str
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
        if self.host is not None:
            return self.host.name
        if self.cloud is not None and self.provider is not None:
            return f"{self.provider.name} {self.cloud.instance_type} ({self.cloud.region})"
        return self.device.name
