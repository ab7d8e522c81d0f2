"""From config fields to one layer's mixer: attention of every kind, and the linear layers that stand in for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from millwright.catalog.architecture import Attention, AttentionKind
from millwright.catalog.config import ConfigError, ModelConfig
from millwright.catalog.dialects import Dialect, QkNorm


def attention(config: ModelConfig, dialect: Dialect, window_tokens: int = 0, kv_heads: int = 0) -> Attention:
    """Return softmax attention of one layer: latent where the config has a latent rank, else multi- or grouped-head.

    `window_tokens` is 0 for a layer that sees the whole context; `kv_heads` is 0 where all layers have the same.
    Families that give sliding or full layers sizes of their own (MiMo V2, Step 3, Gemma 4) are told by their fields.
    """
    if config.optional_size("kv_lora_rank"):
        return _latent(config)
    heads, head_dim = config.size("heads"), config.optional_size("head_dim")
    v_head_dim = config.optional_size("v_head_dim")
    kv_heads = kv_heads or config.size("kv_heads", _implied_kv_heads(config, heads))
    key_is_value = False
    if window_tokens:
        other = config.section("attention_other_setting")
        heads = config.optional_size("swa_num_attention_heads") or other.optional_size("heads") or heads
        kv_heads = config.optional_size("swa_num_key_value_heads") or other.optional_size("kv_heads") or kv_heads
        head_dim = config.optional_size("swa_head_dim") or other.optional_size("head_dim") or head_dim
        v_head_dim = config.optional_size("swa_v_head_dim") or v_head_dim
    elif config.optional_size("global_head_dim"):
        head_dim = config.size("global_head_dim")
        key_is_value = config.flag("attention_k_eq_v")
        kv_heads = (config.optional_size("num_global_key_value_heads") if key_is_value else 0) or kv_heads
    head_dim = head_dim or _implied_head_dim(config, heads)
    return _grouped(config, dialect, heads, kv_heads, head_dim, v_head_dim, window_tokens, key_is_value)


def _grouped(
    config: ModelConfig,
    dialect: Dialect,
    heads: int,
    kv_heads: int,
    head_dim: int,
    v_head_dim: int,
    window_tokens: int,
    key_is_value: bool,
) -> Attention:
    if heads % kv_heads:
        raise ConfigError(
            f"{heads} attention heads cannot share {kv_heads} key-value heads",
            config.name,
            "`num_attention_heads` must be a multiple of `num_key_value_heads`.",
        )
    hidden = config.size("hidden_size")
    sparse = config.section("sparse_attention_config")  # MiniMax M3
    q_dim, k_dim, v_dim = heads * head_dim, kv_heads * head_dim, kv_heads * (v_head_dim or head_dim)
    biased = config.flag("attention_bias", config.flag("add_qkv_bias", config.flag("use_qkv_bias", _any_bias(config))))
    small = 0
    if biased if dialect.qkv_bias is None else dialect.qkv_bias:
        small += q_dim + k_dim + v_dim
    if biased if dialect.o_bias is None else dialect.o_bias:
        small += hidden
    norms = {QkNorm.HEAD: 2 * head_dim, QkNorm.WIDTH: q_dim + k_dim}
    small += norms.get(_qk_norm(config, dialect), 0)
    small += heads if dialect.attention_sinks else 0
    gates = hidden * q_dim if config.flag("attn_output_gate", dialect.output_gate) else 0
    gates += hidden * heads if config.flag("use_head_wise_attn_gate") else 0
    return Attention(
        kind=AttentionKind.SLIDING if window_tokens else AttentionKind.FULL,
        heads=heads,
        kv_heads=kv_heads,
        head_dim=head_dim,
        window_tokens=window_tokens,
        v_head_dim=v_head_dim if v_head_dim != head_dim else 0,
        sparse_topk_tokens=sparse.optional_size("sparse_topk_blocks") * sparse.optional_size("sparse_block_size"),
        extra_parameters=gates,
        small_parameters=small,
        index_heads=sparse.optional_size("sparse_num_index_heads"),
        index_head_dim=sparse.optional_size("sparse_index_dim"),
        key_is_value=key_is_value,
    )


def _latent(config: ModelConfig) -> Attention:
    hidden, heads = config.size("hidden_size"), config.size("heads")
    q_rank, kv_rank = config.optional_size("q_lora_rank"), config.size("kv_lora_rank")
    v_head_dim, index_dim = config.size("v_head_dim"), config.optional_size("index_head_dim")
    return Attention(
        kind=AttentionKind.MLA,
        heads=heads,
        kv_heads=1,
        q_lora_rank=q_rank,
        kv_lora_rank=kv_rank,
        qk_nope_head_dim=config.size("qk_nope_head_dim"),
        qk_rope_head_dim=config.size("qk_rope_head_dim"),
        v_head_dim=v_head_dim,
        sparse_topk_tokens=config.optional_size("index_topk"),
        extra_parameters=hidden * heads * v_head_dim if config.flag("mla_use_output_gate") else 0,
        small_parameters=q_rank + kv_rank + 2 * index_dim,
        index_heads=config.optional_size("index_n_heads"),
        index_head_dim=index_dim,
    )


def compressed(config: ModelConfig, tokens_per_entry: int) -> Attention:
    """Return a layer of DeepSeek V4: one key-value head cached once, its entries compressed over several tokens.

    0 stands for a layer with the sliding window alone. The compressor keeps the window's entries uncompressed beside.
    Layers of a mild compression pick the entries they read by an indexer; those of a strong one read all.
    """
    hidden, heads, head_dim = config.size("hidden_size"), config.size("heads"), config.size("head_dim")
    window, rank = config.size("window"), config.size("q_lora_rank")
    indexed = 0 < tokens_per_entry < _STRONG_COMPRESSION
    index_dim = config.size("index_head_dim", 0, smallest=0) if indexed else 0
    overlap = 2 if indexed else 1  # an entry's span overlaps the next one's: two sets of weights
    compressor = 2 * overlap * hidden * (head_dim + index_dim) if tokens_per_entry else 0
    return Attention(
        kind=AttentionKind.FULL if tokens_per_entry else AttentionKind.SLIDING,
        heads=heads,
        kv_heads=config.size("kv_heads", 1),
        head_dim=head_dim,
        window_tokens=0 if tokens_per_entry else window,
        q_lora_rank=rank,
        sparse_topk_tokens=config.optional_size("index_topk") * tokens_per_entry if indexed else 0,
        extra_parameters=compressor,
        small_parameters=rank + head_dim + heads,
        conv_state_elements=window * head_dim if tokens_per_entry else 0,
        index_heads=config.optional_size("index_n_heads") if indexed else 0,
        index_head_dim=index_dim,
        key_is_value=True,
        cached_once=True,
        tokens_per_entry=max(1, tokens_per_entry),
        o_lora_rank=config.optional_size("o_lora_rank"),
        o_groups=config.optional_size("o_groups") or 1,
    )


_STRONG_COMPRESSION = 64


def linear(config: ModelConfig, dialect: Dialect) -> Attention:
    """Return a linear-attention or state-space layer of the dialect's kind; raises ConfigError for an unknown kind."""
    build = _LINEAR.get(dialect.linear)
    if build is None:
        raise ConfigError(
            f"linear layers of model type '{config.model_type}' are not known",
            config.name,
            f"Known kinds are those of {', '.join(sorted(_LINEAR))}.",
        )
    return build(config)


def _gated_delta(config: ModelConfig) -> Attention:
    """Gated DeltaNet (Qwen3-Next and later): one matrix per value head as state."""
    hidden = config.size("hidden_size")
    value_heads, value_size = config.size("linear_num_value_heads"), config.size("linear_value_head_dim")
    key_size = config.size("linear_key_head_dim")
    keys, values = config.size("linear_num_key_heads") * key_size, value_heads * value_size
    kernel = config.size("linear_conv_kernel_dim", 4)
    convolved = 2 * keys + values
    return Attention(
        kind=AttentionKind.LINEAR,
        heads=value_heads,
        head_dim=value_size,
        state_elements=value_heads * key_size * value_size,
        conv_state_elements=convolved * (kernel - 1),
        extra_parameters=hidden * (convolved + values + 2 * value_heads) + values * hidden,
        small_parameters=convolved * kernel + 2 * value_heads + value_size,
    )


def _mamba2(config: ModelConfig) -> Attention:
    """Mamba-2 (Nemotron-H, Granite 4 hybrid, Falcon-H1): one state of `state size` per channel."""
    hidden = config.size("hidden_size")
    heads = config.optional_size("mamba_num_heads") or config.size("mamba_n_heads")
    head_dim = config.optional_size("mamba_head_dim") or config.size("mamba_d_head")
    state = config.optional_size("ssm_state_size") or config.size("mamba_d_state")
    groups = config.optional_size("n_groups") or config.size("mamba_n_groups", 1)
    kernel = config.optional_size("conv_kernel") or config.size("mamba_d_conv", 4)
    channels = heads * head_dim
    convolved = channels + 2 * groups * state
    return Attention(
        kind=AttentionKind.LINEAR,
        heads=heads,
        head_dim=head_dim,
        state_elements=channels * state,
        conv_state_elements=convolved * (kernel - 1),
        extra_parameters=hidden * (channels + convolved + heads) + channels * hidden,
        small_parameters=convolved * (kernel + 1) + 3 * heads + channels,
    )


def _mamba1(config: ModelConfig) -> Attention:
    """Mamba (Jamba): as Mamba-2, with a step size of low rank per channel."""
    hidden = config.size("hidden_size")
    channels = config.size("mamba_expand", 2) * hidden
    state, kernel = config.size("mamba_d_state", 16), config.size("mamba_d_conv", 4)
    rank = config.optional_size("mamba_dt_rank") or -(-hidden // 16)
    return Attention(
        kind=AttentionKind.LINEAR,
        heads=channels,
        head_dim=1,
        state_elements=channels * state,
        conv_state_elements=channels * (kernel - 1),
        extra_parameters=hidden * 2 * channels + channels * (rank + 2 * state) + rank * channels + channels * hidden,
        small_parameters=channels * (kernel + 1) + channels * (state + 2) + rank + 2 * state,
    )


def _lightning(config: ModelConfig) -> Attention:
    """Lightning attention (MiniMax-01): one square matrix per head as state, and an output gate."""
    hidden, heads = config.size("hidden_size"), config.size("heads")
    head_dim = config.optional_size("head_dim") or _implied_head_dim(config, heads)
    width = heads * head_dim
    return Attention(
        kind=AttentionKind.LINEAR,
        heads=heads,
        head_dim=head_dim,
        state_elements=heads * head_dim * head_dim,
        extra_parameters=hidden * width * 5,
        small_parameters=width,
    )


def _kimi_delta(config: ModelConfig) -> Attention:
    """Kimi Delta Attention: one square matrix per head as state, gates of low rank."""
    hidden, own = config.size("hidden_size"), config.section("linear_attn_config")
    heads, head_dim = own.size("num_heads"), own.size("head_dim")
    kernel, width = own.size("short_conv_kernel_size", 4), heads * head_dim
    low_rank = hidden * head_dim + head_dim * width
    gates = low_rank + (hidden * width if own.flag("use_full_rank_gate") else low_rank) + hidden * heads
    return Attention(
        kind=AttentionKind.LINEAR,
        heads=heads,
        head_dim=head_dim,
        state_elements=heads * head_dim * head_dim,
        conv_state_elements=3 * width * (kernel - 1),
        extra_parameters=4 * hidden * width + gates,
        small_parameters=3 * width * kernel + width + heads + head_dim,
    )


def _short_convolution(config: ModelConfig) -> Attention:
    """Gated short convolution (LFM2): no state but the convolution's last inputs."""
    hidden, kernel = config.size("hidden_size"), config.size("conv_L_cache", 3)
    return Attention(
        kind=AttentionKind.LINEAR,
        conv_state_elements=hidden * (kernel - 1),
        extra_parameters=4 * hidden * hidden,
        small_parameters=hidden * kernel,
    )


_LINEAR: Mapping[str, Callable[[ModelConfig], Attention]] = {
    "gated_delta": _gated_delta,
    "mamba2": _mamba2,
    "mamba1": _mamba1,
    "lightning": _lightning,
    "kimi_delta": _kimi_delta,
    "short_convolution": _short_convolution,
}


def _implied_head_dim(config: ModelConfig, heads: int) -> int:
    hidden = config.size("hidden_size")
    if hidden % heads:
        raise ConfigError(
            f"{heads} attention heads do not divide a hidden size of {hidden}",
            config.name,
            "Give `head_dim`, or correct one of the two.",
        )
    return hidden // heads


def _implied_kv_heads(config: ModelConfig, heads: int) -> int:
    if config.flag("multi_query_attention"):
        return config.size("multi_query_group_num", 1)
    if config.flag("multi_query") and not config.flag("new_decoder_architecture"):
        return 1
    return heads


def _qk_norm(config: ModelConfig, dialect: Dialect) -> QkNorm:
    asked = config.flag("use_qk_norm", dialect.qk_norm_unasked and dialect.qk_norm is not QkNorm.NONE)
    if not asked:
        return QkNorm.NONE
    return QkNorm.HEAD if dialect.qk_norm is QkNorm.NONE else dialect.qk_norm


def _any_bias(config: ModelConfig) -> bool:
    return config.flag("use_bias", config.flag("bias", False))
