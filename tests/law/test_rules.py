"""The rule base itself: every rule is whole, its examples hold, and its areas agree with the catalogue's."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from millwright.catalog.catalog import load_catalog
from millwright.law.evaluate import evaluate, finding_of, world_of
from millwright.law.facts import SiteFacts, WorkloadFacts
from millwright.law.load import RuleFileError, load_rules, site_facts, workload_facts
from millwright.law.rule import Effect, Example, Rule, Status, quote_hash

RULES = load_rules()
TODAY = dt.date(2026, 11, 21)
EXAMPLES = [
    pytest.param(rule, example, id=f"{rule.id}: {example.name}") for rule in RULES.rules for example in rule.examples
]


@pytest.mark.parametrize(("rule", "example"), EXAMPLES)
def test_an_example_gives_what_it_says(rule: Rule, example: Example) -> None:
    day = example.as_of or max(TODAY, rule.since or TODAY)
    world = world_of(RULES, workload_facts(example.workload), site_facts(example.site), day)
    finding = finding_of(rule, world) if rule.in_force(day) else None
    assert (finding.verdict if finding else None) is example.verdict


@pytest.mark.parametrize("rule", RULES.rules, ids=lambda rule: rule.id)
def test_every_rule_has_an_example_where_it_applies_and_one_where_it_does_not(rule: Rule) -> None:
    answers = {example.verdict for example in rule.examples}
    assert None in answers
    assert len(answers) >= 2


@pytest.mark.parametrize("rule", RULES.rules, ids=lambda rule: rule.id)
def test_every_rule_is_cited_and_plain(rule: Rule) -> None:
    assert rule.pinpoint
    assert rule.plain.endswith(".")
    assert rule.instrument.citation
    if rule.instrument.id != "Scenario":
        assert rule.instrument.jurisdiction
        assert rule.link.startswith("https://")
        assert rule.review_by is not None
        assert bool(rule.quote) is not rule.unverified


def test_there_are_binding_rules_and_none_is_only_proposed() -> None:
    assert sum(rule.binds for rule in RULES.rules) >= 15
    assert not any(rule.binds for rule in RULES.rules if rule.status is Status.PROPOSED)


def test_a_rule_past_its_review_date_is_said_so() -> None:
    dated = [rule.review_by for rule in RULES.rules if rule.review_by is not None]
    assert RULES.past_review(min(dated)) == ()
    assert RULES.past_review(min(dated) + dt.timedelta(days=1))
    late = max(dated) + dt.timedelta(days=1)
    facts = WorkloadFacts(data_classes=("personal",), organisation_country="DE")
    assert "gdpr-44-transfer" in evaluate(RULES, facts, SiteFacts(), late).past_review


def test_the_areas_agree_with_the_catalogue() -> None:
    for country in load_catalog().countries():
        areas = set(country.legal_areas)
        assert ("EU" in areas) is (country.id in RULES.areas.countries("EU", TODAY))
        assert ("EEA" in areas) is (country.id in RULES.areas.countries("EEA", TODAY))
        for name in ("GDPR-adequate", "GDPR-adequate-in-part"):
            assert (name in areas) is (country.id in RULES.areas.countries(name, TODAY))


@pytest.mark.parametrize(
    ("area", "country", "last_day_out", "first_day_in"),
    [
        ("GDPR-adequate", "BR", dt.date(2026, 1, 25), dt.date(2026, 1, 26)),
        ("DPF", "US", dt.date(2023, 7, 9), dt.date(2023, 7, 10)),
    ],
)
def test_an_adequacy_decision_counts_from_its_day(
    area: str, country: str, last_day_out: dt.date, first_day_in: dt.date
) -> None:
    assert country not in RULES.areas.countries(area, last_day_out)
    assert country in RULES.areas.countries(area, first_day_in)


def test_uk_adequacy_ends_unless_renewed() -> None:
    assert "GB" in RULES.areas.countries("GDPR-adequate", dt.date(2031, 12, 27))
    assert "GB" not in RULES.areas.countries("GDPR-adequate", dt.date(2031, 12, 28))


def test_norway_is_not_read_as_no() -> None:
    assert "NO" in RULES.areas.countries("EEA", TODAY)


def test_a_quote_carries_its_hash() -> None:
    assert all(quote_hash(rule.quote) for rule in RULES.rules if rule.quote)
    assert quote_hash("a  b\nc") == quote_hash("a b c") != quote_hash("a b d")


def test_the_version_changes_with_the_rules(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    base = "version: 1\nareas: {}\nimplied_classes: {}\nswitches: {}\n"
    (tmp_path / "base.yaml").write_text(base)
    one = load_rules(tmp_path).version
    (tmp_path / "base.yaml").write_text(base + "certificates: {}\n")
    load_rules.cache_clear()
    assert load_rules(tmp_path).version != one
    load_rules.cache_clear()


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        (
            "{id: x, pinpoint: p, plain: P., effect: require, applies: site.kind is cloud, asks: site.nonsense}",
            "nonsense",
        ),
        ("{id: x, pinpoint: p, plain: P., effect: maybe, applies: site.air_gapped, asks: site.air_gapped}", "maybe"),
        ("{id: x, pinpoint: p, plain: P., effect: warn, applies: site.air_gapped, asks: site.air_gapped, hm: 1}", "hm"),
        (
            "{id: x, pinpoint: p, plain: P., effect: warn, applies: site.air_gapped, asks: site.air_gapped, quote: q}",
            "hash",
        ),
    ],
)
def test_a_malformed_rule_is_refused_by_name(rule: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "base.yaml").write_text("version: 1\nareas: {}\nimplied_classes: {}\nswitches: {}\n")
    instrument = "{id: I, title: t, citation: c, link: '', jurisdiction: EU}"
    (tmp_path / "rules" / "some.yaml").write_text(f"instrument: {instrument}\nrules:\n  - {rule}\n")
    with pytest.raises(RuleFileError, match=says):
        load_rules(tmp_path)


def test_a_proposed_rule_never_binds() -> None:
    rule = RULES.rule("gdpr-44-transfer")
    assert rule.binds
    assert not replace(rule, status=Status.PROPOSED).binds
    assert not replace(rule, effect=Effect.DUTY).binds
