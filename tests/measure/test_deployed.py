"""`predict`, `simulate` and the plan's search tell the same of one closed loop."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from millwright.catalog.catalog import load_catalog
from millwright.measure.deployed import METRICS, deployed_step_time
from millwright.measure.points import points_of
from millwright.measure.predict import predict_points
from millwright.measure.resolve import Resolver
from millwright.perf.compile import step_floor_s
from millwright.perf.memory import memory_fit
from millwright.simulate import simulate_closed, summarise

CATALOG = load_catalog()


def row(
    accelerator: str, model: str, precision: str, tp: int, engine: str, isl: int, osl: int, users: int
) -> dict[str, str | float]:
    return {
        "accelerator": accelerator,
        "n_accelerators": float(tp),
        "tp": float(tp),
        "model": model,
        "precision_weights": precision,
        "precision_kv": "bf16",
        "engine": engine,
        "isl": float(isl),
        "osl": float(osl),
        "concurrency_or_rate": float(users),
        "load_kind": "concurrency (closed loop)",
    }


@pytest.mark.parametrize(
    "case",
    [
        ("NVIDIA H100 SXM5 80GB", "Llama-3.1-70B", "fp8", 2, "vllm", 1024, 1024, 4),
        ("NVIDIA H100 SXM5 80GB", "Llama-3.1-70B", "fp8", 2, "vllm", 8192, 1024, 16),
        ("NVIDIA H200 SXM 141GB", "openai/gpt-oss-120b", "mxfp4", 1, "vllm", 1024, 1024, 64),
        ("NVIDIA B200 SXM 180GB", "DeepSeek-R1", "nvfp4", 8, "sglang", 8192, 1024, 16),
        ("AMD Instinct MI300X", "Llama-3.1-70B", "fp8", 4, "vllm", 1024, 128, 16),
        ("NVIDIA L40S", "Llama-3.1-8B", "fp8", 1, "vllm", 1024, 1024, 16),
        ("NVIDIA H100 SXM5 80GB", "Qwen3-235B-A22B", "fp8", 4, "tensorrt-llm", 1024, 1024, 16),
    ],
)
def test_simulated_with_corrected_steps_a_closed_loop_has_the_predicted_means(
    case: tuple[str, str, str, int, str, int, int, int],
) -> None:
    *_, isl, osl, users = case
    points = points_of(pl.DataFrame([row(*case)]))
    predicted = predict_points(points, CATALOG)
    deployment = Resolver(CATALOG).resolve(points[0]).deployment
    found = deployed_step_time(deployment, input_tokens=isl, output_tokens=osl, level=users)
    count = 30 * users
    rng = np.random.default_rng(5)
    outcomes = simulate_closed(
        rng.integers(int(0.8 * isl), int(1.2 * isl) + 1, count),
        rng.integers(int(0.8 * osl), int(1.2 * osl) + 1, count),
        users,
        found.step,
        deployment.limits,
        memory_fit(deployment).kv_capacity_tokens,
        ramp_s=found.cycle_s,
    )
    means = summarise(outcomes, None, 0.1)
    assert means.tpot_s.mean.value * 1e3 == pytest.approx(predicted.values[1, 0], rel=0.04)
    assert means.ttft_s.mean.value * 1e3 == pytest.approx(predicted.values[0, 0], rel=0.18)
    cycle_s = means.ttft_s.mean.value + means.tpot_s.mean.value * (osl - 1)
    assert cycle_s == pytest.approx(found.cycle_s, rel=0.05)
    assert found.basis == predicted.basis[0]
    for metric, name in enumerate(METRICS):
        assert found.factors[name][0] == pytest.approx(predicted.low[metric, 0] / predicted.values[metric, 0], abs=0.03)
        assert found.factors[name][1] == pytest.approx(predicted.high[metric, 0] / predicted.values[metric, 0])


def test_corrected_steps_stay_above_the_roofline_and_grow_with_tokens() -> None:
    for each in list(CATALOG.devices())[:20]:
        points = points_of(pl.DataFrame([row(each.name, "Llama-3.1-8B", "bf16", 1, "vllm", 500, 200, 8)]))
        deployment = Resolver(CATALOG).resolve(points[0]).deployment
        step = deployed_step_time(deployment, input_tokens=500, output_tokens=200).step
        table, kv_s, pair_s = step_floor_s(deployment, 600.0, len(step.tokens_s))
        assert (step.decode_tokens_s[1:] >= table[1:] * (1 - 1e-9)).all()
        assert (step.tokens_s[1:] >= table[1:] * (1 - 1e-9)).all()
        assert step.kv_s >= kv_s
        assert step.prefill_s >= pair_s
        assert (np.diff(step.decode_tokens_s) >= 0).all()
        assert step.request_s > 0
