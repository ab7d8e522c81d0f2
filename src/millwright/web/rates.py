"""How many requests a client may make: a bucket that fills steadily, and of which each request takes one drop."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

MOST_CLIENTS = 10_000
"""Clients that are remembered; those unheard of for longest are forgotten first."""


class Buckets:
    """One bucket a client: `burst` drops when full, filled at `per_s` drops a second."""

    def __init__(self, per_s: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_s, self._burst, self._clock = per_s, burst, clock
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait_s(self, client: str) -> float:
        """Take a drop and return 0, or return how long until there is one [s]."""
        with self._lock:
            now_s = self._clock()
            level, seen_s = self._levels.pop(client, (float(self._burst), now_s))
            level = min(level + (now_s - seen_s) * self._per_s, float(self._burst))
            wait_s = 0.0 if level >= 1.0 else (1.0 - level) / self._per_s
            self._levels[client] = (level - 1.0 if wait_s == 0.0 else level, now_s)
            while len(self._levels) > MOST_CLIENTS:
                self._levels.popitem(last=False)
            return wait_s
