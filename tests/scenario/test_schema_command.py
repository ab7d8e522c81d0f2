"""`millwright schema`."""

from __future__ import annotations

import json

import jsonschema
import pytest

from millwright.cli.schema import Subject, schema


@pytest.mark.parametrize("subject", list(Subject))
def test_the_command_prints_nothing_but_a_json_schema(subject: Subject, capsys: pytest.CaptureFixture[str]) -> None:
    schema(subject)
    printed = capsys.readouterr()
    jsonschema.Draft202012Validator.check_schema(json.loads(printed.out))
    assert printed.err == ""


def test_units_are_described_for_editors(capsys: pytest.CaptureFixture[str]) -> None:
    schema(Subject.SCENARIO)
    fields = json.loads(capsys.readouterr().out)["$defs"]["OwnedSite"]["properties"]
    power = fields["power"]["anyOf"][0]
    assert power["examples"] == ["20 kW", "1.5 MW"]
    assert "W, kW, MW" in power["description"]
    assert fields["power"]["description"] == "Power available to IT equipment."
