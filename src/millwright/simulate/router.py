"""The ways in which a router shares requests out among replicas."""

from __future__ import annotations

from enum import IntEnum


class Router(IntEnum):
    """How requests are shared out among the replicas that are up and accept them; ties go to the first.

    Loads are divided by a replica's weight, so that a faster one gets more.
    """

    ROUND_ROBIN = 0
    """Each in turn."""
    RANDOM = 1
    """Any, with equal chance."""
    POWER_OF_TWO = 2
    """The one with fewer requests under way, of two chosen at random."""
    LEAST_REQUESTS = 3
    """The one with the fewest requests under way (least outstanding)."""
    LEAST_TOKENS = 4
    """The one with the fewest prompt tokens under way: the shortest queue, by work."""
    PREFIX_AWARE = 5
    """The one with the least prompt tokens under way, counting what this request would add beyond the cached prefix."""
    BY_LENGTH = 6
    """Of the replicas for the shortest prompts that still take this one, that with the fewest requests under way."""
    STICKY = 7
    """The one that served the session's last turn while it is up; else that with the fewest requests under way."""
