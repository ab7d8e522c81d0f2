"""Read recorded requests: the Azure LLM trace (CSV), Mooncake (JSONL), any CSV or Parquet with named columns.

A file that cannot be used is refused with the line, what is wrong there and what to do.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from millwright.errors import InputError
from millwright.spreadsheet import saved_by_spreadsheet
from millwright.traffic.lengths import LONGEST_TOKENS
from millwright.traffic.pattern import MOST_REQUESTS
from millwright.traffic.requests import Requests

if TYPE_CHECKING:
    import polars as pl

LARGEST_FILE_BYTES = 4 * 2**30
"""A larger trace is refused: it would not fit beside the simulation in the memory of a small machine."""

LONGEST_LINE_BYTES = 16 * 2**20
MOONCAKE_BLOCK_TOKENS = 512
"""Tokens of one hashed block in Mooncake's traces."""


HASHES = "hash_ids"
_HASHES_HELP = "Give lists of whole numbers, or leave the column out."


class TraceError(InputError):
    """A trace file cannot be used; `.where` is the file and, where one is at fault, its line."""


@dataclass(frozen=True)
class Columns:
    """The columns of a trace that hold the time of arrival, the input and the output tokens."""

    arrival: str
    input: str
    output: str


AZURE = Columns("TIMESTAMP", "ContextTokens", "GeneratedTokens")
OWN = Columns("arrival_s", "input_tokens", "output_tokens")


def read_trace(path: Path, format: str = "auto", columns: Columns | None = None) -> Requests:
    """Return the requests of a trace file, the first arriving at 0.

    `format` is `azure`, `mooncake`, `generic` (with `columns`) or `auto`, which goes by the file's ending and headings.
    Arrival times are seconds or time stamps; Mooncake's are milliseconds. A Parquet column `hash_ids` of lists names
    prefix blocks of 512 tokens, as Mooncake's JSONL does.
    Raises TraceError, with file and line, for a file that is missing, too large, empty, or holds anything but
    ascending times and token counts of one or more.
    """
    _check_size(path)
    ending = path.suffix.casefold()
    if format == "mooncake" or (format == "auto" and ending in (".jsonl", ".ndjson")):
        return _read_mooncake(path)
    if format == "azure":
        columns = AZURE
    return _read_table(path, columns, is_parquet=ending in (".parquet", ".pq"))


def read_lengths(path: Path, column: str | None = None) -> NDArray[np.int64]:
    """Return the lengths [tokens] in a column of a CSV, JSONL or Parquet file, ascending; raises TraceError."""
    _check_size(path)
    table = _load(path, is_parquet=path.suffix.casefold() in (".parquet", ".pq"))
    if column is None:
        if len(table.columns) != 1:
            raise TraceError(
                f"the file has {len(table.columns)} columns: {_listed(table.columns)}",
                str(path),
                "Name one by `column`.",
            )
        column = table.columns[0]
    _check_columns(table, (column,), path)
    return np.sort(_tokens(table, column, path, is_text=_is_text(path)))


def _check_size(path: Path) -> None:
    if not path.is_file():
        what = "is a folder, not a file" if path.is_dir() else "there is no such file"
        raise TraceError(what, str(path), "Give its path relative to the scenario file.")
    size = path.stat().st_size
    if size > LARGEST_FILE_BYTES:
        raise TraceError(
            f"the file is {size / 2**30:,.1f} GiB, more than {LARGEST_FILE_BYTES / 2**30:.0f} GiB",
            str(path),
            "Give a part of it: an hour or a day usually suffices.",
        )
    if size == 0:
        raise TraceError("the file is empty", str(path), "Give a file with at least one request.")


# --- tables ----------------------------------------------------------------------------------------------------


def _is_text(path: Path) -> bool:
    return path.suffix.casefold() not in (".parquet", ".pq")


def _load(path: Path, *, is_parquet: bool) -> pl.DataFrame:
    """Return the table; of a CSV every cell as text, so that a bad one can be named by its line."""
    import polars as pl

    saved = None if is_parquet else saved_by_spreadsheet(path)
    if saved is not None:
        raise TraceError(saved[0], str(path), saved[1])
    try:
        if is_parquet:
            return pl.read_parquet(path, n_rows=MOST_REQUESTS + 1)
        if path.suffix.casefold() in (".jsonl", ".ndjson"):
            return pl.DataFrame([row for _, row in _json_lines(path)], infer_schema_length=None, strict=False)
        return pl.read_csv(path, infer_schema=False, n_rows=MOST_REQUESTS + 1, encoding="utf8")
    except (pl.exceptions.PolarsError, OSError, ValueError, UnicodeError) as error:
        reason = str(error).splitlines()[0][:160]
        kind = "Parquet" if is_parquet else "CSV"
        raise TraceError(
            f"the file cannot be read as {kind}: {reason}", str(path), "Check how it is written."
        ) from None


def _read_table(path: Path, columns: Columns | None, *, is_parquet: bool) -> Requests:
    table = _load(path, is_parquet=is_parquet)
    if len(table) > MOST_REQUESTS:
        raise TraceError(f"more than {MOST_REQUESTS:,} requests", str(path), "Give a part of the trace.")
    if columns is None:
        known = [each for each in (AZURE, OWN) if {each.arrival, each.input, each.output} <= set(table.columns)]
        if not known:
            raise TraceError(
                f"which columns hold what is not clear from the headings {_listed(table.columns)}",
                str(path),
                "Name them: columns: {arrival: …, input: …, output: …}.",
            )
        columns = known[0]
    _check_columns(table, (columns.arrival, columns.input, columns.output), path)
    if not len(table):
        raise TraceError("the trace has no requests", str(path), "Give a file with at least one request.")
    is_text = _is_text(path)
    input_tokens = _tokens(table, columns.input, path, is_text=is_text)
    output_tokens = _tokens(table, columns.output, path, is_text=is_text)
    arrival_s = _arrival_s(table, columns.arrival, path, is_text=is_text)
    requests = _requests(arrival_s, input_tokens, output_tokens, lambda row: _line(path, row, is_text=is_text))
    if HASHES not in table.columns:
        return requests
    blocks, offsets = _hashes(table[HASHES], path, is_text=is_text)
    return replace(requests, prefix_blocks=blocks, prefix_offsets=offsets, prefix_block_tokens=MOONCAKE_BLOCK_TOKENS)


def _hashes(cells: pl.Series, path: Path, *, is_text: bool) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the prefix blocks of a column of lists, one after another, and where each request's begin."""
    import polars as pl

    if not (isinstance(cells.dtype, pl.List) and cells.dtype.inner is not None and cells.dtype.inner.is_integer()):
        where = str(path) if not is_text else f"{path}:1"
        raise TraceError(f"column '{HASHES}' holds no lists of whole numbers but {cells.dtype}", where, _HASHES_HELP)
    sizes = cells.list.len().fill_null(0).to_numpy()
    blocks = cells.explode().drop_nulls().to_numpy().astype(np.int64)
    offsets = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
    if len(blocks) != offsets[-1] or (len(blocks) and blocks.min() < 0):
        raise TraceError(f"column '{HASHES}' holds empty or negative numbers", str(path), _HASHES_HELP)
    return blocks, offsets


def _check_columns(table: pl.DataFrame, wanted: Sequence[str], path: Path) -> None:
    missing = [name for name in wanted if name not in table.columns]
    if missing:
        raise TraceError(
            f"there is no column '{missing[0]}'; the file has {_listed(table.columns)}", str(path), "Name one of these."
        )


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(name[:40] for name in names[:12])
    return shown + (f" and {len(names) - 12} more" if len(names) > 12 else "")


def _line(path: Path, row: int, *, is_text: bool) -> str:
    """Return where row number `row` (from 0) stands: a CSV's first line holds the headings."""
    return f"{path}:{row + 2}" if is_text else f"{path}, row {row + 1}"


def _tokens(table: pl.DataFrame, column: str, path: Path, *, is_text: bool) -> NDArray[np.int64]:
    """Return a column of token counts, each a whole number from 1 to LONGEST_TOKENS."""
    import polars as pl

    if not len(table):
        raise TraceError("the file has no rows", str(path), "Give a file with at least one request.")
    cells = table[column]
    if not (cells.dtype.is_numeric() or cells.dtype == pl.String):
        raise TraceError(f"column '{column}' holds no numbers but {cells.dtype}", str(path), "Name another column.")
    stripped = cells.str.strip_chars() if cells.dtype == pl.String else cells
    numbers = stripped.cast(pl.Float64, strict=False).fill_null(float("nan")).to_numpy()
    with np.errstate(invalid="ignore"):
        wrong = ~((numbers >= 1) & (numbers <= LONGEST_TOKENS) & (numbers == np.floor(numbers)))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise TraceError(
            f"{column} is {_cell(cells[row])}, not a whole number of tokens from 1 to {LONGEST_TOKENS:,.0f}",
            _line(path, row, is_text=is_text),
            "Mend the line, or leave requests without tokens out.",
        )
    return numbers.astype(np.int64)


def _cell(value: Any) -> str:
    return "empty" if value is None or value == "" else f"'{str(value)[:40]}'"


def _arrival_s(table: pl.DataFrame, column: str, path: Path, *, is_text: bool) -> NDArray[np.float64]:
    """Return a column of arrival times [s]: numbers, or time stamps of whatever zone."""
    import polars as pl

    cells = table[column]
    if cells.dtype.is_temporal():
        stamps = cells.cast(pl.Datetime("us"), strict=False) if cells.dtype != pl.Time else cells.cast(pl.Int64)
    elif cells.dtype == pl.String:
        stripped = cells.str.strip_chars()
        seconds = stripped.cast(pl.Float64, strict=False)
        if seconds.null_count() < len(seconds):
            return _finite(seconds, cells, column, path, is_text=is_text)
        try:
            stamps = stripped.str.to_datetime(time_unit="us", strict=False, ambiguous="earliest")
        except pl.exceptions.PolarsError:  # no cell looks like a time stamp
            stamps = pl.Series([None] * len(cells), dtype=pl.Datetime("us"))
    else:
        return _finite(cells.cast(pl.Float64, strict=False), cells, column, path, is_text=is_text)
    # A time stamp's microseconds since 1970 lose nothing when the first is taken off before they become a float.
    whole = stamps.dt.epoch("us") if stamps.dtype != pl.Int64 else stamps // 1000
    first = whole.drop_nulls()
    seconds = (whole - (first[0] if len(first) else 0)).cast(pl.Float64) / 1e6
    return _finite(seconds, cells, column, path, is_text=is_text)


def _finite(seconds: pl.Series, cells: pl.Series, column: str, path: Path, *, is_text: bool) -> NDArray[np.float64]:
    numbers: NDArray[np.float64] = seconds.fill_null(float("nan")).to_numpy().astype(np.float64)
    wrong = ~np.isfinite(numbers)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise TraceError(
            f"{column} is {_cell(cells[row])}, neither seconds nor a time stamp",
            _line(path, row, is_text=is_text),
            "Write seconds, or time stamps such as 2025-01-31 12:00:00.5.",
        )
    return numbers


# --- Mooncake --------------------------------------------------------------------------------------------------


def _json_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield line numbers and objects of a JSONL file; raises TraceError for a line that holds none."""
    with path.open("rb") as lines:
        number = 0
        while line := lines.readline(LONGEST_LINE_BYTES + 1):
            number += 1
            where = f"{path}:{number}"
            if len(line) > LONGEST_LINE_BYTES:
                raise TraceError(f"the line is longer than {LONGEST_LINE_BYTES // 2**20} MiB", where, "Is it JSONL?")
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                raise TraceError("the line is no JSON", where, "Write one JSON object per line.") from None
            if not isinstance(row, dict):
                raise TraceError("the line is no JSON object", where, "Write one JSON object per line.")
            if number > MOST_REQUESTS:
                raise TraceError(f"more than {MOST_REQUESTS:,} requests", where, "Give a part of the trace.")
            yield number, row


def _read_mooncake(path: Path) -> Requests:
    times: list[float] = []
    inputs: list[int] = []
    outputs: list[int] = []
    blocks: list[int] = []
    offsets = [0]
    numbers: list[int] = []
    for number, row in _json_lines(path):
        where = f"{path}:{number}"
        times.append(_json_number(row, "timestamp", where, whole=False) / 1000.0)
        inputs.append(int(_json_number(row, "input_length", where, whole=True)))
        outputs.append(int(_json_number(row, "output_length", where, whole=True)))
        hashes = row.get("hash_ids", [])
        if not isinstance(hashes, list) or not all(type(each) is int and 0 <= each < 2**62 for each in hashes):
            raise TraceError("hash_ids is not a list of whole numbers", where, "Mend the line, or leave hash_ids out.")
        blocks.extend(hashes)
        offsets.append(len(blocks))
        numbers.append(number)
    if not times:
        raise TraceError("the trace has no requests", str(path), "Give a file with at least one request.")
    requests = _requests(
        np.array(times), np.array(inputs, np.int64), np.array(outputs, np.int64), lambda row: f"{path}:{numbers[row]}"
    )
    if not blocks:
        return requests
    return Requests(
        requests.arrival_s,
        requests.input_tokens,
        requests.output_tokens,
        np.array(blocks, np.int64),
        np.array(offsets, np.int64),
        MOONCAKE_BLOCK_TOKENS,
    )


def _json_number(row: dict[str, Any], key: str, where: str, *, whole: bool) -> float:
    value = row.get(key)
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not whole and -1e15 < value < 1e15:
            return float(value)
        if whole and 1 <= value <= LONGEST_TOKENS and value == int(value):
            return float(value)
    wanted = f"a whole number of tokens from 1 to {LONGEST_TOKENS:,.0f}" if whole else "a number of milliseconds"
    raise TraceError(f"{key} is {_cell(value)}, not {wanted}", where, "Mend the line, or leave the request out.")


def _requests(
    arrival_s: NDArray[np.float64], input_tokens: NDArray[np.int64], output_tokens: NDArray[np.int64], line_of: Any
) -> Requests:
    backwards = np.diff(arrival_s) < 0
    if backwards.any():
        row = int(np.argmax(backwards)) + 1
        gap = float(arrival_s[row - 1] - arrival_s[row])
        raise TraceError(
            f"this request arrives {gap:,.6g} s before the one above it",
            line_of(row),
            "Sort the file by its arrival times.",
        )
    return Requests(arrival_s - arrival_s[0], input_tokens, output_tokens)
