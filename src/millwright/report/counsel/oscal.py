"""The rules, the places and the verdicts in OSCAL 1.1 (JSON), for tools that gather evidence.

A rule is a control of a catalogue, a place a component that says how it meets each rule, and a survey the results of an
assessment. OSCAL knows two states: what is open counts as not satisfied, with the reason `other` and a remark.
Identifiers follow from what they name, so that the same survey gives the same files.

NIST, Open Security Controls Assessment Language: catalog, component definition and assessment results, version 1.1.2.
"""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from millwright.law.evaluate import DISCLAIMER, RuleFinding
from millwright.law.kleene import Verdict
from millwright.law.rule import Rule
from millwright.law.survey import Place, Survey
from millwright.report.counsel.stamp import stamp_of

OSCAL_VERSION = "1.1.2"
NAMESPACE = "https://millwright.invalid/ns/oscal"
"""Of our own properties; `.invalid` never resolves, so that no tool goes and asks for it."""
CATALOG_FILE = "catalog.json"
_ROOT = uuid.uuid5(uuid.NAMESPACE_URL, NAMESPACE)
_STATES = {
    Verdict.YES: ("satisfied", "pass"),
    Verdict.NO: ("not-satisfied", "fail"),
    Verdict.UNKNOWN: ("not-satisfied", "other"),
}


def catalog(survey: Survey, made: dt.datetime) -> dict[str, Any]:
    """Return the rule base as an OSCAL catalogue: a group for each instrument, a control for each rule."""
    groups: dict[str, list[Rule]] = {}
    for rule in survey.rules.rules:
        groups.setdefault(rule.instrument.id, []).append(rule)
    body = {
        "uuid": _id("catalog", survey.rules.version),
        "metadata": _metadata("Rules of law, contracts and standards for LLM inference", survey, made),
        "groups": [
            {
                "id": _token(name),
                "title": _line(rules[0].instrument.title),
                "controls": [_control(each) for each in rules],
            }
            for name, rules in groups.items()
        ],
    }
    return {"catalog": body}


def component_definition(survey: Survey, name: str, made: dt.datetime) -> dict[str, Any]:
    """Return each place as a component, with how it stands to every rule that applies to it."""
    body = {
        "uuid": _id("component-definition", name, *_world(survey)),
        "metadata": _metadata(f"{name}: places where it may run", survey, made),
        "components": [_component(place, name, survey) for place in survey.places],
    }
    return {"component-definition": body}


def assessment_results(survey: Survey, name: str, made: dt.datetime) -> dict[str, Any]:
    """Return the verdicts: one result for each workload at each place, one finding for each rule that applies."""
    plan = _id("assessment-plan", name)
    body = {
        "uuid": _id("assessment-results", name, *_world(survey)),
        "metadata": _metadata(f"{name}: may it run there", survey, made),
        "import-ap": {
            "href": f"#{plan}",
            "remarks": "There is no separate plan: every rule in force is asked of every place.",
        },
        "results": [_result(place, name, survey, made) for place in survey.places],
        "back-matter": {
            "resources": [
                {
                    "uuid": plan,
                    "title": "How it was assessed",
                    "description": "`millwright check` asked every rule in force of every place in the scenario.",
                }
            ]
        },
    }
    return {"assessment-results": body}


def _metadata(title: str, survey: Survey, made: dt.datetime) -> dict[str, Any]:
    moment = _moment(made)
    return {
        "title": _line(title),
        "last-modified": moment,
        "version": survey.rules.version,
        "oscal-version": OSCAL_VERSION,
        "props": _props({"as-of": survey.as_of.isoformat(), "rule-base-version": survey.rules.version}),
        "remarks": stamp_of(survey),
    }


def _control(rule: Rule) -> dict[str, Any]:
    marks = {
        "label": f"{rule.instrument.id} {rule.pinpoint}",
        "effect": str(rule.effect),
        "rule-status": str(rule.status),
        "unverified": "yes" if rule.unverified else "no",
        "since": rule.since.isoformat() if rule.since else "",
        "until": rule.until.isoformat() if rule.until else "",
        "review-by": rule.review_by.isoformat() if rule.review_by else "",
    }
    control: dict[str, Any] = {
        "id": _token(rule.id),
        "title": _line(f"{rule.instrument.id} {rule.pinpoint}"),
        "props": _props(marks),
        "parts": [{"id": f"{_token(rule.id)}_smt", "name": "statement", "prose": rule.plain}],
    }
    if rule.link:
        control["links"] = [{"href": rule.link, "rel": "reference"}]
    return control


def _component(place: Place, name: str, survey: Survey) -> dict[str, Any]:
    id_ = _place_id(place, name, survey)
    component: dict[str, Any] = {
        "uuid": id_,
        "type": "service" if place.provider else "physical",
        "title": _line(f"{place.workload} at {place.title}"),
        "description": f"Verdict: {place.finding.verdict}. {DISCLAIMER}",
        "props": _props({"verdict": str(place.finding.verdict), "site": place.site, "country": place.country}),
    }
    if place.finding.findings:
        component["control-implementations"] = [
            {
                "uuid": _id("control-implementation", id_),
                "source": CATALOG_FILE,
                "description": f"How it stands to rule base {survey.rules.version} on {survey.as_of.isoformat()}.",
                "implemented-requirements": [
                    {
                        "uuid": _id("implemented-requirement", id_, each.rule_id),
                        "control-id": _token(each.rule_id),
                        "description": each.reason,
                        "props": _props({"verdict": str(each.verdict), "effect": str(each.effect)}),
                    }
                    for each in place.finding.findings
                ],
            }
        ]
    return component


def _result(place: Place, name: str, survey: Survey, made: dt.datetime) -> dict[str, Any]:
    id_ = _place_id(place, name, survey)
    moment = _moment(made)
    marks = {
        "verdict": str(place.finding.verdict),
        "as-of": survey.as_of.isoformat(),
        "rule-base-version": survey.rules.version,
    }
    result: dict[str, Any] = {
        "uuid": _id("result", id_),
        "title": _line(f"{place.workload} at {place.title}"),
        "description": f"Verdict: {place.finding.verdict}. {stamp_of(survey)}",
        "start": moment,
        "end": moment,
        "props": _props(marks),
        "local-definitions": {
            "components": [
                {
                    "uuid": id_,
                    "type": "service" if place.provider else "physical",
                    "title": _line(place.title),
                    "description": f"{place.kind} site {place.site}",
                    "status": {"state": "other", "remarks": "Considered, not yet in operation."},
                }
            ]
        },
        "reviewed-controls": {"control-selections": [_selection(place)]},
    }
    if place.finding.findings:
        result["observations"] = [_observation(each, id_, moment) for each in place.finding.findings]
        result["findings"] = [_finding(each, id_) for each in place.finding.findings]
    return result


def _selection(place: Place) -> dict[str, Any]:
    if not place.finding.findings:
        return {"include-all": {}, "remarks": "No rule in force applies."}
    return {"include-controls": [{"control-id": _token(each.rule_id)} for each in place.finding.findings]}


def _observation(finding: RuleFinding, place_id: str, moment: str) -> dict[str, Any]:
    return {
        "uuid": _id("observation", place_id, finding.rule_id),
        "title": _line(f"Facts behind {finding.instrument} {finding.pinpoint}"),
        "description": "\n".join(finding.proof.lines()),
        "methods": ["EXAMINE"],
        "subjects": [{"subject-uuid": place_id, "type": "component"}],
        "collected": moment,
    }


def _finding(finding: RuleFinding, place_id: str) -> dict[str, Any]:
    state, reason = _STATES[finding.verdict]
    status: dict[str, Any] = {"state": state, "reason": reason}
    if finding.verdict is Verdict.UNKNOWN:
        status["remarks"] = f"Unknown: these facts are missing: {', '.join(finding.missing_facts)}."
    return {
        "uuid": _id("finding", place_id, finding.rule_id),
        "title": _line(f"{finding.instrument} {finding.pinpoint}: {finding.verdict}"),
        "description": finding.reason,
        "props": _props({"verdict": str(finding.verdict), "effect": str(finding.effect)}),
        "target": {"type": "statement-id", "target-id": f"{_token(finding.rule_id)}_smt", "status": status},
        "related-observations": [{"observation-uuid": _id("observation", place_id, finding.rule_id)}],
    }


def _place_id(place: Place, name: str, survey: Survey) -> str:
    return _id("place", name, place.workload, place.site, place.provider, place.country, *_world(survey))


def _world(survey: Survey) -> Iterable[str]:
    """What tells one survey of a scenario from another: day, rules, what-ifs."""
    return survey.as_of.isoformat(), survey.rules.version, *survey.rules.assumed


def _id(*names: str) -> str:
    return str(uuid.uuid5(_ROOT, "\n".join(names)))


def _props(values: Mapping[str, str]) -> list[dict[str, str]]:
    """Return properties of our own namespace; OSCAL forbids empty values and line breaks."""
    lines = {name: _line(value) for name, value in values.items()}
    return [{"name": name, "ns": NAMESPACE, "value": value} for name, value in lines.items() if value]


def _token(text: str) -> str:
    """Return text as an OSCAL token: letters, digits, dots, dashes; it starts with a letter or underscore."""
    token = re.sub(r"[^\w.\-]", "-", text)
    return token if re.match(r"[^\W\d]", token) else f"_{token}"


def _line(text: str) -> str:
    return " ".join(text.split())


def _moment(made: dt.datetime) -> str:
    return made.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
