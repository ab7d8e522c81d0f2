"""Serving points: every row is answered, laws hold, and the measured ones are met."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from millwright.catalog.catalog import load_catalog
from millwright.measure.points import points_of
from millwright.measure.predict import PREDICTED, predict_points, predict_table

CATALOG = load_catalog()

CLOSED = {
    "accelerator": "NVIDIA H200 SXM 141GB",
    "n_accelerators": 4.0,
    "model": "meta-llama/Llama-3.1-70B",
    "precision_weights": "fp8",
    "engine": "vllm",
    "engine_version": "0.12.0",
    "tp": 4.0,
    "isl": 1024.0,
    "osl": 1024.0,
    "isl_dist": "random, lengths uniform in [0.8x,1.0x] of nominal isl/osl (random_range_ratio 0.8)",
    "concurrency_or_rate": 32.0,
    "load_kind": "max concurrency (closed loop)",
    "scenario": "closed-loop",
}


def table(**changes: object) -> pl.DataFrame:
    row = CLOSED | changes
    return pl.DataFrame({name: [value] for name, value in row.items()}, strict=False)


def predicted(**changes: object) -> dict[str, float]:
    return predict_table(table(**changes), CATALOG).row(0, named=True)


rows = st.fixed_dictionaries(
    {},
    optional={
        "accelerator": st.sampled_from(["NVIDIA B200", "AMD MI300X", "Apple M9 Ultra", "Quux 3000", "", None]),
        "n_accelerators": st.sampled_from([1.0, 3.0, 8.0, 72.0, 0.0, float("nan"), None]),
        "model": st.sampled_from(["openai/gpt-oss-120b", "acme/Super-70B-A7B", "unheard-of", "", None]),
        "precision_weights": st.sampled_from(["fp8", "fp4", "Q4_K - Medium", "strange", "", None]),
        "engine": st.sampled_from(["sglang", "llama.cpp", "dynamo+tensorrt-llm", "new-engine", None]),
        "tp": st.sampled_from([1.0, 4.0, 8.0, None]),
        "ep": st.sampled_from([0.0, 1.0, 8.0, None]),
        "dp_attention": st.sampled_from([True, False, None]),
        "disaggregated": st.sampled_from([True, False, None]),
        "parallelism_text": st.sampled_from(["tp=P4/D8 pp= ep=P4/D8 dp=Pworkers1/Dworkers4", "gibberish", None]),
        "isl": st.sampled_from([1.0, 128.0, 200_000.0, None]),
        "osl": st.sampled_from([0.0, 1.0, 4096.0, None]),
        "concurrency_or_rate": st.sampled_from([0.5, 1.0, 4096.0, float("inf"), None]),
        "load_kind": st.sampled_from(
            [
                "static batch size",
                "request rate (Poisson)",
                "all requests queued at once (offline max throughput)",
                None,
            ]
        ),
        "scenario": st.sampled_from(["decode-only (llama-bench tg)", "prefill-only (llama-bench pp)", None]),
    },
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows)
def test_every_row_is_answered_with_a_finite_interval(row: dict[str, object]) -> None:
    given_row = {name: [value] for name, value in row.items()} or {"model": ["x"]}
    answer = predict_table(pl.DataFrame(given_row, strict=False), CATALOG).row(0, named=True)
    for name in PREDICTED:
        low, value, high = answer[f"{name}_low"], answer[name], answer[f"{name}_high"]
        assert np.isfinite([low, value, high]).all()
        assert 0 < low <= value <= high
    assert answer["pred_basis"]


def test_no_prediction_is_below_the_roofline_of_its_step(shared_data: Path) -> None:
    points = points_of(pl.read_parquet(shared_data / "serving_points.parquet").sample(3000, seed=5))
    found = predict_points(points, CATALOG)
    assert (found.values[1] >= found.floors_ms * (1 - 1e-9)).all()
    assert (found.low[1] >= np.minimum(found.floors_ms, found.values[1]) * (1 - 1e-9)).all()


@pytest.mark.parametrize("engine", ["vllm", "trtllm"])
def test_more_users_wait_no_less_and_get_no_less_together(engine: str) -> None:
    answers = [predicted(concurrency_or_rate=float(users), engine=engine) for users in (1, 8, 64)]
    tpots = [each["pred_tpot_ms_mean"] for each in answers]
    totals = [each["pred_output_tok_s_total"] for each in answers]
    assert tpots == sorted(tpots)
    assert totals == sorted(totals)


def test_throughput_and_latency_obey_littles_law() -> None:
    answer = predicted(concurrency_or_rate=64.0)
    request_s = (answer["pred_ttft_ms_mean"] + (0.9 * 1024 - 1) * answer["pred_tpot_ms_mean"]) / 1e3
    assert answer["pred_output_tok_s_total"] * request_s / (0.9 * 1024) == pytest.approx(64.0, rel=0.15)


def test_weights_beyond_all_memory_are_called_impossible_but_answered() -> None:
    answer = predicted(model="deepseek-ai/DeepSeek-R1", n_accelerators=1.0, tp=1.0, precision_weights="bf16")
    assert "impossible as stated" in str(answer["pred_error"])
    assert answer["pred_tpot_ms_mean"] > 0


def test_an_unknown_model_is_wider_than_a_known_one() -> None:
    def width(answer: dict[str, float]) -> float:
        return answer["pred_tpot_ms_mean_high"] / answer["pred_tpot_ms_mean_low"]

    assert width(predicted()) < width(predicted(model="acme/Frobnicate-70B"))


@pytest.mark.slow
def test_measured_points_of_the_fit_are_met(shared_data: Path) -> None:
    points = pl.read_parquet(shared_data / "serving_points.parquet").filter(
        pl.col("part").is_in(["inferencemax", "aic_silicon"]) & ~pl.col("use").str.starts_with("doubtful")
    )
    answer = predict_table(points, CATALOG)
    error = (answer["pred_tpot_ms_mean"] / answer["tpot_ms_mean"] - 1).abs().median()
    assert isinstance(error, float)
    assert error < 0.05


def test_in_a_closed_loop_throughput_is_what_the_time_of_a_request_makes_it() -> None:
    row = {
        "accelerator": "NVIDIA H100 SXM5 80GB",
        "tp": 2.0,
        "n_accelerators": 2.0,
        "model": "Llama-3.1-70B",
        "precision_weights": "fp8",
        "isl": 1024.0,
        "osl": 512.0,
        "load_kind": "concurrency (closed loop)",
    }
    table = pl.DataFrame([row | {"concurrency_or_rate": float(users)} for users in (1, 4, 16, 64)])
    found = predict_points(points_of(table), load_catalog())
    ttft_ms, tpot_ms, per_s = found.values
    by_law = np.array([1, 4, 16, 64]) * 512.0 / ((ttft_ms + 511.0 * tpot_ms) / 1e3)
    assert per_s == pytest.approx(by_law, rel=0.06)  # a run's start and end cost some per cent
