"""Forty worked cases: a workload, a site, a day; the verdict a careful reader of the articles would give, and why.

`rules` are the binding rules that must be among those which decide; `missing` the facts that must be asked for.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from millwright.law.evaluate import evaluate
from millwright.law.facts import SiteFacts, WorkloadFacts
from millwright.law.kleene import Verdict
from millwright.law.load import load_rules

RULES = load_rules()
YES, NO, UNKNOWN = Verdict.YES, Verdict.NO, Verdict.UNKNOWN

ORDINARY = WorkloadFacts(
    data_classes=("internal",),
    subjects=("DE",),
    organisation_country="DE",
    sector="general",
    public_body=False,
    central_government=False,
    covered_entity=False,
    financial_entity=False,
    essential_entity=False,
    critical_function=False,
    critical_infrastructure=False,
    ccpa_business=False,
    prohibited_practice=False,
    restricted_use=False,
    commercial_use=True,
    modifies_model=False,
    trains_other_models=False,
    critical_decisions_in_eu=True,
    monthly_active_users=0.0,
    model_licence="Apache-2.0",
)
PERSONAL = replace(ORDINARY, data_classes=("personal",))
HOSPITAL_DE = replace(ORDINARY, data_classes=("health",), sector="health")
HOSPITAL_FR = replace(HOSPITAL_DE, organisation_country="FR", subjects=("FR",))
HOSPITAL_US = replace(
    HOSPITAL_DE, organisation_country="US", subjects=("US",), covered_entity=True, critical_decisions_in_eu=False
)
BANK_DE = replace(PERSONAL, sector="finance", financial_entity=True, critical_function=True)
AMERICAN = replace(ORDINARY, organisation_country="US", subjects=("US",), critical_decisions_in_eu=False)


def cloud(country: str, seat: str, **more: Any) -> SiteFacts:
    return replace(
        SiteFacts(
            kind="cloud",
            rest_countries=(country,),
            processing_countries=(country,),
            operator_country=seat,
            controlling_jurisdiction=seat,
            compelling_jurisdictions=tuple(dict.fromkeys((country, seat))),
            establishment_countries=(seat,),
            certifications=(),
            trains_on_inputs=False,
            air_gapped=False,
            dpf_certified=False,
            sccs_signed=False,
        ),
        **more,
    )


def own(country: str, **more: Any) -> SiteFacts:
    facts = replace(cloud(country, country), kind="owned", key_holder="customer")
    return replace(facts, **more)


@dataclass(frozen=True)
class Case:
    name: str
    workload: WorkloadFacts
    site: SiteFacts
    verdict: Verdict
    rules: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    as_of: dt.date = field(default=dt.date(2026, 11, 21))


EU_ONLY = replace(ORDINARY, residency=("EU",), allowed_jurisdictions=("EU",))

CASES = [
    # residency, control, compulsion, air gap
    Case("internal data in an own room", ORDINARY, own("DE"), YES),
    Case("internal data, American cloud in Frankfurt, no limits set", ORDINARY, cloud("DE", "US"), YES),
    Case(
        "EU limits, American cloud in Frankfurt",
        EU_ONLY,
        cloud("DE", "US"),
        NO,
        ("scenario-control", "scenario-compulsion"),
    ),
    Case("EU limits, French cloud in France", EU_ONLY, cloud("FR", "FR"), YES),
    Case(
        "EU limits, French cloud in Canada",
        EU_ONLY,
        cloud("CA", "FR"),
        NO,
        ("scenario-residency", "scenario-compulsion"),
    ),
    Case(
        "EU limits, Dutch cloud with an American branch",
        EU_ONLY,
        cloud("FI", "NL", compelling_jurisdictions=("FI", "NL", "?")),
        UNKNOWN,
        ("scenario-compulsion",),
        ("site.compelling_jurisdictions",),
    ),
    Case(
        "residency EU, in Norway", replace(ORDINARY, residency=("EU",)), cloud("NO", "NO"), NO, ("scenario-residency",)
    ),
    Case("residency EEA, in Norway", replace(ORDINARY, residency=("EEA",)), cloud("NO", "NO"), YES),
    Case(
        "residency EU, API that does not say where",
        replace(ORDINARY, residency=("EU",)),
        cloud("DE", "DE", kind="api", rest_countries=None, processing_countries=None),
        UNKNOWN,
        ("scenario-residency",),
        ("site.rest_countries", "site.processing_countries"),
    ),
    Case(
        "air gap asked, cloud", replace(ORDINARY, air_gap_required=True), cloud("DE", "DE"), NO, ("scenario-air-gap",)
    ),
    Case("air gap asked, cut off", replace(ORDINARY, air_gap_required=True), own("DE", air_gapped=True), YES),
    Case(
        "own keys asked, not said who holds them",
        replace(ORDINARY, customer_keys_required=True),
        cloud("DE", "US"),
        UNKNOWN,
        ("scenario-keys",),
        ("site.key_holder",),
    ),
    # GDPR chapter V
    Case("personal data in the EEA", PERSONAL, cloud("NO", "NO"), YES),
    Case("personal data in Brazil after the decision", PERSONAL, cloud("BR", "BR"), YES),
    Case(
        "personal data in Brazil the day before",
        PERSONAL,
        cloud("BR", "BR"),
        NO,
        ("gdpr-44-transfer",),
        as_of=dt.date(2026, 1, 25),
    ),
    Case("personal data in the United States, no framework", PERSONAL, cloud("US", "US"), NO, ("gdpr-44-transfer",)),
    Case("personal data in the United States, certified", PERSONAL, cloud("US", "US", dpf_certified=True), YES),
    Case(
        "personal data in the United States, certificate not known",
        PERSONAL,
        cloud("US", "US", dpf_certified=None),
        UNKNOWN,
        ("gdpr-44-transfer",),
        ("site.dpf_certified",),
    ),
    Case(
        "personal data in India, clauses and assessment",
        PERSONAL,
        cloud("IN", "IN", sccs_signed=True, transfer_assessment=True),
        YES,
    ),
    Case(
        "personal data in India, clauses alone",
        PERSONAL,
        cloud("IN", "IN", sccs_signed=True, transfer_assessment=False),
        NO,
        ("gdpr-44-transfer",),
    ),
    Case(
        "personal data in the United Kingdom on the last day",
        PERSONAL,
        cloud("GB", "GB"),
        YES,
        as_of=dt.date(2031, 12, 27),
    ),
    Case(
        "personal data in the United Kingdom the day after",
        PERSONAL,
        cloud("GB", "GB"),
        NO,
        ("gdpr-44-transfer",),
        as_of=dt.date(2031, 12, 28),
    ),
    Case(
        "an API that trains on prompts",
        PERSONAL,
        cloud("DE", "DE", kind="api", trains_on_inputs=True),
        NO,
        ("gdpr-28-instructions",),
    ),
    Case(
        "Americans' data at an American company", replace(AMERICAN, data_classes=("personal",)), cloud("US", "US"), YES
    ),
    # health
    Case("German hospital, own room", HOSPITAL_DE, own("DE"), YES),
    Case(
        "German hospital, attested cloud in France",
        HOSPITAL_DE,
        cloud("FR", "FR", certifications=("C5 type 2",), establishment_countries=("DE", "FR")),
        YES,
    ),
    Case(
        "German hospital, cloud without attestation",
        HOSPITAL_DE,
        cloud("FR", "FR", establishment_countries=("DE",)),
        NO,
        ("sgb-v-393-c5-type-2",),
    ),
    Case(
        "German hospital, type 1 the day before type 2 was due",
        HOSPITAL_DE,
        cloud("DE", "DE", certifications=("C5 type 1",)),
        YES,
        as_of=dt.date(2025, 6, 30),
    ),
    Case(
        "German hospital, type 1 on the day",
        HOSPITAL_DE,
        cloud("DE", "DE", certifications=("C5 type 1",)),
        NO,
        ("sgb-v-393-c5-type-2",),
        as_of=dt.date(2025, 7, 1),
    ),
    Case("French hospital, host without HDS", HOSPITAL_FR, cloud("FR", "FR"), NO, ("hds-certificate",)),
    Case(
        "French hospital, HDS host outside the EEA",
        HOSPITAL_FR,
        cloud("CA", "FR", certifications=("HDS",), sccs_signed=True, transfer_assessment=True),
        NO,
        ("hds-place",),
    ),
    Case("American hospital, agreement signed", HOSPITAL_US, cloud("US", "US", baa_signed=True), YES),
    Case("American hospital, agreement refused", HOSPITAL_US, cloud("US", "US", baa_signed=False), NO, ("hipaa-baa",)),
    Case(
        "American hospital, agreement not mentioned",
        HOSPITAL_US,
        cloud("US", "US"),
        UNKNOWN,
        ("hipaa-baa",),
        ("site.baa_signed",),
    ),
    # finance, cards
    Case(
        "German bank, no exit plan",
        BANK_DE,
        cloud("DE", "DE", exit_plan=False, audit_rights=True),
        NO,
        ("dora-28-exit",),
    ),
    Case("German bank, plan and audit rights", BANK_DE, cloud("DE", "US", exit_plan=True, audit_rights=True), YES),
    Case(
        "German bank the day before DORA",
        BANK_DE,
        cloud("DE", "DE", exit_plan=False, audit_rights=False),
        YES,
        as_of=dt.date(2025, 1, 16),
    ),
    Case(
        "card data at an API without attestation",
        replace(ORDINARY, data_classes=("payment-card",)),
        cloud("DE", "DE"),
        NO,
        ("pci-provider",),
    ),
    # state, defence
    Case(
        "French ministry, cloud without SecNumCloud",
        replace(HOSPITAL_FR, sector="public", public_body=True, central_government=True),
        cloud("FR", "FR", certifications=("ISO 27001",)),
        NO,
        ("fr-cloud-au-centre",),
    ),
    Case(
        "classified data at an API",
        replace(ORDINARY, data_classes=("classified",)),
        cloud("DE", "DE", kind="api"),
        NO,
        ("classified-accredited",),
    ),
    Case(
        "American agency, FedRAMP High",
        replace(AMERICAN, public_body=True, central_government=True),
        cloud("US", "US", certifications=("FedRAMP High",)),
        YES,
    ),
    # other countries
    Case(
        "Chinese subjects, cloud in Singapore",
        replace(PERSONAL, subjects=("CN",)),
        cloud("SG", "SG", china_transfer_tool=False, sccs_signed=True, transfer_assessment=True),
        NO,
        ("pipl-38-export",),
    ),
    Case(
        "British company, cloud in Ireland",
        replace(PERSONAL, organisation_country="GB", subjects=("GB",)),
        cloud("IE", "US"),
        YES,
    ),
    Case(
        "Swiss company, cloud in Singapore",
        replace(PERSONAL, organisation_country="CH", subjects=("CH",)),
        cloud("SG", "SG"),
        NO,
        ("fadp-16-abroad",),
    ),
    # models, chips
    Case(
        "Llama 4 on one's own machine in the EU",
        replace(ORDINARY, model_licence="Llama 4 Community License"),
        own("DE"),
        NO,
        ("llama-4-eu",),
    ),
    Case(
        "Llama 4 through an API in the EU",
        replace(ORDINARY, model_licence="Llama 4 Community License"),
        cloud("DE", "DE", kind="api"),
        YES,
    ),
    Case(
        "non-commercial weights in a business",
        replace(ORDINARY, model_licence="CC-BY-NC-4.0"),
        own("DE"),
        NO,
        ("licence-non-commercial",),
    ),
    Case(
        "licence not known",
        replace(ORDINARY, model_licence=None),
        own("DE"),
        UNKNOWN,
        ("licence-non-commercial", "licence-research-only", "llama-4-eu"),
        ("workload.model_licence",),
    ),
    Case(
        "controlled chips in an own room in China",
        replace(ORDINARY, organisation_country="CN", subjects=("CN",), critical_decisions_in_eu=False),
        own("CN", controlled_accelerators=True, export_licence=False),
        NO,
        ("ear-accelerators",),
    ),
    Case(
        "a practice that the AI Act forbids",
        replace(ORDINARY, prohibited_practice=True),
        own("DE"),
        NO,
        ("aia-5-prohibited",),
    ),
]


def test_there_are_forty_cases_of_all_three_kinds() -> None:
    assert len(CASES) >= 40
    assert {case.verdict for case in CASES} == set(Verdict)
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_worked_case(case: Case) -> None:
    found = evaluate(RULES, case.workload, case.site, case.as_of)
    why = [(each.rule_id, each.missing_facts) for each in found.deciding if case.verdict is not found.verdict]
    assert found.verdict is case.verdict, why
    if case.rules:
        assert set(case.rules) == {each.rule_id for each in found.deciding if each.verdict is case.verdict}
    assert set(case.missing) <= set(found.missing_facts)
    assert bool(found.missing_facts) is (case.verdict is UNKNOWN)
