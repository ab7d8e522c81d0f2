"""What the rules ask about: facts of a workload and of a site, each of which may be unknown (None).

Where data sit, who operates, who controls the operator, who can compel access and who holds the keys are kept apart:
laws hang on each of them, and one does not follow from another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from types import MappingProxyType
from typing import Any

FactValue = bool | float | str | tuple[str, ...]
"""What a fact may be. A tuple is a set: `()` means none, None means not known."""

AND_PERHAPS_OTHERS = "?"
"""A member of a set that is only partly known: `("US", "?")` says that the United States are in it, others may be."""


def _ask(question: str, default: Any = None) -> Any:
    return field(default=default, metadata={"ask": question})


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """One place where a workload may run. Countries are ISO 3166-1 alpha-2 codes or names of legal areas (`EU`)."""

    kind: str | None = _ask("is it owned, colo, cloud or api?")
    rest_countries: tuple[str, ...] | None = _ask("in which countries are data stored (logs and backups too)?")
    processing_countries: tuple[str, ...] | None = _ask("in which countries are data processed?")
    operator: str | None = _ask("who operates it?")
    operator_country: str | None = _ask("where does the operator have its seat?")
    controlling_jurisdiction: str | None = _ask("under which country's law does whoever controls the operator stand?")
    compelling_jurisdictions: tuple[str, ...] | None = _ask("which countries can compel access to the data?")
    key_holder: str | None = _ask("who holds the encryption keys: customer, operator or third_party?")
    support_countries: tuple[str, ...] | None = _ask("from which countries may support staff reach the system?")
    telemetry_countries: tuple[str, ...] | None = _ask("to which countries do telemetry and usage data flow?")
    subprocessor_countries: tuple[str, ...] | None = _ask("in which countries are subprocessors?")
    air_gapped: bool | None = _ask("is it cut off from outside networks?")
    certifications: tuple[str, ...] | None = _ask("which certificates cover this offer?")
    trains_on_inputs: bool | None = _ask("does the operator train models on what users send?")
    encryption_at_rest: bool | None = _ask("are stored data encrypted?")
    encryption_in_transit: bool | None = _ask("are data encrypted on the wire?")
    confidential_computing: bool | None = _ask("is memory encrypted and attested, so that the operator cannot read it?")
    processor_contract: bool | None = _ask("is a data-processing agreement (GDPR Art. 28) signed with the operator?")
    secrecy_bound: bool | None = _ask("are the operator and its helpers bound to professional secrecy?")
    baa_signed: bool | None = _ask("is a business associate agreement (HIPAA) signed with the operator?")
    sccs_signed: bool | None = _ask("are the EU's standard contractual clauses (or binding corporate rules) in place?")
    transfer_assessment: bool | None = _ask("is a transfer impact assessment done, with its supplementary measures?")
    uk_transfer_tool: bool | None = _ask("is a UK transfer agreement or addendum in place?")
    brazil_transfer_tool: bool | None = _ask("are Brazil's standard clauses in place?")
    china_transfer_tool: bool | None = _ask("is a Chinese security assessment, contract or certificate in place?")
    dpf_certified: bool | None = _ask(
        "is the operator on the Data Privacy Framework list (for the UK and Switzerland: with their part of it)?"
    )
    service_provider_contract: bool | None = _ask("is a CCPA service-provider contract in place?")
    audit_rights: bool | None = _ask("does the contract give audit and inspection rights?")
    exit_plan: bool | None = _ask("is there a tested plan to leave the operator?")
    switching_terms: bool | None = _ask("does the contract hold the Data Act's terms on switching?")
    ict_register: bool | None = _ask("is the contract in the register of ICT services?")
    establishment_countries: tuple[str, ...] | None = _ask(
        "in which countries does the operator have an establishment?"
    )
    controlled_accelerators: bool | None = _ask("are its accelerators under export control (ECCN 3A090, 4A090)?")
    export_licence: bool | None = _ask("is there an export licence for the accelerators?")
    eu_financed: bool | None = _ask(
        "are ownership and finance of the operator in the EU, safe from a change of control?"
    )
    source_code_access: bool | None = _ask("can the service be run on with its source code if the operator falls away?")
    eu_security_operations: bool | None = _ask("is security watched and handled from the EU?")
    supply_chain_documented: bool | None = _ask("is the origin of hardware and firmware documented?")
    supply_chain_audited: bool | None = _ask("may the supply chain be audited?")
    non_eu_replaceable: bool | None = _ask("can every part from outside the EU be replaced?")
    eu_hardware: bool | None = _ask("are the machines and their chips made in the EU?")
    open_interfaces: bool | None = _ask("are its interfaces open and documented?")
    open_source_engine: bool | None = _ask("is the inference engine open source?")
    open_source_stack: bool | None = _ask("is the whole stack above the hardware open source?")
    energy_reported: bool | None = _ask("does the operator publish its PUE and energy use?")
    pue: float | None = _ask("what is the PUE?")
    renewable_energy: bool | None = _ask("does it run on renewable energy?")
    circular_hardware: bool | None = _ask("is hardware reused, repaired and recycled?")


@dataclass(frozen=True, slots=True)
class WorkloadFacts:
    """One workload, its model, and the organisation behind it. Empty requirements mean that none is stated."""

    data_classes: tuple[str, ...] | None = _ask("which classes of data: public, internal, personal, special, health …?")
    subjects: tuple[str, ...] | None = _ask("where are the people whom the data are about?")
    purpose: str | None = _ask("what is it for?")
    residency: tuple[str, ...] = _ask("in which countries or areas must data stay?", ())
    allowed_jurisdictions: tuple[str, ...] = _ask("whose law may reach the data?", ())
    required_certifications: tuple[str, ...] = _ask("which certificates do you ask of an operator?", ())
    air_gap_required: bool = _ask("must it be cut off from outside networks?", False)
    customer_keys_required: bool = _ask("must you hold the keys?", False)
    organisation_country: str | None = _ask("in which country is the organisation?")
    sector: str | None = _ask("which sector: health, finance, public, defence, energy …?")
    public_body: bool | None = _ask("is the organisation a public body?")
    central_government: bool | None = _ask("is it a body of the central (federal) government?")
    employees: float | None = _ask("how many people work there?")
    turnover_eur: float | None = _ask("what is its turnover a year, in euros?")
    covered_entity: bool | None = _ask("is it a HIPAA covered entity or business associate?")
    financial_entity: bool | None = _ask("is it a financial entity under DORA?")
    essential_entity: bool | None = _ask("is it an essential or important entity under NIS2?")
    critical_function: bool | None = _ask("does it support a critical or important function?")
    ccpa_business: bool | None = _ask("is it a business under the CCPA?")
    critical_infrastructure: bool | None = _ask("does it run critical information infrastructure (China)?")
    legal_basis: bool | None = _ask("is a legal basis (GDPR Art. 6) recorded?")
    special_condition: bool | None = _ask("is a condition of GDPR Art. 9(2) recorded?")
    minimised: bool | None = _ask("are data kept to what is necessary, with a deletion period?")
    records_kept: bool | None = _ask("is it in the records of processing (GDPR Art. 30)?")
    dpia_done: bool | None = _ask("is a data protection impact assessment (GDPR Art. 35) done?")
    rights_assessed: bool | None = _ask(
        "is the effect on fundamental rights assessed and the authority told (AI Act Art. 27)?"
    )
    security_measures: bool | None = _ask("are the technical and organisational measures written down?")
    design_reviewed: bool | None = _ask("is data protection by design reviewed and recorded (GDPR Art. 25)?")
    automated_decisions: bool | None = _ask(
        "does it decide alone, with legal or similarly significant effect on people?"
    )
    human_review: bool | None = _ask("can a person review and change each decision?")
    high_risk: bool | None = _ask("is it a high-risk use under the AI Act (Annex I or III)?")
    prohibited_practice: bool | None = _ask("is it a practice that AI Act Art. 5 forbids?")
    interacts_with_people: bool | None = _ask("do people talk to it directly?")
    publishes_output: bool | None = _ask("is its output published as text, sound or picture?")
    tells_people: bool | None = _ask("are people told that it is a machine, and is output marked?")
    literate_staff: bool | None = _ask("are staff trained in the use of AI (AI Act Art. 4)?")
    high_risk_duties_met: bool | None = _ask(
        "are the deployer's duties for high-risk use met (oversight, logs, notice)?"
    )
    modifies_model: bool | None = _ask("is the model trained further with more than a third of its original compute?")
    gpai_duties_met: bool | None = _ask("are the duties of a provider of a general-purpose model met?")
    critical_decisions_in_eu: bool | None = _ask("is its output used in the EU?")
    model: str | None = _ask("which model?")
    open_weights: bool | None = _ask("are the model's weights open?")
    model_licence: str | None = _ask("under which licence are the model's weights?")
    commercial_use: bool | None = _ask("is the use commercial?")
    monthly_active_users: float | None = _ask("how many monthly active users have your products and affiliates?")
    trains_other_models: bool | None = _ask("are outputs used to train other models?")
    attribution_shown: bool | None = _ask("is the model's name shown as its licence asks?")
    restricted_use: bool | None = _ask("is it a use which the model's licence forbids?")
    multimodal: bool | None = _ask("does the model take pictures or sound?")
    embedded_in_product: bool | None = _ask("does the model ship inside a product of yours?")
    incident_process: bool | None = _ask("is there a process that reports incidents in time?")
    supply_chain_reviewed: bool | None = _ask("are suppliers assessed for security?")


Fact = str
"""A fact's name as rules write it: `site.key_holder`, `workload.sector`."""


@cache
def known_facts() -> Mapping[Fact, str]:
    """Return every fact's name and the question that asks for it."""
    return MappingProxyType(
        {
            f"{prefix}.{each.name}": each.metadata["ask"]
            for prefix, form in (("site", SiteFacts), ("workload", WorkloadFacts))
            for each in fields(form)
        }
    )


def question_of(fact: Fact) -> str:
    """Return the question whose answer is `fact`; raises KeyError for a fact that does not exist."""
    return known_facts()[fact]


def in_words(facts: Iterable[Fact], most: int | None = None) -> str:
    """Return facts as the questions that ask for them, one after the other, `most` of them and how many more there are.

    A name that is no fact stands as it is.
    """
    questions = [known_facts().get(fact, fact) for fact in facts]
    more = 0 if most is None else len(questions) - most
    rest = [f"(and {more} more)"] if more > 0 else []
    return " ".join([*questions[:most], *rest])


def values_of(workload: WorkloadFacts, site: SiteFacts) -> dict[Fact, FactValue | None]:
    """Return all facts by the names that rules use."""
    values: dict[Fact, FactValue | None] = {
        f"workload.{name}": getattr(workload, name) for name in _names(WorkloadFacts)
    }
    values.update({f"site.{name}": getattr(site, name) for name in _names(SiteFacts)})
    return values


@cache
def _names(form: type) -> tuple[str, ...]:
    return tuple(each.name for each in fields(form))
