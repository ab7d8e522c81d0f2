"""Cells planned by processes on this machine's cores."""

from __future__ import annotations

import datetime as dt
import multiprocessing as mp
import multiprocessing.connection
import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool

from millwright.sweep.answer import Row, plan_cell
from millwright.sweep.grid import Cell

TRIES = 3
"""How often a cell is begun when the process at work on it dies, for want of memory perhaps."""

_WAITING_PER_WORKER = 2


def planned_here(cells: Sequence[Cell], as_of: dt.date, workers: int) -> Iterator[tuple[Cell, Row | BaseException]]:
    """Yield each cell with its answer, or what went wrong, in the order in which they are finished."""
    tries: dict[int, int] = {}
    left = list(reversed(cells))
    while left:
        unfinished: dict[int, Cell] = {}
        pool = ProcessPoolExecutor(workers, mp.get_context("spawn"), _leave_with_parent)
        try:
            running: dict[Future[Row], Cell] = {}
            while left or running:
                while left and len(running) < workers * _WAITING_PER_WORKER:
                    cell = left.pop()
                    running[pool.submit(plan_cell, cell, as_of)] = cell
                for done in wait(running, return_when=FIRST_COMPLETED).done:
                    cell = running.pop(done)
                    error = done.exception()
                    if isinstance(error, BrokenProcessPool):
                        unfinished[cell.number] = cell
                    else:
                        yield cell, error if error is not None else done.result()
                if unfinished:
                    unfinished |= {cell.number: cell for cell in running.values()}
                    break
        except BrokenProcessPool:  # told on handing in the next cell
            unfinished |= {each.number: each for each in (cell, *running.values())}
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        for number, cell in sorted(unfinished.items()):
            tries[number] = tries.get(number, 1) + 1
            if tries[number] > TRIES:
                yield cell, BrokenProcessPool(f"its process died {TRIES} times")
            else:
                left.append(cell)


def _leave_with_parent() -> None:
    """End this worker when the process that started it is gone, however it went: nobody would take the answer."""
    parent = mp.parent_process()
    if parent is None:
        return

    def watch() -> None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
