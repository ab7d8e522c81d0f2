"""Cells planned by an existing Ray cluster; every node needs the same version of Millwright installed.

A task whose worker or node dies is begun again elsewhere by Ray. Answers come back to this process, which keeps them.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import socket
from collections.abc import Iterator, Sequence
from typing import Any

from millwright import __version__
from millwright.errors import InputError
from millwright.sweep.answer import Row, plan_cell
from millwright.sweep.grid import Cell

_RETRIES = 5
_WAITING_PER_CPU = 2
_PATIENCE_S = 5.0


def planned_on_ray(cells: Sequence[Cell], as_of: dt.date, address: str) -> Iterator[tuple[Cell, Row | BaseException]]:
    """Yield each cell with its answer, or what went wrong, in the order in which they are finished.

    Raises InputError when Ray is not installed, or no cluster answers at `address` (host:port, or `auto`).
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError:
        raise InputError("Ray is not installed", "--ray", "Install it: pip install 'millwright[ray]'.") from None
    try:
        _knock(address)
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except (OSError, RuntimeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"no Ray cluster answers ({reason})", f"--ray {address}", "Start one with `ray start --head`."
        ) from None
    try:
        yield from _planned(ray, cells, as_of)
    finally:
        ray.shutdown()


def _knock(address: str) -> None:
    """Raise OSError when nobody listens at host:port; Ray itself would try for minutes."""
    host, _, port = address.rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host, int(port)), _PATIENCE_S).close()


def _planned(ray: Any, cells: Sequence[Cell], as_of: dt.date) -> Iterator[tuple[Cell, Row | BaseException]]:
    task = ray.remote(num_cpus=1, max_retries=_RETRIES)(_plan_there)
    at_once = max(int(ray.cluster_resources().get("CPU", 1)), 1) * _WAITING_PER_CPU
    left = list(reversed(cells))
    running: dict[Any, Cell] = {}
    while left or running:
        while left and len(running) < at_once:
            cell = left.pop()
            running[task.remote(cell, as_of, __version__)] = cell
        for reference in ray.wait(list(running), num_returns=1)[0]:
            cell = running.pop(reference)
            try:
                answer = ray.get(reference)
            except ray.exceptions.RayError as error:
                answer = error
            yield cell, answer


def _plan_there(cell: Cell, as_of: dt.date, version: str) -> Row:
    if version != __version__:
        raise RuntimeError(f"this node has Millwright {__version__}, the sweep was begun with {version}")
    return plan_cell(cell, as_of)
