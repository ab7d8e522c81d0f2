"""What to beware of, in an option and in the plan as a whole."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from millwright.plan.assumptions import price_age_days
from millwright.plan.costing import Inputs, OwnedTerms, RentedTerms
from millwright.plan.counted import installed_first_year
from millwright.plan.demand import WorkloadDemand
from millwright.plan.model import Kind, RefusedOption, Stage
from millwright.plan.priced import PricedOption, PricedPart
from millwright.quantity import Basis, share_text, weakest
from millwright.scenario.model import CloudSite, Commitment, Scenario
from millwright.spans import DAYS_PER_MONTH


def warnings_of_plan(
    scenario: Scenario,
    asked: Sequence[WorkloadDemand],
    ranked: Sequence[PricedOption],
    refused: Sequence[RefusedOption],
) -> tuple[str, ...]:
    """Return what a reader of the whole plan should know beforehand."""
    found: list[str] = []
    usual = [a.workload.name for a in asked if a.workload.precisions is None and a.model.native_precision == "bf16"]
    if usual:
        found.append(
            f"{', '.join(usual)}: 16- and 8-bit weights were looked at; "
            "`precisions: [int4, fp8, bf16]` adds 4-bit ones."
        )
    for each in asked:
        found += [f"{each.model.name}: {text}" for text in each.model.assumptions]
    looked_at = {Kind(site.kind) for site in scenario.sites}
    in_a_part = {part.draft.kind for option in ranked for part in option.parts}
    for kind, name in ((Kind.OWNED, "owned"), (Kind.COLO, "colocated"), (Kind.CLOUD, "cloud"), (Kind.API, "API")):
        if ranked and kind in looked_at and not any(option.kind is kind for option in ranked):
            found.append(
                f"No {name} option serves every workload by itself; some serve a part, in mixed options."
                if kind in in_a_part
                else f"No {name} option is feasible; the reasons are below."
            )
    if scenario.finance.tax_rate > 0.0:
        found.append(
            f"All costs are before tax: `finance.tax: {share_text(scenario.finance.tax_rate)}` is not counted here. "
            "`millwright cost` prices a case after tax."
        )
    return (*found, *_promised_by_apis_alone(ranked, refused))


def _promised_by_apis_alone(ranked: Sequence[PricedOption], refused: Sequence[RefusedOption]) -> list[str]:
    """Return a warning where every machine was too slow: that an API is quicker is hoped, not known."""
    if not ranked or any(part.draft.api is None for option in ranked for part in option.parts):
        return []
    if not any(reason.stage is Stage.LATENCY for each in refused for reason in each.reasons):
        return []
    return [
        "No machine that was looked at keeps the limits on latency. Whether an API does is not known: measure it "
        "before you count on it."
    ]


# --- of an option ----------------------------------------------------------------------------------------------


def unmeasured(option: PricedOption) -> list[str]:
    """Return a warning for each way in which the speed of devices is known without a measurement of them."""
    bases: dict[str, Basis] = {}  # of each device the weakest where workloads differ
    for part in option.parts:
        platform, answer = part.draft.platform, part.draft.answer
        if platform is not None and platform.network is None and answer is not None and answer.performance is not None:
            basis = answer.performance.candidate.step.basis
            bases[platform.device.name] = weakest(basis, bases.get(platform.device.name, basis))
    by_origin: dict[str, list[str]] = {}
    for device, basis in bases.items():
        if basis not in (Basis.MEASURED, Basis.FITTED):
            by_origin.setdefault(_SPEED_FROM.get(basis, "extrapolated from devices like it"), []).append(device)
    return [
        f"No measurement of {', '.join(devices)} was at hand; the speed is {origin}: test before you sign."
        for origin, devices in by_origin.items()
    ]


_SPEED_FROM = {Basis.ASSUMED: "assumed", Basis.DATASHEET: "reckoned from a datasheet"}


def warnings_of_part(part: PricedPart, scenario: Scenario, created: dt.date, central: Inputs) -> list[str]:
    """Return what to beware of with one part of an option, as of the day `created`: its price, provider, delivery."""
    draft, terms = part.draft, part.serving.terms
    found: list[str] = []
    age = price_age_days(terms.date, created)
    if age is not None and age > scenario.limits.price_age_days:
        found.append(f"The price of {_name(part)} is of {terms.date}: ask for a new quotation.")
    if draft.api is not None:
        found.append(
            "The latency of an API is the provider's affair: it is not predicted, so measure it before you sign."
        )
        if draft.api.country is None:
            found.append("The provider does not say in which country it serves this model.")
        if draft.api.model_id != draft.asked.model.id:
            found.append(f"It is another model ({draft.api.model_name}) than the scenario's.")
    replica = draft.answer.performance if draft.answer is not None else None
    if draft.platform is not None and (network := draft.platform.network) is not None:
        found.append(
            f"One replica spans {draft.platform.hosts} hosts with {network.bytes_per_s * 8e-9:,.0f} Gbit/s for each "
            f"device between them ({network.source}); switches and cables are not in the price. "
            "A spare is as many hosts."
        )
    if replica is not None:
        assert draft.platform is not None, "only machines have replicas"
        if draft.platform.network is not None:
            found.append("Nobody measured this replica over several hosts: its speed is assumed, test before you sign.")
        weights = replica.candidate.deployment.weights
        if weights.bytes_per_weight < 1.0 and weights != draft.asked.model.native_precision:
            found.append("Weights of fewer than 8 bits can change answers: check the quality on your own tasks.")
    found += _long_wait(part, central)
    site = draft.platform.site if draft.platform is not None else None
    if isinstance(site, CloudSite) and site.commitment is Commitment.SPOT:
        found.append("Spot instances can be taken away at any time; the spares are not meant for that.")
    if isinstance(terms, RentedTerms) and terms.switched:
        found.append("Instances are counted by the hour they are needed: somebody must switch them on and off.")
    return found


def _long_wait(part: PricedPart, central: Inputs) -> list[str]:
    """Return a warning where machines that have to be bought come later than the option goes live."""
    host = part.draft.platform.host if part.draft.platform is not None else None
    terms, live = part.serving.terms, part.serving.go_live_month
    if host is None or host.lead_time_months is None or not isinstance(terms, OwnedTerms):
        return []
    if host.lead_time_months <= live or installed_first_year(part, central) <= terms.existing:
        return []
    when = f"in month {live}" if live else "at once"
    months = host.lead_time_months
    wait = f"{months:.2g} months" if months >= 2.0 else f"{months * DAYS_PER_MONTH:.0f} days"
    return [
        f"{host.name} comes about {wait} after the order, and the plan counts on it {when}: "
        "until then rent, or buy tokens."
    ]


def _name(part: PricedPart) -> str:
    draft = part.draft
    if draft.platform is not None:
        return draft.platform.title
    return draft.api.model_name if draft.api is not None else draft.offer_id
