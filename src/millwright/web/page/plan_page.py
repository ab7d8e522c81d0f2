"""The plan page: the answer, the options, money, latency, the fleet, law; and the questions asked of it."""

from __future__ import annotations

import contextlib
import json
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import cache
from html import escape

from nicegui import ui
from nicegui.events import GenericEventArguments

from millwright.errors import InputError
from millwright.plan.model import Option, Plan
from millwright.plan.what_if_changes import Changes
from millwright.web.page import plan_sections as sections
from millwright.web.page.chart import Chart
from millwright.web.page.fleet_picture import fleet_picture
from millwright.web.page.shell import block, shell
from millwright.web.page.strings import t
from millwright.web.page.what_if_form import what_if_form
from millwright.web.page.what_if_session import Drawn, WhatIfSession
from millwright.web.services import Services


@dataclass(frozen=True)
class Shown:
    """A plan to show: its scenario's text if that is known, where `plan.json` is, and who looks at it."""

    plan: Plan
    scenario: str | None
    scenario_id: str | None
    download: str
    """Where `plan.json` is; the other files are below `files`."""
    files: str
    may_save: bool
    by: str


def plan_page(shown: Shown, services: Services, query: str) -> None:
    """Lay out the page of one plan; `query` is the state that its link tells."""
    name = shown.plan.header.scenario_name
    with shell("library", t("plan_title", name=name), "wide"):
        view = _View(shown, services)
        view.lay_out()
        if view.session is not None and query:
            with contextlib.suppress(InputError):
                view.start_from(Changes.from_query(query))


@dataclass
class _View:
    """The parts of one open page that change when the plan does."""

    shown: Shown
    services: Services
    compared: list[str] = field(default_factory=list)
    session: WhatIfSession | None = None

    def __post_init__(self) -> None:
        self.plan = self.shown.plan
        self.before: Plan | None = None
        self.blocks: dict[str, ui.html] = {}
        self.charts: dict[str, Chart] = {}
        self.places: dict[str, ui.element] = {}
        self.sections: dict[str, ui.element] = {}
        self.parts: dict[str, tuple[str, ...]] = {}
        self.traded: Drawn = ()
        self.pair = ""

    def lay_out(self) -> None:
        """Make every part; what is not seen at once is filled in when the page has come."""
        with ui.element("div"):
            self._head()
            self._block("answer", "sheet refreshes")
            self._block("options", "sheet refreshes")
            self._block("compare", "sheet refreshes")
            self._charted("mix", ("mix",), titled=False)
            self._charted("money", ("ranking", "money"))
            with self.places["money"]:
                self.blocks["demand"] = block("", "div", "refreshes")
            self._charted("latency", ("latency",))
            self._charted("trade", ("trade",))
            for name in ("fleet", "binds", "law"):
                self._block(name, "sheet refreshes")
            self.blocks["rest"] = block("", "div", "")
            self.blocks["formulas"] = block("", "div", "")
        with ui.element("div"):
            self._panel()
        self._fill_first()
        ui.on("compare", self._compare)
        ui.on("fleet", self._fleet)
        ui.on("axes", self._axes)
        ui.timer(0.05, self._fill_rest, once=True)

    def start_from(self, changes: Changes) -> None:
        """Take up the state that a link tells, once the page is there."""
        assert self.session is not None
        ui.run_javascript(f"millwright.setForm({_json(changes)})")
        ui.timer(0.1, lambda: self.session and self.session.ask(changes.model_dump(exclude_none=True)), once=True)

    # --- parts ---

    def _head(self) -> None:
        header = self.plan.header
        files = (("brief.pdf", t("file_paper")), ("report.html", t("file_report")), ("plan.xlsx", t("file_workbook")))
        links = [
            f'<a class="do" href="{escape(self.shown.files)}/{name}" download="{name}">{escape(words)}</a>'
            for name, words in files
        ]
        links.append(f'<a class="do" href="{escape(self.shown.download)}" download="plan.json">plan.json</a>')
        if self.shown.scenario_id is not None:
            links.append(f'<a class="do" href="/edit/{self.shown.scenario_id}">{escape(t("edit_scenario"))}</a>')
        links.append(f'<button type="button" class="do" data-act="print">{escape(t("print"))}</button>')
        block(
            f'<p class="quiet small">{escape(t("plan_kicker", created=header.created.split("T")[0]))}</p>'
            f'<h1>{escape(header.scenario_name)}</h1><p class="row no-print">{"".join(links)}</p>',
            "div",
            "",
        )

    def _block(self, name: str, classes: str) -> None:
        self.blocks[name] = block("", "section", classes, f"{name}-title")

    def _charted(self, name: str, parts: tuple[str, ...], *, titled: bool = True) -> None:
        """Make room for the charts of these sections of the report; without a title, for the words above them."""
        with ui.element("section").classes("sheet").props(f"aria-labelledby={name}-title") as section:
            title = f'<h2 id="{name}-title">{escape(t(f"{name}_title"))}</h2>' if titled else ""
            self.blocks[name] = block(title, "div", "refreshes")
            self.places[name] = ui.element("div")
        self.sections[name] = section
        self.parts[name] = parts

    async def _draw(self, drawn: Drawn | None = None) -> None:
        """Draw the charts; without `drawn` those of the plan on show, asked for once."""
        if drawn is None:
            drawn = await figures_of(self.shown, self.services)
        for name, place in self.places.items():
            wanted: Drawn = [figure for figure in drawn if figure["section"] in self.parts[name]]
            if name == "trade":
                self.traded = wanted
                wanted = self._pair_chosen()
            if name not in ("latency", "mix"):  # these have words of their own where there is no chart
                self.sections[name].set_visibility(bool(wanted))
            for figure in wanted:
                place_of = "trade" if name == "trade" else figure["name"]  # one pair of axes after another
                known = self.charts.get(place_of)
                if known is not None:
                    known.show(figure)
                    continue
                with place:
                    self.charts[place_of] = Chart(figure)
            if name == "money" and wanted:
                self.blocks["demand"].move(place)
            if name == "latency" and not wanted and "no-latency" not in self.blocks:
                with place:
                    self.blocks["no-latency"] = block(f"<p>{escape(t('latency_none'))}</p>", "div", "quiet")

    def _pair_chosen(self) -> Drawn:
        """Return the chart of the two measures that were chosen, the first where there is none of them."""
        names = [str(figure["name"]) for figure in self.traded]
        if self.pair not in names:
            self.pair = names[0] if names else ""
        self.blocks["trade"].content = sections.trade(names, self.pair)
        return [figure for figure in self.traded if figure["name"] == self.pair]

    def _axes(self, event: GenericEventArguments) -> None:
        self.pair = str(event.args.get("pair", ""))
        for figure in self._pair_chosen():
            self.charts["trade"].show(figure)

    def _panel(self) -> None:
        if self.shown.scenario is None or not self.plan.options:
            if self.shown.scenario is None:
                title = escape(t("what_if"))
                block(f"<h2>{title}</h2><p class=quiet>{escape(t('what_if_without'))}</p>", "section", "sheet aside")
            return
        self.session = WhatIfSession(
            self.plan, self.shown.scenario, self.services.quick, self._show, self._tell, self.plan.header.created[:10]
        )
        block(what_if_form(self.plan, may_save=self.shown.may_save), "div", "")
        ui.on("what-if", self._asked)
        ui.on("undo", self._undo)
        ui.on("reset", self._reset)
        ui.on("save-as", self._save)
        ui.on("plan-in-full", self._plan_in_full)

    def _fill_first(self) -> None:
        """Fill in what is seen at once."""
        self.blocks["answer"].content = sections.answer(self.plan, self.before)
        self.blocks["options"].content = sections.options(self.plan, self.before, self.compared)
        self.blocks["formulas"].content = sections.formulas(self.plan)

    async def _fill_rest(self) -> None:
        """Fill in what lies further down, and draw."""
        self._fill_below()
        chosen = sections.chosen_option(self.plan)
        self.blocks["law"].content = sections.law(self.plan, chosen)
        self.blocks["rest"].content = sections.rest(self.plan)
        await self._draw()
        if self.session is not None:
            await self.session.warm()

    def _fill_below(self) -> None:
        self.blocks["compare"].content = sections.compare(self.plan, self.compared)
        self.blocks["mix"].content = sections.mix(self.plan, self.before)
        self.sections["mix"].set_visibility(bool(self.blocks["mix"].content))
        self.places["mix"].set_visibility(self.plan.mix is not None)
        self.blocks["demand"].content = sections.demand(self.plan)
        self.blocks["binds"].content = sections.binds(self.plan)
        self.blocks["fleet"].content = _fleet(self.plan, sections.chosen_option(self.plan))

    # --- what happens ---

    async def _show(self, plan: Plan, changes: Changes, drawn: Drawn | None) -> None:
        """Show another plan in the same places."""
        self.plan, self.before = plan, None if changes == Changes() else self.shown.plan
        self._fill_first()
        self._fill_below()
        ui.run_javascript(f"millwright.link({changes.query()!r})")
        if drawn is not None or self.before is None:
            await self._draw(drawn)

    def _tell(self, busy: bool, fault: str) -> None:
        ui.run_javascript(
            f"millwright.busy({str(busy).lower()});"
            f'document.getElementById("what-if-fault").textContent = {_json_text(fault)};'
        )

    async def _asked(self, event: GenericEventArguments) -> None:
        assert self.session is not None
        given = event.args if isinstance(event.args, dict) else {}
        await self.session.ask(given)

    async def _undo(self) -> None:
        assert self.session is not None
        changes = await self.session.undo()
        ui.run_javascript(f"millwright.setForm({_json(changes)})")

    async def _reset(self) -> None:
        assert self.session is not None
        ui.run_javascript("millwright.setForm({})")
        await self.session.reset()

    def _save(self) -> None:
        if self.session is None or not self.session.text or not self.shown.may_save:
            return
        name = t("save_name", name=self.plan.header.scenario_name)[:200]
        row = self.services.library.save_scenario(name, self.session.text, self.shown.by)
        link = f'<a href="/edit/{row.id}">{escape(t("saved_as", name=name))}</a>'
        ui.run_javascript(f'document.getElementById("what-if-status").innerHTML = {_json_text(link)};')

    def _plan_in_full(self) -> None:
        if self.session is None or not self.shown.may_save or self.shown.scenario is None:
            return
        text = self.session.text or self.shown.scenario
        row = self.services.library.save_scenario(self.plan.header.scenario_name[:200], text, self.shown.by)
        ui.navigate.to(f"/edit/{row.id}?plan=now")

    def _compare(self, event: GenericEventArguments) -> None:
        self.compared = [str(each) for each in event.args.get("options", [])][:3]
        self.blocks["compare"].content = sections.compare(self.plan, self.compared)

    def _fleet(self, event: GenericEventArguments) -> None:
        wanted = str(event.args.get("option", ""))
        option = next((each for each in self.plan.options if each.id == wanted), None)
        if option is not None:
            self.blocks["fleet"].content = _fleet(self.plan, option)
            self.blocks["law"].content = sections.law(self.plan, option)


def _fleet(plan: Plan, option: Option | None) -> str:
    title = f'<h2 id="fleet-title">{escape(t("fleet"))}</h2>'
    if option is None:
        return title
    buttons = "".join(
        f'<button type="button" class="do" data-act="fleet" data-option="{escape(each.id)}" '
        f'aria-pressed="{str(each.id == option.id).lower()}">{each.rank}</button>'
        for each in plan.options[: sections.FEW_CARDS]
    )
    heading = escape(t("fleet_of", rank=option.rank, title=option.title))
    choose = escape(t("fleet_choose"))
    return (
        f'{title}<p class="row no-print"><span class="quiet small">{choose}</span>{buttons}</p>'
        f'<p>{heading}</p><div class="fleet" role="region" tabindex="0" aria-label="{heading}">'
        f"{fleet_picture(option, _rack_units)}</div>"
    )


_DRAWN: OrderedDict[str, Drawn] = OrderedDict()
_MOST_DRAWN = 32
"""Plans whose charts are kept: some hundred kilobytes each."""


async def figures_of(shown: Shown, services: Services) -> Drawn:
    """Return the charts of a plan, drawn once by a worker."""
    key = f"{shown.download} {shown.plan.header.scenario_hash} {shown.plan.header.created}"
    if key not in _DRAWN:
        answer = await services.quick.ask("figures", {"plan": shown.plan.model_dump(mode="json")})
        _DRAWN[key] = json.loads(answer)["figures"]
        while len(_DRAWN) > _MOST_DRAWN:
            _DRAWN.popitem(last=False)
    return _DRAWN[key]


@cache
def _rack_units(offer: str) -> float | None:
    from millwright.web.work.warm import shipped

    try:
        return shipped().host(offer).rack_units
    except InputError:
        return None


def _json(changes: Changes) -> str:
    return changes.model_dump_json(exclude_none=True)


def _json_text(text: str) -> str:
    return json.dumps(text)
