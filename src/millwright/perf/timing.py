"""How long the operators of a step take, for many deployments at once.

Every array has a leading axis of deployments, so that fitting thousands of measured points and compiling one
deployment run the same code. Equations and their origin: docs/step-time.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from millwright.perf.operators import ACTIVATION_BYTES, StepOperators

Floats = NDArray[np.float64]

_TILE_ROWS = 16.0
"""Grouped products are padded to tiles of this many rows per expert (CUTLASS and Triton kernels use 16 to 128)."""

FLOOR_SPREAD = 0.1
"""Routing spread that the roofline assumes: real routing has never been seen to hit fewer distinct experts."""


@dataclass(frozen=True, slots=True)
class Coefficients:
    """What is fitted, each an array of one value per deployment. Efficiencies are shares of the datasheet's peak."""

    dense_compute: Floats
    expert_compute: Floats
    weight_memory: Floats
    expert_memory: Floats
    kv_memory: Floats
    attention_compute: Floats  # of prompts
    kv_compute: Floats  # of decoding: scores and sums over the cache
    element_memory: Floats
    kernel_s: Floats  # gap and latency of one kernel in a captured graph
    expert_kernel_s: Floats  # the same within expert layers (routing, permutation)
    collective_s: Floats  # latency of one all-reduce of two ranks
    collective_growth: Floats  # power of log2 ranks with which that latency grows
    link: Floats  # share of the link's bandwidth
    exchange_s: Floats  # latency of one all-to-all
    host_step_s: Floats  # scheduling, sampling and hand-over per step, not hidden by the device
    host_sequence_s: Floats  # the same per sequence
    eager_kernel_s: Floats  # launch of one kernel in a step that is not a captured graph
    norm_kernels: Floats  # of the kernels of head norms, how many run on their own
    expert_spread: Floats  # distinct experts hit, relative to uniform routing (at most 1)


@dataclass(frozen=True, slots=True)
class Stack:
    """Operators of many deployments: products as (deployments, kinds), padded with zero counts; scalars as columns."""

    out_size: Floats
    in_size: Floats
    count: Floats
    experts: Floats
    hits: Floats
    weight_bytes: Floats
    peak: Floats
    grouped: NDArray[np.bool_]
    head: NDArray[np.bool_]
    rank_share: Floats
    attention_ranks: Floats
    expert_share: Floats
    layers: Floats
    kernels: Floats
    norm_kernels: Floats
    moe_kernels: Floats
    elementwise_bytes: Floats
    kv_bytes: Floats
    kv_flop: Floats
    pair_flop: Floats
    sequence_bytes: Floats
    linear_flop: Floats
    attention_peak: Floats
    collectives: Floats
    collective_bytes: Floats
    collective_ranks: Floats
    exchanges: Floats
    exchange_bytes: Floats
    bandwidth: Floats
    link_bandwidth: Floats
    network_s: Floats
    network_bytes: Floats
    network_bandwidth: Floats

    def __len__(self) -> int:
        return len(self.out_size)


_PRODUCT_FIELDS = ("out_size", "in_size", "count", "experts", "hits", "weight_bytes")
_SCALAR_FIELDS = tuple(Stack.__dataclass_fields__)[9:]


def stack_operators(operators: Sequence[StepOperators]) -> Stack:
    """Return the operators of several deployments as one stack."""
    width = max(len(each.products.count) for each in operators)

    def padded(name: str, fill: float) -> Floats:
        table = np.full((len(operators), width), fill)
        for row, each in enumerate(operators):
            values = getattr(each.products, name)
            table[row, : len(values)] = values
        return table

    arrays: dict[str, Any] = {name: padded(name, 0.0 if name == "count" else 1.0) for name in _PRODUCT_FIELDS}
    arrays |= {name: np.array([float(getattr(each, name)) for each in operators]) for name in _SCALAR_FIELDS}
    return Stack(
        **arrays,
        peak=padded("peak_flop_per_s", 1.0e15),
        grouped=padded("grouped", 0.0) > 0,
        head=padded("per_sequence", 0.0) > 0,
    )


def distinct_experts(experts: Floats, hits: Floats, tokens: Floats, spread: Floats) -> Floats:
    """Return how many of `experts` are hit by `tokens` tokens that each go to `hits` of them.

    E·(1 − (1 − k/E)^n) under uniform routing; `spread` below 1 makes the draw as if there were fewer tokens, so that
    one token still hits k and very many still hit all.
    """
    share = np.minimum(hits / experts, 1.0)
    effective = 1.0 + np.maximum(tokens - 1.0, 0.0) * spread
    missed = np.minimum(effective, tokens) * np.log1p(-np.minimum(share, 1.0 - 1e-12))
    return np.asarray(experts * -np.expm1(missed))


def _column(values: NDArray[Any]) -> NDArray[Any]:
    return values[:, None]


def product_time_s(stack: Stack, tokens: Floats, coefficients: Coefficients) -> Floats:
    """Return the time [s] of all matrix products for `tokens` (deployments, points), the head left out."""
    return _products(stack, tokens, coefficients, heads=False)


def head_time_s(stack: Stack, sequences: Floats, coefficients: Coefficients) -> Floats:
    """Return the time [s] of the vocabulary head for `sequences` (deployments, points)."""
    return _products(stack, sequences, coefficients, heads=True)


def _products(stack: Stack, tokens: Floats, coefficients: Coefficients, heads: bool) -> Floats:
    total = np.zeros_like(tokens)
    for kind in range(stack.out_size.shape[1]):
        count = np.where(stack.head[:, kind] == heads, stack.count[:, kind], 0.0)
        if not count.any():
            continue
        grouped = stack.grouped[:, kind]
        padded, rows, copies = _product_rows(stack, kind, tokens, coefficients.expert_spread)
        compute_share = np.where(grouped, coefficients.expert_compute, coefficients.dense_compute)
        memory_share = np.where(grouped, coefficients.expert_memory, coefficients.weight_memory)
        flop, traffic = _product_work(stack, kind, rows, copies)
        compute = flop * (padded / rows) / _column(stack.peak[:, kind] * compute_share)
        memory = traffic / _column(stack.bandwidth * memory_share)
        # the maximum of both, rounded where they are close
        total += _column(count) * np.cbrt(compute * compute * compute + memory * memory * memory)
    return total


def _product_rows(stack: Stack, kind: int, tokens: Floats, spread: Floats) -> tuple[Floats, Floats, Floats]:
    """Return (rows with tile padding, rows, weight copies read) of one kind of product."""
    rows = tokens * _column(stack.rank_share)
    grouped = _column(stack.grouped[:, kind])
    if not grouped.any():
        return rows, rows, np.ones_like(rows)
    expert_tokens = tokens * _column(stack.expert_share)
    experts, hits = _column(stack.experts[:, kind]), _column(stack.hits[:, kind])
    hit = distinct_experts(experts, hits, expert_tokens, _column(spread))
    pairs = expert_tokens * hits
    tile = np.minimum(_TILE_ROWS / 2.0 * hit, 15.0 * pairs)  # on average half a tile is padding
    return np.where(grouped, pairs + tile, rows), np.where(grouped, pairs, rows), np.where(grouped, hit, 1.0)


def _product_work(stack: Stack, kind: int, rows: Floats, copies: Floats) -> tuple[Floats, Floats]:
    """Return FLOP and bytes of one kind of product, once."""
    size = stack.out_size[:, kind] * stack.in_size[:, kind]
    activations = ACTIVATION_BYTES * (stack.out_size[:, kind] + stack.in_size[:, kind])
    traffic = copies * _column(size * stack.weight_bytes[:, kind]) + rows * _column(activations)
    return 2.0 * rows * _column(size), traffic


def product_floor_s(stack: Stack, tokens: Floats, sequences: Floats, kv_tokens: Floats) -> Floats:
    """Return the roofline [s] of a decode step: max(Σ FLOP/peak, Σ bytes/bandwidth) over products and cache.

    Experts hit count as under the shipped routing spread's lower end, so that the floor is one for skewed routing too.
    All arguments but the stack are (deployments, points).
    """
    compute, memory = np.zeros_like(tokens), np.zeros_like(tokens)
    skewed = np.full(len(stack), FLOOR_SPREAD)
    for kind in range(stack.out_size.shape[1]):
        head = stack.head[:, kind]
        count = _column(stack.count[:, kind])
        seen = np.where(_column(head), sequences, tokens)
        _, rows, copies = _product_rows(stack, kind, seen, skewed)
        flop, traffic = _product_work(stack, kind, rows, copies)
        compute += count * flop / _column(stack.peak[:, kind])
        memory += count * traffic / _column(stack.bandwidth)
    kv = kv_tokens * _column(stack.rank_share)
    compute += kv * _column(stack.kv_flop / stack.attention_peak)
    memory += kv * _column(stack.kv_bytes / stack.bandwidth)
    memory += sequences * _column(stack.rank_share * stack.sequence_bytes / stack.bandwidth)
    return np.maximum(compute, memory)


def token_time_s(stack: Stack, tokens: Floats, coefficients: Coefficients) -> Floats:
    """Return the device time [s] of everything in a captured step that depends on its tokens (deployments, points).

    Products without the head, element-wise traffic, collectives, kernel gaps; not attention, which the slopes give.
    """
    products = product_time_s(stack, tokens, coefficients)
    rank_tokens = tokens * _column(stack.rank_share)
    elements = rank_tokens * _column(stack.elementwise_bytes / (stack.bandwidth * coefficients.element_memory))
    linear = rank_tokens * _column(stack.linear_flop / (stack.attention_peak * coefficients.attention_compute))
    own = stack.kernels + stack.norm_kernels * coefficients.norm_kernels
    gaps = own * coefficients.kernel_s + stack.moe_kernels * coefficients.expert_kernel_s
    communication = communication_time_s(stack, tokens, coefficients)
    return np.asarray(products + elements + linear + communication + _column(gaps))


def communication_time_s(stack: Stack, tokens: Floats, coefficients: Coefficients) -> Floats:
    """Return the time [s] of all collectives of a step: Σ calls · (α·(log2 ranks)^g + 2(r−1)/r · bytes / link).

    Between hosts their network adds its own waits and bytes.
    """
    ranks = np.maximum(stack.collective_ranks, 1.0)
    link = stack.link_bandwidth * coefficients.link
    latency = (
        stack.collectives
        * coefficients.collective_s
        * np.log2(np.maximum(ranks, 2.0)) ** coefficients.collective_growth
    )
    per_token = stack.collectives * stack.collective_bytes * 2.0 * (ranks - 1.0) / ranks / link
    per_token = per_token + stack.exchanges * stack.exchange_bytes * 2.0 / link
    latency = latency + stack.exchanges * coefficients.exchange_s + stack.network_s
    per_token = per_token + stack.network_bytes / stack.network_bandwidth
    return np.asarray(_column(latency) + tokens * _column(stack.rank_share * per_token))


def eager_host_s(stack: Stack, coefficients: Coefficients) -> Floats:
    """Return the host time [s] of a step whose kernels are launched one by one (deployments,)."""
    launches = (
        stack.kernels
        + stack.norm_kernels * coefficients.norm_kernels
        + stack.moe_kernels
        + stack.collectives
        + stack.exchanges
    )
    return np.asarray(launches * coefficients.eager_kernel_s)


def kv_slope_s(stack: Stack, coefficients: Coefficients, queries: int = 1) -> tuple[Floats, Floats]:
    """Return seconds per cached token read in decoding, and its roofline floor (deployments,).

    The tokens that a sequence has in one step (`queries`) read its cache once, and each works on all of it.
    """
    memory, compute = stack.kv_bytes / stack.bandwidth, queries * stack.kv_flop / stack.attention_peak
    slope = np.cbrt((memory / coefficients.kv_memory) ** 3 + (compute / coefficients.kv_compute) ** 3)
    return np.asarray(slope * stack.rank_share), np.maximum(memory, compute) * stack.rank_share


def pair_slope_s(stack: Stack, coefficients: Coefficients) -> tuple[Floats, Floats]:
    """Return seconds per pair of prompt token and earlier token in prefill, and its roofline floor (deployments,)."""
    floor = stack.pair_flop / stack.attention_peak * stack.rank_share
    return floor / coefficients.attention_compute, floor


def sequence_slope_s(stack: Stack, coefficients: Coefficients) -> Floats:
    """Return seconds per decoding sequence: recurrent states and host work (deployments,)."""
    states = stack.sequence_bytes * stack.rank_share / (stack.bandwidth * coefficients.element_memory)
    return np.asarray(states + coefficients.host_sequence_s)
