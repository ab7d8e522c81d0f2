"""Data files: where they lie and how their entries are read. Every file holds the entries of one kind."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from millwright.catalog.facts import Source
from millwright.errors import InputError

Entry = Mapping[str, Any]
"""One entry of a data file as read: `id`, plain fields, `facts`."""

DATA = Path(__file__).parent / "data"

SCHEMA = 1

FILES_OF_KIND: Mapping[str, str] = {
    "devices": "devices/*.json",
    "hosts": "hosts/*.json",
    "models": "models/*.json",
    "providers": "offers/providers*.json",
    "cloud": "offers/cloud*.json",
    "api": "offers/api*.json",
    "countries": "places/countries*.json",
    "currencies": "places/currencies*.json",
    "sources": "**/sources*.json",
}
"""Which files may hold a kind's entries; a kind is read only when it is first asked for."""


class DataFileError(InputError):
    """A data file cannot be read: it is missing, no JSON, or not of the catalogue's schema."""


def read_entries(kind: str, folder: Path = DATA) -> Iterator[Entry]:
    """Yield the entries of one kind, file by file in the order of their names; raises DataFileError."""
    for path in sorted(folder.glob(FILES_OF_KIND[kind])):
        contents = read_data_file(path)
        if contents["kind"] == kind:
            yield from contents["entries"]


def read_data_file(path: Path) -> dict[str, Any]:
    """Return one data file, `{"kind": …, "schema": 1, "entries": […]}`; raises DataFileError."""
    contents = read_json(path)
    if not isinstance(contents, dict) or contents.get("kind") not in FILES_OF_KIND:
        kinds = ", ".join(FILES_OF_KIND)
        raise DataFileError("this is no catalogue file", str(path), f"Its `kind` must be one of {kinds}.")
    if contents.get("schema", SCHEMA) != SCHEMA:
        raise DataFileError(f"schema {contents['schema']} is not known", str(path), f"This version reads {SCHEMA}.")
    entries = contents.get("entries")
    if not isinstance(entries, list) or not all(isinstance(each, dict) and "id" in each for each in entries):
        raise DataFileError("`entries` must be a list of objects, each with an `id`", str(path))
    return contents


def read_sources(folder: Path = DATA) -> dict[str, Source]:
    """Return every source by id, from all `sources` files; raises DataFileError."""
    return {
        each["id"]: Source(each["id"], each["title"], each.get("url", ""), each.get("licence", ""))
        for each in read_entries("sources", folder)
    }


def read_json(path: Path) -> Any:
    """Return the JSON in a file; raises DataFileError naming the file and line when it is missing or no JSON."""
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise DataFileError(f"cannot be read: {error.strerror}", str(path)) from error
    except json.JSONDecodeError as error:
        raise DataFileError(f"is no JSON: {error.msg}", f"{path}:{error.lineno}") from error
    except UnicodeDecodeError as error:
        raise DataFileError("is no JSON: this is no UTF-8 text", str(path)) from error
    except RecursionError as error:
        raise DataFileError(f"is no JSON: {error}", str(path)) from error
