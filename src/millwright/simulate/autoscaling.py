"""Autoscaling: so many replicas as the requests under way call for, each ready some time after it was asked for.

The rule is that of Kubernetes' horizontal pod autoscaler on an average value: desired = ceil(sum of metric / target),
upwards at once, downwards by the most that was desired over a while (kubernetes.io/docs, "Horizontal Pod Autoscaling").
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Autoscaling:
    """How many of a cluster's replicas run: at least `least`, at most all.

    Every `every_s` [s] as many are wanted as hold `target_requests` under way each. One that is asked for takes
    requests after `start_s`; one that is not needed takes no more and ends what it has. Fewer are wanted only once
    that has been so for `down_after_s`.
    """

    target_requests: float
    least: int = 1
    every_s: float = 15.0
    start_s: float = 120.0
    down_after_s: float = 300.0

    def __post_init__(self) -> None:
        if not (self.target_requests > 0 and self.least >= 1 and self.every_s > 0):
            raise ValueError(f"target_requests and every_s must be above 0, least at least 1: {self}")
        if not (self.start_s >= 0 and self.down_after_s >= 0):
            raise ValueError(f"start_s and down_after_s must not be negative: {self}")


def start_time_s(weight_bytes: float, bytes_per_s: float, fixed_s: float) -> float:
    """Return how long a cold start takes [s]: what it takes anyway, and its weights read from disk or network.

    >>> start_time_s(16e9, 2e9, 40.0)
    48.0
    """
    return fixed_s + weight_bytes / bytes_per_s


@dataclass(frozen=True, slots=True)
class Scaled:
    """How many replicas take requests, and how many are starting, from `time_s` [s] on."""

    time_s: float
    up: int
    starting: int


def paid_s(scaled: Sequence[Scaled], until_s: float) -> float:
    """Return the replica-seconds up or starting from the first entry until `until_s`; endings under way are free."""
    ends = [*(each.time_s for each in scaled[1:]), until_s]
    return sum((each.up + each.starting) * max(end - each.time_s, 0.0) for each, end in zip(scaled, ends, strict=True))


class Autoscaler:
    """Decides, at `next_s`, which replicas take requests: `up` says so for each."""

    def __init__(self, rule: Autoscaling, replicas: int, begin_s: float) -> None:
        self.rule = rule
        least = min(rule.least, replicas)
        self.up = [k < least for k in range(replicas)]
        self.ready_s: dict[int, float] = {}
        self._decide_s = begin_s + rule.every_s
        self._wanted: list[tuple[float, int]] = []
        self.scaled = [Scaled(begin_s, least, 0)]

    @property
    def next_s(self) -> float:
        """When to decide next [s]: at a regular time, or when a replica becomes ready."""
        return min([self._decide_s, *self.ready_s.values()])

    def step(self, outstanding: Sequence[int]) -> list[int]:
        """Decide at `next_s`, given the requests under way on each replica; return those that have become ready."""
        now_s = self.next_s
        ready = sorted(k for k, at_s in self.ready_s.items() if at_s <= now_s)
        for k in ready:
            self.up[k] = True
            del self.ready_s[k]
        if now_s >= self._decide_s:
            self._decide(now_s, sum(count for count, up in zip(outstanding, self.up, strict=True) if up))
            self._decide_s += self.rule.every_s
        self.scaled.append(Scaled(now_s, sum(self.up), len(self.ready_s)))
        return ready

    def _decide(self, now_s: float, under_way: int) -> None:
        desired = math.ceil(under_way / self.rule.target_requests)
        desired = min(max(desired, self.rule.least, 1), len(self.up))
        self._wanted = [(at_s, n) for at_s, n in self._wanted if at_s > now_s - self.rule.down_after_s]
        self._wanted.append((now_s, desired))
        most = max(n for _, n in self._wanted)
        on = [k for k, up in enumerate(self.up) if up or k in self.ready_s]
        off = [k for k in range(len(self.up)) if k not in on]
        for k in off[: max(desired - len(on), 0)]:
            self.ready_s[k] = now_s + self.rule.start_s
        surplus = max(len(on) - max(most, self.rule.least), 0)
        for k in sorted(on, key=lambda k: (k in self.ready_s, k), reverse=True)[:surplus]:
            self.ready_s.pop(k, None)
            self.up[k] = False
