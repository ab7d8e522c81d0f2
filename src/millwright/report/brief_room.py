"""How much of each section the paper has room for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Room:
    """How much of the longest paper there is room for: 1 for all that a board may want to read, less where it is long.

    The numbers are rows, sentences or charts of a section at `share` 1.
    """

    share: float = 1.0
    options: int = 8
    shared: int = 5
    money_charts: int = 3
    latency_charts: int = 4
    rules: int = 7
    people: int = 9
    steps: int = 6
    actions: int = 8
    risks: int = 9
    refused: int = 8
    refused_examples: int = 10
    assumptions: int = 16
    sources: int = 12

    def of(self, most: int, least: int = 2) -> int:
        """Return how many of `most` there is room for, at least `least`."""
        return max(least, round(self.share * most))
