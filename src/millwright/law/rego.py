"""The rule base as a Rego policy, so that a gateway or an admission controller can ask the same questions.

The policy takes `{"as_of": "2026-11-21", "facts": {"site.kind": "cloud", …}}` and answers in the same three values:
`data.millwright.law.verdict`, and `refused`, `open`, `to_do` and `risks` as sets of rule ids. What is left out is
unknown.
It gives no missing facts and no proofs; `millwright check` does. Needs Rego v1 (OPA 1.0, or another evaluator).
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from typing import Any

from millwright.law.evaluate import DISCLAIMER
from millwright.law.expression import All, AnyOf, Condition, FactTest, Not, Relation
from millwright.law.facts import SiteFacts, WorkloadFacts, values_of
from millwright.law.rule import Rule, RuleBase

PACKAGE = "millwright.law"
_FIRST, _LAST = "0001-01-01", "9999-12-31"


def rego_policy(rules: RuleBase) -> str:
    """Return the policy as Rego text. What-ifs that are thrown in `rules` hold in it too."""
    assumed = f" What if: {', '.join(rules.assumed)}." if rules.assumed else ""
    head = [
        f"# Rule base {rules.version}.{assumed} The day is the input's `as_of`.",
        f"# {DISCLAIMER}",
        f"package {PACKAGE}",
        "",
        "import rego.v1",
        "",
        f"rule_base_version := {json.dumps(rules.version)}",
        f"disclaimer := {json.dumps(DISCLAIMER)}",
        f"areas := {_areas(rules)}",
        f"implied := {json.dumps(_implied(rules), ensure_ascii=False)}",
        f"terms := {_terms(rules)}",
        _LOGIC,
    ]
    return "\n".join([*head, *(_rule(rule) for rule in rules.rules)]) + "\n"


def rego_input(workload: WorkloadFacts, site: SiteFacts, as_of: dt.date) -> dict[str, Any]:
    """Return the input that asks the policy of a workload at a site; unknown facts are left out."""
    facts = {name: value for name, value in values_of(workload, site).items() if value is not None}
    return {
        "as_of": as_of.isoformat(),
        "facts": {name: list(value) if isinstance(value, tuple) else value for name, value in facts.items()},
    }


def _rule(rule: Rule) -> str:
    lines = [f"# {rule.instrument.id} {rule.pinpoint}: {rule.plain}"]
    for part, condition in (("applies", rule.applies), ("satisfied", rule.satisfied)):
        lines.append(f"{part}[{json.dumps(rule.id)}] := {_expression(condition)}")
    return "\n".join(["", *lines])


def _expression(condition: Condition) -> str:
    """Return a condition as one Rego expression of nested calls: Rego has no recursion, and needs none here."""
    if isinstance(condition, Not):
        return f"negation({_expression(condition.part)})"
    if isinstance(condition, All | AnyOf):
        name = "conjunction" if isinstance(condition, All) else "disjunction"
        return f"{name}([{', '.join(_expression(part) for part in condition.parts)}])"
    if not isinstance(condition, FactTest):
        raise TypeError(f"no Rego for a {type(condition).__name__}")
    fact = f"fact({json.dumps(condition.fact)})"
    if condition.relation in (Relation.HOLDS, Relation.GIVEN):
        return f"{condition.relation}({fact})"
    operand = condition.operand
    against = json.dumps(list(operand.words), ensure_ascii=False)
    if operand.fact:
        against = f"words(fact({json.dumps(operand.fact)}))"
    if condition.relation in (Relation.ABOVE, Relation.AT_LEAST):
        against = str(float(operand.words[0]))
    return f"{_FUNCTIONS[condition.relation]}({fact}, {against})"


_FUNCTIONS = {
    Relation.IS: "has",
    Relation.HAS: "has",
    Relation.IN: "all_in",
    Relation.ALL_IN: "all_in",
    Relation.ANY_IN: "any_in",
    Relation.ABOVE: "above",
    Relation.AT_LEAST: "at_least",
}


def _terms(rules: RuleBase) -> str:
    lines = [
        f"  {json.dumps(rule.id)}: {{{_pair('effect', str(rule.effect))}, {_pair('binds', rule.binds)}, "
        f"{_pair('since', _day(rule.since, _FIRST))}, {_pair('until', _day(rule.until, _LAST))}, "
        f"{_pair('article', f'{rule.instrument.id} {rule.pinpoint}')}}}"
        for rule in rules.rules
    ]
    return _block(lines)


def _areas(rules: RuleBase) -> str:
    """Return each area with all its members and their days, included areas' members in it."""

    def members(name: str) -> Iterable[list[str]]:
        area = rules.areas.by_name[name]
        for each in area.members:
            yield [each.country, _day(each.since, _FIRST), _day(each.until, _LAST)]
        for included in area.includes:
            yield from members(included)

    return _block([f"  {json.dumps(name)}: {json.dumps(list(members(name)))}" for name in rules.areas.by_name])


def _implied(rules: RuleBase) -> dict[str, list[str]]:
    """Return each class of data with all that it implies, itself included."""
    closed: dict[str, list[str]] = {}
    for name in rules.implied_classes:
        found, pending = [name], [name]
        while pending:
            for each in rules.implied_classes.get(pending.pop(), ()):
                if each not in found:
                    found.append(each)
                    pending.append(each)
        closed[name] = sorted(found)
    return closed


def _pair(name: str, value: str | bool) -> str:
    return f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}"


def _block(lines: list[str]) -> str:
    return "{\n" + ",\n".join(lines) + "\n}"


def _day(day: dt.date | None, otherwise: str) -> str:
    return day.isoformat() if day else otherwise


_LOGIC = r"""
# Kleene's strong logic.
negation("yes") := "no"

negation("no") := "yes"

negation("unknown") := "unknown"

conjunction(values) := "no" if {
	"no" in values
} else := "unknown" if {
	"unknown" in values
} else := "yes"

disjunction(values) := "yes" if {
	"yes" in values
} else := "unknown" if {
	"unknown" in values
} else := "no"

decided(true) := "yes"

decided(false) := "no"

# Facts: null is unknown; "?" in a set says that there may be others.
fact(name) := classes if {
	name == "workload.data_classes"
	given_classes := object.get(input.facts, name, null)
	given_classes != null
	classes := [each |
		some class in given_classes
		some each in object.get(implied, class, [class])
	]
} else := object.get(input.facts, name, null)

words(null) := null

words(value) := value if is_array(value)

words(value) := [value] if is_string(value)

members[name] := found if {
	some name, listed in areas
	found := {member[0] |
		some member in listed
		member[1] <= input.as_of
		input.as_of <= member[2]
	}
}

countries(name) := object.get(members, name, {name})

countries_of(names) := found if {
	found := {country |
		some name in names
		some country in countries(name)
	}
}

# Tests of one fact.
holds(null) := "unknown"

holds(value) := decided(value) if is_boolean(value)

given(null) := "unknown"

given(value) := "unknown" if value == ["?"]

given(value) := decided(count(value) > 0) if {
	is_array(value)
	value != ["?"]
}

above(value, limit) := "unknown" if {
	value == null
} else := decided(value > limit)

at_least(value, limit) := "unknown" if {
	value == null
} else := decided(value >= limit)

unknown_sides(value, against) if value == null

unknown_sides(value, against) if against == null

has(value, against) := "unknown" if {
	unknown_sides(value, against)
} else := "yes" if {
	against[0] in words(value)
} else := "unknown" if {
	"?" in words(value)
} else := "no"

within(name, allowed) := "unknown" if {
	name == "?"
} else := "yes" if {
	countries(name) & allowed == countries(name)
} else := "unknown" if {
	count(countries(name) & allowed) > 0
} else := "unknown" if {
	"?" in allowed
} else := "no"

sides(value, against) := answers if {
	allowed := countries_of(against)
	answers := {answer |
		some name in words(value)
		answer := within(name, allowed)
	}
}

all_in(value, against) := "unknown" if {
	unknown_sides(value, against)
} else := conjunction(sides(value, against))

any_in(value, against) := "unknown" if {
	unknown_sides(value, against)
} else := disjunction(sides(value, against))

# What each rule in force says; a rule that does not apply says nothing.
in_force contains id if {
	some id, term in terms
	term.since <= input.as_of
	input.as_of <= term.until
}

# A fact of the wrong kind leaves a test without an answer: that is unknown, not yes.
says[id] := answer if {
	some id in in_force
	answer := put_together(object.get(applies, id, "unknown"), object.get(satisfied, id, "unknown"))
	answer != "not applicable"
}

put_together(applying, satisfying) := satisfying if {
	applying == "yes"
} else := "not applicable" if {
	applying == "no"
} else := "not applicable" if {
	satisfying == "yes"
} else := "unknown"

binding contains answer if {
	some id, answer in says
	terms[id].binds
}

dated if regex.match(`^\d{4}-\d{2}-\d{2}$`, input.as_of)

verdict := "unknown" if {
	not dated
} else := conjunction(binding)

default allow := false

allow if verdict == "yes"

refused contains id if {
	some id, answer in says
	terms[id].binds
	answer == "no"
}

open contains id if {
	some id, answer in says
	terms[id].binds
	answer == "unknown"
}

to_do contains id if {
	some id, answer in says
	terms[id].effect == "duty"
	answer != "yes"
}

risks contains id if {
	some id, answer in says
	terms[id].effect == "warn"
	answer != "yes"
}

articles[id] := terms[id].article if {
	some id, _ in says
}

# The rules: when each applies, and what satisfies it.
"""
