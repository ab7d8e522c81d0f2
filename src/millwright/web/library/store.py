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
from millwright.web.library.rows import JobRow, JobState, PlanRow, ScenarioRow

Row = TypeVar("Row", ScenarioRow, PlanRow)

MOST_LISTED = 1000
"""A list holds the newest so many."""


class NotThereError(InputError):
    """The library holds nothing under this id."""

    def __init__(self, kind: str, id_: str) -> None:
        super().__init__(f"there is no {kind} '{id_}'", remedy="List what there is, and use an id of the list.")


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
        """Return the saved plans, newest first."""
        return self._newest(tables.plans, PlanRow)

    def plan(self, id_: str) -> PlanRow:
        """Return one plan; raises NotThereError."""
        return self._one(tables.plans, PlanRow, id_, "plan")

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

    def job(self, id_: str) -> JobRow:
        """Return one job; raises NotThereError."""
        with self.engine.connect() as connection:
            found = connection.execute(tables.jobs.select().where(tables.jobs.c.id == id_)).one_or_none()
        if found is None:
            raise NotThereError("job", id_)
        return _job(found._mapping)

    def jobs(self, state: JobState | None = None) -> list[JobRow]:
        """Return the jobs, newest first; of one state if given."""
        chosen = tables.jobs.select().order_by(tables.jobs.c.submitted_at.desc()).limit(MOST_LISTED)
        if state is not None:
            chosen = chosen.where(tables.jobs.c.state == state.value)
        with self.engine.connect() as connection:
            return [_job(each._mapping) for each in connection.execute(chosen)]

    # --- how ---

    def _insert(self, table: sa.Table, values: Mapping[str, Any]) -> None:
        with self.engine.begin() as connection:
            connection.execute(table.insert().values(**values))

    def _newest(self, table: sa.Table, kind: type[Row]) -> list[Row]:
        chosen = table.select().order_by(table.c.saved_at.desc(), table.c.id).limit(MOST_LISTED)
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


def _job(columns: Mapping[Any, Any]) -> JobRow:
    return JobRow(**{**columns, "state": JobState(columns["state"])})


def _plan(plan_json: str) -> dict[str, Any]:
    """Return a plan that this version reads, as plain JSON."""
    from millwright.plan.plan_file import plan_from_json

    plan = plan_from_json(plan_json, "the plan")
    found: dict[str, Any] = json.loads(plan.model_dump_json(include={"header", "answer"}))
    return found
