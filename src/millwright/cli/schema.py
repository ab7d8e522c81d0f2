"""`millwright schema`: print the JSON Schema of what one writes (for editors) or of a plan (for programs)."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated, Any

import typer


class Subject(StrEnum):
    """What a schema is printed of."""

    SCENARIO = "scenario"
    PLAN = "plan"
    CASE = "case"


def schema(subject: Annotated[Subject, typer.Argument(help="Of which kind of file.")]) -> None:
    """Print the JSON Schema of a scenario, a plan or a cash-flow case."""
    typer.echo(json.dumps(_schema_of(subject), indent=2, ensure_ascii=False))


def _schema_of(subject: Subject) -> dict[str, Any]:
    if subject is Subject.SCENARIO:
        from millwright.scenario.load import scenario_json_schema

        return scenario_json_schema()
    if subject is Subject.CASE:
        from millwright.finance.case_schema import case_schema

        return case_schema()
    from millwright.plan.model import plan_schema

    return plan_schema()
