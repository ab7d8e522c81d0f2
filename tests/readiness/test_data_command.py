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
from millwright.scenario.load import load_scenario

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


SCENARIO = (
    "organisation: {country: DE}\n"
    "workloads:\n"
    "  - name: chat  # ours\n"
    "    model: llama-3.1-8b\n"
    "    traffic: {rate: 1 /s}\n"
    "    data: {classes: [health]}\n"
)


def test_lengths_and_classes_go_into_a_scenario_and_nothing_else_changes(tmp_path: Path) -> None:
    scenario, log = tmp_path / "scenario.yaml", tmp_path / "log.jsonl"
    scenario.write_text(SCENARIO)
    with log.open("w") as file:
        for number in range(100):
            words = "word " * (20 + number)
            file.write(json.dumps({"prompt": f"{words} a{number}@example.org", "completion": "yes " * 10}) + "\n")
    ran = CliRunner().invoke(app, [str(log), "--into", str(scenario)])
    assert ran.exit_code == 0, ran.exception
    (workload,) = load_scenario(scenario).scenario.workloads
    assert [str(each) for each in workload.data.classes] == ["health", "personal"]
    lengths = json.loads(CliRunner().invoke(app, [str(log), "--json"]).stdout)["asked_lengths"]
    assert workload.traffic.input.median_tokens == pytest.approx(lengths["p50"], abs=1)  # type: ignore[union-attr]
    assert workload.traffic.input.p95_tokens == pytest.approx(lengths["p95"], abs=1)  # type: ignore[union-attr]
    assert "name: chat  # ours" in scenario.read_text()


def test_a_scenario_with_several_workloads_asks_which(tmp_path: Path) -> None:
    scenario, log = tmp_path / "scenario.yaml", tmp_path / "log.jsonl"
    scenario.write_text(SCENARIO + "  - {name: other, model: llama-3.1-8b, traffic: {rate: 1 /s}}\n")
    log.write_text('{"prompt": "a few words"}\n')
    for more, told in (([], "several workloads"), (["--workload", "none"], "no workload 'none'")):
        result = CliRunner().invoke(app, [str(log), "--into", str(scenario), *more])
        assert isinstance(result.exception, InputError)
        assert told in str(result.exception)
    assert CliRunner().invoke(app, [str(log), "--into", str(scenario), "--workload", "other"]).exit_code == 0


def test_a_leak_of_the_test_set_is_told(tmp_path: Path) -> None:
    train, test = tmp_path / "train.jsonl", tmp_path / "test.jsonl"
    train.write_text('{"prompt": "what is the torque of the third bolt on the left"}\n{"prompt": "else"}\n')
    test.write_text('{"prompt": "What is the torque of the third bolt on the left"}\n')
    text = CliRunner().invoke(app, [str(train), "--against", str(test)]).stdout
    assert "of 1 inputs 1 stand here word for word" in " ".join(text.split())
