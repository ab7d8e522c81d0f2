"""The API: each handler parses, calls one function, and shows."""

from __future__ import annotations

from fastapi import APIRouter


def routers() -> list[APIRouter]:
    """Return the routers of the API, in the order of its documentation."""
    from millwright.web.routes import (
        attachments,
        catalog,
        costs,
        jobs,
        law,
        library,
        plans,
        points,
        readiness,
        schemas,
        simulations,
        views,
        what_if,
    )

    modules = (
        plans, what_if, readiness, simulations, costs, points, jobs, attachments, library, views, catalog, law, schemas,
    )  # fmt: skip
    return [each.router for each in modules]
