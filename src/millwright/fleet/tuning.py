"""The scheduler limits of the best replica: how many sequences at once, how many tokens a step.

Fewer tokens a step keep decoding smooth beside long prompts; fewer sequences keep steps short and let requests wait
instead. Which of them serves more within the SLO is simulated, not known beforehand.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from millwright.fleet.bounds import Asked, asked_rate_bound
from millwright.fleet.candidate import Candidate
from millwright.fleet.replica import fit
from millwright.perf.deployment import SchedulerLimits
from millwright.simulate.packing import drafted_tokens

TOKEN_BUDGETS = (1024, 2048, 4096, 16_384)
"""Token budgets of one step that are tried beside the engine's own, per attention rank."""

SEQUENCES = (32, 64, 128, 256, 512)
"""Largest batches that are tried beside the engine's own, per attention rank."""


def with_other_limits(asked: Asked, best: Candidate, budgets: bool) -> list[Candidate]:
    """Return `best` with other token budgets (`budgets`) or with smaller batches, those that can make a difference.

    The step times reach to the candidate's own limits; larger budgets are compiled by the caller, so they are left out
    here unless the table covers them.
    """
    limits = best.deployment.limits
    ranks = max(best.deployment.dp, 1)
    choices = _budgets(limits, ranks, best) if budgets else _batches(limits, ranks, asked, best)
    found: list[Candidate] = []
    for chosen in choices:
        deployment = replace(best.deployment, limits=chosen)
        memory = fit(deployment)
        if memory.reason:
            continue
        bound = asked_rate_bound(asked, best.step, chosen, memory.kv_capacity_tokens)
        found.append(
            replace(
                best,
                deployment=deployment,
                memory=memory,
                bound_per_device_per_s=bound / deployment.device_count,
            )
        )
    return found


def _budgets(limits: SchedulerLimits, ranks: int, best: Candidate) -> Iterator[SchedulerLimits]:
    for per_rank in TOKEN_BUDGETS:
        budget = per_rank * ranks
        if budget == limits.max_num_batched_tokens or budget >= len(best.step.tokens_s):
            continue
        most = min(limits.max_num_seqs, budget // (1 + drafted_tokens(best.step)))
        yield replace(limits, max_num_batched_tokens=budget, max_num_seqs=most)


def _batches(limits: SchedulerLimits, ranks: int, asked: Asked, best: Candidate) -> Iterator[SchedulerLimits]:
    reachable = best.memory.kv_capacity_tokens / max(float((asked.inputs - asked.shared).mean()), 1.0)
    for per_rank in SEQUENCES:
        batch = per_rank * ranks
        if batch < min(limits.max_num_seqs, reachable):
            yield replace(limits, max_num_seqs=batch)
