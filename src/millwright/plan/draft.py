"""A draft: one way to serve one workload, before money is counted."""

from __future__ import annotations

from dataclasses import dataclass

from millwright.catalog.offer import ApiOffer
from millwright.fleet.platform import Platform
from millwright.fleet.search import MachineAnswer, MachineQuestion
from millwright.fleet.sharing.lanes import Lane
from millwright.law.evaluate import LawFinding
from millwright.plan.demand import WorkloadDemand
from millwright.plan.model import Kind

Where = tuple[str, str]
"""A site's name and the catalogue id of an offer there."""


@dataclass(frozen=True)
class Draft:
    """Machines of one platform with the best replica on them, or an API; lawful as `law` has it.

    The `answer` says what the machines serve, None until they are searched. With a `lane` the workload has only that
    part of each machine, and others the rest.
    """

    asked: WorkloadDemand
    site_name: str
    law: LawFinding
    platform: Platform | None = None
    answer: MachineAnswer | None = None
    api: ApiOffer | None = None
    lane: Lane | None = None
    other_model: str = ""
    """The model's name, where it is not the workload's own but one of its alternatives."""

    @property
    def kind(self) -> Kind:
        """Whether it is owned, colocated, rented, or an API."""
        return Kind.API if self.platform is None else Kind(self.platform.site.kind)

    @property
    def offer_id(self) -> str:
        """The catalogue id of what is bought or rented."""
        if self.platform is not None:
            return self.platform.offer_id
        return self.api.id if self.api is not None else ""

    @property
    def provider_id(self) -> str:
        """Who sells it; empty for machines of one's own."""
        if self.api is not None:
            return self.api.provider_id
        return self.platform.provider.id if self.platform is not None and self.platform.provider is not None else ""

    @property
    def where(self) -> Where:
        """What tells places apart."""
        return self.site_name, self.offer_id

    @property
    def question(self) -> MachineQuestion | None:
        """What the search is asked of its machines; None for an API."""
        if self.platform is None:
            return None
        return MachineQuestion(self.asked.served, self.platform.device, self.platform.device_count)
