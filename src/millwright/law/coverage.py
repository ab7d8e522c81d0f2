"""What the rule base does not hold of the law that may bear on a workload: silence of the rules is not consent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from millwright.law.evaluate import world_of
from millwright.law.expression import Condition
from millwright.law.facts import SiteFacts, WorkloadFacts
from millwright.law.grammar import read_condition
from millwright.law.kleene import Verdict
from millwright.law.load import DATA, read_yaml_file
from millwright.law.rule import RuleBase


@dataclass(frozen=True)
class _Coverage:
    here: dict[str, list[str]]
    anywhere: str
    missing: tuple[tuple[Condition, str], ...]


@cache
def _coverage() -> _Coverage:
    raw = read_yaml_file(DATA / "coverage.yaml")
    missing = tuple((read_condition(each["when"]), " ".join(each["says"].split())) for each in raw["missing"])
    return _Coverage(raw["here"], raw["anywhere"], missing)


def not_covered(rules: RuleBase, workloads: Sequence[WorkloadFacts], day: dt.date) -> tuple[str, ...]:
    """Return in sentences which law the rule base does not hold that may bear on the workloads."""
    if not workloads:
        return ()
    held, worlds = _coverage(), [world_of(rules, each, SiteFacts(), day) for each in workloads]
    countries = dict.fromkeys(
        country
        for each in workloads
        for country in (each.organisation_country, *(each.subjects or ()))
        if country and len(country) == 2 and country != "EU"
    )
    national = "; ".join(f"{each}: {', '.join(held.here.get(each, ['nothing']))}" for each in countries)
    missing = dict.fromkeys(
        says for condition, says in held.missing if any(condition.value(each) is Verdict.YES for each in worlds)
    )
    return (
        *((f"National law in the rule base, and none beside it: {national}.",) if national else ()),
        *((f"Not in it and to be looked at: {'; '.join(missing)}.",) if missing else ()),
        f"Nowhere looked at: {held.anywhere}.",
    )
