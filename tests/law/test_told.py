"""Facts in a scenario that no rule asks for are found where they stand, all at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from millwright.law.told import check_told_facts
from millwright.scenario.faults import ScenarioError
from millwright.scenario.load import read_scenario

SCENARIO = """
organisation: {country: DE}
workloads:
  - {name: ward, model: llama-3.3-70b, traffic: {rate: 1 /s}}
sites:
  - {name: room, kind: owned, facts: {iso_27001: true}}
  - name: apis
    kind: api
    facts: {trains_on_inputs: false, sccs_signed: true}
law: {facts: {high_risk: false, baa_signed: true}}
"""


def _faults(text: str) -> list[tuple[str, int]]:
    try:
        check_told_facts(read_scenario(text, Path("scenario.yaml")))
    except ScenarioError as error:
        return [(str(fault.path[-1]), fault.line) for fault in error.faults]
    return []


def test_facts_that_rules_ask_for_pass() -> None:
    assert _faults(SCENARIO) == []


@pytest.mark.parametrize(
    ("right", "wrong", "name", "line"),
    [
        ("sccs_signed: true", "scc_sign: true", "scc_sign", 9),
        ("trains_on_inputs: false", "trains_on_inputs: never", "trains_on_inputs", 9),
        ("high_risk: false", "highest_risk: false", "highest_risk", 10),
        ("iso_27001: true", "high_risk: true", "high_risk", 6),  # a workload's fact, at a site
    ],
)
def test_a_wrong_fact_is_told_with_its_line(right: str, wrong: str, name: str, line: int) -> None:
    assert _faults(SCENARIO.replace(right, wrong)) == [(name, line)]


def test_all_wrong_facts_are_told_at_once() -> None:
    text = SCENARIO.replace("sccs_signed", "scc").replace("iso_27001", "iso_9")
    assert [name for name, _ in _faults(text)] == ["iso_9", "scc"]
