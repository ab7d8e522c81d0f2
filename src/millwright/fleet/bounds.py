"""Bounds on what a replica could serve: rates that no schedule can exceed, so that what is pruned by them cannot win.

Four arguments, each optimistic on its own; the smallest rate counts. With d(n) the time of a step of n decoding
sequences and c the cache entries that a request holds:

    work      every request needs its prefill, its share t/n of each decode step, and the reads of its cache,
              each at its cheapest over all batch sizes
    latency   a request whose TPOT must stay below L cannot decode in steps longer than L on average; its share
              t/n of a step is then at least g(L), g the lower convex hull of (d(n), d(n)/n)
    cache     all requests together never hold more than the cache: for any 0 <= λ <= 1,
              time >= (1 − λ)·(prefill and reads) + Σ tokens min_n [(1 − λ)·d(n)/n + λ·c·d(n)/cache]
    roofline  the same work at the datasheet's peaks, whatever an engine makes of them

The share of requests that the SLO lets fail is counted at no latency limit, those with the largest saving first.
Under speculative decoding a step of n sequences verifies n·(1 + k) tokens and brings each of them several; how many
steps an answer takes is known beforehand, because what is accepted depends on the request and the place alone. So the
arguments count steps where they count tokens otherwise. docs/fleet-search.md derives them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from millwright.fleet.service import Service
from millwright.perf.deployment import SchedulerLimits
from millwright.perf.speculation import Draft
from millwright.perf.step_time import StepTime
from millwright.simulate.drafting import passes_of_answers
from millwright.simulate.outcomes import Fate
from millwright.simulate.packing import drafted_tokens, refusals
from millwright.simulate.slo import Slo
from millwright.traffic.requests import Requests

Floats = NDArray[np.float64]

_CACHE_SHARES = (0.25, 0.5, 0.75)
"""λ of the cache argument; any value bounds, more values bound more tightly."""

_CACHE_GROUPS = 24
"""Tokens are put into so many groups of like context, each counted at the least context among them."""


@dataclass(frozen=True)
class Asked:
    """What the bounds need to know of a service, worked out once for all candidates."""

    inputs: Floats
    outputs: Floats
    shared: Floats
    slo: Slo | None
    requests: Requests
    _known: dict[Draft | None, _Decoding] = field(default_factory=dict, repr=False, compare=False)
    _held: dict[Draft | None, _Contexts] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, service: Service) -> Asked:
        """Return the figures of `service`."""
        requests = service.requests
        return cls(
            requests.input_tokens.astype(np.float64),
            requests.output_tokens.astype(np.float64),
            shared_tokens(requests),
            service.slo,
            requests,
        )

    def decoding(self, step: StepTime) -> _Decoding:
        """Return how many decode steps each answer takes under `step`."""
        draft = None if step.speculation is None else step.speculation.draft
        if draft not in self._known:
            if draft is None:
                answers = np.maximum(self.outputs - 1.0, 0.0)
                self._known[draft] = _Decoding(answers, answers / 2.0, answers * self.outputs / 2.0)
            else:
                self._known[draft] = _Decoding(*passes_of_answers(draft, self.outputs.astype(np.int64)))
        return self._known[draft]

    def contexts(self, step: StepTime, served: NDArray[np.bool_]) -> _Contexts:
        """Return what the decode steps of those `served` hold of the cache."""
        draft = None if step.speculation is None else step.speculation.draft
        if not served.all():
            return _Contexts.of(
                (self.inputs - self.shared)[served], self.outputs[served], self.decoding(step).of(served)
            )
        if draft not in self._held:
            self._held[draft] = _Contexts.of(self.inputs - self.shared, self.outputs, self.decoding(step))
        return self._held[draft]


@dataclass(frozen=True)
class _Contexts:
    """Decode steps in groups of like context: the `least` entries of the cache that one holds, and their `steps`."""

    least: Floats
    steps: Floats

    @classmethod
    def of(cls, prompts: Floats, outputs: Floats, decoding: _Decoding) -> _Contexts:
        """Return the groups: the first half of an answer holds its prompt at least, the second the first as well."""
        held = np.concatenate([prompts, prompts + np.floor(np.maximum(outputs - 1.0, 0.0) / 2.0)])
        steps = np.concatenate([decoding.steps - decoding.late, decoding.late])
        order = np.argsort(held)
        starts = np.unique(np.linspace(0, len(order), _CACHE_GROUPS + 1).astype(int))[:-1]
        return cls(held[order[starts]], np.add.reduceat(steps[order], starts))


@dataclass(frozen=True)
class _Decoding:
    """The decode steps of each answer (requests,), those in its second half, and its tokens before each, added up."""

    steps: Floats
    late: Floats
    before: Floats

    def of(self, served: NDArray[np.bool_]) -> _Decoding:
        """Return those of some of the requests."""
        if served.all():
            return self
        return _Decoding(self.steps[served], self.late[served], self.before[served])


@dataclass(frozen=True)
class _StepCosts:
    """What decode steps take: `step_s` [s] of `sizes` sequences alone; a sequence has `places` tokens of a step.

    `prompt_token_s` [s] is the least that a prompt's token can take, `free_s` [s] the least that a sequence's part of
    any step can, beside prompts too.
    """

    sizes: NDArray[np.int64]
    step_s: Floats
    places: int
    prompt_token_s: float
    free_s: float

    @classmethod
    def of(cls, step: StepTime, most: int) -> _StepCosts:
        """Return the costs of steps of up to `most` sequences."""
        places = 1 + drafted_tokens(step)
        sizes = np.arange(1, max(min(most, (len(step.decode_tokens_s) - 1) // places), 1) + 1)
        step_s = step.decode_tokens_s[np.minimum(sizes * places, len(step.decode_tokens_s) - 1)]
        drafting_s = 0.0
        if step.speculation is not None:
            draft_s = step.speculation.draft_s[np.minimum(sizes, len(step.speculation.draft_s) - 1)]
            step_s, drafting_s = step_s + draft_s, float((draft_s / sizes).min())
        prompt_token_s = _cheapest_prefill_token_s(step)
        beside_s = places * prompt_token_s + drafting_s
        return cls(sizes, step_s, places, prompt_token_s, min(float((step_s / sizes).min()), beside_s))


def rate_bound(service: Service, step: StepTime, limits: SchedulerLimits, kv_capacity_tokens: int) -> float:
    """Return a rate [1/s] that no schedule of these step times exceeds in the long run; 0: the SLO cannot be kept.

    Prefill is taken in the step size with the least time per token and with every prompt block that came before found
    in the cache. Requests refused at the door cost nothing.
    """
    return asked_rate_bound(Asked.of(service), step, limits, kv_capacity_tokens)


def asked_rate_bound(asked: Asked, step: StepTime, limits: SchedulerLimits, kv_capacity_tokens: int) -> float:
    """Return the rate bound [1/s] as `rate_bound` does, from figures worked out before."""
    served = admitted(asked.requests, limits, kv_capacity_tokens, drafted_tokens(step))
    if not served.any():
        return math.inf
    inputs, outputs, shared = asked.inputs[served], asked.outputs[served], asked.shared[served]
    decoding = asked.decoding(step).of(served)
    costs = _StepCosts.of(step, _most_sequences(asked, limits, kv_capacity_tokens))
    prompts_s = (inputs - shared) * costs.prompt_token_s + step.prefill_s * (
        inputs * (inputs - 1.0) - shared * (shared - 1.0)
    ) / 2.0
    reads_s = decoding.steps * (step.seq_s + step.kv_s * inputs) + step.kv_s * decoding.before
    fixed_s = prompts_s + reads_s
    decoding_s = _decoding_under_slo(asked, inputs, outputs, decoding, step, costs)
    if decoding_s is None:
        return 0.0
    count = len(asked.requests)
    fixed_total_s = float(fixed_s.sum())
    work_s = max(
        fixed_total_s + decoding_s,
        _work_under_cache(fixed_total_s, asked.contexts(step, served), step, costs, kv_capacity_tokens),
    )
    return count / work_s if work_s > 0.0 else math.inf


def prefill_rate_bound(asked: Asked, step: StepTime) -> float:
    """Return a rate [1/s] of prompts that no replica with these step times exceeds."""
    prompts_s = (asked.inputs - asked.shared) * _cheapest_prefill_token_s(step) + step.prefill_s * (
        asked.inputs * (asked.inputs - 1.0) - asked.shared * (asked.shared - 1.0)
    ) / 2.0
    work_s = float(prompts_s.sum())
    return len(asked.requests) / work_s if work_s > 0.0 else math.inf


def decode_rate_bound(asked: Asked, step: StepTime, limits: SchedulerLimits, kv_capacity_tokens: int) -> float:
    """Return a rate [1/s] that no replica exceeds that is handed the caches of prompts and gives the answers."""
    no_prompts = Asked(asked.inputs, asked.outputs, np.maximum(asked.inputs - 1.0, 0.0), asked.slo, asked.requests)
    return asked_rate_bound(no_prompts, step, limits, kv_capacity_tokens)


def admitted(
    requests: Requests, limits: SchedulerLimits, kv_capacity_tokens: int, drafted: int = 0
) -> NDArray[np.bool_]:
    """Return, for each request, whether it is admitted at all: not longer than the context limit or the cache.

    So many `drafted` tokens of a step need room too.
    """
    fate = refusals(requests.input_tokens, requests.output_tokens, limits, kv_capacity_tokens, drafted)
    return np.asarray(fate == Fate.PENDING)


def shared_tokens(requests: Requests) -> Floats:
    """Return, for each request, the prompt tokens in blocks that an earlier request had too: the most a cache saves."""
    if requests.prefix_blocks is None or requests.prefix_offsets is None:
        return np.zeros(len(requests))
    seen = np.ones(len(requests.prefix_blocks), dtype=bool)
    seen[np.unique(requests.prefix_blocks, return_index=True)[1]] = False
    before = np.concatenate(([0], np.cumsum(seen)))
    blocks = before[requests.prefix_offsets[1:]] - before[requests.prefix_offsets[:-1]]
    most = (requests.input_tokens - 1) // requests.prefix_block_tokens  # one token is left to compute
    return np.asarray(np.minimum(blocks, most) * float(requests.prefix_block_tokens))


# --- the arguments ----------------------------------------------------------------------------------------------


def _cheapest_prefill_token_s(step: StepTime) -> float:
    tokens = np.arange(1, len(step.tokens_s))
    return float((step.tokens_s[1:] / tokens).min())


def _most_sequences(asked: Asked, limits: SchedulerLimits, kv_capacity_tokens: int) -> int:
    """Return the largest batch: what the limit and, were all prompts as short as the shortest, the cache allow."""
    shortest = float((asked.inputs - asked.shared).min())
    return int(max(1.0, min(limits.max_num_seqs, kv_capacity_tokens / max(shortest, 1.0))))


def _decoding_under_slo(
    asked: Asked, inputs: Floats, outputs: Floats, decoding: _Decoding, step: StepTime, costs: _StepCosts
) -> float | None:
    """Return the least decode time of all requests under the limits on latency [s]; None: too many cannot keep them."""
    slo = asked.slo
    unlimited = decoding.steps * costs.free_s
    if slo is None or (slo.tpot_s is None and slo.e2e_s is None):
        return float(unlimited.sum())
    answers, steps = np.maximum(outputs - 1.0, 0.0), np.maximum(decoding.steps, 1.0)
    limit_s = np.full(len(answers), math.inf) if slo.tpot_s is None else slo.tpot_s * answers / steps  # of one step
    if slo.e2e_s is not None:
        limit_s = np.minimum(limit_s, slo.e2e_s / steps)
    limit_s = limit_s - step.kv_s * (inputs + decoding.before / steps) - step.seq_s  # what is left for the rest of it
    durations, shares = _hull(step, costs)
    least = np.interp(limit_s, durations, shares)
    limited = np.where(answers > 0.0, decoding.steps * np.maximum(least, costs.free_s), 0.0)
    limited = np.where((limit_s < durations[0]) & (answers > 0.0), math.inf, limited)
    may_fail = math.floor((1.0 - slo.share) * len(asked.requests) + 1e-9)
    if int(np.isinf(limited).sum()) > may_fail:
        return None
    saving = limited - unlimited
    if may_fail:
        worst = np.argpartition(saving, len(saving) - min(may_fail, len(saving)))[-may_fail:]
        limited[worst] = unlimited[worst]
    return float(limited.sum())


def _hull(step: StepTime, costs: _StepCosts) -> tuple[Floats, Floats]:
    """Return the lower convex hull, falling, of a sequence's share of a step over the step's duration.

    Steps that decode alone and steps that compute prompts beside are both points of it.
    """
    tokens = np.arange(costs.places, len(step.tokens_s))
    duration = np.concatenate([costs.step_s, step.tokens_s[costs.places :]])
    share = np.concatenate([costs.step_s / costs.sizes, costs.places * step.tokens_s[costs.places :] / tokens])
    order = np.argsort(duration, kind="stable")  # two tables that rise: merged rather than sorted
    duration, share = duration[order], share[order]
    falling = np.concatenate(([True], share[1:] < np.minimum.accumulate(share)[:-1]))
    duration, share = duration[falling], share[falling]
    lowest = np.concatenate((duration[1:] > duration[:-1], [True]))  # of several shares at one duration
    duration, share = duration[lowest], share[lowest]
    if len(duration) > 400:  # so many points that a coarser hull, drawn below all of them, is as good
        return _coarse_hull(duration, share)
    return _convex(duration, share)


def _coarse_hull(duration: Floats, share: Floats) -> tuple[Floats, Floats]:
    """Return a hull that lies below every point: each stretch of durations takes the least share within it."""
    edges = np.unique(np.linspace(0, len(duration), 200).astype(int))
    starts = edges[:-1]
    return _convex(duration[starts], np.minimum.reduceat(share, starts))


def _convex(duration: Floats, share: Floats) -> tuple[Floats, Floats]:
    """Return the corners of the lower convex hull of points in order of `duration` (Andrew's monotone chain)."""
    kept: list[tuple[float, float]] = []
    for at, value in zip(duration.tolist(), share.tolist(), strict=True):  # plain floats: arrays one by one are slow
        while len(kept) >= 2:
            (first, start), (last, end) = kept[-2:]
            if end < start + (value - start) / (at - first) * (last - first):
                break
            kept.pop()
        kept.append((at, value))
    corners = np.array(kept)
    return corners[:, 0], corners[:, 1]


def _work_under_cache(
    fixed_s: float, contexts: _Contexts, step: StepTime, costs: _StepCosts, kv_capacity_tokens: int
) -> float:
    """Return the least time of all requests [s] given that together they never hold more than the cache."""
    shortest_s = min(float(costs.step_s[0]), float(step.tokens_s[min(costs.places, len(step.tokens_s) - 1)]))
    per_entry = 1.0 / max(kv_capacity_tokens, 1)
    found = 0.0
    for share in _CACHE_SHARES:
        held = share * per_entry * contexts.least
        alone = (1.0 - share) * (costs.step_s / costs.sizes) + held[:, None] * costs.step_s
        beside_prompts = (1.0 - share) * costs.free_s + held * shortest_s
        step_s = np.minimum(alone.min(axis=1), beside_prompts)
        found = max(found, (1.0 - share) * fixed_s + float((contexts.steps * step_s).sum()))
    return found
