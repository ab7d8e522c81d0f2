"""Law and people: may each workload run there, and can the team run it?"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from millwright.web.work.fields import Name, Text
from millwright.web.work.files import UploadedName, uploaded
from millwright.web.work.plans import ScenarioRequest, load
from millwright.web.worker import Tell


class CheckRequest(ScenarioRequest):
    """A scenario, to be judged by the rules alone."""

    as_of: dt.date | None = Field(default=None, description="Apply the rules of that day instead of today's.")
    assume: tuple[Annotated[Text, StringConstraints(max_length=200)], ...] = Field(
        default=(), max_length=50, description="Facts (`site.baa_signed=true`) and what-ifs (`dpf-annulled`)."
    )
    proof: bool = Field(default=False, description="With the whole proof of each verdict.")


class PeopleRequest(ScenarioRequest):
    """A scenario, its options held against a team."""

    team: UploadedName | None = Field(default=None, description="Attachment with the team (YAML or CSV).")
    plan_id: Annotated[str | None, StringConstraints(max_length=40)] = Field(
        default=None, description="A saved plan whose options are meant; without it, typical ones."
    )
    options: tuple[Name, ...] = Field(default=(), max_length=200, description="Ids of the options looked at.")
    go_live_month: Annotated[int, Field(ge=0, le=60)] | None = None
    budget: Annotated[Text, StringConstraints(max_length=40)] = Field(default="", description="Such as `200 kEUR`.")
    hosts: Annotated[int, Field(ge=1, le=100_000)] = 2
    without: tuple[Name, ...] = Field(default=(), max_length=100)
    allow: tuple[Name, ...] = Field(default=(), max_length=100)
    hiring: bool = True
    outside: bool = True
    fronts: bool = False


PLAN_FILE = "plan.json"


def check(asked: CheckRequest, folder: Path, tell: Tell) -> dict[str, Any]:
    """Return the findings, as `millwright check --json` prints them."""
    from millwright.law.assume import assuming
    from millwright.law.load import load_rules
    from millwright.law.survey import survey
    from millwright.report.counsel.findings import findings_document

    rules, told = assuming(load_rules(), asked.assume)
    loaded = load(asked.scenario, folder)
    day = asked.as_of or loaded.scenario.law.as_of or dt.date.today()
    return findings_document(survey(loaded.scenario, loaded.catalog, rules, day, told), proof=asked.proof)


def people(asked: PeopleRequest, folder: Path, tell: Tell) -> dict[str, Any]:
    """Return what the team can run, as `millwright people --json` prints it."""
    from millwright.people.team_file import load_team
    from millwright.plan.plan_file import read_plan
    from millwright.plan.staffing import AskedStaffing, staffing, staffing_json

    names = AskedStaffing.__dataclass_fields__
    found = staffing(
        load(asked.scenario, folder),
        AskedStaffing(**{name: getattr(asked, name) for name in names}),
        team=None if asked.team is None else load_team(uploaded(folder, asked.team, "team")),
        plan=None if asked.plan_id is None else read_plan(folder / PLAN_FILE),
    )
    return staffing_json(found)
