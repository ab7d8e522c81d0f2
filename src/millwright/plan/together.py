"""The cheapest choice of one thing for each of several needs that fits together: tried in order of cost."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from typing import TypeVar

Thing = TypeVar("Thing")

MOST_TRIED = 300
"""Choices that are tried before it is taken that none fits: far beyond what a room with a few kinds of machine has."""


def cheapest_that_fits(
    choices: Sequence[Sequence[Thing]],
    cost: Callable[[Thing], float],
    fits: Callable[[tuple[Thing, ...]], bool],
    most_tried: int = MOST_TRIED,
) -> tuple[Thing, ...] | None:
    """Return the choice of one of each of `choices` with the least sum of costs that `fits`; None: none was found.

    Best first: from each choice that does not fit, the next dearer one of each need is looked at.
    """
    ranked = [sorted(each, key=cost) for each in choices]
    if not all(ranked):
        return None

    def total(place: tuple[int, ...]) -> float:
        return sum(cost(each[index]) for each, index in zip(ranked, place, strict=True))

    first = (0,) * len(ranked)
    waiting, seen = [(total(first), first)], {first}
    for _ in range(most_tried):
        if not waiting:
            return None
        _, place = heapq.heappop(waiting)
        chosen = tuple(each[index] for each, index in zip(ranked, place, strict=True))
        if fits(chosen):
            return chosen
        for number, index in enumerate(place):
            dearer = (*place[:number], index + 1, *place[number + 1 :])
            if index + 1 < len(ranked[number]) and dearer not in seen:
                seen.add(dearer)
                heapq.heappush(waiting, (total(dearer), dearer))
    return None
