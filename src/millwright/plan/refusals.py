"""What cannot serve, refused: by law, by its machines, by the scenario's limits, or because nobody sells it.

Refusals for other reasons (limits of a site, people, readiness) are made where these are known, of drafts by `refusal`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from millwright.catalog.catalog import Catalog
from millwright.catalog.device import Device
from millwright.fleet.candidate import Unfit
from millwright.fleet.layout import layout_label
from millwright.fleet.platform import LeftOut
from millwright.fleet.replica import ReplicaPerformance
from millwright.plan.demand import WorkloadDemand
from millwright.plan.draft import Draft
from millwright.plan.model import Kind, RefusalReason, RefusedOption, Stage
from millwright.quantity import share_text
from millwright.scenario.model import ApiSite, CloudSite, ColoSite, OwnedSite


def refusal(draft: Draft, reasons: Sequence[RefusalReason]) -> RefusedOption:
    """Return `draft` as refused for `reasons`."""
    platform, api = draft.platform, draft.api
    settings = ""
    if draft.answer is not None and draft.answer.performance is not None:
        deployment = draft.answer.performance.candidate.deployment
        settings = f"{deployment.weights}, {layout_label(deployment)}"
    return RefusedOption(
        title=platform.machine_title if platform is not None else api.model_name if api is not None else draft.offer_id,
        kind=draft.kind,
        workload=draft.asked.workload.name,
        site=draft.site_name,
        provider=draft.provider_id,
        offer=draft.offer_id,
        device=platform.device.id if platform is not None else None,
        model=draft.asked.model.id,
        settings=settings,
        reasons=tuple(reasons),
    )


def refused_by_law(draft: Draft) -> RefusedOption:
    """Return `draft` as refused for the rules that decide against it."""
    reasons = [
        RefusalReason(
            stage=Stage.LAW,
            summary=f"{each.instrument} {each.pinpoint}: {each.plain}".rstrip(": "),
            text=each.reason,
        )
        for each in draft.law.deciding
    ]
    return refusal(draft, reasons)


def refused_by_machine(draft: Draft, confidence: float) -> RefusedOption:
    """Return `draft` as refused because its machines are too slow for the SLO, or too small for the model."""
    assert draft.answer is not None, "only machines are refused for what they can do"
    if draft.answer.too_slow:
        return refusal(draft, [_too_slow(draft.answer.too_slow, confidence)])
    return refusal(draft, [_too_small(draft.answer.unfit)])


def _too_slow(found: Sequence[ReplicaPerformance], confidence: float) -> RefusalReason:
    nearest = max(found, key=lambda one: one.goodput.attainment)
    summary = "too slow for the SLO even alone" if nearest.goodput.capacity_per_s == 0.0 else "no rate keeps the SLO"
    if nearest.goodput.binding == "refused":
        summary = "requests are too long for it"
    deployment = nearest.candidate.deployment
    return RefusalReason(
        stage=Stage.LATENCY,
        summary=summary,
        text=f"{deployment.weights}, {layout_label(deployment)}, at {share_text(confidence)} confidence: "
        f"{nearest.goodput.reason}",
    )


def _too_small(unfit: Sequence[Unfit]) -> RefusalReason:
    text = "no deployment of this model was found for it"
    nearest = max(unfit, key=lambda one: one.deployment.tp, default=None)
    if nearest is not None:
        text = f"{nearest.deployment.weights}, {layout_label(nearest.deployment)}: {nearest.reason}"
    return RefusalReason(stage=Stage.MEMORY, summary="does not fit in memory", text=text)


def left_out(asked: WorkloadDemand, site: str, kind: Kind, one: LeftOut) -> RefusedOption:
    """Return what the scenario's own limits leave out at a site as refused."""
    summary = one.reason.split(" (")[0] if kind is Kind.API else "left out by the scenario's own limits"
    return RefusedOption(
        title=one.title,
        kind=kind,
        workload=asked.workload.name,
        site=site,
        provider=one.provider_id,
        offer=one.offer_id,
        device=one.device_id,
        model=asked.model.id,
        reasons=(RefusalReason(stage=Stage.SITE, summary=summary, text=one.reason),),
    )


def no_such_api(asked: WorkloadDemand, site: ApiSite) -> RefusedOption:
    """Return that no API at `site` sells a model that would do."""
    text = f"no API of the catalogue that this site allows sells {asked.model.name}"
    return RefusedOption(
        title=f"{asked.model.name} through an API",
        kind=Kind.API,
        workload=asked.workload.name,
        site=site.name,
        model=asked.model.id,
        reasons=(RefusalReason(stage=Stage.CATALOGUE, summary="no API sells this model", text=text),),
    )


def nothing_named(asked: WorkloadDemand, site: OwnedSite | ColoSite | CloudSite) -> RefusedOption:
    """Return that the catalogue has none of the machines that `site` names."""
    keys = [key for key in ("hosts", "providers", "regions", "instances") if getattr(site, key, None)]
    text = f"the catalogue has no machine that {site.name} names under {', '.join(keys) or 'its keys'}"
    reason = RefusalReason(stage=Stage.CATALOGUE, summary="the catalogue has no such machine", text=text)
    return RefusedOption(
        title=f"machines at {site.name}",
        kind=Kind(site.kind),
        workload=asked.workload.name,
        site=site.name,
        model=asked.model.id,
        reasons=(reason,),
    )


def unsold_devices(
    asked: Sequence[WorkloadDemand], catalog: Catalog, looked_at: Collection[str], own: Collection[str]
) -> list[RefusedOption]:
    """Return the devices that no host and no cloud of the catalogue sells, so that they were not `looked_at` (ids).

    `own` are the names of the scenario's own devices: of these it is said how a host is added.
    """
    sold = {host.device_id for host in catalog.hosts()} | {offer.device_id for offer in catalog.cloud_offers()}
    return [
        RefusedOption(
            title=device.name,
            kind=Kind.OWNED,
            workload=one.workload.name,
            device=device.id,
            model=one.model.id,
            reasons=(_no_host_holds(device, own),),
        )
        for one in asked
        for device in sorted(catalog.devices(), key=lambda device: device.id not in own)
        if device.id not in sold and device.id not in looked_at
    ]


def _no_host_holds(device: Device, own: Collection[str]) -> RefusalReason:
    if device.id in own:
        return RefusalReason(
            stage=Stage.CATALOGUE,
            summary="your own device: say in which host it would stand",
            text=f"no host holds {device.name} yet; add one, such as `overrides: {{hosts: {{my-box: {{device: "
            f"{device.id}, device_count: 4, price: 40 kEUR, power_peak: 2 kW}}}}}}`",
        )
    return RefusalReason(
        stage=Stage.CATALOGUE,
        summary="nobody in the catalogue sells it",
        text=f"no host and no cloud offer of the catalogue holds {device.name}; "
        "add one under overrides.hosts with your quotation",
    )
