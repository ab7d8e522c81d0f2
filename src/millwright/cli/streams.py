"""Output whose reader may leave, as `| head` does: what is written after that goes nowhere, and the command ends as
it would have. Rich, Typer and Python itself each make an error of it otherwise, and the exit status a lie.
"""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class _LeavableFile(io.FileIO):
    """A file descriptor that becomes the null device once nobody reads it."""

    def write(self, data: ReadableBuffer, /) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            return super().write(data)


def let_readers_leave() -> None:
    """Let stdout and stderr outlive their readers, where they are files of the system."""
    sys.stdout, sys.stderr = _leavable(sys.stdout), _leavable(sys.stderr)


def _leavable(stream: TextIO) -> TextIO:
    try:
        descriptor = stream.fileno()
    except (AttributeError, OSError, ValueError):  # none at all, or a test's own
        return stream
    stream.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(_LeavableFile(descriptor, "w", closefd=False)),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream is sys.stderr or stream.isatty(),
    )
