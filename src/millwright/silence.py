"""Silence on the C library's standard output, for solvers that print whatever their options say.

HiGHS 1.12 prints a line of its own debugging (its issue 2783, mended in later versions), which would stand in the
middle of a plan written to standard output. It prints through C's `stdout`, which Python's own output does not use: so
that variable alone is pointed elsewhere, and what other threads print meanwhile is not lost.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_within = 0
_usual: int | None = None


@contextmanager
def c_output_silenced() -> Iterator[None]:
    """Send what C code prints nowhere while any thread is within; does nothing where C's `stdout` cannot be set."""
    global _within, _usual
    stdout = _c_stdout()
    if stdout is None:
        yield
        return
    with _lock:
        if not _within:
            _usual, stdout.value = stdout.value, _nowhere()
        _within += 1
    try:
        yield
    finally:
        with _lock:
            _within -= 1
            if not _within:
                stdout.value = _usual


def _c_stdout() -> ctypes.c_void_p | None:
    """Return C's variable `stdout`; None where it is a constant (musl) or not to be found (Windows)."""
    if sys.platform == "win32":
        return None
    library = ctypes.CDLL(None)
    if sys.platform == "darwin":
        return ctypes.c_void_p.in_dll(library, "__stdoutp")
    return ctypes.c_void_p.in_dll(library, "stdout") if hasattr(library, "gnu_get_libc_version") else None


_opened: list[int] = []


def _nowhere() -> int:
    """Return C's handle of a file that forgets what is written to it, opened once."""
    if not _opened:
        fopen = ctypes.CDLL(None).fopen
        fopen.restype = ctypes.c_void_p
        _opened.append(fopen(os.devnull.encode(), b"w"))
    return _opened[0]
