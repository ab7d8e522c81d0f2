"""`millwright check`: exit status, JSON, what-ifs, and errors that say what to do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from millwright.cli.check import check
from millwright.errors import InputError

app = typer.Typer(pretty_exceptions_enable=False)
app.command()(check)

SCENARIO = """
organisation: {{country: DE}}
workloads:
  - {{name: chat, model: gpt-oss-120b, traffic: {{rate: 1 /s}}, data: {{classes: [{data}]}}}}
sites:
{sites}
"""
ROOM = "  - {name: room, kind: owned}\n"
AMERICA = "  - {name: clouds, kind: cloud, providers: [lambda]}\n"


@pytest.fixture
def run(tmp_path: Path) -> Any:
    def run_check(sites: str, *arguments: str, data: str = "personal") -> Any:
        path = tmp_path / "scenario.yaml"
        path.write_text(SCENARIO.format(sites=sites, data=data))
        return CliRunner().invoke(app, [str(path), *arguments])

    return run_check


def test_all_yes_exits_0(run: Any) -> None:
    result = run(ROOM)
    assert result.exit_code == 0, result.output
    assert "room (DE)" in result.output
    assert "not legal advice" in " ".join(result.output.split())


def test_a_missing_fact_exits_3_and_is_asked_for(run: Any) -> None:
    result = run(AMERICA)
    assert result.exit_code == 3
    assert "site.dpf_certified" in result.output


def test_a_refusal_exits_1_and_cites_the_article(run: Any) -> None:
    result = run(AMERICA, "--assume", "dpf_certified=false", "--assume", "sccs_signed=false")
    assert result.exit_code == 1
    assert "GDPR Art. 44" in result.output


def test_a_fact_settles_it_and_a_what_if_unsettles_it(run: Any) -> None:
    facts = ("--assume", "site.dpf_certified=true", "--assume", "sccs_signed=false")
    assert run(AMERICA, *facts).exit_code == 0
    fallen = run(AMERICA, *facts, "--assume", "dpf-annulled")
    assert fallen.exit_code == 1
    assert "What if: dpf-annulled" in " ".join(fallen.output.split())


def test_json_is_nothing_but_json_and_carries_day_version_and_disclaimer(run: Any) -> None:
    result = run(ROOM + AMERICA, "--json", "--as-of", "2027-12-02")
    document = json.loads(result.output)
    assert document["as_of"] == "2027-12-02"
    assert document["rule_base_version"]
    assert "not legal advice" in document["disclaimer"]
    places = {place["site"]: place for place in document["places"]}
    assert places["room"]["verdict"] == "yes"
    assert "site.dpf_certified" in places["clouds"]["missing_facts"]
    assert all(finding["pinpoint"] and finding["reason"] for finding in places["clouds"]["findings"])


def test_the_proof_is_shown_when_asked_for(run: Any) -> None:
    plain, proven = run(AMERICA), run(AMERICA, "--proof")
    assert "unknown: it is met" in proven.output
    assert "unknown: it is met" not in plain.output
    document = json.loads(run(AMERICA, "--proof", "--json").output)
    assert any(finding["proof"] for finding in document["places"][0]["findings"])


def test_the_day_decides_which_rules_hold(run: Any) -> None:
    facts = ("--assume", "dpf_certified=true", "--assume", "sccs_signed=false")
    assert run(AMERICA, *facts, "--as-of", "2023-07-09").exit_code == 1
    assert run(AMERICA, *facts, "--as-of", "2023-07-10").exit_code == 0


def test_the_paper_trail_is_written_and_named(run: Any, tmp_path: Path) -> None:
    out = tmp_path / "papers"
    result = run(ROOM + AMERICA, "--out", str(out))
    assert result.exit_code == 3
    written = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
    assert {"findings.json", "annex.docx", "dpia.md", "oscal/assessment-results.json", "rego/law.rego"} <= written
    assert all(name in " ".join(result.output.split()) for name in written)
    assert json.loads((out / "findings.json").read_text())["verdict"] == "unknown"


def test_json_stays_nothing_but_json_when_papers_are_written(run: Any, tmp_path: Path) -> None:
    assert json.loads(run(ROOM, "--json", "--out", str(tmp_path / "papers")).output)["verdict"] == "yes"


def test_a_rule_past_its_review_date_is_warned_of(run: Any) -> None:
    assert "Past their review date" not in run(ROOM, "--as-of", "2026-11-21").output
    late = " ".join(run(ROOM, "--as-of", "2031-01-01").output.split())
    assert "Past their review date" in late
    assert "gdpr-6-basis" in late


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--as-of", "tomorrow"), "Write YYYY-MM-DD"),
        (("--assume", "nonsense"), "dpf-annulled"),
        (("--assume", "site.baa_singed=true"), "Did you mean baa_signed"),
        (("--assume", "dpf-annulled=perhaps"), "neither true nor false"),
    ],
)
def test_a_wrong_argument_is_refused_with_what_to_do(run: Any, arguments: tuple[str, ...], says: str) -> None:
    result = run(ROOM, *arguments)
    assert isinstance(result.exception, InputError)
    assert says in str(result.exception)


def test_the_sovereignty_score_is_shown_when_asked_for(run: Any) -> None:
    result = run(ROOM + AMERICA, "--sovereignty")
    assert "SEAL" in result.output
    document = json.loads(run(ROOM + AMERICA, "--json").output)
    low = {place["site"]: place["sovereignty"]["low"] for place in document["places"]}
    assert low["room"] > low["clouds"]


def test_what_a_room_needs_when_cut_off_is_listed(run: Any) -> None:
    assert "tokenizer" in run(ROOM, "--air-gap").output
    assert "can be cut off" in run(AMERICA, "--air-gap").output
