"""Output whose reader may leave, as `| head` does, or whose disk may be full, as that of `> report.txt`.

What is written to a reader that left goes nowhere, and the command ends as it would have. What cannot be written for
any other reason is told once, as an error of the input. Rich, Typer and Python itself each make a traceback of either,
and the exit status a lie.
"""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING, TextIO

from millwright.errors import InputError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


_STDERR = 2
"""The descriptor on which errors are told: where it fails, there is nobody left to tell."""


class _GuardedFile(io.FileIO):
    """A file descriptor that becomes the null device once it cannot be written."""

    def write(self, data: ReadableBuffer, /) -> int:
        try:
            return super().write(data)
        except OSError as error:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            if isinstance(error, BrokenPipeError) or self.fileno() == _STDERR:
                return super().write(data)
            remedy = "Free some space, or send the output elsewhere."
            raise InputError(f"what is printed cannot be written: {error.strerror}", "stdout", remedy) from None


def guard_output() -> None:
    """Guard stdout and stderr, where they are files of the system. A failure of stdout raises InputError once."""
    sys.stdout, sys.stderr = _guarded(sys.stdout), _guarded(sys.stderr)


def print_out() -> None:
    """Write what is still held back, while a failure can be told. Raises InputError as `guard_output` says."""
    if sys.stdout is not None:
        sys.stdout.flush()


def _guarded(stream: TextIO) -> TextIO:
    try:
        descriptor = stream.fileno()
    except (AttributeError, OSError, ValueError):  # none at all, or a test's own
        return stream
    stream.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(_GuardedFile(descriptor, "w", closefd=False)),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream is sys.stderr or stream.isatty(),
    )
