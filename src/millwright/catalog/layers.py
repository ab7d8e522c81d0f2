"""Which layer is what: the plan of mixers and feed-forward blocks that a config lays out, layer by layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from millwright.catalog.architecture import Attention, AttentionKind, FeedForward
from millwright.catalog.config import ConfigError, ModelConfig
from millwright.catalog.dialects import Dialect, Windows
from millwright.catalog.mixers import attention, compressed, linear

_FULL, _SLIDING, _LINEAR, _DENSE, _SPARSE = "full_attention", "sliding_attention", "linear_attention", "mlp", "moe"
_LINEAR_NAMES = frozenset({_LINEAR, "mamba", "mamba2", "conv", "recurrent", "kda"})
_SLIDING_NAMES = frozenset({_SLIDING, "chunked_attention", "local_attention", "sliding"})
NO_MIXER = Attention(AttentionKind.NONE)
"""The mixer of a layer that has none."""
_HYBRID_LETTERS = {"M": _LINEAR, "*": _FULL, "-": _DENSE, "E": _SPARSE}
_WINDOW_LETTERS = {"L": _SLIDING, "G": _FULL}


def mixers(config: ModelConfig, dialect: Dialect) -> tuple[Attention, ...]:
    """Return every layer's mixer, in order."""
    count = config.layers()
    ratios = config.per_layer("compress_ratios", count)
    if ratios is not None:
        return tuple(compressed(config, tokens) for tokens in _whole_numbers(config, "compress_ratios", ratios))
    blocks = config.per_layer("block_configs", count)
    if blocks is not None:
        return tuple(_searched_attention(config, dialect, block) for block in blocks)
    kv_heads = config.per_layer("num_key_value_heads_per_layer", count)
    if kv_heads is not None:
        each = _whole_numbers(config, "num_key_value_heads_per_layer", kv_heads)
        return tuple(attention(config, dialect, kv_heads=heads) for heads in each)
    names = _names(config, dialect, count)
    made = {name: _mixer(name, config, dialect) for name in set(names)}
    first_sharing = count - config.optional_size("num_kv_shared_layers")
    return tuple(
        made[name] if layer < first_sharing else replace(made[name], shares_kv=True) for layer, name in enumerate(names)
    )


def feed_forwards(config: ModelConfig, dialect: Dialect) -> tuple[FeedForward | None, ...]:
    """Return every layer's feed-forward block, in order; None where a layer is a mixer alone."""
    count = config.layers()
    blocks = config.per_layer("block_configs", count)
    if blocks is not None:
        return tuple(_searched_feed_forward(config, dialect, block) for block in blocks)
    sparse = _mixture(config, dialect) if config.optional_size("experts") else None
    names = _names(config, dialect, count)
    if {_DENSE, _SPARSE} & set(names):
        dense = _dense(config, dialect) if _DENSE in names else None
        return tuple({_DENSE: dense, _SPARSE: sparse}.get(name) for name in names)
    if sparse is None:
        dense = _dense(config, dialect)
        if not config.flag("use_double_wide_mlp"):
            return (dense,) * count
        wide = min(
            count, config.optional_size("num_kv_shared_layers")
        )  # Gemma 4: layers that share a cache are twice as wide
        twice = replace(dense, intermediate_size=2 * dense.intermediate_size)
        return (dense,) * (count - wide) + (twice,) * wide
    chosen = _sparse_layers(config, count)
    if all(chosen):
        return (sparse,) * count
    dense = _dense(config, dialect)
    return tuple(sparse if each else dense for each in chosen)


def _mixer(name: str, config: ModelConfig, dialect: Dialect) -> Attention:
    if name in (_DENSE, _SPARSE):
        return NO_MIXER
    if name in _LINEAR_NAMES:
        return linear(config, dialect)
    return attention(config, dialect, _window(config) if name in _SLIDING_NAMES else 0)


def _names(config: ModelConfig, dialect: Dialect, count: int) -> tuple[str, ...]:
    """Return what each layer is called, by the config itself where it says, else by its family's rule."""
    pattern = config.get("hybrid_override_pattern")
    if isinstance(pattern, str):
        return _spelled(config, "hybrid_override_pattern", pattern[:count], count, _HYBRID_LETTERS)
    for field in ("layer_types", "layers_block_type"):
        named = config.per_layer(field, count)
        if named is not None and all(isinstance(each, str) for each in named):
            return tuple(str(each) for each in named)
    for field, ones in (("attn_type_list", _FULL), ("hybrid_layer_pattern", _SLIDING), ("no_rope_layers", _SLIDING)):
        marks = config.per_layer(field, count)
        if marks is not None:
            zeros = {"attn_type_list": _LINEAR}.get(field, _FULL)
            return tuple(ones if mark else zeros for mark in marks)
    delta = config.section("linear_attn_config").numbers("kda_layers")
    if delta:
        return tuple(_LINEAR if layer + 1 in delta else _FULL for layer in range(count))
    if dialect.linear:
        return _implied_hybrid(config, count)
    return _implied_windows(config, dialect, count)


def _implied_hybrid(config: ModelConfig, count: int) -> tuple[str, ...]:
    interval = config.optional_size("full_attention_interval")
    if interval:
        return _every(count, interval, _FULL, _LINEAR)
    period, offset = config.optional_size("attn_layer_period"), config.optional_size("attn_layer_offset")
    if period:
        return tuple(_FULL if layer % period == offset else _LINEAR for layer in range(count))
    raise ConfigError(
        "nothing says which layers are linear and which attend", config.name, "Give `layer_types`, one name per layer."
    )


def _implied_windows(config: ModelConfig, dialect: Dialect, count: int) -> tuple[str, ...]:
    if not _window(config):
        return (_FULL,) * count
    if dialect.windows is Windows.ALTERNATE:
        return tuple(_FULL if layer % 2 else _SLIDING for layer in range(count))
    if dialect.windows is Windows.PATTERN:
        pattern = config.get("sliding_window_pattern", config.get("_sliding_window_pattern"))
        if isinstance(pattern, str):
            return _spelled(config, "sliding_window_pattern", (pattern * count)[:count], count, _WINDOW_LETTERS)
        return _every(count, config.optional_size("sliding_window_pattern") or dialect.window_pattern, _FULL, _SLIDING)
    if dialect.windows is Windows.IF_ASKED:
        first = config.size("max_window_layers", 0, smallest=0) if config.flag("use_sliding_window") else count
        return tuple(_SLIDING if layer >= first else _FULL for layer in range(count))
    return (_SLIDING,) * count


def _every(count: int, step: int, nth: str, other: str) -> tuple[str, ...]:
    return tuple(nth if (layer + 1) % step == 0 else other for layer in range(count))


def _spelled(config: ModelConfig, field: str, pattern: str, count: int, letters: Mapping[str, str]) -> tuple[str, ...]:
    unknown = "".join(sorted(set(pattern) - set(letters)))
    if unknown or len(pattern) < count:
        raise ConfigError(
            f"`{field}` has the letters '{unknown}'"
            if unknown
            else f"`{field}` spells {len(pattern)} of {count} layers",
            config.name,
            f"It takes one letter per layer; known are {' '.join(letters)}.",
        )
    return tuple(letters[letter] for letter in pattern)


def _whole_numbers(config: ModelConfig, field: str, values: Sequence[Any]) -> tuple[int, ...]:
    if not all(isinstance(each, int) and each >= 0 for each in values):
        raise ConfigError(f"`{field}` must list whole numbers, one per layer", config.name)
    return tuple(values)


def _window(config: ModelConfig) -> int:
    """Return the window, or 0 where it is absent or reaches as far as the context does."""
    window, context = config.optional_size("window"), config.optional_size("max_context")
    return 0 if context and window >= context else window


def _searched_attention(config: ModelConfig, dialect: Dialect, block: Any) -> Attention:
    """Return one layer's mixer of a searched architecture (Llama-Nemotron NAS), as its block says."""
    own = _part(config, block, "attention")
    if own.flag("no_op"):
        return NO_MIXER
    if own.flag("replace_with_linear"):
        return Attention(AttentionKind.NONE, extra_parameters=config.size("hidden_size") ** 2)
    return attention(config, dialect, kv_heads=max(1, config.size("heads") // own.size("n_heads_in_group")))


def _searched_feed_forward(config: ModelConfig, dialect: Dialect, block: Any) -> FeedForward | None:
    own = _part(config, block, "ffn")
    if own.flag("no_op"):
        return None
    hidden = config.size("hidden_size")
    if own.flag("replace_with_linear"):  # one square matrix: the same weights as two of half the width
        return FeedForward(hidden // 2, gated=False)
    times = own.get("ffn_mult")
    if not isinstance(times, int | float) or isinstance(times, bool) or not 0 < times < 1000:
        raise ConfigError("a block's `ffn_mult` must be a positive number", config.name)
    return FeedForward(-(-int(2 * times * hidden / 3) // 256) * 256, gated=dialect.gated)


def _part(config: ModelConfig, block: Any, part: str) -> ModelConfig:
    found = block.get(part) if isinstance(block, Mapping) else None
    if not isinstance(found, Mapping):
        raise ConfigError(f"each of `block_configs` needs an `{part}` object", config.name)
    return ModelConfig(found, config.name)


def _dense(config: ModelConfig, dialect: Dialect) -> FeedForward:
    size = (
        config.optional_size("intermediate_size_mlp")  # Llama 4: of the layers without experts
        or config.optional_size("dense_intermediate_size")
        or (0 if config.optional_size("experts") else config.optional_size("shared_intermediate_size"))
        or config.optional_size("intermediate_size")
    )
    if not size and dialect.gated:
        size = config.size("intermediate_size")
    if config.flag("block_auto_adjust_ff_dim"):  # LFM2 states the size before the gate takes its third
        multiple = config.size("block_multiple_of", 256)
        size = -(-2 * size // (3 * multiple)) * multiple
    return FeedForward(size or 4 * config.size("hidden_size"), gated=dialect.gated, biases=_biased(config, dialect))


def _mixture(config: ModelConfig, dialect: Dialect) -> FeedForward:
    hidden, experts = config.size("hidden_size"), config.size("experts")
    size = config.optional_size("expert_size") or config.size("intermediate_size")
    shared = config.optional_size("shared_experts")
    shared_size = config.optional_size("shared_size") or shared * size
    if dialect.dense_beside_experts:
        shared_size = config.size("intermediate_size")
    elif dialect.shared_like_expert:
        shared_size = size
    small = (experts if dialect.router_bias else 0) + (hidden if dialect.shared_gate and shared_size else 0)
    if dialect.dense_beside_experts:
        small += 3 * hidden + hidden + experts  # norms around the experts, the router's scales (Gemma 4)
    latent = config.optional_size("expert_hidden_size")
    return FeedForward(
        intermediate_size=size,
        gated=dialect.gated,
        experts=experts,
        experts_per_token=min(experts, config.size("experts_per_token")),
        shared_experts=shared or (1 if shared_size else 0),
        shared_intermediate_size=shared_size,
        expert_hidden_size=0 if latent == hidden else latent,
        biases=_biased(config, dialect),
        small_parameters=small + (latent if config.flag("latent_moe_use_norm") else 0),
    )


def _biased(config: ModelConfig, dialect: Dialect) -> bool:
    return config.flag("mlp_bias", config.flag("use_bias")) if dialect.mlp_bias is None else dialect.mlp_bias


def _sparse_layers(config: ModelConfig, count: int) -> Sequence[bool]:
    """Return for every layer whether it has experts."""
    marks = config.per_layer("moe_layer_freq", count)
    if marks is not None:
        return [bool(mark) for mark in marks]
    kinds = config.per_layer("mlp_layer_types", count)
    if kinds is not None:
        return [kind != "dense" for kind in kinds]
    for field in ("moe_layers_enum", "moe_layers"):
        chosen = config.numbers(field)
        if chosen:
            return [layer in chosen for layer in range(count)]
    first = config.optional_size("dense_layers")
    every = config.optional_size("moe_layer_freq") or config.optional_size("expert_layer_period")
    if every:  # counted from an offset; elsewhere the last of each group has the experts
        offset = config.optional_size("expert_layer_offset")
        return [layer >= first and layer % every == offset % every for layer in range(count)]
    step = config.optional_size("decoder_sparse_step") or config.optional_size("interleave_moe_layer_step") or 1
    dense = config.numbers("mlp_only_layers")
    return [layer >= first and (layer + 1) % step == 0 and layer not in dense for layer in range(count)]
