"""The questions of readiness as a form: each answer is scored at once, and all are saved in the library as a file.

A scenario that names the file (`readiness: readiness.yaml`) is planned with the newest one of that name.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

from nicegui import ui
from nicegui.events import GenericEventArguments

from millwright.errors import InputError
from millwright.readiness.assessment import Evidence
from millwright.readiness.questions import load_questions
from millwright.web.auth import Identity
from millwright.web.outcome import WorkError
from millwright.web.page.render import render
from millwright.web.page.shell import STATIC, block, shell
from millwright.web.page.strings import t
from millwright.web.services import Services
from millwright.web.settings import Role

FILE = "readiness.yaml"
_STAMP = "# Saved from the page, "
"""The first line of a file saved here: going back to earlier answers is a newer file too."""
_FEW_TO_NARROW = 3


async def readiness_page(services: Services, who: Identity) -> None:
    """Lay out the questions with the answers that are saved, and what they add up to."""
    form = _Form(services, who, saved_answers(services))
    with shell("readiness", t("readiness_title"), "wide"):
        ui.add_body_html(f'<script defer src="{STATIC}/readiness.js"></script>')
        found = await form.assessed()
        with ui.element("div"):
            block(questions(found["answers"]), "div", "")
        with ui.element("div").classes("soon"), ui.element("div").classes("sheet aside"):
            form.scores = block(scores(found), "div", "")
            block(render("readiness_save", file=FILE, may_save=who.role is Role.EDITOR), "div", "")
        ui.on("answer", form.answer)
        ui.on("save-answers", form.save)


@dataclass
class _Form:
    """One open form: the text of its answers, and the scores beside it."""

    services: Services
    who: Identity
    text: str
    scores: ui.html | None = None

    async def assessed(self, setting: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the assessment, with one more answer if given; a saved file that nobody can read counts as none."""
        try:
            came = json.loads(await self.services.quick.ask("answers", {"answers": self.text, "set": setting}))
        except WorkError as error:
            if setting is not None:
                raise
            _say(f"{error.failure.what}. {error.failure.remedy}")
            self.text = ""
            came = json.loads(await self.services.quick.ask("answers", {"answers": "", "set": None}))
        self.text = came["text"]
        found: dict[str, Any] = came["assessment"]
        return found

    async def answer(self, event: GenericEventArguments) -> None:
        """Take one answer and show what it changes."""
        given = event.args if isinstance(event.args, dict) else {}
        level = str(given.get("level", ""))
        setting = {
            "question": str(given.get("question", ""))[:200],
            "level": int(level) if level.isascii() and level.isdigit() else None,
            "evidence": str(given.get("evidence") or "claimed"),
            "because": str(given.get("because", ""))[:2000],
        }
        try:
            found = await self.assessed(setting)
        except WorkError as error:
            _say(f"{error.failure.what}. {error.failure.remedy}")
            return
        if self.scores is not None:
            self.scores.content = scores(found)
        _say(t("readiness_unsaved"))

    def save(self) -> None:
        """Keep the answers in the library."""
        if self.who.role is not Role.EDITOR:
            _say(t("reader_only"))
            return
        try:
            save_answers(self.services, self.text, self.who.name)
        except InputError as error:
            _say(f"{error.what}. {error.remedy}")
            return
        _say(t("readiness_saved", file=FILE))


def saved_answers(services: Services) -> str:
    """Return the text of the answers that were saved last; empty where none were."""
    newest = next((row for row in services.library.attachments() if row.name == FILE), None)
    return "" if newest is None else services.library.content(newest.id).decode("utf-8", "replace")


def save_answers(services: Services, text: str, by: str) -> None:
    """Save the answers as the newest file of their name; raises LibraryFullError."""
    body = text.partition("\n")[2] if text.startswith(_STAMP) else text
    stamp = f"{_STAMP}{dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M:%S} UTC.\n"
    limits = services.settings.limits
    services.library.save_attachment(FILE, (stamp + body).encode(), limits.library_upload_bytes, by)


def questions(answers: dict[str, Any]) -> str:
    """Return every question of every axis, with what was answered."""
    book = load_questions()
    axes = [(axis, book.of_axis(axis.id)) for axis in book.axes.values()]
    evidence = (
        (Evidence.CLAIMED.value, t("evidence_claimed")),
        (Evidence.DOCUMENTED.value, t("evidence_documented")),
        (Evidence.MEASURED.value, t("evidence_measured")),
    )
    return render("readiness", axes=axes, answers=answers, evidence=evidence)


def scores(found: dict[str, Any]) -> str:
    """Return each axis's score as its range, what is blocked, and which answers would narrow it most."""
    asked = len(load_questions().questions)
    return render(
        "readiness_scores",
        axes=found["axes"],
        answered=asked - len(found["unknown"]),
        asked=asked,
        open_kinds=found["open_kinds"],
        findings=[each for each in found["findings"] if each["blocks"] and each["state"] != "unknown"],
        narrow=found["narrow_next"][:_FEW_TO_NARROW],
    )


def _say(words: str) -> None:
    ui.run_javascript(f"millwright.readiness.status({json.dumps(words)})")
