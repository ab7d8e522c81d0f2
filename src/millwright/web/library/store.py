"""The library as the rest of the server sees it: save, list, look up. Every save is one transaction."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import secrets
from collections.abc import Mapping
from typing import Any, TypeVar

import sqlalchemy as sa

from millwright.errors import InputError
from millwright.web.library import tables
from millwright.web.library.compare import Comparison, compare_plans
from millwright.web.library.rows import (
    AttachmentRow,
    CalibrationRow,
    JobRow,
    JobState,
    MeasurementRow,
    PlanRow,
    ScenarioRow,
)

Row = TypeVar("Row", ScenarioRow, PlanRow, AttachmentRow, MeasurementRow, CalibrationRow)

MOST_LISTED = 1000
"""A list holds the newest so many."""


class NotThereError(InputError):
    """The library holds nothing under this id."""

    def __init__(self, kind: str, id_: str) -> None:
        super().__init__(f"there is no {kind} '{id_}'", remedy="List what there is, and use an id of the list.")


class LibraryFullError(InputError):
    """The uploaded files fill what the operator gives them."""

    def __init__(self, held: int, most: int) -> None:
        super().__init__(
            f"the uploaded files hold {held / 2**20:,.0f} of {most / 2**20:,.0f} MiB", remedy="Delete some first."
        )


_ATTACHMENT = sa.select(*(each for each in tables.attachments.c if each.name != "content"))


class Library:
    """Saved things in a database that `migrations.open_library` has brought up to date."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()

    # --- scenarios ---

    def save_scenario(self, name: str, text: str, by: str = "") -> ScenarioRow:
        """Save a scenario's text under a name; an earlier one of that name stays."""
        row = ScenarioRow(new_id(), name, text, hashlib.sha256(text.encode()).hexdigest(), now(), by)
        self._insert(tables.scenarios, vars(row))
        return row

    def scenarios(self) -> list[ScenarioRow]:
        """Return the saved scenarios, newest first."""
        return self._newest(tables.scenarios, ScenarioRow)

    def scenario(self, id_: str) -> ScenarioRow:
        """Return one scenario; raises NotThereError."""
        return self._one(tables.scenarios, ScenarioRow, id_, "scenario")

    # --- plans ---

    def save_plan(self, scenario_id: str | None, plan_json: str, by: str = "") -> PlanRow:
        """Save a `plan.json`, with the scenario it was made from if that is saved too; raises InputError."""
        plan = _plan(plan_json)
        if scenario_id is not None:
            self.scenario(scenario_id)
        header, answer = plan["header"], plan["answer"]
        row = PlanRow(
            id=new_id(),
            scenario_id=scenario_id,
            scenario_name=header["scenario_name"][: tables.NAME_LENGTH],
            plan_json=plan_json,
            created=header["created"],
            decision=answer["decision"],
            option_id=answer["option_id"],
            probability=answer["probability"],
            sentence=answer["sentence"],
            catalogue_date=header["catalogue_date"],
            rule_base_version=header["rule_base_version"],
            millwright_version=header["millwright_version"],
            saved_at=now(),
            saved_by=by,
        )
        self._insert(tables.plans, vars(row))
        return row

    def plans(self) -> list[PlanRow]:
        """Return the saved plans, newest first; `plan_json` is left empty, for a thousand plans are a gigabyte."""
        return self._newest(tables.plans, PlanRow, leave_out="plan_json")

    def plan(self, id_: str) -> PlanRow:
        """Return one plan; raises NotThereError."""
        return self._one(tables.plans, PlanRow, id_, "plan")

    def compare(self, before: str, after: str) -> Comparison:
        """Return what has changed from one saved plan to another, and whether the decision flips."""
        from millwright.plan.plan_file import plan_from_json

        rows = self.plan(before), self.plan(after)
        plans = [plan_from_json(row.plan_json, f"plan {row.id}") for row in rows]
        texts = [self.scenario(row.scenario_id).text if row.scenario_id else None for row in rows]
        return compare_plans(plans[0], plans[1], texts[0], texts[1])

    # --- uploaded files ---

    def save_attachment(self, name: str, content: bytes, most_in_all: int, by: str = "") -> AttachmentRow:
        """Save an uploaded file; raises LibraryFullError where all of them together would be more than `most_in_all`.

        The same content under the same name is kept once.
        """
        digest, table = hashlib.sha256(content).hexdigest(), tables.attachments
        row = AttachmentRow(new_id(), name, len(content), digest, now(), by)
        with self.engine.begin() as connection:
            same = _ATTACHMENT.where(table.c.sha256 == digest, table.c.name == name)
            if (found := connection.execute(same).first()) is not None:
                return AttachmentRow(**found._mapping)
            held = connection.execute(sa.select(sa.func.coalesce(sa.func.sum(table.c.size_bytes), 0))).scalar_one()
            if held + len(content) > most_in_all:
                raise LibraryFullError(held, most_in_all)
            connection.execute(table.insert().values(content=content, **vars(row)))
        return row

    def attachments(self) -> list[AttachmentRow]:
        """Return the uploaded files, newest first."""
        chosen = _ATTACHMENT.order_by(tables.attachments.c.saved_at.desc(), tables.attachments.c.id)
        with self.engine.connect() as connection:
            return [AttachmentRow(**each._mapping) for each in connection.execute(chosen.limit(MOST_LISTED))]

    def content(self, id_: str) -> bytes:
        """Return what an uploaded file holds; raises NotThereError."""
        chosen = sa.select(tables.attachments.c.content).where(tables.attachments.c.id == id_)
        with self.engine.connect() as connection:
            found = connection.execute(chosen).scalar_one_or_none()
        if found is None:
            raise NotThereError("attachment", id_)
        return bytes(found)

    def attachment_name(self, id_: str) -> str:
        """Return what an uploaded file is called; raises NotThereError."""
        with self.engine.connect() as connection:
            found = connection.execute(_ATTACHMENT.where(tables.attachments.c.id == id_)).one_or_none()
        if found is None:
            raise NotThereError("attachment", id_)
        return AttachmentRow(**found._mapping).name

    def delete_attachment(self, id_: str) -> None:
        """Take an uploaded file away; raises NotThereError, and InputError where a measurement stands on it."""
        with self.engine.begin() as connection:
            used = sa.select(tables.measurements.c.name).where(tables.measurements.c.attachment_id == id_)
            if (name := connection.execute(used).scalar()) is not None:
                raise InputError(f"the measurement '{name}' stands on it", id_, "Keep the file.")
            gone = connection.execute(tables.attachments.delete().where(tables.attachments.c.id == id_))
        if gone.rowcount == 0:
            raise NotThereError("attachment", id_)

    # --- measurements and calibrations ---

    def save_measurement(self, name: str, attachment_id: str, points: int, by: str = "") -> MeasurementRow:
        """Save that an uploaded file holds so many measured points."""
        row = MeasurementRow(new_id(), name, attachment_id, points, now(), by)
        self._insert(tables.measurements, vars(row))
        return row

    def measurements(self) -> list[MeasurementRow]:
        """Return the measurements, newest first."""
        return self._newest(tables.measurements, MeasurementRow)

    def measurement(self, id_: str) -> MeasurementRow:
        """Return one measurement; raises NotThereError."""
        return self._one(tables.measurements, MeasurementRow, id_, "measurement")

    def save_calibration(self, name: str, text: str, by: str = "") -> CalibrationRow:
        """Save a `calibration.json` under a name; an earlier one of that name stays."""
        row = CalibrationRow(new_id(), name, text, now(), by)
        self._insert(tables.calibrations, vars(row))
        return row

    def calibrations(self) -> list[CalibrationRow]:
        """Return the calibrations, newest first."""
        return self._newest(tables.calibrations, CalibrationRow)

    def calibration(self, id_: str) -> CalibrationRow:
        """Return one calibration; raises NotThereError."""
        return self._one(tables.calibrations, CalibrationRow, id_, "calibration")

    # --- jobs ---

    def add_job(self, kind: str, request: str, by: str) -> JobRow:
        """Write down a job that waits."""
        row = JobRow(new_id(), kind, request, JobState.WAITING, "", 0, 0, None, None, by, now(), None, None)
        self._insert(tables.jobs, vars(row))
        return row

    def change_job(self, id_: str, **columns: Any) -> None:
        """Write down how a job goes on."""
        with self.engine.begin() as connection:
            connection.execute(tables.jobs.update().where(tables.jobs.c.id == id_).values(**columns))

    def begin_job(self, id_: str, started_at: dt.datetime) -> bool:
        """Write down that a job runs; False where it does not wait any more."""
        waits = (tables.jobs.c.id == id_) & (tables.jobs.c.state == JobState.WAITING.value)
        with self.engine.begin() as connection:
            begun = connection.execute(
                tables.jobs.update().where(waits).values(state=JobState.RUNNING.value, started_at=started_at)
            )
        return begun.rowcount == 1

    def job(self, id_: str) -> JobRow:
        """Return one job; raises NotThereError."""
        with self.engine.connect() as connection:
            found = connection.execute(tables.jobs.select().where(tables.jobs.c.id == id_)).one_or_none()
        if found is None:
            raise NotThereError("job", id_)
        return _job(found._mapping)

    def jobs(self, state: JobState | None = None) -> list[JobRow]:
        """Return the jobs, newest first, without their results; of one state if given."""
        chosen = _without(tables.jobs, "result").order_by(tables.jobs.c.submitted_at.desc()).limit(MOST_LISTED)
        if state is not None:
            chosen = chosen.where(tables.jobs.c.state == state.value)
        with self.engine.connect() as connection:
            return [_job(each._mapping) for each in connection.execute(chosen)]

    def forget_jobs(self, ended_before: dt.datetime) -> int:
        """Delete jobs that ended before a moment, with their results; return how many."""
        with self.engine.begin() as connection:
            gone = connection.execute(tables.jobs.delete().where(tables.jobs.c.ended_at < ended_before))
        return gone.rowcount

    # --- how ---

    def _insert(self, table: sa.Table, values: Mapping[str, Any]) -> None:
        with self.engine.begin() as connection:
            connection.execute(table.insert().values(**values))

    def _newest(self, table: sa.Table, kind: type[Row], leave_out: str = "") -> list[Row]:
        chosen = _without(table, leave_out).order_by(table.c.saved_at.desc(), table.c.id).limit(MOST_LISTED)
        with self.engine.connect() as connection:
            return [kind(**each._mapping) for each in connection.execute(chosen)]

    def _one(self, table: sa.Table, kind: type[Row], id_: str, called: str) -> Row:
        with self.engine.connect() as connection:
            found = connection.execute(table.select().where(table.c.id == id_)).one_or_none()
        if found is None:
            raise NotThereError(called, id_)
        return kind(**found._mapping)


def new_id() -> str:
    """Return an id that nobody guesses and no two servers give twice."""
    return secrets.token_hex(tables.ID_LENGTH // 2)


def now() -> dt.datetime:
    """Return the present moment, in UTC."""
    return dt.datetime.now(dt.UTC)


def _without(table: sa.Table, left_out: str) -> sa.Select[Any]:
    """Return the query of a table's rows in which one column of long texts is empty."""
    return sa.select(*(sa.literal("").label(each.name) if each.name == left_out else each for each in table.c))


def _job(columns: Mapping[Any, Any]) -> JobRow:
    return JobRow(**{**columns, "state": JobState(columns["state"])})


def _plan(plan_json: str) -> dict[str, Any]:
    """Return a plan that this version reads, as plain JSON."""
    from millwright.plan.plan_file import plan_from_json

    plan = plan_from_json(plan_json, "the plan")
    found: dict[str, Any] = json.loads(plan.model_dump_json(include={"header", "answer"}))
    return found
