"""Scenarios and plans, and what law and people say of them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Response

from millwright.web.routes import examples
from millwright.web.routes.jobs import JobView, Wait, submitted_or_done
from millwright.web.routes.shared import Given, Who, answered
from millwright.web.work.judgements import CheckRequest, PeopleRequest
from millwright.web.work.plans import PlanRequest, ScenarioRequest

router = APIRouter(tags=["plans"])

LATER: dict[int | str, dict[str, Any]] = {
    202: {"model": JobView, "description": "Not done yet: the job, and where it is."}
}


@router.post("/scenarios/check", response_model=None)
async def check_scenario(
    asked: Annotated[ScenarioRequest, Body(openapi_examples=examples.SCENARIO)], given: Given
) -> Response:
    """Check a scenario: every fault at once, each with line, column, key and remedy."""
    return await answered(given, "scenario", asked)


@router.post("/plans", response_model=None, responses=LATER)
async def make_plan(
    asked: Annotated[PlanRequest, Body(openapi_examples=examples.SCENARIO)], given: Given, who: Who, wait: Wait = 0
) -> Response:
    """Plan a scenario (`millwright plan`); the result is `plan.json`."""
    return await submitted_or_done(given, who, "plan", asked, wait)


@router.post("/check", response_model=None)
async def check(asked: Annotated[CheckRequest, Body(openapi_examples=examples.CHECK)], given: Given) -> Response:
    """Judge by the rules alone (`millwright check`): may each workload run at each place?"""
    return await answered(given, "check", asked)


@router.post("/people", response_model=None, responses=LATER)
async def people(
    asked: Annotated[PeopleRequest, Body(openapi_examples=examples.SCENARIO)], given: Given, who: Who, wait: Wait = 0
) -> Response:
    """Hold options against a team (`millwright people`)."""
    return await submitted_or_done(given, who, "people", asked, wait)
