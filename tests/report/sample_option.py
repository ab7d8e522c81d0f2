"""Options made by hand for the tests of the report, each from a short sketch of its costs and its latency."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

from sample_law import AIR_GAP, DUTY, FINDINGS, SOVEREIGNTY, UNKNOWN_FINDING

from millwright.plan.model import (
    Binding,
    BreakEven,
    CashFlowMonth,
    CauseCost,
    Cost,
    CurvePoint,
    DemandPoint,
    DeploymentSummary,
    EstimateValue,
    FleetPart,
    Kind,
    LatencyCurve,
    LatencyPercentiles,
    Law,
    Option,
    People,
    Performance,
    Power,
    Verdict,
)
from millwright.quantity import Basis
from millwright.spans import SECONDS_PER_MONTH

HORIZON_MONTHS = 48
DISCOUNT_PER_MONTH = 1.08 ** (1 / 12) - 1
PEAK_PER_S, MEAN_PER_S = 24.0, 8.0
MTOK_PER_MONTH = MEAN_PER_S * SECONDS_PER_MONTH * (1_100 + 260) / 1e6
SHARES = {0: "purchase", 1: "energy", 2: "colocation", 3: "staff", 4: "support"}
LABELS = {
    "purchase": "Purchase",
    "residual": "Residual value",
    "energy": "Electricity",
    "colocation": "Colocation",
    "staff": "Staff",
    "support": "Support and licences",
    "rent": "Instance hours",
    "egress": "Egress",
    "api_tokens": "API tokens",
}


@dataclass(frozen=True)
class Sketch:
    """The few figures from which a whole option is filled in."""

    id: str
    title: str
    kind: Kind
    site: str
    provider: str
    country: str
    offer: str
    device: str | None
    tp: int
    weights: str
    replicas: int
    spares: int
    hosts: int
    goodput_per_s: float
    capex: float
    per_month: dict[str, float]
    per_mtok: dict[str, float] = field(default_factory=dict)
    spread: float = 0.25
    best: float = 0.0
    law: Verdict = Verdict.YES
    basis: Basis = Basis.FITTED


SKETCHES = (
    Sketch("own-h200", "3 × HGX H200 in a Frankfurt colo", Kind.COLO, "frankfurt-colo", "own hosts", "DE",
           "hgx-h200-8", "h200-sxm", 4, "fp8", 4, 2, 3, 6.9, 742_000,
           {"energy": 4_900, "colocation": 3_100, "staff": 6_300, "support": 3_100}, spread=0.22, best=0.47),
    Sketch("own-h100", "3 × HGX H100 in the clinic's own room", Kind.OWNED, "clinic-room", "own hosts", "DE",
           "hgx-h100-8", "h100-sxm", 4, "fp8", 5, 1, 3, 5.1, 792_000,
           {"energy": 7_900, "staff": 8_400, "support": 3_300}, spread=0.24, best=0.23),
    Sketch("api-eu", "Berget.AI, Llama 3.3 70B by the token", Kind.API, "api", "Berget.AI", "SE",
           "berget/llama-3.3-70b", None, 1, "", 0, 0, 0, 0.0, 0,
           {"staff": 1_700}, {"api_tokens": 1.21}, spread=0.30, best=0.21, law=Verdict.UNKNOWN, basis=Basis.ASSUMED),
    Sketch("mix-h200-api", "2 × HGX H200, peaks to an EU API", Kind.MIXED, "frankfurt-colo", "own hosts", "DE",
           "hgx-h200-8", "h200-sxm", 4, "fp8", 3, 1, 2, 6.9, 604_000,
           {"energy": 3_700, "colocation": 2_700, "staff": 6_300, "support": 2_500}, {"api_tokens": 0.34},
           spread=0.24, best=0.08, law=Verdict.UNKNOWN),
    Sketch("own-mi300x", "2 × 8-way MI300X in a Frankfurt colo", Kind.COLO, "frankfurt-colo", "own hosts", "DE",
           "mi300x-8", "mi300x", 2, "fp8", 6, 2, 2, 4.2, 655_000,
           {"energy": 5_100, "colocation": 3_900, "staff": 11_500, "support": 4_900}, spread=0.42, best=0.01,
           basis=Basis.EXTRAPOLATED),
    Sketch("cloud-h100", "6 × 4-way H100 instances at Nebius, Finland", Kind.CLOUD, "nebius-eu-north1", "Nebius", "FI",
           "gpu-h100-sxm_8gpu", "h100-sxm", 4, "fp8", 5, 1, 3, 5.1, 0,
           {"rent": 45_600, "staff": 4_200, "egress": 240}, spread=0.20, law=Verdict.UNKNOWN),
    Sketch("cloud-l40s", "11 × 4-way L40S instances at OVHcloud, Gravelines", Kind.CLOUD, "ovh-gra", "OVHcloud", "FR",
           "l40s-360", "l40s", 4, "fp8", 10, 1, 11, 2.5, 0,
           {"rent": 49_200, "staff": 4_200, "egress": 0}, spread=0.27),
)  # fmt: skip


def estimate(value: float, spread: float, unit: str, basis: Basis = Basis.FITTED) -> EstimateValue:
    return EstimateValue(
        value=value, low=value * (1 - 0.75 * spread), high=value * (1 + spread), unit=unit, basis=basis
    )


def _annuity_months() -> float:
    return (1 - (1 + DISCOUNT_PER_MONTH) ** -HORIZON_MONTHS) / DISCOUNT_PER_MONTH


def _lcot(sketch: Sketch, demand: float = 1.0) -> dict[str, float]:
    """Return the LCOT by cause at `demand` times the planned tokens; owned fleets grow by whole replicas."""
    tokens = MTOK_PER_MONTH * demand * _annuity_months()
    total = max(1, sketch.replicas + sketch.spares)
    size = max(2, math.ceil(sketch.replicas * demand) + sketch.spares) / total if sketch.replicas else 1.0
    parts = {name: size**0.7 * cost * _annuity_months() / tokens for name, cost in sketch.per_month.items()}
    if sketch.capex:
        parts["purchase"] = size * sketch.capex / tokens
        parts["residual"] = -0.18 * size * sketch.capex * (1 + DISCOUNT_PER_MONTH) ** -HORIZON_MONTHS / tokens
    return {**parts, **sketch.per_mtok}


def _cost(sketch: Sketch) -> Cost:
    parts = _lcot(sketch)
    lcot = sum(parts.values())
    monthly = sum(sketch.per_month.values()) + sum(sketch.per_mtok.values()) * MTOK_PER_MONTH
    flow = []
    total = 0.0
    for month in range(HORIZON_MONTHS + 1):
        cost = sketch.capex if month == 0 else monthly * 1.02 ** (month / 12)
        cost -= 0.18 * sketch.capex if month == HORIZON_MONTHS else 0.0
        total += cost
        wide = sketch.spread * (0.25 if month == 0 else 0.5 + 0.5 * month / HORIZON_MONTHS)
        flow.append(
            CashFlowMonth(
                month=month,
                cost=cost,
                cost_low=cost - abs(cost) * 0.75 * wide,
                cost_high=cost + abs(cost) * wide,
                cumulative=total,
                cumulative_low=total * (1 - 0.75 * wide),
                cumulative_high=total * (1 + wide),
            )
        )
    curve = []
    for demand in (0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.65, 0.8, 1.0, 1.3, 1.6, 2.0, 2.5, 3.2, 4.0):
        value = sum(_lcot(sketch, demand).values())
        band = estimate(value, sketch.spread, "EUR/Mtok")
        curve.append(DemandPoint(demand_multiple=demand, lcot=value, lcot_low=band.low, lcot_high=band.high))
    breaks: tuple[BreakEven, ...] = ()
    if sketch.kind in (Kind.OWNED, Kind.COLO):
        breaks = (
            BreakEven(
                against_option_id="api-eu",
                against_title="Berget.AI, Llama 3.3 70B by the token",
                against_kind=Kind.API,
                demand_multiple=estimate(0.94, 0.3, "times the planned demand"),
                month=estimate(37, 0.35, "month"),
                probability=0.61,
                sentence="Cheaper than the cheapest API from 94 % of the planned demand on; paid back in month 37.",
            ),
            BreakEven(
                against_option_id="cloud-h100",
                against_title="6 × 4-way H100 instances at Nebius, Finland",
                against_kind=Kind.CLOUD,
                demand_multiple=estimate(0.41, 0.25, "times the planned demand"),
                month=estimate(19, 0.3, "month"),
                probability=0.93,
                sentence="Cheaper than the cheapest cloud from 41 % of the planned demand on; paid back in month 19.",
            ),
        )
    elif sketch.kind is Kind.CLOUD:
        breaks = (
            BreakEven(
                against_option_id="api-eu",
                against_title="Berget.AI, Llama 3.3 70B by the token",
                against_kind=Kind.API,
                demand_multiple=None,
                month=None,
                probability=0.02,
                sentence="Never cheaper than the cheapest API within ten times the planned demand.",
            ),
        )
    return Cost(
        lcot=estimate(lcot, sketch.spread, "EUR/Mtok", Basis.ASSUMED),
        lcot_input=estimate(lcot * 0.62, sketch.spread, "EUR/Mtok", Basis.ASSUMED),
        lcot_output=estimate(lcot * 2.6, sketch.spread, "EUR/Mtok", Basis.ASSUMED),
        npv_of_costs=estimate(lcot * MTOK_PER_MONTH * _annuity_months(), sketch.spread, "EUR", Basis.ASSUMED),
        capex=estimate(sketch.capex, 0.12, "EUR", Basis.DATASHEET),
        opex_per_month=estimate(monthly, 0.15, "EUR/month", Basis.ASSUMED),
        by_cause=tuple(
            CauseCost(
                cause=name,
                label=LABELS[name],
                capital=name in ("purchase", "residual"),
                per_month=part * MTOK_PER_MONTH,
                lcot=part,
            )
            for name, part in parts.items()
        ),
        cash_flow=tuple(flow),
        demand_curve=tuple(curve),
        break_even=breaks,
        probability_best=sketch.best,
    )


def _curve(
    sketch: Sketch, metric: Literal["ttft", "tpot", "e2e"], percentile: float, base_s: float, pole: float
) -> LatencyCurve:
    points = []
    for step in range(1, 25):
        load = step / 20
        rate = load * sketch.goodput_per_s
        growth = 1 / (1 - load / pole) if load < pole * 0.97 else None
        value = None if growth is None else base_s * (0.6 + 0.4 * growth)
        wide = sketch.spread * (0.6 + load)
        points.append(
            CurvePoint(
                rate_per_s=rate,
                value_s=value,
                low_s=None if value is None else value * (1 - 0.6 * min(wide, 0.9)),
                high_s=None if value is None else value * (1 + wide),
            )
        )
    return LatencyCurve(metric=metric, percentile=percentile, points=tuple(points))


def _percentiles(p50_s: float, spread: float, tail: float) -> LatencyPercentiles:
    def at(factor: float) -> EstimateValue:
        return estimate(p50_s * factor, spread, "s")

    return LatencyPercentiles(
        mean=at(1.12), p50=at(1.0), p90=at(1 + tail), p95=at(1 + 1.5 * tail), p99=at(1 + 3 * tail)
    )


def _performance(sketch: Sketch, peak_per_s: float) -> Performance:
    capacity = sketch.goodput_per_s * sketch.replicas
    slow = 1.0 + 0.15 * (7 - sketch.goodput_per_s)
    return Performance(
        goodput_per_replica=estimate(sketch.goodput_per_s, sketch.spread * 0.6, "requests/s", sketch.basis),
        capacity=estimate(capacity, sketch.spread * 0.6, "requests/s", sketch.basis),
        planned_rate_per_s=peak_per_s,
        planned_rate_per_replica_per_s=peak_per_s / sketch.replicas,
        utilisation_mean=min(1.0, MEAN_PER_S / PEAK_PER_S * peak_per_s / capacity),
        utilisation_peak=min(1.0, peak_per_s / capacity),
        probability_slo_met=0.91,
        ttft=_percentiles(0.21 * slow, sketch.spread, 0.9),
        tpot=_percentiles(0.021 * slow, sketch.spread * 0.6, 0.35),
        e2e=_percentiles(5.9 * slow, sketch.spread * 0.6, 0.8),
        output_tokens_per_s=estimate(peak_per_s * 260, 0.02, "tokens/s"),
        curves=(
            _curve(sketch, "ttft", 95, 0.30 * slow, 1.22),
            _curve(sketch, "ttft", 50, 0.16 * slow, 1.25),
            _curve(sketch, "tpot", 95, 0.018 * slow, 1.6),
        ),
    )


def _part(sketch: Sketch) -> FleetPart:
    api = sketch.kind is Kind.API
    share = 0.86 if sketch.kind is Kind.MIXED else 1.0
    return FleetPart(
        workload="chat",
        kind=Kind.COLO if sketch.kind is Kind.MIXED else sketch.kind,
        site=sketch.site,
        provider=sketch.provider,
        country=sketch.country,
        offer=sketch.offer,
        offer_title=sketch.offer,
        device=sketch.device,
        model="llama-3.3-70b-instruct",
        deployment=None
        if api
        else DeploymentSummary(
            engine="vllm",
            engine_version="0.11",
            weights_precision=sketch.weights,
            kv_precision="fp8",
            tp=sketch.tp,
            max_num_seqs=256,
            max_num_batched_tokens=8192,
            max_model_len_tokens=32_768,
            weights_bytes_per_device=70.6e9 / sketch.tp,
            kv_capacity_tokens=1_180_000,
        ),
        devices=sketch.tp * (sketch.replicas + sketch.spares),
        replicas=sketch.replicas,
        spares=sketch.spares,
        hosts=sketch.hosts,
        share_of_demand=share,
        headroom=None if api else sketch.goodput_per_s * sketch.replicas / (share * PEAK_PER_S) - 1,
        performance=None if api else _performance(sketch, share * PEAK_PER_S),
    )


def option(rank: int, sketch: Sketch) -> Option:
    owned = sketch.capex > 0
    power_w = sketch.hosts * 6_900.0
    energy = power_w * 0.72 * SECONDS_PER_MONTH / 3.6e6
    parts = (_part(sketch),)
    if sketch.kind is Kind.MIXED:
        api = _part(SKETCHES[2])
        parts += (api.model_copy(update={"share_of_demand": 0.14}),)
    return Option(
        id=sketch.id,
        rank=rank,
        title=sketch.title,
        kind=sketch.kind,
        fleet=parts,
        cost=_cost(sketch),
        power=Power(
            power_mean_w=estimate(power_w * 0.72, 0.15, "W", Basis.DATASHEET),
            power_peak_w=estimate(power_w, 0.1, "W", Basis.DATASHEET),
            energy_kwh_per_month=estimate(energy, 0.15, "kWh/month", Basis.DATASHEET),
            energy_kwh_per_mtok=estimate(energy / MTOK_PER_MONTH, 0.15, "kWh/Mtok", Basis.DATASHEET),
            carbon_kg_per_month=estimate(energy * 0.381, 0.2, "kg CO2e/month", Basis.DATASHEET),
            carbon_g_per_mtok=estimate(energy * 381 / MTOK_PER_MONTH, 0.2, "g CO2e/Mtok", Basis.DATASHEET),
            pue=1.4,
            carbon_g_per_kwh=381.0,
        )
        if owned
        else Power(),
        law=Law(
            verdict=sketch.law,
            findings=(*FINDINGS, DUTY, *(() if sketch.law is Verdict.YES else (UNKNOWN_FINDING,))),
        ),
        people=People(
            fte=estimate(1.2 if owned else 0.3, 0.4, "FTE", Basis.ASSUMED),
            notes=("On-call at night needs five people; the scenario names two.",) if owned else (),
        ),
        binds=(
            Binding(
                limit="slo.ttft.p95",
                text="TTFT at p95: 0.49 s of the 1.0 s allowed at the peak.",
                used_share=0.49,
                relief="A limit of 1.5 s would save one replica.",
            ),
            Binding(
                limit="sites.frankfurt-colo.power",
                text="Power: 20.7 kW of the 22 kW the site has.",
                used_share=0.94,
                relief="No fourth host fits; growth beyond 130 % of the planned demand needs another cage.",
            ),
        )
        if owned
        else (),
        sovereignty=SOVEREIGNTY if owned else None,
        air_gap=AIR_GAP if owned else None,
        assumption_ids=("electricity.de", "discount", "kv-precision"),
        warnings=("The lead time of the hosts (3 to 9 months) is not in the cash flow.",) if owned else (),
    )
