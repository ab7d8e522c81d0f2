"""Why this deployment: every one that was looked at is told, with its fate."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from millwright.cli.main import app

SCENARIO = """\
name: small
organisation: {country: DE, currency: EUR}
workloads:
  - {name: chat, model: llama-3.1-8b, traffic: {rate: 1 /s, input: 500 tokens, output: 100 tokens}}
sites:
  - {name: room, kind: owned, hosts: [server-l4-1]}
"""


@pytest.fixture
def scenario(tmp_path: Path) -> str:
    path = tmp_path / "scenario.yaml"
    path.write_text(SCENARIO, encoding="utf-8")
    return str(path)


def test_each_deployment_on_a_device_is_explained(scenario: str) -> None:
    ran = CliRunner().invoke(app, ["plan", scenario, "--explain", "L4", "--json"])
    assert ran.exit_code == 0, ran.output
    [machine] = json.loads(ran.stdout)
    assert (machine["device"], machine["device_count"]) == ("l4", 1)
    fates = [each["fate"] for each in machine["considered"]]
    assert fates.count("best") == 1
    assert fates[0] == "best"
    assert all(each["reason"] for each in machine["considered"])
    assert machine["front"]
    for each in machine["considered"]:
        if each["rate_per_s"] is not None:
            assert each["rate_per_s"] <= each["bound_per_s"] * (1 + 1e-9)


def test_the_tables_say_the_same(scenario: str) -> None:
    ran = CliRunner().invoke(app, ["plan", scenario, "--explain", "l4"])
    assert "deployments looked at" in ran.stdout
    assert "best:" in ran.stdout


def test_a_device_that_no_machine_holds_is_refused_with_what_to_do(scenario: str) -> None:
    ran = CliRunner().invoke(app, ["plan", scenario, "--explain", "h100-sxm"])
    assert "no machine of this scenario holds" in str(ran.exception)
