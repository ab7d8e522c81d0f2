"""Days on which the law changes: the day before, the day itself, the day after, for every dated rule and area."""

from __future__ import annotations

import datetime as dt

import pytest

from millwright.law.evaluate import evaluate
from millwright.law.load import load_rules, site_facts, workload_facts
from millwright.law.rule import Example, Rule

RULES = load_rules()
DAY = dt.timedelta(days=1)
DATED = [rule for rule in RULES.rules if rule.since or rule.until]
MEMBERSHIPS = [
    (area.name, member.country, member.since, member.until)
    for area in RULES.areas.by_name.values()
    for member in area.members
    if member.since or member.until
]


def _applying(rule: Rule) -> Example:
    """An example in which the rule applies whatever the day: it speaks of no country that came or went."""
    return next(each for each in rule.examples if each.verdict is not None)


def _asked(rule: Rule, day: dt.date) -> bool:
    example = _applying(rule)
    found = evaluate(RULES, workload_facts(example.workload), site_facts(example.site), day)
    return rule.id in {each.rule_id for each in found.findings}


@pytest.mark.parametrize("rule", DATED, ids=lambda rule: rule.id)
def test_a_rule_is_asked_from_its_first_day_to_its_last(rule: Rule) -> None:
    if rule.since is not None:
        assert [_asked(rule, rule.since + step * DAY) for step in (-1, 0, 1)] == [False, True, True]
    if rule.until is not None:
        assert [_asked(rule, rule.until + step * DAY) for step in (-1, 0, 1)] == [True, True, False]


@pytest.mark.parametrize(("area", "country", "since", "until"), MEMBERSHIPS)
def test_a_country_belongs_from_its_first_day_to_its_last(
    area: str, country: str, since: dt.date | None, until: dt.date | None
) -> None:
    def inside(day: dt.date) -> bool:
        return country in RULES.areas.countries(area, day)

    if since is not None:
        assert [inside(since + step * DAY) for step in (-1, 0, 1)] == [False, True, True]
    if until is not None:
        assert [inside(until + step * DAY) for step in (-1, 0, 1)] == [True, True, False]


def test_there_are_days_to_try() -> None:
    assert len(DATED) > 80
    assert len(MEMBERSHIPS) > 40
