"""Charts of a simulation that is played: its state over time, and how long requests took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from millwright.report.palette import LINE_COLOURS

_HEIGHT = 150


def state_chart(moments: Sequence[Mapping[str, Any]], field: str, title: str, number: int, most: float | None) -> Any:
    """Return how `field` went over time, as an area; `most` draws the room there is as a line."""
    rows = [{"time": moment["time_s"], "value": moment[field]} for moment in moments]
    colour = LINE_COLOURS[number % len(LINE_COLOURS)]
    base = alt.Chart(alt.Data(values=rows)).encode(
        x=alt.X("time:Q", title="seconds", scale=alt.Scale(nice=False)),
        y=alt.Y("value:Q", title=title, axis=alt.Axis(tickCount=4, format="~s")),
        tooltip=[alt.Tooltip("time:Q", title="s", format=".3~g"), alt.Tooltip("value:Q", title=title, format=",.4~g")],
    )
    layers = [base.mark_area(color=colour, opacity=0.25, line={"color": colour, "strokeWidth": 1.5})]
    if most:
        rule = alt.Chart(alt.Data(values=[{"most": most}])).mark_rule(strokeDash=[6, 3]).encode(y="most:Q")
        layers.append(rule)
    return alt.layer(*layers).properties(width=720, height=_HEIGHT, description=f"{title} over time")


def latency_histogram(requests: Sequence[Mapping[str, Any]], title: str) -> Any:
    """Return how many requests took how long, from arrival to the last token."""
    rows = [{"took": each["finish_s"] - each["arrival_s"]} for each in requests]
    return (
        alt.Chart(alt.Data(values=rows))
        .mark_bar(color=LINE_COLOURS[0])
        .encode(
            x=alt.X("took:Q", bin=alt.Bin(maxbins=40), title=title),
            y=alt.Y("count():Q", title="requests"),
        )
        .properties(width=720, height=_HEIGHT + 40, description=title)
    )
