"""Disaggregated replicas: some devices compute prompts, others answer, and the caches travel between them.

The number of pairs of layouts is large and each costs a simulation, so only the few pairs with the highest bounds go
into the contest. That choice is a screening, not a proof: a pair left out here was not shown to be worse.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from millwright.fleet.bounds import Asked, decode_rate_bound, prefill_rate_bound
from millwright.fleet.candidate import Candidate, PromptPool
from millwright.fleet.stack import Capability, capabilities
from millwright.simulate.disaggregated import KvLink

PAIRS = 1
"""Pairs of layouts that are simulated on each size of machine."""

LEAST_DEVICES = 4
MOST_DEVICES = 16
"""Devices of a disaggregated replica: fewer leave no choice of a split, more are several replicas."""


def disaggregated(asked: Asked, fitting: Sequence[Candidate], best: Candidate, device_count: int) -> list[Candidate]:
    """Return the disaggregated replicas with the highest bounds on `device_count` devices.

    Both pools run the engine, the formats and the draft of `best`, the best replica that does everything on all its
    devices.
    """
    device_count = min(device_count, MOST_DEVICES)
    if device_count < LEAST_DEVICES or Capability.DISAGGREGATED not in capabilities(best.deployment.engine.name):
        return []
    alike = [one for one in fitting if _same_stack(one, best) and one.device_count < device_count]
    prompts = [(one, prefill_rate_bound(asked, one.step)) for one in alike]
    answers = [
        (one, decode_rate_bound(asked, one.step, one.deployment.limits, one.memory.kv_capacity_tokens)) for one in alike
    ]
    pairs: list[tuple[float, Candidate]] = []
    for first, prompt_rate in prompts:
        for second, answer_rate in answers:
            split = _best_split(prompt_rate, first.device_count, answer_rate, second.device_count, device_count)
            link = _link(first, second)
            if split is None or link is None:
                continue
            computing, answering, bound = split
            pool = PromptPool(first.deployment, first.memory, first.step, computing, answering, link)
            one = replace(second, prompts=pool)
            pairs.append((bound, replace(one, bound_per_device_per_s=bound / one.device_count)))
    pairs.sort(key=lambda each: each[0], reverse=True)
    return [one for _, one in pairs[:PAIRS]]


def _same_stack(one: Candidate, best: Candidate) -> bool:
    ours, theirs = one.deployment, best.deployment
    same = (ours.engine, ours.weights, ours.kv, ours.device.id, ours.draft) == (
        theirs.engine,
        theirs.weights,
        theirs.kv,
        theirs.device.id,
        theirs.draft,
    )
    return same and one.prompts is None and ours.pp == 1


def _best_split(
    prompt_rate: float, prompt_devices: int, answer_rate: float, answer_devices: int, device_count: int
) -> tuple[int, int, float] | None:
    """Return how many replicas compute and how many answer so that the smaller bound is largest, and that bound."""
    best: tuple[int, int, float] | None = None
    for computing in range(1, device_count // prompt_devices + 1):
        answering = (device_count - computing * prompt_devices) // answer_devices
        if answering < 1:
            break
        bound = min(computing * prompt_rate, answering * answer_rate)
        if best is None or bound > best[2]:
            best = (computing, answering, bound)
    return best


def _link(first: Candidate, second: Candidate) -> KvLink | None:
    """Return how caches travel: every device of the smaller group sends or takes its share at once."""
    device = first.deployment.device
    bandwidth = device.link_bytes_per_s or device.pcie_bytes_per_s
    if not bandwidth:
        return None
    per_device = max(first.memory.kv_bytes_per_token, second.memory.kv_bytes_per_token)
    return KvLink.of_bandwidth(per_device, bandwidth) if per_device > 0.0 else None
