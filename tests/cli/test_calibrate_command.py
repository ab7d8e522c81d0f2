"""`millwright calibrate`, and the commands that take what it writes."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from millwright.cli.main import app
from millwright.errors import InputError

SCENARIO = """\
name: small
organisation: {country: DE, currency: EUR}
workloads:
  - {name: chat, model: llama-3.1-8b, traffic: {rate: 1 /s, input: 500 tokens, output: 100 tokens}}
sites:
  - {name: room, kind: owned, hosts: [server-l4-1]}
limits: {engines: [vllm]}
"""

COLUMNS = ("accelerator", "n_accelerators", "model", "precision_weights", "engine", "tp", "isl", "osl")
SLOW = {1: 150.0, 4: 160.0, 8: 170.0, 16: 190.0}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a scenario, points of a slow server and the calibration made of them."""
    folder = tmp_path_factory.mktemp("calibrated")
    (folder / "scenario.yaml").write_text(SCENARIO, encoding="utf-8")
    with (folder / "points.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow((*COLUMNS, "load_kind", "concurrency_or_rate", "tpot_ms_mean"))
        for level, tpot in SLOW.items():
            writer.writerow(
                ("NVIDIA L4", 1, "llama-3.1-8b", "bf16", "vllm", 1, 500, 100, "max concurrency", level, tpot)
            )
    ran = CliRunner().invoke(
        app, ["calibrate", str(folder / "points.csv"), "--out", str(folder / "c.json"), "--date", "2026-11-21"]
    )
    assert ran.exit_code == 0, ran.output
    assert "4 of 4 points used" in ran.stdout
    assert "not worth using" not in ran.stdout
    assert "TPOT" in ran.stdout
    return folder


def _json(arguments: list[str]) -> dict[str, object]:
    ran = CliRunner().invoke(app, [*arguments, "--json"])
    assert ran.exit_code == 0, ran.output
    found: dict[str, object] = json.loads(ran.stdout)
    return found


def test_the_file_says_when_and_from_what_it_was_made(folder: Path) -> None:
    document = json.loads((folder / "c.json").read_text())
    assert document["made"] == "2026-11-21"
    assert document["sources"][0]["file"] == "points.csv"
    assert len(document["sources"][0]["sha256"]) == 64
    assert document["left_one_out"]["tpot_ms_mean"]["after"] < document["left_one_out"]["tpot_ms_mean"]["before"]


def test_simulate_takes_it(folder: Path) -> None:
    asked = ["simulate", "--model", "llama-3.1-8b", "--device", "l4", "--rate", "0.2", "--requests", "200"]
    plain = _json(asked)
    slow = _json([*asked, "--calibration", str(folder / "c.json")])
    assert slow["tpot_s"]["mean"]["value"] > 1.2 * plain["tpot_s"]["mean"]["value"]  # type: ignore[index]


def test_predict_takes_it(folder: Path) -> None:
    answers = []
    for extra in ([], ["--calibration", str(folder / "c.json")]):
        out = folder / "out.csv"
        ran = CliRunner().invoke(app, ["predict", str(folder / "points.csv"), "--out", str(out), *extra])
        assert ran.exit_code == 0, ran.output
        with out.open() as file:
            answers.append(list(csv.DictReader(file)))
    plain, calibrated = answers
    for before, after, tpot in zip(plain, calibrated, SLOW.values(), strict=True):
        misses = [abs(float(row["pred_tpot_ms_mean"]) / tpot - 1.0) for row in (before, after)]
        assert misses[1] < misses[0]
        assert after["pred_basis"] == "measured"


def test_plan_takes_it(folder: Path) -> None:
    asked = ["plan", str(folder / "scenario.yaml"), "--as-of", "2026-11-21"]
    plans = [_json(asked), _json([*asked, "--calibration", str(folder / "c.json")])]
    goodputs = [plan["options"][0]["fleet"][0]["performance"]["goodput_per_replica"] for plan in plans]  # type: ignore[index]
    assert goodputs[1]["value"] < 0.9 * goodputs[0]["value"]
    assert goodputs[1]["basis"] == "measured"


def test_what_cannot_be_used_is_said(folder: Path, tmp_path: Path) -> None:
    ran = CliRunner().invoke(
        app, ["calibrate", str(folder / "points.csv"), "--set", "tp", "--out", str(tmp_path / "c")]
    )
    assert isinstance(ran.exception, InputError)
    two = tmp_path / "two.csv"
    two.write_text("\n".join((folder / "points.csv").read_text().splitlines()[:3]) + "\n")
    ran = CliRunner().invoke(app, ["calibrate", str(two), "--out", str(tmp_path / "c.json")])
    assert isinstance(ran.exception, InputError)
    assert "3 are needed" in str(ran.exception)
    assert not (tmp_path / "c.json").exists()


def test_a_calibration_that_helps_nothing_says_so(tmp_path: Path) -> None:
    """TPOT that jumps about the prediction without reason cannot be corrected by a factor."""
    points, out = tmp_path / "points.csv", tmp_path / "out.csv"

    def write(tpots: list[float]) -> None:
        rows = [",".join((*COLUMNS, "concurrency_or_rate", "tpot_ms_mean"))]
        for level, tpot in zip((1, 2, 4, 8), tpots, strict=True):
            rows.append(f"NVIDIA L4,1,llama-3.1-8b,bf16,vllm,1,500,100,{level},{tpot}")
        points.write_text("\n".join(rows) + "\n")

    write([100.0] * 4)
    assert CliRunner().invoke(app, ["predict", str(points), "--out", str(out)]).exit_code == 0
    with out.open() as file:
        predicted = [float(row["pred_tpot_ms_mean"]) for row in csv.DictReader(file)]
    write([tpot * factor for tpot, factor in zip(predicted, (1.3, 1.0, 1.3, 1.0), strict=True)])
    ran = CliRunner().invoke(app, ["calibrate", str(points), "--out", str(tmp_path / "c.json")])
    assert ran.exit_code == 0, ran.output
    assert "not worth using" in ran.stdout


def _vllm_runs(folder: Path) -> list[str]:
    """Write the results of two runs of vLLM's benchmark, and return their paths."""
    paths = []
    for level in (4, 16):
        run = {
            "model_id": "meta-llama/Llama-3.1-8B-Instruct", "date": "20261103-141500", "request_rate": "inf",
            "max_concurrency": level, "completed": 100, "total_input_tokens": 50_000, "total_output_tokens": 10_000,
            "mean_ttft_ms": 120.0, "mean_tpot_ms": SLOW[level], "output_throughput": level * 1e3 / SLOW[level],
        }  # fmt: skip
        path = folder / f"vllm-{level}.json"
        path.write_text(json.dumps(run), encoding="utf-8")
        paths.append(str(path))
    return paths


def test_results_of_benchmarks_are_validated_and_predicted_as_tables_are(folder: Path, tmp_path: Path) -> None:
    runs = _vllm_runs(tmp_path)
    on_l4 = ["--set", "accelerator=l4"]
    before = _json(["validate", *runs, *on_l4])
    after = _json(["validate", *runs, *on_l4, "--calibration", str(folder / "c.json")])

    def tpot_error(found: dict[str, object]) -> float:
        rows = found["comparisons"]
        assert isinstance(rows, list)
        return float(next(each["median_abs_error"] for each in rows if each["metric"] == "tpot_ms_mean"))

    assert tpot_error(after) < 0.75 * tpot_error(before)
    ran = CliRunner().invoke(app, ["predict", *runs, *on_l4, "--out", str(tmp_path / "p.csv")])
    assert ran.exit_code == 0, ran.output
    assert "Mind" not in ran.stderr
    with (tmp_path / "p.csv").open() as file:
        assert [row["concurrency_or_rate"] for row in csv.DictReader(file)] == ["4.0", "16.0"]


def test_what_stands_in_for_an_unknown_device_is_told(tmp_path: Path) -> None:
    runs = _vllm_runs(tmp_path)
    for given, words in (([], "2 points without a device"), (["--set", "accelerator=l4x"], "a device 'l4x'")):
        ran = CliRunner().invoke(app, ["validate", *runs, *given])
        assert words in ran.stderr


def test_a_calibration_among_the_points_is_told_apart(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="calibration, not points"):
        CliRunner().invoke(app, ["validate", str(folder / "c.json")], catch_exceptions=False, standalone_mode=False)
