"""Numba, set up once: the engine's functions are compiled on first use and kept on disk.

The compiled code lies beside the source; where that is read-only (a system install, a container), in Numba's cache of
the user; where there is no writable home either, in a folder of the user's own under the system's temporary folder.
`NUMBA_CACHE_DIR` overrides all three.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

Function = TypeVar("Function", bound=Callable[..., Any])


def _cache_folder() -> str | None:
    """Return the folder to tell Numba, or None where its own choice will do."""
    here = Path(__file__).parent
    beside = here / "__pycache__"
    if os.access(beside if beside.exists() else here, os.W_OK):
        return None
    home = Path.home()
    while not home.exists():
        home = home.parent
    if os.access(home, os.W_OK):
        return None
    return _own_temporary_folder()


def _own_temporary_folder() -> str:
    """Return a temporary folder that only this user can have written to: code is loaded from it."""
    user = os.getuid() if hasattr(os, "getuid") else 0
    folder = Path(tempfile.gettempdir()) / f"millwright-numba-{user}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    is_own = stat.S_ISDIR(found.st_mode) and found.st_uid == user and not found.st_mode & 0o022
    return str(folder) if is_own or not hasattr(os, "getuid") else tempfile.mkdtemp(prefix="millwright-numba-")


if "NUMBA_CACHE_DIR" not in os.environ and (_folder := _cache_folder()) is not None:
    os.environ["NUMBA_CACHE_DIR"] = _folder


def _drop_stale_code() -> None:
    """Remove compiled code older than the newest source: Numba looks at a function's own file, not at what it calls."""
    here = Path(__file__).parent
    newest = max(source.stat().st_mtime for source in here.glob("*.py"))
    for index in (here / "__pycache__").glob("*.nbi"):
        with contextlib.suppress(OSError):
            if index.stat().st_mtime < newest:
                index.unlink()


_drop_stale_code()

import numba  # noqa: E402  (it reads the environment when imported)


def _import_arrays_without_blas() -> None:
    """Import Numba's functions on arrays as where there is no BLAS: to look for one it imports SciPy, a sixth of a run.

    The engine multiplies no matrices.
    """
    from numba.np import linalg

    def absent() -> None:
        raise ImportError

    look = linalg.ensure_blas
    linalg.ensure_blas = absent
    try:
        importlib.import_module("numba.np.arraymath")
    finally:
        linalg.ensure_blas = look


_import_arrays_without_blas()


def compiled(function: Function) -> Function:
    """Compile a function on first use and keep the result on disk; divisions by zero give infinities, as in NumPy.

    Nothing compiled here makes an array, so none counts references to arrays (`_nrt`): the engine is three times as
    fast without. A function that does make one fails to compile.
    """
    return cast(Function, numba.njit(cache=True, nogil=True, error_model="numpy", _nrt=False)(function))


def inlined(function: Function) -> Function:
    """Compile a small function into its callers."""
    return cast(Function, numba.njit(error_model="numpy", _nrt=False, forceinline=True)(function))


def spliced(function: Function) -> Function:
    """Copy a large function into its caller before that is compiled: on its own it would be compiled once more."""
    return cast(Function, numba.njit(inline="always", error_model="numpy", _nrt=False)(function))
