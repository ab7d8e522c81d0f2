"""A reader sees at once which rules were verified against a text and which only cite an article."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from millwright.cli.law import app
from millwright.law.load import RuleFileError, load_rules
from millwright.law.rule import Rule
from millwright.law.wording import Wording, share_read, wording_of

RULES = load_rules().rules


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_quote_is_short_and_says_where_it_was_read(rule: Rule) -> None:
    assert bool(rule.quote) is bool(rule.read_in)
    assert len(rule.quote.split()) <= 60
    assert (wording_of(rule) is Wording.READ) is bool(rule.quote)


def test_the_scenarios_own_rules_are_neither_verified_nor_unverified() -> None:
    own = {rule.instrument.id for rule in RULES if wording_of(rule) is Wording.OWN}
    assert own == {"Scenario"}


def test_the_share_counts_rules_of_law_only() -> None:
    read = next(rule for rule in RULES if wording_of(rule) is Wording.READ)
    cited = next(rule for rule in RULES if wording_of(rule) is Wording.UNVERIFIED)
    own = next(rule for rule in RULES if wording_of(rule) is Wording.OWN)
    said = share_read([read, cited, cited, cited, own])
    assert "1 of 4 rules (25 %)" in said
    assert "cited only: 3; 1 more" in said
    assert share_read([]) == "No rule of law."


def test_the_list_marks_each_rule_and_states_the_share() -> None:
    output = CliRunner().invoke(app, ["list"]).output
    for rule in RULES:
        assert f"{wording_of(rule).mark} {rule.id}:" in output
    lawful = [rule for rule in RULES if wording_of(rule) is not Wording.OWN]
    flat = " ".join(output.split())
    assert f"of {len(lawful)} rules" in flat
    assert "no lawyer has read them" in flat


def test_a_rule_is_shown_with_its_quote_or_with_a_warning() -> None:
    for wording, says in ((Wording.READ, "✓ verified: “"), (Wording.UNVERIFIED, "? unverified")):
        rule = next(rule for rule in RULES if wording_of(rule) is wording)
        assert says in CliRunner().invoke(app, ["show", rule.id]).output
        told = json.loads(CliRunner().invoke(app, ["show", rule.id, "--json"]).output)
        assert (told["wording"], told["read_in"]) == (str(wording), rule.read_in)


def test_a_quote_that_was_read_nowhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "base.yaml").write_text("version: 1\nareas: {}\nimplied_classes: {}\nswitches: {}\n")
    (tmp_path / "rules" / "some.yaml").write_text(
        "instrument: {id: I, title: t, citation: c, link: '', jurisdiction: EU}\nrules:\n"
        "  - {id: x, pinpoint: p, plain: P., effect: warn, applies: site.air_gapped, asks: site.air_gapped,\n"
        "     quote: q, quote_hash: 8e35c2cd3bf6641b}\n"
    )
    with pytest.raises(RuleFileError, match="in which text"):
        load_rules(tmp_path)
