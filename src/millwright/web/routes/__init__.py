"""The API: each handler parses, calls one function, and shows."""

from __future__ import annotations

from fastapi import APIRouter


def routers() -> list[APIRouter]:
    """Return the routers of the API, in the order of its documentation."""
    from millwright.web.routes import jobs, library, plans, what_if

    return [plans.router, what_if.router, jobs.router, library.router]
