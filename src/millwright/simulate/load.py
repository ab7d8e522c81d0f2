"""One replica under load: open loop (requests come unasked) or closed loop (so many clients, one request each)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from millwright.perf.deployment import SchedulerLimits
from millwright.perf.step_time import StepTime
from millwright.simulate import state
from millwright.simulate.outcomes import GAP_BINS, Fate, RequestOutcomes, Totals
from millwright.simulate.slo import Slo
from millwright.traffic.requests import Requests


@dataclass(frozen=True, slots=True)
class GiveUp:
    """When a run is not worth finishing: more than `violations` requests from index `counted_from` on broke `slo`."""

    slo: Slo
    violations: int
    counted_from: int = 0


def simulate_open(
    requests: Requests,
    step: StepTime,
    limits: SchedulerLimits,
    kv_capacity_tokens: int,
    *,
    give_up: GiveUp | None = None,
) -> RequestOutcomes:
    """Return what becomes of `requests` on one replica whose steps take `step` and whose KV cache holds so many tokens.

    A run given up leaves the fate of the requests still on their way `PENDING`.

    Raises `ValueError` if the requests are malformed or the limits do not fit the step times.
    """
    _check_requests(requests)
    jobs = make_jobs(requests.arrival_s + step.request_s, requests.input_tokens, requests.output_tokens)
    jobs.fate[:] = refusals(jobs.input_tokens, jobs.output_tokens, limits, kv_capacity_tokens)
    replicas, slots, tables = make_replicas((step,), (limits,), (kv_capacity_tokens,), len(requests))
    replicas["request_s"] = step.request_s
    if give_up is not None:
        _watch(replicas[0], give_up)
    link_queue(replicas[0], jobs)
    _advance(replicas, slots, jobs, tables)
    return collect(requests.arrival_s, jobs, replicas, slots)


def simulate_closed(
    input_tokens: ArrayLike,
    output_tokens: ArrayLike,
    concurrency: int,
    step: StepTime,
    limits: SchedulerLimits,
    kv_capacity_tokens: int,
    *,
    think_s: float = 0.0,
    ramp_s: float = 0.0,
) -> RequestOutcomes:
    """Return what becomes of n requests that `concurrency` clients send, each the next `think_s` after its last ended.

    Requests go out in the order given, the first ones evenly over `ramp_s` (0: all at once, as benchmarks do).
    Raises `ValueError` if lengths or limits are malformed.
    """
    inputs, outputs = as_lengths(input_tokens), as_lengths(output_tokens)
    if len(inputs) != len(outputs):
        raise ValueError(f"{len(inputs)} input lengths beside {len(outputs)} output lengths: give as many of each")
    if concurrency < 1:
        raise ValueError(f"concurrency must be at least 1, got {concurrency}")
    if not (think_s >= 0 and ramp_s >= 0):
        raise ValueError(f"think_s and ramp_s must not be negative, got {think_s} and {ramp_s}")
    jobs = make_jobs(np.full(len(inputs), np.nan), inputs, outputs)
    jobs.fate[:] = refusals(inputs, outputs, limits, kv_capacity_tokens)
    replicas, slots, tables = make_replicas((step,), (limits,), (kv_capacity_tokens,), len(inputs))
    replica = replicas[0]
    replica["think_s"], replica["request_s"] = think_s, step.request_s
    _start_clients(replica, jobs, concurrency, ramp_s)
    _advance(replicas, slots, jobs, tables)
    return collect(jobs.enter_s - step.request_s, jobs, replicas, slots)


def _watch(replica: np.void, give_up: GiveUp) -> None:
    for name, limit_s in give_up.slo.limits().items():
        replica[name.replace("_s", "_limit_s")] = limit_s
    replica["violations_left"], replica["counted_from"] = give_up.violations, give_up.counted_from


def _start_clients(replica: np.void, jobs: state.Jobs, concurrency: int, ramp_s: float) -> None:
    """Let the clients send their first requests that are not refused."""
    starters = np.flatnonzero(jobs.fate == Fate.PENDING)[:concurrency]
    last = int(starters[-1]) + 1 if len(starters) == concurrency else len(jobs.fate)
    begin_s = np.arange(len(starters)) * (ramp_s / max(len(starters), 1))
    jobs.enter_s[starters] = begin_s + replica["request_s"]
    refused = np.flatnonzero(jobs.fate[:last] != Fate.PENDING)
    jobs.enter_s[refused] = replica["request_s"]
    _link(replica, jobs, starters)
    replica["next_to_issue"] = last


def _advance(replicas: NDArray[np.void], slots: state.Slots, jobs: state.Jobs, tables: state.Tables) -> None:
    from millwright.simulate.engine import advance  # compiled code is loaded when first needed

    advance(replicas[0], 0, slots, jobs, tables, np.inf)


# -- packing -------------------------------------------------------------------------------------------------


def as_lengths(tokens: ArrayLike) -> NDArray[np.int64]:
    """Return token counts as an array (n,), or raise `ValueError` if there is none or one is below 1."""
    lengths = np.ascontiguousarray(tokens, dtype=np.int64)
    if lengths.ndim != 1 or len(lengths) == 0:
        raise ValueError("no requests to simulate: give at least one input and one output length")
    if lengths.min() < 1:
        raise ValueError(f"request {int(lengths.argmin())} has {lengths.min()} tokens: lengths must be at least 1")
    return lengths


def _check_requests(requests: Requests) -> None:
    inputs, outputs = as_lengths(requests.input_tokens), as_lengths(requests.output_tokens)
    if not len(requests.arrival_s) == len(inputs) == len(outputs):
        raise ValueError("arrivals, input lengths and output lengths must be as many of each")
    if not np.isfinite(requests.arrival_s).all() or (np.diff(requests.arrival_s) < 0).any():
        raise ValueError("arrival times must be finite and ascending")


def make_jobs(enter_s: NDArray[np.float64], inputs: ArrayLike, outputs: ArrayLike) -> state.Jobs:
    """Return fresh requests that enter the engine at `enter_s` [s]."""
    n = len(enter_s)
    return state.Jobs(
        enter_s=np.array(enter_s, dtype=np.float64),
        input_tokens=as_lengths(inputs),
        output_tokens=as_lengths(outputs),
        first_token_s=np.full(n, np.nan),
        finish_s=np.full(n, np.nan),
        admitted_s=np.full(n, np.nan),
        preemptions=np.zeros(n, dtype=np.int32),
        fate=np.zeros(n, dtype=np.uint8),
        behind=np.full(n, state.NONE, dtype=np.int64),
    )


def refusals(
    inputs: NDArray[np.int64], outputs: NDArray[np.int64], limits: SchedulerLimits, kv_capacity_tokens: int
) -> NDArray[np.uint8]:
    """Return the fate of each request at the door: refused if it exceeds the context limit or could never fit alone."""
    blocks, watermark = block_counts(limits, kv_capacity_tokens)
    fate = np.zeros(len(inputs), dtype=np.uint8)
    most_blocks = -(-(inputs + outputs - 1) // limits.block_size_tokens)
    fate[most_blocks > blocks - watermark] = Fate.REFUSED_MEMORY
    fate[inputs + outputs > limits.max_model_len_tokens] = Fate.REFUSED_LENGTH
    return fate


def block_counts(limits: SchedulerLimits, kv_capacity_tokens: int) -> tuple[int, int]:
    """Return the KV blocks of a replica and how many of them stay free when admitting."""
    blocks = int(kv_capacity_tokens) // limits.block_size_tokens
    return blocks, int(limits.watermark * blocks)


def make_replicas(
    steps: tuple[StepTime, ...],
    limits: tuple[SchedulerLimits, ...],
    kv_capacity_tokens: tuple[int, ...],
    request_count: int,
) -> tuple[NDArray[np.void], state.Slots, state.Tables]:
    """Return idle replicas, their empty slots, and their step times; the three tuples go together.

    Raises `ValueError` if a token budget is below `max_num_seqs` or beyond the step-time table.
    """
    kinds = list({id(step): step for step in steps}.values())
    width = max(len(step.tokens_s) for step in kinds)
    tables = state.Tables(np.full((len(kinds), width), np.nan), np.full((len(kinds), width), np.nan))
    for row, step in enumerate(kinds):
        tables.mixed_s[row, : len(step.tokens_s)] = step.tokens_s
        tables.decode_s[row, : len(step.decode_tokens_s)] = step.decode_tokens_s
    replicas = np.zeros(len(steps), dtype=state.REPLICA)
    max_slots = max(min(limit.max_num_seqs, request_count) for limit in limits)
    block_size = max(limit.block_size_tokens for limit in limits)
    for replica, step, limit, capacity in zip(replicas, steps, limits, kv_capacity_tokens, strict=True):
        _check_limits(limit, step)
        blocks, watermark = block_counts(limit, capacity)
        replica["table"] = next(row for row, kind in enumerate(kinds) if kind is step)
        replica["kv_s"], replica["prefill_s"], replica["seq_s"] = step.kv_s, step.prefill_s, step.seq_s
        replica["token_budget"] = limit.max_num_batched_tokens
        replica["max_seqs"] = min(limit.max_num_seqs, max_slots)
        replica["block_size"] = limit.block_size_tokens
        replica["blocks"] = replica["free_blocks"] = replica["least_free"] = blocks
        replica["watermark"] = watermark
        replica["free_slots"] = max_slots
        replica["ttft_limit_s"] = replica["tpot_limit_s"] = replica["e2e_limit_s"] = np.inf
        for name in ("chunk_slot", "oldest", "newest", "queue_head", "queue_tail", "next_to_issue"):
            replica[name] = state.NONE
    return replicas, state.make_slots(len(steps), max_slots, block_size, GAP_BINS), tables


def _check_limits(limits: SchedulerLimits, step: StepTime) -> None:
    if limits.max_num_seqs < 1 or limits.block_size_tokens < 1 or not 0 <= limits.watermark < 1:
        raise ValueError(f"scheduler limits make no sense: {limits}")
    if limits.max_num_batched_tokens < limits.max_num_seqs:
        raise ValueError(
            f"max_num_batched_tokens ({limits.max_num_batched_tokens}) is below max_num_seqs ({limits.max_num_seqs}): "
            "a step could not give every running sequence its token; raise the first or lower the second"
        )
    if limits.max_num_batched_tokens >= len(step.tokens_s) or limits.max_num_seqs >= len(step.decode_tokens_s):
        raise ValueError(
            f"the step times reach to {len(step.tokens_s) - 1} tokens, but a step may hold "
            f"{limits.max_num_batched_tokens}: compile them for these limits"
        )


def link_queue(replica: np.void, jobs: state.Jobs) -> None:
    """Put all requests that are not refused into the replica's queue, in order of index."""
    _link(replica, jobs, np.flatnonzero(jobs.fate == Fate.PENDING))


def _link(replica: np.void, jobs: state.Jobs, order: NDArray[np.int64]) -> None:
    if len(order):
        jobs.behind[order[:-1]] = order[1:]
        replica["queue_head"], replica["queue_tail"] = order[0], order[-1]


# -- unpacking -----------------------------------------------------------------------------------------------


def collect(
    arrival_s: NDArray[np.float64], jobs: state.Jobs, replicas: NDArray[np.void], slots: state.Slots
) -> RequestOutcomes:
    """Return the outcomes of a finished simulation."""
    each = tuple(_totals(replica) for replica in replicas)
    return RequestOutcomes(
        arrival_s=arrival_s,
        first_token_s=jobs.first_token_s,
        finish_s=jobs.finish_s,
        queue_s=jobs.admitted_s - jobs.enter_s,
        input_tokens=jobs.input_tokens,
        output_tokens=jobs.output_tokens,
        preemptions=jobs.preemptions,
        fate=jobs.fate,
        gap_counts=slots.gaps.sum(axis=0),
        totals=sum_totals(each),
        replica_totals=each,
    )


def _totals(replica: np.void) -> Totals:
    return Totals(
        steps=int(replica["step"]),
        busy_s=float(replica["busy_s"]),
        decode_seconds=float(replica["decode_seconds"]),
        kv_token_seconds=float(replica["kv_token_seconds"]),
        prefill_tokens=int(replica["prefill_tokens"]),
        decode_tokens=int(replica["decode_tokens"]),
        kv_peak_blocks=int(replica["blocks"] - replica["least_free"]),
        kv_blocks=int(replica["blocks"]),
        kv_blocks_at_end=int(replica["blocks"] - replica["free_blocks"]),
        block_size_tokens=int(replica["block_size"]),
    )


def sum_totals(each: tuple[Totals, ...]) -> Totals:
    """Return the totals over replicas; peaks add up too, as each replica has its own cache."""
    names = [name for name in Totals.__dataclass_fields__ if name != "block_size_tokens"]
    summed = {name: sum(getattr(totals, name) for totals in each) for name in names}
    return Totals(**summed, block_size_tokens=each[0].block_size_tokens)
