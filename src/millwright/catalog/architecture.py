"""The architecture of a decoder: what its layers hold and read, independent of any device.

Weights, KV bytes and operators all follow from these few sizes. The equations are in docs/models.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from millwright.catalog.facts import Fact
from millwright.catalog.precision import Precision
from millwright.catalog.recommender import Recommender

RECURRENT_STATE_BYTES = 4.0
"""Bytes per element of a recurrent state: engines keep it in fp32, because it accumulates rounding."""

CONVOLUTION_STATE_BYTES = 2.0
"""Bytes per element of a convolution's state: kept in bf16."""

INDEX_SCALE_BYTES = 4.0
"""Sparse attention's index keys are kept in fp8, one byte each, with one fp32 scale per key."""


class AttentionKind(StrEnum):
    """How a layer looks at earlier tokens."""

    FULL = "full"  # multi-head, grouped-query or multi-query attention over the whole context
    SLIDING = "sliding"  # the same within a window
    MLA = "mla"  # multi-head latent attention (DeepSeek V2 and later)
    LINEAR = "linear"  # linear attention or a state-space layer: a state of fixed size, no KV cache
    NONE = "none"


class WeightPart(StrEnum):
    """Groups of weights that a quantised checkpoint treats alike."""

    EMBEDDING = "embedding"  # the input table; also the head when the two are tied
    HEAD = "head"
    ATTENTION = "attention"  # the mixer's matrices: projections, gates, linear layers, indexers
    DENSE = "dense"  # dense feed-forward blocks
    EXPERTS = "experts"  # routed experts
    SHARED = "shared"  # shared experts
    ROUTER = "router"
    SMALL = "small"  # norms, biases, convolutions, position tables


_NEVER_QUANTISED = frozenset({WeightPart.EMBEDDING, WeightPart.HEAD, WeightPart.ROUTER, WeightPart.SMALL})
_NEVER_QUANTISED_GGUF = frozenset({WeightPart.ROUTER, WeightPart.SMALL})
_GGUF = frozenset({Precision.Q8_0, Precision.Q4_K_M})


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
    v_head_dim: int = 0  # MLA; elsewhere the value's head size where it differs from the key's (0: the same)
    sparse_topk_tokens: int = 0  # sparse attention reads at most this many earlier tokens (DeepSeek V3.2); 0: all
    state_elements: int = 0  # LINEAR: elements of the recurrent state per sequence
    extra_parameters: int = 0  # matrix weights of the mixer that the sizes above do not give (gates, linear layers)
    small_parameters: int = 0  # its biases, norms and convolutions
    conv_state_elements: int = 0  # elements of other fixed state per sequence: a convolution's or compressor's inputs
    index_heads: int = 0  # sparse attention: heads of the indexer that picks tokens
    index_head_dim: int = 0  # sparse attention: size of one index key
    key_is_value: bool = False  # no value projection of its own (Gemma 4's full layers)
    cached_once: bool = False  # key and value are one entry in the cache too (DeepSeek V4)
    tokens_per_entry: int = 1  # so many tokens are compressed into one cache entry (DeepSeek V4)
    o_lora_rank: int = 0  # the output goes through `o_groups` groups of this rank each (0: one full matrix)
    o_groups: int = 1
    shares_kv: bool = False  # reads the cache of an earlier layer, keeps none itself

    @property
    def query_head_dim(self) -> int:
        """Size of one head's query and key."""
        return self.qk_nope_head_dim + self.qk_rope_head_dim if self.kind is AttentionKind.MLA else self.head_dim

    @property
    def value_head_dim(self) -> int:
        """Size of one head's value."""
        return self.v_head_dim or self.head_dim

    @property
    def q_dim(self) -> int:
        """Width of the query projection's output: all heads together."""
        return self.heads * self.query_head_dim

    @property
    def kv_dim(self) -> int:
        """Width of the key and value projections' outputs together; for MLA of the joint down-projection."""
        if self.kind is AttentionKind.MLA:
            return self.kv_lora_rank + self.qk_rope_head_dim
        keys = self.kv_heads * self.head_dim
        return keys if self.key_is_value else keys + self.kv_heads * self.value_head_dim

    @property
    def o_dim(self) -> int:
        """Width of the output projection's input: all heads' values together."""
        return self.heads * self.value_head_dim

    @property
    def cached_elements_per_token(self) -> float:
        """KV elements that one token leaves in the cache (0 for a linear layer or one that shares another's cache)."""
        return 0.0 if self.shares_kv else self.read_elements_per_token

    @property
    def read_elements_per_token(self) -> float:
        """KV elements that attending to one token reads, wherever they are kept."""
        if self.kind in (AttentionKind.LINEAR, AttentionKind.NONE):
            return 0.0
        if self.kind is AttentionKind.MLA:
            return float(self.kv_lora_rank + self.qk_rope_head_dim)
        entry = self.kv_heads * (self.head_dim + (0 if self.cached_once else self.value_head_dim))
        return entry / self.tokens_per_entry

    @property
    def index_bytes_per_token(self) -> float:
        """Bytes of index keys that one token leaves in the cache of a sparse layer."""
        return (self.index_head_dim + INDEX_SCALE_BYTES) / self.tokens_per_entry if self.index_heads else 0.0

    def cached_bytes_per_token(self, kv: Precision) -> float:
        """Return the bytes one token leaves in the cache, index keys included."""
        return self.cached_elements_per_token * kv.bytes_per_weight + self.index_bytes_per_token

    @property
    def state_bytes(self) -> float:
        """Bytes of fixed state per sequence, whatever its length (of linear layers, convolutions, compressors)."""
        return self.state_elements * RECURRENT_STATE_BYTES + self.conv_state_elements * CONVOLUTION_STATE_BYTES

    def kv_split(self, tp: int) -> int:
        """Return over how many of `tp` devices the cache is divided; the rest hold copies (all of them for MLA)."""
        if self.kind in (AttentionKind.FULL, AttentionKind.SLIDING):
            return max(1, min(tp, self.kv_heads))
        return tp if self.kind is AttentionKind.LINEAR else 1

    def attended_tokens(self, context_tokens: float) -> float:
        """Return how many earlier tokens one query reads at this context length."""
        if self.kind in (AttentionKind.LINEAR, AttentionKind.NONE):
            return 0.0
        limits = (each for each in (self.window_tokens, self.sparse_topk_tokens) if each)
        return float(min(context_tokens, *limits)) if self.window_tokens or self.sparse_topk_tokens else context_tokens

    def flop_per_pair(self, absorbed: bool = False) -> float:
        """Return the FLOP of one query token against one earlier token: scores and weighted sum, all heads.

        `absorbed` is for MLA decoding, where queries meet the latent itself: 2·heads·(2·rank + rope).
        """
        if self.kind in (AttentionKind.LINEAR, AttentionKind.NONE):
            return 0.0
        if absorbed and self.kind is AttentionKind.MLA:
            return 2.0 * self.heads * (2 * self.kv_lora_rank + self.qk_rope_head_dim)
        return 2.0 * self.heads * (self.query_head_dim + self.value_head_dim) / self.tokens_per_entry

    def matrix_parameters(self, hidden_size: int) -> int:
        """Return the weights of the mixer's matrices."""
        if self.kind in (AttentionKind.LINEAR, AttentionKind.NONE):
            return self.extra_parameters
        output = self.o_dim * hidden_size
        if self.o_lora_rank:
            output = self.o_lora_rank * (self.o_dim + self.o_groups * hidden_size)
        if self.kind is AttentionKind.MLA:
            rank = self.q_lora_rank
            query = hidden_size * rank + rank * self.q_dim if rank else hidden_size * self.q_dim
            down = hidden_size * self.kv_dim
            up = self.kv_lora_rank * self.heads * (self.qk_nope_head_dim + self.v_head_dim)
            return query + down + up + output + self._index_parameters(hidden_size) + self.extra_parameters
        rank = self.q_lora_rank
        query = rank * (hidden_size + self.q_dim) if rank else hidden_size * self.q_dim
        inputs = query + hidden_size * self.kv_dim  # checkpoints keep the projections of layers that share a cache
        return inputs + output + self._index_parameters(hidden_size) + self.extra_parameters

    def _index_parameters(self, hidden_size: int) -> int:
        queries = (self.q_lora_rank or hidden_size) * self.index_heads * self.index_head_dim
        return queries + hidden_size * (self.index_head_dim + self.index_heads)


@dataclass(frozen=True, slots=True)
class FeedForward:
    """One layer's feed-forward part: dense when `experts` is 0, else a mixture of experts."""

    intermediate_size: int  # of the dense block, or of one expert
    gated: bool = True  # three matrices (SwiGLU, GeGLU) rather than two
    experts: int = 0
    experts_per_token: int = 0
    shared_experts: int = 0
    shared_intermediate_size: int = 0  # all shared experts together; a dense block beside the experts counts as one
    expert_hidden_size: int = 0  # width the experts work in where it is not the model's (Nemotron 3's latent experts)
    biases: bool = False  # every matrix has a bias
    small_parameters: int = 0  # router corrections, gates of the shared expert, norms of its own

    def expert_parameters(self, hidden_size: int) -> int:
        """Return the matrix weights of one routed expert (0 for a dense block)."""
        if not self.experts:
            return 0
        return self._matrices * (self.expert_hidden_size or hidden_size) * self.intermediate_size

    def parameters(self, hidden_size: int) -> dict[WeightPart, int]:
        """Return the weights by part, all experts counted."""
        if not self.experts:
            dense = self._matrices * hidden_size * self.intermediate_size
            return {WeightPart.DENSE: dense, WeightPart.SMALL: self.small_parameters + self._bias(hidden_size)}
        latent = 2 * hidden_size * self.expert_hidden_size  # into and out of the experts' width
        return {
            WeightPart.EXPERTS: self.experts * self.expert_parameters(hidden_size),
            WeightPart.SHARED: self._matrices * hidden_size * self.shared_intermediate_size + latent,
            WeightPart.ROUTER: hidden_size * self.experts,
            WeightPart.SMALL: self.small_parameters
            + self.experts * self._bias(hidden_size)
            + (self.experts if self.biases else 0),
        }

    def idle_parameters(self, hidden_size: int) -> int:
        """Return the weights that one token does not use: those of the experts it is not sent to."""
        idle = self.experts - self.experts_per_token
        return max(0, idle) * (self.expert_parameters(hidden_size) + self._bias(hidden_size)) if self.experts else 0

    @property
    def _matrices(self) -> int:
        return 3 if self.gated else 2

    def _bias(self, hidden_size: int) -> int:
        if not self.biases:
            return 0
        return (self._matrices - 1) * self.intermediate_size + (self.expert_hidden_size or hidden_size)


@dataclass(frozen=True, slots=True)
class LayerGroup:
    """`count` layers of the same make; `feed_forward` is None for a pure mixer layer."""

    count: int
    attention: Attention
    feed_forward: FeedForward | None
    norm_parameters: int = 0  # of one layer's norms outside the mixer

    def parameters(self, hidden_size: int) -> dict[WeightPart, int]:
        """Return one layer's weights by part."""
        parts = {} if self.feed_forward is None else self.feed_forward.parameters(hidden_size)
        parts[WeightPart.ATTENTION] = self.attention.matrix_parameters(hidden_size)
        parts[WeightPart.SMALL] = (
            parts.get(WeightPart.SMALL, 0) + self.attention.small_parameters + self.norm_parameters
        )
        return parts


@dataclass(frozen=True)
class Architecture:
    """A model: its layers and its vocabulary.

    `native_precision` is the format the published checkpoint is stored in. `published_parameters` is the maker's own
    count where known exactly, for checking ours. Only the text decoder is counted: vision and audio towers and
    multi-token-prediction layers are left out.
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
    native_parts: tuple[WeightPart, ...] = ()  # parts stored in the native precision; (): those it usually covers
    native_bytes_per_weight: float = 0.0  # of those parts, scales included; 0: as the format usually has it
    other_parameters: int = 0  # final norm, position tables, norms of the embedding
    lookup_parameters: int = 0  # tables of which a token reads a row per layer (Gemma 3n, 4)
    recommender: Recommender | None = None  # tables and small networks in place of layers; its tokens are items
    one_pass: bool = False  # an encoder: one pass over the whole input gives a vector or a score, and no cache stays

    @property
    def layer_count(self) -> int:
        """Number of layers."""
        return sum(group.count for group in self.layers)

    @property
    def is_moe(self) -> bool:
        """Whether any layer has experts."""
        return any(group.feed_forward is not None and group.feed_forward.experts for group in self.layers)

    @property
    def is_mla(self) -> bool:
        """Whether any layer has latent attention."""
        return any(group.attention.kind is AttentionKind.MLA for group in self.layers)

    def parameters(self) -> dict[WeightPart, int]:
        """Return the weights of the whole text decoder by part."""
        if self.recommender is not None:
            parts = dict.fromkeys(WeightPart, 0)
            parts[WeightPart.EMBEDDING] = self.recommender.table_parameters
            parts[WeightPart.DENSE] = self.recommender.dense_parameters
            return parts
        table = self.vocab_size * self.hidden_size
        parts = dict.fromkeys(WeightPart, 0)
        parts[WeightPart.EMBEDDING] = table + self.lookup_parameters
        parts[WeightPart.HEAD] = 0 if self.tied_embeddings else table
        parts[WeightPart.SMALL] = self.other_parameters
        for group in self.layers:
            for part, count in group.parameters(self.hidden_size).items():
                parts[part] += group.count * count
        return parts

    def weight_parameters(self) -> int:
        """Return how many weights the text decoder has, all experts counted."""
        return sum(self.parameters().values())

    def active_parameters(self, embeddings: bool = True) -> int:
        """Return the weights that one token's pass uses: `experts_per_token` of the routed experts.

        `embeddings=False` leaves out the input tables, of which a token reads single rows (a tied table is still
        counted once, as the head).
        """
        idle = sum(
            group.count * group.feed_forward.idle_parameters(self.hidden_size)
            for group in self.layers
            if group.feed_forward is not None
        )
        active = self.weight_parameters() - idle
        if embeddings:
            return active
        table = 0 if self.tied_embeddings else self.vocab_size * self.hidden_size
        return active - table - self.lookup_parameters

    def part_precision(self, part: WeightPart, precision: Precision) -> Precision:
        """Return how a checkpoint "in `precision`" usually stores one part.

        Embeddings, head, router and small parts stay in bf16, except that GGUF files quantise embeddings and head.
        MXFP4 checkpoints of mixtures leave attention in bf16 (gpt-oss, AMD's DeepSeek), as do NVFP4 ones with latent
        attention (NVIDIA's DeepSeek and Kimi). A model's own `native_parts` go before these habits.
        """
        if precision in _GGUF:
            return Precision.BF16 if part in _NEVER_QUANTISED_GGUF else precision
        if part in _NEVER_QUANTISED:
            return Precision.BF16
        if precision == self.native_precision and self.native_parts:
            return precision if part in self.native_parts else Precision.BF16
        keeps_attention = (precision is Precision.MXFP4 and self.is_moe) or (
            precision is Precision.NVFP4 and self.is_mla
        )
        return Precision.BF16 if part is WeightPart.ATTENTION and keeps_attention else precision

    def weight_bytes(self, precision: Precision) -> float:
        """Return the bytes of all weights in a checkpoint of this precision, scales included."""
        return sum(count * self.part_bytes_per_weight(part, precision) for part, count in self.parameters().items())

    def part_bytes_per_weight(self, part: WeightPart, precision: Precision) -> float:
        """Return the bytes of one weight of a part in a checkpoint "in `precision`", scales included."""
        stored = self.part_precision(part, precision)
        native = stored is precision and precision == self.native_precision and precision is not Precision.BF16
        return self.native_bytes_per_weight if native and self.native_bytes_per_weight else stored.bytes_per_weight

    def kv_bytes_per_token(self, kv: Precision) -> float:
        """Return the cache bytes that each further token takes, in layers whose cache grows with the context."""
        return sum(
            group.count * group.attention.cached_bytes_per_token(kv)
            for group in self.layers
            if group.attention.kind is not AttentionKind.SLIDING
        )

    def state_bytes_per_sequence(self, kv: Precision) -> float:
        """Return what a long sequence takes whatever its length: linear states and full sliding windows."""
        return sum(
            group.count
            * (group.attention.state_bytes + group.attention.window_tokens * group.attention.cached_bytes_per_token(kv))
            for group in self.layers
        )

    def kv_bytes_per_sequence(self, kv: Precision, context_tokens: float) -> float:
        """Return the cache and state bytes of one sequence of this length."""
        total = 0.0
        for group in self.layers:
            attention = group.attention
            kept = min(context_tokens, attention.window_tokens) if attention.window_tokens else context_tokens
            total += group.count * (attention.state_bytes + kept * attention.cached_bytes_per_token(kv))
        return total

    def kv_bytes_read(self, kv: Precision, context_tokens: float) -> float:
        """Return the bytes that decoding one token reads of its sequence's cache and state at this context length.

        Sparse layers read every index key, but only the chosen tokens' entries.
        """
        total = 0.0
        for group in self.layers:
            attention = group.attention
            entries = attention.attended_tokens(context_tokens) * attention.read_elements_per_token
            index = context_tokens * attention.index_bytes_per_token
            total += group.count * (entries * kv.bytes_per_weight + index + attention.state_bytes)
        return total
