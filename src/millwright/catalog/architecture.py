"""The architecture of a decoder: what its layers hold and read, independent of any device.

Weights, KV bytes and operators all follow from these few sizes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from millwright.catalog.facts import Fact


class AttentionKind(StrEnum):
    """How a layer looks at earlier tokens."""

    FULL = "full"  # multi-head, grouped-query or multi-query attention over the whole context
    SLIDING = "sliding"  # the same within a window
    MLA = "mla"  # multi-head latent attention (DeepSeek V2 and later)
    LINEAR = "linear"  # linear attention or a state-space layer: a state of fixed size, no KV cache
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Attention:
    """One layer's attention sizes. Fields that its kind does not use are 0."""

    kind: AttentionKind
    heads: int = 0
    kv_heads: int = 0
    head_dim: int = 0
    window_tokens: int = 0  # SLIDING
    q_lora_rank: int = 0  # MLA (0: the query is projected directly)
    kv_lora_rank: int = 0  # MLA
    qk_nope_head_dim: int = 0  # MLA
    qk_rope_head_dim: int = 0  # MLA
    v_head_dim: int = 0  # MLA
    sparse_topk_tokens: int = (
        0  # sparse attention reads at most this many earlier tokens (DeepSeek V3.2); 0: all
    )
    state_elements: int = 0  # LINEAR: elements of the recurrent state per sequence
    extra_parameters: int = (
        0  # parameters of the mixer that the sizes above do not give (gates, convolutions)
    )


@dataclass(frozen=True, slots=True)
class FeedForward:
    """One layer's feed-forward part: dense when `experts` is 0, else a mixture of experts."""

    intermediate_size: int  # of the dense block, or of one expert
    gated: bool = True  # three matrices (SwiGLU, GeGLU) rather than two
    experts: int = 0
    experts_per_token: int = 0
    shared_experts: int = 0
    shared_intermediate_size: int = 0  # all shared experts together


@dataclass(frozen=True, slots=True)
class LayerGroup:
    """`count` layers of the same make; `feed_forward` is None for a pure mixer layer."""

    count: int
    attention: Attention
    feed_forward: FeedForward | None


@dataclass(frozen=True)
class Architecture:
    """A model: its layers and its vocabulary.

    `native_precision` is the format the published checkpoint is stored in. `published_parameters` is the maker's own
    count where known exactly, for checking ours.
    """

    id: str
    name: str
    family: str  # llama, qwen3, deepseek-v3, gpt-oss, ...
    hidden_size: int
    vocab_size: int
    layers: tuple[LayerGroup, ...]
    tied_embeddings: bool
    max_context_tokens: int
    native_precision: str = "bf16"
    published_parameters: float | None = None
    published_active_parameters: float | None = None
    licence: str = ""
    licence_conditions: str = ""
    aliases: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()  # what was assumed when the config left something open
    facts: Mapping[str, Fact] = field(default_factory=dict, compare=False, repr=False)

    @property
    def layer_count(self) -> int:
        """Number of layers."""
        return sum(group.count for group in self.layers)

    @property
    def is_moe(self) -> bool:
        """Whether any layer has experts."""
        return any(group.feed_forward is not None and group.feed_forward.experts for group in self.layers)
