"""What spreadsheets save in place of a CSV, and what to do then."""

from __future__ import annotations

from pathlib import Path

WORKBOOK = b"PK\x03\x04"
"""What a workbook (.xlsx, .ods) begins with, as any zip archive does."""

_LONGEST_HEAD = 1 << 16
"""Bytes of the first line of a table that are looked at."""


def saved_by_spreadsheet(path: Path) -> tuple[str, str] | None:
    """Return what a spreadsheet saved in place of a CSV and what to do: a workbook, or semicolons between columns.

    None where neither is seen in the first line, or the file cannot be read, which its reader tells better.
    """
    try:
        with path.open("rb") as file:
            head = file.readline(_LONGEST_HEAD)
    except OSError:
        return None
    if head.startswith(WORKBOOK):
        return "this is a workbook of Excel or another archive", "Save the sheet as CSV."
    if b";" in head and b"," not in head:
        remedy = (
            "Save it with commas between columns and points in numbers, as `CSV UTF-8` of an English spreadsheet has."
        )
        return "its columns are set apart by semicolons", remedy
    return None
