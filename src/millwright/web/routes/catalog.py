"""The catalogue: what there is, and every value with its source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response

from millwright.web.tables import Format, table_response

router = APIRouter(prefix="/catalog", tags=["catalogue"])

KindName = Annotated[str, Path(max_length=40, description="devices, hosts, models, cloud, api, providers …")]
EntryName = Annotated[str, Path(max_length=200, description="An id, a name or an alias.")]


@router.get("")
def list_kinds() -> dict[str, int]:
    """List the kinds of entries, and how many there are of each."""
    from millwright.catalog.catalog import KINDS
    from millwright.web.work.warm import shipped

    return {kind: len(shipped().shelf(kind)) for kind in KINDS}


@router.get("/{kind}", response_model=None)
def list_entries(
    kind: KindName,
    search: Annotated[str, Query(max_length=100, description="Only those whose id or name has this in it.")] = "",
    format: Format = Format.JSON,
) -> Response:
    """List the entries of one kind with their facts."""
    from millwright.web.work.warm import shipped

    found = shipped().shelf(kind).entries
    rows = [_row(id_, entry) for id_, entry in found.items()]
    wanted = search.casefold()
    return table_response([row for row in rows if wanted in f"{row['id']} {row['name']}".casefold()], format, kind)


@router.get("/{kind}/{name:path}")
def show_entry(kind: KindName, name: EntryName) -> dict[str, Any]:
    """Show an entry: every field, with its unit, source, date and quality."""
    from millwright.catalog.describe import described
    from millwright.web.work.warm import shipped

    return described(shipped(), name, kind)[0]


def _row(id_: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    facts = {name: _value(fact) for name, fact in (entry.get("facts") or {}).items()}
    return {"id": id_, "name": str(entry.get("name", id_)), "facts": facts}


def _value(fact: Any) -> Any:
    """Return a fact with its unit, as data files write the two."""
    value, unit = (fact[0], fact[1]) if isinstance(fact, list | tuple) else (fact["value"], fact["unit"])
    return {"value": value, "unit": unit}
