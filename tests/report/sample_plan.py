"""Plans made by hand for the tests of the report: realistic in size and shape, their figures are nobody's offer."""

from __future__ import annotations

from dataclasses import replace

from sample_lists import assumptions, refused_options
from sample_option import HORIZON_MONTHS, MEAN_PER_S, PEAK_PER_S, SKETCHES, estimate, option

from millwright.plan.model import (
    Answer,
    Decision,
    Header,
    LengthSummary,
    Plan,
    SloLimit,
    Timing,
    Turn,
    WorkloadSummary,
)
from millwright.spans import SECONDS_PER_MONTH


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
        input_tokens_per_month=MEAN_PER_S * SECONDS_PER_MONTH * 1_100,
        output_tokens_per_month=MEAN_PER_S * SECONDS_PER_MONTH * 260,
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
                    at=estimate(0.94, 0.3, "times the planned demand"),
                    to_option_id="api-eu",
                    sentence="Below 94 % of the planned demand, buying tokens is cheaper.",
                ),
                Turn(what="electricity price", at=None, sentence="No electricity price up to 0.60 EUR/kWh changes it."),
            ),
        ),
        workloads=(_workload(),),
        options=tuple(option(rank, sketch) for rank, sketch in enumerate(SKETCHES, start=1)),
        refused=refused_options(refused),
        assumptions=assumptions(),
        warnings=("One price is older than 365 days; it is marked stale.",),
        timings=(
            Timing(stage="catalogue", wall_s=0.06),
            Timing(stage="simulate", wall_s=6.8),
            Timing(stage="finance", wall_s=1.2),
        ),
    )


def small_office_plan() -> Plan:
    """Return a plan whose answer is `don't buy`: one API option, one cloud option, few refusals."""
    api = option(1, replace(SKETCHES[2], best=0.996))
    cloud = option(2, replace(SKETCHES[6], best=0.004))
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
                    at=estimate(190, 0.4, "times the planned demand"),
                    to_option_id=None,
                    sentence="From about 190 times the planned demand, an owned host is cheaper.",
                ),
            ),
        ),
        workloads=(_workload(),),
        options=(api, cloud),
        refused=refused_options(3),
        assumptions=assumptions()[:3],
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
        refused=refused_options(40),
    )
