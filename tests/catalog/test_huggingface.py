"""Reading a Hugging Face config: what its sizes become, what is assumed, and that nothing malformed gets through."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from millwright.catalog.architecture import Architecture, AttentionKind, WeightPart
from millwright.catalog.huggingface import ConfigError, architecture_from_config
from millwright.catalog.precision import Precision

DENSE: dict[str, Any] = {
    "model_type": "llama",
    "hidden_size": 1024,
    "num_hidden_layers": 8,
    "num_attention_heads": 16,
    "num_key_value_heads": 4,
    "intermediate_size": 2816,
    "vocab_size": 32000,
    "max_position_embeddings": 8192,
    "tie_word_embeddings": False,
}
MIXTURE: dict[str, Any] = DENSE | {"model_type": "mixtral", "num_local_experts": 8, "num_experts_per_tok": 2}
LATENT: dict[str, Any] = DENSE | {
    "model_type": "deepseek_v3",
    "kv_lora_rank": 128,
    "q_lora_rank": 256,
    "qk_nope_head_dim": 64,
    "qk_rope_head_dim": 32,
    "v_head_dim": 64,
    "n_routed_experts": 16,
    "n_shared_experts": 1,
    "num_experts_per_tok": 4,
    "moe_intermediate_size": 256,
    "first_k_dense_replace": 2,
    "moe_layer_freq": 1,
}
HYBRID: dict[str, Any] = DENSE | {
    "model_type": "qwen3_next",
    "full_attention_interval": 4,
    "linear_num_key_heads": 4,
    "linear_num_value_heads": 8,
    "linear_key_head_dim": 64,
    "linear_value_head_dim": 64,
}
WINDOWED: dict[str, Any] = DENSE | {"model_type": "gemma3_text", "head_dim": 64, "sliding_window": 512}
ALL = {"dense": DENSE, "mixture": MIXTURE, "latent": LATENT, "hybrid": HYBRID, "windowed": WINDOWED}


def read(config: dict[str, Any]) -> Architecture:
    return architecture_from_config(config, "test-model")


def kinds(model: Architecture) -> dict[AttentionKind, int]:
    return {
        kind: count
        for kind in AttentionKind
        if (count := sum(group.count for group in model.layers if group.attention.kind is kind))
    }


def test_a_dense_decoder_is_counted_by_hand() -> None:
    attention = 1024 * (1024 + 2 * 256) + 1024 * 1024
    layer = attention + 3 * 1024 * 2816 + 2 * 1024
    assert read(DENSE).weight_parameters() == 8 * layer + 2 * 32000 * 1024 + 1024


def test_tying_saves_one_table() -> None:
    saved = read(DENSE).weight_parameters() - read(DENSE | {"tie_word_embeddings": True}).weight_parameters()
    assert saved == 32000 * 1024


def test_a_token_uses_its_own_experts_only() -> None:
    model = read(MIXTURE)
    assert model.weight_parameters() - model.active_parameters() == 8 * 6 * 3 * 1024 * 2816


def test_first_layers_can_be_dense() -> None:
    model = read(LATENT)
    dense = [group for group in model.layers if group.feed_forward is not None and not group.feed_forward.experts]
    assert [group.count for group in dense] == [2]
    assert model.layer_count == 8


def test_latent_attention_caches_one_latent_and_one_rotary_key() -> None:
    assert read(LATENT).kv_bytes_per_token(Precision.BF16) == 8 * (128 + 32) * 2


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (WINDOWED, {AttentionKind.SLIDING: 7, AttentionKind.FULL: 1}),
        (WINDOWED | {"model_type": "gemma2"}, {AttentionKind.SLIDING: 4, AttentionKind.FULL: 4}),
        (WINDOWED | {"model_type": "mistral"}, {AttentionKind.SLIDING: 8}),
        (WINDOWED | {"model_type": "mistral", "sliding_window": None}, {AttentionKind.FULL: 8}),
        (WINDOWED | {"model_type": "phi3", "sliding_window": 262144}, {AttentionKind.FULL: 8}),
        (WINDOWED | {"model_type": "qwen2", "use_sliding_window": False}, {AttentionKind.FULL: 8}),
        (
            WINDOWED | {"model_type": "qwen2", "use_sliding_window": True, "max_window_layers": 6},
            {AttentionKind.FULL: 6, AttentionKind.SLIDING: 2},
        ),
        (
            WINDOWED | {"model_type": "exaone4", "sliding_window_pattern": "LLLG"},
            {AttentionKind.SLIDING: 6, AttentionKind.FULL: 2},
        ),
        (
            WINDOWED | {"model_type": "new", "layer_types": ["sliding_attention", "full_attention"] * 4},
            {AttentionKind.SLIDING: 4, AttentionKind.FULL: 4},
        ),
        (HYBRID, {AttentionKind.LINEAR: 6, AttentionKind.FULL: 2}),
        (
            HYBRID | {"model_type": "nemotron_h", "hybrid_override_pattern": "M-M-M*M-"}
            | {"mamba_num_heads": 32, "mamba_head_dim": 64, "ssm_state_size": 128, "n_groups": 8},
            {AttentionKind.LINEAR: 4, AttentionKind.FULL: 1, AttentionKind.NONE: 3},
        ),
    ],
)  # fmt: skip
def test_layers_are_of_the_kinds_the_config_lays_out(
    config: dict[str, Any], expected: dict[AttentionKind, int]
) -> None:
    found = kinds(read(config))
    assert {kind: count for kind, count in found.items() if count} == expected


def test_a_multimodal_config_is_read_for_its_text_decoder() -> None:
    nested = {"model_type": "some_vl", "vision_config": {"hidden_size": 7}, "text_config": DENSE}
    assert read(nested).weight_parameters() == read(DENSE).weight_parameters()
    assert not read(nested).assumptions


def test_an_unknown_type_is_read_as_a_plain_decoder_and_says_so() -> None:
    model = read(DENSE | {"model_type": "llama_of_tomorrow"})
    assert model.weight_parameters() == read(DENSE).weight_parameters()
    assert "llama_of_tomorrow" in model.assumptions[0]


def test_a_missing_context_limit_is_assumed_and_said() -> None:
    config = {key: value for key, value in DENSE.items() if key != "max_position_embeddings"}
    assert any("context" in assumption for assumption in read(config).assumptions)


def test_a_quantised_checkpoint_tells_its_format_and_which_parts_have_it() -> None:
    config = LATENT | {
        "quantization_config": {
            "quant_method": "compressed-tensors",
            "config_groups": {"group_0": {"weights": {"num_bits": 4, "type": "int"}}},
            "ignore": ["lm_head", "re:.*self_attn.*", "re:.*shared_experts.*"],
        }
    }
    model = read(config)
    assert model.native_precision == Precision.INT4
    assert model.part_precision(WeightPart.EXPERTS, Precision.INT4) is Precision.INT4
    assert model.part_precision(WeightPart.ATTENTION, Precision.INT4) is Precision.BF16
    assert model.part_precision(WeightPart.SHARED, Precision.INT4) is Precision.BF16


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"hidden_size": None}, "`hidden_size` is missing"),
        ({"hidden_size": "4096"}, "`hidden_size` must be a whole number, not '4096'"),
        ({"hidden_size": float("nan")}, "`hidden_size` must be a whole number"),
        ({"num_hidden_layers": -1}, "`num_hidden_layers` is -1, out of range"),
        ({"num_hidden_layers": 10**6}, "more than any model's"),
        ({"num_hidden_layers": True}, "must be a whole number, not True"),
        ({"vocab_size": 10**30}, "out of range"),
        ({"num_attention_heads": 15}, "15 attention heads do not divide a hidden size of 1024"),
        ({"num_key_value_heads": 5}, "16 attention heads cannot share 5 key-value heads"),
        ({"tie_word_embeddings": "no"}, "`tie_word_embeddings` must be true or false, not 'no'"),
        ({"layer_types": ["full_attention"] * 3}, "`layer_types` has 3 items for 8 layers"),
        ({"layer_types": ["mamba"] * 8}, "linear layers of model type 'llama' are not known"),
        ({"hybrid_override_pattern": "M?M?M?M?"}, "`hybrid_override_pattern` has the letters"),
        ({"hybrid_override_pattern": "M-M"}, "`hybrid_override_pattern` spells 3 of 8 layers"),
        ({"num_local_experts": 8}, "`num_experts_per_tok` is missing"),
        ({"kv_lora_rank": 512, "v_head_dim": 128}, "`qk_nope_head_dim` is missing"),
        ({"block_configs": [{}] * 8}, "each of `block_configs` needs an `attention` object"),
        ({"mlp_only_layers": ["first"], "num_local_experts": 8, "num_experts_per_tok": 2}, "must list whole numbers"),
    ],
)
def test_a_malformed_config_is_refused_in_one_clear_line(change: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read(DENSE | change)
    assert told in str(refused.value)
    assert str(refused.value).startswith("test-model: ")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("not_a_config", [[], "llama", None, 7])
def test_what_is_no_object_is_refused(not_a_config: Any) -> None:
    with pytest.raises(ConfigError, match="a model's config is an object"):
        architecture_from_config(not_a_config, "x")


FIELDS = sorted(
    {field for config in ALL.values() for field in config}
    | {"layer_types", "head_dim", "quantization_config", "text_config", "attn_config", "compress_ratios"}
    | {"num_key_value_heads_per_layer", "linear_attn_config", "sparse_attention_config", "moe_layers_enum"}
    | {
        "hybrid_override_pattern",
        "hybrid_layer_pattern",
        "block_configs",
        "attn_type_list",
        "model_type",
        "quant_method",
    }
    | {"attn_layer_period", "sliding_window_pattern", "num_kv_shared_layers", "use_double_wide_mlp", "moe_layer_freq"}
)
NEARLY_RIGHT = st.one_of(
    st.text("M-*ELG", max_size=12),
    st.lists(st.sampled_from(["full_attention", "sliding_attention", "linear_attention", "mlp", "moe"]), max_size=12),
    st.lists(st.integers(0, 3), min_size=8, max_size=8),
    st.lists(st.just({"attention": {"n_heads_in_group": 4}, "ffn": {"ffn_mult": 2.5}}), min_size=8, max_size=8),
    st.integers(1, 4096),
)
ANYTHING = NEARLY_RIGHT | st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5000) | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=9) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(sorted(ALL)), st.dictionaries(st.sampled_from(FIELDS), ANYTHING, min_size=1, max_size=3))
def test_whatever_stands_in_a_config_it_is_read_or_refused(base: str, changes: dict[str, Any]) -> None:
    config = copy.deepcopy(ALL[base]) | changes
    try:
        model = read(config)
    except ConfigError:
        return
    assert 0 < model.active_parameters() <= model.weight_parameters()
    assert model.kv_bytes_per_sequence(Precision.BF16, 1000) >= 0


@given(st.sampled_from(sorted(ALL)), st.integers(1, 200_000), st.integers(0, 100_000))
def test_a_longer_context_never_takes_less_cache(base: str, context: int, more: int) -> None:
    model = read(ALL[base])
    assert model.kv_bytes_per_sequence(Precision.BF16, context + more) >= model.kv_bytes_per_sequence(
        Precision.BF16, context
    )


@given(st.sampled_from(sorted(ALL)), st.integers(600, 200_000))
def test_beyond_the_window_the_cache_grows_by_its_slope(base: str, context: int) -> None:
    """State plus slope is the whole cache once every window is full."""
    model = read(ALL[base])
    for kv in (Precision.BF16, Precision.FP8):
        expected = model.state_bytes_per_sequence(kv) + context * model.kv_bytes_per_token(kv)
        assert model.kv_bytes_per_sequence(kv, context) == pytest.approx(expected)


@given(st.sampled_from(sorted(ALL)), st.integers(1, 100_000))
def test_decoding_reads_no_more_than_is_kept(base: str, context: int) -> None:
    model = read(ALL[base])
    read_bytes = model.kv_bytes_read(Precision.BF16, context)
    assert read_bytes <= model.kv_bytes_per_sequence(Precision.BF16, context) * (1 + 1e-12)


@given(st.sampled_from(sorted(ALL)), st.integers(1, 64))
def test_weights_are_linear_in_the_number_of_layers(base: str, factor: int) -> None:
    config = {key: value for key, value in ALL[base].items() if key != "first_k_dense_replace"}
    one, many = read(config), read(config | {"num_hidden_layers": 8 * factor})
    fixed = 2 * 32000 * 1024 + 1024
    assert many.weight_parameters() - fixed == factor * (one.weight_parameters() - fixed)


@pytest.mark.parametrize("base", sorted(ALL))
def test_narrower_formats_take_fewer_bytes(base: str) -> None:
    model = read(ALL[base])
    assert model.weight_bytes(Precision.BF16) == 2 * model.weight_parameters()
    sizes = [model.weight_bytes(precision) for precision in (Precision.BF16, Precision.FP8, Precision.NVFP4)]
    assert sizes == sorted(sizes, reverse=True)
    # Embeddings and head stay wide, so fp8 is more than half.
    assert model.weight_bytes(Precision.FP8) > model.weight_bytes(Precision.BF16) / 2
