"""Time on a device that processes take turns on: whoever has work gets as much of it as every other with work.

While m others have work, a process runs at the (m + 1)-th part of its speed. Its own clock, which stands for the time
it has had the device, is then a piecewise linear function of the wall clock. Requests are carried onto that clock,
served there as on a device of its own, and carried back: the engine knows nothing of its neighbours.

How long neighbours have work is an input (`busy_of`): taken from a run in which they get their turn as seldom as they
ever do, it is more than they really have, so that waits come out longer rather than shorter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from millwright.simulate.outcomes import RequestOutcomes
from millwright.traffic.requests import Requests

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Busy:
    """When a process has work: from `start_s` to `end_s` (n,), ascending and apart, over and over each `period_s`."""

    start_s: Floats
    end_s: Floats
    period_s: float

    @property
    def share(self) -> float:
        """The share of the time in which it has work [-]."""
        return float((self.end_s - self.start_s).sum() / self.period_s)

    def later(self, by_s: float) -> Busy:
        """Return the same process `by_s` later, around the end of the period."""
        start, end = (self.start_s + by_s) % self.period_s, (self.end_s + by_s) % self.period_s
        over = end < start
        starts = np.concatenate([start, np.zeros(int(over.sum()))])
        ends = np.concatenate([np.where(over, self.period_s, end), end[over]])
        order = np.argsort(starts, kind="stable")
        return Busy(starts[order], ends[order], self.period_s)


ALWAYS = Busy(np.zeros(1), np.ones(1), 1.0)
"""A process that never rests."""


def busy_of(outcomes: RequestOutcomes) -> Busy:
    """Return when a process has work: from a request's arrival until its last token, requests that overlap together."""
    served = np.flatnonzero(outcomes.served)
    if not served.size:
        return Busy(np.zeros(0), np.zeros(0), 1.0)
    order = served[np.argsort(outcomes.arrival_s[served], kind="stable")]
    arrival, until = outcomes.arrival_s[order], np.maximum.accumulate(outcomes.finish_s[order])
    first = np.concatenate([[True], arrival[1:] > until[:-1]])
    last = np.concatenate([first[1:], [True]])
    origin = arrival[0]
    gap = (arrival[-1] - origin) / max(len(order) - 1, 1)
    start, end = arrival[first] - origin, until[last] - origin
    return Busy(start, end, float(max(end[-1], arrival[-1] - origin + gap)))


@dataclass(frozen=True)
class Turns:
    """The neighbours on a device: when each has work, and what turns add to every step (`switch_share`, [-])."""

    neighbours: tuple[Busy, ...]
    switch_share: float = 0.0

    @cached_property
    def _pieces(self) -> tuple[Floats, Floats]:
        """Knots of the wall clock over a whole period, and of this process's own clock at them [s]."""
        period = max((each.period_s for each in self.neighbours), default=1.0)
        edges, steps = [np.array([0.0])], [np.array([0.0])]
        for each in self.neighbours:
            times = int(np.ceil(period / each.period_s - 1e-9))
            offsets = (np.arange(times) * each.period_s)[:, None]
            start, end = (np.minimum(offsets + each.start_s, period), np.minimum(offsets + each.end_s, period))
            edges += [start.ravel(), end.ravel()]
            steps += [np.ones(start.size), -np.ones(end.size)]
        at, change = np.concatenate(edges), np.concatenate(steps)
        order = np.argsort(at, kind="stable")
        at, with_work = at[order], np.cumsum(change[order])
        wall = np.append(at, period)
        speed = 1.0 / ((1.0 + np.maximum(with_work, 0.0)) * (1.0 + self.switch_share))
        own = np.concatenate([[0.0], np.cumsum(np.diff(wall) * speed)])
        keep = np.concatenate([[True], np.diff(wall) > 0.0])
        return wall[keep], own[keep]

    @property
    def stretch(self) -> float:
        """How many times as long as alone a step takes on average, at whatever time it comes [-]."""
        wall, own = self._pieces
        return float(wall[-1] / own[-1])

    def own_s(self, wall_s: Floats) -> Floats:
        """Return the process's own clock at these times of the wall clock [s]."""
        wall, own = self._pieces
        whole = np.floor(wall_s / wall[-1])
        return np.asarray(whole * own[-1] + np.interp(wall_s - whole * wall[-1], wall, own))

    def wall_s(self, own_s: Floats) -> Floats:
        """Return the wall clock at these times of the process's own clock [s]; NaN stays NaN."""
        wall, own = self._pieces
        whole = np.floor(own_s / own[-1])
        return np.asarray(whole * wall[-1] + np.interp(own_s - whole * own[-1], own, wall))

    def on_own_clock(self, requests: Requests) -> Requests:
        """Return the requests as they come on the process's own clock."""
        return requests.at_times(self.own_s(requests.arrival_s))

    def on_wall_clock(self, outcomes: RequestOutcomes, arrival_s: Floats) -> RequestOutcomes:
        """Return outcomes of the own clock on the wall clock; `arrival_s` are the requests' true times."""
        scheduled = self.wall_s(outcomes.arrival_s + outcomes.queue_s)
        return replace(
            outcomes,
            arrival_s=arrival_s,
            first_token_s=self.wall_s(outcomes.first_token_s),
            finish_s=self.wall_s(outcomes.finish_s),
            queue_s=scheduled - arrival_s,
        )


def spread(busy: Busy, copies: int) -> tuple[Busy, ...]:
    """Return so many processes of a kind, on as many devices, none in step with another."""
    return tuple(busy.later(busy.period_s * number / copies) if number else busy for number in range(copies))


def together(neighbours: Sequence[Busy]) -> tuple[Busy, ...]:
    """Return the neighbours that ever have work."""
    return tuple(each for each in neighbours if each.start_s.size)
