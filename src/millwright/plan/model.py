"""The plan as it is published: the models of `plan.json`.

Numbers are floats in base units, named in the field (`rate_per_s`) or in a `unit` beside the value. An 80 % interval is
`low … high`, which are P10 and P90. What is unknown is null, never NaN. `plan_file.py` reads and writes the file.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from millwright.plan.base_model import EstimateValue, MaybeNumber, Number, PlanModel, Share
from millwright.plan.mix_model import Conflict, Mix
from millwright.plan.odds import odds_in_words
from millwright.plan.option_model import (
    Binding,
    BreakEven,
    CashFlowMonth,
    CauseCost,
    Cost,
    CurvePoint,
    DemandPoint,
    DeploymentSummary,
    FleetPart,
    Kind,
    LatencyCurve,
    LatencyPercentiles,
    Law,
    LawFinding,
    Option,
    People,
    Performance,
    Power,
    Verdict,
    WorkloadCost,
)
from millwright.plan.ready_model import Readiness
from millwright.plan.sharing_model import Sharing, SharingLane, SharingTrial
from millwright.plan.sovereign_model import AirGap, Sovereignty

__all__ = [
    "SCHEMA_VERSION",
    "AirGap",
    "Answer",
    "Assumption",
    "Binding",
    "BreakEven",
    "CashFlowMonth",
    "CauseCost",
    "Conflict",
    "Cost",
    "CurvePoint",
    "Decision",
    "DemandPoint",
    "DeploymentSummary",
    "EstimateValue",
    "FleetPart",
    "Header",
    "Kind",
    "LatencyCurve",
    "LatencyPercentiles",
    "Law",
    "LawFinding",
    "LengthSummary",
    "Mix",
    "Option",
    "Origin",
    "People",
    "Performance",
    "Plan",
    "Power",
    "Readiness",
    "RefusalReason",
    "RefusedOption",
    "Sharing",
    "SharingLane",
    "SharingTrial",
    "SloLimit",
    "Sovereignty",
    "Stage",
    "Timing",
    "Turn",
    "Verdict",
    "WorkloadCost",
    "WorkloadSummary",
    "plan_schema",
]

SCHEMA_VERSION = "1.0"
"""Version of the plan's form: the first number changes when an old reader would misread a new file."""


class Stage(StrEnum):
    """Where on the way an option was refused."""

    LAW = "law"
    SITE = "site"
    CATALOGUE = "catalogue"
    MEMORY = "memory"
    LATENCY = "latency"
    CAPACITY = "capacity"
    POWER = "power"
    SPACE = "space"
    BUDGET = "budget"
    LIMIT = "limit"
    PEOPLE = "people"
    READINESS = "readiness"


class Origin(StrEnum):
    """Where an assumption's value comes from."""

    USER = "user"
    DEFAULTED = "defaulted"
    CATALOGUE = "catalogue"
    FITTED = "fitted"


class Header(PlanModel):
    """What the plan was made from: enough to make it again."""

    schema_version: str = SCHEMA_VERSION
    millwright_version: str
    created: str
    """ISO date or time, passed in by the caller."""
    scenario_name: str
    scenario_hash: str
    organisation: str = ""
    country: str = ""
    """ISO 3166 two-letter code."""
    currency: str
    """ISO 4217; every money unit in the plan is in it."""
    horizon_months: int = Field(ge=1)
    discount_rate_per_year: Number
    catalogue_date: str
    rule_base_version: str
    rules_as_of: str = ""
    """The day whose rules were applied (ISO)."""
    seed: int
    disclaimer: str


class Decision(StrEnum):
    """What the answer amounts to."""

    OWN = "own"
    COLO = "colo"
    RENT = "rent"
    TOKENS = "buy tokens"
    MIX = "mix"
    NONE = "no feasible option"


class Turn(PlanModel):
    """Something that, when it moves that far, turns the answer to another option."""

    what: str
    """What moves, such as `demand`."""
    at: EstimateValue | None
    """Where the answer turns; null: never within the range looked at."""
    to_option_id: str | None = None
    sentence: str


class Answer(PlanModel):
    """The answer in one sentence, how sure it is, and what to do next."""

    sentence: str
    decision: Decision
    option_id: str | None
    """Null when nothing is feasible."""
    probability: Share
    """Probability that this option is the cheapest feasible one."""
    odds: str = Field(default_factory=lambda validated: odds_in_words(validated["probability"]))
    """The probability in words; the same words for the same odds."""
    next_steps: tuple[str, ...] = ()
    turns: tuple[Turn, ...] = ()
    conflict: Conflict | None = None
    """Where nothing is feasible: the limits that cannot be kept together."""


class SloLimit(PlanModel):
    """One limit of the service-level objective."""

    metric: Literal["ttft", "tpot", "e2e"]
    percentile: Annotated[float, Field(gt=0.0, lt=100.0)]
    limit_s: Annotated[float, Field(gt=0.0)]


class LengthSummary(PlanModel):
    """How long requests are [tokens]."""

    mean_tokens: Number
    p50_tokens: MaybeNumber = None
    p95_tokens: MaybeNumber = None


class WorkloadSummary(PlanModel):
    """One workload as it was understood."""

    name: str
    model: str
    traffic: str
    """Where the requests come from: profile, trace or distributions, in words."""
    rate_mean_per_s: Number
    rate_peak_per_s: Number
    input_length: LengthSummary
    output_length: LengthSummary
    input_tokens_per_month: Number
    output_tokens_per_month: Number
    growth_per_year: Number = 0.0
    slo: tuple[SloLimit, ...] = ()
    data_classes: tuple[str, ...] = ()
    residency: tuple[str, ...] = ()


class RefusalReason(PlanModel):
    """Why an option was refused: `summary` is the same for like cases (no figures), `text` has this one's figures."""

    stage: Stage
    summary: str
    text: str


class RefusedOption(PlanModel):
    """Something that was looked at and is no option, with every reason."""

    title: str
    kind: Kind
    workload: str = ""
    site: str = ""
    provider: str = ""
    offer: str = ""
    device: str | None = None
    model: str = ""
    settings: str = ""
    """Precision and parallelism in short, such as `fp8, TP 4`."""
    reasons: tuple[RefusalReason, ...] = Field(min_length=1)


class Assumption(PlanModel):
    """A value the plan rests on, and where it comes from."""

    id: str
    path: str
    """Where to change it: the scenario key or the catalogue path."""
    label: str = ""
    value: Number | str | bool | None
    unit: str = ""
    low: MaybeNumber = None
    high: MaybeNumber = None
    origin: Origin
    source_title: str = ""
    source_url: str = ""
    date: str = ""
    quality: Literal["A", "B", "C", ""] = ""
    """A primary, B secondary but checked, C claimed or estimated."""
    stale: bool = False
    note: str = ""


class Timing(PlanModel):
    """How long one part of the planning took."""

    stage: str
    wall_s: Number
    cpu_s: MaybeNumber = None
    """Processor time of all threads of the program meanwhile; null in plans of before it was told."""


class Plan(PlanModel):
    """The result of planning one scenario: ranked options and why."""

    header: Header
    answer: Answer
    workloads: tuple[WorkloadSummary, ...]
    options: tuple[Option, ...]
    """Best first."""
    refused: tuple[RefusedOption, ...] = ()
    assumptions: tuple[Assumption, ...] = ()
    warnings: tuple[str, ...] = ()
    readiness: Readiness | None = None
    """How ready the organisation is; null where the scenario names no answers."""
    timings: tuple[Timing, ...] = ()
    mix: Mix | None = None
    """The best mixed fleet; null where it was not sought, or there is none."""
    sharing: Sharing | None = None
    """Whether workloads had better share machines; null where there is one, or it was not asked."""
    not_covered: tuple[str, ...] = ()
    """What the rule base does not hold of the law that may bear on the workloads: its silence is no consent."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        ids = [option.id for option in self.options]
        if len(set(ids)) != len(ids):
            raise ValueError("two options have the same id")
        if [option.rank for option in self.options] != list(range(1, len(ids) + 1)):
            raise ValueError("options are ranked 1, 2, 3 …, best first")
        if self.answer.option_id is not None and self.answer.option_id not in ids:
            raise ValueError(f"the answer names option '{self.answer.option_id}', which the plan does not have")
        return self

    def option(self, option_id: str) -> Option:
        """Return the option with that id; raises KeyError with the known ids."""
        for option in self.options:
            if option.id == option_id:
                return option
        known = ", ".join(option.id for option in self.options)
        raise KeyError(f"no option '{option_id}'; the plan has: {known}")


def plan_schema() -> dict[str, Any]:
    """Return the JSON Schema of `plan.json`, as `millwright schema plan` prints it."""
    schema = Plan.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "version": SCHEMA_VERSION, **schema}
