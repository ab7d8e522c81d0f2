"""Jobs: how far they are, what came of them, and an end to them."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from millwright.web.auth import Identity
from millwright.web.jobs import Job
from millwright.web.library.rows import JobState
from millwright.web.routes.shared import Given, json_text
from millwright.web.services import Services

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


def submitted(given: Services, who: Identity, kind: str, asked: BaseModel, response: Response) -> JobView:
    """Return a new job, and say in the header where it is."""
    job = given.jobs.submit(kind, asked.model_dump(mode="json"), who.name)
    response.headers["Location"] = f"/api/jobs/{job.id}"
    return view(job)


@router.get("")
def list_jobs(given: Given) -> list[JobView]:
    """List the jobs, newest first."""
    return [view(given.jobs.job(each.id)) for each in given.library.jobs()]


@router.get("/{id}")
def show_job(id: str, given: Given) -> JobView:
    """Show how far a job is."""
    return view(given.jobs.job(id))


@router.delete("/{id}")
def cancel_job(id: str, given: Given) -> JobView:
    """End a job that waits or runs; one that has ended stays as it is."""
    return view(given.jobs.cancel(id))


@router.get("/{id}/result", response_model=None)
def job_result(id: str, given: Given) -> Response:
    """Return what came of a job."""
    job = given.jobs.job(id)
    if job.result is None:
        return Response(view(job).model_dump_json(), 409, media_type="application/json")
    return json_text(job.result)


@router.get("/{id}/events", response_model=None)
async def job_events(id: str, given: Given) -> Response:
    """Follow a job by server-sent events: `progress`, and at its end an event named as its state."""
    given.jobs.job(id)  # a job that there is not is told before the stream begins
    return StreamingResponse(_events(given, id), media_type="text/event-stream", headers={"Cache-Control": "no-store"})


async def _events(given: Services, id_: str) -> AsyncIterator[str]:
    async with contextlib.aclosing(given.jobs.events(id_)) as jobs:
        async for job in jobs:
            name = job.state.value if job.state.ended else "progress"
            yield f"event: {name}\ndata: {view(job).model_dump_json()}\n\n"
