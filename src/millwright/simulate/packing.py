"""Requests and replicas packed into the engine's records, and unpacked again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from millwright.perf.deployment import SchedulerLimits
from millwright.perf.step_time import StepTime
from millwright.simulate import state
from millwright.simulate.offload import HostMemory
from millwright.simulate.outcomes import GAP_BINS, Fate, RequestOutcomes, Totals
from millwright.simulate.state import Records
from millwright.traffic.requests import Requests


def as_lengths(tokens: ArrayLike) -> NDArray[np.int64]:
    """Return token counts as an array (n,), or raise `ValueError` if there is none or one is below 1."""
    lengths = np.ascontiguousarray(tokens, dtype=np.int64)
    if lengths.ndim != 1 or len(lengths) == 0:
        raise ValueError("no requests to simulate: give at least one input and one output length")
    if lengths.min() < 1:
        raise ValueError(f"request {int(lengths.argmin())} has {lengths.min()} tokens: lengths must be at least 1")
    return lengths


_LINKS = (
    "chunk_slot",
    "oldest",
    "newest",
    "follower",
    "host_oldest",
    "host_newest",
    "idle_oldest",
    "idle_newest",
    "next_to_come",
    "last_to_come",
    "next_to_issue",
)


def check_requests(requests: Requests) -> None:
    """Raise `ValueError` if the requests are malformed."""
    inputs, outputs = as_lengths(requests.input_tokens), as_lengths(requests.output_tokens)
    if not len(requests.arrival_s) == len(inputs) == len(outputs):
        raise ValueError("arrivals, input lengths and output lengths must be as many of each")
    if not np.isfinite(requests.arrival_s).all() or (np.diff(requests.arrival_s) < 0).any():
        raise ValueError("arrival times must be finite and ascending")


def make_jobs(enter_s: NDArray[np.float64], inputs: ArrayLike, outputs: ArrayLike) -> NDArray[np.void]:
    """Return fresh requests that enter the engine at `enter_s` [s]."""
    jobs = np.zeros(len(enter_s), dtype=state.JOB)
    jobs["enter_s"], jobs["input_tokens"], jobs["output_tokens"] = enter_s, as_lengths(inputs), as_lengths(outputs)
    jobs["first_token_s"] = jobs["finish_s"] = jobs["admitted_s"] = np.nan
    jobs["behind"] = jobs["next_turn"] = state.NONE
    return jobs


def refusals(
    inputs: NDArray[np.int64],
    outputs: NDArray[np.int64],
    limits: SchedulerLimits,
    kv_capacity_tokens: int,
    drafted_tokens: int = 0,
) -> NDArray[np.uint8]:
    """Return the fate of each request at the door: refused if it exceeds the context limit or could never fit alone.

    `drafted_tokens` of every step need room too (speculative decoding).
    """
    blocks, watermark = block_counts(limits, kv_capacity_tokens)
    fate = np.zeros(len(inputs), dtype=np.uint8)
    longest = int((inputs + outputs).max(initial=0))
    room = (blocks - watermark) * limits.block_size_tokens
    if longest <= limits.max_model_len_tokens and longest + drafted_tokens <= room:  # as most often
        return fate
    most_blocks = -(-(inputs + outputs - 1 + drafted_tokens * (outputs > 1)) // limits.block_size_tokens)
    fate[most_blocks > blocks - watermark] = Fate.REFUSED_MEMORY
    fate[inputs + outputs > limits.max_model_len_tokens] = Fate.REFUSED_LENGTH
    return fate


def drafted_tokens(step: StepTime) -> int:
    """Return how many tokens are drafted for each decoding sequence and step, 0 without speculative decoding."""
    return 0 if step.speculation is None else step.speculation.draft.tokens


def block_counts(limits: SchedulerLimits, kv_capacity_tokens: int) -> tuple[int, int]:
    """Return the KV blocks of a replica and how many of them stay free when admitting."""
    blocks = int(kv_capacity_tokens) // limits.block_size_tokens
    return blocks, int(limits.watermark * blocks)


def make_records(
    jobs: NDArray[np.void],
    steps: Sequence[StepTime],
    limits: Sequence[SchedulerLimits],
    kv_capacity_tokens: Sequence[int],
) -> Records:
    """Return the requests `jobs` and idle replicas for them, one for each entry of the three sequences.

    Raises `ValueError` if a token budget is below `max_num_seqs` or beyond the step-time table.
    """
    kinds = list({id(step): step for step in steps}.values())
    tables = np.zeros((len(kinds), max(len(step.tokens_s) for step in kinds)), dtype=state.STEP_TIMES)
    for row, step in enumerate(kinds):
        tables[row, : len(step.tokens_s)]["mixed_s"] = step.tokens_s
        tables[row, : len(step.decode_tokens_s)]["decode_s"] = step.decode_tokens_s
        if step.speculation is not None:
            draft = step.speculation.draft
            tables[row, : len(step.speculation.draft_s)]["draft_s"] = step.speculation.draft_s
            tables[row, : len(draft.accepted)]["accepted_up_to"] = np.cumsum(draft.accepted)
    max_slots = max(min(limit.max_num_seqs, len(jobs)) for limit in limits)
    replicas = np.zeros(len(steps), dtype=state.REPLICA)
    replicas["row"] = np.arange(len(steps))
    replicas["free_slots"] = max_slots
    for name in _LINKS:
        replicas[name] = state.NONE
    for name in ("ttft_limit_s", "tpot_limit_s", "e2e_limit_s"):
        replicas[name] = np.inf
    for replica, step, limit, capacity in zip(replicas, steps, limits, kv_capacity_tokens, strict=True):
        _check_limits(limit, step)
        replica["table"] = next(row for row, kind in enumerate(kinds) if kind is step)
        for name in ("kv_s", "prefill_s", "seq_s", "request_s"):
            replica[name] = getattr(step, name)
        replica["token_budget"] = limit.max_num_batched_tokens
        replica["max_seqs"] = min(limit.max_num_seqs, max_slots)
        replica["block_size"] = limit.block_size_tokens
        replica["prefill_first"], replica["whole_prompts"] = limit.prefill_first, not limit.chunked_prefill
        replica["reserved_output"] = limit.reserved_output
        replica["pass_tokens"] = 1 + drafted_tokens(step)
        if step.speculation is not None:
            draft = step.speculation.draft
            replica["expected_tokens"] = 0.0 if draft.sampled else draft.tokens_per_step
            replica["draft_seed"] = draft.seed
        replica["blocks"], replica["watermark"] = block_counts(limit, capacity)
    replicas["free_blocks"] = replicas["least_free"] = replicas["blocks"]
    slots = state.make_slots(len(steps), max_slots, max(limit.block_size_tokens for limit in limits))
    replicas["lines"] = 1
    gaps = np.zeros((len(steps), GAP_BINS), dtype=np.int64)
    no_cache = np.zeros((len(steps), 1), dtype=state.CACHED_BLOCK)
    no_blocks = np.zeros(1, dtype=np.int32)
    return Records(jobs, replicas, slots, make_lines(len(steps), 1), tables, gaps, no_cache, no_blocks)


def with_priorities(records: Records, requests: Requests) -> Records:
    """Return the records with a line for each priority of `requests`; write each job's line."""
    jobs = records.jobs
    if requests.priority is None:
        return records
    if len(requests.priority) != len(jobs):
        raise ValueError(f"{len(requests.priority)} priorities for {len(jobs)} requests: give as many")
    distinct, line = np.unique(requests.priority, return_inverse=True)
    jobs["line"] = line
    records.replicas["lines"] = len(distinct)
    return records._replace(lines=make_lines(len(records.replicas), len(distinct)))


def make_lines(replicas: int, priorities: int) -> NDArray[np.void]:
    """Return empty lines for so many priorities."""
    lines = np.zeros((replicas, priorities), dtype=state.LINE)
    lines["head"] = lines["tail"] = state.NONE
    return lines


def with_prefix_cache(records: Records, requests: Requests) -> Records:
    """Return the records with an empty prefix cache for the prefix blocks of `requests`; write each job's blocks.

    Only blocks that the prompt fills count. Raises `ValueError` if a prefix block is not a whole number of KV blocks.
    """
    if requests.prefix_blocks is None or requests.prefix_offsets is None:
        return records
    jobs, tokens = records.jobs, requests.prefix_block_tokens
    sizes = np.unique(records.replicas["block_size"])
    if tokens < 1 or (tokens % sizes != 0).any():
        raise ValueError(
            f"a prefix block of {tokens} tokens is not a whole number of KV blocks of {sizes.tolist()} tokens: "
            "choose a block size that divides it"
        )
    offsets = np.asarray(requests.prefix_offsets, dtype=np.int64)
    if len(offsets) != len(jobs) + 1 or offsets[-1] > len(requests.prefix_blocks):
        raise ValueError("prefix_offsets must hold one more entry than there are requests, up to the prefix blocks")
    distinct, ids = np.unique(requests.prefix_blocks, return_inverse=True)
    jobs["prefix_first"] = offsets[:-1]
    jobs["prefix_count"] = np.minimum(np.diff(offsets), jobs["input_tokens"] // tokens)
    records.replicas["prefix_tokens"] = tokens
    records.replicas["prefix_unit"] = tokens // records.replicas["block_size"]
    cache = np.zeros((len(records.replicas), max(len(distinct), 1)), dtype=state.CACHED_BLOCK)
    cache["refs"] = state.ABSENT
    return records._replace(cache=cache, prefix_ids=np.ascontiguousarray(ids, dtype=np.int32))


def with_host_memory(records: Records, memories: Sequence[HostMemory | None]) -> Records:
    """Let each replica keep what its prefix cache drops in its host's memory; needs the prefix cache."""
    for replica, memory in zip(records.replicas, memories, strict=True):
        if memory is not None and replica["prefix_tokens"] > 0:
            replica["host_room"] = memory.capacity_tokens // replica["prefix_tokens"]
            replica["load_start_s"], replica["load_token_s"] = memory.start_s, memory.s_per_token
    return records


def _check_limits(limits: SchedulerLimits, step: StepTime) -> None:
    if limits.max_num_seqs < 1 or limits.block_size_tokens < 1 or not 0 <= limits.watermark < 1:
        raise ValueError(f"scheduler limits make no sense: {limits}")
    if limits.max_num_batched_tokens < limits.max_num_seqs:
        raise ValueError(
            f"max_num_batched_tokens ({limits.max_num_batched_tokens}) is below max_num_seqs ({limits.max_num_seqs}): "
            "a step could not give every running sequence its token; raise the first or lower the second"
        )
    if not 0 <= limits.reserved_output <= 1:
        raise ValueError(f"reserved_output is a share from 0 to 1, got {limits.reserved_output}")
    drafted = drafted_tokens(step)
    if limits.max_num_batched_tokens < limits.max_num_seqs * (1 + drafted):
        raise ValueError(
            f"with {drafted} drafted tokens {limits.max_num_seqs} sequences take {limits.max_num_seqs * (1 + drafted)} "
            f"tokens a step, more than max_num_batched_tokens ({limits.max_num_batched_tokens}): raise it, or lower "
            "max_num_seqs"
        )
    if drafted and len(step.speculation.draft_s if step.speculation else ()) <= limits.max_num_seqs:
        raise ValueError(f"the draft's times must reach to {limits.max_num_seqs} sequences: compile them for that")
    if limits.max_num_batched_tokens >= len(step.tokens_s) or limits.max_num_seqs >= len(step.decode_tokens_s):
        raise ValueError(
            f"the step times reach to {len(step.tokens_s) - 1} tokens, but a step may hold "
            f"{limits.max_num_batched_tokens}: compile them for these limits"
        )


# -- unpacking -----------------------------------------------------------------------------------------------


def collect(arrival_s: NDArray[np.float64], records: Records) -> RequestOutcomes:
    """Return the outcomes of a finished simulation."""
    jobs = records.jobs
    each = tuple(_totals(replica) for replica in records.replicas)
    return RequestOutcomes(
        arrival_s=arrival_s,
        first_token_s=jobs["first_token_s"],
        finish_s=jobs["finish_s"],
        queue_s=jobs["admitted_s"] - jobs["enter_s"],
        input_tokens=jobs["input_tokens"],
        output_tokens=jobs["output_tokens"],
        preemptions=jobs["preemptions"],
        fate=jobs["fate"],
        cached_tokens=jobs["cached_tokens"],
        replica=jobs["replica"],
        retries=jobs["retries"],
        gap_counts=records.gaps.sum(axis=0),
        totals=sum_totals(each),
        replica_totals=each,
    )


def _totals(replica: np.void) -> Totals:
    return Totals(
        steps=int(replica["step"] + replica["pauses"]),
        busy_s=float(replica["busy_s"]),
        prompt_s=float(replica["prompt_s"]),
        prompt_decode_tokens=int(replica["prompt_decode_tokens"]),
        decode_seconds=float(replica["decode_seconds"]),
        kv_token_seconds=float(replica["kv_token_seconds"]),
        prefill_tokens=int(replica["prefill_tokens"]),
        decode_tokens=int(replica["decode_tokens"]),
        kv_peak_blocks=int(replica["blocks"] - replica["least_free"]),
        kv_blocks=int(replica["blocks"]),
        cached_tokens=int(replica["cached_tokens"]),
        loaded_tokens=int(replica["loaded_tokens"]),
        drafted_tokens=int(replica["drafted_tokens"]),
        kv_blocks_at_end=int(replica["blocks"] - replica["free_blocks"] - replica["idle_blocks"]),
        block_size_tokens=int(replica["block_size"]),
    )


def sum_totals(each: tuple[Totals, ...]) -> Totals:
    """Return the totals over replicas; peaks add up too, as each replica has its own cache."""
    names = [name for name in Totals.__dataclass_fields__ if name != "block_size_tokens"]
    summed = {name: sum(getattr(totals, name) for totals in each) for name in names}
    return Totals(**summed, block_size_tokens=each[0].block_size_tokens)
