"""One option as published: its fleet, what users see of it, what it costs, draws, may and needs."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from millwright.plan.base_model import EstimateValue, MaybeNumber, Number, PlanModel, Share
from millwright.plan.job_model import JobPlacement
from millwright.plan.ready_model import Condition, Exit
from millwright.plan.sovereign_model import AirGap, Sovereignty


class Kind(StrEnum):
    """How an option is had."""

    OWNED = "owned"
    COLO = "colo"
    CLOUD = "cloud"
    API = "api"
    MIXED = "mixed"


class Verdict(StrEnum):
    """A rule's answer to `may it run there?`; unknown names a missing fact."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class WithoutDraft(PlanModel):
    """The same machines without speculative decoding, each serving as well as it can so."""

    machine_rate_per_s: MaybeNumber = None
    """What a machine serves within the SLO [1/s]; null: it keeps no promise."""
    rate_factor: MaybeNumber = None
    """How many times as much it serves with the draft."""
    machines: int | None = None
    """Machines in the first year, spares included."""
    cost_change: MaybeNumber = None
    """How much more the option would cost over the horizon, as a share; below 0: it would be cheaper."""
    tpot_s: MaybeNumber = None
    """TPOT at the SLO's percentile and the planned load [s]: without, and with the draft."""
    tpot_with_s: MaybeNumber = None


class SpeculationSummary(PlanModel):
    """How a replica decodes speculatively: who drafts, what is counted on and who says so, how the engine is told."""

    method: str
    """`mtp`, `eagle3`, `draft-model` or `ngram`."""
    draft: str
    checkpoint: str = ""
    """What holds the draft; empty: the model's own checkpoint, or nothing."""
    tokens: int = Field(ge=1)
    """Tokens drafted for each sequence and step."""
    acceptance: Share
    """Probability that a drafted token is accepted when those before it were."""
    tokens_per_step: Number
    """Tokens that a sequence gets per step on average."""
    quality: str = ""
    """Quality of the acceptance as a fact (`C`: assumed); empty: the scenario states it."""
    source: str = ""
    date: str = ""
    engine_flags: str = ""
    """What the engine's start command needs."""
    engine_file: str = ""
    """What the settings file that the flags name must say; empty: the flags say it all."""
    flags_source: str = ""
    without: WithoutDraft | None = None
    """What it brings; null: not compared (parts of a mix, shared machines, options that are not described in full)."""


class DeploymentSummary(PlanModel):
    """The settings of one replica; null where they are the provider's own affair."""

    engine: str
    engine_version: str = ""
    weights_precision: str
    kv_precision: str
    tp: int = Field(ge=1)
    pp: int = Field(default=1, ge=1)
    ep: int = Field(default=1, ge=1)
    dp: int = Field(default=1, ge=1)
    prompt_pool: str = ""
    """Where prompts are computed apart: how many replicas of which layout, and how many answer; empty: nowhere."""
    max_num_seqs: int | None = None
    max_num_batched_tokens: int | None = None
    max_model_len_tokens: int | None = None
    weights_bytes_per_device: MaybeNumber = None
    kv_capacity_tokens: MaybeNumber = None
    speculation: SpeculationSummary | None = None
    """Speculative decoding; null: none."""


class LatencyPercentiles(PlanModel):
    """Percentiles of one latency [s] at the planned load."""

    mean: EstimateValue | None = None
    p50: EstimateValue
    p90: EstimateValue
    p95: EstimateValue
    p99: EstimateValue | None = None
    """Null where the requests simulated are too few to tell."""


class CurvePoint(PlanModel):
    """Latency at one load; null latency: the replica is saturated."""

    rate_per_s: Number
    value_s: MaybeNumber
    low_s: MaybeNumber = None
    high_s: MaybeNumber = None


class LatencyCurve(PlanModel):
    """How one percentile of one latency grows with the load on one replica."""

    metric: Literal["ttft", "tpot", "e2e"]
    percentile: Annotated[float, Field(gt=0.0, lt=100.0)]
    points: tuple[CurvePoint, ...]


class Performance(PlanModel):
    """What users of one workload see at the planned (peak) load."""

    goodput_per_replica: EstimateValue
    """Largest rate of requests at which the SLO holds [1/s]."""
    capacity: EstimateValue
    """Rate at which all replicas, spares left out, still meet the SLO [1/s]."""
    planned_rate_per_s: Number
    """The peak planned for, over the whole fleet part."""
    planned_rate_per_replica_per_s: Number
    utilisation_mean: Share | None = None
    utilisation_peak: Share | None = None
    confidence: Share = 0.5
    """Confidence at which the replicas were counted (`limits.confidence`)."""
    sure_capacity_per_s: MaybeNumber = None
    """Rate that all replicas serve within the SLO at that confidence [1/s]: at least the planned one."""
    probability_slo_met: Share | None = None
    """Probability that the SLO holds at the planned rate: at least the confidence."""
    ttft: LatencyPercentiles | None = None
    tpot: LatencyPercentiles | None = None
    e2e: LatencyPercentiles | None = None
    output_tokens_per_s: EstimateValue | None = None
    requests: int | None = Field(default=None, ge=0)
    """Requests that the percentiles rest on, those of the first tenth of the run left out; null: not simulated."""
    interval_requests: int | None = Field(default=None, ge=0)
    """Requests that the intervals of the percentiles, the goodput's interval and the curves rest on."""
    curves: tuple[LatencyCurve, ...] = ()


class FleetPart(PlanModel):
    """Replicas of one workload on one offer at one site. An API part has no device, deployment or replica."""

    workload: str
    kind: Kind
    site: str
    provider: str = ""
    country: str = ""
    offer: str
    """Catalogue name of the host, cloud instance or API offer."""
    offer_title: str = ""
    device: str | None = None
    model: str
    deployment: DeploymentSummary | None = None
    devices: int = Field(default=0, ge=0)
    replicas: int = Field(default=0, ge=0)
    """Replicas needed for the peak."""
    spares: int = Field(default=0, ge=0)
    """Replicas beyond the need, so that one may fail."""
    hosts: int = Field(default=0, ge=0)
    """Servers or cloud instances, spares included; those that workloads share are counted with the first of them."""
    shares: str = ""
    """What it has of machines that other workloads use too, such as `2 of 8 devices`; empty: all of them."""
    share_of_demand: Share = 1.0
    headroom: MaybeNumber = None
    """Median capacity over planned rate, less one: 0.25 is a quarter to spare."""
    performance: Performance | None = None


class CauseCost(PlanModel):
    """What one cause costs: its part of the LCOT, and per month averaged over the horizon."""

    cause: str
    """Stable name such as `purchase`, `energy`, `staff`, `api_tokens`."""
    label: str
    capital: bool = False
    per_month: Number
    lcot: Number
    """This cause's part of the blended LCOT [currency/Mtok]; the parts add up to it."""


class WorkloadCost(PlanModel):
    """What one workload's machines and tokens cost; people, and what else belongs to the whole, are left out."""

    workload: str
    npv: Number
    """Present value [currency]; machines that workloads share are divided by the machine time that each takes."""
    per_million_requests: MaybeNumber = None
    """The flat price of a million of its requests that pays for that [currency]."""


class CashFlowMonth(PlanModel):
    """Cost of one month and of all months so far, undiscounted; P10, P50, P90."""

    month: int
    """0: before the start (purchase); 1: the first month of service."""
    cost: Number
    cost_low: Number
    cost_high: Number
    cumulative: Number
    cumulative_low: Number
    cumulative_high: Number


class DemandPoint(PlanModel):
    """LCOT of this option if demand were `demand_multiple` times what the scenario says."""

    demand_multiple: Number
    lcot: Number
    lcot_low: MaybeNumber = None
    lcot_high: MaybeNumber = None


class BreakEven(PlanModel):
    """From which demand, and which month on, this option beats another; null is `never`."""

    against_option_id: str
    against_title: str
    against_kind: Kind
    demand_multiple: EstimateValue | None
    month: EstimateValue | None
    probability: Share | None = None
    """Probability that it breaks even within the horizon at the planned demand."""
    sentence: str


class Cost(PlanModel):
    """What an option costs. Intervals are P10 … P90 over the uncertain inputs."""

    lcot: EstimateValue
    """Blended, per million tokens in and out [currency/Mtok]."""
    lcot_input: EstimateValue | None = None
    lcot_output: EstimateValue | None = None
    npv_of_costs: EstimateValue
    """Present value of all costs less the residual; money out is positive [currency]."""
    capex: EstimateValue
    opex_per_month: EstimateValue
    by_cause: tuple[CauseCost, ...]
    by_workload: tuple[WorkloadCost, ...] = ()
    cash_flow: tuple[CashFlowMonth, ...]
    demand_curve: tuple[DemandPoint, ...] = ()
    break_even: tuple[BreakEven, ...] = ()
    probability_best: Share


class Power(PlanModel):
    """Electricity and carbon, cooling included; for a cloud or API option an estimate where known, else null."""

    power_mean_w: EstimateValue | None = None
    power_peak_w: EstimateValue | None = None
    energy_kwh_per_month: EstimateValue | None = None
    energy_kwh_per_mtok: EstimateValue | None = None
    carbon_kg_per_month: EstimateValue | None = None
    carbon_g_per_mtok: EstimateValue | None = None
    pue: MaybeNumber = None
    carbon_g_per_kwh: MaybeNumber = None


class LawFinding(PlanModel):
    """What one rule says about the option, and why."""

    rule_id: str
    verdict: Verdict
    effect: Literal["forbid", "require", "duty", "warn"] = Field(
        description="`forbid` and `require` decide whether it may run there. A `duty` is to be done before going live, "
        "a `warn` is a risk: neither decides."
    )
    instrument: str
    pinpoint: str = ""
    url: str = ""
    status: str = "in force"
    reason: str
    missing_facts: tuple[str, ...] = ()
    unverified: bool = Field(False, description="The article is cited; its wording was not checked against the text.")


class Law(PlanModel):
    """The verdict over all rules (the worst one) and each rule's finding."""

    verdict: Verdict
    findings: tuple[LawFinding, ...] = ()


class SkillGap(PlanModel):
    """A skill of which too few people of the team have the level that is asked for."""

    skill: str
    title: str
    level: int
    people: int
    """How many people must have it."""
    have_now: int
    have_at_go_live: int
    critical: bool = False
    """Two or more people must have it: the service stands still without it."""
    inside: bool = False
    """It must be somebody on the payroll."""
    by: tuple[str, ...] = ()
    """Who has it at going live."""


class PeopleAction(PlanModel):
    """One thing to do besides training: hire, contract, hand over, simplify. Months count from now."""

    kind: str
    what: str
    start_month: int
    ready_month: int
    cost: Number
    """Over preparation and service."""


class LearningPath(PlanModel):
    """What one member learns, in order: skills with the level to reach."""

    member: str
    hours: Number
    ready_month: int
    steps: tuple[str, ...]


class PersonLost(PlanModel):
    """What fails when somebody leaves, with the plan carried out: skills nobody else has, rotas too short."""

    who: str
    gone: tuple[str, ...] = ()
    rotas: tuple[str, ...] = ()


class EarlierStart(PlanModel):
    """The first month in which the team could run it, and what that costs more."""

    month: int
    more_per_month: Number
    cost_before_go_live: Number


class People(PlanModel):
    """Who must run it: a rough FTE, or the plan of people where the scenario states a team (`assessed`)."""

    fte: EstimateValue
    notes: tuple[str, ...] = ()
    assessed: bool = False
    """Whether it was held against a team; the fields below are known only then. What cannot be run is refused."""
    go_live_month: int | None = None
    earlier: EarlierStart | None = None
    """Of options described in full; null where it could not be earlier."""
    cost_per_month: MaybeNumber = None
    """Mean of the months of service, in the LCOT [currency/month]."""
    cost_before_go_live: MaybeNumber = None
    chance_in_time: Share | None = None
    """Probability that every training succeeds in the attempts planned."""
    trainings_late: MaybeNumber = None
    """Trainings that are expected not to."""
    bus_factor_now: int | None = None
    """People who may leave until a critical skill is gone; 0: one is missing."""
    bus_factor_planned: int | None = None
    weakest: tuple[str, ...] = ()
    """Critical skills that fewest people have with the plan."""
    gaps: tuple[SkillGap, ...] = ()
    actions: tuple[PeopleAction, ...] = ()
    learning: tuple[LearningPath, ...] = ()
    losses: tuple[PersonLost, ...] = ()


class Binding(PlanModel):
    """A limit that shapes the option: what binds, how close it is, what moving it would give."""

    limit: str
    text: str
    used_share: MaybeNumber = None
    """Share of the limit in use; 1.0 is at the limit."""
    relief: str = ""


class Option(PlanModel):
    """A fleet with its performance, cost, law and people findings."""

    id: str
    rank: int = Field(ge=1)
    title: str
    kind: Kind
    feasible: bool = True
    fleet: tuple[FleetPart, ...] = Field(min_length=1)
    cost: Cost
    power: Power
    law: Law
    people: People
    binds: tuple[Binding, ...] = ()
    assumption_ids: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    """What it asks of the organisation and is not known to be there, by the answers the scenario names."""
    jobs: tuple[JobPlacement, ...] = ()
    """The scenario's fine-tuning jobs: where this option does them, and at what cost."""
    exit: Exit | None = None
    """What it would take to leave it."""
    sovereignty: Sovereignty | None = None
    """How far it is in your own hands; null in plans of before this was worked out."""
    air_gap: AirGap | None = None
    """Whether it can run cut off, and what would have to be brought in; null likewise."""
