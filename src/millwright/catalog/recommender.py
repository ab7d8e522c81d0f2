"""Recommenders of the DLRM kind: embedding tables looked up at random, and small dense networks around them.

An item (a user with one candidate) is scored by: dense features through the bottom network; a few rows of each table,
summed; the vectors held against each other (`dot`: all pairs, Naumov et al., arXiv 1906.00091; `dcn`: low-rank cross
layers, Wang et al., arXiv 2008.13535); the top network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from millwright.catalog.config import ConfigError, ModelConfig

MODEL_TYPE = "dlrm"
"""The `model_type` of a config that this module reads."""

_REMEDY = "Give table_rows, embedding_dim, dense_features, bottom_mlp, top_mlp, interaction: see docs/models.md."
_MOST_TABLES = 100_000
_LARGEST = 2**44


class Interaction(StrEnum):
    """How the vectors of an item meet."""

    DOT = "dot"
    CROSS = "dcn"


@dataclass(frozen=True)
class Recommender:
    """Sizes of one model. `lookups` are rows read for one item, over all tables; `bottom` and `top` layers' widths."""

    rows: int
    tables: int
    dimension: int
    lookups: int
    dense_features: int
    bottom: tuple[int, ...]
    top: tuple[int, ...]
    interaction: Interaction
    cross_layers: int = 0
    cross_rank: int = 0

    @property
    def vectors(self) -> int:
        """Vectors of an item that meet: one of each table, and that of the dense features."""
        return self.tables + 1

    @property
    def width(self) -> int:
        """Inputs of the top network."""
        if self.interaction is Interaction.CROSS:
            return self.vectors * self.dimension
        return self.vectors * (self.vectors - 1) // 2 + self.dimension

    @property
    def table_parameters(self) -> int:
        """Weights of all tables."""
        return self.rows * self.dimension

    def matrices(self) -> tuple[tuple[int, int], ...]:
        """Return (inputs, outputs) of every matrix product of an item."""
        sizes = [(self.dense_features, self.bottom[0]), *zip(self.bottom, self.bottom[1:], strict=False)]
        crossed = self.vectors * self.dimension
        sizes += [(crossed, self.cross_rank), (self.cross_rank, crossed)] * self.cross_layers
        sizes += [(self.width, self.top[0]), *zip(self.top, self.top[1:], strict=False)]
        return tuple(sizes)

    @property
    def dense_parameters(self) -> int:
        """Weights of all networks, biases included; a cross layer has one bias."""
        biases = sum(self.bottom) + sum(self.top) + self.cross_layers * self.vectors * self.dimension
        return sum(inputs * outputs for inputs, outputs in self.matrices()) + biases

    @property
    def interaction_flop(self) -> float:
        """Floating-point operations of an item outside matrix products with weights."""
        if self.interaction is Interaction.CROSS:
            return 2.0 * self.cross_layers * self.vectors * self.dimension
        return 2.0 * self.vectors**2 * self.dimension


def recommender_from_config(config: ModelConfig) -> Recommender:
    """Return the recommender of a config; raises ConfigError when a field is missing or makes no sense."""
    rows = _whole_numbers(config, "table_rows")
    lookups = _whole_numbers(config, "lookups_per_table") if config.get("lookups_per_table") is not None else None
    if lookups is not None and len(lookups) != len(rows):
        raise ConfigError(f"`lookups_per_table` has {len(lookups)} items for {len(rows)} tables", config.name, _REMEDY)
    dimension, bottom = config.size("embedding_dim"), _whole_numbers(config, "bottom_mlp")
    if bottom[-1] != dimension:
        what = f"`bottom_mlp` ends in {bottom[-1]}, and vectors of {dimension} are to meet its result"
        raise ConfigError(what, config.name, "Make its last width that of `embedding_dim`.")
    try:
        interaction = Interaction(config.get("interaction", Interaction.DOT))
    except ValueError:
        raise ConfigError("`interaction` is neither dot nor dcn", config.name, _REMEDY) from None
    crosses = interaction is Interaction.CROSS
    return Recommender(
        rows=sum(rows),
        tables=len(rows),
        dimension=dimension,
        lookups=sum(lookups) if lookups is not None else len(rows),
        dense_features=config.size("dense_features"),
        bottom=bottom,
        top=_whole_numbers(config, "top_mlp"),
        interaction=interaction,
        cross_layers=config.size("cross_layers") if crosses else 0,
        cross_rank=config.size("cross_rank") if crosses else 0,
    )


def is_recommender(fields: Mapping[str, Any]) -> bool:
    """Return whether a config is one of a recommender."""
    return isinstance(fields, Mapping) and fields.get("model_type") == MODEL_TYPE


def _whole_numbers(config: ModelConfig, field: str) -> tuple[int, ...]:
    value = config.get(field)
    if not isinstance(value, list | tuple) or not 0 < len(value) <= _MOST_TABLES:
        raise ConfigError(f"`{field}` must be a list of whole numbers", config.name, _REMEDY)
    if any(isinstance(each, bool) or not isinstance(each, int) or not 0 < each < _LARGEST for each in value):
        raise ConfigError(f"`{field}` must hold whole numbers of 1 or more", config.name, _REMEDY)
    return tuple(value)
