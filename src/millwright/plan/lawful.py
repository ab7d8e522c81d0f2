"""May it run there: the scenario and the catalogue as the facts that rules ask for, and the findings as published."""

from __future__ import annotations

import datetime as dt

from millwright.catalog.architecture import Architecture
from millwright.catalog.catalog import Catalog
from millwright.catalog.offer import ApiOffer
from millwright.fleet.platform import Platform
from millwright.law.case import owned_site_facts, rented_site_facts, workload_facts_of
from millwright.law.coverage import not_covered
from millwright.law.evaluate import LawFinding, evaluate
from millwright.law.facts import SiteFacts, WorkloadFacts
from millwright.law.rule import RuleBase
from millwright.plan.option_model import Law, Verdict
from millwright.plan.option_model import LawFinding as PublishedFinding
from millwright.scenario.model import ApiSite, ColoSite, OwnedSite, Scenario, Workload


def workload_facts(scenario: Scenario, workload: Workload, model: Architecture) -> WorkloadFacts:
    """Return what is known of a workload, its model and the organisation; raises InputError for an unknown fact."""
    return workload_facts_of(scenario, workload, model.licence or None)[0]


def platform_facts(scenario: Scenario, platform: Platform, catalog: Catalog | None = None) -> SiteFacts:
    """Return what is known of a machine's site: our own room, a colocation, or a provider's region.

    The `catalog` knows the certificates of whoever runs a colocation.
    """
    site = platform.site
    if isinstance(site, OwnedSite | ColoSite):
        landlord = site.operator if isinstance(site, ColoSite) else None
        operator = catalog.provider(landlord) if catalog is not None and landlord else None
        return owned_site_facts(site, scenario, operator)
    return rented_site_facts("cloud", platform.country, platform.provider, scenario, site.facts)


def api_facts(scenario: Scenario, site: ApiSite, offer: ApiOffer, catalog: Catalog) -> SiteFacts:
    """Return what is known of an API: the country it is served from if the provider says so."""
    provider = catalog.provider(offer.provider_id)
    return rented_site_facts("api", offer.country or offer.area, provider, scenario, site.facts)


def not_covered_by(rules: RuleBase, scenario: Scenario, catalog: Catalog, as_of: dt.date) -> tuple[str, ...]:
    """Return in sentences which law the rule base does not hold that may bear on the workloads."""
    facts = [workload_facts(scenario, each, catalog.model(each.model)) for each in scenario.workloads]
    return not_covered(rules, list(dict.fromkeys(facts)), as_of)


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
            rules.setdefault(
                f"{each.rule_id} {each.verdict} {each.reason}",
                PublishedFinding(
                    rule_id=each.rule_id,
                    verdict=Verdict(str(each.verdict)),
                    effect=each.effect.value,
                    instrument=each.instrument,
                    pinpoint=each.pinpoint,
                    url=each.link,
                    status=str(each.status),
                    reason=each.reason,
                    missing_facts=each.missing_facts,
                    unverified=each.unverified,
                ),
            )
    return Law(verdict=verdict, findings=tuple(rules.values()))
