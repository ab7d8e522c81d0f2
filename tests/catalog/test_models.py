"""The models: that their sizes are what their makers say, and that any spelling finds them."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from millwright.catalog.architecture import Architecture, AttentionKind
from millwright.catalog.catalog import load_catalog
from millwright.catalog.huggingface import architecture_from_entry
from millwright.catalog.load import read_entries, read_sources
from millwright.catalog.model_check import faults_of_model
from millwright.catalog.models import find_model, names_of, normalise_model_name, parameters_in_name, precision_hint
from millwright.catalog.precision import Precision
from millwright.catalog.shelf import UnknownNameError

ENTRIES = {entry["id"]: entry for entry in read_entries("models")}
MODELS = {id_: architecture_from_entry(entry) for id_, entry in ENTRIES.items()}
KNOWN = names_of(list(ENTRIES.values()))
COUNTED = [model for model in MODELS.values() if model.published_parameters is not None]


def test_there_are_models_of_every_make() -> None:
    makes = {(model.hidden_size, model.vocab_size, model.layers, model.tied_embeddings) for model in MODELS.values()}
    assert len(makes) >= 150
    kinds = {group.attention.kind for model in MODELS.values() for group in model.layers}
    assert kinds == set(AttentionKind)
    assert sum(model.is_moe for model in MODELS.values()) >= 40
    assert sum(model.is_mla for model in MODELS.values()) >= 10
    assert any(group.attention.sparse_topk_tokens for model in MODELS.values() for group in model.layers)


@pytest.mark.parametrize("model", COUNTED, ids=lambda model: model.id)
def test_our_count_is_the_makers(model: Architecture) -> None:
    assert model.weight_parameters() == pytest.approx(model.published_parameters, rel=0.02)


def test_most_counts_agree_to_the_last_weight() -> None:
    exact = [model for model in COUNTED if model.weight_parameters() == model.published_parameters]
    assert len(COUNTED) >= 150
    assert len(exact) >= 130


@pytest.mark.parametrize("model", [m for m in MODELS.values() if m.published_active_parameters], ids=lambda m: m.id)
def test_a_token_uses_about_as_many_weights_as_the_maker_says(model: Architecture) -> None:
    """Makers differ in whether embeddings count and round freely: one of the ways is within a sixth."""
    tables = model.vocab_size * model.hidden_size * (1 if model.tied_embeddings else 2)
    ways = (model.active_parameters(), model.active_parameters(embeddings=False), model.active_parameters() - tables)
    assert min(abs(way / model.published_active_parameters - 1) for way in ways) < 1 / 6


@pytest.mark.parametrize("id_", ENTRIES)
def test_an_entry_is_sound(id_: str) -> None:
    assert list(faults_of_model(ENTRIES[id_])) == []


def test_every_size_has_a_listed_source() -> None:
    sources = read_sources()
    for model in MODELS.values():
        assert len(model.facts) > 8
        assert {fact.source for fact in model.facts.values()} <= sources.keys()


@pytest.mark.parametrize(
    ("id_", "change", "fault"),
    [
        ("llama-3.1-8b", {"licence": ""}, "is missing"),
        ("llama-3.1-8b", {"id": "Llama 8B"}, "lower-case"),
        ("llama-3.1-8b", {"colour": "blue"}, "unknown field"),
        ("llama-3.1-8b", {"config": {}}, "cannot be read"),
        ("llama-3.1-8b", {"config": ENTRIES["llama-3.1-70b"]["config"]}, "70,553,706,496 counted"),
        ("llama-3.1-8b", {"aliases": ["meta-llama/Llama-3.1-70B"]}, "states 70,000,000,000 parameters"),
        ("llama-3.1-8b", {"aliases": ["A", "a"]}, "stands twice"),
        ("llama-3.1-8b", {"facts": {}}, "the fact `config` is missing"),
    ],
)
def test_an_unsound_entry_is_found_out(id_: str, change: dict[str, object], fault: str) -> None:
    faults = [message for _, message in faults_of_model({**ENTRIES[id_], **change})]
    assert any(fault in message for message in faults)


# Published elsewhere than in configs: KV bytes per token in the paper "Insights into DeepSeek-V3" (table 1),
# checkpoint sizes in the gpt-oss model card (table 1) and on the Kimi checkpoints' pages.
@pytest.mark.parametrize(
    ("id_", "kv_bytes"),
    [
        ("deepseek-v3", 70_272),
        ("qwen2.5-72b", 327_680),
        ("llama-3.1-405b", 516_096),
        ("llama-2-7b", 524_288),
        ("llama-3.1-8b", 131_072),
        ("mixtral-8x7b", 131_072),
    ],
)
def test_a_token_takes_the_published_cache(id_: str, kv_bytes: int) -> None:
    assert MODELS[id_].kv_bytes_per_token(Precision.BF16) == kv_bytes


@pytest.mark.parametrize(
    ("id_", "gib"),
    [("gpt-oss-120b", 60.8), ("gpt-oss-20b", 12.8), ("kimi-k2-thinking", 594 / 1.0737), ("kimi-k3", 1453.7)],
)
def test_the_published_checkpoint_has_its_published_size(id_: str, gib: float) -> None:
    model = MODELS[id_]
    assert model.weight_bytes(Precision(model.native_precision)) / 2**30 == pytest.approx(gib, rel=0.005)


def test_windows_and_states_bound_the_cache() -> None:
    """A hybrid of 6 attention layers keeps far less at long context than a dense model of its size."""
    hybrid, dense = MODELS["nemotron-nano-12b-v2"], MODELS["mistral-nemo-12b"]
    assert (
        hybrid.kv_bytes_per_sequence(Precision.BF16, 100_000) < dense.kv_bytes_per_sequence(Precision.BF16, 100_000) / 4
    )
    windowed = MODELS["gemma-3-27b"]
    full = sum(group.count for group in windowed.layers if group.attention.kind is AttentionKind.FULL)
    assert full == 10
    assert windowed.kv_bytes_per_token(Precision.BF16) == full * 2 * 16 * 128 * 2


def test_sparse_attention_reads_few_entries_but_every_index_key() -> None:
    model = MODELS["deepseek-v3.2"]
    short, long = (model.kv_bytes_read(Precision.BF16, context) for context in (2048, 102_048))
    assert long - short == pytest.approx(61 * 132 * 100_000)


def test_layers_that_share_a_cache_keep_none() -> None:
    model = MODELS["gemma-4-e4b"]
    keeping = sum(group.count for group in model.layers if not group.attention.shares_kv)
    assert keeping == 42 - 18
    assert model.kv_bytes_per_token(Precision.BF16) == 4 * 2 * 2 * 512 * 2


def test_every_licence_says_whether_commerce_is_allowed() -> None:
    for model in MODELS.values():
        assert re.search(r"commercial use|see the licence|research", model.licence_conditions), model.id


@pytest.mark.parametrize(
    ("name", "id_"),
    [
        ("nvidia/Llama-3.3-70B-Instruct-NVFP4", "llama-3.3-70b"),
        ("/mnt/models/meta-llama/Llama-3.1-8B-Instruct/", "llama-3.1-8b"),
        ("RedHatAI/Qwen3-32B-quantized.w4a16", "qwen3-32b"),
        ("unsloth/Qwen3-30B-A3B-Instruct-2507-GGUF", "qwen3-30b-a3b-2507"),
        ("Qwen3-235B-A22B-Thinking-2507-FP8", "qwen3-235b-a22b-2507"),
        ("deepseek-ai/DeepSeek-V3-0324", "deepseek-v3"),
        ("amd/Llama-3.1-405B-Instruct-FP8-KV", "llama-3.1-405b"),
        ("gemma-3-27b-it-Q4_K_M.gguf", "gemma-3-27b"),
        ("Llama 3.1:70b", "llama-3.1-70b"),
        ("LLaMA v3.1 70B", "llama-3.1-70b"),
        ("llama 70B F16", "llama-3-70b"),
        ("LLaMA 70B", "llama-2-70b"),
        ("TheBloke/Mixtral-8x7B-Instruct-v0.1-AWQ", "mixtral-8x7b"),
        ("Llama-3.1-405B (see README)", "llama-3.1-405b"),
    ],
)
def test_any_spelling_finds_its_model(name: str, id_: str) -> None:
    assert find_model(name, KNOWN) == id_


@pytest.mark.parametrize("name", ["", "gpt-5", "llama-3.1-9b", "black-forest-labs/FLUX.1-dev", "qwen", "70b", "/"])
def test_a_stranger_is_not_taken_for_a_known_model(name: str) -> None:
    assert find_model(name, KNOWN) is None


def test_no_name_stands_for_two_models() -> None:
    owners: dict[str, set[str]] = {}
    for id_, entry in ENTRIES.items():
        for name in (id_, entry["name"], *entry["aliases"]):
            owners.setdefault(name.casefold(), set()).add(id_)
    assert {name: ids for name, ids in owners.items() if len(ids) > 1} == {}


@given(st.sampled_from(sorted(KNOWN.values())), st.sampled_from(["-FP8", "-NVFP4", "-Instruct-AWQ", "-GGUF", "-W8A8"]))
def test_formats_and_training_do_not_change_the_model(id_: str, suffix: str) -> None:
    assert find_model(f"somewhere/{id_}{suffix}", KNOWN) == find_model(id_, KNOWN) == id_


@given(st.sampled_from(sorted(ENTRIES)), st.sampled_from([" ", "_", "--", "."]), st.booleans())
def test_case_and_separators_do_not_change_the_model(id_: str, separator: str, upper: bool) -> None:
    name = id_.replace("-", separator)
    assert normalise_model_name(name.upper() if upper else name) == normalise_model_name(id_)


@given(st.text(max_size=60))
def test_any_text_can_be_looked_up(name: str) -> None:
    assert find_model(name, KNOWN) in {None, *ENTRIES}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Llama-3.1-8B", (8e9, None)),
        ("Qwen3-30B-A3B", (30e9, 3e9)),
        ("SmolLM2-135M", (135e6, None)),
        ("Mixtral-8x7B", (None, None)),
        ("gpt-4o", (None, None)),
    ],
)
def test_a_name_states_parameters(name: str, expected: tuple[float | None, float | None]) -> None:
    assert parameters_in_name(name) == expected


@pytest.mark.parametrize(
    ("hint", "precision"),
    [
        ("nvidia/DeepSeek-R1-0528-FP4-V2", Precision.NVFP4),
        ("amd/DeepSeek-R1-0528-MXFP4-Preview", Precision.MXFP4),
        ("neuralmagic/Meta-Llama-3.1-8B-Instruct-FP8", Precision.FP8),
        ("llama 8B Q4_K - Medium", Precision.Q4_K_M),
        ("Qwen3.6-27B-UD-Q8_K_XL", Precision.Q8_0),
        ("RedHatAI/Qwen3-32B-quantized.w4a16", Precision.INT4),
        ("TheBloke/Llama-2-70B-GPTQ", Precision.INT4),
        ("Qwen3.6-35B-A3B-BF16", Precision.BF16),
        ("meta-llama/Llama-3.1-8B", None),
        ({"quantization_config": {"quant_method": "fp8", "weight_block_size": [128, 128]}}, Precision.FP8_BLOCK),
        ({"quantization_config": {"quant_method": "fp8"}}, Precision.FP8),
        ({"quantization_config": {"quant_method": "mxfp4"}}, Precision.MXFP4),
        ({"quantization_config": {"quant_method": "awq", "bits": 4}}, Precision.INT4),
        ({"quantization_config": {"quant_method": "gptq", "bits": 8}}, Precision.INT8),
        ({"quantization_config": {"quant_method": "modelopt", "quant_algo": "NVFP4"}}, Precision.NVFP4),
        ({"quantization_config": {"quant_method": "bitsandbytes", "load_in_8bit": True}}, Precision.INT8),
        (
            {"quantization_config": {"quant_method": "compressed-tensors", "format": "mxfp4-pack-quantized"}},
            Precision.MXFP4,
        ),
        (
            {
                "quantization_config": {
                    "quant_method": "compressed-tensors",
                    "format": "float-quantized",
                    "config_groups": {"group_0": {"weights": {"num_bits": 8, "type": "float", "strategy": "block"}}},
                }
            },
            Precision.FP8_BLOCK,
        ),
        ({"quantization_config": None}, None),
        ({}, None),
    ],
)
def test_a_name_or_a_config_tells_the_format(hint: str | dict[str, object], precision: Precision | None) -> None:
    assert precision_hint(hint) is precision


def test_every_measured_model_is_known(shared_data: Path) -> None:
    for file, column in (("serving_points", "model"), ("mlperf", "benchmark"), ("mlperf", "benchmark_dir")):
        names = pl.read_parquet(shared_data / f"{file}.parquet")[column].unique().drop_nulls().to_list()
        assert [name for name in names if find_model(name, KNOWN) is None] == []


def test_every_model_of_the_collected_configs_is_known(shared_data: Path) -> None:
    with (shared_data / "catalog" / "model_architectures.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["model"] for row in rows if find_model(row["model"], KNOWN) is None] == []


def test_sizes_agree_with_the_collected_configs(shared_data: Path) -> None:
    """Each size that a collected config gives is the one we hold, where both have it under the same name."""
    plain = ("hidden_size", "num_hidden_layers", "num_attention_heads", "kv_lora_rank", "moe_intermediate_size")
    with (shared_data / "catalog" / "model_architectures.csv").open() as file:
        rows = [(row, ENTRIES[find_model(row["model"], KNOWN) or ""]["config"]) for row in csv.DictReader(file)]
    differing = [
        (row["model"], field, row[field], config[field])
        for row, config in rows
        for field in plain
        if row[field] and field in config and float(row[field]) != config[field]
    ]
    assert differing == []


def test_llama_bench_counts_what_we_count(shared_data: Path) -> None:
    """llama-bench prints a model's weights: ours are within 2 % of every figure it gives to two decimals."""
    points = pl.read_parquet(shared_data / "serving_points.parquet", columns=["model", "params", "part"])
    printed = points.filter(pl.col("part").is_in(["kyuz0", "xiongjiedai"])).select("model", "params").unique()
    assert printed.height >= 15
    for name, params in printed.iter_rows():
        counted = MODELS[find_model(name, KNOWN) or ""].weight_parameters()
        tolerance = 0.03 if "Qwen3.6" in name else 0.02  # these files hold a multi-token-prediction layer too
        assert counted == pytest.approx(float(params.replace("B", "")) * 1e9, rel=tolerance), name


def test_the_catalogue_finds_loose_spellings_and_refuses_strangers() -> None:
    catalog = load_catalog()
    assert catalog.model("/srv/models/llama3_1-70b-fp8").id == "llama-3.1-70b"
    with pytest.raises(UnknownNameError, match="llama-9-70b"):
        catalog.model("llama-9-70b")
