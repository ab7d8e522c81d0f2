"""A job is written down before it begins, and always comes to an end that is told."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from millwright.errors import InputError
from millwright.web.jobs import Job, Jobs, TooManyJobsError
from millwright.web.library.database import open_library
from millwright.web.library.rows import JobState
from millwright.web.library.store import Library, NotThereError, now
from millwright.web.routes import examples
from millwright.web.settings import Limits

QUICK = {"scenario": examples.SCENARIO["scenario"]["value"]["scenario"]}
LONG = {"model": "qwen2.5-7b", "device": "l40s", "rate_per_s": 3.0, "requests": 2_000_000, "find_rate": True}


@pytest.fixture
def library(library_url: str) -> Iterator[Library]:
    opened = open_library(library_url)
    yield opened
    opened.close()


@pytest.fixture
def jobs(library: Library) -> Iterator[Jobs]:
    made = Jobs(library, Limits(jobs_at_once=1, jobs_waiting=2))
    made.start()
    yield made
    made.close()


def wait(jobs: Jobs, job: Job) -> Job:
    return asyncio.run(asyncio.wait_for(jobs.ended(job.id), 60.0))


def running(jobs: Jobs, job: Job) -> None:
    for _ in range(600):
        if jobs.job(job.id).state is JobState.RUNNING:
            return
        time.sleep(0.05)
    raise AssertionError("the job never began")


def test_a_job_is_done_and_its_result_written_down(jobs: Jobs, library: Library) -> None:
    done = wait(jobs, jobs.submit("scenario", QUICK, "ada"))
    assert done.state is JobState.DONE
    kept = library.job(done.id)
    assert kept == done
    assert json.loads(kept.result or "")["name"] == "chat"
    assert kept.submitted_by == "ada"
    assert kept.ended_at is not None
    assert kept.started_at is not None
    assert kept.submitted_at <= kept.started_at <= kept.ended_at


def test_a_job_that_fails_says_why(jobs: Jobs) -> None:
    failed = wait(jobs, jobs.submit("scenario", {"scenario": "a: 1"}))
    assert failed.state is JobState.FAILED
    assert json.loads(failed.fault or "")["faults"]


def test_a_running_job_is_cancelled_at_once_and_one_that_waits_never_begins(jobs: Jobs, library: Library) -> None:
    first, second = jobs.submit("simulate", LONG), jobs.submit("simulate", LONG)
    running(jobs, first)
    assert jobs.cancel(second.id).state is JobState.CANCELLED
    assert jobs.cancel(first.id).state is JobState.CANCELLED
    third = wait(jobs, jobs.submit("scenario", QUICK))
    assert third.state is JobState.DONE
    assert library.job(second.id).started_at is None
    assert jobs.cancel(third.id).state is JobState.DONE, "what has ended stays as it is"


def test_only_so_many_jobs_may_wait(jobs: Jobs) -> None:
    submitted = [jobs.submit("simulate", LONG)]
    running(jobs, submitted[0])
    submitted += [jobs.submit("simulate", LONG) for _ in range(2)]
    with pytest.raises(TooManyJobsError):
        jobs.submit("scenario", QUICK)
    for job in submitted:
        jobs.cancel(job.id)


def test_a_job_whose_files_are_not_there_is_not_taken(library: Library) -> None:
    def missing(request: object) -> NoReturn:
        raise NotThereError("attachment", "x")

    jobs = Jobs(library, Limits(), missing)
    with pytest.raises(InputError):
        jobs.submit("scenario", QUICK)
    assert library.jobs() == []
    jobs.close()


def test_every_listener_hears_the_end(jobs: Jobs) -> None:
    job = jobs.submit("scenario", QUICK)
    heard: list[JobState] = []

    def listen() -> None:
        heard.append(wait(jobs, job).state)

    threads = [threading.Thread(target=listen) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heard == [JobState.DONE] * 8


def test_progress_never_goes_back_to_a_state_before(jobs: Jobs) -> None:
    async def states() -> list[JobState]:
        job = jobs.submit("scenario", QUICK)
        return [each.state async for each in jobs.events(job.id)]

    order = {JobState.WAITING: 0, JobState.RUNNING: 1, JobState.DONE: 2}
    seen = [order[each] for each in asyncio.run(states())]
    assert seen == sorted(seen)
    assert seen[-1] == 2


# --- the server stops and comes back ---


def test_a_job_is_forgotten_some_weeks_after_its_end_and_not_before(library: Library) -> None:
    old, new, waiting = (library.add_job("scenario", json.dumps(QUICK), "") for _ in range(3))
    library.change_job(old.id, state=JobState.DONE.value, ended_at=now() - dt.timedelta(days=31))
    library.change_job(new.id, state=JobState.DONE.value, ended_at=now() - dt.timedelta(days=29), result="{}")
    jobs = Jobs(library, Limits(job_days=30))
    jobs.start()
    assert wait(jobs, waiting).state is JobState.DONE
    assert {each.id for each in library.jobs()} == {new.id, waiting.id}
    jobs.close()


def test_what_ran_is_marked_interrupted_and_what_waited_is_begun_by_the_next_server(library: Library) -> None:
    stopping = Jobs(library, Limits(jobs_at_once=1))
    ran, waited = stopping.submit("simulate", LONG), stopping.submit("scenario", QUICK)
    running(stopping, ran)
    stopping.close()
    assert library.job(ran.id).state is JobState.INTERRUPTED
    assert library.job(waited.id).state is JobState.WAITING

    back = Jobs(library, Limits(jobs_at_once=1))
    back.start()
    assert wait(back, waited).state is JobState.DONE
    back.close()


def test_a_job_of_a_server_that_was_killed_is_interrupted(library: Library, tmp_path: Path) -> None:
    left = library.add_job("simulate", json.dumps(LONG), "")
    library.change_job(left.id, state=JobState.RUNNING.value)
    back = Jobs(library, Limits())
    back.start()
    assert back.job(left.id).state is JobState.INTERRUPTED
    assert wait(back, left).ended_at is not None
    back.close()
