"""Servers of a published benchmark are taken to be started as its scripts start them; nothing stated is overruled."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from millwright.catalog.catalog import load_catalog
from millwright.catalog.precision import Precision
from millwright.measure.points import ServingPoint, points_of
from millwright.measure.predict import point_labels
from millwright.measure.resolve import ResolvedPoint, Resolver
from millwright.measure.rigs import held_steps, known_rigs, rig_of, server_settings
from millwright.measure.serving import arrange_points, held_s
from millwright.perf.engines import engine_profiles

CATALOG = load_catalog()

ROW: dict[str, Any] = {
    "accelerator": "NVIDIA H200 SXM 141GB",
    "model": "Llama-3.1-70B",
    "precision_weights": "fp8",
    "engine": "vllm",
    "date": "2025-10-29",
    "tp": 1,
    "n_accelerators": 1,
    "isl": 1024.0,
    "osl": 1024.0,
    "isl_dist": "random, nominal lengths (InferenceX: uniform 0.8x..1.0x)",
    "concurrency_or_rate": 32.0,
    "load_kind": "concurrency (closed loop)",
}


def point(**changes: object) -> ServingPoint:
    return points_of(pl.DataFrame([ROW | changes]))[0]


def resolved(**changes: object) -> ResolvedPoint:
    return Resolver(CATALOG).resolve(point(**changes))


def holds(**changes: object) -> tuple[float, float]:
    found = resolved(**changes)
    deployment = found.deployment
    settings = server_settings(found.point, deployment.device, deployment.model, deployment.weights)
    return held_steps(settings, found.point)


def test_the_cache_has_the_format_that_the_scripts_set() -> None:
    assert resolved().deployment.kv is Precision.FP8
    assert resolved(model="gpt-oss-120b", precision_weights="mxfp4").deployment.kv is Precision.BF16


def test_what_a_table_states_counts_more_than_scripts() -> None:
    assert resolved(precision_kv="bf16").deployment.kv is Precision.BF16


def test_a_point_of_no_known_benchmark_keeps_the_engines_own_limits() -> None:
    alone = point(isl_dist="nominal")
    assert rig_of(alone) is None
    limits = Resolver(CATALOG).resolve(alone).deployment.limits
    profile = engine_profiles()["vllm"]
    assert (limits.max_num_batched_tokens, limits.max_num_seqs) == (
        profile.max_num_batched_tokens,
        profile.max_num_seqs,
    )


@pytest.mark.parametrize(
    ("users", "prompt", "tokens"), [(64, 1024, 1152), (64, 8192, 8320), (4, 1024, 1152), (100, 1024, 1216)]
)
def test_a_budget_may_follow_from_prompt_and_users(users: int, prompt: int, tokens: int) -> None:
    found = resolved(
        engine="tensorrt-llm",
        model="DeepSeek-R1",
        tp=8,
        n_accelerators=8,
        date="2025-11-02",
        isl=float(prompt),
        concurrency_or_rate=float(users),
    )
    assert found.deployment.limits.max_num_batched_tokens == tokens
    assert found.deployment.limits.max_num_seqs <= tokens


def test_settings_change_with_the_date() -> None:
    asked = {"accelerator": "AMD Instinct MI300X", "engine": "sglang", "model": "DeepSeek-R1", "tp": 8}
    early, late = (resolved(n_accelerators=8, date=date, **asked).deployment for date in ("2025-12", "2026-02-10"))
    assert (early.kv, late.kv) == (Precision.BF16, Precision.FP8)
    assert early.limits.max_num_batched_tokens > late.limits.max_num_batched_tokens


def test_requests_before_the_measured_ones_end_the_cold_start() -> None:
    cold = arrange_points([resolved(), resolved(date="2026-03-01"), resolved(isl_dist="nominal")]).cold
    assert cold.tolist() == [True, False, True]


def test_an_engine_that_looks_for_prompts_seldom_lets_them_wait() -> None:
    sglang = {"accelerator": "NVIDIA B200 SXM 180GB", "engine": "sglang", "model": "DeepSeek-R1", "tp": 8}
    few = holds(n_accelerators=8, precision_weights="nvfp4", concurrency_or_rate=8.0, **sglang)
    many = holds(n_accelerators=8, precision_weights="nvfp4", concurrency_or_rate=64.0, **sglang)
    assert few == (9.0, 0.0)
    assert many == (29.0, 0.0)
    assert holds() == (0.0, 0.0)


def test_prompts_collected_for_a_batch_wait_less_the_more_of_them_come() -> None:
    trtllm = {"engine": "tensorrt-llm"}
    assert holds(**trtllm) == (0.0, 20.0)
    assert holds(isl=8192.0, **trtllm) == (0.0, 0.0)
    assert holds(tp=8, n_accelerators=8, **trtllm) == (0.0, 0.0)
    points = arrange_points([resolved(**trtllm)])
    waits = [float(held_s(points, points.level * share, points.level * 0.0 + 0.01)[0]) for share in (0.0, 1e-3, 1.0)]
    assert waits[0] == pytest.approx(0.2)
    assert waits[0] > waits[1] > waits[2] > 0.1 - 1e-9


MLENERGY: dict[str, Any] = {
    "accelerator": "NVIDIA B200",
    "model": "Qwen/Qwen3-235B-A22B-Instruct-2507-FP8",
    "isl": None,
    "isl_dist": "lm-arena-chat",
    "date": "2026-02-27",
    "n_accelerators": 4,
    "load_kind": "max_num_seqs (saturating load, steady state)",
}


def test_a_benchmark_of_one_engine_version_has_it_where_a_table_gives_none() -> None:
    assert resolved(**MLENERGY).deployment.engine.version == "0.11.1"
    assert resolved(**MLENERGY, engine_version="0.12").deployment.engine.version == "0.12"


def test_a_quantised_model_on_a_device_with_fp4_keeps_its_cache_in_bf16_where_no_script_says_otherwise() -> None:
    assert resolved(**MLENERGY).deployment.kv is Precision.BF16
    assert resolved(**MLENERGY | {"isl_dist": "unknown"}).deployment.kv is Precision.FP8


def test_what_is_published_did_run_together() -> None:
    crowd = arrange_points([resolved(**MLENERGY | {"osl": 60_000.0}, concurrency_or_rate=1000.0)])
    alone = arrange_points([resolved(**MLENERGY | {"osl": 60_000.0, "isl_dist": ""}, concurrency_or_rate=1000.0)])
    assert crowd.fit_sequences[0] == pytest.approx(850.0)
    assert alone.fit_sequences[0] < 850.0


def test_tasks_of_a_benchmark_have_effects_of_their_own_and_its_machines_one() -> None:
    chat, code, other = (
        point_labels(resolved(**MLENERGY | {"isl_dist": name})) for name in ("lm-arena-chat", "sourcegraph-fim", "x")
    )
    assert (chat["rig"], code["rig"]) == ("lm-arena-chat", "sourcegraph-fim")
    assert chat["rig-family"] == code["rig-family"] == "mlenergy|blackwell"
    assert other["rig-family"] == ""


def test_every_setting_names_what_the_package_knows_and_where_it_was_read() -> None:
    import json
    from pathlib import Path

    import millwright.measure.rigs as rigs

    devices, models = {each.id for each in CATALOG.devices()}, {each.id for each in CATALOG.models()}
    families, engines = {each.family for each in CATALOG.devices()}, set(engine_profiles())
    told = json.loads((Path(rigs.__file__).parent / "data" / "rigs.json").read_text())["rigs"]
    entries = [entry for rig in told for entry in rig["settings"]]
    settings = [each for rig in known_rigs() for each in rig.settings]
    for each, entry in zip(settings, entries, strict=True):
        assert each.engine in engines
        assert each.devices <= devices
        assert each.models <= models
        assert each.families <= families
        assert each.formats <= {format_.value for format_ in Precision}
        assert each.since < each.until
        assert entry["source"]


def test_a_pair_without_a_script_is_started_as_its_kin() -> None:
    b200 = resolved(accelerator="NVIDIA B200", model="gpt-oss-120b", precision_weights="mxfp4", date="2025-12-20")
    b300 = resolved(accelerator="NVIDIA B300", model="gpt-oss-120b", precision_weights="mxfp4", date="2025-12-20")
    assert b300.deployment.limits == b200.deployment.limits
    assert arrange_points([b300]).graph_tokens == arrange_points([b200]).graph_tokens > 0


def test_a_script_of_the_very_pair_counts_more_than_its_kins() -> None:
    row = {"model": "GLM-5", "engine": "sglang", "precision_weights": "fp8", "date": "2026-07-01", "tp": 8}
    assert resolved(accelerator="AMD MI325X", **row).deployment.limits.max_num_batched_tokens == 16_384


def test_a_benchmarks_short_names_are_models_in_its_own_tables_alone() -> None:
    assert resolved(model="dsr1").deployment.model.id == "deepseek-r1"
    assert resolved(model="dsr1", isl_dist="fixed").notes
