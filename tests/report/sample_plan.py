"""Plans made by hand for the tests of the report: realistic in size and shape, their figures are nobody's offer."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Literal

from millwright.plan.model import (
    AirGap,
    Answer,
    Assumption,
    Binding,
    BreakEven,
    CashFlowMonth,
    CauseCost,
    Cost,
    CurvePoint,
    Decision,
    DemandPoint,
    DeploymentSummary,
    EstimateValue,
    FleetPart,
    Header,
    Kind,
    LatencyCurve,
    LatencyPercentiles,
    Law,
    LawFinding,
    LengthSummary,
    Option,
    Origin,
    People,
    Performance,
    Plan,
    Power,
    RefusalReason,
    RefusedOption,
    SloLimit,
    Sovereignty,
    Stage,
    Timing,
    Turn,
    Verdict,
    WorkloadSummary,
)
from millwright.plan.sovereign_model import (
    AirGapNeed,
    OpenFact,
    SovereigntyAnswer,
    SovereigntyObjective,
    SovereigntyScoreValue,
)
from millwright.quantity import Basis

HORIZON_MONTHS = 48
DISCOUNT_PER_MONTH = 1.08 ** (1 / 12) - 1
PEAK_PER_S, MEAN_PER_S = 24.0, 8.0
MONTH_S = 2_629_800.0
MTOK_PER_MONTH = MEAN_PER_S * MONTH_S * (1_100 + 260) / 1e6
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


def _estimate(value: float, spread: float, unit: str, basis: Basis = Basis.FITTED) -> EstimateValue:
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
        band = _estimate(value, sketch.spread, "EUR/Mtok")
        curve.append(DemandPoint(demand_multiple=demand, lcot=value, lcot_low=band.low, lcot_high=band.high))
    breaks: tuple[BreakEven, ...] = ()
    if sketch.kind in (Kind.OWNED, Kind.COLO):
        breaks = (
            BreakEven(
                against_option_id="api-eu",
                against_title="Berget.AI, Llama 3.3 70B by the token",
                against_kind=Kind.API,
                demand_multiple=_estimate(0.94, 0.3, "times the planned demand"),
                month=_estimate(37, 0.35, "month"),
                probability=0.61,
                sentence="Cheaper than the cheapest API from 94 % of the planned demand on; paid back in month 37.",
            ),
            BreakEven(
                against_option_id="cloud-h100",
                against_title="6 × 4-way H100 instances at Nebius, Finland",
                against_kind=Kind.CLOUD,
                demand_multiple=_estimate(0.41, 0.25, "times the planned demand"),
                month=_estimate(19, 0.3, "month"),
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
        lcot=_estimate(lcot, sketch.spread, "EUR/Mtok", Basis.ASSUMED),
        lcot_input=_estimate(lcot * 0.62, sketch.spread, "EUR/Mtok", Basis.ASSUMED),
        lcot_output=_estimate(lcot * 2.6, sketch.spread, "EUR/Mtok", Basis.ASSUMED),
        npv_of_costs=_estimate(lcot * MTOK_PER_MONTH * _annuity_months(), sketch.spread, "EUR", Basis.ASSUMED),
        capex=_estimate(sketch.capex, 0.12, "EUR", Basis.DATASHEET),
        opex_per_month=_estimate(monthly, 0.15, "EUR/month", Basis.ASSUMED),
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
        return _estimate(p50_s * factor, spread, "s")

    return LatencyPercentiles(
        mean=at(1.12), p50=at(1.0), p90=at(1 + tail), p95=at(1 + 1.5 * tail), p99=at(1 + 3 * tail)
    )


def _performance(sketch: Sketch, peak_per_s: float) -> Performance:
    capacity = sketch.goodput_per_s * sketch.replicas
    slow = 1.0 + 0.15 * (7 - sketch.goodput_per_s)
    return Performance(
        goodput_per_replica=_estimate(sketch.goodput_per_s, sketch.spread * 0.6, "requests/s", sketch.basis),
        capacity=_estimate(capacity, sketch.spread * 0.6, "requests/s", sketch.basis),
        planned_rate_per_s=peak_per_s,
        planned_rate_per_replica_per_s=peak_per_s / sketch.replicas,
        utilisation_mean=min(1.0, MEAN_PER_S / PEAK_PER_S * peak_per_s / capacity),
        utilisation_peak=min(1.0, peak_per_s / capacity),
        probability_slo_met=0.91,
        ttft=_percentiles(0.21 * slow, sketch.spread, 0.9),
        tpot=_percentiles(0.021 * slow, sketch.spread * 0.6, 0.35),
        e2e=_percentiles(5.9 * slow, sketch.spread * 0.6, 0.8),
        output_tokens_per_s=_estimate(peak_per_s * 260, 0.02, "tokens/s"),
        curves=(
            _curve(sketch, "ttft", 95, 0.30 * slow, 1.22),
            _curve(sketch, "ttft", 50, 0.16 * slow, 1.25),
            _curve(sketch, "tpot", 95, 0.018 * slow, 1.6),
        ),
    )


FINDINGS = (
    LawFinding(
        rule_id="eu.gdpr.art9",
        verdict=Verdict.YES,
        effect="require",
        instrument="Regulation (EU) 2016/679 (GDPR)",
        pinpoint="Art. 9(2)(h)",
        url="https://eur-lex.europa.eu/eli/reg/2016/679/oj",
        reason="Health data may be processed for care under professional secrecy; the scenario says so.",
    ),
    LawFinding(
        rule_id="scenario.residency",
        verdict=Verdict.YES,
        effect="forbid",
        instrument="Scenario",
        pinpoint="workloads.chat.residency",
        reason="The data stay in the EU.",
    ),
)
DUTY = LawFinding(
    rule_id="eu.gdpr.art35",
    verdict=Verdict.UNKNOWN,
    effect="duty",
    instrument="Regulation (EU) 2016/679 (GDPR)",
    pinpoint="Art. 35(1)",
    url="https://eur-lex.europa.eu/eli/reg/2016/679/oj",
    reason="Health data on a large scale: assess the impact before the processing begins.",
    missing_facts=("workload.dpia_done",),
)
UNKNOWN_FINDING = LawFinding(
    rule_id="de.sgb5.s393",
    verdict=Verdict.UNKNOWN,
    effect="require",
    instrument="SGB V",
    pinpoint="§ 393",
    url="https://www.gesetze-im-internet.de/sgb_5/__393.html",
    reason="Cloud processing of health data needs a current C5 attestation; whether the provider has one is not known.",
    missing_facts=("provider.certifications.c5_type2",),
)


SOVEREIGNTY = Sovereignty(
    score=SovereigntyScoreValue(value=61.25, low=61.25, high=78.75),
    seal_low=0,
    seal_high=2,
    objectives=(
        SovereigntyObjective(
            id="SOV-5",
            title="supply chain",
            weight=20.0,
            level_low=0,
            level_high=2,
            answers=(
                SovereigntyAnswer(
                    level=1,
                    asks="the origin of hardware and firmware is documented",
                    verdict="unknown",
                    facts=("site.supply_chain_documented",),
                ),
            ),
        ),
    ),
    missing=(
        OpenFact(fact="site.supply_chain_documented", question="is the origin of hardware and firmware documented?"),
    ),
)
AIR_GAP = AirGap(
    feasible="yes",
    cut_off=False,
    bring_in=(AirGapNeed(id="weights", what="model weights", carried_in="yes", how="Copy them.", blocks=True),),
    cannot=(AirGapNeed(id="support", what="remote support", carried_in="no", how="Keep spares.", blocks=False),),
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


def _option(rank: int, sketch: Sketch) -> Option:
    owned = sketch.capex > 0
    power_w = sketch.hosts * 6_900.0
    energy = power_w * 0.72 * MONTH_S / 3.6e6
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
            power_mean_w=_estimate(power_w * 0.72, 0.15, "W", Basis.DATASHEET),
            power_peak_w=_estimate(power_w, 0.1, "W", Basis.DATASHEET),
            energy_kwh_per_month=_estimate(energy, 0.15, "kWh/month", Basis.DATASHEET),
            energy_kwh_per_mtok=_estimate(energy / MTOK_PER_MONTH, 0.15, "kWh/Mtok", Basis.DATASHEET),
            carbon_kg_per_month=_estimate(energy * 0.381, 0.2, "kg CO2e/month", Basis.DATASHEET),
            carbon_g_per_mtok=_estimate(energy * 381 / MTOK_PER_MONTH, 0.2, "g CO2e/Mtok", Basis.DATASHEET),
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
            fte=_estimate(1.2 if owned else 0.3, 0.4, "FTE", Basis.ASSUMED),
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


REFUSALS: tuple[tuple[Stage, str, str], ...] = (
    (
        Stage.MEMORY,
        "The weights do not fit in the devices of one replica.",
        "{device}, {settings}: weights need {a} GiB a device; {b} GiB are usable.",
    ),
    (
        Stage.LATENCY,
        "No load meets the SLO: even a lone request is too slow.",
        "{device}, {settings}: TPOT at p95 is {a} ms for a lone request; 50 ms are allowed.",
    ),
    (
        Stage.LAW,
        "The data may not leave the EU.",
        "{site} lies outside the EU; workloads.chat.residency asks for it ({device}, {settings}).",
    ),
    (
        Stage.POWER,
        "The site has not enough power.",
        "{device}, {settings}: it draws {a} kW; the room has 22 kW.",
    ),
    (
        Stage.BUDGET,
        "The purchase exceeds the budget.",
        "{device}, {settings}: the fleet costs {a}0,000 EUR; 1,200,000 EUR are allowed.",
    ),
)


def _refused(count: int) -> tuple[RefusedOption, ...]:
    devices = ("a100-sxm-80gb", "l4", "a10g", "gaudi3", "tpu-v5e", "h100-pcie", "b200-sxm", "mi325x", "rtx-6000-ada")
    refused = []
    for number in range(count):
        stage, summary, text = REFUSALS[number * 7 % 11 % len(REFUSALS)]
        device = devices[number % len(devices)]
        settings = f"{('bf16', 'fp8', 'int4')[number % 3]}, TP {2 ** (number % 4)}"
        site = ("clinic-room", "frankfurt-colo", "aws-us-east-1", "ovh-gra")[number % 4]
        reasons = [
            RefusalReason(
                stage=stage,
                summary=summary,
                text=text.format(device=device, settings=settings, site=site, a=60 + number % 90, b=20 + number % 60),
            )
        ]
        if number % 9 == 0:
            reasons.append(
                RefusalReason(
                    stage=Stage.SPACE,
                    summary="The site has not enough rack units.",
                    text=f"{4 * (number % 20) + 44} rack units are needed for {device}, {settings}; 42 are free.",
                )
            )
        refused.append(
            RefusedOption(
                title=f"{device} at {site}, {settings}",
                kind=Kind.CLOUD if site in ("aws-us-east-1", "ovh-gra") else Kind.OWNED,
                workload="chat",
                site=site,
                provider="own hosts" if site.endswith(("room", "colo")) else site.split("-")[0],
                offer=f"{device}-host",
                device=device,
                model="llama-3.3-70b-instruct",
                settings=settings,
                reasons=tuple(reasons),
            )
        )
    return tuple(refused)


def _assumptions() -> tuple[Assumption, ...]:
    def row(
        name: str, path: str, label: str, value: float | str, unit: str, origin: Origin, **more: object
    ) -> Assumption:
        return Assumption.model_validate(
            {"id": name, "path": path, "label": label, "value": value, "unit": unit, "origin": origin, **more}
        )

    destatis = {"source_title": "Destatis, electricity prices for businesses", "source_url": "https://www.destatis.de"}
    return (
        row("rate", "workloads.chat.traffic.rate", "Mean rate", 8.0, "1/s", Origin.USER),
        row("discount", "finance.discount_rate", "Discount rate", 0.08, "1/year", Origin.DEFAULTED,
            low=0.06, high=0.10, quality="C", date="2026-05", note="Range of published weighted costs of capital."),
        row("kv-precision", "workloads.chat.kv_precision", "KV cache", "fp8", "", Origin.DEFAULTED, quality="C",
            note="Halves the cache; quality loss is usually small: measure it."),
        row("spares", "limits.spares", "Spare replicas", 1.0, "replica", Origin.DEFAULTED, quality="C"),
        row("life", "finance.hardware_life", "Hardware life", 48.0, "month", Origin.DEFAULTED, low=36.0, high=72.0,
            quality="C", date="2026-04"),
        row("salary", "finance.staff.cost_per_fte", "Cost of one FTE", 84_000.0, "EUR/year", Origin.DEFAULTED,
            low=65_000.0, high=110_000.0, quality="C", date="2025"),
        row("electricity.de", "catalog.electricity.DE", "Electricity, Germany, business", 0.212, "EUR/kWh",
            Origin.CATALOGUE, low=0.16, high=0.27, quality="B", date="2025-12", **destatis),
        row("carbon.de", "catalog.carbon.DE", "Carbon intensity, Germany", 381.0, "g CO2e/kWh", Origin.CATALOGUE,
            quality="A", date="2023", source_title="Our World in Data / Ember", source_url="https://ourworldindata.org"),
        row("h100.bandwidth", "catalog.devices.h100-sxm.bandwidth", "H100 SXM, memory bandwidth", 3.35e12, "byte/s",
            Origin.CATALOGUE, quality="A", date="2024", source_title="NVIDIA H100 datasheet",
            source_url="https://www.nvidia.com/en-us/data-center/h100/"),
        row("hgx-h100.price", "catalog.hosts.hgx-h100-8.price", "HGX H100, 8 devices", 264_000.0, "EUR",
            Origin.CATALOGUE, low=228_000.0, high=310_000.0, quality="C", date="2024-11", stale=True,
            source_title="A server quotation of 2024", note="Older than the scenario's limit of 365 days."),
        row("l40s.price", "catalog.offers.ovh-l40s-360", "OVHcloud L40S-360, instance-hour", 6.4, "EUR/h",
            Origin.CATALOGUE, quality="B", date="2026-07", source_title="OVHcloud price list",
            source_url="https://www.ovhcloud.com/en/public-cloud/prices/"),
        row("eta.h100.fp8", "fitted.efficiency.h100.fp8", "Share of peak reached, H100 FP8 matrix products", 0.71, "",
            Origin.FITTED, low=0.62, high=0.79, quality="B", date="2026-06", source_title="Fit to measured operators"),
        row("profile.chat", "fitted.profiles.conversation", "Profile `conversation`", "conversation", "",
            Origin.FITTED, quality="B", date="2026-06", source_title="Fit to the Azure 2023 conversation trace",
            source_url="https://github.com/Azure/AzurePublicDataset"),
    )  # fmt: skip


def _header(name: str) -> Header:
    return Header(
        millwright_version="0.1.0",
        created="2026-08-14T09:30:00Z",
        scenario_name=name,
        scenario_hash="9f2c54d1a7b0",
        organisation="Klinikum Musterstadt",
        country="DE",
        currency="EUR",
        horizon_months=HORIZON_MONTHS,
        discount_rate_per_year=0.08,
        catalogue_date="2026-08-01",
        rule_base_version="2026.8",
        rules_as_of="2026-08-14",
        seed=7,
        disclaimer="Millwright says what the rules say; it gives no legal advice. Prices are as of the dates shown.",
    )


def _workload() -> WorkloadSummary:
    return WorkloadSummary(
        name="chat",
        model="llama-3.3-70b-instruct",
        traffic="profile conversation, office hours, Poisson arrivals",
        rate_mean_per_s=MEAN_PER_S,
        rate_peak_per_s=PEAK_PER_S,
        input_length=LengthSummary(mean_tokens=1_100, p50_tokens=870, p95_tokens=3_150),
        output_length=LengthSummary(mean_tokens=260, p50_tokens=190, p95_tokens=720),
        input_tokens_per_month=MEAN_PER_S * MONTH_S * 1_100,
        output_tokens_per_month=MEAN_PER_S * MONTH_S * 260,
        growth_per_year=0.1,
        slo=(
            SloLimit(metric="ttft", percentile=95, limit_s=1.0),
            SloLimit(metric="tpot", percentile=95, limit_s=0.05),
        ),
        data_classes=("health",),
        residency=("EU",),
    )


def sample_plan(name: str = "hospital-chat", refused: int = 512) -> Plan:
    """Return a hospital's plan: seven options of every kind, `refused` refusals, assumptions of every origin."""
    return Plan(
        header=_header(name),
        answer=Answer(
            sentence="Buy three HGX H200 hosts and place them in the Frankfurt colo: 1.15 EUR per million tokens "
            "(0.96 to 1.41), about even odds of being the cheapest of seven options.",
            decision=Decision.COLO,
            option_id="own-h200",
            probability=0.47,
            next_steps=(
                "Ask two vendors for a quotation for HGX H200: its price decides between options 1 and 3.",
                "Measure TTFT at p95 on one rented H200 host with your own prompts for a day.",
                "Ask Berget.AI for its C5 attestation: without it the API is not lawful for health data.",
            ),
            turns=(
                Turn(
                    what="demand",
                    at=_estimate(0.94, 0.3, "times the planned demand"),
                    to_option_id="api-eu",
                    sentence="Below 94 % of the planned demand, buying tokens is cheaper.",
                ),
                Turn(what="electricity price", at=None, sentence="No electricity price up to 0.60 EUR/kWh changes it."),
            ),
        ),
        workloads=(_workload(),),
        options=tuple(_option(rank, sketch) for rank, sketch in enumerate(SKETCHES, start=1)),
        refused=_refused(refused),
        assumptions=_assumptions(),
        warnings=("One price is older than 365 days; it is marked stale.",),
        timings=(
            Timing(stage="catalogue", wall_s=0.06),
            Timing(stage="simulate", wall_s=6.8),
            Timing(stage="finance", wall_s=1.2),
        ),
    )


def small_office_plan() -> Plan:
    """Return a plan whose answer is `don't buy`: one API option, one cloud option, few refusals."""
    api = _option(1, replace(SKETCHES[2], best=0.996))
    cloud = _option(2, replace(SKETCHES[6], best=0.004))
    return Plan(
        header=_header("small-office").model_copy(update={"organisation": ""}),
        answer=Answer(
            sentence="Don't buy: at 2,000 requests a day tokens from an EU API cost 29 EUR a month; "
            "owning pays from about 190 times that demand.",
            decision=Decision.TOKENS,
            option_id="api-eu",
            probability=0.996,
            turns=(
                Turn(
                    what="demand",
                    at=_estimate(190, 0.4, "times the planned demand"),
                    to_option_id=None,
                    sentence="From about 190 times the planned demand, an owned host is cheaper.",
                ),
            ),
        ),
        workloads=(_workload(),),
        options=(api, cloud),
        refused=_refused(3),
        assumptions=_assumptions()[:3],
    )


def infeasible_plan() -> Plan:
    """Return a plan in which nothing is feasible."""
    return Plan(
        header=_header("air-gapped-giant"),
        answer=Answer(
            sentence="No option is feasible: the room's 22 kW carry no fleet that meets the SLO.",
            decision=Decision.NONE,
            option_id=None,
            probability=0.0,
            next_steps=("Allow 31 kW in the clinic's room, or a TTFT of 2 s at p95.",),
        ),
        workloads=(_workload(),),
        options=(),
        refused=_refused(40),
    )
