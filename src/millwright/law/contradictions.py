"""Two rules that cannot both be met: reported, never settled silently.

A contradiction is found from what the rules ask of the same fact: to lie within two sets of countries that share none,
to be two different texts, or to be both so and not so. Which of the two gives way is for a lawyer to say.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from millwright.law.expression import All, Condition, FactTest, Not, Relation, World
from millwright.law.facts import Fact
from millwright.law.kleene import Verdict
from millwright.law.rule import Effect, Rule


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two rules whose demands on one fact exclude each other."""

    rule_id: str
    other_rule_id: str
    fact: Fact
    reason: str


@dataclass(frozen=True, slots=True)
class _Demand:
    rule: Rule
    test: FactTest
    wanted: bool


def contradictions_among(rules: Sequence[Rule], world: World) -> tuple[Contradiction, ...]:
    """Return the pairs of these rules that cannot both be met in this world, whatever the site."""
    demands = [demand for rule in rules if _applies_surely(rule, world) for demand in _demands(rule, world)]
    found: dict[tuple[str, str], Contradiction] = {}
    for one, other in combinations(demands, 2):
        if one.rule.id != other.rule.id and one.test.fact == other.test.fact:
            reason = _clash(one, other, world)
            if reason:
                ways_out = [each.pinpoint for rule in (one.rule, other.rule) for each in rule.exemptions]
                reason += f", unless {' or '.join(ways_out)} is used" if ways_out else ""
                found.setdefault(
                    (one.rule.id, other.rule.id),
                    Contradiction(one.rule.id, other.rule.id, one.test.fact, reason),
                )
    return tuple(found.values())


def _applies_surely(rule: Rule, world: World) -> bool:
    if rule.applies.value(world) is not Verdict.YES:
        return False
    exempt = any(each.when.value(world) is Verdict.YES for each in rule.exemptions)
    return not exempt or rule.core.value(world) is Verdict.YES


def _demands(rule: Rule, world: World) -> Iterator[_Demand]:
    """Yield the single tests that must hold, or must not, for the rule to be met."""
    yield from _tests(rule, rule.asks, wanted=rule.effect is not Effect.FORBID)


def _tests(rule: Rule, condition: Condition, *, wanted: bool) -> Iterator[_Demand]:
    if isinstance(condition, FactTest):
        yield _Demand(rule, condition, wanted)
    elif isinstance(condition, Not):
        yield from _tests(rule, condition.part, wanted=not wanted)
    elif isinstance(condition, All) and wanted:
        for part in condition.parts:
            yield from _tests(rule, part, wanted=True)


_SETS = (Relation.IN, Relation.ALL_IN)


def _clash(one: _Demand, other: _Demand, world: World) -> str:
    """Return why two demands on one fact exclude each other, or nothing."""
    same = (one.test.relation, one.test.operand) == (other.test.relation, other.test.operand)
    if same and one.wanted != other.wanted:
        return f"one asks that {one.test}, the other that it is not so"
    if not (one.wanted and other.wanted):
        return ""
    mine, theirs = one.test.operand.known(world), other.test.operand.known(world)
    if not mine or not theirs:
        return ""
    if one.test.relation in _SETS and other.test.relation in _SETS:
        if not world.countries(mine) & world.countries(theirs):
            return f"{one.test.fact} would have to lie in {_listed(mine)} and in {_listed(theirs)} at once"
    elif one.test.relation is other.test.relation is Relation.IS and mine != theirs:
        return f"{one.test.fact} would have to be {_listed(mine)} and {_listed(theirs)} at once"
    return ""


def _listed(names: tuple[str, ...]) -> str:
    return " or ".join(names)
