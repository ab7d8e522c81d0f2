"""Workers that stay: what-ifs, checks and other questions that are answered while somebody waits."""

from __future__ import annotations

import asyncio
import queue
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from millwright.web.jobs import Prepare
from millwright.web.outcome import Failure, Result, WorkError
from millwright.web.settings import Limits
from millwright.web.worker import Work, Worker


class Quick:
    """A few workers, each with one question at a time; who comes later waits for the next free one."""

    def __init__(self, limits: Limits, prepare: Prepare = lambda request: (request, ())) -> None:
        self._limits, self._prepare = limits, prepare
        self._threads = ThreadPoolExecutor(limits.quick_workers, thread_name_prefix="quick")
        self._idle: queue.LifoQueue[Worker] = queue.LifoQueue()  # whoever answered last remembers most
        self._workers: set[Worker] = set()

    def start(self) -> None:
        """Start the workers, so that the first question finds them warm."""
        for _ in range(self._limits.quick_workers):
            self._idle.put(self._hired())

    def close(self) -> None:
        """End all workers."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for worker in list(self._workers):
            worker.stop()
        self._workers.clear()

    async def ask(self, kind: str, request: dict[str, Any]) -> str:
        """Return the answer as JSON text; raises WorkError, and NotThereError where an upload is not there.

        Cancelling the wait frees a question not begun.
        """
        return await asyncio.wrap_future(self._threads.submit(self._answer, kind, request))

    def _answer(self, kind: str, request: dict[str, Any]) -> str:
        work = Work(kind, *self._prepare(request))
        try:
            worker = self._idle.get_nowait()
        except queue.Empty:
            worker = self._hired()
        if not worker.usable:
            self._dismiss(worker)
            worker = self._hired()
        try:
            came = worker.do(work, self._limits.quick_wall_s)
        finally:
            if worker.usable:
                self._idle.put(worker)
            else:
                self._dismiss(worker)
        if isinstance(came, Failure):
            raise WorkError(came)
        assert isinstance(came, Result)
        return came.text

    def _hired(self) -> Worker:
        worker = Worker(self._limits.job_memory_bytes)
        self._workers.add(worker)
        return worker

    def _dismiss(self, worker: Worker) -> None:
        self._workers.discard(worker)
        worker.stop()
