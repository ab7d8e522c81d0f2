"""The engine's state as arrays of flat records: replicas, their slots, requests.

Numba passes records by reference, so the engine's functions use them like objects. Each class below lays out one
record; it is never instantiated, only its annotations are used, by NumPy and by the type checker.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

SAME_INSTANT_S = 1e-9
"""A request that arrives within a nanosecond after a step boundary counts as there: rounding decides nothing."""

NONE = -1

ABSENT = -1  # the `refs` of a prefix block that is not cached
ON_HOST = -2  # and of one whose cache was moved to the host's memory


class Replica:
    """What a replica is, where it is, and what it has done."""

    # what it is
    row: int  # its row of slots
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
    prefill_first: int  # 1: steps compute prompts or decode, not both, and prompts go first
    whole_prompts: int  # 1: a prompt is not cut to fill a step
    reserved_output: float  # share of the blocks promised to running sequences that is kept free
    pass_tokens: int  # tokens of a decoding sequence in one step: 1, or 1 + the drafted ones
    expected_tokens: float  # drafting: tokens a step brings on average, 0 to draw them from `draft_seed`
    draft_seed: int
    prefix_unit: int  # KV blocks of one prefix block; 0: no prefix cache
    prefix_tokens: int
    # where it is
    now_s: float
    step: int
    ended: int  # drafting: sequences whose answer the last step completed
    decoding: int  # sequences past their prefill
    context: int  # tokens those hold in KV cache
    running: int  # decoding, or with a prompt partly computed
    free_blocks: int
    promised: int  # blocks that running sequences will take before they end, kept if any are reserved for them
    idle_blocks: int  # held by cached prefix blocks that no running sequence uses
    idle_oldest: int  # those prefix blocks in order of last use: a list linked through the cache
    idle_newest: int
    host_room: int  # prefix blocks that the host's memory may hold, and holds
    host_used: int
    host_oldest: int  # those in order of last use: a list linked through the cache
    host_newest: int
    load_start_s: float  # what it takes to bring back what a step needs of them, and each of their tokens
    load_token_s: float
    chunk_slot: int  # the one sequence whose prompt is partly computed, or NONE
    chunk_done: int
    chunk_target: int
    oldest: int  # running sequences in order of admission: a list linked through the slots
    newest: int
    free_slots: int
    lines: int  # priorities, each with its own line of waiting requests
    waiting: int  # requests in lines
    next_to_come: int  # requests sent but not seen yet, in order of arrival: a list linked through the requests
    last_to_come: int
    follower: int  # next turns of sessions, at times in no order of their own: the first of a heap, or NONE
    routed: int  # 1: next turns go to a router
    paused_s: float  # prefill first: how long decoding has waited since its last step, and who was admitted since
    pause_first: int
    tickets: int  # requests seen
    next_to_issue: int  # closed loop: the request that the next free client sends, or NONE
    think_s: float
    ttft_limit_s: float  # giving up: once more than so many requests from `counted_from` on have broken a limit
    tpot_limit_s: float
    e2e_limit_s: float
    violations_left: int
    counted_from: int
    blocked: int  # 1: the first waiting request had no room when the last step was scheduled
    done: int  # requests that ended with the last step
    outstanding: int  # requests sent to it and not ended, and their prompt tokens
    outstanding_tokens: int
    # what it has done
    busy_s: float
    prompt_s: float  # of it, in steps that computed prompts, and the answers' tokens that came in those
    prompt_decode_tokens: int
    decode_seconds: float
    kv_token_seconds: float
    prefill_tokens: int
    decode_tokens: int
    cached_tokens: int
    loaded_tokens: int  # of `cached_tokens`: brought back from the host
    drafted_tokens: int
    pauses: int  # steps in which decoding waited; `step` counts the others
    admissions: int
    preemptions: int
    least_free: int


class Slot:
    """One entry of a replica's row of slots: some columns hold a running sequence, others are lists of their own.

    A decoding sequence holds `base + step` tokens, so that a step changes no slot at all.
    """

    request: int
    base: int
    target: int  # tokens to compute before the sequence decodes
    finish_step: int
    admission: int  # how many were admitted before it
    older: int  # the running sequences admitted before and after
    newer: int
    held: int  # leading prefix blocks that the sequence holds in the prefix cache
    completed: int  # slots that complete with this step
    done: int  # requests that ended with the last step
    heap: int  # finish step and slot of decoding sequences, packed, the least first
    free: int  # a stack of free slots
    fresh: int  # slots whose prefill ends in this step
    reserved: int  # drafting: tokens that the blocks have room for that the sequence has taken
    passes: int  # drafting: its steps since it was admitted
    need: int  # decoding sequences that need a block when step % block size is this entry's index


class Job:
    """One request; times are NaN until they are known."""

    enter_s: float
    first_token_s: float
    finish_s: float
    admitted_s: float
    input_tokens: int
    output_tokens: int
    behind: int  # the next request in its line, or NONE; of a turn to come, its left branch in the heap
    ticket: int  # how many its replica saw before it; of a turn to come, its right branch in the heap
    next_turn: int  # the request that follows in its session, or NONE
    think_s: float  # how long after this one
    last_token_s: float  # of a preempted request: when its last token came, and how many it had
    generated: np.int32
    given: np.int32  # prompt tokens whose cache comes with the request, until it is preempted
    line: np.int32  # its priority, 0 first
    prefix_first: int  # where its prefix blocks begin in the flat array of all requests' blocks
    prefix_count: np.int32
    cached_tokens: np.int32
    preemptions: np.int32
    replica: np.int32
    retries: np.int32
    fate: np.uint8


class CachedBlock:
    """One prefix block in one replica's cache."""

    refs: np.int32  # running sequences that hold it; below 0: not in the device's cache
    older: np.int32
    newer: np.int32


class Host:
    """One replica as the router knows it."""

    weight: float
    longest_input_tokens: int
    quiet_until_s: float  # it ends no request before
    kind: np.int32  # its row of fates at the door
    up: np.int32


class Change:
    """A replica goes up or down."""

    time_s: float
    replica: int
    up: int
    retry: int  # what it was working on begins anew elsewhere


class Line:
    """Waiting requests of one priority on one replica: a list linked through the requests."""

    head: int
    tail: int


class StepTimes:
    """Step times for one number of tokens [s]; what drafting adds to a step of so many decoding sequences.

    `accepted_up_to[a]` is the probability that at most a drafted tokens are accepted: a column of its own.
    """

    mixed_s: float
    decode_s: float
    draft_s: float
    accepted_up_to: float


def _record(fields: type) -> np.dtype[np.void]:
    """Return the flat layout of a class of annotated fields."""
    kinds = {"int": "i8", "float": "f8", "np.int32": "i4", "np.uint8": "u1"}
    return np.dtype([(name, kinds[kind]) for name, kind in fields.__annotations__.items()], align=True)


REPLICA, SLOT, JOB, CACHED_BLOCK, STEP_TIMES, HOST, CHANGE, LINE = (
    _record(fields) for fields in (Replica, Slot, Job, CachedBlock, StepTimes, Host, Change, Line)
)


class Records(NamedTuple):
    """Everything that a simulation keeps: all that compiled functions read and write beside one replica.

    `jobs` (n,), `replicas` (R,), their `slots` (R, columns), `lines` (R, priorities) and histograms of `gaps`
    (R, bins); step times `tables` (kinds, tokens + 1); the prefix `cache` (R, distinct blocks), and `prefix_ids`, the
    blocks of all requests, one after another.
    """

    jobs: Any
    replicas: Any
    slots: Any
    lines: Any
    tables: Any
    gaps: NDArray[np.int64]
    cache: Any
    prefix_ids: NDArray[np.int32]


def make_slots(replicas: int, slots: int, block_size: int) -> NDArray[np.void]:
    """Return empty slots (replicas, columns) for `replicas` replicas of at most `slots` sequences each."""
    empty = np.zeros((replicas, max(slots, block_size)), dtype=SLOT)
    empty["free"][:, :slots] = np.arange(slots)[::-1]
    return empty
