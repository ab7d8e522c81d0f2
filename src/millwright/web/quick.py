"""Workers that stay: what-ifs, checks and other questions that are answered while somebody waits."""

from __future__ import annotations

import asyncio
import queue
import threading
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

        Cancelling the wait frees a question not begun, and ends one that is being worked on at its next step.
        """
        question = _Question()
        waiting = self._threads.submit(self._answer, kind, request, question)
        try:
            return await asyncio.wrap_future(waiting)
        except asyncio.CancelledError:
            question.withdraw()
            raise

    def _answer(self, kind: str, request: dict[str, Any], question: _Question) -> str:
        work = Work(kind, *self._prepare(request))
        try:
            worker = self._idle.get_nowait()
        except queue.Empty:
            worker = self._hired()
        if not worker.usable:
            self._dismiss(worker)
            worker = self._hired()
        try:
            came = worker.do(work, self._limits.quick_wall_s) if question.begin(worker) else _WITHDRAWN
        finally:
            question.end()
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


_WITHDRAWN = Failure("superseded", "nobody waits for it any more")


class _Question:
    """One question on its way: who withdraws it ends the work on it, wherever it is."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._worker: Worker | None = None
        self._withdrawn = False

    def begin(self, worker: Worker) -> bool:
        """Note who works on it; return whether somebody still waits."""
        with self._lock:
            self._worker = worker
            return not self._withdrawn

    def end(self) -> None:
        """Note that nobody works on it any more."""
        with self._lock:
            self._worker = None

    def withdraw(self) -> None:
        """End the work on it; the lock keeps the worker from the next question until it has been told."""
        with self._lock:
            self._withdrawn = True
            if self._worker is not None:
                self._worker.supersede()
