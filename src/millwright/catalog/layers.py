"""Which layer is what: the plan of mixers and feed-forward blocks that a config lays out, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence

from millwright.catalog.architecture import Attention, AttentionKind, FeedForward
from millwright.catalog.config import ModelConfig
from millwright.catalog.dialects import Dialect, Windows
from millwright.catalog.mixers import attention, linear

_LINEAR_NAMES = frozenset({"linear_attention", "mamba", "mamba2", "conv", "recurrent", "kda"})
_SLIDING_NAMES = frozenset({"sliding_attention", "chunked_attention", "local_attention", "sliding"})
_NO_MIXER = Attention(AttentionKind.NONE)
_PATTERN_LETTERS = {"M": "mamba", "*": "attention", "-": "mlp", "E": "moe"}


def mixers(config: ModelConfig, dialect: Dialect) -> tuple[Attention, ...]:
    """Return every layer's mixer, in order."""
    count = config.layers()
    window = _window(config)
    named = layer_names(config, count)
    if named is None:
        named = _implied_names(config, dialect, count, window)
    made = {name: _mixer(name, config, dialect, window) for name in set(named)}
    return tuple(made[name] for name in named)


def layer_names(config: ModelConfig, count: int) -> tuple[str, ...] | None:
    """Return what the config itself calls each layer's mixer, or None when it names none."""
    pattern = config.get("hybrid_override_pattern")
    if isinstance(pattern, str) and len(pattern) >= count and set(pattern) <= set(_PATTERN_LETTERS):
        return tuple(_PATTERN_LETTERS[letter] for letter in pattern[:count])
    for field in ("layer_types", "layers_block_type"):
        named = config.per_layer(field, count)
        if named is not None and all(isinstance(each, str) for each in named):
            return tuple(str(each) for each in named)
    return None


def _mixer(name: str, config: ModelConfig, dialect: Dialect, window: int) -> Attention:
    if name in ("mlp", "moe"):
        return _NO_MIXER
    if name in _LINEAR_NAMES:
        return linear(config, dialect)
    return attention(config, dialect, window if name in _SLIDING_NAMES else 0)


def _implied_names(config: ModelConfig, dialect: Dialect, count: int, window: int) -> tuple[str, ...]:
    full, sliding = "full_attention", "sliding_attention"
    interval = config.optional_size("full_attention_interval")
    if interval and dialect.linear:
        return _every(count, interval, full, "linear_attention")
    if not window:
        return (full,) * count
    if dialect.windows is Windows.ALTERNATE:
        return tuple(full if layer % 2 else sliding for layer in range(count))
    if dialect.windows is Windows.PATTERN:
        step = config.optional_size("sliding_window_pattern") or dialect.window_pattern
        return _every(count, step, full, sliding)
    if dialect.windows is Windows.IF_ASKED:
        if not config.flag("use_sliding_window"):
            return (full,) * count
        first = config.size("max_window_layers", 0, smallest=0)
        return tuple(sliding if layer >= first else full for layer in range(count))
    return (sliding,) * count


def _every(count: int, step: int, nth: str, other: str) -> tuple[str, ...]:
    return tuple(nth if (layer + 1) % step == 0 else other for layer in range(count))


def _window(config: ModelConfig) -> int:
    """Return the window, or 0 where it is absent or reaches as far as the context does."""
    window = config.optional_size("window") or config.optional_size("attention_chunk_size")
    context = config.optional_size("max_context")
    return 0 if context and window >= context else window


def feed_forwards(config: ModelConfig, dialect: Dialect) -> tuple[FeedForward | None, ...]:
    """Return every layer's feed-forward block, in order; None where a layer is a mixer alone."""
    count = config.layers()
    dense, sparse = _dense(config, dialect), None
    if config.optional_size("experts"):
        sparse = _mixture(config, dialect)
    named = layer_names(config, count)
    if named is not None and {"mlp", "moe"} & set(named):
        return tuple({"mlp": dense, "moe": sparse}.get(name) for name in named)
    if sparse is None:
        return (dense,) * count
    return tuple(sparse if chosen else dense for chosen in _sparse_layers(config, count))


def _dense(config: ModelConfig, dialect: Dialect) -> FeedForward:
    hidden = config.size("hidden_size")
    size = config.optional_size("intermediate_size_mlp") or config.optional_size("intermediate_size") or 4 * hidden
    return FeedForward(size, gated=dialect.gated, biases=_biased(config, dialect))


def _mixture(config: ModelConfig, dialect: Dialect) -> FeedForward:
    hidden = config.size("hidden_size")
    experts = config.size("experts")
    size = config.optional_size("expert_size") or config.size("intermediate_size")
    shared = config.optional_size("shared_experts")
    shared_size = config.optional_size("shared_size")
    return FeedForward(
        intermediate_size=size,
        gated=dialect.gated,
        experts=experts,
        experts_per_token=min(experts, config.size("experts_per_token")),
        shared_experts=shared or (1 if shared_size else 0),
        shared_intermediate_size=shared_size or shared * size,
        expert_hidden_size=config.optional_size("moe_latent_size"),
        biases=_biased(config, dialect),
        small_parameters=(experts if dialect.router_bias else 0) + (hidden if dialect.shared_gate else 0),
    )


def _biased(config: ModelConfig, dialect: Dialect) -> bool:
    return config.flag("mlp_bias") if dialect.mlp_bias is None else dialect.mlp_bias


def _sparse_layers(config: ModelConfig, count: int) -> Sequence[bool]:
    """Return for every layer whether it has experts."""
    first = config.optional_size("first_k_dense_replace")
    per_layer = config.per_layer("moe_layer_freq", count)
    if per_layer is not None:
        return [bool(each) for each in per_layer]
    step = (
        config.optional_size("moe_layer_freq")
        or config.optional_size("decoder_sparse_step")
        or config.optional_size("interleave_moe_layer_step")
        or 1
    )
    dense = config.get("mlp_only_layers", ())
    dense = frozenset(dense) if isinstance(dense, list) else frozenset()
    if config.optional_size("moe_layer_freq"):  # DeepSeek counts from layer 0
        return [layer >= first and layer % step == 0 for layer in range(count)]
    return [layer >= first and (layer + 1) % step == 0 and layer not in dense for layer in range(count)]
