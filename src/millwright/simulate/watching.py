"""Looking at a run while it goes on: queue, batch and KV cache over time, how far it is, and a chance to stop it.

A run that is watched goes in pieces: between two of them Python looks at the replicas, tells how far they are, and may
be interrupted. Pieces end at the step under way, so nothing but rounding depends on them. A run that nobody watches is
one piece.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from millwright.simulate.state import NONE

SAMPLES = 200
"""About how many times a run is looked at: as many as a chart 700 pixels wide shows."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Occupancy:
    """All replicas together at m instants (m,): sequences running, and KV blocks that these hold.

    `cached_blocks` are held by prefixes that no running sequence uses. Each replica is seen at the first end of a step
    at `time_s` or later.
    """

    time_s: Floats
    running: Floats
    kv_blocks: Floats
    cached_blocks: Floats
    blocks: int

    @property
    def kv_share(self) -> Floats:
        """Share of all KV blocks that running sequences hold."""
        return self.kv_blocks / max(self.blocks, 1)


class Watch:
    """What looks at a run: call `tell` with (requests ended or seen so far, all of them), and keep samples."""

    def __init__(self, tell: Callable[[int, int], None] | None = None) -> None:
        self._tell = tell
        self._rows: list[tuple[float, int, int, int]] = []
        self._step_s = 0.0
        self.next_s = float("inf")
        self._blocks = 0

    def begin(self, arrival_s: Floats) -> None:
        """Set out to look at a run whose requests arrive at `arrival_s` [s], NaN where that is not known yet."""
        known = arrival_s[np.isfinite(arrival_s)]
        first_s, last_s = (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)
        self._step_s = max((last_s - first_s) / SAMPLES, 1e-3)
        self.next_s = first_s + self._step_s
        self._rows = []

    def look(self, replicas: NDArray[np.void], done: int, of: int) -> None:
        """Note what the replicas hold at `next_s`; look half as often once there are twice the samples wanted."""
        free = int(replicas["free_blocks"].sum())
        idle = int(replicas["idle_blocks"].sum())
        self._blocks = int(replicas["blocks"].sum())
        self._rows.append((self.next_s, int(replicas["running"].sum()), self._blocks - free - idle, idle))
        if len(self._rows) >= 2 * SAMPLES:
            self._rows = self._rows[1::2]
            self._step_s *= 2.0
        self.next_s += self._step_s
        if self._tell is not None:
            self._tell(done, of)

    def occupancy(self) -> Occupancy:
        """Return what was seen."""
        columns = np.array(self._rows, dtype=np.float64).reshape(-1, 4).T
        return Occupancy(columns[0], columns[1], columns[2], columns[3], self._blocks)


def is_idle(replicas: NDArray[np.void]) -> bool:
    """Return whether the replicas have nothing to do and nothing to come."""
    nobody = (replicas["running"] == 0) & (replicas["waiting"] == 0)
    nothing = (replicas["next_to_come"] == NONE) & (replicas["follower"] == NONE)
    given_up = replicas["violations_left"] < 0
    return bool(((nobody & nothing) | given_up).all())


def waiting_at(enter_s: Floats, queue_s: Floats, time_s: Floats) -> NDArray[np.int64]:
    """Return how many requests wait for their first step at each of `time_s` (m,): entered, and not yet admitted.

    `enter_s` (n,) and `queue_s` (n,) [s]; NaN for requests that were never served are left out.
    """
    seen = np.isfinite(enter_s) & np.isfinite(queue_s)
    entered = np.sort(enter_s[seen])
    admitted = np.sort((enter_s + queue_s)[seen])
    waiting: NDArray[np.int64] = np.searchsorted(entered, time_s, side="right") - np.searchsorted(
        admitted, time_s, side="right"
    )
    return waiting
