"""A mixed fleet made by hand for the tests of the report: a machine there already, one that stands by, spot, an API."""

from __future__ import annotations

from sample_plan import infeasible_plan, sample_plan

from millwright.plan.mix_model import (
    Conflict,
    FrontPoint,
    LimitCost,
    Mix,
    MixFlow,
    MixPeriod,
    MixPurchase,
    MixSupply,
    Proof,
    ProofOfWorkload,
    WayOut,
)
from millwright.plan.model import Plan

MIX = Mix(
    option_id="mix-h200-api",
    sentence="The mix costs 12.0 % less than the best single offer: 17,600 EUR a month against 20,000.",
    objective="cost",
    cost_per_month=17_600.0,
    gap=0.0022,
    supplies_looked_at=9,
    supplies_left_out=3,
    against_single=-0.12,
    periods=(
        MixPeriod(name="busiest 25 h", hours_per_week=25.0, peak_rate_per_s=24.0, mean_rate_per_s=21.0),
        MixPeriod(name="busy 45 h", hours_per_week=45.0, peak_rate_per_s=12.0, mean_rate_per_s=9.0),
        MixPeriod(name="quietest 98 h", hours_per_week=98.0, peak_rate_per_s=2.0, mean_rate_per_s=1.0),
    ),
    stage_months=24,
    supplies=(
        MixSupply(
            id="room/h200", title="HGX H200", site="room", vendor="NVIDIA", held="bought",
            machines_by_stage=(2, 3), machines_by_period=(2, 2, 2), existing=1,
            serves=(
                MixFlow(requests="chat", share_by_period=(0.6, 1.0, 1.0)),
                MixFlow(requests="notes", share_by_period=(0.6, 1.0, 1.0)),
            ),
        ),
        MixSupply(
            id="room/a100", title="HGX A100", site="room", vendor="NVIDIA", held="there already",
            machines_by_stage=(1, 1), machines_by_period=(1, 1, 1), existing=1,
        ),
        MixSupply(
            id="cloud/l4", title="L4 instance", site="cloud", vendor="NVIDIA", held="spot",
            machines_by_stage=(4, 4), machines_by_period=(4, 0, 0),
            serves=(MixFlow(requests="chat", share_by_period=(0.3, 0.0, 0.0)),),
        ),
        MixSupply(
            id="api/eu", title="An EU API", site="api", vendor="Example", held="tokens",
            serves=(
                MixFlow(requests="chat", share_by_period=(0.1, 0.0, 0.0)),
                MixFlow(requests="notes", share_by_period=(0.4, 0.0, 0.0)),
            ),
        ),
    ),
    purchases=(
        MixPurchase(supply="room/a100", title="HGX A100", count=1, action="use", first_month=1, last_month=48),
        MixPurchase(supply="room/h200", title="HGX H200", count=1, action="buy", first_month=1, last_month=24,
                    sold=True),
        MixPurchase(supply="room/h200", title="HGX H200", count=2, action="buy", first_month=25, last_month=48),
    ),
    limit_costs=(
        LimitCost(limits=("spares",), per_month=900.0, share=0.051, sentence="Spares: 900 EUR a month."),
        LimitCost(limits=("sovereignty",), per_month=3100.0, share=0.176, sentence="Sovereignty: 3,100 EUR a month."),
        LimitCost(limits=("power of room",), per_month=0.0, share=0.0, sentence="Power of room: costs nothing."),
    ),
    front=(
        FrontPoint(cost_per_month=17.6e3, carbon_kg_per_month=900.0, energy_kwh_per_month=4e3, title="3 × HGX H200"),
        FrontPoint(cost_per_month=19.1e3, carbon_kg_per_month=700.0, energy_kwh_per_month=3.1e3, title="4 × HGX H200"),
    ),
    proof=Proof(
        period="busiest 25 h", predicted_headroom=1.17, simulated_headroom=1.1387, kept=True, rounds=2,
        workloads=(
            ProofOfWorkload(
                workload="chat", promised=0.95, simulated=0.9999, after_a_loss=0.9561, lost="HGX H200", requests=20_000
            ),
            ProofOfWorkload(workload="notes", promised=0.9, simulated=1.0, requests=500),
        ),
    ),
    warnings=("What goes to an API is not simulated: its latency is the provider's.",),
)  # fmt: skip

CONFLICT = Conflict(
    limits=("sovereignty", "power of room"),
    sentence="No fleet keeps the sovereignty and the power of room together; each of them alone could be kept.",
    ways_out=(
        WayOut(limit="sovereignty", sentence="The sovereignty would have to be given up."),
        WayOut(limit="power of room", sentence="The power would have to be 17.6 kW or more.", least=17.6, unit="kW"),
    ),
)


def mixed_plan(mix: Mix = MIX) -> Plan:
    """Return the sample plan with its mixed fleet; one part of that option only stands by, as a guest of others."""
    plan = sample_plan()
    option = next(option for option in plan.options if option.id == MIX.option_id)
    guest = option.fleet[0].model_copy(
        update={"hosts": 0, "replicas": 0, "performance": None, "share_of_demand": 0.0, "headroom": None}
    )
    wider = option.model_copy(update={"fleet": (*option.fleet, guest)})
    options = tuple(wider if each is option else each for each in plan.options)
    return plan.model_copy(update={"options": options, "mix": mix})


def plan_in_conflict() -> Plan:
    """Return the infeasible sample with its limits in conflict."""
    plan = infeasible_plan()
    return plan.model_copy(update={"answer": plan.answer.model_copy(update={"conflict": CONFLICT})})
