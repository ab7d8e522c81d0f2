"""The scenario: the user's one file as frozen objects, numbers in base units, everything not said defaulted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Self

from pydantic import Field, model_validator

from millwright.scenario.fields import (
    Amount,
    Areas,
    Confidence,
    CountryCode,
    Days,
    FactValue,
    Months,
    Name,
    Names,
    ScenarioModel,
    Share,
    fault,
    why,
)
from millwright.scenario.finance import Finance, OnCall, Staff
from millwright.scenario.job import Job
from millwright.scenario.site import (
    ApiSite,
    CloudSite,
    ColoSite,
    Commitment,
    ExistingHosts,
    OwnedSite,
    Site,
    SiteKind,
    default_sites,
)
from millwright.scenario.speculation import DraftMethod, Speculating, Speculation
from millwright.scenario.traffic import Trace, TraceFormat, Traffic
from millwright.scenario.workload import Data, DataClass, Mode, Slo, Workload

__all__ = [
    "ApiSite",
    "CloudSite",
    "ColoSite",
    "Commitment",
    "CustomDevice",
    "Data",
    "DataClass",
    "DraftMethod",
    "ExistingHosts",
    "Finance",
    "Job",
    "Law",
    "Limits",
    "Mode",
    "Objective",
    "OnCall",
    "Organisation",
    "OwnedSite",
    "Scenario",
    "Sector",
    "Site",
    "SiteKind",
    "Slo",
    "Speculating",
    "Speculation",
    "Staff",
    "Team",
    "TeamMember",
    "Trace",
    "TraceFormat",
    "Traffic",
    "Workload",
]


class Sector(StrEnum):
    """The organisation's field, where rules tell them apart."""

    GENERAL = "general"
    HEALTH = "health"
    FINANCE = "finance"
    PUBLIC = "public"
    DEFENCE = "defence"
    EDUCATION = "education"
    LEGAL = "legal"
    ENERGY = "energy"
    TELECOM = "telecom"
    TRANSPORT = "transport"
    INDUSTRY = "industry"
    RETAIL = "retail"
    RESEARCH = "research"
    TECHNOLOGY = "technology"


class Organisation(ScenarioModel):
    """Who asks."""

    country: CountryCode
    """Country of its seat."""
    sector: Sector = Field(Sector.GENERAL, json_schema_extra=why("no sector's own rules are applied"))
    """Its field, for the rules that apply to it."""
    currency: str = Field("USD", pattern="^[A-Z]{3}$", json_schema_extra=why("the country's currency"))
    """Currency that results are shown in (ISO 4217)."""
    employees: int | None = Field(None, ge=1, le=100_000_000)
    """How many people work there."""


class TeamMember(ScenarioModel):
    """Somebody of the team; nobody's name is needed."""

    id: Name
    """What to call them, such as `ops-1`."""
    role: str = ""
    """What they do."""
    hours_per_month: float | None = None
    """Hours a month that they have for this; 60 where nothing is said."""
    skills: dict[str, int | str | dict[str, int | str]] = Field(default_factory=dict)
    """Level by skill, with what shows it: `linux-admin: 4 assessed`. `millwright people --skills` lists them."""


class Team(ScenarioModel):
    """Who would run it. With this section every option is held against the team; without it a rough FTE is counted."""

    engineers: float = Field(1.0, ge=0.0, le=1e5, json_schema_extra=why("assumed: one person"))
    """Engineers who could spend time on it, of whom nothing else is known: generalists with 60 hours a month."""
    file: str | None = None
    """The team in a file beside the scenario (CSV or YAML), in place of `engineers`."""
    members: tuple[TeamMember, ...] = ()
    """The team, one by one, in place of `engineers`."""
    go_live_months: Months = Field(
        6.0,
        alias="go_live",
        json_schema_extra=why("assumed: at most half a year to prepare; earlier where that costs little more"),
    )
    """By when it must be live, from now."""
    hiring: bool = Field(True, json_schema_extra=why("assumed: people may be hired"))
    """Whether people may be hired."""
    outside: bool = Field(True, json_schema_extra=why("assumed: contracts may be made"))
    """Whether contracts and managed services may be bought."""
    budget: Amount | None = Field(None, json_schema_extra=why("no limit on people was given"))
    """Most that people may cost in all, over preparation and service."""
    allow: Names = ()
    """Simplifications that may be taken although they break a promise or change the performance: `office-hours` …"""

    @model_validator(mode="after")
    def _said_once(self) -> Self:
        said = [key for key in ("engineers", "file", "members") if key in self.model_fields_set]
        if len(said) > 1:
            raise fault(f"the team is given by {' and by '.join(said)}", "Keep one of them.", (said[1],))
        return self


class Law(ScenarioModel):
    """What rules need to know that nothing else in the scenario says."""

    allowed_jurisdictions: Areas | None = Field(None, json_schema_extra=why("every jurisdiction"))
    """Countries or areas that may control an operator; none given: all."""
    as_of: dt.date | None = Field(None, json_schema_extra=why("the rules in force today"))
    """Date (YYYY-MM-DD) as of which the rules are applied."""
    facts: dict[str, FactValue] = Field(default_factory=dict)
    """Facts that rules ask for, such as `baa_signed: true`."""


class Objective(StrEnum):
    """What the best option has least of; of sovereignty it has most."""

    LCOT = "lcot"
    CAPEX = "capex"
    CARBON = "carbon"
    SOVEREIGNTY = "sovereignty"
    ENERGY = "energy"


class Limits(ScenarioModel):
    """What any option must keep to."""

    spares: int = Field(1, ge=0, le=1000, json_schema_extra=why("N+1: one machine may fail at the peak"))
    """Whole machines (hosts or instances) beyond what the peak needs, for each workload."""
    confidence: Confidence = Field(0.8, json_schema_extra=why("assumed: four in five; 50 % plans on the median"))
    """Probability that machines counted for the peak keep the SLO; their speed is known within an interval only."""
    price_age_days: Days = Field(180.0, alias="price_age", json_schema_extra=why("older prices count as stale"))
    """Age from which a price is shown as stale."""
    devices: Names | None = Field(None, json_schema_extra=why("every device"))
    """Devices that may be used at all."""
    vendors: Names | None = Field(None, json_schema_extra=why("every vendor"))
    """Device vendors that may be used."""
    engines: Names | None = Field(None, json_schema_extra=why("every engine"))
    """Inference engines that may be used."""
    disaggregated: bool = Field(False, json_schema_extra=why("one kind of replica is simpler to run"))
    """Look at replicas too that compute prompts on other devices than answers."""
    speculation: Speculating = Field(
        Speculating.SHIPPED, json_schema_extra=why("a head that ships with the checkpoint costs nothing to try")
    )
    """Speculative decoding without a stated acceptance: `never`; `shipped`: with the head in the checkpoint, where the
    catalogue knows its acceptance; `catalogued`: with heads and drafts that others published too."""
    exclude: Names = ()
    """Devices, hosts, vendors or providers that may not be used."""
    max_monthly_cost: Amount | None = Field(None, json_schema_extra=why("no limit was given"))
    """Most that an option may cost per month."""
    max_vendor_share: Share | None = Field(None, gt=0, json_schema_extra=why("no limit was given"))
    """Most of all tokens that may depend on one vendor: a maker of devices, or the provider of an API."""
    lead_time_days: Days | None = Field(None, alias="lead_time", json_schema_extra=why("no limit was given"))
    """Longest wait for machines that are bought."""
    objective: Objective = Field(Objective.LCOT, json_schema_extra=why("cheapest per token served"))
    """What options are ranked by."""


class CustomDevice(ScenarioModel):
    """A device that the catalogue does not know, by its datasheet: five figures suffice."""

    name: Name
    """Your name for it."""
    memory: str
    """Memory, such as `96 GB`."""
    bandwidth: str
    """Memory bandwidth, such as `3.2 TB/s`."""
    bf16: str
    """Dense peak in bf16, such as `400 TFLOP/s`."""
    tdp: str
    """Thermal design power, such as `500 W`."""
    price: str | None = None
    """Price of one, such as `15 kUSD`."""
    fp8: str | None = None
    """Dense peak in fp8."""
    int8: str | None = None
    """Dense peak in int8."""
    fp4: str | None = None
    """Dense peak in 4-bit floats."""
    idle: str | None = None
    """Power when idle."""
    link: str | None = None
    """Bandwidth of the link between devices, one direction."""
    vendor: str | None = None
    """Who makes it."""
    kind: str | None = None
    """gpu, cpu, tpu, asic or apple."""
    family: str | None = None
    """Device family whose measured efficiencies come nearest."""


Overrides = dict[str, dict[str, dict[str, FactValue]]]


class Scenario(ScenarioModel):
    """What must be served, how well, where it may run, what it may cost, who runs it."""

    name: Name = Field("scenario", json_schema_extra=why("none was given"))
    """Title of the plan."""
    organisation: Organisation
    """Who asks."""
    workloads: tuple[Workload, ...] = Field(min_length=1, max_length=100)
    """What must be served."""
    sites: tuple[Site, ...] = Field(
        default_factory=lambda given: default_sites(_country(given)),
        min_length=1,
        max_length=200,
        json_schema_extra=why("an own room in the organisation's country, every cloud, every API"),
    )
    """Where it may run."""
    finance: Finance = Field(default_factory=Finance)
    """What money costs."""
    team: Team = Field(default_factory=Team)
    """Who would run it."""
    law: Law = Field(default_factory=Law)
    """What rules need to know."""
    limits: Limits = Field(default_factory=Limits)
    """What any option must keep to."""
    jobs: tuple[Job, ...] = Field((), max_length=20)
    """Work that comes again beside serving: fine-tuning."""
    readiness: str | None = None
    """File with the answers to `millwright assess`, beside the scenario; none given: not looked at."""
    overrides: Overrides = Field(default_factory=dict)
    """Your own figures in place of the catalogue's: `devices: {h100-sxm: {price: 25 kUSD}}`."""
    devices: tuple[CustomDevice, ...] = ()
    """Devices that the catalogue does not know."""

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        for what, names in (
            ("workloads", [each.name for each in self.workloads]),
            ("sites", [each.name for each in self.sites]),
            ("devices", [each.name for each in self.devices]),
            ("jobs", [each.name for each in self.jobs]),
        ):
            for number, name in enumerate(names):
                if name in names[:number]:
                    raise fault(f"two {what} are called '{name}'", "Give each its own name.", (what, number, "name"))
        return self

    @model_validator(mode="after")
    def _jobs_are_of_workloads(self) -> Self:
        names = [each.name for each in self.workloads]
        for number, job in enumerate(self.jobs):
            if job.workload not in names:
                what = f"job '{job.name}' is for a workload '{job.workload}', which there is not"
                raise fault(what, f"Name one of {', '.join(names)}.", ("jobs", number, "workload"))
        return self

    @model_validator(mode="after")
    def _machines_stand_in_the_organisations_country(self) -> Self:
        sites = tuple(
            site.filled_in(country=self.organisation.country)
            if isinstance(site, OwnedSite | ColoSite) and not site.country
            else site
            for site in self.sites
        )
        object.__setattr__(self, "sites", sites)
        return self


def _country(given: Mapping[str, Any]) -> str:
    organisation = given.get("organisation")
    return organisation.country if isinstance(organisation, Organisation) else ""
