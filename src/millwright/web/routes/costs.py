"""Money alone."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Response

from millwright.web.routes import examples
from millwright.web.routes.shared import Given, answered
from millwright.web.work.costs import CostRequest

router = APIRouter(prefix="/costs", tags=["costs"])


@router.post("", response_model=None)
async def cost(asked: Annotated[CostRequest, Body(openapi_examples=examples.COST)], given: Given) -> Response:
    """Price a cash-flow case (`millwright cost`)."""
    return await answered(given, "cost", asked)


@router.get("/presets")
def list_presets() -> list[str]:
    """List the public studies that can be priced."""
    from millwright.finance.presets import preset_names

    return list(preset_names())
