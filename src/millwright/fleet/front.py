"""The Pareto front of one device: which deployments nothing beats in throughput, latency and devices at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from millwright.fleet.candidate import Candidate
from millwright.fleet.contest import Considered
from millwright.fleet.replica import Service
from millwright.simulate.packing import drafted_tokens


@dataclass(frozen=True)
class FrontPoint:
    """One deployment: output tokens per second and device at its goodput, the latency of an idle replica, its size.

    `ttft_s` and `tpot_s` are those of a request of middling length that has the replica to itself: the least that the
    deployment can do. `price_usd` is that of its devices where the catalogue has one, hosts not counted.
    """

    candidate: Candidate
    tokens_per_s_per_device: float
    ttft_s: float
    tpot_s: float
    devices: int
    price_usd: float | None

    def beats(self, other: FrontPoint) -> bool:
        """Return whether this point is nowhere worse than `other` and somewhere better."""
        ours = (-self.tokens_per_s_per_device, self.ttft_s, self.tpot_s, self.devices)
        theirs = (-other.tokens_per_s_per_device, other.ttft_s, other.tpot_s, other.devices)
        return all(a <= b for a, b in zip(ours, theirs, strict=True)) and ours != theirs


def front(service: Service, rates: Iterable[tuple[Candidate, float]]) -> tuple[FrontPoint, ...]:
    """Return the points that no other beats, most throughput first; `rates` are goodputs of one replica [1/s]."""
    points = [point_of(service, one, rate) for one, rate in rates if rate > 0.0]
    kept = [one for one in points if not any(other.beats(one) for other in points)]
    return tuple(sorted(kept, key=lambda one: one.tokens_per_s_per_device, reverse=True))


def point_of(service: Service, one: Candidate, rate_per_s: float) -> FrontPoint:
    """Return where a deployment stands that serves `rate_per_s` [1/s] per replica."""
    tokens = service.output_mean_tokens
    ttft_s, tpot_s = idle_latency_s(one, *_middling(service))
    price = one.deployment.device.price_usd
    return FrontPoint(
        candidate=one,
        tokens_per_s_per_device=rate_per_s * tokens / one.device_count,
        ttft_s=ttft_s,
        tpot_s=tpot_s,
        devices=one.device_count,
        price_usd=None if price is None else price * one.device_count,
    )


def idle_latency_s(one: Candidate, input_tokens: int, output_tokens: int) -> tuple[float, float]:
    """Return TTFT and TPOT [s] of one request that has the replica to itself.

    A prompt is computed in steps of the token budget; each decode step reads the cache as it is then, half the answer
    on average, and brings as many tokens as a draft makes of it.
    """
    prompts = one.prompts
    step = one.step if prompts is None else prompts.step
    limits = one.deployment.limits if prompts is None else prompts.deployment.limits
    budget = min(limits.max_num_batched_tokens, len(step.tokens_s) - 1)
    chunks = [budget] * (input_tokens // budget) + ([input_tokens % budget] if input_tokens % budget else [])
    pairs = input_tokens * (input_tokens + 1.0) / 2.0
    ttft_s = step.request_s + float(sum(step.tokens_s[each] + step.seq_s for each in chunks)) + step.prefill_s * pairs
    answer = one.step
    context = input_tokens + output_tokens / 2.0
    step_s = float(answer.decode_tokens_s[1 + drafted_tokens(answer)]) + answer.seq_s + answer.kv_s * context
    if answer.speculation is not None:
        step_s = (step_s + float(answer.speculation.draft_s[1])) / answer.speculation.draft.tokens_per_step
    return ttft_s, step_s


def _middling(service: Service) -> tuple[int, int]:
    requests = service.requests
    return max(int(np.median(requests.input_tokens)), 1), max(int(np.median(requests.output_tokens)), 1)


def known_rates(considered: Iterable[Considered], device_count: int) -> list[tuple[Candidate, float]]:
    """Return the deployments whose rate on a machine was simulated, with the rate of one replica [1/s]."""
    return [
        (each.candidate, each.rate_per_s / (device_count // each.candidate.device_count))
        for each in considered
        if each.candidate is not None and each.rate_per_s
    ]
