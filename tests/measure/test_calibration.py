"""Calibration: a known truth comes back, few points move little, the error shown is of points left out."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from millwright.catalog.catalog import load_catalog
from millwright.errors import InputError
from millwright.measure.benchmarks import aiperf_row, guidellm_row, read_measured, tpot_after_first, vllm_row
from millwright.measure.calibration import CalibrationReport, calibrate
from millwright.measure.points import METRICS, ServingPoint, points_of
from millwright.measure.predict import predict_points
from millwright.perf.calibration import (
    LEAST_SPREAD,
    LIMITS,
    Calibration,
    Correction,
    read_calibration,
    write_calibration,
)
from millwright.perf.compile import compile_step_time
from millwright.perf.deployment import Deployment, Engine
from millwright.perf.operators import step_operators
from millwright.perf.timing import kv_slope_s, product_floor_s, stack_operators
from millwright.quantity import Basis

CATALOG = load_catalog()

ROW: dict[str, object] = {
    "accelerator": "NVIDIA H200 SXM 141GB",
    "n_accelerators": 4.0,
    "model": "meta-llama/Llama-3.1-70B",
    "precision_weights": "fp8",
    "engine": "vllm",
    "engine_version": "0.12.0",
    "tp": 4.0,
    "isl": 1024.0,
    "osl": 512.0,
    "load_kind": "max concurrency (closed loop)",
}


def points(levels: Sequence[float], **changes: object) -> list[ServingPoint]:
    """Return points at these loads, nothing measured yet."""
    rows = [ROW | changes | {"concurrency_or_rate": level} for level in levels]
    return points_of(pl.DataFrame({name: [row[name] for row in rows] for name in rows[0]}, strict=False))


def truth(decode: float, prefill: float, request: float = 0.0, model: str = "llama-3.1-70b") -> Calibration:
    return Calibration((Correction("h200-sxm", "vllm", model, 99, decode, prefill, request),), "2026-11-21")


def measured(asked: list[ServingPoint], how: Calibration, noise: float = 0.0, seed: int = 0) -> list[ServingPoint]:
    """Return the points as a machine would measure them whose corrections are `how`."""
    values = predict_points(asked, CATALOG, how).values
    values = values * np.exp(noise * np.random.default_rng(seed).normal(size=values.shape))
    return [replace(each, measured=dict(zip(METRICS, values[:, row], strict=True))) for row, each in enumerate(asked)]


def fitted(asked: list[ServingPoint]) -> CalibrationReport:
    return calibrate(asked, CATALOG, made="2026-11-21")


def correction(report: CalibrationReport, model: str) -> Correction:
    return next(each for each in report.calibration.corrections if each.model == model)


LOADS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 48.0, 64.0, 96.0, 128.0, 160.0, 192.0)
DEPLOYMENT = Deployment(CATALOG.model("llama-3.1-70b"), CATALOG.device("h200-sxm"), Engine("vllm"), tp=4)


def test_a_synthetic_truth_is_recovered() -> None:
    report = fitted(measured(points(LOADS), truth(0.25, 0.3)))
    found = correction(report, "llama-3.1-70b")
    assert found.decode == pytest.approx(0.25, abs=0.05)
    assert found.prefill == pytest.approx(0.3, abs=0.1)
    assert np.median(np.abs(report.after[1])) < 0.25 * np.median(np.abs(report.before[1]))


def test_an_exact_prediction_is_not_corrected() -> None:
    report = fitted(measured(points(LOADS[:4]), truth(0.0, 0.0)))
    for each in report.calibration.corrections:
        assert each.logs == pytest.approx((0.0, 0.0, 0.0), abs=1e-6)


def test_few_points_move_less_than_many() -> None:
    few, many = (
        correction(fitted(measured(points(LOADS[:n]), truth(0.2, 0.2))), "llama-3.1-70b").decode for n in (3, 12)
    )
    assert 0.0 < few < many < 0.2


def test_another_model_takes_the_part_that_is_the_machines() -> None:
    report = fitted(measured(points(LOADS), truth(0.25, 0.25)))
    own, any_model = correction(report, "llama-3.1-70b"), correction(report, "")
    assert 0.0 < any_model.decode < own.decode
    other = replace(DEPLOYMENT, model=CATALOG.model("llama-3.1-8b"))
    assert report.calibration.of(other) == any_model
    assert report.calibration.of(replace(other, device=CATALOG.device("h100-sxm"))) is None
    assert report.calibration.of(replace(other, engine=Engine("sglang"))) is None


def test_the_error_after_is_of_points_left_out() -> None:
    """A point that only it could tell of is as badly predicted after as before; the full fit would follow it."""
    asked = measured(points(LOADS[:4]), truth(0.0, 0.0))
    odd = replace(asked[0], measured={name: value * 1.6 for name, value in asked[0].measured.items()})
    report = fitted([odd, *asked[1:]])
    assert abs(report.after[1, 0]) > 0.98 * abs(report.before[1, 0])


def test_repeated_runs_are_left_out_together() -> None:
    lone = measured(points((8.0, 32.0, 64.0)), truth(0.0, 0.0))
    odd = replace(lone[0], measured={name: value * 1.5 for name, value in lone[0].measured.items()})
    report = fitted([odd] * 8 + lone[1:])
    assert abs(report.after[1, 0]) > 0.95 * abs(report.before[1, 0])


def test_noise_does_not_make_it_worse_than_it_tells() -> None:
    report = fitted(measured(points(LOADS), truth(0.2, 0.1), noise=0.04, seed=3))
    fresh = measured(points((3.0, 12.0, 40.0, 80.0, 144.0)), truth(0.2, 0.1))
    values = predict_points(fresh, CATALOG, report.calibration).values[1]
    miss = np.abs(np.log(values / [each.measured["tpot_ms_mean"] for each in fresh]))
    assert np.median(miss) < 2.0 * (correction(report, "llama-3.1-70b").decode_spread or 0.0)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (measured(points(LOADS[:2]), truth(0.1, 0.1)), "2 of 2 points can be used, 3 are needed"),
        (measured(points((8.0,)), truth(0.1, 0.1)) * 5, "1 of 5 points can be used"),
        (points(LOADS), "nothing measured"),
        (measured(points(LOADS, accelerator="Quux 3000"), truth(0.1, 0.1)), "not in the catalogue"),
        (measured(points(LOADS, model="unheard-of-9B"), truth(0.1, 0.1)), "not in the catalogue"),
        (
            [
                each
                for name in ("NVIDIA H200 SXM 141GB", "NVIDIA H100 SXM5 80GB", "NVIDIA B200 SXM 180GB")
                for each in measured(points((8.0,), accelerator=name), truth(0.0, 0.0))
            ],
            "no device and engine has 3",
        ),
    ],
    ids=["two points", "one configuration", "not measured", "unknown device", "unknown model", "one point each"],
)
def test_too_little_is_refused_with_the_reason(asked: list[ServingPoint], said: str) -> None:
    with pytest.raises(InputError, match=said):
        fitted(asked)


def test_a_point_that_beats_the_roofline_is_left_out() -> None:
    asked = measured(points(LOADS[:5]), truth(0.1, 0.0))
    seconds = replace(asked[0], measured={name: value / 1e3 for name, value in asked[0].measured.items()})
    report = fitted([seconds, *asked[1:]])
    assert report.used == (1, 2, 3, 4)
    assert "below the roofline" in report.unusable[0][1]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.floats(-3.0, 3.0), st.floats(-3.0, 3.0), st.sampled_from([1.0, 16.0, 256.0]))
def test_no_correction_beats_the_roofline(decode: float, prefill: float, level: float) -> None:
    how = truth(decode, prefill, -3.0)
    found = predict_points(points((level,)), CATALOG, how)
    assert (found.values[1] >= found.floors_ms * (1 - 1e-9)).all()
    assert (found.low <= found.values).all()
    assert (found.values <= found.high).all()
    step = compile_step_time(DEPLOYMENT, context_tokens=1000.0, calibration=how)
    stack = stack_operators([step_operators(DEPLOYMENT, 1000.0)])
    tokens = np.array([1.0, 16.0, 32.0])
    floor = product_floor_s(stack, tokens[None, :], np.ones((1, 1)), np.zeros((1, 1)))[0]
    for table in (step.tokens_s, step.decode_tokens_s):
        assert (table[tokens.astype(int)] >= floor * (1 - 1e-9)).all()
    from millwright.perf.coefficients import deployment_labels, shipped_coefficients

    assert step.kv_s >= kv_slope_s(stack, shipped_coefficients().resolve([deployment_labels(DEPLOYMENT)]))[1][0] * (
        1 - 1e-9
    )


def test_factors_stay_within_their_limits() -> None:
    wild = Correction("h200-sxm", "vllm", "", 3, 9.0, -9.0, 9.0)
    assert wild.logs == (LIMITS[0], -LIMITS[1], LIMITS[2])


def test_the_compiled_step_follows_the_calibration() -> None:
    report = fitted(measured(points(LOADS), truth(0.3, 0.4)))
    before = compile_step_time(DEPLOYMENT, context_tokens=1000.0)
    after = compile_step_time(DEPLOYMENT, context_tokens=1000.0, calibration=report.calibration)
    found = correction(report, "llama-3.1-70b")
    assert after.decode_tokens_s[16] / before.decode_tokens_s[16] == pytest.approx(math.exp(found.decode), rel=0.01)
    assert after.tokens_s[2048] / before.tokens_s[2048] == pytest.approx(math.exp(found.prefill), rel=0.01)
    assert after.basis is Basis.MEASURED
    assert LEAST_SPREAD <= after.decode_log_sigma < before.decode_log_sigma


def test_a_bad_left_out_error_is_no_smaller_spread() -> None:
    poor = replace(truth(0.1, 0.1).corrections[0], decode_spread=0.6)
    good = replace(poor, decode_spread=0.0, points=10_000)
    assert poor.spread(0.1, poor.decode_spread) > 0.1
    assert good.spread(0.1, good.decode_spread) == LEAST_SPREAD


def test_predictions_follow_the_calibration_and_say_so() -> None:
    report = fitted(measured(points(LOADS), truth(0.3, 0.2)))
    plain, with_it = (predict_points(points((24.0,)), CATALOG, each) for each in (None, report.calibration))
    assert with_it.values[1, 0] > 1.15 * plain.values[1, 0]
    assert with_it.basis == (Basis.MEASURED,)
    elsewhere = points((24.0,), accelerator="NVIDIA H100 SXM5 80GB")
    same, unmoved = (predict_points(elsewhere, CATALOG, each).values for each in (None, report.calibration))
    np.testing.assert_array_equal(same, unmoved)


def test_a_file_written_is_read_as_it_was(tmp_path: Path) -> None:
    made = fitted(measured(points(LOADS[:5]), truth(0.1, 0.2))).calibration
    write_calibration(tmp_path / "c.json", made)
    assert read_calibration(tmp_path / "c.json").corrections == made.corrections
    assert json.loads((tmp_path / "c.json").read_text())["made"] == "2026-11-21"


@pytest.mark.parametrize(
    "contents",
    [
        "no json",
        "[]",
        '{"kind": "millwright-calibration", "schema": 99}',
        '{"kind": "millwright-calibration", "schema": 1, "made": "x", "corrections": [{"device": 1}]}',
    ],
)
def test_a_file_that_is_no_calibration_is_refused(contents: str, tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text(contents)
    with pytest.raises(InputError, match="calibrat"):
        read_calibration(tmp_path / "c.json")


# -- results of benchmark programs -------------------------------------------------------------------------------

VLLM = {
    "date": "20261102-101500",
    "backend": "vllm",
    "model_id": "meta-llama/Llama-3.1-70B",
    "num_prompts": 160,
    "request_rate": "inf",
    "max_concurrency": 16,
    "accelerator": "NVIDIA H200 SXM 141GB",
    "completed": 160,
    "total_input_tokens": 163_840,
    "total_output_tokens": 81_920,
    "output_throughput": 700.0,
    "mean_ttft_ms": 120.0,
    "mean_tpot_ms": 21.0,
}


def test_vllm_results_are_read() -> None:
    row = vllm_row(VLLM)
    assert (row["isl"], row["osl"], row["concurrency_or_rate"]) == (1024.0, 512.0, 16.0)
    assert (row["ttft_ms_mean"], row["tpot_ms_mean"], row["output_tok_s_total"]) == (120.0, 21.0, 700.0)
    assert row["date"] == "2026-11-02"
    assert vllm_row(VLLM | {"request_rate": 4.0})["load_kind"].startswith("request rate")


def test_guidellm_tpot_is_turned_into_that_after_the_first_token() -> None:
    """100 tokens in 2 s, the first after 0.5 s: 20 ms over all, (2 − 0.5) / 99 s after the first."""
    assert tpot_after_first(20.0, 500.0, 100.0) == pytest.approx(1500.0 / 99.0)

    def mean(value: float) -> dict[str, dict[str, float]]:
        return {"successful": {"mean": value}}

    metrics = {
        "time_to_first_token_ms": mean(500.0),
        "time_per_output_token_ms": mean(20.0),
        "output_token_count": mean(100.0),
        "prompt_token_count": mean(700.0),
        "request_concurrency": mean(7.9),
    }
    row = guidellm_row({"metrics": metrics})
    assert row["tpot_ms_mean"] == pytest.approx(1500.0 / 99.0)
    assert guidellm_row({"metrics": metrics | {"inter_token_latency_ms": mean(15.0)}})["tpot_ms_mean"] == 15.0
    assert (row["isl"], row["concurrency_or_rate"]) == (700.0, 7.9)
    assert guidellm_row({"metrics": metrics}, "org/model")["model"] == "org/model"
    assert guidellm_row({"metrics": metrics, "worker": {"backend_model": "org/older"}}, "x")["model"] == "org/older"


def test_aiperf_summaries_are_read() -> None:
    row = aiperf_row(
        {
            "time_to_first_token": {"unit": "ms", "avg": 300.0},
            "inter_token_latency": {"unit": "ms", "avg": 12.0},
            "output_sequence_length": {"unit": "tokens", "avg": 97.0},
            "total_isl": {"unit": "tokens", "avg": 110_000.0},
            "request_count": {"unit": "requests", "avg": 200.0},
            "input_config": {"endpoint": {"model_names": ["openai/gpt-oss-20b"]}, "loadgen": {"concurrency": 100}},
        }
    )
    assert (row["isl"], row["osl"], row["tpot_ms_mean"], row["concurrency_or_rate"]) == (550.0, 97.0, 12.0, 100.0)
    assert row["model"] == "openai/gpt-oss-20b"


def test_files_of_several_kinds_make_one_table(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(VLLM))
    (tmp_path / "b.json").write_text("\n".join(json.dumps(VLLM | {"max_concurrency": level}) for level in (32, 64)))
    (tmp_path / "c.csv").write_text("accelerator,model,isl,tpot_ms_mean\nNVIDIA B200,m,10,4.5\n")
    found = points_of(read_measured([tmp_path / name for name in ("a.json", "b.json", "c.csv")], {"tp": "4"}))
    assert [each.level for each in found] == [16.0, 32.0, 64.0, None]
    assert {each.tp for each in found} == {4}
    assert found[3].measured == {"tpot_ms_mean": 4.5}


def test_json_of_nobody_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"hello": 1}')
    with pytest.raises(InputError, match="no benchmark known here"):
        read_measured([tmp_path / "a.json"], {})
