"""`millwright data`: text and JSON of a profile, and wrong input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from labelled_log import labelled_records, write_log
from typer.testing import CliRunner

from millwright.cli.data import data
from millwright.errors import InputError

app = typer.Typer(pretty_exceptions_enable=False)
app.command()(data)


def test_json_and_text_tell_the_same_and_neither_tells_whose_data_they_are(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    write_log(path, labelled_records(300))
    with path.open("a") as file:
        file.write("not json\n")
    told = json.loads(CliRunner().invoke(app, [str(path), "--json"]).stdout)
    text = CliRunner().invoke(app, [str(path)]).stdout
    assert told["records"] == 300
    assert told["broken"] == 1
    assert ":301: no JSON" in text.replace("\n", "")
    assert "classes: [financial, payment-card, personal]" in text
    assert "@example" not in text.replace("\n", "") + json.dumps(told)


def test_a_file_that_is_not_there_is_an_input_error(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, [str(tmp_path / "none.jsonl")])
    assert isinstance(result.exception, InputError)
    with pytest.raises(InputError, match="no such file"):
        raise result.exception
