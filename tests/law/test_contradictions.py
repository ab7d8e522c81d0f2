"""Rules that exclude each other are reported, in each of the ways in which they can."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from millwright.law.evaluate import evaluate
from millwright.law.facts import SiteFacts, WorkloadFacts
from millwright.law.grammar import read_condition
from millwright.law.load import load_rules
from millwright.law.rule import Effect, Exemption, Rule, RuleBase

RULES = load_rules()
DAY = dt.date(2026, 11, 21)
WORKLOAD = WorkloadFacts(data_classes=("personal",), organisation_country="DE")
SITE = SiteFacts(kind="cloud")


def made(id_: str, asks: str, effect: Effect = Effect.REQUIRE, unless: str = "") -> Rule:
    exemptions = (Exemption("its own way out", read_condition(unless)),) if unless else ()
    return replace(
        RULES.rule("gdpr-44-transfer"),
        id=id_,
        effect=effect,
        applies=read_condition("workload.data_classes has personal"),
        asks=read_condition(asks),
        exemptions=exemptions,
    )


def base(*rules: Rule) -> RuleBase:
    return replace(RULES, version=f"made of {rules}", rules=rules)


@pytest.mark.parametrize(
    ("one", "other", "clash"),
    [
        ("site.rest_countries all in EEA", "site.rest_countries all in [CN]", True),
        ("site.rest_countries all in EEA", "site.rest_countries all in [DE, CN]", False),
        ("site.key_holder is customer", "site.key_holder is operator", True),
        ("site.key_holder is customer", "site.key_holder is customer", False),
        ("site.air_gapped", "not site.air_gapped", True),
        ("site.air_gapped", "site.open_interfaces", False),
        ("site.air_gapped and site.key_holder is customer", "site.key_holder is operator", True),
        ("site.air_gapped or site.key_holder is customer", "site.key_holder is operator", False),
    ],
)
def test_two_demands_on_one_fact_exclude_each_other_or_not(one: str, other: str, clash: bool) -> None:
    found = evaluate(base(made("one", one), made("other", other)), WORKLOAD, SITE, DAY)
    assert [(each.rule_id, each.other_rule_id) for each in found.contradictions] == (
        [("one", "other")] if clash else []
    )


def test_what_one_asks_and_another_forbids_is_a_contradiction() -> None:
    rules = base(made("asks", "site.air_gapped"), made("forbids", "site.air_gapped", Effect.FORBID))
    found = evaluate(rules, WORKLOAD, SITE, DAY)
    assert len(found.contradictions) == 1
    for told in (True, False):  # whatever the site, one of the two is broken: the verdict settles nothing silently
        here = evaluate(rules, WORKLOAD, replace(SITE, air_gapped=told), DAY)
        assert here.verdict == "no"
        assert here.contradictions


def test_a_way_out_is_named_and_settles_it_when_taken() -> None:
    rules = base(made("one", "site.air_gapped", unless="site.sccs_signed"), made("other", "not site.air_gapped"))
    found = evaluate(rules, WORKLOAD, SITE, DAY)
    assert "its own way out" in found.contradictions[0].reason
    used = evaluate(rules, WORKLOAD, replace(SITE, air_gapped=False, sccs_signed=True), DAY)
    assert (used.verdict, used.contradictions) == ("yes", ())


def test_a_rule_that_does_not_apply_contradicts_nothing() -> None:
    rules = base(made("one", "site.air_gapped"), made("other", "not site.air_gapped"))
    assert evaluate(rules, replace(WORKLOAD, data_classes=("public",)), SITE, DAY).contradictions == ()
