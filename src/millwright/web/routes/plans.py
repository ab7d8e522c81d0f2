"""Scenarios and plans."""

from __future__ import annotations

from fastapi import APIRouter, Response

from millwright.web.routes.jobs import JobView, submitted
from millwright.web.routes.shared import Given, Who, json_text
from millwright.web.work.plans import PlanRequest, ScenarioRequest

router = APIRouter(tags=["plans"])


@router.post("/scenarios/check", response_model=None)
async def check_scenario(asked: ScenarioRequest, given: Given) -> Response:
    """Check a scenario: every fault at once, each with line, column, key and remedy."""
    return json_text(await given.quick.ask("scenario", asked.model_dump(mode="json")))


@router.post("/plans", status_code=202)
def make_plan(asked: PlanRequest, given: Given, who: Who, response: Response) -> JobView:
    """Plan a scenario, as a job; its result is `plan.json`."""
    return submitted(given, who, "plan", asked, response)
