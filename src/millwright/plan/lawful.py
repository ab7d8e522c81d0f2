"""May it run there: the scenario and the catalogue as the facts that rules ask for.

What the scenario says about a site or about the organisation (`facts:`) goes before what the catalogue suggests. What
neither says stays unknown, and a rule that hangs on it answers `unknown` and names the fact.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from millwright.catalog.architecture import Architecture
from millwright.catalog.catalog import Catalog
from millwright.catalog.offer import ApiOffer, Provider
from millwright.errors import InputError
from millwright.fleet.platform import Platform
from millwright.law.evaluate import LawFinding, evaluate
from millwright.law.facts import SiteFacts, WorkloadFacts
from millwright.law.rule import RuleBase
from millwright.plan.option_model import Law, Verdict
from millwright.plan.option_model import LawFinding as PublishedFinding
from millwright.scenario.model import ApiSite, ColoSite, OwnedSite, Scenario, Sector, Workload

_WORKLOAD_FACTS = frozenset(each.name for each in fields(WorkloadFacts))
_SITE_FACTS = frozenset(each.name for each in fields(SiteFacts))


def workload_facts(scenario: Scenario, workload: Workload, model: Architecture) -> WorkloadFacts:
    """Return what is known of a workload, its model and the organisation; raises InputError for an unknown fact."""
    organisation = scenario.organisation
    known = WorkloadFacts(
        data_classes=tuple(str(each) for each in workload.data.classes),
        subjects=workload.data.subjects or (organisation.country,),
        residency=workload.data.residency,
        allowed_jurisdictions=scenario.law.allowed_jurisdictions or (),
        organisation_country=organisation.country,
        sector=None if organisation.sector is Sector.GENERAL else str(organisation.sector),
        employees=None if organisation.employees is None else float(organisation.employees),
        financial_entity=True if organisation.sector is Sector.FINANCE else None,
        model=model.id,
        model_licence=model.licence or None,
    )
    said = {name: value for name, value in scenario.law.facts.items() if _plain(name, "workload") in _WORKLOAD_FACTS}
    _refuse_unknown_facts(scenario.law.facts, _WORKLOAD_FACTS | _SITE_FACTS)
    return replace(known, **{_plain(name, "workload"): _fact(value) for name, value in said.items()})


def platform_facts(scenario: Scenario, platform: Platform) -> SiteFacts:
    """Return what is known of a machine's site: our own room, a colocation, or a provider's region."""
    site = platform.site
    if isinstance(site, OwnedSite | ColoSite):
        home = scenario.organisation.country
        known = SiteFacts(
            kind=site.kind,
            rest_countries=(site.country,),
            processing_countries=(site.country,),
            operator=scenario.name if isinstance(site, OwnedSite) else site.operator,
            operator_country=home if isinstance(site, OwnedSite) else None,
            controlling_jurisdiction=home,
            compelling_jurisdictions=tuple(dict.fromkeys((home, site.country))),
            key_holder="customer",
            support_countries=(home,),
            telemetry_countries=(),
            subprocessor_countries=(),
            air_gapped=site.air_gap,
            trains_on_inputs=False,
        )
    else:
        known = _provider_facts(platform.provider, site.kind, platform.country)
    return _with_said(known, scenario, site.facts)


def api_facts(scenario: Scenario, site: ApiSite, offer: ApiOffer, catalog: Catalog) -> SiteFacts:
    """Return what is known of an API: the country it is served from if the provider says so."""
    known = _provider_facts(catalog.provider(offer.provider_id), "api", offer.country or offer.area)
    return _with_said(known, scenario, site.facts)


def verdict_of(rules: RuleBase, workload: WorkloadFacts, site: SiteFacts, as_of: dt.date) -> LawFinding:
    """Return what all rules say of a workload at a site as of a day."""
    return evaluate(rules, workload, site, as_of)


def published(findings: tuple[LawFinding, ...]) -> Law:
    """Return the findings over all parts of an option as the plan publishes them: the worst verdict, each rule once."""
    order = (Verdict.NO, Verdict.UNKNOWN, Verdict.YES)
    verdict = min((Verdict(str(each.verdict)) for each in findings), key=order.index, default=Verdict.YES)
    rules: dict[str, PublishedFinding] = {}
    for finding in findings:
        for each in finding.findings:
            effect = str(each.effect)
            rules.setdefault(
                f"{each.rule_id} {each.verdict} {each.reason}",
                PublishedFinding(
                    rule_id=each.rule_id,
                    verdict=Verdict(str(each.verdict)),
                    effect="forbid" if effect == "forbid" else "warn" if effect == "warn" else "require",
                    instrument=each.instrument,
                    pinpoint=each.pinpoint,
                    url=each.link,
                    status=str(each.status),
                    reason=each.reason,
                    missing_facts=each.missing_facts,
                ),
            )
    return Law(verdict=verdict, findings=tuple(rules.values()))


def _provider_facts(provider: Provider | None, kind: str, country: str | None) -> SiteFacts:
    where = (country,) if country else None
    if provider is None:
        return SiteFacts(kind=kind, rest_countries=where, processing_countries=where, air_gapped=False)
    controller = _known(provider.controlling_jurisdiction)
    seat = _known(provider.hq_country)
    exposed = provider.us_cloud_act_exposure
    compelling: tuple[str, ...] | None = None
    if controller and country and exposed != "unknown":
        compelling = tuple(dict.fromkeys((controller, country, *(("US",) if exposed == "yes" else ()))))
    return SiteFacts(
        kind=kind,
        rest_countries=where,
        processing_countries=where,
        operator=provider.name,
        operator_country=seat,
        controlling_jurisdiction=controller,
        compelling_jurisdictions=compelling,
        certifications=provider.certifications or None,
        air_gapped=False,
    )


def _with_said(known: SiteFacts, scenario: Scenario, site_facts: Mapping[str, Any]) -> SiteFacts:
    _refuse_unknown_facts(site_facts, _SITE_FACTS)
    said = {
        _plain(name, "site"): value
        for name, value in (*scenario.law.facts.items(), *site_facts.items())
        if _plain(name, "site") in _SITE_FACTS
    }
    return replace(known, **{name: _fact(value) for name, value in said.items()})


def _refuse_unknown_facts(said: Mapping[str, Any], known: frozenset[str]) -> None:
    import difflib

    for name in said:
        plain = name.split(".", 1)[-1]
        if plain not in known:
            near = difflib.get_close_matches(plain, known, n=1)
            raise InputError(
                f"no rule asks for a fact '{name}'",
                "law.facts",
                f"Did you mean '{near[0]}'?" if near else "`millwright law facts` lists the facts that rules ask for.",
            )


def _plain(name: str, prefix: str) -> str:
    return name.removeprefix(f"{prefix}.")


def _fact(value: Any) -> Any:
    return tuple(value) if isinstance(value, list | tuple) else value


def _known(name: str) -> str | None:
    return None if name in ("", "unknown") else name
