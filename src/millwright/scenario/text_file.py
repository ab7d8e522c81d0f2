"""Read a text file that a user gives; what cannot be read is told in the same words everywhere, with its remedy."""

from __future__ import annotations

from pathlib import Path

from millwright.scenario.faults import Fault, ScenarioError
from millwright.spreadsheet import WORKBOOK

LARGEST_FILE_BYTES = 1 << 20
"""A larger scenario is refused: long lists belong into tables beside it."""


def require_file(path: Path, what: str) -> None:
    """Raise ScenarioError where `path`, which should be `what` (such as `a table (CSV)`), is a folder or not there."""
    if not path.is_file() and not path.is_fifo():
        found = "this is a folder, not a file" if path.is_dir() else "there is no such file"
        raise ScenarioError([Fault(found, f"Give the path of {what}.", file=str(path))])


def read_text_file(
    path: Path, what: str, too_large: str = "Is it the right file?", most_bytes: int = LARGEST_FILE_BYTES
) -> str:
    """Return the UTF-8 text of the file `path`, which should be `what` (such as `a scenario (YAML)`); a pipe will do.

    Raises ScenarioError when it is missing, unreadable, no UTF-8, or larger than `most_bytes` (`too_large`: what to do
    then).
    """
    file = str(path)
    try:
        require_file(path, what)
        size = path.stat().st_size
        contents = path.read_bytes() if size <= most_bytes else b""
    except OSError as error:
        raise ScenarioError([Fault(f"cannot be read: {error.strerror}", "Check its rights.", file=file)]) from None
    if max(size, len(contents)) > most_bytes:
        noun = what.split(" (")[0]
        found = f"the file is {max(size, len(contents)) / 2**20:,.1f} MiB; {noun} has {most_bytes >> 20} MiB at most"
        raise ScenarioError([Fault(found, too_large, file=file)])
    if contents.startswith(WORKBOOK):
        noun = what.split(" (")[0]
        fault = Fault("this is a workbook of Excel or another archive, no text", f"Save {noun} as text.", file=file)
        raise ScenarioError([fault])
    try:
        return contents.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = contents.count(b"\n", 0, error.start) + 1
        column = error.start - contents.rfind(b"\n", 0, error.start)
        fault = Fault("this is no UTF-8 text", "Save the file as UTF-8.", file=file, line=line, column=column)
        raise ScenarioError([fault]) from None
