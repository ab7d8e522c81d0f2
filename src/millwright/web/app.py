"""Putting a server together: services, walls around every request, the API, the page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from importlib.util import find_spec

from fastapi import FastAPI, Response

from millwright import __version__
from millwright.web import login, routes
from millwright.web.faults import install_fault_handlers
from millwright.web.gate import Gate
from millwright.web.headers import SafeHeaders
from millwright.web.jobs import Jobs
from millwright.web.library.database import open_library
from millwright.web.library.files import prepared
from millwright.web.library.hold import hold
from millwright.web.library.store import NotThereError
from millwright.web.quick import Quick
from millwright.web.routes.shared import json_text
from millwright.web.services import Services
from millwright.web.settings import Settings, check_settings

PAGE = "millwright.web.page"


def create_app(settings: Settings, *, page: bool = True) -> FastAPI:
    """Return the server's application; raises InputError where the settings cannot be.

    Jobs and workers start with the application and stop with it. `page=False` leaves the page out.
    """
    check_settings(settings)
    library = open_library(settings.library_url)
    let_go = hold(library.engine)
    prepare = partial(prepared, library)
    services = Services(settings, library, Jobs(library, settings.limits, prepare), Quick(settings.limits, prepare))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        services.quick.start()
        services.jobs.start()
        try:
            yield
        finally:
            services.jobs.close()
            services.quick.close()
            let_go()
            library.close()

    app = FastAPI(
        title="Millwright",
        version=__version__,
        lifespan=lifespan,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.state.services = services
    app.add_middleware(Gate, settings=settings)
    app.add_middleware(SafeHeaders)
    install_fault_handlers(app)
    app.include_router(login.router)

    @app.get("/api/health", tags=["server"])
    def health() -> dict[str, str]:
        """Say that the server is there, and of which version."""
        return {"version": __version__}

    @app.get("/api/plan", tags=["plans"], response_model=None)
    def opened() -> Response:
        """Return the plan that `millwright open` shows."""
        if settings.plan_file is None:
            raise NotThereError("plan", "opened")
        return json_text(settings.plan_file.read_text(encoding="utf-8"))

    for router in routes.routers():
        app.include_router(router, prefix="/api")
    if page and find_spec(PAGE) is not None and find_spec(f"{PAGE}.mount") is not None:
        from importlib import import_module

        import_module(f"{PAGE}.mount").mount(app, services)
    return app
