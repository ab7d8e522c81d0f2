"""The operators of one decoder step on one device: matrix products, attention, element-wise traffic, collectives.

A step of n tokens on a replica passes every layer once. Its work is described by sizes alone; how long it takes is
`perf/timing.py`'s business. Under tensor parallelism a device holds a slice of every matrix; under pipeline and data
parallelism the tokens of a step are divided: each of the pp micro-batches passes all layers with n/pp tokens, each of
the dp attention ranks sees n/dp.

Equations: docs/step-time.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from millwright.catalog.architecture import Architecture, Attention, AttentionKind, FeedForward, LayerGroup, WeightPart
from millwright.catalog.precision import Compute, Precision
from millwright.perf.deployment import Deployment

Floats = NDArray[np.float64]

ACTIVATION_BYTES = 2.0
"""Activations travel between kernels in bf16."""

_FALLBACK_FLOP_PER_BYTE = 150.0
"""Peak bf16 FLOP per byte of bandwidth assumed when a datasheet lacks one of them: the middle of Ampere to Hopper."""

_HEAD_NORM_KERNELS = 6.0
"""Norms of queries and keys: two, and the splits and copies around them that fused paths without norms do not have.

Of 3 and 6 the better for models left out."""

_FALLBACK_BANDWIDTH = 1.0e12
_FALLBACK_PCIE = 25.0e9


class _Add(Protocol):  # how the functions below add one kind of product
    def __call__(
        self,
        out: float,
        inner: float,
        count: float,
        part: WeightPart,
        experts: float = 1.0,
        hits: float = 1.0,
        head: int = 0,
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class Products:
    """Matrix products of one step on one device, one entry per kind, as arrays of equal length.

    A dense product of n tokens is (n × k) · (k × n_out), `count` times per step. A grouped product holds `experts` of
    them on this device, of which a token is sent to `hits` (a fraction when experts are spread over devices);
    `experts` is 1 for dense ones. `per_sequence` marks those run once per sequence rather than per token (the head).
    """

    out_size: Floats
    in_size: Floats
    count: Floats
    experts: Floats
    hits: Floats
    weight_bytes: Floats  # bytes of one weight
    peak_flop_per_s: Floats
    grouped: NDArray[np.bool_]
    per_sequence: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class StepOperators:
    """Everything one step does on one device; `n` below are the tokens this device sees."""

    products: Products
    rank_share: float  # of the replica's tokens (and KV) that one device's attention and dense layers see
    attention_ranks: float  # over which prompts are dealt out whole
    expert_share: float  # of the replica's tokens whose expert work is divided over the devices of the expert group
    layers: float
    kernels: float  # kernel launches per step, see `_kernels_per_layer`
    norm_kernels: float  # of the norms of queries and keys, which some engines fuse
    moe_kernels: float
    elementwise_bytes: float  # per token
    kv_bytes: float  # per cached token that a decoding sequence reads
    kv_flop: float  # per cached token that a decoding sequence reads
    pair_flop: float  # per pair (prompt token, earlier token) of prefill attention
    sequence_bytes: float  # per decoding sequence: recurrent states, read and written
    linear_flop: float  # per token in recurrent layers
    attention_peak: float
    collectives: float  # calls per step
    collective_bytes: float  # per token and call
    collective_ranks: int
    exchanges: float  # all-to-all calls per step (expert parallelism with attention data parallelism)
    exchange_bytes: float  # per token and call
    bandwidth: float
    link_bandwidth: float
    assumed: tuple[str, ...]  # what had to be assumed about the device
    network_s: float = 0.0  # per step, what messages between hosts wait
    network_bytes: float = 0.0  # per token that a device sees, between hosts
    network_bandwidth: float = 1.0


def device_bandwidth(deployment: Deployment) -> tuple[float, tuple[str, ...]]:
    """Return the device's memory bandwidth [byte/s] and what was assumed to have one."""
    device = deployment.device
    if device.memory_bandwidth_bytes_per_s:
        return device.memory_bandwidth_bytes_per_s, ()
    peaks = device.peak_flop_per_s
    if peaks:
        half_precision = peaks.get(Compute.BF16) or max(peaks.values()) / 2
        return half_precision / _FALLBACK_FLOP_PER_BYTE, ("memory bandwidth taken from the peak rate",)
    return _FALLBACK_BANDWIDTH, ("memory bandwidth unknown, 1 TB/s assumed",)


def device_peak(deployment: Deployment, compute: Compute) -> tuple[float, tuple[str, ...]]:
    """Return the peak rate [FLOP/s] that products of this arithmetic reach at best, and what was assumed.

    A device without the arithmetic unpacks the weights and multiplies in bf16.
    """
    peaks = deployment.device.peak_flop_per_s
    if peaks.get(compute):
        return float(peaks[compute]), ()
    if compute is Compute.FP4 and peaks.get(Compute.FP8) and deployment.weights is Precision.MXFP4:
        return float(peaks[Compute.BF16] if peaks.get(Compute.BF16) else peaks[Compute.FP8] / 2), ()
    if peaks.get(Compute.BF16):
        return float(peaks[Compute.BF16]), ()
    if peaks:
        widest = min(peaks.values())
        return float(widest), (f"no bf16 peak known, {widest:.3g} FLOP/s used",)
    bandwidth, _ = device_bandwidth(deployment)
    return bandwidth * _FALLBACK_FLOP_PER_BYTE, ("peak rate taken from the memory bandwidth",)


def step_operators(deployment: Deployment, context_tokens: float) -> StepOperators:
    """Return the operators of one step; `context_tokens` [token] sets what windows and sparse attention read."""
    model, tp = deployment.model, max(1, deployment.tp)
    if model.recommender is not None:
        from millwright.perf.lookups import recommender_operators  # which describes its step in the terms of this file

        return recommender_operators(deployment, model.recommender)
    data_parallel = max(1, deployment.dp)
    spread = deployment.dp_attention or (data_parallel > 1 and deployment.ep > tp)
    group = tp * data_parallel if spread else tp  # devices that divide the experts' work
    expert_group = min(max(1, deployment.ep), group)
    notes: tuple[str, ...] = ()
    bandwidth, assumed = device_bandwidth(deployment)
    notes += assumed

    rows: list[tuple[float, ...]] = []

    def add(
        out: float, inner: float, count: float, part: WeightPart, experts: float = 1.0, hits: float = 1.0, head: int = 0
    ) -> None:
        nonlocal notes
        if out <= 0 or inner <= 0:
            return
        precision = model.part_precision(part, deployment.weights)
        peak, assumed = device_peak(deployment, precision.compute)
        notes += assumed
        grouped = float(part is WeightPart.EXPERTS)
        rows.append((out, inner, count, experts, hits, precision.bytes_per_weight, peak, grouped, head))

    totals = dict.fromkeys(
        ("kernels", "norm", "moe", "element", "kv", "kvflop", "pair", "state", "linear", "exch"), 0.0
    )
    for layer in model.layers:
        _mixer_products(layer, model, tp, add)
        if layer.feed_forward is not None:
            _feed_forward_products(layer, layer.feed_forward, model, tp, group, expert_group, add)
        _add_layer(totals, layer, model, deployment, tp, context_tokens)
    if model.one_pass:  # the layer that makes one vector of a sequence; what follows it is small
        add(model.hidden_size, model.hidden_size, 1.0, WeightPart.SMALL, head=1)
    else:
        head_part = WeightPart.EMBEDDING if model.tied_embeddings else WeightPart.HEAD
        add(model.vocab_size / tp, model.hidden_size, 1.0, head_part, head=1)

    columns = np.array(rows, dtype=np.float64).T
    products = Products(
        out_size=columns[0],
        in_size=columns[1],
        count=columns[2],
        experts=columns[3],
        hits=columns[4],
        weight_bytes=columns[5],
        peak_flop_per_s=columns[6],
        grouped=columns[7] > 0,
        per_sequence=columns[8] > 0,
    )
    attention_compute = Compute.BF16
    attention_peak, assumed = device_peak(deployment, attention_compute)
    pp = max(1, deployment.pp)
    mixers = sum(g.count * (2 if g.feed_forward is not None else 1) for g in model.layers)
    link, assumed_link = link_bandwidth(deployment)
    collectives = float(mixers + 1) if tp > 1 else 0.0
    exchanges = totals["exch"] if spread and group > 1 else 0.0
    network_s, network_bytes, network_bandwidth, assumed_network = _between_hosts(deployment, collectives, exchanges)
    return StepOperators(
        products=products,
        rank_share=1.0 / (pp * data_parallel),
        attention_ranks=float(data_parallel),
        expert_share=1.0 / pp if spread else 1.0 / (pp * data_parallel),
        layers=float(model.layer_count),
        kernels=totals["kernels"],
        norm_kernels=totals["norm"],
        moe_kernels=totals["moe"],
        elementwise_bytes=totals["element"],
        kv_bytes=totals["kv"],
        kv_flop=totals["kvflop"],
        pair_flop=totals["pair"],
        sequence_bytes=totals["state"],
        linear_flop=totals["linear"],
        attention_peak=attention_peak,
        collectives=collectives,
        collective_bytes=model.hidden_size * ACTIVATION_BYTES,
        collective_ranks=tp,
        exchanges=exchanges,
        exchange_bytes=model.hidden_size * ACTIVATION_BYTES,
        bandwidth=bandwidth,
        link_bandwidth=link,
        network_s=network_s,
        network_bytes=network_bytes,
        network_bandwidth=network_bandwidth,
        assumed=tuple(dict.fromkeys(notes + assumed + assumed_link + assumed_network)),
    )


def _mixer_products(layer: LayerGroup, model: Architecture, tp: int, add: _Add) -> None:
    attention, hidden, count = layer.attention, model.hidden_size, float(layer.count)
    part = WeightPart.ATTENTION
    if attention.kind in (AttentionKind.LINEAR, AttentionKind.NONE):
        if attention.extra_parameters:  # in- and out-projections: two thirds in, one third out
            add(attention.extra_parameters / hidden * (2 / 3) / tp, hidden, count, part)
            add(hidden, attention.extra_parameters / hidden * (1 / 3) / tp, count, part)
        return
    if attention.kind is AttentionKind.MLA:
        rank = attention.q_lora_rank
        add(rank + attention.kv_dim, hidden, count, part)  # the down-projections are not split
        add(attention.q_dim / tp, rank or hidden, count, part)
        heads = attention.heads / tp  # batched over heads: each weight is read once per step
        add(heads * (attention.qk_nope_head_dim + attention.v_head_dim), attention.kv_lora_rank, count, part)
    else:
        split = max(1, min(tp, attention.kv_heads))
        kv = 0.0 if attention.shares_kv else attention.kv_dim / split
        add(attention.q_dim / tp + kv, hidden, count, part)
    if attention.extra_parameters:
        add(attention.extra_parameters / hidden / tp, hidden, count, part)
    if attention.index_heads:
        add(attention.index_heads * attention.index_head_dim, attention.q_lora_rank or hidden, count, part)
    add(hidden, attention.o_dim / tp, count, part)


def _feed_forward_products(
    layer: LayerGroup, block: FeedForward, model: Architecture, tp: int, group: int, expert_group: int, add: _Add
) -> None:
    hidden, count, width = model.hidden_size, float(layer.count), 2.0 if block.gated else 1.0
    if not block.experts:
        add(width * block.intermediate_size / tp, hidden, count, WeightPart.DENSE)
        add(hidden, block.intermediate_size / tp, count, WeightPart.DENSE)
        return
    add(block.experts, hidden, count, WeightPart.ROUTER)
    if block.shared_intermediate_size:
        add(width * block.shared_intermediate_size / tp, hidden, count, WeightPart.SHARED)
        add(hidden, block.shared_intermediate_size / tp, count, WeightPart.SHARED)
    inner = block.expert_hidden_size or hidden
    slices = group / expert_group  # devices that share one expert
    experts, hits = block.experts / expert_group, block.experts_per_token / expert_group
    add(width * block.intermediate_size / slices, inner, count, WeightPart.EXPERTS, experts, hits)
    add(inner, block.intermediate_size / slices, count, WeightPart.EXPERTS, experts, hits)


def _add_layer(
    totals: dict[str, float],
    layer: LayerGroup,
    model: Architecture,
    deployment: Deployment,
    tp: int,
    context_tokens: float,
) -> None:
    attention, block, count, hidden = layer.attention, layer.feed_forward, layer.count, model.hidden_size
    kernels, moe_kernels = _kernels_per_layer(attention, block, deployment.weights)
    totals["kernels"] += count * kernels
    totals["norm"] += count * (_HEAD_NORM_KERNELS if _normalises_heads(attention) else 0.0)
    totals["moe"] += count * moe_kernels
    intermediate = 0.0
    if block is not None:
        intermediate = block.intermediate_size * max(1, block.experts_per_token) + block.shared_intermediate_size
        totals["exch"] += 2.0 * count if block.experts else 0.0
    mixer = (attention.q_dim + attention.kv_dim) / tp if attention.heads else attention.extra_parameters / hidden / tp
    # norms and residuals read and write the hidden state about six times; rope, activation and quantisation once each
    totals["element"] += count * ACTIVATION_BYTES * (6.0 * hidden + 3.0 * mixer + 3.0 * intermediate / tp)
    context = max(1.0, context_tokens)
    attended = attention.attended_tokens(context)
    share = 1.0 / attention.kv_split(tp)
    entry = attention.cached_elements_per_token or (
        attention.kv_heads * (attention.head_dim + attention.value_head_dim) if attention.shares_kv else 0
    )
    index = (attention.index_head_dim + 4.0) if attention.index_heads else 0.0
    totals["kv"] += count * share * (entry * deployment.kv.bytes_per_weight * attended / context + index)
    totals["kvflop"] += count * attention.flop_per_pair(absorbed=True) / tp * attended / context
    totals["kvflop"] += count * 2.0 * attention.index_heads * attention.index_head_dim
    prefill_context = context / 2.0  # a prompt token looks back at half the prompt on average
    seen = min(1.0, attention.attended_tokens(prefill_context) / prefill_context)
    both_ways = 2.0 if model.one_pass else 1.0  # an encoder's token looks ahead as well as back
    totals["pair"] += both_ways * count * attention.flop_per_pair() / tp * seen
    totals["pair"] += count * 2.0 * attention.index_heads * attention.index_head_dim
    totals["state"] += count * 2.0 * attention.state_bytes / tp
    totals["linear"] += count * 6.0 * attention.state_elements / tp


def _kernels_per_layer(attention: Attention, block: FeedForward | None, weights: Precision) -> tuple[float, float]:
    """Return the kernels of a layer outside and inside its experts.

    Counted from the structure: each product, norm, rotary and cache write, attention and its reduction, activation;
    quantised activations add one kernel per product.
    """
    quantise = 1.0 if weights.compute is not Compute.BF16 else 0.0
    if attention.kind is AttentionKind.MLA:
        mixer = 12.0 + 3.0 * quantise
    elif attention.kind is AttentionKind.LINEAR:
        mixer = 8.0 + 2.0 * quantise
    elif attention.kind is AttentionKind.NONE:
        mixer = 0.0
    else:
        mixer = 6.0 + 2.0 * quantise
    if attention.index_heads:
        mixer += 6.0
    if block is None:
        return mixer, 0.0
    if not block.experts:
        return mixer + 4.0 + 2.0 * quantise, 0.0
    shared = 3.0 + 2.0 * quantise if block.shared_intermediate_size else 0.0
    return mixer + 1.0, 8.0 + 2.0 * quantise + shared


def _normalises_heads(attention: Attention) -> bool:
    """Return whether queries and keys are normalised: then their norms, per head or whole, are its small parameters."""
    whole = attention.q_dim + attention.kv_heads * attention.head_dim
    return attention.small_parameters in (2 * attention.head_dim, whole)


def _between_hosts(
    deployment: Deployment, collectives: float, exchanges: float
) -> tuple[float, float, float, tuple[str, ...]]:
    """Return what a step waits for messages between hosts [s], their bytes per token of a device, the bandwidth that
    each device has for them [byte/s], and what was assumed.

    Stages of a pipeline hand their tokens over at each border between hosts, all ranks of a stage at once. Collectives
    and exchanges that reach beyond a host have their part between hosts on top of that within (as a hierarchical
    all-reduce does): 2(h−1)/h of the bytes for h hosts, (h−1)/h of those exchanged each way.
    """
    network = deployment.network
    if network is None or deployment.device_count <= network.devices_per_host:
        return 0.0, 0.0, 1.0, ()
    hidden = deployment.model.hidden_size * ACTIVATION_BYTES
    tp, data_parallel, pp = max(1, deployment.tp), max(1, deployment.dp), max(1, deployment.pp)
    group = tp * data_parallel
    spanned = -(-group // network.devices_per_host)  # hosts over which one stage lies
    borders = min(deployment.host_count, pp) - 1
    waits, moved = float(borders), borders * hidden / tp
    if tp > network.devices_per_host:
        waits += collectives * math.log2(spanned)
        moved += collectives * hidden * 2.0 * (spanned - 1) / spanned
    if exchanges and spanned > 1:
        waits += exchanges
        moved += exchanges * hidden * 2.0 * (spanned - 1) / spanned
    note = ("the network between hosts is assumed",) if network.assumed else ()
    return waits * network.latency_s, moved, network.bytes_per_s, note


def link_bandwidth(deployment: Deployment) -> tuple[float, tuple[str, ...]]:
    """Return the bandwidth between the devices of a replica [byte/s] and what was assumed to have one."""
    device = deployment.device
    if device.link_bytes_per_s:
        return device.link_bytes_per_s, ()
    if device.pcie_bytes_per_s:
        return device.pcie_bytes_per_s, ()
    note = ("link between devices unknown, PCIe 4 assumed",) if deployment.device_count > 1 else ()
    return _FALLBACK_PCIE, note
