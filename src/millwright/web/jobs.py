"""Jobs: long work as a resource. It is written down before it begins, told of while it runs, and can be cancelled.

A job is a row of the library, so it outlives the server: one that waited is begun when the server is back, one that ran
is marked interrupted.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
import threading
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from millwright.errors import InputError
from millwright.web.library.rows import JobRow, JobState
from millwright.web.library.store import Library, now
from millwright.web.outcome import Failure
from millwright.web.settings import Limits
from millwright.web.worker import Work, Worker

Job = JobRow

Prepare = Callable[[dict[str, Any]], tuple[dict[str, Any], tuple[tuple[str, bytes], ...]]]
"""From a request to the same with every upload it names, and to the files."""


class TooManyJobsError(InputError):
    """So many jobs wait already that no more are taken."""


class Jobs:
    """The jobs of one server, each run by a worker process of its own."""

    def __init__(self, library: Library, limits: Limits, prepare: Prepare = lambda request: (request, ())) -> None:
        self._library, self._limits, self._prepare = library, limits, prepare
        self._threads = ThreadPoolExecutor(limits.jobs_at_once, thread_name_prefix="job")
        self._lock = threading.Lock()
        self._live: dict[str, Job] = {}
        """Jobs that have not ended, as of this moment; how far they are is not written down at every step."""
        self._workers: dict[str, Worker] = {}
        self._ending: set[str] = set()
        self._listeners: dict[str, list[_Listener]] = {}
        self._closing = False

    def start(self) -> None:
        """Take up what an earlier server left: begin what waited, mark what ran as interrupted, forget what is old."""
        self._library.forget_jobs(now() - dt.timedelta(days=self._limits.job_days))
        for each in self._library.jobs(JobState.RUNNING):
            self._library.change_job(each.id, state=JobState.INTERRUPTED.value, ended_at=now())
        for each in reversed(self._library.jobs(JobState.WAITING)):
            self._begin(each)

    def close(self) -> None:
        """Stop; what runs is marked interrupted, what waits will be begun by the next server."""
        with self._lock:
            self._closing = True
            workers = list(self._workers.values())
        for worker in workers:
            worker.stop()
        self._threads.shutdown(wait=True, cancel_futures=True)

    def submit(self, kind: str, request: dict[str, Any], by: str = "") -> Job:
        """Write a job down and have it done; raises TooManyJobsError, and InputError where its files are not there."""
        with self._lock:
            waiting = sum(each.state is JobState.WAITING for each in self._live.values())
        if waiting >= self._limits.jobs_waiting:
            raise TooManyJobsError(f"{waiting} jobs wait already", remedy="Ask again when some are done.")
        request, _ = self._prepare(request)
        job = self._library.add_job(kind, json.dumps(request, ensure_ascii=False), by)
        self._begin(job)
        return job

    def job(self, id_: str) -> Job:
        """Return a job as it is now; raises NotThereError."""
        with self._lock:
            live = self._live.get(id_)
        return live if live is not None else self._library.job(id_)

    def result(self, id_: str, kind: str) -> str:
        """Return what came of a job of that kind; raises NotThereError, and InputError where there is none."""
        job = self.job(id_)
        if job.kind != kind:
            raise InputError(f"the job is one of '{job.kind}', not of '{kind}'", id_)
        if job.result is None:
            raise InputError(f"the job has no result: it is {job.state}", id_, "Wait until it is done.")
        return job.result

    def cancel(self, id_: str) -> Job:
        """End a job, whatever it is doing; one that has ended stays as it is. Raises NotThereError."""
        with self._lock:
            live, worker = self._live.get(id_), self._workers.get(id_)
        if live is None:
            return self._library.job(id_)
        self._end(id_, JobState.CANCELLED)
        if worker is not None:
            worker.stop()
        return self._library.job(id_)

    async def events(self, id_: str) -> AsyncGenerator[Job, None]:
        """Yield the job as it is now, and again whenever it has changed, until it has ended; raises NotThereError."""
        listener = _Listener(asyncio.get_running_loop())
        with self._lock:
            self._listeners.setdefault(id_, []).append(listener)
        try:
            job = self.job(id_)
            yield job
            while not job.state.ended:
                job = await listener.next()
                yield job
        finally:
            with self._lock:
                self._listeners[id_].remove(listener)
                if not self._listeners[id_]:
                    del self._listeners[id_]

    async def ended(self, id_: str) -> Job:
        """Wait until a job has ended and return it; raises NotThereError."""
        async with contextlib.aclosing(self.events(id_)) as events:
            async for job in events:
                if job.state.ended:
                    return job
        raise AssertionError("events end with the job")

    # --- how ---

    def _begin(self, job: Job) -> None:
        with self._lock:
            self._live[job.id] = job
        self._threads.submit(self._run, job)

    def _run(self, job: Job) -> None:
        started = now()
        # written down before it is told: who hears that it runs finds it interrupted if the server dies
        if not self._library.begin_job(job.id, started):
            return  # cancelled while it waited
        if not self._change(job.id, state=JobState.RUNNING, started_at=started):
            return  # cancelled just now
        request = json.loads(job.request)
        try:
            request, files = self._prepare(request)
        except InputError as error:
            self._end(job.id, JobState.FAILED, Failure("input", error.what, error.where, error.remedy))
            return
        worker = Worker(self._limits.job_memory_bytes)
        with self._lock:
            self._workers[job.id] = worker
            unwanted = job.id not in self._live or self._closing
        if unwanted:
            worker.stop()
        try:
            came = worker.do(
                Work(job.kind, request, files),
                self._limits.job_wall_s,
                lambda what, done, of: self._tell(job.id, what, done, of),
            )
        except Exception as error:  # noqa: BLE001 - no job may run for ever because its thread has died
            came = Failure("defect", f"a defect of Millwright: {type(error).__name__}: {error}")
        finally:
            with self._lock:
                del self._workers[job.id]
            worker.stop()
        if self._closing and isinstance(came, Failure):
            self._end(job.id, JobState.INTERRUPTED)
        elif isinstance(came, Failure):
            self._end(job.id, JobState.FAILED, came)
        else:
            self._end(job.id, JobState.DONE, result=came.text)

    def _tell(self, id_: str, what: str, done: int, of: int) -> None:
        self._change(id_, what=what, done=done, of=of)

    def _change(self, id_: str, **columns: Any) -> bool:
        """Change a job that has not ended and tell its listeners; return whether there was one."""
        with self._lock:
            job = self._live.get(id_)
            if job is None:
                return False
            job = self._live[id_] = replace(job, **columns)
            listeners = list(self._listeners.get(id_, ()))
        for listener in listeners:
            listener.hear(job)
        return True

    def _end(self, id_: str, state: JobState, fault: Failure | None = None, result: str | None = None) -> None:
        """Write the end of a job down, then tell it: who hears that it is done finds its result."""
        with self._lock:
            job = self._live.get(id_)
            if job is None or id_ in self._ending:
                return  # it has ended already, as one that was cancelled while it finished
            self._ending.add(id_)
        why = None if fault is None else fault.as_json()
        ended = now()
        self._library.change_job(
            id_, state=state.value, ended_at=ended, fault=why, result=result, what=job.what, done=job.done, of=job.of
        )
        self._change(id_, state=state, ended_at=ended, fault=why, result=result)
        with self._lock:
            self._live.pop(id_, None)
            self._ending.discard(id_)


class _Listener:
    """One who waits for news of a job, in the event loop it belongs to. Old news is dropped for new."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._news: Job | None = None
        self._came = asyncio.Event()

    def hear(self, job: Job) -> None:
        """Take news, from any thread."""
        with contextlib.suppress(RuntimeError):  # the loop has been closed, and nobody waits any more
            self._loop.call_soon_threadsafe(self._take, job)

    def _take(self, job: Job) -> None:
        self._news = job
        self._came.set()

    async def next(self) -> Job:
        """Return the latest news not yet heard."""
        await self._came.wait()
        self._came.clear()
        assert self._news is not None
        return self._news
