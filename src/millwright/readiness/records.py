"""Read records one at a time from JSON lines, CSV, text, Parquet or a folder; what cannot be read is told."""

from __future__ import annotations

import csv
import datetime as dt
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from millwright.errors import InputError

LONGEST_LINE_BYTES = 64 << 20
PARQUET_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class Record:
    """One record: its line (row, for Parquet; from 1) and its values by column. `mended`: it was not UTF-8.

    `about` is what is known of it besides its content, such as the path of a document.
    """

    line: int
    values: dict[str, Any]
    mended: bool = False
    about: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Broken:
    """A line (of a folder, a file by its number) that is no record, and why."""

    line: int
    why: str


@dataclass(slots=True)
class Position:
    """How far a reader is in its data [byte]; the reader moves it."""

    done_bytes: int = 0


def read_records(path: Path, position: Position | None = None) -> Iterator[Record | Broken]:
    """Yield every record of a file and every line that is none, in order.

    The form goes by the name: .jsonl and .ndjson (and .json with one object a line), .csv and .tsv, .parquet; any
    other is text, a record a line. Of a folder, each file is a record, with its path and the day of its last change.
    Raises InputError when there is no such file, or it is no text. `position` is moved along.
    """
    at = position or Position()
    if path.is_dir():
        return _folder(path, at)
    if not path.is_file():
        raise InputError(
            "there is no such file", str(path), "Give a JSON lines, CSV, Parquet or text file, or a folder."
        )
    suffix = path.suffix.casefold()
    if suffix == ".parquet":
        return _parquet(path, at)
    if suffix in (".csv", ".tsv"):
        return _csv(path, at, "\t" if suffix == ".tsv" else ",")
    if suffix in (".jsonl", ".ndjson", ".json"):
        return _json_lines(path, at)
    with path.open("rb") as file:
        start = file.read(8192)
    if _decoded(start)[0] is None:
        raise InputError(f"this is no text but {_form(start)}", str(path), "Convert it to text first.")
    return _text(path, at)


def size_of_data(path: Path) -> int:
    """Return the bytes of a file, or of all files below a folder that `read_records` reads."""
    return sum(file.stat().st_size for file in _files(path)) if path.is_dir() else path.stat().st_size


def _files(folder: Path) -> Iterator[Path]:
    """Yield all files below a folder in order of their paths; what is hidden, and links, are passed over."""
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        for name in sorted(names):
            path = Path(parent) / name
            if not name.startswith(".") and path.is_file() and not path.is_symlink():
                yield path


def _folder(folder: Path, at: Position) -> Iterator[Record | Broken]:
    """Yield every file below a folder as a document: its path, its text, and the day it was last changed."""
    for number, path in enumerate(_files(folder), 1):
        name = str(path.relative_to(folder))
        try:
            stat = path.stat()
            at.done_bytes += stat.st_size
            if stat.st_size > LONGEST_LINE_BYTES:
                yield Broken(number, f"{name}: the file is larger than {LONGEST_LINE_BYTES >> 20} MiB")
                continue
            raw = path.read_bytes()
        except OSError as error:
            yield Broken(number, f"{name}: {error.strerror}")
            continue
        text, mended = _decoded(raw)
        if text is None:
            yield Broken(number, f"{name}: no text but {_form(raw)}; convert it to text first")
            continue
        changed = dt.datetime.fromtimestamp(stat.st_mtime, dt.UTC).date()
        yield Record(number, {"text": text}, mended, {"path": name, "modified": changed})


def _decoded(raw: bytes) -> tuple[str | None, bool]:
    """Return the text of a file and whether it was not UTF-8; None where it is no text."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", errors="replace"), True
    if b"\0" in raw[:8192] or raw.startswith(b"%PDF-"):
        return None, False
    try:
        return raw.decode("utf-8-sig"), False
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace"), True


_FORMS = ((b"%PDF-", "a PDF"), (b"PK\x03\x04", "a ZIP or office file"), (b"\xd0\xcf\x11\xe0", "an old office file"))


def _form(raw: bytes) -> str:
    return next((name for start, name in _FORMS if raw.startswith(start)), "bytes")


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    text: str
    mended: bool


def _lines(path: Path, at: Position) -> Iterator[_Line | Broken]:
    """Yield the lines as text: UTF-8, or UTF-16 with its mark; bytes that are neither are read as Windows-1252."""
    with path.open("rb") as file:
        mark = file.read(3)
        if mark[:2] in (b"\xff\xfe", b"\xfe\xff"):
            yield from _utf16_lines(path, at)
            return
        if mark != b"\xef\xbb\xbf":
            file.seek(0)
        number = 0
        while True:
            raw = file.readline(LONGEST_LINE_BYTES)
            if not raw:
                return
            number += 1
            at.done_bytes += len(raw)
            if len(raw) == LONGEST_LINE_BYTES and not raw.endswith(b"\n"):
                while (rest := file.readline(1 << 20)) and not rest.endswith(b"\n"):
                    pass
                yield Broken(number, f"the line is longer than {LONGEST_LINE_BYTES >> 20} MiB")
                continue
            try:
                yield _Line(number, raw.decode("utf-8"), False)
            except UnicodeDecodeError:
                yield _Line(number, raw.decode("cp1252", errors="replace"), True)


def _utf16_lines(path: Path, at: Position) -> Iterator[_Line | Broken]:
    with path.open(encoding="utf-16", errors="replace", newline="") as file:
        number = 0
        while text := file.readline(LONGEST_LINE_BYTES):
            number += 1
            at.done_bytes += 2 * len(text)
            yield _Line(number, text, True)


def _json_lines(path: Path, at: Position) -> Iterator[Record | Broken]:
    for line in _lines(path, at):
        if isinstance(line, Broken):
            yield line
        elif line.text.strip():
            try:
                value = json.loads(line.text)
            except (ValueError, RecursionError) as error:
                why = f"{error.msg} (column {error.colno})" if isinstance(error, json.JSONDecodeError) else str(error)
                yield Broken(line.number, f"no JSON: {why}")
                continue
            yield Record(line.number, value if isinstance(value, dict) else {"value": value}, line.mended)


def _text(path: Path, at: Position) -> Iterator[Record | Broken]:
    for line in _lines(path, at):
        if isinstance(line, Broken):
            yield line
        elif text := line.text.strip():
            yield Record(line.number, {"text": text}, line.mended)


def _csv(path: Path, at: Position, delimiter: str) -> Iterator[Record | Broken]:
    """Yield the rows; a row of another width than the head is broken. Cells may hold line breaks."""
    csv.field_size_limit(LONGEST_LINE_BYTES)
    told: list[Broken] = []
    mended: list[int] = []

    def texts() -> Iterator[str]:
        for line in _lines(path, at):
            if isinstance(line, Broken):
                told.append(line)
                yield "\n"  # keeps the numbering of lines
            else:
                if line.mended:
                    mended.append(line.number)
                yield line.text

    reader = csv.reader(texts(), delimiter=delimiter)
    head: list[str] | None = None
    while True:
        start = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            yield Broken(start, f"no CSV: {error}")
            continue
        yield from told
        told.clear()
        if cells is None:
            return
        if not any(cells):
            continue
        if head is None:
            head = cells
        elif len(cells) != len(head):
            yield Broken(start, f"{len(cells)} cells where the head has {len(head)}")
        else:
            yield Record(start, dict(zip(head, cells, strict=True)), bool(mended))
        mended.clear()


def _parquet(path: Path, at: Position) -> Iterator[Record | Broken]:
    import polars as pl

    try:
        frame = pl.scan_parquet(path)
        rows = int(frame.select(pl.len()).collect().item())
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(f"this is no Parquet file ({error})", str(path)) from None
    for start in range(0, rows, PARQUET_ROWS):
        part = frame.slice(start, PARQUET_ROWS).collect()
        at.done_bytes = path.stat().st_size * min(start + PARQUET_ROWS, rows) // rows
        for offset, values in enumerate(part.iter_rows(named=True)):
            yield Record(start + offset + 1, values)
