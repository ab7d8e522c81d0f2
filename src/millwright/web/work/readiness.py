"""Is the organisation ready, and what compute is there: the answers and the inventory as texts."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from millwright.web.work.fields import Name, Request, Text, WithFiles, YamlText
from millwright.web.work.plans import load
from millwright.web.worker import Tell


class AssessRequest(WithFiles):
    """Answers, held against what options ask for."""

    answers: YamlText
    scenario: YamlText | None = Field(default=None, description="Look at the kinds of sites and data of this one.")
    kinds: tuple[Name, ...] = Field(default=(), max_length=4, description="owned, colo, cloud, api.")
    start: dt.date | None = Field(default=None, description="First day of the roadmap; today if none.")
    hours_per_month: Annotated[float, Field(ge=1.0, le=100_000.0)] | None = None
    budget: Annotated[Text, StringConstraints(max_length=40)] = Field(default="", description="A quarter: `5 kEUR`.")
    level: Annotated[int, Field(ge=0, le=4)] = 0


class InventoryRequest(Request):
    """What `inventory.sh` put out on some machine."""

    output: Annotated[Text, StringConstraints(min_length=1, max_length=1 << 20)]
    site: Name = "this machine"


def assess(asked: AssessRequest, folder: Path, tell: Tell) -> dict[str, Any]:
    """Return the assessment, as `millwright assess --json` prints it."""
    from millwright.plan.assessed import AskedAssessment, assessed_json
    from millwright.plan.assessed import assess as assessed
    from millwright.readiness.answers_file import read_answers
    from millwright.web.work.warm import shipped

    scenario = None if asked.scenario is None else load(asked.scenario, folder).scenario
    means = AskedAssessment(asked.kinds, asked.hours_per_month, asked.budget, asked.level)
    answers = read_answers(asked.answers, "answers")
    return assessed_json(assessed(answers, means, scenario, shipped(), asked.start or dt.date.today()))


def inventory(asked: InventoryRequest, folder: Path, tell: Tell) -> dict[str, Any]:
    """Return the machine and its place in the catalogue, as `millwright inventory --json` prints it."""
    from millwright.readiness.machine import read_machine
    from millwright.readiness.owned import owned_hardware, snippet
    from millwright.web.work.warm import shipped

    machine = read_machine(asked.output)
    hardware = owned_hardware(machine, shipped())
    return {"machine": asdict(machine), "owned": asdict(hardware), "scenario": snippet(hardware, asked.site)}


class AnswerSetting(Request):
    """One answer of the form: a level with its evidence, or none."""

    question: Name
    level: Annotated[int, Field(ge=0, le=4)] | None = None
    evidence: Annotated[Text, StringConstraints(pattern="^(claimed|documented|measured)$")] = "claimed"
    because: Annotated[Text, StringConstraints(max_length=2000)] = ""


class AnswersRequest(Request):
    """An answers file as it is being written on the page, and one answer to put into it."""

    answers: Annotated[Text, StringConstraints(max_length=1 << 20)] = ""
    set: AnswerSetting | None = None


def answer(asked: AnswersRequest, folder: Path, tell: Tell) -> dict[str, Any]:
    """Return the text with the answer in it, and the assessment as it then stands.

    An answer that says `documented` or `measured` without what was seen counts as claimed until it says so. Raises
    ScenarioError where the text is no answers file, InputError where there is no such question.
    """
    from millwright.errors import InputError
    from millwright.plan.assessed import AskedAssessment, assessed_json
    from millwright.plan.assessed import assess as assessed
    from millwright.readiness.answers_file import read_answers, with_answer
    from millwright.readiness.assessment import Answer, Assessment, Evidence
    from millwright.readiness.questions import load_questions
    from millwright.web.work.warm import shipped

    text, given = asked.answers, asked.set
    if given is not None:
        if given.question not in load_questions().questions:
            raise InputError(f"there is no question '{given.question[:60]}'", "question", "Ask for the list of them.")
        because = given.because.strip()
        evidence = Evidence(given.evidence) if because else Evidence.CLAIMED
        found = None if given.level is None else Answer(given.level, evidence, because)
        text = with_answer(text, given.question, found)
    answers = read_answers(text, "answers") if text.strip() else Assessment()
    made = assessed(answers, AskedAssessment((), None, "", 0), None, shipped(), dt.date.today())
    return {"text": text, "assessment": assessed_json(made)}
