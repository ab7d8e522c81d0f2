"""What `millwright check` found, as one JSON document: each place, each rule's answer, what is missing, whose word."""

from __future__ import annotations

from typing import Any

from millwright.law.evaluate import DISCLAIMER, RuleFinding
from millwright.law.facts import values_of
from millwright.law.sovereignty import ObjectiveScore
from millwright.law.survey import Place, Survey


def findings_document(found: Survey, *, proof: bool) -> dict[str, Any]:
    """Return the document; `proof` adds the whole proof of each rule's answer."""
    return {
        "verdict": str(found.verdict),
        "as_of": found.as_of.isoformat(),
        "rule_base_version": found.rules.version,
        "disclaimer": DISCLAIMER,
        "what_if": list(found.rules.assumed),
        "assumed": [{"fact": each.fact, "value": each.value, "why": each.why} for each in found.assumed],
        "not_covered": list(found.not_covered),
        "places": [_place(place, proof) for place in found.places],
    }


def _place(place: Place, proof: bool) -> dict[str, Any]:
    finding = place.finding
    return {
        "workload": place.workload,
        "site": place.site,
        "kind": place.kind,
        "provider": place.provider or None,
        "country": place.country or None,
        "offers": list(place.offers),
        "verdict": str(finding.verdict),
        "missing_facts": finding.questions,
        "findings": [_rule(each, proof) for each in finding.findings],
        "contradictions": [
            {"rules": [each.rule_id, each.other_rule_id], "fact": each.fact, "reason": each.reason}
            for each in finding.contradictions
        ],
        "past_review": list(finding.past_review),
        "facts": {
            fact: {"value": value, "from": place.origins[fact]}
            for fact, value in values_of(place.workload_facts, place.site_facts).items()
            if fact in place.origins
        },
        "sovereignty": {
            "low": place.sovereignty.low,
            "high": place.sovereignty.high,
            "seal_low": place.sovereignty.seal_low,
            "seal_high": place.sovereignty.seal_high,
            "objectives": [_objective(each) for each in place.sovereignty.objectives],
            "missing_facts": list(place.sovereignty.missing_facts),
        },
        "air_gap": {
            "feasible": str(place.air_gap.feasible),
            "needs": [
                {"id": each.id, "what": each.what, "carried_in": str(each.carried_in), "how": each.how}
                for each in place.air_gap.needs
            ],
        },
    }


def _objective(score: ObjectiveScore) -> dict[str, Any]:
    return {
        "id": score.id,
        "title": score.title,
        "weight": score.weight,
        "low": score.low,
        "high": score.high,
        "answers": [
            {
                "level": each.level,
                "asks": each.plain,
                "verdict": str(each.verdict),
                "facts": list(each.facts),
                "claimed_by": each.claimed_by,
            }
            for each in score.answers
        ],
    }


def _rule(finding: RuleFinding, proof: bool) -> dict[str, Any]:
    document: dict[str, Any] = {
        "rule": finding.rule_id,
        "instrument": finding.instrument,
        "pinpoint": finding.pinpoint,
        "effect": str(finding.effect),
        "binds": finding.binds,
        "status": str(finding.status),
        "verdict": str(finding.verdict),
        "reason": finding.reason,
        "missing_facts": list(finding.missing_facts),
        "quote": finding.quote,
        "read_in": finding.read_in,
        "note": finding.note,
        "unverified": finding.unverified,
        "link": finding.link,
        "remedy": finding.remedy,
        "evidence": list(finding.evidence),
    }
    if proof:
        document["proof"] = list(finding.proof.lines())
    return document
