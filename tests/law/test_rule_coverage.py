"""What the rule base does not hold is told: no country's silence passes for consent."""

from __future__ import annotations

import datetime as dt

from millwright.law.coverage import not_covered
from millwright.law.facts import WorkloadFacts
from millwright.law.load import load_rules

RULES = load_rules()
TODAY = dt.date(2026, 11, 21)


def told(**facts: object) -> str:
    known = {"data_classes": ("personal",), "subjects": (), **facts}
    return " ".join(not_covered(RULES, [WorkloadFacts(**known)], TODAY))  # type: ignore[arg-type]


def test_every_country_with_an_instrument_of_its_own_is_named_as_held() -> None:
    own = {rule.instrument.jurisdiction[:2].replace("UK", "GB") for rule in RULES.rules}
    countries = sorted(each for each in own if each.isupper() and each not in ("EU", "EE"))
    assert len(countries) > 5
    assert [each for each in countries if f"{each}: nothing" in told(organisation_country=each)] == []


def test_a_country_without_law_of_its_own_here_is_told_so() -> None:
    assert "IT: nothing" in told(organisation_country="IT")
    assert "AT: nothing" in told(organisation_country="DE", subjects=("AT", "EU"))
    assert "EU:" not in told(organisation_country="DE", subjects=("AT", "EU"))


def test_acts_that_are_likely_to_bear_on_a_case_are_named_and_others_not() -> None:
    hospital = told(organisation_country="IT", sector="health", public_body=False)
    assert "Law 132/2025" in hospital
    assert "21007/24" in hospital
    assert "KWG" not in hospital
    assert "cantons" in told(organisation_country="CH", sector="public", public_body=True)
    assert "cantons" not in told(organisation_country="CH", sector="retail", public_body=False)


def test_nothing_is_told_of_no_workload() -> None:
    assert not_covered(RULES, [], TODAY) == ()
