"""Sessions: users who come back with a next turn some time after the last answer, their conversation in the prompt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from millwright.perf.deployment import SchedulerLimits
from millwright.perf.step_time import StepTime
from millwright.simulate.load import advance_alone, link_queue
from millwright.simulate.offload import HostMemory
from millwright.simulate.outcomes import Fate, RequestOutcomes
from millwright.simulate.packing import (
    check_requests,
    collect,
    drafted_tokens,
    make_jobs,
    make_records,
    refusals,
    with_host_memory,
    with_prefix_cache,
)
from millwright.simulate.state import NONE
from millwright.traffic.requests import Requests


@dataclass(frozen=True)
class Sessions:
    """m sessions of n turns altogether, one session's turns after another's.

    `start_s` (m,) ascending; session i has the turns `turn_offsets[i]` to `turn_offsets[i + 1]` (m + 1,). For each
    turn (n,): the tokens its user adds, the tokens of its answer, and the time until the next turn is sent [s].
    A turn's prompt is `system_tokens`, shared by all, and everything said in the session so far.
    """

    start_s: NDArray[np.float64]
    turn_offsets: NDArray[np.int64]
    added_tokens: NDArray[np.int64]
    output_tokens: NDArray[np.int64]
    think_s: NDArray[np.float64]
    system_tokens: int = 0
    prefix_block_tokens: int = 16

    def __post_init__(self) -> None:
        turns = len(self.added_tokens)
        if not turns == len(self.output_tokens) == len(self.think_s):
            raise ValueError("added_tokens, output_tokens and think_s must hold one value for each turn")
        if (
            len(self.turn_offsets) != len(self.start_s) + 1
            or self.turn_offsets[0] != 0
            or self.turn_offsets[-1] != turns
        ):
            raise ValueError("turn_offsets must hold one more entry than start_s, from 0 to the number of turns")
        if (np.diff(self.turn_offsets) < 1).any() or (np.diff(self.start_s) < 0).any():
            raise ValueError("every session needs a turn, and sessions must be in order of their start")
        if not ((self.think_s >= 0).all() and self.system_tokens >= 0 and self.prefix_block_tokens >= 1):
            raise ValueError("think_s and system_tokens must not be negative, prefix_block_tokens at least 1")

    def as_requests(self) -> Requests:
        """Return the turns as requests, with the prefix blocks that they share; all turns arrive with their session."""
        turns = np.diff(self.turn_offsets)
        session = np.repeat(np.arange(len(turns)), turns)
        said = np.cumsum(self.added_tokens + self.output_tokens)
        before = (said - self.added_tokens - self.output_tokens)[self.turn_offsets[:-1]]
        prompt = self.system_tokens + said - self.output_tokens - before[session]
        blocks = prompt // self.prefix_block_tokens
        offsets = np.concatenate([[0], np.cumsum(blocks)])
        place = np.arange(offsets[-1]) - np.repeat(offsets[:-1], blocks)
        shared = self.system_tokens // self.prefix_block_tokens
        longest = int(blocks.max()) if len(blocks) else 0
        own = shared + np.repeat(session, blocks) * max(longest, 1) + place
        return Requests(
            arrival_s=self.start_s[session],
            input_tokens=prompt.astype(np.int64),
            output_tokens=self.output_tokens,
            prefix_blocks=np.where(place < shared, place, own).astype(np.int64),
            prefix_offsets=offsets.astype(np.int64),
            prefix_block_tokens=self.prefix_block_tokens,
        )


def simulate_sessions(
    sessions: Sessions,
    step: StepTime,
    limits: SchedulerLimits,
    kv_capacity_tokens: int,
    *,
    prefix_cache: bool = True,
    host_memory: HostMemory | None = None,
) -> RequestOutcomes:
    """Return what becomes of each turn of `sessions` on one replica, each sent when its user has read and thought.

    Turns after one that is refused are never sent (`Fate.LOST`, their arrival NaN). Raises `ValueError` if lengths or
    limits are malformed.
    """
    requests = sessions.as_requests()
    jobs = session_jobs(sessions, requests)
    jobs["enter_s"] += step.request_s
    jobs["fate"] = refusals(
        jobs["input_tokens"], jobs["output_tokens"], limits, kv_capacity_tokens, drafted_tokens(step)
    )
    _end_after_refusal(jobs, sessions.turn_offsets)
    first = sessions.turn_offsets[:-1]
    records = make_records(jobs, (step,), (limits,), (kv_capacity_tokens,))
    if prefix_cache:
        records = with_host_memory(with_prefix_cache(records, requests), [host_memory])
    link_queue(records.replicas[0], jobs, first[jobs["fate"][first] == Fate.PENDING])
    advance_alone(records)
    return collect(jobs["enter_s"] - step.request_s, records)


def session_jobs(sessions: Sessions, requests: Requests) -> NDArray[np.void]:
    """Return the turns as jobs that know what follows them; the first of each session enters when that starts."""
    check_requests(requests)
    jobs = make_jobs(requests.arrival_s, requests.input_tokens, requests.output_tokens)
    first, last = sessions.turn_offsets[:-1], sessions.turn_offsets[1:] - 1
    jobs["next_turn"] = np.arange(1, len(jobs) + 1)
    jobs["next_turn"][last] = NONE
    jobs["think_s"] = sessions.think_s
    follows = np.ones(len(jobs), dtype=np.bool_)
    follows[first] = False
    jobs["enter_s"][follows] = np.nan
    return jobs


def _end_after_refusal(jobs: NDArray[np.void], turn_offsets: NDArray[np.int64]) -> None:
    """Mark the turns after a session's first refused one as lost."""
    refused = (jobs["fate"] != Fate.PENDING).astype(np.int64)
    so_far = np.cumsum(refused) - refused
    before = so_far - np.repeat(so_far[turn_offsets[:-1]], np.diff(turn_offsets))
    jobs["fate"][before > 0] = Fate.LOST
    stays = jobs["fate"] == Fate.PENDING
    next_turn = jobs["next_turn"]
    ends = np.flatnonzero((next_turn >= 0) & ~stays[np.maximum(next_turn, 0)])
    jobs["next_turn"][ends] = NONE
