"""Tables in the format a client asks for: JSON rows, CSV or Parquet."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from fastapi import Response


class Format(StrEnum):
    """How a table is written."""

    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"


def table_response(rows: Sequence[Mapping[str, Any]], format_: Format, name: str) -> Response:
    """Return rows in a format, in a file called `name` where it is no JSON. What is nested becomes columns or text."""
    if format_ is Format.JSON:
        return Response(json.dumps(list(rows), ensure_ascii=False), media_type="application/json")
    import polars as pl

    frame = pl.DataFrame([flat(row) for row in rows], infer_schema_length=None, strict=False)
    content = io.BytesIO()
    if format_ is Format.CSV:
        frame.write_csv(content)
    else:
        frame.write_parquet(content)
    kind = "text/csv; charset=utf-8" if format_ is Format.CSV else "application/vnd.apache.parquet"
    headers = {"Content-Disposition": f'attachment; filename="{name}.{format_}"'}
    return Response(content.getvalue(), media_type=kind, headers=headers)


def flat(row: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return a row without nesting: `{"cost": {"lcot": 1}}` is `{"cost.lcot": 1}`; lists become JSON text."""
    found: dict[str, Any] = {}
    for key, value in row.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{prefix}{key}.")
        elif isinstance(value, list | tuple):
            found[f"{prefix}{key}"] = json.dumps(value, ensure_ascii=False)
        else:
            found[f"{prefix}{key}"] = value
    return found
