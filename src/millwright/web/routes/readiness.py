"""Readiness: the questions, an assessment, and what compute a machine has."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Body, Response

from millwright.web.routes import examples
from millwright.web.routes.shared import Given, answered
from millwright.web.work.readiness import AssessRequest, InventoryRequest

router = APIRouter(tags=["readiness"])


@router.get("/readiness/questions")
def questions() -> dict[str, Any]:
    """List the axes and questions, each with its levels and what would show them."""
    from millwright.readiness.questions import load_questions

    book = load_questions()
    return {
        "axes": [asdict(axis) for axis in book.axes.values()],
        "questions": [{**asdict(each), "kinds": sorted(each.kinds)} for each in book.questions.values()],
    }


@router.get("/readiness/inventory-script", response_model=None)
def script() -> Response:
    """Give the shell script that reads a machine (`millwright inventory --script`)."""
    from millwright.readiness.machine import inventory_script

    return Response(inventory_script(), media_type="text/plain; charset=utf-8")


@router.post("/assessments", response_model=None)
async def assess(asked: Annotated[AssessRequest, Body(openapi_examples=examples.ASSESS)], given: Given) -> Response:
    """Assess readiness (`millwright assess`): scores as ranges, what blocks, and the roadmap."""
    return await answered(given, "assess", asked)


@router.post("/inventories", response_model=None)
async def inventory(
    asked: Annotated[InventoryRequest, Body(openapi_examples=examples.INVENTORY)], given: Given
) -> Response:
    """Read what the inventory script put out (`millwright inventory --from`)."""
    return await answered(given, "inventory", asked)
