"""The verdict over all rules: never yes while a fact is missing, no stays no, contradictions and switches are shown."""

from __future__ import annotations

import datetime as dt
from dataclasses import fields, replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from millwright.law.evaluate import evaluate
from millwright.law.facts import SiteFacts, WorkloadFacts, question_of
from millwright.law.kleene import Verdict
from millwright.law.load import load_rules
from millwright.law.rule import Status

RULES = load_rules()
TODAY = dt.date(2026, 11, 21)
COUNTRIES = ["DE", "FR", "US", "IN", "CN", "GB", "CH", "BR", "JP", "EU"]
CLASSES = ["public", "internal", "personal", "health", "payment-card", "classified"]

HOSPITAL = WorkloadFacts(
    data_classes=("health",),
    subjects=("DE",),
    residency=("EU",),
    allowed_jurisdictions=("EU",),
    organisation_country="DE",
    sector="health",
    financial_entity=False,
    covered_entity=False,
    essential_entity=True,
    public_body=False,
    central_government=False,
    prohibited_practice=False,
    restricted_use=False,
    model_licence="Llama 3.3 Community License",
    monthly_active_users=0.0,
    commercial_use=True,
    modifies_model=False,
    trains_other_models=False,
    critical_infrastructure=False,
)
OWN_ROOM = SiteFacts(
    kind="owned",
    rest_countries=("DE",),
    processing_countries=("DE",),
    operator_country="DE",
    controlling_jurisdiction="DE",
    compelling_jurisdictions=("DE",),
    key_holder="customer",
    support_countries=("DE",),
    subprocessor_countries=(),
    air_gapped=False,
    trains_on_inputs=False,
    dpf_certified=False,
)
FRANKFURT = SiteFacts(
    kind="cloud",
    rest_countries=("DE",),
    processing_countries=("DE",),
    operator="aws",
    operator_country="US",
    controlling_jurisdiction="US",
    compelling_jurisdictions=("DE", "US"),
    trains_on_inputs=False,
    air_gapped=False,
)


def test_a_hospital_may_use_its_own_room() -> None:
    found = evaluate(RULES, HOSPITAL, OWN_ROOM, TODAY)
    assert found.verdict is Verdict.YES, found.missing_facts
    assert found.missing_facts == ()
    assert {"gdpr-35-dpia", "gdpr-9-special"} <= {each.rule_id for each in found.duties}


def test_a_refusal_names_article_and_fact() -> None:
    found = evaluate(RULES, HOSPITAL, FRANKFURT, TODAY)
    assert found.verdict is Verdict.NO
    reasons = {each.rule_id: each.reason for each in found.deciding}
    assert "site.compelling_jurisdictions = DE, US" in reasons["scenario-compulsion"]
    assert "cloud-act" in {each.rule_id for each in found.warnings}


def test_unknown_names_the_question_to_answer() -> None:
    site = replace(FRANKFURT, controlling_jurisdiction="FR", compelling_jurisdictions=("DE", "FR"))
    found = evaluate(RULES, HOSPITAL, site, TODAY)
    assert found.verdict is Verdict.UNKNOWN
    assert set(found.missing_facts) == {"site.establishment_countries", "site.certifications"}
    assert found.questions["site.certifications"] == question_of("site.certifications")
    told = replace(site, establishment_countries=("DE",), certifications=("C5 type 2",))
    assert evaluate(RULES, HOSPITAL, told, TODAY).verdict is Verdict.YES


def test_every_output_says_day_version_and_that_it_is_no_advice() -> None:
    found = evaluate(RULES, HOSPITAL, OWN_ROOM, TODAY)
    assert (found.as_of, found.rule_base_version) == (TODAY, RULES.version)
    assert "not legal advice" in found.disclaimer


def test_what_if_the_eu_us_framework_falls() -> None:
    workload = WorkloadFacts(data_classes=("personal",), organisation_country="DE", subjects=("DE",))
    site = replace(
        FRANKFURT, rest_countries=("US",), processing_countries=("US",), dpf_certified=True, sccs_signed=False
    )
    now, then = (
        next(each for each in evaluate(rules, workload, site, TODAY).findings if each.rule_id == "gdpr-44-transfer")
        for rules in (RULES, RULES.assuming("dpf-annulled"))
    )
    assert (now.verdict, then.verdict) == (Verdict.YES, Verdict.NO)
    assert "2023/1795" in now.exemption
    assert evaluate(RULES.assuming("dpf-annulled"), workload, site, TODAY).assumed == ("dpf-annulled",)


def test_what_if_a_contested_rule_is_struck_down() -> None:
    site = replace(FRANKFURT, kind="cloud")
    asked = {each.rule_id for each in evaluate(RULES, HOSPITAL, site, TODAY).findings}
    struck = evaluate(RULES.assuming("fisa-702-struck-down"), HOSPITAL, site, TODAY)
    assert asked - {each.rule_id for each in struck.findings} == {"fisa-702"}
    assert struck.assumed == ("fisa-702-struck-down",)
    contested = {f"{rule.id}-struck-down" for rule in RULES.rules if rule.status is Status.CONTESTED}
    assert contested <= {switch.id for switch in RULES.switches}


def test_two_rules_that_exclude_each_other_are_reported() -> None:
    workload = replace(HOSPITAL, residency=("CN",), allowed_jurisdictions=())
    found = evaluate(RULES, replace(workload, sector="general"), OWN_ROOM, TODAY)
    pairs = {frozenset((each.rule_id, each.other_rule_id)) for each in found.contradictions}
    assert frozenset(("scenario-residency", "gdpr-44-transfer")) in pairs
    assert evaluate(RULES, HOSPITAL, OWN_ROOM, TODAY).contradictions == ()


def _maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


def _facts(form: type, given: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    forms = {each.name: str(each.type) for each in fields(form)}
    booleans = {name: _maybe(st.booleans()) for name, kind in forms.items() if kind == "bool | None"}
    return st.builds(form, **{**booleans, **given})


places = _maybe(st.lists(st.sampled_from(COUNTRIES), max_size=2, unique=True).map(tuple))
workloads = _facts(
    WorkloadFacts,
    {
        "data_classes": _maybe(st.lists(st.sampled_from(CLASSES), max_size=2, unique=True).map(tuple)),
        "subjects": places,
        "residency": st.lists(st.sampled_from(COUNTRIES), max_size=1).map(tuple),
        "allowed_jurisdictions": st.lists(st.sampled_from(COUNTRIES), max_size=1).map(tuple),
        "organisation_country": _maybe(st.sampled_from(COUNTRIES[:-1])),
        "sector": _maybe(st.sampled_from(["health", "finance", "public", "general"])),
        "model_licence": _maybe(st.sampled_from(["MIT", "Llama 4 Community License", "CC-BY-NC-4.0"])),
        "monthly_active_users": _maybe(st.floats(0, 1e9)),
    },
)
sites = _facts(
    SiteFacts,
    {
        "kind": _maybe(st.sampled_from(["owned", "colo", "cloud", "api"])),
        "rest_countries": places,
        "processing_countries": places,
        "controlling_jurisdiction": _maybe(st.sampled_from(COUNTRIES[:-1])),
        "compelling_jurisdictions": places,
        "operator_country": _maybe(st.sampled_from(COUNTRIES[:-1])),
        "certifications": _maybe(st.just(("C5 type 2", "HDS")) | st.just(())),
    },
)


@settings(max_examples=60, deadline=None)
@given(workloads, sites, st.data())
def test_a_further_fact_never_turns_the_verdict_round(
    workload: WorkloadFacts, site: SiteFacts, data: st.DataObject
) -> None:
    known = [each.name for each in fields(SiteFacts) if getattr(site, each.name) is not None]
    forgotten = data.draw(st.sets(st.sampled_from(known or ["kind"])))
    less = replace(site, **dict.fromkeys(forgotten))
    before, after = evaluate(RULES, workload, less, TODAY), evaluate(RULES, workload, site, TODAY)
    assert before.verdict is Verdict.UNKNOWN or before.verdict is after.verdict


@settings(max_examples=80, deadline=None)
@given(workloads, sites, st.data())
def test_yes_rests_on_no_missing_fact_and_no_stays_no(
    workload: WorkloadFacts, site: SiteFacts, data: st.DataObject
) -> None:
    """However what is missing turns out, of the workload or the site: yes stays yes, and no stays no."""
    before = evaluate(RULES, workload, site, TODAY)
    later = (_completed(workload, data.draw(workloads)), _completed(site, data.draw(sites)))
    after = evaluate(RULES, *later, TODAY)
    if before.verdict is not Verdict.UNKNOWN:
        assert after.verdict is before.verdict
    for rule in before.findings:
        if rule.verdict is Verdict.NO:
            assert rule.rule_id in {each.rule_id for each in after.findings if each.verdict is Verdict.NO}


@settings(max_examples=60, deadline=None)
@given(workloads, sites)
def test_a_lawful_room_stays_lawful_whatever_else_is_learnt(workload: WorkloadFacts, site: SiteFacts) -> None:
    assert evaluate(RULES, HOSPITAL, OWN_ROOM, TODAY).verdict is Verdict.YES
    later = (_completed(HOSPITAL, workload), _completed(OWN_ROOM, site))
    assert evaluate(RULES, *later, TODAY).verdict is Verdict.YES


def _completed(facts: Any, others: Any) -> Any:
    """Facts with what is missing taken from others."""
    missing = [each.name for each in fields(facts) if getattr(facts, each.name) is None]
    return replace(facts, **{name: getattr(others, name) for name in missing})


@settings(max_examples=60, deadline=None)
@given(workloads, sites)
def test_unknown_always_names_a_fact_and_yes_and_no_never_do(workload: WorkloadFacts, site: SiteFacts) -> None:
    found = evaluate(RULES, workload, site, TODAY)
    partly_known = any("EU" in (places or ()) for places in (site.rest_countries, site.processing_countries))
    if found.verdict is not Verdict.UNKNOWN:
        assert found.missing_facts == ()
    elif not partly_known:
        assert found.missing_facts
    assert found.verdict is not Verdict.YES or all(each.verdict is Verdict.YES for each in found.findings if each.binds)
