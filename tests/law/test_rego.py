"""The Rego policy answers as our own evaluator does, rule by rule, on every worked case and on random ones."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from test_evaluate import sites, workloads
from test_worked_cases import CASES, RULES, Case
from typer.testing import CliRunner

from millwright.cli.law import app
from millwright.errors import InputError
from millwright.law.evaluate import evaluate
from millwright.law.facts import SiteFacts, WorkloadFacts
from millwright.law.rego import rego_input, rego_policy
from millwright.law.rule import Effect, RuleBase

Ask = Callable[[dict[str, Any]], dict[str, Any]]
WHAT = ("verdict", "says", "refused", "open", "to_do", "risks", "allow")


def policy(rules: RuleBase) -> Ask:
    """Return a function that asks the policy of an input; what is undefined is left out of its answer."""
    regopy = pytest.importorskip("regopy", reason="regopy, an evaluator of Rego, is not installed")
    interpreter = regopy.Interpreter()
    interpreter.add_module("law", rego_policy(rules))
    bundle = interpreter.build("; ".join(f"{name} := data.millwright.law.{name}" for name in WHAT))

    def ask(document: dict[str, Any]) -> dict[str, Any]:
        interpreter.set_input(document)
        return dict(json.loads(str(interpreter.query_bundle(bundle)))["bindings"])

    return ask


@pytest.fixture(scope="module")
def ask() -> Ask:
    return policy(RULES)


def agree(ask: Ask, rules: RuleBase, workload: WorkloadFacts, site: SiteFacts, day: dt.date) -> None:
    ours, theirs = evaluate(rules, workload, site, day), ask(rego_input(workload, site, day))
    assert theirs["says"] == {each.rule_id: str(each.verdict) for each in ours.findings}
    assert theirs["verdict"] == str(ours.verdict)
    assert theirs["allow"] is (ours.verdict == "yes")
    for name, verdict in (("refused", "no"), ("open", "unknown")):
        assert set(theirs[name]) == {each.rule_id for each in ours.findings if each.binds and each.verdict == verdict}
    assert set(theirs["to_do"]) == {each.rule_id for each in ours.duties}
    assert set(theirs["risks"]) == {each.rule_id for each in ours.findings if each in ours.warnings}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_policy_answers_a_worked_case_alike(ask: Ask, case: Case) -> None:
    agree(ask, RULES, case.workload, case.site, case.as_of)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(workloads, sites)
def test_the_policy_answers_any_case_alike(ask: Ask, workload: WorkloadFacts, site: SiteFacts) -> None:
    agree(ask, RULES, workload, site, dt.date(2026, 11, 21))


def test_a_what_if_holds_in_the_policy_too() -> None:
    case = next(case for case in CASES if case.name == "personal data in the United States, certified")
    fallen = RULES.assuming("dpf-annulled")
    agree(policy(fallen), fallen, case.workload, case.site, case.as_of)
    assert "What if: dpf-annulled." in rego_policy(fallen)


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"facts": {}},
        {"as_of": "soon", "facts": {}},
        {"as_of": "2026-11-21"},
        {"as_of": "2026-11-21", "facts": {}},
        {"as_of": "2026-11-21", "facts": {"site.kind": 5, "workload.data_classes": "personal"}},
    ],
)
def test_what_the_policy_cannot_read_is_never_allowed(ask: Ask, document: dict[str, Any]) -> None:
    answer = ask(document)
    assert answer["verdict"] == "unknown"
    assert answer.get("allow") is not True


def test_the_policy_names_every_rule_its_version_and_that_it_is_no_advice() -> None:
    text = rego_policy(RULES)
    assert RULES.version in text
    assert "not legal advice" in text
    assert all(f'applies["{rule.id}"]' in text and f'satisfied["{rule.id}"]' in text for rule in RULES.rules)
    assert text.count('"effect": "duty"') == sum(rule.effect is Effect.DUTY for rule in RULES.rules)


def test_the_policy_is_printed_on_demand() -> None:
    assert CliRunner().invoke(app, ["rego"]).output == rego_policy(RULES)
    wrong = CliRunner().invoke(app, ["rego", "--assume", "nonsense"])
    assert isinstance(wrong.exception, InputError)
    assert "dpf-annulled" in str(wrong.exception)
