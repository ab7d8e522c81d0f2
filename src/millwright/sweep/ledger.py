"""The finished cells of a sweep, in a file that only grows: what is in it is never lost and never done again.

Each line is one cell's answer as JSON, forced to disk before the next one begins. A process killed in the middle of a
line leaves a torn last line, which the next one cuts off. One process at a time holds the file.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from millwright.errors import InputError
from millwright.sweep.answer import Row

FILE = "cells.jsonl"
_FORM = "millwright sweep 1"


class Ledger:
    """The ledger in a sweep's folder, open for one process. `rows` are the finished cells by fingerprint."""

    def __init__(self, folder: Path, today: dt.date) -> None:
        self._path = folder / FILE
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = open(self._path, "a+b")  # noqa: SIM115 - held open as long as the ledger is
        except OSError as error:
            raise InputError(
                f"the folder cannot be written: {error.strerror}", str(folder), "Choose another."
            ) from None
        try:
            _lock(self._file.fileno())
        except OSError:
            self._file.close()
            raise InputError("another sweep is writing here", str(folder), "Wait for it, or choose another.") from None
        self.rows: dict[str, Row] = {}
        self.as_of = today
        self._read()

    def add(self, fingerprint: str, row: Row) -> None:
        """Keep the answer of a finished cell; it is on disk when this returns."""
        self._write({"cell": fingerprint, "row": row})
        self.rows[fingerprint] = row

    def close(self) -> None:
        """Let go of the file, and of the claim on it."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _read(self) -> None:
        """Read the finished cells, and the day as of which the sweep was begun: it is planned to its end as of then."""
        self._file.seek(0)
        whole = 0
        for number, line in enumerate(self._file, start=1):
            if not line.endswith(b"\n"):
                break  # torn by a kill
            try:
                entry = json.loads(line)
                if number == 1:
                    if entry["form"] != _FORM:
                        raise ValueError(entry["form"])
                    self.as_of = dt.date.fromisoformat(entry["as_of"])
                else:
                    self.rows[entry["cell"]] = entry["row"]
            except (ValueError, KeyError, TypeError):
                raise InputError(
                    "this line is no cell of a sweep", f"{self._path}:{number}", "Choose another folder."
                ) from None
            whole += len(line)
        self._file.truncate(whole)
        self._file.seek(0, os.SEEK_END)
        if whole == 0:
            self._write({"form": _FORM, "as_of": self.as_of.isoformat()})

    def _write(self, entry: dict[str, object]) -> None:
        self._file.write(json.dumps(entry, ensure_ascii=False, allow_nan=False).encode("utf-8") + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())


def _lock(descriptor: int) -> None:
    """Claim an open file for this process, until it is closed or the process ends. Raises OSError if it is claimed."""
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        return
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
