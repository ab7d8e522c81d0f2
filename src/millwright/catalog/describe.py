"""An entry of the catalogue as plain JSON: every field, and every fact with its source written out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from millwright.catalog.catalog import KINDS, ShippedCatalog, UnknownNameError
from millwright.catalog.facts import read_facts


def described(catalog: ShippedCatalog, name: str, kind: str | None = None) -> list[dict[str, Any]]:
    """Return the entries called `name`, of one kind if given; raises UnknownNameError with the nearest names."""
    found: list[dict[str, Any]] = []
    nearest: dict[str, None] = {}
    for searched in [kind] if kind else KINDS:
        try:
            found.append(_described(catalog, searched, name))
        except UnknownNameError as error:
            nearest |= dict.fromkeys(error.nearest)
    if not found:
        raise UnknownNameError(kind or "entry", name, tuple(nearest)[:4])
    return found


def _described(catalog: ShippedCatalog, kind: str, name: str) -> dict[str, Any]:
    """Return one entry as plain JSON, its facts with their sources written out; raises UnknownNameError."""
    shelf = catalog.shelf(kind)
    id_ = shelf.id_of(name)
    built = shelf.get(id_)
    # A currency is built into a bare number; every other kind into a dataclass.
    plain = {} if isinstance(built, float) else {each.name: getattr(built, each.name) for each in fields(built)}
    stated = plain.pop("facts", None) or read_facts(shelf.entries[id_])
    facts = {
        field: asdict(fact)
        | {"source": asdict(source) if (source := catalog.sources.get(fact.source)) else fact.source}
        for field, fact in stated.items()
    }
    return {"kind": kind, "id": id_, "note": shelf.alias_note(name), "fields": _as_json(plain), "facts": facts}


def _as_json(plain: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a dataclass as JSON knows them."""
    values: dict[str, Any] = json.loads(json.dumps(plain, default=lambda each: asdict(each)))
    return values
