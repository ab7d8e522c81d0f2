"""Putting the page into the server: its addresses, its own files, and what it shows at each."""

from __future__ import annotations

import re
import threading
from functools import lru_cache
from pathlib import Path

from fastapi import FastAPI, Request, Response
from nicegui import ui
from starlette.staticfiles import StaticFiles

from millwright.errors import InputError
from millwright.web.auth import Identity, identity_of
from millwright.web.page.shell import STATIC, block, shell
from millwright.web.page.strings import t
from millwright.web.services import Services
from millwright.web.settings import Role

_FOLDER = Path(__file__).parent / "static"
_A_YEAR = "public, max-age=31536000, immutable"

_apps: list[FastAPI] = []
_served: list[Services] = []
"""The services of the server this process runs, the last one mounted: the page's addresses are known to it once."""


def mount(app: FastAPI, services: Services) -> None:
    """Add the page to `app`, below the API."""

    @app.get(f"{STATIC}/vega.js", include_in_schema=False)
    def vega() -> Response:
        return Response(vega_bundle(), media_type="text/javascript", headers={"Cache-Control": _A_YEAR})

    @app.get("/plans/{plan_id}/plan.json", include_in_schema=False)
    def download(plan_id: str) -> Response:
        return Response(services.library.plan(plan_id).plan_json, media_type="application/json")

    @app.get("/plan.json", include_in_schema=False)
    def opened() -> Response:
        if services.settings.plan_file is None:
            return Response(status_code=404)
        return Response(services.settings.plan_file.read_bytes(), media_type="application/json")

    app.mount(STATIC, StaticFiles(directory=_FOLDER))
    first = not _served
    _served[:], _apps[:] = [services], [app]
    if first:
        _add_pages()
    ui.run_with(app, title=t("brand"), dark=None, tailwind=False, show_welcome_message=False)
    threading.Thread(target=vega_bundle, name="vega", daemon=True).start()  # some seconds, before anybody waits


@lru_cache(maxsize=1)
def vega_bundle() -> str:
    """Return Vega, Vega-Lite and Vega-Embed as one script, of the Vega-Lite version that the charts are written for."""
    import altair
    import vl_convert

    version = ".".join(altair.SCHEMA_VERSION.removeprefix("v").split(".")[:2])
    return str(vl_convert.javascript_bundle("Object.assign(window, { vega, vegaLite, vegaEmbed })", vl_version=version))


def _add_pages() -> None:
    @ui.page("/")
    def home(request: Request) -> None:
        services, who = _served[0], identity_of(request)
        if services.settings.plan_file is not None:
            _plan_from_file(services, who)
            return
        from millwright.web.page.library_page import library_page

        library_page(services, who)

    @ui.page("/plans/{plan_id}")
    def plan(plan_id: str, request: Request) -> None:
        from millwright.plan.plan_file import plan_from_json
        from millwright.web.page.plan_page import Shown, plan_page

        services, who = _served[0], identity_of(request)
        try:
            row = services.library.plan(plan_id)
            scenario = None if row.scenario_id is None else services.library.scenario(row.scenario_id).text
            made = plan_from_json(row.plan_json, t("nav_library"))
        except InputError as error:
            _not_there(error)
            return
        may_save = who.role is Role.EDITOR
        files = f"/api/library/plans/{row.id}/files"
        shown = Shown(made, scenario, row.scenario_id, f"/plans/{plan_id}/plan.json", files, may_save, who.name)
        plan_page(shown, services, request.url.query)

    @ui.page("/history/{plan_id}")
    def history(plan_id: str) -> None:
        from millwright.web.page.history_page import history_page

        try:
            history_page(_served[0], plan_id)
        except InputError as error:
            _not_there(error)

    @ui.page("/simulation")
    def simulation() -> None:
        from millwright.web.page.simulation_page import simulation_page

        simulation_page(_served[0])

    @ui.page("/catalogue")
    def catalogue(request: Request, kind: str = "devices", q: str = "", entry: str = "", into: str = "") -> None:
        from millwright.web.page.catalogue_page import catalogue_page

        into = into if re.fullmatch(r"[0-9a-f]{1,40}", into) else ""
        catalogue_page(_served[0], identity_of(request), kind, q[:100], entry[:200], into)

    @ui.page("/readiness")
    async def readiness(request: Request) -> None:
        from millwright.web.page.readiness_page import readiness_page

        await readiness_page(_served[0], identity_of(request))

    @ui.page("/api-docs")
    def api() -> None:
        from millwright.web.page.api_page import api_page

        api_page(_apps[0].openapi())

    @ui.page("/new")
    def new(request: Request) -> None:
        from millwright.web.page.editor_page import editor_page
        from millwright.web.page.questions import FIRST_PLACE, USES, written

        editor_page(_served[0], identity_of(request), written(USES[0].key, 200.0, FIRST_PLACE, "DE"))

    @ui.page("/edit/{scenario_id}")
    def edit(scenario_id: str, request: Request) -> None:
        from millwright.web.page.editor_page import editor_page

        services, who = _served[0], identity_of(request)
        try:
            text = services.library.scenario(scenario_id).text
        except InputError as error:
            _not_there(error)
            return
        editor_page(services, who, text, plan_now=request.query_params.get("plan") == "now")


def _plan_from_file(services: Services, who: Identity) -> None:
    from millwright.plan.plan_file import read_plan
    from millwright.web.page.plan_page import Shown, plan_page

    assert services.settings.plan_file is not None
    try:
        made = read_plan(services.settings.plan_file)
    except InputError as error:
        _not_there(error)
        return
    plan_page(Shown(made, None, None, "/plan.json", "/api/plan/files", False, who.name), services, "")


def _not_there(error: InputError) -> None:
    from html import escape

    with shell("", t("not_there_title")):
        block(f"<h1>{escape(t('not_there_title'))}</h1><p>{escape(error.what)}. {escape(error.remedy)}</p>")
