"""How families of Hugging Face configs differ in what they leave unsaid: biases, norms, tied embeddings, windows.

A `config.json` gives the sizes; the rest is in the family's modelling code. This table holds it, by `model_type`. A
model of an unknown type is read as a plain gated decoder, with its assumptions stated, so a new type needs a line here
only when it departs from that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

FIELD_NAMES: Mapping[str, tuple[str, ...]] = {
    "hidden_size": ("hidden_size", "n_embd", "d_model", "n_embed", "model_dim"),
    "layers": ("num_hidden_layers", "n_layer", "n_layers", "num_layers"),
    "heads": ("num_attention_heads", "n_head", "n_heads"),
    "kv_heads": ("num_key_value_heads", "num_kv_heads", "n_head_kv", "kv_n_heads", "num_attention_groups"),
    "head_dim": ("head_dim", "kv_channels", "attention_head_dim"),
    "intermediate_size": ("intermediate_size", "n_inner", "ffn_dim", "ffn_hidden_size"),
    "vocab_size": ("padded_vocab_size", "vocab_size"),
    "max_context": ("max_position_embeddings", "n_positions", "max_seq_len", "seq_length", "model_max_length"),
    "experts": ("num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts"),
    "experts_per_token": (
        "num_experts_per_tok",
        "num_experts_per_token",
        "moe_topk",
        "moe_top_k",
        "top_k_experts",
        "experts_per_token",
        "moe_k",
    ),
    "expert_size": ("moe_intermediate_size", "expert_ffn_hidden_size"),
    "expert_hidden_size": ("moe_latent_size", "routed_expert_hidden_size"),
    "shared_experts": ("n_shared_experts", "num_shared_experts", "moe_num_shared_experts", "num_shared_expert"),
    "shared_size": (
        "shared_expert_intermediate_size",
        "moe_shared_expert_intermediate_size",
        "shared_intermediate_size",
        "share_expert_dim",
    ),
    "dense_layers": ("first_k_dense_replace", "num_dense_layers", "moe_layer_start_index"),
    "window": ("sliding_window", "sliding_window_size", "attention_chunk_size"),
}
"""Names that one size goes by, the usual one first."""


class QkNorm(StrEnum):
    """Norms on queries and keys, by how many weights they have."""

    NONE = "none"
    WEIGHTLESS = "weightless"
    HEAD = "head"  # one head's size each, shared by all heads
    WIDTH = "width"  # the whole projection each


class Windows(StrEnum):
    """Which layers slide when the config gives a window but no list of layer types."""

    ALL = "all"
    ALTERNATE = "alternate"  # the first one slides, the second is full, and so on
    PATTERN = "pattern"  # all but every `sliding_window_pattern`-th
    IF_ASKED = "if_asked"  # none unless `use_sliding_window`; then those from `max_window_layers` on


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a family's config leaves unsaid. `None` for a bias: as the config's own flag says, else no bias."""

    qkv_bias: bool | None = None
    o_bias: bool | None = None
    mlp_bias: bool | None = None
    qk_norm: QkNorm = QkNorm.NONE  # where `use_qk_norm` is true, or absent and `qk_norm_unasked`
    qk_norm_unasked: bool = True
    layer_norms: int = 2  # norms per layer of the model's width, outside the mixer
    norm_weights: int = 1  # weights per element of a norm: 2 with a bias, 0 without weights
    gated: bool = True
    tied: bool = False  # where the config does not say
    windows: Windows = Windows.ALL
    window_pattern: int = 0  # PATTERN, where the config does not say
    output_gate: bool = False  # the attention's output is gated by a projection of its own width
    learned_positions: int | None = None  # a table of max_context + this many rows
    embedding_norm: bool = False
    head_bias: bool = False
    attention_sinks: bool = False
    dense_beside_experts: bool = False  # a dense block runs in parallel with the experts
    shared_like_expert: bool = False  # one shared expert of an expert's size that the config does not mention
    shared_gate: bool = False  # the shared expert's output is gated by one number
    router_bias: bool = False
    linear: str = ""  # the kind of its linear layers: see `mixers`
    one_pass: bool = False  # an encoder: every token looks at every other, and there is no vocabulary head


_PLAIN = Dialect()
_BIASED_LAYER_NORM = Dialect(qkv_bias=True, o_bias=True, mlp_bias=True, norm_weights=2, gated=False)
_QWEN2 = Dialect(qkv_bias=True, o_bias=False, mlp_bias=False, windows=Windows.IF_ASKED)
_QWEN3 = Dialect(qk_norm=QkNorm.HEAD, windows=Windows.IF_ASKED)
_QWEN3_5 = replace(_QWEN3, output_gate=True, shared_gate=True, linear="gated_delta")
_GEMMA3 = Dialect(layer_norms=4, tied=True, windows=Windows.PATTERN, window_pattern=6, qk_norm=QkNorm.HEAD)
_OLMO2 = Dialect(qk_norm=QkNorm.WIDTH)
_DEEPSEEK = Dialect(router_bias=True)
_ENCODER = replace(_BIASED_LAYER_NORM, tied=True, learned_positions=0, embedding_norm=True, one_pass=True)
_COHERE = Dialect(layer_norms=1, tied=True, qk_norm=QkNorm.WIDTH, qk_norm_unasked=False)

DIALECTS: Mapping[str, Dialect] = {
    **dict.fromkeys(("llama", "mistral", "ministral3", "mixtral", "phi3", "internlm2", "internlm3"), _PLAIN),
    **dict.fromkeys(("baichuan", "exaone", "deepseek", "deepseek_v2", "granitemoe", "aquila", "smollm3"), _PLAIN),
    "granite": _PLAIN,
    "nemotron-nas": _PLAIN,
    "deci": _PLAIN,
    **dict.fromkeys(("deepseek_v3", "deepseek_v32", "kimi_k2", "kimi_k25", "glm_moe_dsa", "glm4_moe_lite"), _DEEPSEEK),
    "deepseek_v4": replace(_DEEPSEEK, attention_sinks=True),
    "kimi_linear": replace(_DEEPSEEK, linear="kimi_delta"),
    "glm4_moe": replace(_DEEPSEEK, o_bias=False, qk_norm=QkNorm.HEAD, qk_norm_unasked=False),
    "glm4": Dialect(layer_norms=4, o_bias=False),
    "chatglm": Dialect(o_bias=False, mlp_bias=False),
    "dots1": replace(_DEEPSEEK, qk_norm=QkNorm.HEAD),
    "qwen": _QWEN2,
    "qwen2": _QWEN2,
    "qwen2_moe": replace(_QWEN2, shared_gate=True),
    "mimo": _QWEN2,
    "mimo_v2_flash": Dialect(router_bias=True),
    "seed_oss": Dialect(o_bias=False),
    **dict.fromkeys(("qwen3", "qwen3_moe", "qwen3_vl_text", "qwen3_vl_moe_text", "qwen3_omni_moe_text"), _QWEN3),
    **dict.fromkeys(("qwen3_next", "qwen3_5_text", "qwen3_5_moe_text"), _QWEN3_5),
    "gemma": Dialect(tied=True),
    "gemma2": Dialect(layer_norms=4, tied=True, windows=Windows.ALTERNATE),
    "gemma3_text": _GEMMA3,
    "gemma3n_text": replace(_GEMMA3, window_pattern=5),
    "gemma4_text": replace(_GEMMA3, dense_beside_experts=True),
    "gpt_oss": Dialect(windows=Windows.ALTERNATE, mlp_bias=True, attention_sinks=True),
    "llama4_text": Dialect(
        qk_norm=QkNorm.WEIGHTLESS, windows=Windows.PATTERN, window_pattern=4, shared_like_expert=True
    ),
    "minimax_m2": Dialect(qk_norm=QkNorm.WIDTH, router_bias=True),
    "minimax_m3": Dialect(qk_norm=QkNorm.HEAD, router_bias=True),
    **dict.fromkeys(("minimax", "minimax_text_01"), Dialect(linear="lightning")),
    "nemotron_h": Dialect(gated=False, router_bias=True, linear="mamba2"),
    "nemotron": Dialect(gated=False, norm_weights=2),
    "granitemoehybrid": Dialect(tied=True, linear="mamba2"),
    "jamba": Dialect(linear="mamba1"),
    "lfm2": Dialect(tied=True, qk_norm=QkNorm.HEAD, linear="short_convolution"),
    "step3p5": Dialect(qk_norm=QkNorm.HEAD, router_bias=True),
    "exaone4": Dialect(qk_norm=QkNorm.HEAD, windows=Windows.PATTERN, window_pattern=4),
    "hunyuan_v1_moe": Dialect(tied=True, qk_norm=QkNorm.HEAD),
    "ernie4_5_moe": Dialect(tied=True, router_bias=True),
    "apertus": Dialect(qk_norm=QkNorm.HEAD, gated=False),
    "olmo": Dialect(norm_weights=0),
    **dict.fromkeys(("olmo2", "olmo3", "olmoe"), _OLMO2),
    "cohere": _COHERE,
    "cohere2": replace(_COHERE, windows=Windows.PATTERN, window_pattern=4),
    "stablelm": Dialect(norm_weights=2),
    "phimoe": Dialect(norm_weights=2, head_bias=True),
    "grok": Dialect(layer_norms=4, tied=True),
    "dbrx": Dialect(tied=False),
    "mpt": Dialect(gated=False, tied=True),
    "falcon": Dialect(norm_weights=2, gated=False, tied=True),
    "starcoder2": replace(_BIASED_LAYER_NORM, tied=True),
    "gpt2": replace(_BIASED_LAYER_NORM, tied=True, learned_positions=0),
    "gpt_bigcode": replace(_BIASED_LAYER_NORM, tied=True, learned_positions=0),
    "gpt_neox": _BIASED_LAYER_NORM,
    "gptj": Dialect(mlp_bias=True, layer_norms=1, norm_weights=2, gated=False, head_bias=True),
    "bloom": replace(_BIASED_LAYER_NORM, tied=True, embedding_norm=True),
    "opt": replace(_BIASED_LAYER_NORM, tied=True, learned_positions=2),
    "phi": replace(_BIASED_LAYER_NORM, layer_norms=1, head_bias=True),
    **dict.fromkeys(("bert", "roberta", "xlm-roberta"), _ENCODER),
}
