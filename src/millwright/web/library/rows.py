"""What the library gives back: one frozen row per saved thing."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True)
class ScenarioRow:
    """A saved scenario. Saving again under the same name makes another row: what was is never lost."""

    id: str
    name: str
    text: str
    sha256: str
    saved_at: dt.datetime
    saved_by: str


@dataclass(frozen=True)
class PlanRow:
    """A saved plan: the whole `plan.json`, and what a list of plans shows of it."""

    id: str
    scenario_id: str | None
    scenario_name: str
    plan_json: str
    created: str
    decision: str
    option_id: str | None
    probability: float
    sentence: str
    catalogue_date: str
    rule_base_version: str
    millwright_version: str
    saved_at: dt.datetime
    saved_by: str


@dataclass(frozen=True)
class AttachmentRow:
    """An uploaded file, without its content."""

    id: str
    name: str
    size_bytes: int
    sha256: str
    saved_at: dt.datetime
    saved_by: str


@dataclass(frozen=True)
class MeasurementRow:
    """Measured points that were uploaded and read: `points` of them, in the attachment."""

    id: str
    name: str
    attachment_id: str
    points: int
    saved_at: dt.datetime
    saved_by: str


@dataclass(frozen=True)
class CalibrationRow:
    """Corrections made from measured points: the whole `calibration.json`."""

    id: str
    name: str
    text: str
    saved_at: dt.datetime
    saved_by: str


class JobState(StrEnum):
    """Where a job is; the last four are the end of it."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"

    @property
    def ended(self) -> bool:
        """Return whether nothing more will happen."""
        return self not in (JobState.WAITING, JobState.RUNNING)


@dataclass(frozen=True)
class JobRow:
    """A job: what was asked, how far it is, and what came of it."""

    id: str
    kind: str
    request: str
    """What was asked, as JSON."""
    state: JobState
    what: str
    """What is being done now, in words."""
    done: int
    of: int
    """`done` of `of` steps of `what`; 0 of 0 where nobody can say."""
    result: str | None
    """What came of it, as JSON."""
    fault: str | None
    """Why it failed, as JSON: what, where, remedy."""
    submitted_by: str
    submitted_at: dt.datetime
    started_at: dt.datetime | None
    ended_at: dt.datetime | None
