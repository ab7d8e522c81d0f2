"""Files that are either whole or as they were: an interruption or a full disk leaves nothing half-written."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from millwright.errors import InputError

REMEDY = "Check the name, the rights and the free space, or choose another place."


def write_whole(path: Path, content: bytes) -> None:
    """Write `content` to `path` through a temporary file beside it; folders that are missing are made.

    A link is followed; what is no file of its own, such as a pipe or /dev/null, is written as it stands. Raises
    InputError that names the file and what the system said.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():
            path.write_bytes(content)  # a folder is refused here
        else:
            _replace(Path(os.path.realpath(path)), content)
    except OSError as error:
        raise InputError(f"the file cannot be written: {error.strerror or error}", str(path), REMEDY) from None


def check_writable(path: Path) -> None:
    """Refuse, before the work, a file that `write_whole` would refuse after it. Raises InputError."""
    nearest = next(folder for folder in path.absolute().parents if folder.exists())
    if path.is_dir():
        reason = "it is a folder"
    elif not nearest.is_dir():
        reason = f"{nearest} is no folder"
    elif not os.access(nearest, os.W_OK):
        reason = f"you have no right to write in {nearest}"
    else:
        return
    raise InputError(f"the file cannot be written: {reason}", str(path), REMEDY)


def _replace(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name[:200]}.{secrets.token_hex(4)}.part")
    try:
        with open(temporary, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:  # Ctrl-C too: what is begun is taken away again
        temporary.unlink(missing_ok=True)
        raise
