"""`millwright inventory`: from a file made elsewhere, into a scenario, and wrong input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import recorded_machines as recorded
import typer
from typer.testing import CliRunner

from millwright.cli.inventory import inventory
from millwright.errors import InputError
from millwright.readiness.machine import inventory_script
from millwright.scenario.load import load_scenario

app = typer.Typer(pretty_exceptions_enable=False)
app.command()(inventory)
SCENARIO = (
    "# ours\norganisation: {country: DE}\nworkloads:\n  - {name: a, model: llama-3.1-8b, traffic: {rate: 1 /s}}\n"
)


def _recorded(folder: Path, text: str) -> str:
    path = folder / "machine.txt"
    path.write_text(text)
    return str(path)


def test_json_holds_machine_hosts_and_snippet(tmp_path: Path) -> None:
    told = json.loads(CliRunner().invoke(app, ["--from", _recorded(tmp_path, recorded.HGX_H100), "--json"]).stdout)
    assert told["owned"]["hosts"][0]["host_id"] == "hgx-h100-8"
    assert len(told["machine"]["accelerators"]) == 8
    assert "hgx-h100-8" in told["scenario"]


@pytest.mark.parametrize(
    "sites", ["", "sites:\n  - {name: server room, kind: owned}\n", "sites:\n  - {name: api, kind: api}\n"]
)
@pytest.mark.parametrize("text", [recorded.HGX_H100, recorded.THREE_L40S])
def test_a_machine_goes_into_a_scenario_and_nothing_else_changes(tmp_path: Path, sites: str, text: str) -> None:
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text(SCENARIO + sites)
    arguments = ["--from", _recorded(tmp_path, text), "--into", str(scenario), "--site", "server room"]
    ran = CliRunner().invoke(app, arguments)
    assert ran.exit_code == 0, ran.exception
    loaded = load_scenario(scenario).scenario
    site = next(each for each in loaded.sites if each.name == "server room")
    assert site.existing[0].count == 1  # type: ignore[union-attr]
    assert scenario.read_text().startswith("# ours\n")
    if not sites:
        kinds = [str(each.kind) for each in loaded.sites]
        assert kinds == ["owned", "cloud", "api"], "what a scenario without sites looks at stays in"


def test_the_script_is_printed_as_it_is() -> None:
    assert CliRunner().invoke(app, ["--script"]).stdout == inventory_script()


def test_text_tells_the_device_by_the_catalogues_name(tmp_path: Path) -> None:
    text = CliRunner().invoke(app, ["--from", _recorded(tmp_path, recorded.mi300x("series"))]).stdout
    assert "mi300x" in text
    assert "existing: [{host: mi300x-8, count: 1}]" in text


def test_wrong_input_is_told(tmp_path: Path) -> None:
    for arguments, told in ((["--from", str(tmp_path / "none")], "no such file"),):
        result = CliRunner().invoke(app, arguments)
        assert isinstance(result.exception, InputError)
        assert told in str(result.exception)
