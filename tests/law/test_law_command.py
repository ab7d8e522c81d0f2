"""`millwright law`: list, show and diff."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from millwright.cli.law import app
from millwright.errors import InputError
from millwright.law.facts import known_facts
from millwright.law.load import DATA, load_rules


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, list(arguments))


def test_all_rules_are_listed_and_those_of_one_instrument() -> None:
    everything = json.loads(run("list", "--json").output)
    assert {each["id"] for each in everything} == {each.id for each in load_rules().rules}
    gdpr = json.loads(run("list", "--instrument", "gdpr", "--json").output)
    assert {each["instrument"] for each in gdpr} == {"GDPR"}
    assert "Art. 44" in run("list", "--instrument", "GDPR").output


def test_only_what_is_in_force_that_day_is_listed() -> None:
    def ids(day: str) -> set[str]:
        return {each["id"] for each in json.loads(run("list", "--as-of", day, "--json").output)}

    assert "dora-28-exit" not in ids("2025-01-16")
    assert "dora-28-exit" in ids("2025-01-17")


def test_a_rule_is_shown_whole() -> None:
    output = run("show", "gdpr-44-transfer").output
    for part in ("Regulation (EU) 2016/679", "Art. 44", "site.rest_countries all in EEA", "Art. 46(1)", "T-553/23"):
        assert part in output


def test_a_wrong_name_is_refused_with_the_nearest() -> None:
    assert "gdpr-44-transfer" in str(run("show", "gdpr-44-transfers").exception)
    assert "GDPR" in str(run("list", "--instrument", "GPDR").exception)
    assert isinstance(run("diff", "nowhere").exception, InputError)


def test_a_rule_base_differs_from_itself_in_nothing() -> None:
    assert "say the same" in run("diff", str(DATA)).output


def test_a_changed_rule_is_named_with_what_changed(tmp_path: Path) -> None:
    shutil.copytree(DATA, tmp_path / "old")
    rules = tmp_path / "old" / "rules" / "hipaa.yaml"
    rules.write_text(rules.read_text().replace("effect: require", "effect: warn", 1))
    (tmp_path / "old" / "rules" / "dora.yaml").unlink()
    found = json.loads(run("diff", str(tmp_path / "old"), "--json").output)
    assert found["changed"] == {"hipaa-baa": ["binds", "effect"]}
    assert "dora-28-exit" in found["added"]
    assert found["removed"] == []
    assert "~ hipaa-baa.effect: warn → require" in run("diff", str(tmp_path / "old")).output


def test_every_fact_is_listed_with_its_question_and_how_it_is_written() -> None:
    rows = {each["fact"]: each for each in json.loads(run("facts", "--json").output)}
    assert set(rows) == set(known_facts())
    assert rows["site.pue"]["written"] == "number"
    assert {each["fact"] for each in json.loads(run("facts", "residency", "--json").output)} == {"workload.residency"}
    assert isinstance(run("facts", "no such word").exception, InputError)
