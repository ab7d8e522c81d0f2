"""The library: saved scenarios, plans, measurements and calibrations, and what has changed between plans."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import PurePath
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import StringConstraints

from millwright.web.library.compare import Comparison
from millwright.web.library.rows import CalibrationRow, MeasurementRow, PlanRow, ScenarioRow
from millwright.web.routes.shared import Given, Id, Who, json_text
from millwright.web.tables import Format, table_response
from millwright.web.work.fields import Name, Request, Text, YamlText

router = APIRouter(prefix="/library", tags=["library"])

IdText = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{1,40}$")]

MOST_PLAN_CHARACTERS = 16 << 20


class SaveScenario(Request):
    """A scenario to keep."""

    name: Name
    text: YamlText


class SavePlan(Request):
    """A plan to keep: the result of a job, or a `plan.json`."""

    job_id: IdText | None = None
    plan_json: Annotated[Text, StringConstraints(max_length=MOST_PLAN_CHARACTERS)] | None = None
    scenario_id: IdText | None = None


class SaveMeasurement(Request):
    """Uploaded points to keep."""

    name: Name
    attachment_id: IdText


class SaveCalibration(Request):
    """The result of a calibration job to keep, so that plans can use it."""

    name: Name
    job_id: IdText


# --- scenarios ---


@router.get("/scenarios", response_model=list[ScenarioRow])
def list_scenarios(given: Given, format: Format = Format.JSON) -> Any:
    """List the saved scenarios, newest first."""
    return _listed(given.library.scenarios(), format, "scenarios")


@router.post("/scenarios", status_code=201)
def save_scenario(asked: SaveScenario, given: Given, who: Who) -> ScenarioRow:
    """Save a scenario under a name; an earlier one of that name stays."""
    return given.library.save_scenario(asked.name, asked.text, who.name)


@router.get("/scenarios/{id}")
def show_scenario(id: Id, given: Given) -> ScenarioRow:
    """Show one saved scenario."""
    return given.library.scenario(id)


# --- plans ---


@router.get("/plans", response_model=None)
def list_plans(given: Given, format: Format = Format.JSON) -> Response:
    """List the saved plans, newest first, without the plans themselves."""
    return table_response([_plan_entry(each) for each in given.library.plans()], format, "plans")


@router.post("/plans", status_code=201)
def save_plan(asked: SavePlan, given: Given, who: Who) -> dict[str, Any]:
    """Save a plan: a job's result, or a `plan.json`."""
    text = asked.plan_json if asked.job_id is None else given.jobs.result(asked.job_id, "plan")
    return _plan_entry(given.library.save_plan(asked.scenario_id, text or "", who.name))


@router.get("/plans/{id}", response_model=None)
def show_plan(id: Id, given: Given) -> Response:
    """Return a saved `plan.json`."""
    return json_text(given.library.plan(id).plan_json)


@router.get("/plans/{id}/options", response_model=None)
def list_options(id: Id, given: Given, format: Format = Format.JSON) -> Response:
    """Return the options of a saved plan, one a row."""
    return table_response(json.loads(given.library.plan(id).plan_json)["options"], format, "options")


@router.get("/plans/{id}/assumptions", response_model=None)
def list_assumptions(id: Id, given: Given, format: Format = Format.JSON) -> Response:
    """Return what a saved plan rests on, one value a row."""
    return table_response(json.loads(given.library.plan(id).plan_json)["assumptions"], format, "assumptions")


@router.get("/compare")
def compare(
    before: Annotated[str, Query(pattern=r"^[0-9a-f]{1,40}$")],
    after: Annotated[str, Query(pattern=r"^[0-9a-f]{1,40}$")],
    given: Given,
) -> Comparison:
    """Say what has changed between two saved plans, and whether the decision flips."""
    return given.library.compare(before, after)


# --- measurements and calibrations ---


@router.get("/measurements")
def list_measurements(given: Given) -> list[MeasurementRow]:
    """List the measurements, newest first."""
    return given.library.measurements()


@router.post("/measurements", status_code=201)
async def save_measurement(asked: SaveMeasurement, given: Given, who: Who) -> MeasurementRow:
    """Save uploaded points as a measurement, once a worker has read them."""
    kind = PurePath(await run_in_threadpool(given.library.attachment_name, asked.attachment_id)).suffix
    request = {"points": f"points{kind}", "attachments": {f"points{kind}": asked.attachment_id}}
    counted = json.loads(await given.quick.ask("count-points", request))
    return await run_in_threadpool(
        given.library.save_measurement, asked.name, asked.attachment_id, counted["points"], who.name
    )


@router.get("/calibrations")
def list_calibrations(given: Given) -> list[CalibrationRow]:
    """List the calibrations, newest first."""
    return given.library.calibrations()


@router.post("/calibrations", status_code=201)
def save_calibration(asked: SaveCalibration, given: Given, who: Who) -> CalibrationRow:
    """Save the result of a calibration job under a name."""
    made = json.loads(given.jobs.result(asked.job_id, "calibrate"))
    return given.library.save_calibration(asked.name, json.dumps(made["calibration"]), who.name)


def _listed(rows: list[ScenarioRow], format_: Format, name: str) -> Any:
    if format_ is Format.JSON:
        return rows
    return table_response([asdict(row) | {"saved_at": row.saved_at.isoformat()} for row in rows], format_, name)


def _plan_entry(row: PlanRow) -> dict[str, Any]:
    return {
        **{name: value for name, value in asdict(row).items() if name != "plan_json"},
        "saved_at": row.saved_at.isoformat(),
    }
