"""Simulations."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Response

from millwright.web.routes import examples
from millwright.web.routes.jobs import Wait, submitted_or_done
from millwright.web.routes.plans import LATER
from millwright.web.routes.shared import Given, Who
from millwright.web.work.simulations import SimulateRequest

router = APIRouter(tags=["simulations"])


@router.post("/simulations", response_model=None, responses=LATER)
async def simulate(
    asked: Annotated[SimulateRequest, Body(openapi_examples=examples.SIMULATE)], given: Given, who: Who, wait: Wait = 0
) -> Response:
    """Simulate one deployment under a load (`millwright simulate`)."""
    return await submitted_or_done(given, who, "simulate", asked, wait)
