"""One worker process: it is given work, tells how far it is, and gives back a result, a fault, or dies alone.

Whatever comes from outside (scenarios, traces, model configurations) is read here and never in the server itself: with
a limit on memory and time, without network, and with no files but those that came with the work.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeAlias

from millwright.web.outcome import Failure, Result

Tell: TypeAlias = Callable[[str, int, int], None]
"""Told what is done, how many of it are done, and how many there are."""

_PRELOADED = "millwright.web.work.warm"
"""Loaded once in the process that workers are forked from, so that a new worker is ready in milliseconds."""


@dataclass(frozen=True)
class Work:
    """What a worker is given: the kind of work, what was asked as plain JSON, and the files that came with it."""

    kind: str
    request: dict[str, Any]
    files: tuple[tuple[str, bytes], ...] = field(default=(), repr=False)
    """Names (checked: they stay below one folder) and contents."""


class Worker:
    """A process that does one piece of work after another. Not for several threads at once, but for `stop`."""

    def __init__(self, memory_bytes: int) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([_PRELOADED])
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, memory_bytes), daemon=True)
        self._process.start()
        theirs.close()
        self._stopped = threading.Event()
        self._sending = threading.Lock()
        self._number = 0
        self._running = False

    @property
    def usable(self) -> bool:
        """Return whether the process still takes work."""
        return not self._stopped.is_set() and self._process.is_alive()

    def do(self, work: Work, wall_s: float, tell: Tell = lambda what, done, of: None) -> Result | Failure:
        """Return what came of the work within `wall_s`; whoever calls `stop` meanwhile ends it."""
        ends_s = time.monotonic() + wall_s
        with tempfile.TemporaryDirectory(prefix="millwright-work-") as folder:
            try:
                _lay_out(work.files, Path(folder))
            except OSError as error:
                return Failure("input", f"the files cannot lie beside each other: {error.strerror}", "attachments")
            try:
                self._begin(work, folder)
                while self._connection.poll(max(ends_s - time.monotonic(), 0.0)):
                    told = self._connection.recv()
                    if isinstance(told, Result | Failure):
                        return told
                    tell(*told)
            except (EOFError, OSError):
                return self._death()
            finally:
                with self._sending:
                    self._running = False
                if time.monotonic() >= ends_s:
                    self.stop()
        return Failure(
            "limit", f"it took longer than {wall_s:g} s and was stopped", remedy="Ask for less: fewer or shorter."
        )

    def supersede(self) -> None:
        """Have the work that is being done end at its next step, from any thread; the process lives on, still warm."""
        with self._sending:
            if self._running:
                with contextlib.suppress(OSError):  # it has died meanwhile, and `do` says so
                    self._connection.send(self._number)

    def stop(self) -> None:
        """End the process, whatever it is doing."""
        self._stopped.set()
        self._process.kill()
        self._process.join()

    def _begin(self, work: Work, folder: str) -> None:
        with self._sending:
            self._number += 1
            self._running = True
            self._connection.send((self._number, work.kind, work.request, folder))

    def _death(self) -> Failure:
        if self._stopped.is_set():
            return Failure("limit", "it was stopped")
        self.stop()
        return Failure(
            "limit",
            "the worker ended without an answer, most likely for want of memory",
            remedy="Ask for less at once, or have the limits of the server raised.",
        )


def _lay_out(files: tuple[tuple[str, bytes], ...], folder: Path) -> None:
    for name, content in files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


# --- in the worker's own process -------------------------------------------------------------------------------


def _serve(connection: Connection, memory_bytes: int) -> None:
    from millwright.web.walls import end_with_parent, forbid_network, limit_memory
    from millwright.web.work.warm import warm_up

    end_with_parent()
    os.environ["OMP_NUM_THREADS"] = "1"
    warm_up()
    forbid_network()
    limit_memory(memory_bytes)
    try:
        while True:
            said = connection.recv()
            if isinstance(said, int):
                continue  # work that is not wanted any more, but has ended already
            number, kind, request, folder = said
            connection.send(_answer(kind, request, Path(folder), _teller(connection, number)))
    except (EOFError, OSError, KeyboardInterrupt):
        return  # the server has gone, and with it whoever asked


def _teller(connection: Connection, number: int) -> Tell:
    """Return how work tells how far it is; the one that is not wanted any more is ended there."""

    def tell(what: str, done: int, of: int) -> None:
        from millwright.plan.what_if import SupersededError

        connection.send((what, done, of))
        while connection.poll():
            if connection.recv() == number:
                raise SupersededError

    return tell


def _answer(kind: str, request: dict[str, Any], folder: Path, tell: Tell) -> Result | Failure:
    import json
    import traceback

    from millwright.errors import InputError
    from millwright.plan.what_if import SupersededError
    from millwright.scenario.folder import walled_in
    from millwright.web.outcome import failure_of
    from millwright.web.work.kinds import KINDS

    try:
        asked = KINDS[kind].request.model_validate(request)
        with walled_in(folder):
            document = KINDS[kind].run(asked, folder, tell)
        return Result(json.dumps(document, ensure_ascii=False, allow_nan=False))
    except InputError as error:
        return _without_folder(failure_of(error), folder)
    except SupersededError:
        return Failure("superseded", "a newer question has come")
    except MemoryError:
        return Failure("limit", "it needs more memory than the server gives one job", remedy="Ask for less at once.")
    except (BrokenPipeError, ConnectionError):
        raise
    except Exception as error:  # noqa: BLE001 - a defect in one job must not take the worker's others with it
        traceback.print_exc()
        return Failure(
            "defect", f"a defect of Millwright: {type(error).__name__}: {error}", remedy="Report it, please."
        )


def _without_folder(failure: Failure, folder: Path) -> Failure:
    """Return the failure without the temporary folder's path, which means nothing to the asker."""
    from dataclasses import replace

    def bare(text: str) -> str:
        return text.replace(f"{folder}/", "").replace(str(folder), ".")

    faults = tuple(replace(each, what=bare(each.what), remedy=bare(each.remedy)) for each in failure.faults)
    return replace(
        failure, what=bare(failure.what), where=bare(failure.where), remedy=bare(failure.remedy), faults=faults
    )
