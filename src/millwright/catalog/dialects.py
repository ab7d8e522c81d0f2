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
    "shared_experts": ("n_shared_experts", "num_shared_experts", "moe_num_shared_experts"),
    "shared_size": (
        "shared_expert_intermediate_size",
        "moe_shared_expert_intermediate_size",
        "shared_intermediate_size",
        "share_expert_dim",
    ),
    "window": ("sliding_window", "sliding_window_size"),
}
"""Names that one size goes by, the usual one first."""


class QkNorm(StrEnum):
    """Norms on queries and keys, by how many weights they have."""

    NONE = "none"
    HEAD = "head"  # one head's size each, shared by all heads
    WIDTH = "width"  # the whole projection each


class Windows(StrEnum):
    """Which layers slide when the config gives a window but no `layer_types`."""

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
    qk_norm: QkNorm = QkNorm.NONE
    layer_norms: int = 2  # norms per layer of the model's width, outside the mixer
    norm_weights: int = 1  # weights per element of a norm: 2 with a bias, 0 without weights
    gated: bool = True
    tied: bool = False  # where the config does not say
    windows: Windows = Windows.ALL
    window_pattern: int = 0  # PATTERN, where the config does not say
    output_gate: bool = False  # the attention's output is gated by a projection of the query's width
    learned_positions: int | None = None  # a table of max_context + this many rows
    embedding_norm: bool = False
    head_bias: bool = False
    attention_sinks: bool = False
    dense_beside_experts: bool = False  # a dense block runs in parallel with the experts
    shared_gate: bool = False  # the shared expert's output is gated by one number
    router_bias: bool = False
    linear: str = ""  # the kind of its linear layers: see `mixers`


_PLAIN = Dialect()
_BIASED_LAYER_NORM = Dialect(qkv_bias=True, o_bias=True, mlp_bias=True, norm_weights=2, gated=False)
_QWEN2 = Dialect(qkv_bias=True, o_bias=False, windows=Windows.IF_ASKED)
_QWEN3 = Dialect(qk_norm=QkNorm.HEAD, windows=Windows.IF_ASKED)
_QWEN3_5 = replace(_QWEN3, output_gate=True, shared_gate=True, linear="gated_delta")
_GEMMA2 = Dialect(layer_norms=4, tied=True, windows=Windows.ALTERNATE)
_GEMMA3 = Dialect(layer_norms=4, tied=True, windows=Windows.PATTERN, window_pattern=6, qk_norm=QkNorm.HEAD)
_MAMBA2 = Dialect(linear="mamba2")
_DEEPSEEK = Dialect(router_bias=True)

DIALECTS: Mapping[str, Dialect] = {
    "llama": _PLAIN,
    "mistral": _PLAIN,
    "mistral3": _PLAIN,
    "ministral3": _PLAIN,
    "mixtral": _PLAIN,
    "phi3": _PLAIN,
    "deepseek_v2": _PLAIN,
    "deepseek_v3": _DEEPSEEK,
    "deepseek_v32": _DEEPSEEK,
    "kimi_k2": _DEEPSEEK,
    "kimi_k25": _DEEPSEEK,
    "glm_moe_dsa": _DEEPSEEK,
    "glm4_moe_lite": _DEEPSEEK,
    "glm4_moe": Dialect(qkv_bias=None, o_bias=False, router_bias=True),
    "qwen2": _QWEN2,
    "qwen2_moe": replace(_QWEN2, shared_gate=True),
    "mimo": _QWEN2,
    "qwen3": _QWEN3,
    "qwen3_moe": _QWEN3,
    "qwen3_vl_text": _QWEN3,
    "qwen3_vl_moe_text": _QWEN3,
    "qwen3_next": _QWEN3_5,
    "qwen3_5_text": _QWEN3_5,
    "qwen3_5_moe_text": _QWEN3_5,
    "gemma": Dialect(tied=True),
    "gemma2": _GEMMA2,
    "gemma3_text": _GEMMA3,
    "gpt_oss": Dialect(windows=Windows.ALTERNATE, mlp_bias=True, attention_sinks=True),
    "minimax_m2": Dialect(qk_norm=QkNorm.WIDTH, router_bias=True),
    "gptj": Dialect(mlp_bias=True, layer_norms=1, norm_weights=2, gated=False, head_bias=True),
    "bloom": replace(_BIASED_LAYER_NORM, tied=True, embedding_norm=True),
    "opt": replace(_BIASED_LAYER_NORM, tied=True, learned_positions=2),
    "phi": replace(_BIASED_LAYER_NORM, layer_norms=1, head_bias=True),
}
