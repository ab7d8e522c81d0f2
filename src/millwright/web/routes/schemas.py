"""JSON Schemas of the files."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

router = APIRouter(prefix="/schemas", tags=["schemas"])


@router.get("/scenario")
def scenario_schema() -> dict[str, Any]:
    """Return the JSON Schema of a scenario."""
    from millwright.scenario.load import scenario_json_schema

    return scenario_json_schema()


@router.get("/plan")
def plan_schema() -> dict[str, Any]:
    """Return the JSON Schema of a plan."""
    from millwright.plan.model import plan_schema as schema

    return schema()
