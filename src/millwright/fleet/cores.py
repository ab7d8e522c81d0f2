"""Independent pieces of work on every core, by threads: the simulator and HiGHS run outside Python's lock."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Piece = TypeVar("Piece")
Result = TypeVar("Result")


def on_every_core(
    work: Callable[[Piece], Result],
    pieces: Iterable[Piece],
    tell: Callable[[int, int], None] | None = None,
    workers: int | None = None,
) -> list[Result]:
    """Return the result of each piece, in their order: nothing depends on how many cores there are.

    `tell` hears how many of how many are done. Ctrl-C, a fault in one piece or in `tell` ends it after the pieces that
    are under way.
    """
    todo = list(pieces)
    found: list[Result] = []
    pool = ThreadPoolExecutor(max_workers=workers or os.cpu_count() or 1)
    try:
        for result in pool.map(work, todo):
            found.append(result)
            if tell is not None:
                tell(len(found), len(todo))
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    return found
