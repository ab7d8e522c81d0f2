"""What is traded for what: cost against latency, with carbon, and the options that nothing else beats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt

from millwright.plan.model import Kind, Option, Plan, SloLimit
from millwright.report.format import estimate_text, number_text
from millwright.report.palette import KIND_COLOURS, KIND_SHAPES, LIMIT_COLOUR
from millwright.report.ranking import latency_at, limit_label
from millwright.report.wording import KIND_WORDS, VERDICT_WORDS

_HEIGHT = 340


def trade_chart(plan: Plan) -> Any:
    """Return cost against the first latency that the scenario limits, undominated options joined; None without two.

    An option is dominated where another one is no worse in cost, latency and carbon (where both are known), and better
    in one of them. An API's latency is not known, so that none is drawn.
    """
    limit = next((limit for workload in plan.workloads for limit in workload.slo), None)
    if limit is None:
        return None
    known = [(option, latency) for option in plan.options if (latency := _latency(option, limit)) is not None]
    if len(known) < 2:
        return None
    best = {option.id for option, latency in known if not _is_dominated(option, latency, known)}
    rows = [
        {
            "option": f"{option.rank}. {option.title}",
            "kind": KIND_WORDS[option.kind],
            "cost": option.cost.lcot.value,
            "latency": latency,
            "shown": estimate_text(option.cost.lcot),
            "latency_shown": number_text(latency, "s"),
            "carbon": estimate_text(option.power.carbon_g_per_mtok),
            "law": VERDICT_WORDS[option.law.verdict],
            "front": option.id in best,
        }
        for option, latency in known
    ]
    kinds = [kind for kind in Kind if any(option.kind is kind for option, _ in known)]
    words = [KIND_WORDS[kind] for kind in kinds]
    legend = alt.Legend(orient="top", title=None, columns=3, symbolSize=110)
    x = alt.X(
        "cost:Q", title=f"{plan.header.currency} per million tokens", scale=alt.Scale(zero=False, nice=True),
        axis=alt.Axis(tickCount=8),
    )  # fmt: skip
    y = alt.Y("latency:Q", title=f"{limit_label(limit)} [s]", scale=alt.Scale(zero=True))
    base = alt.Chart(alt.Data(values=rows)).encode(x=x, y=y)
    line = (
        base.transform_filter("datum.front")
        .mark_line(strokeDash=[4, 3], strokeWidth=1.5, color="#7A7F87", interpolate="step-after")
        .encode(order="cost:Q")
    )
    points = base.mark_point(filled=True, size=110).encode(
        color=alt.Color("kind:N", scale=alt.Scale(domain=words, range=[KIND_COLOURS[k] for k in kinds]), legend=legend),
        shape=alt.Shape("kind:N", scale=alt.Scale(domain=words, range=[KIND_SHAPES[k] for k in kinds]), legend=legend),
        opacity=alt.condition("datum.front", alt.value(1.0), alt.value(0.35)),
        tooltip=[
            alt.Tooltip("option:N", title="Option"),
            alt.Tooltip("shown:N", title="LCOT"),
            alt.Tooltip("latency_shown:N", title=limit_label(limit)),
            alt.Tooltip("carbon:N", title="Carbon"),
            alt.Tooltip("law:N", title="Law"),
        ],
    )
    rule = alt.Chart(alt.Data(values=[{"limit": limit.limit_s}])).mark_rule(
        color=LIMIT_COLOUR, strokeWidth=2, strokeDash=[6, 3]
    )
    return alt.layer(line, points, rule.encode(y="limit:Q")).properties(
        width=720, height=_HEIGHT, description="Cost against latency"
    )


def _latency(option: Option, limit: SloLimit) -> float | None:
    """Return the worst latency of the option's parts that the limit speaks of [s], None where one is not known."""
    found = [latency_at(part, limit) for part in option.fleet]
    return None if any(each is None for each in found) else max(each.value for each in found if each is not None)


def _is_dominated(option: Option, latency_s: float, others: Sequence[tuple[Option, float]]) -> bool:
    mine = _aims(option, latency_s)
    for other, other_s in others:
        if other.id == option.id:
            continue
        pairs = [(a, b) for a, b in zip(_aims(other, other_s), mine, strict=True) if a is not None and b is not None]
        if all(theirs <= own for theirs, own in pairs) and any(theirs < own for theirs, own in pairs):
            return True
    return False


def _aims(option: Option, latency_s: float) -> tuple[float, float, float | None]:
    carbon = option.power.carbon_g_per_mtok
    return option.cost.lcot.value, latency_s, None if carbon is None else carbon.value
