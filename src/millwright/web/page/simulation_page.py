"""The simulation view: requests against one replica, played."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from nicegui import ui
from nicegui.events import GenericEventArguments

from millwright.traffic.profile import profiles
from millwright.web.outcome import WorkError
from millwright.web.page.chart import Chart
from millwright.web.page.render import render
from millwright.web.page.shell import STATIC, block, shell
from millwright.web.page.strings import t
from millwright.web.services import Services

_MOST_ROWS = 500


def simulation_page(services: Services) -> None:
    """Lay out the form; what was simulated is shown below it."""
    with shell("simulation", t("simulation_title")):
        ui.add_body_html(f'<script defer src="{STATIC}/simulation.js"></script>')
        models, devices = _named("models"), _named("devices")
        block(render("simulation", models=models, devices=devices, profiles=list(profiles())), "div", "")
        place = ui.element("div")

        async def simulate(event: GenericEventArguments) -> None:
            _say(t("sim_busy"))
            given = event.args if isinstance(event.args, dict) else {}
            try:
                played = json.loads(await services.quick.ask("playback", dict(given)))
            except WorkError as error:
                _say(f"{error.failure.what}. {error.failure.remedy}")
                return
            _say("")
            place.clear()
            with place:
                _show(played)
            ui.run_javascript("millwright.simulation.ready()")

        ui.on("simulate", simulate)


def _show(played: dict[str, Any]) -> None:
    charts = {chart["name"]: chart for chart in played["charts"]}
    with ui.element("section").classes("sheet").props("aria-labelledby=played-title"):
        block(
            render(
                "played",
                moments=played["moments"],
                moments_json=json.dumps(played["moments"]),
                capacity=played["capacity_tokens"],
            ),
            "div",
            "",
        )
        for name in ("waiting", "running", "context_tokens"):
            Chart({**charts[name], "caption": ""})
    with ui.element("section").classes("sheet").props("aria-labelledby=histogram-title"):
        block(f'<h2 id="histogram-title">{t("sim_histogram")}</h2>', "div", "")
        Chart({**charts["histogram"], "caption": ""})
    block(render("requests", requests=played["requests"][:_MOST_ROWS]), labelled="requests-title")


def _say(words: str) -> None:
    ui.run_javascript(f"millwright.simulation.status({json.dumps(words)})")


@lru_cache
def _named(kind: str) -> tuple[tuple[str, str], ...]:
    """Return ids and names of the catalogue's entries of a kind, by name."""
    from millwright.web.work.warm import shipped

    entries = shipped().shelf(kind).entries
    return tuple(sorted(((id_, str(entry.get("name", id_))) for id_, entry in entries.items()), key=lambda x: x[1]))
