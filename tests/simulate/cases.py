"""Random and hand-made inputs of the simulator, shared by its tests."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from millwright.perf.deployment import SchedulerLimits
from millwright.perf.speculation import Draft, Speculation, accepted_at_rate
from millwright.perf.step_time import StepTime
from millwright.quantity import Basis
from millwright.simulate.cluster import Member, Outage
from millwright.simulate.offload import HostMemory
from millwright.traffic.requests import Requests


def step_time(
    per_step_s: float = 5e-3,
    per_token_s: float = 2e-5,
    kv_s: float = 4e-8,
    prefill_s: float = 5e-10,
    seq_s: float = 1e-5,
    request_s: float = 0.0,
    max_tokens: int = 8192,
) -> StepTime:
    """Return affine step times: what a step costs, what each of its tokens costs."""
    tokens = np.arange(max_tokens + 1)
    mixed_s = np.where(tokens > 0, per_step_s + per_token_s * tokens, 0.0)
    decode_s = np.where(tokens > 0, 0.9 * per_step_s + per_token_s * tokens, 0.0)
    return StepTime(mixed_s, decode_s, kv_s, prefill_s, seq_s, request_s, 0.0, 0.0, Basis.ASSUMED)


def poisson(rate_per_s: float, inputs: NDArray[np.int64], outputs: NDArray[np.int64], seed: int) -> Requests:
    """Return requests of the given lengths that arrive at random."""
    arrival_s = np.cumsum(np.random.default_rng(seed).exponential(1 / rate_per_s, len(inputs)))
    return Requests(arrival_s - arrival_s[0], inputs, outputs)


@dataclass(frozen=True)
class Case:
    """One simulation to run."""

    requests: Requests
    step: StepTime
    limits: SchedulerLimits
    kv_capacity_tokens: int
    concurrency: int
    think_s: float
    host_memory: HostMemory | None = None


def alike(rng: np.random.Generator, inputs: NDArray[np.int64], block_tokens: int) -> dict[str, Any]:
    """Return prefix blocks of prompts that begin alike: each goes on from a random one before it, at a random place."""
    prompts: list[list[int]] = []
    fresh = 0
    for tokens in inputs:
        blocks = -(-int(tokens) // block_tokens)
        begin = prompts[rng.integers(len(prompts))] if prompts and rng.random() < 0.7 else []
        begin = begin[: rng.integers(min(len(begin), blocks) + 1)]
        prompts.append([*begin, *range(fresh, fresh + blocks - len(begin))])
        fresh += blocks
    return {
        "prefix_blocks": np.array([block for prompt in prompts for block in prompt], dtype=np.int64),
        "prefix_offsets": np.cumsum([0, *map(len, prompts)]),
        "prefix_block_tokens": block_tokens,
    }


ROUND_OR_RANDOM_S = st.one_of(st.sampled_from([0.0, 0.5, 1e-3, 0.01]), st.floats(1e-6, 0.02))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Draw anything an engine may meet: bursts, long prompts, tiny caches, tiny budgets, steps that cost nothing."""
    n = draw(st.integers(1, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    longest = draw(st.sampled_from([1, 3, 20, 200]))
    inputs = rng.integers(1, draw(st.sampled_from([1, 5, 50, 500])) + 1, n)
    outputs = rng.integers(1, longest + 1, n)
    gap_s = draw(ROUND_OR_RANDOM_S)
    gaps = draw(st.sampled_from([np.full(n, gap_s), rng.exponential(gap_s, n) if gap_s else np.zeros(n)]))
    arrival_s = np.cumsum(gaps)
    max_seqs = draw(st.integers(1, 12))
    budget = max_seqs + draw(st.sampled_from([0, 1, 7, 60, 1000]))
    block = draw(st.sampled_from([1, 2, 5, 16]))
    capacity = draw(st.one_of(st.integers(1, 60), st.integers(60, 900), st.just(10**6)))
    longest_s = draw(st.sampled_from([10**6, 300]))
    limits = SchedulerLimits(max_seqs, budget, block, draw(st.sampled_from([0.0, 0.01, 0.2])), longest_s)
    slopes = [draw(st.one_of(st.just(0.0), st.floats(1e-7, 1e-4))) for _ in range(3)]
    step = step_time(
        draw(st.sampled_from([1e-3, 5e-3, 0.25, 7.3e-3])),
        draw(st.sampled_from([0.0, 1e-5, 1.7e-4])),
        *slopes,
        request_s=draw(st.sampled_from([0.0, 0.013])),
        max_tokens=budget,
    )
    if draw(st.booleans()):
        limits = replace(
            limits,
            prefill_first=draw(st.booleans()),
            chunked_prefill=draw(st.booleans()),
            reserved_output=draw(st.sampled_from([0.0, 0.1, 0.37, 1.0])),
        )
    if draw(st.integers(0, 3)) == 0:
        step, limits = drafting(draw, step, limits)
    requests = Requests(arrival_s, inputs, outputs)
    host = None
    if draw(st.booleans()):
        prefix = block * draw(st.sampled_from([1, 2, 5]))
        requests = replace(requests, **alike(rng, inputs, prefix))
        if draw(st.booleans()):
            host = HostMemory(prefix * draw(st.sampled_from([0, 1, 3, 200])), 2e-3, draw(st.sampled_from([0.0, 1e-5])))
    if draw(st.booleans()):
        requests = replace(requests, priority=rng.integers(-1, draw(st.sampled_from([1, 4])), n))
    clients, think_s = draw(st.integers(1, 15)), draw(st.sampled_from([0.0, 0.01, 0.3]))
    return Case(requests, step, limits, capacity, clients, think_s, host)


def drafting(draw: st.DrawFn, step: StepTime, limits: SchedulerLimits) -> tuple[StepTime, SchedulerLimits]:
    """Return the step and limits with speculative decoding, which takes more of a step's tokens."""
    tokens = draw(st.sampled_from([1, 2, 5]))
    budget = limits.max_num_batched_tokens + limits.max_num_seqs * tokens
    accepted = accepted_at_rate(tokens, draw(st.sampled_from([0.0, 0.5, 0.83, 1.0])))
    draft = Draft(tokens, accepted, sampled=draw(st.booleans()), seed=draw(st.integers(0, 2**40)))
    draft_s = 1e-4 * np.arange(limits.max_num_seqs + 1)
    longer = np.concatenate([step.tokens_s, step.tokens_s[-1] + 1e-5 * np.arange(1, limits.max_num_seqs * tokens + 1)])
    speculating = replace(step, tokens_s=longer, decode_tokens_s=0.9 * longer, speculation=Speculation(draft, draft_s))
    return speculating, replace(limits, max_num_batched_tokens=budget)


def unlike_members(draw: st.DrawFn, case: Case, most: int) -> list[Member]:
    """Draw one to `most` unequal replicas."""
    slower = replace(case.step, kv_s=case.step.kv_s * 1.5, decode_tokens_s=case.step.decode_tokens_s * 1.3)
    smaller = replace(case.limits, max_num_seqs=max(1, case.limits.max_num_seqs // 2))
    return [
        Member(
            draw(st.sampled_from([case.step, slower])),
            draw(st.sampled_from([case.limits, smaller])),
            case.kv_capacity_tokens,
            weight=draw(st.sampled_from([1.0, 2.0])),
            longest_input_tokens=draw(st.sampled_from([10**9, 10**9, 40])),
            ready_s=draw(st.sampled_from([0.0, 0.0, 0.0, 0.0071])),
        )
        for _ in range(draw(st.integers(1, most)))
    ]


def outages_of(draw: st.DrawFn, members: int) -> list[Outage]:
    """Draw outages of so many replicas; those of one do not overlap."""
    found = []
    for k in range(members):
        times_s = sorted(draw(st.lists(st.floats(0.01, 1.0), max_size=4, unique=True)))
        for begin_s, end_s in list(pairwise(times_s))[::2]:
            if end_s - begin_s > 1e-6:
                found.append(Outage(k, begin_s, end_s, retried=draw(st.booleans())))
    return found
