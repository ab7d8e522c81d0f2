"""Jobs: how far they are, what came of them, and an end to them."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from millwright.errors import InputError
from millwright.web.auth import Identity
from millwright.web.faults import fault_response
from millwright.web.jobs import Job
from millwright.web.library.rows import JobState
from millwright.web.outcome import failure_from_json
from millwright.web.routes.shared import Given, Id, Who, json_text
from millwright.web.services import Services
from millwright.web.tables import Format, table_response
from millwright.web.work.kinds import KINDS

router = APIRouter(prefix="/jobs", tags=["jobs"])


class JobView(BaseModel):
    """A job as the API shows it."""

    id: str
    kind: str
    state: JobState
    what: str
    done: int
    of: int
    submitted_at: dt.datetime
    started_at: dt.datetime | None
    ended_at: dt.datetime | None
    fault: dict[str, Any] | None
    result: str | None
    """Where the result is, once there is one."""


def view(job: Job) -> JobView:
    """Return a job as the API shows it."""
    return JobView(
        id=job.id,
        kind=job.kind,
        state=job.state,
        what=job.what,
        done=job.done,
        of=job.of,
        submitted_at=job.submitted_at,
        started_at=job.started_at,
        ended_at=job.ended_at,
        fault=None if job.fault is None else json.loads(job.fault),
        result=f"/api/jobs/{job.id}/result" if job.state is JobState.DONE else None,
    )


Wait = Annotated[
    float,
    Query(ge=0, le=60, description="Wait so long for the result [s]; after that, or with 0, the job is returned."),
]


async def submitted_or_done(given: Services, who: Identity, kind: str, asked: BaseModel, wait_s: float) -> Response:
    """Return the result of new work if it is there within `wait_s`, else the job (202) and where it is."""
    request = asked.model_dump(mode="json")
    job = await run_in_threadpool(given.jobs.submit, kind, request, who.name)
    if wait_s > 0:
        with contextlib.suppress(TimeoutError):
            job = await asyncio.wait_for(given.jobs.ended(job.id), wait_s)
    if job.state is JobState.FAILED and job.fault is not None:
        return fault_response(failure_from_json(job.fault))
    if job.result is not None:
        return json_text(job.result)
    headers = {"Location": f"/api/jobs/{job.id}"}
    return Response(view(job).model_dump_json(), 202, headers, "application/json")


@router.get("")
def list_jobs(given: Given) -> list[JobView]:
    """List the jobs, newest first."""
    return [view(given.jobs.job(each.id)) for each in given.library.jobs()]


@router.get("/{id}")
def show_job(id: Id, given: Given) -> JobView:
    """Show how far a job is."""
    return view(given.jobs.job(id))


@router.delete("/{id}")
def cancel_job(id: Id, given: Given) -> JobView:
    """End a job that waits or runs; one that has ended stays as it is."""
    return view(given.jobs.cancel(id))


@router.get("/{id}/result", response_model=None)
def job_result(id: Id, given: Given, format: Format = Format.JSON) -> Response:
    """Return what came of a job: the whole as JSON, or its rows as CSV or Parquet where it is a table."""
    job = given.jobs.job(id)
    if job.result is None:
        return Response(view(job).model_dump_json(), 409, media_type="application/json")
    if format is Format.JSON:
        return json_text(job.result)
    key = KINDS[job.kind].table if job.kind in KINDS else ""
    if not key:
        raise InputError(f"what comes of '{job.kind}' is no table", "format", "Ask for json.")
    return table_response(json.loads(job.result)[key], format, job.kind)


@router.post("/{id}/again", status_code=202)
def job_again(id: Id, given: Given, who: Who, response: Response) -> JobView:
    """Begin a job anew that was interrupted, cancelled or has failed: the same request, as a new job."""
    job = given.jobs.job(id)
    new = given.jobs.submit(job.kind, json.loads(job.request), who.name)
    response.headers["Location"] = f"/api/jobs/{new.id}"
    return view(new)


@router.get("/{id}/events", response_model=None)
async def job_events(id: Id, given: Given) -> Response:
    """Follow a job by server-sent events: `progress`, and at its end an event named as its state."""
    given.jobs.job(id)  # a job that there is not is told before the stream begins
    return StreamingResponse(_events(given, id), media_type="text/event-stream", headers={"Cache-Control": "no-store"})


async def _events(given: Services, id_: str) -> AsyncIterator[str]:
    async with contextlib.aclosing(given.jobs.events(id_)) as jobs:
        async for job in jobs:
            name = job.state.value if job.state.ended else "progress"
            yield f"event: {name}\ndata: {view(job).model_dump_json()}\n\n"
