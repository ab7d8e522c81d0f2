"""The scenario editor: form and YAML side by side, checked as one writes, planned as a job."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from nicegui import Client, background_tasks, ui
from nicegui.events import GenericEventArguments

from millwright.errors import InputError
from millwright.web.auth import Identity
from millwright.web.library.rows import JobState
from millwright.web.outcome import WorkError
from millwright.web.page.examples import examples
from millwright.web.page.form_fields import Field, groups
from millwright.web.page.questions import FIRST_PLACE, PLACES, USES, written
from millwright.web.page.render import render
from millwright.web.page.shell import STATIC, block, shell
from millwright.web.page.strings import t
from millwright.web.services import Services
from millwright.web.settings import Role


def editor_page(services: Services, who: Identity, text: str, *, plan_now: bool = False) -> None:
    """Lay out the editor with a scenario's text; `plan_now` begins to plan it at once."""
    with shell("new", t("editor_title"), "both"):
        ui.add_body_html(f'<script defer src="{STATIC}/editor.js"></script>')
        editor = _Editor(services, who, ui.context.client)
        editor.lay_out(text)
        ui.timer(0.2, lambda: editor.check(text, plan_now=plan_now), once=True)


_MOST_ITEMS = 20
"""Workloads, and jobs, that the form shows; a scenario with more is written as text."""


@dataclass
class _Editor:
    services: Services
    who: Identity
    client: Client
    workloads: int = 1
    jobs: int = 0
    job: str = ""

    def lay_out(self, text: str) -> None:
        """Make questions, form and text."""
        block(f"<h1>{t('editor_title')}</h1>", "div", "")
        block(
            render(
                "questions",
                uses=USES,
                places=PLACES,
                chosen_place=FIRST_PLACE,
                countries=_countries(),
                examples=list(examples()),
            ),
            labelled="questions-title",
        )
        with ui.element("div").classes("two"):
            self.form = block(render("form", groups=groups(1)), labelled="form-title")
            block(render("yaml", text=text), labelled="yaml-title")
        ui.on("yaml", self._typed)
        ui.on("field", self._field)
        ui.on("questions", self._questions)
        ui.on("example", self._example)
        ui.on("plan-it-with", self._plan)
        ui.on("save-with", self._save)
        ui.on("cancel", self._cancel)

    # --- checking ---

    async def check(
        self, text: str, setting: dict[str, Any] | None = None, *, plan_now: bool = False, changed: bool = False
    ) -> None:
        """Check the text (with one key changed), and show what was found in both halves.

        `changed` says that the text is another than the page has.
        """
        changed = changed or setting is not None
        fields = self._fields()
        asked = {"scenario": text, "keys": [list(field.path) for field in fields], "set": setting}
        try:
            found = json.loads(await self.services.quick.ask("form", asked))
        except WorkError as error:
            self._say(f"{error.failure.what}. {error.failure.remedy}")
            return
        listed = min(found["workloads"], _MOST_ITEMS), min(found["jobs"], _MOST_ITEMS)
        if found["workloads"] and listed != (self.workloads, self.jobs):
            self.workloads, self.jobs = listed
            self.form.content = render("form", groups=groups(*listed))
            await self.check(found["text"], plan_now=plan_now, changed=changed)
            return
        faults, assumed = found["faults"], found["assumed"]
        found["replace"] = changed
        found["summary"] = t("check_faults", count=len(faults)) if faults else t("check_ok", count=len(assumed))
        found["placeholders"] = self._placeholders(assumed, found["values"])
        self._run(f"millwright.editor.show({json.dumps(found)})")
        self._say("")
        if plan_now and not faults:
            self._begin(text)

    def _fields(self) -> list[Field]:
        return [field for group in groups(self.workloads, self.jobs) for field in group.fields]

    def _placeholders(self, assumed: list[dict[str, Any]], values: list[tuple[list[Any], Any]]) -> dict[str, str]:
        """Return what is assumed where a field is empty; workloads and jobs go by name there and by number here."""
        known = {each["path"]: each["value"] for each in assumed}
        names = {tuple(path[:2]): str(value) for path, value in values if len(path) == 3 and path[2] == "name"}
        found = {}
        for field in self._fields():
            path, item = field.id, names.get(field.path[:2])
            if item is not None:
                path = ".".join([str(field.path[0]), item, *map(str, field.path[2:])])
            if path in known:
                found[field.id] = t("form_not_given", value=known[path])
        return found

    async def _typed(self, event: GenericEventArguments) -> None:
        await self.check(str(event.args.get("text", "")))

    async def _field(self, event: GenericEventArguments) -> None:
        wanted = str(event.args.get("field", ""))
        field = next((each for each in self._fields() if each.id == wanted), None)
        if field is not None:
            setting = {"path": list(field.path), "value": field.read(str(event.args.get("value", "")))}
            await self.check(str(event.args.get("text", "")), setting)

    async def _questions(self, event: GenericEventArguments) -> None:
        given = event.args
        with contextlib.suppress(KeyError, ValueError):
            text = written(given["use"], float(given["people"] or 1), given["where"], given["country"])
            self._run(f"millwright.editor.put({json.dumps(text)})")

    async def _example(self, event: GenericEventArguments) -> None:
        file = examples().get(str(event.args.get("name", "")))
        if file is not None:
            self._run(f"millwright.editor.put({json.dumps(file.read_text(encoding='utf-8'))})")

    # --- saving and planning ---

    def _save(self, event: GenericEventArguments) -> None:
        row = self._saved(str(event.args.get("text", "")))
        if row is not None:
            self._say(t("saved_as", name=row[1]))
            self._run(f"history.replaceState(null, '', '/edit/{row[0]}')")

    def _saved(self, text: str) -> tuple[str, str] | None:
        if self.who.role is not Role.EDITOR:
            self._say(t("reader_only"))
            return None
        name = next((line.removeprefix("name:").strip() for line in text.splitlines() if line.startswith("name:")), "")
        row = self.services.library.save_scenario((name.strip("\"'") or t("editor_title"))[:200], text, self.who.name)
        return row.id, row.name

    def _plan(self, event: GenericEventArguments) -> None:
        self._begin(str(event.args.get("text", "")))

    def _begin(self, text: str) -> None:
        row = self._saved(text)
        if row is None:
            return
        try:
            self.job = self.services.jobs.submit("plan", {"scenario": text}, self.who.name).id
        except InputError as error:
            self._say(f"{error.what}. {error.remedy}")
            return
        background_tasks.create(self._follow(self.job, row[0]), name="plan")

    async def _follow(self, job_id: str, scenario_id: str) -> None:
        """Show how far the job is, and keep its plan, whether or not somebody still looks."""
        async with contextlib.aclosing(self.services.jobs.events(job_id)) as events:
            async for job in events:
                told = {"what": job.what or t("working"), "done": job.done, "of": job.of}
                self._run(f"millwright.editor.job({json.dumps(told)})")
                if not job.state.ended:
                    continue
                self._run("millwright.editor.job(null)")
                if job.state is JobState.DONE and job.result is not None:
                    plan = self.services.library.save_plan(scenario_id, job.result, self.who.name)
                    self._run(f"location.assign('/plans/{plan.id}')")
                elif job.state is JobState.CANCELLED:
                    self._say(t("cancelled"))
                elif job.state is JobState.INTERRUPTED:
                    self._say(t("interrupted"))
                elif job.fault is not None:
                    fault = json.loads(job.fault)
                    self._say(f"{fault['what']}. {fault['remedy']}")

    def _cancel(self) -> None:
        if self.job:
            self.services.jobs.cancel(self.job)

    def _say(self, words: str) -> None:
        self._run(f"millwright.editor.status({json.dumps(words)})")

    def _run(self, code: str) -> None:
        """Have the browser do something, if it is still there."""
        with contextlib.suppress(RuntimeError), self.client:
            ui.run_javascript(code)


@lru_cache(maxsize=1)
def _countries() -> tuple[tuple[str, str], ...]:
    from millwright.web.work.warm import shipped

    entries = shipped().shelf("countries").entries
    return tuple(
        sorted(((id_, str(entry.get("name", id_))) for id_, entry in entries.items()), key=lambda each: each[1])
    )
