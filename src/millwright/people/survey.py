"""What a scenario asks of people before it is planned: one typical option for each kind of place it allows."""

from __future__ import annotations

from dataclasses import dataclass

from millwright.people.traits import OptionTraits, stack_of
from millwright.scenario.model import Scenario, SiteKind

KUBERNETES_FROM_HOSTS = 3
"""From so many hosts on, typical options are taken to run Kubernetes; an assumption."""


@dataclass(frozen=True)
class Sketch:
    """How much of each thing a typical option is taken to have, where no plan says."""

    hosts: int = 2
    devices_per_host: int = 4


@dataclass(frozen=True)
class TypicalOption:
    """A typical option of one kind of place, its traits, and what was assumed."""

    id: str
    title: str
    traits: OptionTraits
    assumed: tuple[str, ...]


_TITLES = {
    SiteKind.OWNED: "own machines in an own room",
    SiteKind.COLO: "own machines in colocation",
    SiteKind.CLOUD: "rented machines in a cloud",
    SiteKind.API: "tokens from an API",
}


def typical_options(scenario: Scenario, sketch: Sketch = Sketch()) -> tuple[TypicalOption, ...]:
    """Return one typical option for each kind of site in `scenario`, simplest last to run first."""
    found: dict[tuple[str, bool], TypicalOption] = {}
    for site in scenario.sites:
        kind = SiteKind(site.kind)
        air_gapped = bool(getattr(site, "air_gap", False))
        if (kind, air_gapped) not in found:
            found[kind, air_gapped] = _typical(scenario, kind, air_gapped, sketch)
    order = tuple(_TITLES)
    return tuple(sorted(found.values(), key=lambda each: order.index(_kind_of(each))))


def _kind_of(option: TypicalOption) -> SiteKind:
    return SiteKind(next(iter(option.traits.kinds)))


def _typical(scenario: Scenario, kind: SiteKind, air_gapped: bool, sketch: Sketch) -> TypicalOption:
    classes = frozenset(str(each) for workload in scenario.workloads for each in workload.data.classes)
    title = _TITLES[kind] + (", cut off from networks" if air_gapped else "")
    common = OptionTraits(
        kinds=frozenset({str(kind)}),
        workloads=len(scenario.workloads),
        on_call=str(scenario.finance.staff.on_call),
        data_classes=classes,
        sector=str(scenario.organisation.sector),
    )
    if kind is SiteKind.API:
        return TypicalOption(str(kind), title, common, ())
    vendors = scenario.limits.vendors or ("nvidia",)
    kubernetes = sketch.hosts >= KUBERNETES_FROM_HOSTS
    traits = common.changed(
        {
            "hosts": sketch.hosts,
            "devices": sketch.hosts * sketch.devices_per_host,
            "stacks": frozenset(stack_of(vendor) for vendor in vendors[:1]),
            "air_gapped": air_gapped,
            "kubernetes": kubernetes,
            "multi_gpu": sketch.devices_per_host > 1,
            "quantised": True,
        }
    )
    assumed = (
        f"{sketch.hosts} hosts of {sketch.devices_per_host} devices",
        f"accelerators of {vendors[0]}",
        "Kubernetes" if kubernetes else "containers without Kubernetes",
        "a quantised model",
    )
    option_id = f"{kind}-air-gapped" if air_gapped else str(kind)
    return TypicalOption(option_id, title, traits, assumed)
