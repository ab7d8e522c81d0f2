"""Words of a serving point to a deployment: formats, layouts, and names that no catalogue has."""

from __future__ import annotations

import polars as pl
import pytest

from millwright.catalog.catalog import load_catalog
from millwright.catalog.precision import Precision
from millwright.measure.points import points_of
from millwright.measure.resolve import ResolvedPoint, Resolver, guessed_model
from millwright.perf.engines import engine_id, version_years

CATALOG = load_catalog()


def resolved(**fields: object) -> ResolvedPoint:
    table = pl.DataFrame({name: [value] for name, value in fields.items()}, strict=False)
    return Resolver(CATALOG).resolve(points_of(table)[0])


@pytest.mark.parametrize(
    ("words", "model", "engine", "format_"),
    [
        ("fp8", "meta-llama/Llama-3.1-70B", "vllm", Precision.FP8),
        ("fp8", "deepseek-ai/DeepSeek-R1", "sglang", Precision.FP8_BLOCK),
        ("fp4", "deepseek-ai/DeepSeek-R1", "trtllm", Precision.NVFP4),
        ("fp4", "openai/gpt-oss-120b", "vllm", Precision.MXFP4),
        (None, "openai/gpt-oss-120b", "vllm", Precision.MXFP4),
        (None, "meta-llama/Llama-3.1-70B", "vllm", Precision.BF16),
        ("Q4_K - Medium", "llama 8B Q4_K - Medium", "llama.cpp", Precision.Q4_K_M),
        ("F16", "llama 8B F16", "llama.cpp", Precision.BF16),
        ("4-bit", "Llama2-70B", "mlc llm", Precision.INT4),
    ],
)
def test_words_for_formats(words: str | None, model: str, engine: str, format_: Precision) -> None:
    assert resolved(precision_weights=words, model=model, engine=engine).deployment.weights is format_


def test_attention_data_parallel_rows_divide_the_group_into_ranks() -> None:
    written_in_tp = resolved(
        model="deepseek-ai/DeepSeek-R1",
        n_accelerators=8.0,
        tp=8.0,
        ep=8.0,
        dp_attention=True,
        accelerator="NVIDIA B200",
    ).deployment
    written_in_dp = resolved(
        model="deepseek-ai/DeepSeek-R1", n_accelerators=8.0, tp=1.0, ep=8.0, dp=8.0, dp_attention=True
    ).deployment
    for each in (written_in_tp, written_in_dp):
        assert (each.tp, each.dp, each.ep, each.dp_attention, each.device_count) == (1, 8, 8, True, 8)


def test_devices_beyond_tensor_parallelism_are_replicas() -> None:
    point = resolved(model="meta-llama/Llama-3.1-8B", n_accelerators=8.0, tp=2.0)
    assert (point.deployment.tp, point.replicas) == (2, 4)


def test_llama_cpp_splits_layers_over_devices() -> None:
    assert resolved(model="llama 8B F16", engine="llama.cpp", n_accelerators=4.0).deployment.pp == 4


@pytest.mark.parametrize("billions", [0.5, 7.0, 70.0, 400.0])
def test_a_guessed_model_has_about_the_size_it_is_named_for(billions: float) -> None:
    assert guessed_model("acme/Net", billions).weight_parameters() / 1e9 == pytest.approx(billions, rel=0.5)


def test_a_guessed_mixture_has_about_its_active_size() -> None:
    model = guessed_model("acme/Net-100B-A10B", 100.0)
    assert model.is_moe
    assert model.weight_parameters() / 1e9 == pytest.approx(100.0, rel=0.5)


@pytest.mark.parametrize(
    ("name", "id_"),
    [
        ("vLLM", "vllm"),
        ("dynamo+sglang", "sglang"),
        ("tensorrt-llm (trtllm-bench, PyTorch backend)", "trtllm"),
        ("llama.cpp Vulkan", "llama.cpp"),
        ("quux", "quux"),
    ],
)
def test_engines_are_known_by_many_names(name: str, id_: str) -> None:
    assert engine_id(name) == id_


def test_versions_are_ordered_in_time() -> None:
    years = [version_years("vllm", version) for version in ("0.6.0", "vllm/vllm-openai:v0.11.2", "0.19.0", "2026-05")]
    assert None not in years
    assert years == sorted(year for year in years if year is not None)
    assert version_years("vllm", "nightly") is None


def test_four_bits_are_mxfp4_on_devices_without_nvfp4() -> None:
    asked = {"model": "deepseek-ai/DeepSeek-R1", "precision_weights": "fp4", "engine": "sglang"}
    assert resolved(accelerator="AMD MI355X", **asked).deployment.weights is Precision.MXFP4
    assert resolved(accelerator="NVIDIA B200", **asked).deployment.weights is Precision.NVFP4


@pytest.mark.parametrize(
    ("name", "device"),
    [("NVIDIA B300 SXM6 288GB", "b300-sxm"), ("AMD MI300X 192GB HBM3", "mi300x"), ("NVIDIA B200 SXM6", "b200-sxm")],
)
def test_a_form_factor_or_a_memory_in_a_name_does_not_make_it_strange(name: str, device: str) -> None:
    found = resolved(accelerator=name, model="llama-3.1-8b")
    assert (found.deployment.device.id, found.notes) == (device, ())


def test_another_memory_is_another_device() -> None:
    assert resolved(accelerator="NVIDIA B200 SXM6 96GB", model="llama-3.1-8b").notes
