"""Plans: a scenario's text in, the plan out."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from millwright.web.work.fields import Seed, WithFiles, YamlText
from millwright.web.work.files import CalibrationId, calibration
from millwright.web.worker import Tell

if TYPE_CHECKING:
    from millwright.scenario.load import LoadedScenario

SCENARIO_FILE = "scenario.yaml"


class ScenarioRequest(WithFiles):
    """A scenario, to be checked."""

    scenario: YamlText


class PlanRequest(ScenarioRequest):
    """A scenario, to be planned."""

    as_of: dt.date | None = Field(default=None, description="Plan as of this day instead of today.")
    seed: Seed = 0
    calibration_id: CalibrationId = None
    front: bool = Field(default=False, description="Also the mixed fleets between the least cost and the least carbon.")


def check_scenario(asked: ScenarioRequest, folder: Path, tell: Tell) -> dict[str, Any]:
    """Return what a sound scenario is called and what it leaves to defaults; raises ScenarioError."""
    loaded = load(asked.scenario, folder)
    return {
        "name": loaded.scenario.name,
        "defaulted": [asdict(each) for each in loaded.defaulted],
    }


def plan(asked: PlanRequest, folder: Path, tell: Tell) -> dict[str, Any]:
    """Return the plan of a scenario, as `millwright plan --json` prints it."""
    from millwright.plan.make import make_plan

    made = make_plan(
        load(asked.scenario, folder),
        today=asked.as_of or dt.date.today(),
        seed=asked.seed,
        progress=tell,
        calibration=calibration(folder),
        front=asked.front,
    )
    return made.model_dump(mode="json")


def load(text: str, folder: Path) -> LoadedScenario:
    """Return the scenario in a text whose files lie in `folder`, and nowhere else."""
    from millwright.scenario.load import read_scenario
    from millwright.web.work.warm import shipped

    return read_scenario(text, folder / SCENARIO_FILE, shipped())
