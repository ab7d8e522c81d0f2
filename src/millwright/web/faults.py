"""Faults as the API tells them: what, where, what to do; for a scenario, every fault with its line."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from millwright.errors import InputError
from millwright.web.jobs import TooManyJobsError
from millwright.web.library.store import NotThereError
from millwright.web.outcome import Failure, WorkError, failure_of

_STATUS = {"input": 422, "limit": 413, "defect": 500, "superseded": 409}


def install_fault_handlers(app: FastAPI) -> None:
    """Have every fault of a request answered in one form."""

    @app.exception_handler(InputError)
    async def _(request: Request, error: InputError) -> JSONResponse:
        status = 404 if isinstance(error, NotThereError) else 429 if isinstance(error, TooManyJobsError) else 422
        return fault_response(failure_of(error), status)

    @app.exception_handler(WorkError)
    async def _(request: Request, error: WorkError) -> JSONResponse:
        return fault_response(error.failure)

    @app.exception_handler(RequestValidationError)
    async def _(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        more = f", and {len(error.errors()) - 1} more faults" if len(error.errors()) > 1 else ""
        return fault_response(Failure("input", f"{first['msg']}{more}", where, "See /api/openapi.json."), 422)


def fault_response(failure: Failure, status: int | None = None) -> JSONResponse:
    """Return a failure as an answer."""
    return JSONResponse({"fault": asdict(failure)}, status_code=status or _STATUS[failure.kind])
