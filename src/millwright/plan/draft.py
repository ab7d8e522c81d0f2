"""Drafts: what could serve a workload, one way each, before money is counted; and what cannot, with every reason.

Law comes first: what may not run somewhere is refused with rule and fact, and is neither simulated nor priced.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from millwright.catalog.catalog import Catalog
from millwright.catalog.device import Device
from millwright.catalog.offer import ApiOffer
from millwright.fleet.layout import layout_label
from millwright.fleet.platform import LeftOut, Platform, api_offers, platforms
from millwright.fleet.replica import Allowed
from millwright.fleet.search import MachineAnswer, MachineQuestion, Progress, search
from millwright.fleet.sharing.lanes import Lane
from millwright.law.evaluate import LawFinding
from millwright.law.facts import SiteFacts
from millwright.law.kleene import Verdict
from millwright.law.rule import RuleBase
from millwright.perf.calibration import Calibration
from millwright.plan.demand import WorkloadDemand
from millwright.plan.drafting import drafting_of
from millwright.plan.joining import TooSmall, joined_where_too_small
from millwright.plan.lawful import api_facts, platform_facts, verdict_of, workload_facts
from millwright.plan.model import Kind, RefusalReason, RefusedOption, Stage
from millwright.quantity import share_text
from millwright.scenario.model import ApiSite, CloudSite, ColoSite, OwnedSite, Scenario, Speculating

Where = tuple[str, str]
"""A site's name and the catalogue id of an offer there."""


MOST_SEARCHED = 3
"""Kinds of machine that the law bars and that are searched all the same, where limits are in conflict."""


@dataclass(frozen=True)
class Draft:
    """One way to serve one workload: machines of one platform with the best replica on them, or an API.

    With a `lane` it has only that part of each machine, and other workloads the rest.
    """

    asked: WorkloadDemand
    site_name: str
    kind: Kind
    law: LawFinding
    platform: Platform | None = None
    answer: MachineAnswer | None = None
    api: ApiOffer | None = None
    lane: Lane | None = None
    other_model: str = ""
    """The model's name, where it is not the workload's own but one of its alternatives."""

    @property
    def offer_id(self) -> str:
        """The catalogue id of what is bought or rented."""
        if self.platform is not None:
            return self.platform.offer_id
        return self.api.id if self.api is not None else ""


@dataclass(frozen=True)
class _Place:
    """A platform or an API at a site, for one workload, found lawful (or not known to be unlawful)."""

    asked: WorkloadDemand
    site_name: str
    law: LawFinding
    platform: Platform | None = None
    api: ApiOffer | None = None
    other_model: str = ""


def drafts(
    scenario: Scenario,
    asked: Sequence[WorkloadDemand],
    catalog: Catalog,
    rules: RuleBase,
    as_of: dt.date,
    progress: Progress | None = None,
    calibration: Calibration | None = None,
    only: Collection[Where] | None = None,
    set_aside: list[Draft] | None = None,
) -> tuple[list[Draft], list[RefusedOption]]:
    """Return every way to serve each workload that is lawful, fits and keeps the SLO, and everything refused.

    With `only` nothing else is looked at or refused than these offers. Into `set_aside` go the refused ones that a
    limit alone keeps out: by law, or because they are too slow.
    """
    aside: list[Draft] = []
    refused: list[RefusedOption] = []
    places: list[_Place] = []
    speculating = scenario.limits.speculation
    models = [*asked, *(other for one in asked for other in _alternatives(one, catalog, speculating))]
    for one in models:
        places += _lawful_places(scenario, one, catalog, rules, as_of, refused, aside, only)
    if only is not None:
        refused = [each for each in refused if (each.site, each.offer) in only]
    questions = [
        MachineQuestion(_served(place.asked), place.platform.device, place.platform.device_count)
        for place in places
        if place.platform is not None
    ]
    answers = _answers(questions, scenario, models, progress, calibration)
    found: list[Draft] = []
    drafted = _with_hosts_joined([_draft(place, answers) for place in places], models, scenario, progress, calibration)
    for draft in drafted:
        if draft.answer is not None and draft.answer.performance is None:
            refused.append(_refused_by_machine(draft, scenario.limits.confidence))
            aside.append(draft)
        else:
            found.append(draft)
    if set_aside is not None:
        set_aside += [_with_answer(draft, answers) for draft in aside]
    if only is None:
        refused += _unsold_devices(asked, catalog, questions, {device.name for device in scenario.devices})
    return found, refused


def _with_hosts_joined(
    drafted: Sequence[Draft],
    asked: Sequence[WorkloadDemand],
    scenario: Scenario,
    progress: Progress | None,
    calibration: Calibration | None,
) -> list[Draft]:
    """Return drafts with several hosts in place of one where one is too small for the model."""
    joined = joined_where_too_small(
        [TooSmall(each.site_name, _served(each.asked), each.platform, each.answer) for each in drafted],
        {_served(one): one.service for one in asked},
        {_served(one): one.model for one in asked},
        {_served(one): allowed_deployments(one, scenario) for one in asked},
        progress,
        calibration,
        scenario.limits.confidence,
    )
    return [
        each if together is None else replace(each, platform=together[0], answer=together[1])
        for each, together in zip(drafted, joined, strict=True)
    ]


def _alternatives(asked: WorkloadDemand, catalog: Catalog, speculating: Speculating) -> list[WorkloadDemand]:
    """Return the same requests for each other model that would do as well, with what may draft for that one."""
    models = {catalog.model(name).id: catalog.model(name) for name in asked.workload.accepts_other_models}
    models.pop(asked.model.id, None)
    return [
        replace(asked, model=model, drafting=drafting_of(asked.workload, model, speculating, catalog))
        for model in models.values()
        if model.one_pass == asked.model.one_pass
    ]


def _served(asked: WorkloadDemand) -> str:
    """Return what tells apart what is searched for: a workload, and the model that serves it."""
    return f"{asked.workload.name} with {asked.model.id}"


def _answers(
    questions: Sequence[MachineQuestion],
    scenario: Scenario,
    asked: Sequence[WorkloadDemand],
    progress: Progress | None,
    calibration: Calibration | None,
) -> dict[tuple[str, str, int], MachineAnswer]:
    return search(
        questions,
        {_served(one): one.service for one in asked},
        {_served(one): one.model for one in asked},
        {_served(one): allowed_deployments(one, scenario) for one in asked},
        progress,
        calibration=calibration,
        confidence=scenario.limits.confidence,
    )


def allowed_deployments(asked: WorkloadDemand, scenario: Scenario) -> Allowed:
    """Return what the scenario allows a deployment of this workload to be."""
    workload = asked.workload
    return Allowed(
        precisions=workload.precisions or (),
        kv_precisions=workload.kv_precisions or (),
        context_tokens=int(workload.max_context_tokens or 0),
        engines=scenario.limits.engines,
        disaggregated=scenario.limits.disaggregated,
        drafts=asked.drafting.drafts,
    )


def _lawful_places(
    scenario: Scenario,
    asked: WorkloadDemand,
    catalog: Catalog,
    rules: RuleBase,
    as_of: dt.date,
    refused: list[RefusedOption],
    aside: list[Draft],
    only: Collection[Where] | None,
) -> list[_Place]:
    facts = workload_facts(scenario, asked.workload, asked.model)
    own = catalog.model(asked.workload.model).id == asked.model.id
    wanted = {asked.model.id, *(catalog.model(name).id for name in asked.workload.accepts_other_models)}
    places: list[_Place] = []

    def judge(place: SiteFacts, site: str, platform: Platform | None = None, api: ApiOffer | None = None) -> None:
        offer_id = platform.offer_id if platform is not None else api.id if api is not None else ""
        if only is not None and (site, offer_id) not in only:
            return
        finding = verdict_of(rules, facts, place, as_of)
        if finding.verdict is Verdict.NO:
            refused.append(_refused_by_law(asked, site, finding, platform, api))
            kind = Kind.API if platform is None else Kind(platform.site.kind)
            aside.append(Draft(asked, site, kind, finding, platform, None, api))
        else:
            places.append(_Place(asked, site, finding, platform, api, "" if own else asked.model.name))

    for site in scenario.sites:
        if isinstance(site, ApiSite):
            if not own:
                continue  # with its own model the workload has asked for the alternatives' tokens too
            offers, left_out = api_offers(site, catalog, scenario.limits)
            same = [offer for offer in offers if offer.model_id in wanted or not site.same_model_only]
            for offer in same:
                judge(api_facts(scenario, site, offer, catalog), site.name, api=offer)
            if not same:
                refused.append(_no_such_api(asked, site))
            refused += [
                _left_out(asked, site.name, Kind.API, one) for one in left_out if _is_wanted(one, catalog, wanted)
            ]
        else:
            machines, left_out = platforms(site, catalog, scenario.limits)
            if not machines and not left_out:
                refused.append(_nothing_named(asked, site))
            for platform in machines:
                judge(platform_facts(scenario, platform, catalog), site.name, platform=platform)
            refused += [_left_out(asked, site.name, Kind(site.kind), one) for one in left_out]
    return places


def _is_wanted(left_out: LeftOut, catalog: Catalog, wanted: set[str]) -> bool:
    return any(offer.id == left_out.offer_id and offer.model_id in wanted for offer in catalog.api_offers())


def _draft(place: _Place, answers: Mapping[tuple[str, str, int], MachineAnswer]) -> Draft:
    if place.platform is None:
        return Draft(place.asked, place.site_name, Kind.API, place.law, api=place.api)
    platform = place.platform
    answer = answers[_served(place.asked), platform.device.id, platform.device_count]
    kind = Kind(platform.site.kind)
    return Draft(place.asked, place.site_name, kind, place.law, platform, answer, other_model=place.other_model)


def searched(
    aside: Sequence[Draft],
    scenario: Scenario,
    progress: Progress | None = None,
    calibration: Calibration | None = None,
) -> list[Draft]:
    """Return drafts that were set aside unsearched with what the likeliest of their machines serve.

    What the law bars is not simulated for a plan. Where nothing is feasible it is asked whether the law is what stands
    in the way: for that it is enough to know the largest machines of each site, `MOST_SEARCHED` kinds for each workload
    and verdict.
    """
    chosen: dict[tuple[str, str, str], list[Draft]] = {}
    for draft in sorted(aside, key=_memory_bytes, reverse=True):
        if draft.platform is not None and draft.answer is None:
            barred_by = " ".join(sorted(each.rule_id for each in draft.law.deciding))
            here = chosen.setdefault((_served(draft.asked), draft.site_name, barred_by), [])
            if len(here) < MOST_SEARCHED and all(_machine(draft) != _machine(other) for other in here):
                here.append(draft)
    questions = [
        MachineQuestion(_served(each.asked), each.platform.device, each.platform.device_count)
        for here in chosen.values()
        for each in here
        if each.platform is not None
    ]
    models = {_served(each.asked): each.asked for each in aside}
    answers = _answers(questions, scenario, list(models.values()), progress, calibration)
    return [_with_answer(draft, answers) for draft in aside]


def _machine(draft: Draft) -> tuple[str, int]:
    assert draft.platform is not None
    return draft.platform.device.id, draft.platform.device_count


def _memory_bytes(draft: Draft) -> float:
    return 0.0 if draft.platform is None else draft.platform.device_count * (draft.platform.device.memory_bytes or 0.0)


def _with_answer(draft: Draft, answers: Mapping[tuple[str, str, int], MachineAnswer]) -> Draft:
    """Return a draft with what its machine serves, where a lawful place asked for the same machine."""
    if draft.platform is None or draft.answer is not None:
        return draft
    key = _served(draft.asked), draft.platform.device.id, draft.platform.device_count
    return replace(draft, answer=answers.get(key))


# --- refusals ---------------------------------------------------------------------------------------------------


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
        provider=_provider(platform, api),
        offer=draft.offer_id,
        device=platform.device.id if platform is not None else None,
        model=draft.asked.model.id,
        settings=settings,
        reasons=tuple(reasons),
    )


def _provider(platform: Platform | None, api: ApiOffer | None) -> str:
    if platform is not None:
        return platform.provider.id if platform.provider is not None else ""
    return api.provider_id if api is not None else ""


def _refused_by_law(
    asked: WorkloadDemand, site: str, finding: LawFinding, platform: Platform | None, api: ApiOffer | None
) -> RefusedOption:
    kind = Kind.API if platform is None else Kind(platform.site.kind)
    reasons = [
        RefusalReason(
            stage=Stage.LAW,
            summary=f"{each.instrument} {each.pinpoint}: {each.plain}".rstrip(": "),
            text=each.reason,
        )
        for each in finding.deciding
    ]
    return refusal(Draft(asked, site, kind, finding, platform, None, api), reasons)


def _refused_by_machine(draft: Draft, confidence: float) -> RefusedOption:
    assert draft.answer is not None, "only machines are refused for what they can do"
    if draft.answer.too_slow:
        nearest = max(draft.answer.too_slow, key=lambda one: one.goodput.attainment)
        summary = (
            "too slow for the SLO even alone" if nearest.goodput.capacity_per_s == 0.0 else "no rate keeps the SLO"
        )
        if nearest.goodput.binding == "refused":
            summary = "requests are too long for it"
        deployment = nearest.candidate.deployment
        reason = RefusalReason(
            stage=Stage.LATENCY,
            summary=summary,
            text=f"{deployment.weights}, {layout_label(deployment)}, at {share_text(confidence)} confidence: "
            f"{nearest.goodput.reason}",
        )
        return refusal(draft, [reason])
    unfit = draft.answer.unfit
    nearest_fit = max(unfit, key=lambda one: one.deployment.tp) if unfit else None
    text = "no deployment of this model was found for it"
    if nearest_fit is not None:
        deployment = nearest_fit.deployment
        text = f"{deployment.weights}, {layout_label(deployment)}: {nearest_fit.reason}"
    return refusal(draft, [RefusalReason(stage=Stage.MEMORY, summary="does not fit in memory", text=text)])


def _left_out(asked: WorkloadDemand, site: str, kind: Kind, one: LeftOut) -> RefusedOption:
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


def _no_such_api(asked: WorkloadDemand, site: ApiSite) -> RefusedOption:
    text = f"no API of the catalogue that this site allows sells {asked.model.name}"
    return RefusedOption(
        title=f"{asked.model.name} through an API",
        kind=Kind.API,
        workload=asked.workload.name,
        site=site.name,
        model=asked.model.id,
        reasons=(RefusalReason(stage=Stage.CATALOGUE, summary="no API sells this model", text=text),),
    )


def _nothing_named(asked: WorkloadDemand, site: OwnedSite | ColoSite | CloudSite) -> RefusedOption:
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


def _unsold_devices(
    asked: Sequence[WorkloadDemand], catalog: Catalog, questions: Sequence[MachineQuestion], own: Collection[str]
) -> list[RefusedOption]:
    """Return the devices that no host and no cloud of the catalogue sells: looked at, and not to be had.

    `own` are the names of the scenario's own devices: of these it is said how a host is added.
    """
    sold = {host.device_id for host in catalog.hosts()} | {offer.device_id for offer in catalog.cloud_offers()}
    looked_at = {question.device.id for question in questions}
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
