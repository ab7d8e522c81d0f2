"""A simulated run over time: who waits, who runs, how full the KV cache is. Three rows over one time axis."""

from __future__ import annotations

from typing import Any

import altair as alt

from millwright.report.palette import LINE_COLOURS
from millwright.simulate.watching import Floats

WIDTH = 720
_ROW_HEIGHT = 110


def run_chart(time_s: Floats, waiting: Floats, running: Floats, kv_share: Floats, title: str) -> Any:
    """Return the chart of m instants: sequences waiting and running, and the share of the KV cache held (m,) each."""
    unit, scale = ("h", 3600.0) if time_s[-1] > 3 * 3600 else ("min", 60.0) if time_s[-1] > 300 else ("s", 1.0)
    rows = [
        {"t": round(t / scale, 4), "waiting": int(w), "running": int(r), "kv": round(100.0 * k, 2)}
        for t, w, r, k in zip(*(each.tolist() for each in (time_s, waiting, running, kv_share)), strict=True)
    ]
    base = alt.Chart(alt.Data(values=rows))
    panels = [
        base.mark_area(
            fill=colour, fillOpacity=0.35, line={"color": colour, "strokeWidth": 1.2}, interpolate="step-after"
        )
        .encode(
            x=alt.X("t:Q", title=f"time [{unit}]" if field == "kv" else None, axis=alt.Axis(labels=field == "kv")),
            y=alt.Y(f"{field}:Q", title=label, scale=scale_),
        )
        .properties(width=WIDTH, height=_ROW_HEIGHT)
        for field, label, colour, scale_ in (
            ("waiting", "requests waiting", LINE_COLOURS[1], alt.Undefined),
            ("running", "sequences running", LINE_COLOURS[0], alt.Undefined),
            ("kv", "KV cache held [%]", LINE_COLOURS[2], alt.Scale(domain=[0, 100])),
        )
    ]
    return alt.vconcat(*panels, spacing=8).properties(title=title, description=f"{title}: queue, batch and KV cache")
