"""The mixed fleet as published: what serves what and when, how good it is, what limits cost, what is in conflict."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from millwright.plan.base_model import MaybeNumber, Number, PlanModel, Share


class MixPeriod(PlanModel):
    """Some hours of the typical week that are planned alike."""

    name: str
    hours_per_week: Number
    peak_rate_per_s: Number
    """Requests in the busiest of these hours, all workloads, in the first stage [1/s]."""
    mean_rate_per_s: Number


class MixFlow(PlanModel):
    """Which share of a class of requests a supply serves in each period of the first stage."""

    requests: str
    """The class: a workload, or some prompt lengths of it."""
    share_by_period: tuple[Share, ...]


class MixSupply(PlanModel):
    """One supply of the fleet: what it is, how many machines in each stage, and what it serves."""

    id: str
    title: str
    site: str
    vendor: str
    held: str
    """bought, there already, reserved-1y, reserved-3y, on-demand, spot or tokens."""
    machines_by_stage: tuple[int, ...] = ()
    """Machines at most within each stage, spares included; empty for an API."""
    machines_by_period: tuple[int, ...] = ()
    """Machines in each period of the first stage."""
    existing: int = 0
    serves: tuple[MixFlow, ...] = ()


class MixPurchase(PlanModel):
    """Machines to buy or reserve in a stage, and when they go again."""

    supply: str
    title: str
    count: int
    action: Literal["use", "buy", "reserve"]
    first_month: int
    last_month: int
    """Last month of use; the horizon's last where they stay."""
    sold: bool = False
    """Whether they are sold before the horizon ends."""


class LimitCost(PlanModel):
    """What a limit costs: the best mixed fleet without it is so much cheaper."""

    limits: tuple[str, ...]
    per_month: Number
    """Present cost as equal monthly payments [currency/month]."""
    share: Number
    """Of the cost of the fleet that keeps it."""
    sentence: str


class FrontPoint(PlanModel):
    """One fleet of the front between cost and carbon; machines only, as no API tells its carbon."""

    cost_per_month: Number
    carbon_kg_per_month: Number
    energy_kwh_per_month: Number
    title: str


class ProofOfWorkload(PlanModel):
    """The share of a workload's requests that keep the SLO in the simulation of the whole fleet."""

    workload: str
    promised: Share
    simulated: Share
    after_a_loss: Share | None = None
    """The same when the spares' number of machines of the worst kind is down; null where nothing can be lost."""
    lost: str = ""
    requests: int = Field(ge=0)


class Proof(PlanModel):
    """The fleet simulated whole in the busiest hours: its router, its machines, the trace or sampled arrivals."""

    period: str
    predicted_headroom: MaybeNumber
    """How many times the load the optimum reckons it could carry."""
    simulated_headroom: MaybeNumber
    """How many times the load it carries in the simulation (looked for between 0.5 and 2)."""
    workloads: tuple[ProofOfWorkload, ...]
    kept: bool
    rounds: int
    """How often the optimum was sought: above 1, its goodputs were tightened after a promise failed."""


class Mix(PlanModel):
    """The best mixed fleet, proved optimal to its gap and simulated whole."""

    option_id: str | None
    """The option of the plan that it is; null where it is no other than one of the single offers."""
    sentence: str
    objective: str
    cost_per_month: Number
    gap: Share
    """How much cheaper, at most, any other fleet of the supplies that were not left out could be."""
    supplies_looked_at: int
    supplies_left_out: int
    """Supplies that another of the same site beats in every respect, or that cost far more for the same work."""
    against_single: MaybeNumber = None
    """Cost of the best mix over that of the best single offer, less one: below 0 the mix is cheaper."""
    periods: tuple[MixPeriod, ...]
    stage_months: int
    supplies: tuple[MixSupply, ...]
    purchases: tuple[MixPurchase, ...]
    limit_costs: tuple[LimitCost, ...] = ()
    front: tuple[FrontPoint, ...] = ()
    proof: Proof | None = None
    warnings: tuple[str, ...] = ()


class WayOut(PlanModel):
    """One limit that, given up or loosened, lets all others be kept."""

    limit: str
    sentence: str
    least: MaybeNumber = None
    """What a limit in figures would have to be at least [its unit]."""
    unit: str = ""


class Conflict(PlanModel):
    """The smallest set of limits that no fleet can keep together, and the ways out."""

    limits: tuple[str, ...]
    sentence: str
    ways_out: tuple[WayOut, ...] = ()
