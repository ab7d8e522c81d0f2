"""The charts as page and paper show them: with a caption that says how to read it, and words for the blind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from millwright.plan.mix_model import Mix
from millwright.plan.model import Plan
from millwright.report.format import estimate_text, number_text
from millwright.report.leading import leading
from millwright.report.mix_text import limits_text
from millwright.report.ranking import limit_label
from millwright.report.wording import METRIC_WORDS

_FEW_LINES = 4
"""Lines with their bands in one chart: more cannot be told apart."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One chart; `section` is the part of the report it belongs to."""

    name: str
    section: str
    chart: Any
    caption: str
    alt: str


def figures(plan: Plan, few: int = 12) -> tuple[Figure, ...]:
    """Return the charts that this plan has something for, in the order of the report; bar charts show `few` options."""
    from millwright.report import charts, mix_charts

    currency = plan.header.currency
    shown = leading(plan, few)
    lcots = "; ".join(f"{option.rank}. {option.title}: {estimate_text(option.cost.lcot)}" for option in shown)
    drawn = [
        Figure(
            "lcot",
            "ranking",
            charts.lcot_ranking(plan, few),
            "Levelised cost of a million tokens, in and out. Where bars overlap, the order may be the other way round.",
            f"Levelised cost with its 80 % interval. {lcots}.",
        ),
        Figure(
            "cost-over-time",
            "money",
            charts.cost_over_time(plan),
            "All money spent since the start, undiscounted; eight cases in ten lie inside the band.",
            _spent_words(plan, currency),
        ),
        Figure(
            "break-even",
            "money",
            charts.break_even_curve(plan),
            f"What a token costs if demand is lower or higher than today.{_grey_words(plan)}",
            _break_even_words(plan),
        ),
        Figure(
            "cost-by-cause",
            "money",
            charts.cost_by_cause(plan, few),
            "What a million tokens cost, split by cause. A residual value counts below zero.",
            "Levelised cost by cause; the same figures are in the tables of the options.",
        ),
    ]
    if plan.mix is not None:
        drawn += [
            Figure(
                "mix-front",
                "mix",
                mix_charts.front_chart(plan.mix, currency),
                "Mixed fleets of machines that nothing beats in both cost and carbon, at the optimum's own reckoning "
                "of cost, which is not that of the option priced in full.",
                _front_words(plan.mix, currency),
            ),
            Figure(
                "limit-costs",
                "mix",
                mix_charts.limits_chart(plan.mix, currency),
                "What a month would cost less without each limit, each for itself.",
                f"What limits cost: {limits_text(plan.mix, currency)}.",
            ),
        ]
    for workload in plan.workloads:
        for number, limit in enumerate(workload.slo):
            slo, peak = number_text(limit.limit_s, "s"), number_text(workload.rate_peak_per_s, "requests/s")
            drawn.append(
                Figure(
                    f"latency-{len(drawn)}-{number}",
                    "latency",
                    charts.latency_against_load(plan, workload, limit),
                    f"{workload.name}: {METRIC_WORDS[limit.metric]} at p{limit.percentile:g} as the load on the fleet "
                    "grows. Where the band crosses the red line, the promise may break.",
                    f"{limit_label(limit)} of {workload.name} against load; the SLO is {slo}, the planned peak {peak}.",
                )
            )
    return tuple(figure for figure in drawn if figure.chart is not None)


def _front_words(mix: Mix, currency: str) -> str:
    points = [
        f"{point.title}: {number_text(point.cost_per_month, currency)} and "
        f"{number_text(point.carbon_kg_per_month, 'kgCO2e')} a month"
        for point in mix.front
    ]
    return f"Cost against carbon. {'; '.join(points)}."


def _spent_words(plan: Plan, currency: str) -> str:
    ends = [
        f"{option.rank}. {option.title}: {number_text(option.cost.cash_flow[-1].cumulative, currency)}"
        for option in leading(plan, _FEW_LINES, [option for option in plan.options if option.cost.cash_flow])
    ]
    return f"Money spent by the end of the horizon. {'; '.join(ends)}."


def _grey_words(plan: Plan) -> str:
    """Return what the grey bands mean, where the chart of break-evens has any."""
    answer = [option for option in plan.options if option.id == plan.answer.option_id]
    drawn = any(each.demand_multiple is not None for option in answer for each in option.cost.break_even)
    return " Grey: where the first option breaks even." if drawn else ""


def _break_even_words(plan: Plan) -> str:
    sentences = [
        broken.sentence
        for option in plan.options
        if option.id == plan.answer.option_id
        for broken in option.cost.break_even
    ]
    return " ".join(["Cost of a token against demand.", *sentences])
