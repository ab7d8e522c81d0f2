"""The catalogue view: search, every value with its source, and how a scenario uses another one."""

from __future__ import annotations

from typing import Any

from millwright.catalog.catalog import KINDS
from millwright.catalog.describe import described
from millwright.errors import InputError
from millwright.scenario.edit import scalar_text
from millwright.web.page.render import render
from millwright.web.page.shell import block, shell
from millwright.web.page.strings import t

_MOST_LISTED = 400


def catalogue_page(kind: str, wanted: str, entry_id: str) -> None:
    """Lay out the entries of a kind that have `wanted` in their name, and one of them with all its figures."""
    from millwright.web.work.warm import shipped

    catalog = shipped()
    kind = kind if kind in KINDS else next(iter(KINDS))
    found = [(id_, str(entry.get("name", id_))) for id_, entry in catalog.shelf(kind).entries.items()]
    found = [each for each in found if wanted.casefold() in f"{each[0]} {each[1]}".casefold()]
    entry: dict[str, Any] | None = None
    if entry_id:
        try:
            entry = described(catalog, entry_id, kind)[0]
        except InputError:
            entry = None
    with shell("catalogue", t("catalogue_title"), "both"):
        block(
            render(
                "catalogue",
                kinds=[(each, len(catalog.shelf(each))) for each in KINDS],
                kind=kind,
                q=wanted,
                entries=sorted(found, key=lambda each: each[1].casefold())[:_MOST_LISTED],
                entry=entry,
                title="" if entry is None else str(entry["fields"].get("name") or entry["id"]),
                plain=[] if entry is None else _plain(entry["fields"]),
                override="" if entry is None else override_text(entry),
            ),
            "div",
            "",
        )


def override_text(entry: dict[str, Any]) -> str:
    """Return the lines by which a scenario puts a value of its own in place of the entry's first figure."""
    for name, fact in entry["facts"].items():
        value = fact["value"]
        if isinstance(value, int | float) and not isinstance(value, bool):
            text = scalar_text(f"{value:g} {fact.get('unit') or ''}".strip())
            return f"overrides:\n  {entry['kind']}:\n    {scalar_text(entry['id'])}: {{{name}: {text}}}"
    return ""


def _plain(fields: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the fields that are one value each."""
    return [(name, f"{value:,.6g}" if isinstance(value, float) else str(value))
            for name, value in fields.items()
            if isinstance(value, str | int | float) and value != ""]  # fmt: skip
