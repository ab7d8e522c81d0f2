"""A rule as plain JSON: for the command line, the API and the page."""

from __future__ import annotations

import difflib
from typing import Any

from millwright.errors import InputError
from millwright.law.rule import Rule, RuleBase
from millwright.law.wording import wording_of


def rule_named(rules: RuleBase, name: str) -> Rule:
    """Return the rule of that id; raises InputError with the nearest one."""
    try:
        return rules.rule(name)
    except KeyError:
        near = difflib.get_close_matches(name, [each.id for each in rules.rules], n=1)
        remedy = f"Did you mean {near[0]}?" if near else "See `millwright law list`."
        raise InputError(f"no rule is called '{name}'", remedy=remedy) from None


def rule_json(rule: Rule) -> dict[str, Any]:
    """Return a rule whole: citation, dates, conditions, exemptions, examples."""
    return {
        "id": rule.id,
        "version": rule.version,
        "instrument": rule.instrument.id,
        "citation": rule.instrument.citation,
        "pinpoint": rule.pinpoint,
        "plain": rule.plain,
        "wording": str(wording_of(rule)),
        "quote": rule.quote,
        "read_in": rule.read_in,
        "unverified": rule.unverified,
        "link": rule.link,
        "jurisdiction": rule.instrument.jurisdiction,
        "sector": rule.instrument.sector,
        "effect": str(rule.effect),
        "binds": rule.binds,
        "status": str(rule.status),
        "since": rule.since.isoformat() if rule.since else None,
        "until": rule.until.isoformat() if rule.until else None,
        "applies": str(rule.applies),
        "asks": str(rule.asks),
        "unless": [{"pinpoint": each.pinpoint, "when": str(each.when)} for each in rule.exemptions],
        "evidence": list(rule.evidence),
        "remedy": rule.remedy,
        "note": rule.note,
        "reviewer": rule.reviewer,
        "review_by": rule.review_by.isoformat() if rule.review_by else None,
        "examples": [{"name": each.name, "gives": str(each.verdict or "not applicable")} for each in rule.examples],
    }
