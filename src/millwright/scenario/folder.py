"""The files a scenario names: looked up from its own folder, and nowhere else where walls stand around it.

At a terminal a scenario may name any file its reader may read. A server reads scenarios of strangers; there `walled_in`
makes sure that no name (`/etc/passwd`, `../other`) leads out of the folder, whichever part of the program looks it up.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from millwright.errors import InputError

_walls: list[Path] = []
"""The folders around which walls stand; of the whole process, for a worker does one piece of work at a time."""


@contextlib.contextmanager
def walled_in(folder: Path) -> Iterator[None]:
    """Let scenarios name no file outside `folder` while this lasts."""
    _walls.append(folder.resolve())
    try:
        yield
    finally:
        _walls.pop()


def beside(folder: Path, name: str) -> Path:
    """Return the path of the file that a scenario in `folder` names; raises InputError where walls stand before it."""
    path = folder / name
    if _walls:
        try:
            inside = path.resolve().is_relative_to(_walls[-1])
        except (OSError, ValueError, RuntimeError):  # a name that no file can have, or links that go round
            inside = False
        if not inside:
            raise InputError(
                f"'{name}' is not among the files that came with the scenario",
                remedy="Upload the file, and name it without a folder.",
            )
    return path
