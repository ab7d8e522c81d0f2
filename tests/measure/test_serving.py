"""The closed form of a closed loop agrees with the simulator on means, given the same step times."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from millwright.catalog.catalog import load_catalog
from millwright.measure.points import points_of
from millwright.measure.predict import point_labels
from millwright.measure.resolve import Resolver
from millwright.measure.serving import arrange_points, predict_means
from millwright.perf.coefficients import shipped_coefficients
from millwright.perf.compile import compile_step_time
from millwright.perf.memory import memory_fit
from millwright.simulate import simulate_closed, summarise

CATALOG = load_catalog()


@pytest.mark.parametrize(
    ("model", "engine", "isl", "osl", "users"),
    [
        ("meta-llama/Llama-3.1-70B", "vllm", 1024.0, 1024.0, 32),
        ("meta-llama/Llama-3.1-70B", "vllm", 8192.0, 1024.0, 16),
        ("openai/gpt-oss-120b", "vllm", 1024.0, 1024.0, 64),
        ("Qwen/Qwen3-32B", "vllm", 1024.0, 8192.0, 16),
    ],
)
def test_mean_tpot_and_throughput_agree_with_the_simulator(
    model: str, engine: str, isl: float, osl: float, users: int
) -> None:
    row = {
        "accelerator": "NVIDIA H200 SXM 141GB",
        "n_accelerators": 4.0,
        "tp": 4.0,
        "model": model,
        "precision_weights": "fp8" if "gpt" not in model else "mxfp4",
        "engine": engine,
        "isl": isl,
        "osl": osl,
        "isl_dist": "uniform in [0.8x,1.0x]",
        "concurrency_or_rate": float(users),
        "load_kind": "concurrency (closed loop)",
    }
    resolved = Resolver(CATALOG).resolve(points_of(pl.DataFrame({k: [v] for k, v in row.items()}))[0])
    labels = [point_labels(resolved)]
    fit = shipped_coefficients()
    step = fit.resolve(labels)
    closed_form = predict_means(arrange_points([resolved]), step, step, fit.resolve_protocol(labels))

    rng = np.random.default_rng(3)
    count = 10 * users
    context = 0.9 * (isl + osl / 2)
    compiled = compile_step_time(resolved.deployment, context_tokens=context)
    outcomes = simulate_closed(
        rng.integers(int(0.8 * isl), int(isl) + 1, count),
        rng.integers(int(0.8 * osl), int(osl) + 1, count),
        users,
        compiled,
        resolved.deployment.limits,
        memory_fit(resolved.deployment).kv_capacity_tokens,
    )
    simulated = summarise(outcomes)
    assert simulated.tpot_s.mean.value == pytest.approx(float(closed_form.tpot_s[0]), rel=0.10)
    per_s = 1.0 / (float(closed_form.output_per_s[0]))
    assert 1.0 / simulated.output_tokens_per_s == pytest.approx(per_s, rel=0.15)
