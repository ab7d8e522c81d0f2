"""`millwright schema`: print the JSON Schema of a scenario (for editors) or of a plan (for programs that read it)."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated, Any

import typer


class Subject(StrEnum):
    """What a schema is printed of."""

    SCENARIO = "scenario"
    PLAN = "plan"


def schema(subject: Annotated[Subject, typer.Argument(help="Of which kind of file.")]) -> None:
    """Print the JSON Schema of a scenario or of a plan."""
    typer.echo(json.dumps(_schema_of(subject), indent=2, ensure_ascii=False))


def _schema_of(subject: Subject) -> dict[str, Any]:
    if subject is Subject.SCENARIO:
        from millwright.scenario.load import scenario_json_schema

        return scenario_json_schema()
    from millwright.plan.model import plan_schema

    return plan_schema()
