"""From a Hugging Face `config.json` to an Architecture: any decoder, nested multimodal configs included."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from millwright.catalog.architecture import Architecture, Attention, FeedForward, LayerGroup, WeightPart
from millwright.catalog.config import ConfigError, ModelConfig
from millwright.catalog.dialects import DIALECTS, Dialect
from millwright.catalog.facts import Fact, number, read_facts
from millwright.catalog.layers import NO_MIXER, feed_forwards, mixers
from millwright.catalog.models import native_bytes_per_weight, precision_hint
from millwright.catalog.precision import Precision
from millwright.catalog.recommender import MODEL_TYPE, is_recommender, recommender_from_config
from millwright.catalog.units import Measure

__all__ = ["ConfigError", "architecture_from_config", "architecture_from_entry"]


def architecture_from_config(config: Mapping[str, Any], name: str) -> Architecture:
    """Return the architecture that a Hugging Face config describes; `name` is the model's and stands in errors.

    Sizes of a multimodal model are those of its text decoder. Where the config leaves something open, or its
    `model_type` is not known, `assumptions` says what was taken. Raises ConfigError when a size is missing or absurd.
    """
    reader = ModelConfig(config, name)
    if is_recommender(config):
        return _recommender(reader, name)
    known = dialect_of(reader.model_type)
    dialect = known or Dialect()
    hidden_size, vocab_size = reader.size("hidden_size"), reader.size("vocab_size")
    assumptions = list(_assumptions(reader, known))
    layers = _layers(reader, dialect)
    assumptions += _assumed_of_layers(layers)
    context = reader.optional_size("max_context")
    if not context:
        context = _DEFAULT_CONTEXT
        assumptions.append(f"the config gives no context limit; {_DEFAULT_CONTEXT} tokens assumed")
    other = hidden_size * dialect.norm_weights * (2 if dialect.embedding_norm else 1) + _per_layer_inputs(reader)
    other += vocab_size if dialect.head_bias else 0
    if dialect.one_pass:
        other += _encoder_ends(reader) - hidden_size * dialect.norm_weights  # no norm after the last layer's own
    if dialect.learned_positions is not None:
        other += (context + dialect.learned_positions) * hidden_size
    native = precision_hint(config) or Precision.BF16
    return Architecture(
        id=name,
        name=name,
        family=reader.model_type or "unknown",
        hidden_size=hidden_size,
        vocab_size=vocab_size,
        layers=layers,
        tied_embeddings=reader.flag("tie_word_embeddings", dialect.tied),
        max_context_tokens=context,
        native_precision=native,
        assumptions=tuple(assumptions),
        native_parts=_native_parts(reader),
        native_bytes_per_weight=native_bytes_per_weight(config),
        other_parameters=other,
        lookup_parameters=_lookup_parameters(reader),
        one_pass=dialect.one_pass,
    )


_DEFAULT_CONTEXT = 4096

_MOST_ITEMS = 1_000_000
"""Items of one request: nothing in a recommender limits them."""


def _recommender(config: ModelConfig, name: str) -> Architecture:
    sizes = recommender_from_config(config)
    return Architecture(
        id=name,
        name=name,
        family=MODEL_TYPE,
        hidden_size=sizes.vectors * sizes.dimension,
        vocab_size=sizes.rows,
        layers=(),
        tied_embeddings=True,
        max_context_tokens=_MOST_ITEMS,
        recommender=sizes,
        one_pass=True,
    )


def architecture_from_entry(entry: Mapping[str, Any]) -> Architecture:
    """Return the architecture of a catalogue entry: its config's, with its names, licence and published counts.

    Raises ConfigError when the config cannot be read and FactError when a fact is not well-formed.
    """
    read = architecture_from_config(entry.get("config", {}), str(entry["id"]))
    facts = read_facts(entry)
    return replace(
        read,
        name=entry.get("name", read.name),
        native_precision=entry.get("native_precision", read.native_precision),
        published_parameters=number(facts, "published_parameters", Measure.PARAMETERS),
        published_active_parameters=number(facts, "published_active_parameters", Measure.PARAMETERS),
        licence=entry.get("licence", ""),
        licence_conditions=entry.get("licence_conditions", ""),
        aliases=tuple(entry.get("aliases", ())),
        assumptions=(*read.assumptions, *entry.get("assumptions", ())),
        facts={**_config_facts(entry, facts.get("config")), **facts},
    )


def dialect_of(model_type: str) -> Dialect | None:
    """Return the dialect of a model type, or of the text decoder inside a multimodal one."""
    plain = model_type.removesuffix("_vl")
    if model_type == MODEL_TYPE:
        return Dialect(one_pass=True)
    for name in (model_type, f"{model_type}_text", plain, _SAME_DECODER.get(model_type, "")):
        if name in DIALECTS:
            return DIALECTS[name]
    return None


_SAME_DECODER = {"step3p7": "step3p5", "mistral3": "mistral", "kimi_k3": "kimi_linear", "deepseek_ref": "deepseek_v4"}


def _layers(config: ModelConfig, dialect: Dialect) -> tuple[LayerGroup, ...]:
    """Return equal layers gathered into groups, in the order of their first appearance."""
    norm = config.size("hidden_size") * dialect.norm_weights
    norms = _layer_norms(config, dialect)
    made: Counter[tuple[Attention, FeedForward | None, int]] = Counter()
    for mixer, block in zip(mixers(config, dialect), feed_forwards(config, dialect), strict=True):
        halves = (mixer != NO_MIXER) + (block is not None)
        made[mixer, block, norm * norms * halves // 2] += 1
    return tuple(LayerGroup(count, mixer, block, norms) for (mixer, block, norms), count in made.items())


def _layer_norms(config: ModelConfig, dialect: Dialect) -> int:
    """Return how many norms a full layer has; attention and feed-forward side by side (Falcon) may share one."""
    shared = config.optional_size("num_ln_in_parallel_attn")
    if shared:
        return shared
    side_by_side = config.flag("parallel_attn") and not config.flag("new_decoder_architecture")
    return 1 if side_by_side else dialect.layer_norms


def _assumptions(config: ModelConfig, dialect: Dialect | None) -> list[str]:
    if dialect is not None:
        return []
    kind = config.model_type or "not given"
    stated = [f"model type '{kind}' is not known: read as a gated decoder with two norms a layer"]
    if config.get("tie_word_embeddings") is None:
        stated.append("the config does not say whether embeddings are tied; untied assumed")
    return stated


def _assumed_of_layers(layers: tuple[LayerGroup, ...]) -> list[str]:
    if any(group.attention.tokens_per_entry > 1 for group in layers):
        return ["the compressor's weights are taken as two matrices per set, twice where spans overlap"]
    return []


def _native_parts(config: ModelConfig) -> tuple[WeightPart, ...]:
    quantisation = config.get("quantization_config")
    ignored = quantisation.get("ignore") if isinstance(quantisation, Mapping) else None
    if isinstance(ignored, list) and any("self_attn" in str(each) for each in ignored):
        shared = any("shared_experts" in str(each) for each in ignored)
        parts = (WeightPart.EXPERTS, WeightPart.DENSE, WeightPart.SHARED)
        return parts[:1] if shared else parts
    return ()


def _lookup_parameters(config: ModelConfig) -> int:
    """Return the weights of a table that gives every layer an input of its own (Gemma 3n and 4)."""
    rows = config.optional_size("vocab_size_per_layer_input")
    return rows * config.optional_size("hidden_size_per_layer_input") * config.layers()


def _encoder_ends(config: ModelConfig) -> int:
    """Return the weights around an encoder's layers: the kinds of segment, and the layer that makes one vector."""
    hidden = config.size("hidden_size")
    return config.size("type_vocab_size", 0, smallest=0) * hidden + hidden * hidden + hidden


def _per_layer_inputs(config: ModelConfig) -> int:
    """Return the weights that make those inputs (a projection) and use them (per layer a gate, a way back, a norm).

    Gemma 3n has two more of its kind: low-rank side paths and projections between parallel residual streams.
    """
    width, hidden = config.optional_size("hidden_size_per_layer_input"), config.size("hidden_size")
    weights = config.layers() * (3 * hidden * width + hidden) + width if width else 0
    side_paths = config.layers() * 2 * hidden * config.optional_size("laurel_rank")
    streams = max(0, config.optional_size("altup_num_inputs") - 1)
    return weights + side_paths + 2 * streams * hidden * hidden


def _config_facts(entry: Mapping[str, Any], config: Fact | None) -> dict[str, Fact]:
    """Return a fact per field of an entry's config; all have the origin that the fact `config` states."""
    if config is None:
        return {}
    fields = entry["config"]
    if is_recommender(fields):  # whose sizes are lists
        fields = {
            field: ", ".join(map(str, each)) if isinstance(each, list) else each for field, each in fields.items()
        }
    return {
        field: Fact(value, "", config.source, config.date, config.quality)
        for field, value in fields.items()
        if isinstance(value, bool | int | float | str)
    }
