"""The library: saved scenarios and plans."""

from __future__ import annotations

from fastapi import APIRouter

from millwright.web.library.rows import ScenarioRow
from millwright.web.routes.shared import Given, Who
from millwright.web.work.fields import Name, Request, YamlText

router = APIRouter(prefix="/library", tags=["library"])


class SaveScenario(Request):
    """A scenario to keep."""

    name: Name
    text: YamlText


@router.get("/scenarios")
def list_scenarios(given: Given) -> list[ScenarioRow]:
    """List the saved scenarios, newest first."""
    return given.library.scenarios()


@router.post("/scenarios", status_code=201)
def save_scenario(asked: SaveScenario, given: Given, who: Who) -> ScenarioRow:
    """Save a scenario under a name; an earlier one of that name stays."""
    return given.library.save_scenario(asked.name, asked.text, who.name)


@router.get("/scenarios/{id}")
def show_scenario(id: str, given: Given) -> ScenarioRow:
    """Show one saved scenario."""
    return given.library.scenario(id)
