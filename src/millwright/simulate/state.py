"""The engine's state as flat arrays: one record per replica, one row of slots per replica, one row per request.

Numba passes records and named tuples of arrays by reference, so the engine's functions use them like objects.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

SAME_INSTANT_S = 1e-9
"""A request that arrives within a nanosecond after a step boundary counts as there: rounding decides nothing."""

NONE = -1


class Replica:
    """What a replica is, where it is, and what it has done; `REPLICA` lays these fields out as one flat record."""

    # what it is
    table: int  # its row in Tables
    kv_s: float
    prefill_s: float
    seq_s: float
    request_s: float
    token_budget: int
    max_seqs: int
    block_size: int
    blocks: int
    watermark: int
    # where it is
    now_s: float
    step: int
    decoding: int  # sequences past their prefill
    context: int  # tokens those hold in KV cache
    running: int  # decoding, or with a prompt partly computed
    free_blocks: int
    chunk_slot: int  # the one sequence whose prompt is partly computed, or NONE
    chunk_done: int
    chunk_target: int
    oldest: int  # running sequences in order of admission: a list linked through the slots
    newest: int
    free_slots: int
    parked: int  # preempted sequences; the last one preempted goes first
    queue_head: int  # requests not yet admitted, in order of arrival: a list linked through the requests
    queue_tail: int
    next_to_issue: int  # closed loop: the request that the next free client sends, or NONE
    think_s: float
    ttft_limit_s: float  # giving up: once more than so many requests from `counted_from` on have broken a limit
    tpot_limit_s: float
    e2e_limit_s: float
    violations_left: int
    counted_from: int
    # what it has done
    busy_s: float
    decode_seconds: float
    kv_token_seconds: float
    prefill_tokens: int
    decode_tokens: int
    least_free: int


REPLICA = np.dtype([(name, {"int": "i8", "float": "f8"}[kind]) for name, kind in Replica.__annotations__.items()])


class Slots(NamedTuple):
    """Running sequences of every replica; arrays of shape (replicas, slots).

    A decoding sequence holds `base + step` tokens, so that a step changes no slot at all.
    """

    request: NDArray[np.int64]
    base: NDArray[np.int64]
    target: NDArray[np.int64]
    finish_step: NDArray[np.int64]
    older: NDArray[np.int64]
    newer: NDArray[np.int64]
    heap: NDArray[np.int64]  # finish_step and slot packed, least first
    free: NDArray[np.int64]
    fresh: NDArray[np.int64]  # slots whose prefill ends in this step
    last_token_s: NDArray[np.float64]
    parked_request: NDArray[np.int64]
    parked_generated: NDArray[np.int64]
    parked_last_token_s: NDArray[np.float64]
    need: NDArray[np.int64]  # (replicas, block size): decoding sequences that need a block when step % block size = i
    gaps: NDArray[np.int64]  # (replicas, GAP_BINS)


class Jobs(NamedTuple):
    """Requests; arrays of shape (n,)."""

    enter_s: NDArray[np.float64]
    input_tokens: NDArray[np.int64]
    output_tokens: NDArray[np.int64]
    first_token_s: NDArray[np.float64]
    finish_s: NDArray[np.float64]
    admitted_s: NDArray[np.float64]
    preemptions: NDArray[np.int32]
    fate: NDArray[np.uint8]
    behind: NDArray[np.int64]  # the next request in its replica's queue, or NONE


class Tables(NamedTuple):
    """Step times by number of tokens [s]; arrays of shape (tables, tokens + 1)."""

    mixed_s: NDArray[np.float64]
    decode_s: NDArray[np.float64]


def make_slots(replicas: int, slots: int, block_size: int, gap_bins: int) -> Slots:
    """Return empty slots for `replicas` replicas of at most `slots` sequences each."""

    def integers() -> NDArray[np.int64]:
        return np.full((replicas, slots), NONE, dtype=np.int64)

    free = np.tile(np.arange(slots, dtype=np.int64)[::-1], (replicas, 1))
    return Slots(
        request=integers(),
        base=integers(),
        target=integers(),
        finish_step=integers(),
        older=integers(),
        newer=integers(),
        heap=integers(),
        free=np.ascontiguousarray(free),
        fresh=integers(),
        last_token_s=np.zeros((replicas, slots)),
        parked_request=integers(),
        parked_generated=integers(),
        parked_last_token_s=np.zeros((replicas, slots)),
        need=np.zeros((replicas, block_size), dtype=np.int64),
        gaps=np.zeros((replicas, gap_bins), dtype=np.int64),
    )
