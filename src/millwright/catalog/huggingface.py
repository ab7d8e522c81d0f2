"""From a Hugging Face `config.json` to an Architecture: any decoder, nested multimodal configs included."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from millwright.catalog.architecture import Architecture, Attention, FeedForward, LayerGroup, WeightPart
from millwright.catalog.config import ConfigError, ModelConfig
from millwright.catalog.dialects import DIALECTS, Dialect
from millwright.catalog.facts import Fact, Quality, read_fact
from millwright.catalog.layers import feed_forwards, mixers
from millwright.catalog.models import precision_hint
from millwright.catalog.precision import Precision

__all__ = ["ConfigError", "architecture_from_config", "architecture_from_entry"]


def architecture_from_config(config: Mapping[str, Any], name: str) -> Architecture:
    """Return the architecture that a Hugging Face config describes; `name` is the model's and stands in errors.

    Sizes of a multimodal model are those of its text decoder. Where the config leaves something open, or its
    `model_type` is not known, `assumptions` says what was taken. Raises ConfigError when a size is missing or absurd.
    """
    reader = ModelConfig(config, name)
    known = DIALECTS.get(reader.model_type)
    dialect = known or Dialect()
    hidden_size, vocab_size = reader.size("hidden_size"), reader.size("vocab_size")
    assumptions = list(_assumptions(reader, known))
    layers = _layers(reader, dialect)
    context = reader.optional_size("max_context")
    if not context:
        context = _DEFAULT_CONTEXT
        assumptions.append(f"the config gives no context limit; {_DEFAULT_CONTEXT} tokens assumed")
    norm = hidden_size * dialect.norm_weights
    other = norm * (2 if dialect.embedding_norm else 1) + (vocab_size if dialect.head_bias else 0)
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
        other_parameters=other,
        lookup_parameters=_lookup_parameters(reader),
    )


_DEFAULT_CONTEXT = 4096


def architecture_from_entry(entry: Mapping[str, Any]) -> Architecture:
    """Return the architecture of a catalogue entry: its config's, with its names, licence and published counts.

    Raises ConfigError when the config cannot be read and FactError when a fact is not well-formed.
    """
    read = architecture_from_config(entry.get("config", {}), str(entry["id"]))
    facts = {name: read_fact(raw) for name, raw in entry.get("facts", {}).items()}
    return Architecture(
        **{
            **{field: getattr(read, field) for field in read.__dataclass_fields__},
            "name": entry.get("name", read.name),
            "family": entry.get("family", read.family),
            "native_precision": entry.get("native_precision", read.native_precision),
            "published_parameters": _number(facts.get("published_parameters")),
            "published_active_parameters": _number(facts.get("published_active_parameters")),
            "licence": entry.get("licence", ""),
            "licence_conditions": entry.get("licence_conditions", ""),
            "aliases": tuple(entry.get("aliases", ())),
            "assumptions": (*read.assumptions, *entry.get("assumptions", ())),
            "facts": {**_config_facts(entry), **facts},
        }
    )


def _layers(config: ModelConfig, dialect: Dialect) -> tuple[LayerGroup, ...]:
    """Return equal layers gathered into groups, in the order of their first appearance."""
    norm = config.size("hidden_size") * dialect.norm_weights
    made: Counter[tuple[Attention, FeedForward | None, int]] = Counter()
    for mixer, feed_forward in zip(mixers(config, dialect), feed_forwards(config, dialect), strict=True):
        halves = (mixer.kind is not mixer.kind.NONE) + (feed_forward is not None)
        made[mixer, feed_forward, norm * dialect.layer_norms * halves // 2] += 1
    return tuple(LayerGroup(count, mixer, block, norms) for (mixer, block, norms), count in made.items())


def _assumptions(config: ModelConfig, dialect: Dialect | None) -> list[str]:
    stated = []
    if dialect is None:
        kind = config.model_type or "not given"
        stated.append(f"model type '{kind}' is not known: read as a gated decoder with two norms a layer")
    if config.get("tie_word_embeddings") is None and dialect is None:
        stated.append("the config does not say whether embeddings are tied; untied assumed")
    return stated


def _native_parts(config: ModelConfig) -> tuple[WeightPart, ...]:
    quantisation = config.get("quantization_config")
    ignored = quantisation.get("ignore") if isinstance(quantisation, Mapping) else None
    if isinstance(ignored, list) and any("self_attn" in str(each) for each in ignored):
        shared = any("shared_experts" in str(each) for each in ignored)
        parts = (WeightPart.EXPERTS, WeightPart.DENSE, WeightPart.SHARED)
        return parts[:1] if shared else parts
    return ()


def _lookup_parameters(config: ModelConfig) -> int:
    rows = config.optional_size("vocab_size_per_layer_input")
    return rows * config.optional_size("hidden_size_per_layer_input") * config.layers() if rows else 0


def _config_facts(entry: Mapping[str, Any]) -> dict[str, Fact]:
    source, date, quality = entry.get("source", ""), entry.get("date", ""), Quality(entry.get("quality", "C"))
    return {
        field: Fact(value, "", source, date, quality)
        for field, value in entry.get("config", {}).items()
        if isinstance(value, bool | int | float | str)
    }


def _number(fact: Fact | None) -> float | None:
    return None if fact is None or isinstance(fact.value, str) else float(fact.value)
