"""A figure of one's own on the catalogue page: it goes into the scenario, and comments stay."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("nicegui", reason="the extra `web` is not installed")

from millwright.errors import InputError
from millwright.web.auth import Identity
from millwright.web.library.database import open_library
from millwright.web.library.store import Library
from millwright.web.outcome import WorkError, failure_of
from millwright.web.page.catalogue_page import Override, overridden
from millwright.web.page.questions import USES, written
from millwright.web.page.strings import t
from millwright.web.settings import Role
from millwright.web.work.scenario_form import FormRequest, form

TEXT = written(USES[0].key, 100.0, "where_anywhere", "DE")
EDITOR = Identity("anna", Role.EDITOR)


class Here:
    """The worker's own function, in this process."""

    async def ask(self, kind: str, request: dict[str, Any]) -> str:
        assert kind == "form"
        try:
            return json.dumps(form(FormRequest.model_validate(request), Path(), lambda *_: None))
        except InputError as error:
            raise WorkError(failure_of(error)) from error


@pytest.fixture
def library(library_url: str) -> Iterator[Library]:
    opened = open_library(library_url)
    yield opened
    opened.close()


def put(library: Library, who: Identity = EDITOR, **given: str) -> tuple[str, str, str, str]:
    services: Any = SimpleNamespace(library=library, quick=Here())
    asked = {"kind": "devices", "entry": "l40s", "field": "tdp", "value": "300 W", **given}
    return asyncio.run(overridden(services, who, Override.read(asked)))


def test_it_goes_into_the_draft_and_every_other_line_stays(library: Library) -> None:
    _, text, link, _ = put(library, text=TEXT)
    assert link == ""
    assert text.startswith(TEXT.rstrip("\n"))
    assert text[len(TEXT.rstrip("\n")) :].strip() == "overrides: {devices: {l40s: {tdp: 300 W}}}"
    assert library.scenarios() == [], "a draft is saved by who writes it"


def test_a_saved_scenario_gets_a_newer_one_of_its_name(library: Library) -> None:
    before = library.save_scenario("chat", TEXT)
    _, text, link, name = put(library, scenario=before.id)
    assert (text, name) == ("", "chat")
    after = library.scenario(link.removeprefix("/edit/"))
    assert after.name == "chat"
    assert "tdp: 300 W" in after.text
    assert library.scenario(before.id).text == TEXT


@pytest.mark.parametrize(("field", "value"), [("tdp", "300 GB"), ("tpd", "300 W"), ("tdp", "much")])
def test_what_is_no_such_figure_is_told_and_nothing_is_written(library: Library, field: str, value: str) -> None:
    before = library.save_scenario("chat", TEXT)
    words, text, link, _ = put(library, scenario=before.id, field=field, value=value)
    assert words
    assert words != t("override_done")
    assert (text, link) == ("", "")
    assert len(library.scenarios()) == 1


def test_a_reader_overrides_nothing(library: Library) -> None:
    assert put(library, Identity("ben", Role.READER), text=TEXT) == (t("reader_only"), "", "", "")
