"""Read a small text file that a user gives; what cannot be read is one fault with its remedy."""

from __future__ import annotations

from pathlib import Path

from millwright.scenario.faults import Fault, ScenarioError

LARGEST_FILE_BYTES = 1 << 20
"""A larger file is refused: long lists belong into tables beside it."""


def read_text_file(path: Path, what: str, too_large: str) -> str:
    """Return the UTF-8 text of the file `path`, which should be `what` (such as `a scenario (YAML)`).

    Raises ScenarioError when it is missing, unreadable, no UTF-8, or larger than 1 MiB (`too_large`: what to do then).
    """
    file = str(path)
    try:
        if not path.is_file():
            found = "this is a folder, not a file" if path.is_dir() else "there is no such file"
            raise ScenarioError([Fault(found, f"Give the path of {what}.", file=file)])
        size = path.stat().st_size
        if size > LARGEST_FILE_BYTES:
            noun = what.split(" (")[0]
            found = f"the file is {size / 2**20:,.1f} MiB; {noun} has {LARGEST_FILE_BYTES >> 20} MiB at most"
            raise ScenarioError([Fault(found, too_large, file=file)])
        contents = path.read_bytes()
    except OSError as error:
        raise ScenarioError([Fault(f"cannot be read: {error.strerror}", "Check its rights.", file=file)]) from None
    try:
        return contents.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = contents.count(b"\n", 0, error.start) + 1
        column = error.start - contents.rfind(b"\n", 0, error.start)
        fault = Fault("this is no UTF-8 text", "Save the file as UTF-8.", file=file, line=line, column=column)
        raise ScenarioError([fault]) from None
