"""The mixed fleet drawn: cost against carbon along its front, and what each limit costs."""

from __future__ import annotations

from typing import Any

import altair as alt

from millwright.plan.mix_model import Mix
from millwright.plan.model import Kind
from millwright.report.format import number_text
from millwright.report.palette import KIND_COLOURS, LIMIT_COLOUR

_WIDTH = 720
_HEIGHT = 260
_ROW = 46


def front_chart(mix: Mix, currency: str) -> Any:
    """Return the fleets that nothing beats in both cost and carbon, joined; None where there are fewer than two."""
    if len(mix.front) < 2:
        return None
    rows = [
        {
            "cost": point.cost_per_month,
            "carbon": point.carbon_kg_per_month,
            "fleet": point.title,
            "cost_shown": number_text(point.cost_per_month, f"{currency}/month"),
            "carbon_shown": number_text(point.carbon_kg_per_month, "kgCO2e/month"),
        }
        for point in mix.front
    ]
    base = alt.Chart(alt.Data(values=rows)).encode(
        x=alt.X("cost:Q", title=f"{currency} a month", scale=alt.Scale(zero=False, nice=True)),
        y=alt.Y("carbon:Q", title="kg CO₂e a month", scale=alt.Scale(zero=False, nice=True)),
    )
    colour = KIND_COLOURS[Kind.MIXED]
    line = base.mark_line(strokeDash=[4, 3], strokeWidth=1.5, color=colour, interpolate="step-after").encode(
        order="cost:Q"
    )
    points = base.mark_point(filled=True, size=110, opacity=1, color=KIND_COLOURS[Kind.COLO]).encode(
        tooltip=[
            alt.Tooltip("fleet:N", title="Fleet"),
            alt.Tooltip("cost_shown:N", title="Cost"),
            alt.Tooltip("carbon_shown:N", title="Carbon"),
        ]
    )
    return alt.layer(line, points).properties(width=_WIDTH, height=_HEIGHT, description="Cost against carbon")


def limits_chart(mix: Mix, currency: str) -> Any:
    """Return what each limit that costs anything costs as a bar, dearest first; None where none does."""
    dearest = sorted((each for each in mix.limit_costs if each.per_month > 0.0), key=lambda each: -each.per_month)
    if not dearest:
        return None
    rows = [
        {
            "limit": " and ".join(each.limits),
            "row": row,
            "cost": each.per_month,
            "shown": number_text(each.per_month, f"{currency}/month"),
            "sentence": each.sentence,
        }
        for row, each in enumerate(dearest)
    ]
    base = alt.Chart(alt.Data(values=rows)).encode(y=alt.Y("row:O", axis=None))
    bars = base.mark_bar(height=12, yOffset=8, cornerRadius=3, color=LIMIT_COLOUR, opacity=0.8).encode(
        x=alt.X("cost:Q", title=f"{currency} a month", scale=alt.Scale(zero=True)),
        tooltip=[alt.Tooltip("sentence:N", title="Limit")],
    )
    names = base.transform_calculate(name="datum.limit + ': ' + datum.shown").mark_text(
        align="left", baseline="bottom", dy=-4, fontWeight=600
    )
    return alt.layer(bars, names.encode(x=alt.value(0), text="name:N")).properties(
        width=_WIDTH, height=_ROW * len(rows), description="What each limit costs"
    )
