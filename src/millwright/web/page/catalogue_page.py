"""The catalogue view: search, every value with its source, and a figure of one's own put into a scenario."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, fields
from typing import Any

from nicegui import ui
from nicegui.events import GenericEventArguments

from millwright.catalog.catalog import KINDS
from millwright.catalog.describe import described
from millwright.errors import InputError
from millwright.web.auth import Identity
from millwright.web.library.rows import ScenarioRow
from millwright.web.outcome import WorkError
from millwright.web.page.render import render
from millwright.web.page.shell import STATIC, block, shell
from millwright.web.page.strings import t
from millwright.web.services import Services
from millwright.web.settings import Role

_MOST_LISTED = 400
_LONGEST_TEXT = 1 << 20


def catalogue_page(services: Services, who: Identity, kind: str, wanted: str, entry_id: str, into: str = "") -> None:
    """Lay out the entries of a kind that have `wanted` in their name, and one of them with all its figures.

    `into` is the saved scenario that a figure of one's own would go into.
    """
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
    first, first_now = ("", "") if entry is None else _first_figure(entry)
    may_override = who.role is Role.EDITOR and bool(first)
    with shell("catalogue", t("catalogue_title"), "both"):
        ui.add_body_html(f'<script defer src="{STATIC}/catalogue.js"></script>')
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
                may_override=may_override,
                first=first,
                first_now=first_now,
                scenarios=_newest_by_name(services) if may_override else [],
                into=into,
            ),
            "div",
            "",
        )

        async def override(event: GenericEventArguments) -> None:
            asked = Override.read(event.args if isinstance(event.args, dict) else {})
            told = await overridden(services, who, asked)
            ui.run_javascript(f"millwright.catalogue.overridden({', '.join(map(json.dumps, told))})")

        ui.on("override-with", override)


@dataclass(frozen=True)
class Override:
    """A figure of one's own for the scenario that is being edited (its text), or for a saved one (its id)."""

    kind: str
    entry: str
    field: str
    value: str
    scenario: str
    text: str

    @classmethod
    def read(cls, given: dict[str, Any]) -> Override:
        """Return what the page's form holds."""
        return cls(**{each.name: str(given.get(each.name, ""))[:_LONGEST_TEXT] for each in fields(cls)})

    @property
    def path(self) -> list[str]:
        """Return the key of the figure in a scenario."""
        return ["overrides", self.kind, self.entry, self.field]


async def overridden(services: Services, who: Identity, asked: Override) -> tuple[str, str, str, str]:
    """Write the figure into the scenario: what is said, the new text of a draft, or address and name of a saved one."""
    if who.role is not Role.EDITOR:
        return t("reader_only"), "", "", ""
    try:
        saved = services.library.scenario(asked.scenario) if asked.scenario else None
        value: str | float = asked.value.strip()
        with contextlib.suppress(ValueError):
            value = float(asked.value)
        text = asked.text if saved is None else saved.text
        request = {"scenario": text, "set": {"path": asked.path, "value": value}}
        found = json.loads(await services.quick.ask("form", request))
    except InputError as error:
        return f"{error.what}. {error.remedy}", "", "", ""
    except WorkError as error:
        return f"{error.failure.what}. {error.failure.remedy}", "", "", ""
    if fault := _fault_of(found["faults"]):
        return fault, "", "", ""
    if saved is None:
        return t("override_done"), found["text"], "", t("override_back")
    row = services.library.save_scenario(saved.name, found["text"], who.name)
    return t("override_done"), "", f"/edit/{row.id}", saved.name


def _fault_of(faults: list[dict[str, Any]]) -> str:
    """Return what is wrong with the figure; a fault elsewhere in the scenario does not keep it out."""
    own = [each for each in faults if list(each["path"])[:1] == ["overrides"]]
    return f"{own[0]['what']}. {own[0]['remedy']}" if own else ""


def _newest_by_name(services: Services) -> list[ScenarioRow]:
    """Return the saved scenarios, of each name the newest."""
    found: dict[str, ScenarioRow] = {}
    for row in services.library.scenarios():
        found.setdefault(row.name, row)
    return list(found.values())


def _first_figure(entry: dict[str, Any]) -> tuple[str, str]:
    """Return the name of the first fact that is a number, and what it is now."""
    for name, fact in entry["facts"].items():
        if isinstance(fact["value"], int | float) and not isinstance(fact["value"], bool):
            return name, f"{fact['value']:g} {fact.get('unit') or ''}".strip()
    return "", ""


def _plain(fields: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the fields that are one value each."""
    return [(name, f"{value:,.6g}" if isinstance(value, float) else str(value))
            for name, value in fields.items()
            if isinstance(value, str | int | float) and value != ""]  # fmt: skip
