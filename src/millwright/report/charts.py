"""The plan's charts, in Altair: each takes a plan and gives a chart, or None when the plan has nothing to draw.

What is uncertain is drawn as a band or a bar from P10 to P90. Texts, units and limits come from the plan; nothing is
computed here but the change of scale that a reader needs (rate per replica to rate of the fleet).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt

from millwright.plan.model import EstimateValue, FleetPart, Kind, LatencyCurve, Option, Plan, SloLimit, WorkloadSummary
from millwright.report.format import estimate_text, number_text, probability_percent
from millwright.report.leading import leading
from millwright.report.palette import (
    CAUSE_COLOURS,
    KIND_COLOURS,
    KIND_SHAPES,
    LIMIT_COLOUR,
    LINE_COLOURS,
    LINE_DASHES,
    chart_config,
)
from millwright.report.ranking import limit_label
from millwright.report.wording import KIND_WORDS, METRIC_WORDS

WIDTH = 720
_HEIGHT = 320
_ROW = 46
_FEW = 4
_MANY = 12
_LONG_TITLE = 52
_BAND_OPACITY = 0.16
_SAME_LOAD = 1.02
"""Planned peak over mean rate up to which their lines would lie on each other."""
_BREAK_EVEN_WORDS = {Kind.API: "break-even with the API", Kind.CLOUD: "break-even with the cloud"}


def lcot_ranking(plan: Plan, few: int = _MANY) -> Any:
    """Return the leading options' LCOT as bars from P10 to P90 with the median, in the order of the ranking."""
    options = leading(plan, few)
    if not options:
        return None
    rows = [
        {
            "option": _name(option),
            "rank": option.rank,
            "kind": KIND_WORDS[option.kind],
            "value": option.cost.lcot.value,
            "low": option.cost.lcot.low,
            "high": option.cost.lcot.high,
            "shown": estimate_text(option.cost.lcot),
            "best": probability_percent(option.cost.probability_best),
        }
        for option in options
    ]
    kinds = list(dict.fromkeys(option.kind for option in options))
    words = [KIND_WORDS[kind] for kind in kinds]
    legend = alt.Legend(orient="top", title=None, columns=3, symbolSize=110, symbolOpacity=1)
    colour = alt.Color("kind:N", scale=_scale(words, [KIND_COLOURS[kind] for kind in kinds]), legend=legend)
    shape = alt.Shape("kind:N", scale=_scale(words, [KIND_SHAPES[kind] for kind in kinds]), legend=legend)
    ends = [end for option in options for end in (option.cost.lcot.low, option.cost.lcot.high)]
    title = f"{plan.header.currency} per million tokens; the bar is the 80 % interval"
    x = alt.X("low:Q", title=title, scale=_span(ends), axis=alt.Axis(tickCount=8))
    y = alt.Y("rank:O", axis=None)
    tooltip = [
        alt.Tooltip("option:N", title="Option"),
        alt.Tooltip("shown:N", title="LCOT"),
        alt.Tooltip("best:N", title="Odds of being the cheapest"),
    ]
    base = alt.Chart(alt.Data(values=rows)).encode(y=y)
    bars = base.mark_bar(height=12, opacity=0.38, cornerRadius=3, yOffset=8).encode(
        x=x, x2="high:Q", color=colour, tooltip=tooltip
    )
    points = base.mark_point(filled=True, size=110, opacity=1, yOffset=8).encode(
        x="value:Q", color=colour, shape=shape, tooltip=tooltip
    )
    return _finish(alt.layer(bars, points, _row_labels(base)), "The options' LCOT with its interval", _ROW * len(rows))


def cost_over_time(plan: Plan, few: int = _FEW) -> Any:
    """Return cumulative cost by month for the `few` leading options, a line in a band from P10 to P90."""
    options = leading(plan, few, [option for option in plan.options if option.cost.cash_flow])
    if not options:
        return None
    rows: list[dict[str, Any]] = [
        {
            "option": _name(option),
            "month": month.month,
            "value": month.cumulative,
            "low": month.cumulative_low,
            "high": month.cumulative_high,
            "shown": number_text(month.cumulative, plan.header.currency),
        }
        for option in options
        for month in option.cost.cash_flow
    ]
    last = max(row["month"] for row in rows)
    months = list(range(0, last + 1, 6 if last <= 72 else 12))
    x = alt.X("month:Q", title="month", scale=alt.Scale(nice=False), axis=alt.Axis(values=months))
    y = alt.Y("low:Q", title=f"{plan.header.currency} spent so far", axis=alt.Axis(format="~s"))
    return _finish(_lines(plan, rows, options, "month", x, y), "Cumulative cost over time, with its interval")


def break_even_curve(plan: Plan, few: int = _FEW) -> Any:
    """Return LCOT against demand for the `few` leading options, and the break-evens of the answer's option."""
    options = leading(plan, few, [option for option in plan.options if len(option.cost.demand_curve) > 1])
    if not options:
        return None
    rows: list[dict[str, Any]] = [
        {
            "option": _name(option),
            "demand": point.demand_multiple,
            "value": point.lcot,
            "low": point.lcot_low,
            "high": point.lcot_high,
            "shown": number_text(point.lcot, f"{plan.header.currency}/Mtok"),
        }
        for option in options
        for point in option.cost.demand_curve
        if point.demand_multiple > 0 and point.lcot > 0
    ]
    demands = [row["demand"] for row in rows]
    ends = [end for row in rows for key in ("value", "low", "high") if (end := row[key]) is not None and end > 0]
    span = alt.Scale(type="log", domain=[min(demands), max(demands)], nice=False)
    x = alt.X("demand:Q", title="demand, as a multiple of today's", scale=span, axis=alt.Axis(format="~g"))
    y = alt.Y(
        "low:Q",
        title=f"{plan.header.currency} per million tokens",
        scale=alt.Scale(type="log", domain=[min(ends), max(ends)], nice=False),
        axis=alt.Axis(format="~g", tickCount=6),
    )
    layers = [_lines(plan, rows, options, "demand", x, y), _marked_x("demand", 1.0, "today")]
    crossings = [
        (broken.demand_multiple, _BREAK_EVEN_WORDS.get(broken.against_kind, broken.against_title))
        for option in options
        if option.id == plan.answer.option_id
        for broken in option.cost.break_even
        if broken.demand_multiple is not None and min(demands) <= broken.demand_multiple.value <= max(demands)
    ]
    layers += [_break_even(at, text, foot) for foot, (at, text) in enumerate(crossings)]
    return _finish(alt.layer(*layers), "LCOT against demand, with its interval")


def cost_by_cause(plan: Plan, few: int = _MANY) -> Any:
    """Return the leading options' LCOT split by cause, stacked; a residual value counts below zero."""
    options = leading(plan, few)
    rows = [
        {
            "option": _name(option),
            "rank": option.rank,
            "cause": cause.label,
            "order": order,
            "lcot": cause.lcot,
            "shown": number_text(cause.lcot, f"{plan.header.currency}/Mtok"),
            "month": number_text(cause.per_month, f"{plan.header.currency}/month"),
        }
        for option in options
        for order, cause in enumerate(option.cost.by_cause)
    ]
    if not rows:
        return None
    causes = list(dict.fromkeys(str(row["cause"]) for row in rows))
    colours = [CAUSE_COLOURS[number % len(CAUSE_COLOURS)] for number in range(len(causes))]
    legend = alt.Legend(orient="top", title=None, columns=4)
    base = alt.Chart(alt.Data(values=rows)).encode(y=alt.Y("rank:O", axis=None))
    bars = base.mark_bar(height=14, yOffset=8, strokeWidth=1, stroke="white").encode(
        x=alt.X("sum(lcot):Q", title=f"{plan.header.currency} per million tokens, by cause"),
        color=alt.Color("cause:N", scale=_scale(causes, colours), legend=legend),
        order=alt.Order("order:Q"),
        tooltip=[
            alt.Tooltip("option:N", title="Option"),
            alt.Tooltip("cause:N", title="Cause"),
            alt.Tooltip("shown:N", title="Part of the LCOT"),
            alt.Tooltip("month:N", title="A month"),
        ],
    )
    first = [{"option": _name(option), "rank": option.rank} for option in options]
    labels = _row_labels(alt.Chart(alt.Data(values=first)).encode(y=alt.Y("rank:O", axis=None)))
    return _finish(alt.layer(bars, labels), "The options' LCOT by cause", _ROW * len(options))


def latency_against_load(plan: Plan, workload: WorkloadSummary, limit: SloLimit, few: int = _FEW) -> Any:
    """Return the latency that `limit` speaks of against the load on the whole fleet, with the SLO and the planned load.

    The curve is drawn up to three times the limit; beyond it no reader cares. None when no option has that curve.
    """
    curves = {option.id: curve for option in plan.options if (curve := _curve(option, workload, limit)) is not None}
    found = [curves[option.id] for option in leading(plan, few, [option for option, _, _ in curves.values()])]
    if not found:
        return None
    ceiling_s = 3 * limit.limit_s
    unit, factor = ("s", 1.0) if limit.limit_s >= 1.0 else ("ms", 1e3)
    rows = [
        {
            "option": _name(option),
            "load": point.rate_per_s * part.replicas / (part.share_of_demand or 1.0),
            "value": point.value_s * factor,
            "low": (point.value_s if point.low_s is None else point.low_s) * factor,
            "high": (point.value_s if point.high_s is None else point.high_s) * factor,
            "shown": number_text(point.value_s, "s"),
        }
        for option, part, curve in found
        for point in curve.points
        if point.value_s is not None and (point.low_s or point.value_s) <= ceiling_s * 1.5
    ]
    if not rows:
        return None
    metric = f"{METRIC_WORDS[limit.metric]}, p{limit.percentile:g} [{unit}]"
    x = alt.X("load:Q", title="requests per second on the whole fleet", scale=alt.Scale(zero=True, nice=False))
    y = alt.Y("low:Q", title=metric, scale=alt.Scale(domain=[0, ceiling_s * factor], clamp=False))
    layers = [
        _lines(plan, rows, [option for option, _, _ in found], "load", x, y),
        *_limit_line(limit.limit_s * factor, f"SLO: {number_text(limit.limit_s, 's')}"),
        *_planned_load(workload),
    ]
    return _finish(alt.layer(*layers), f"{limit_label(limit)} against load, with the SLO and the planned load")


def _planned_load(workload: WorkloadSummary) -> list[Any]:
    """Return the lines of the mean rate and of the planned peak; one line where demand is the same at every hour."""
    mean, peak = workload.rate_mean_per_s, workload.rate_peak_per_s
    if peak <= mean * _SAME_LOAD:
        return [_marked_x("load", peak, "planned load")]
    return [_marked_x("load", mean, "mean"), _marked_x("load", peak, "planned peak", line=1)]


def with_theme(chart: Any, dark: bool = False) -> dict[str, Any]:
    """Return the chart's Vega-Lite specification with colours for light or dark paper."""
    return {**chart.to_dict(), "config": chart_config(dark)}


def as_svg(chart: Any) -> str:
    """Return the chart as a still picture for light paper."""
    import vl_convert

    return str(vl_convert.vegalite_to_svg(with_theme(chart)))


def _curve(option: Option, workload: WorkloadSummary, limit: SloLimit) -> tuple[Option, FleetPart, LatencyCurve] | None:
    """Return the first part of the option whose replicas have that curve."""
    for part in option.fleet:
        if part.workload != workload.name or part.performance is None:
            continue
        for curve in part.performance.curves:
            if curve.metric == limit.metric and curve.percentile == limit.percentile:
                return option, part, curve
    return None


def _name(option: Option) -> str:
    title = option.title if len(option.title) <= _LONG_TITLE else f"{option.title[: _LONG_TITLE - 1]}…"
    return f"{option.rank}. {title}"


def _scale(domain: Sequence[str], colours: Sequence[str]) -> Any:
    return alt.Scale(domain=list(domain), range=list(colours))


def _span(values: Sequence[float]) -> Any:
    """Return a scale from zero, or a logarithmic one where the largest would crush the smallest."""
    if min(values) > 0 and max(values) > 20 * min(values):
        return alt.Scale(type="log", domain=[min(values) * 0.8, max(values) * 1.1], nice=False)
    return alt.Scale(zero=True, nice=True)


def _row_labels(base: Any) -> Any:
    """Return each row's name above its bar, so that it has the whole width, on a phone too."""
    return base.mark_text(align="left", baseline="bottom", dy=-4, fontWeight=600).encode(
        x=alt.value(0), text="option:N"
    )


def _lines(plan: Plan, rows: list[dict[str, Any]], options: Sequence[Option], along: str, x: Any, y: Any) -> Any:
    """Return a line in its band for each option over the field `along`, told apart by colour and by dashes."""
    names = [_name(option) for option in options]
    places = _places(plan, options)
    legend = alt.Legend(orient="top", title=None, columns=1, symbolType="stroke", symbolSize=400, symbolOpacity=1)
    colours = _scale(names, [LINE_COLOURS[place] for place in places])
    colour = alt.Color("option:N", scale=colours, sort=names, legend=legend)
    dashes = alt.Scale(domain=names, range=[list(LINE_DASHES[place]) for place in places])
    dash = alt.StrokeDash("option:N", scale=dashes, sort=names, legend=legend)
    base = alt.Chart(alt.Data(values=rows)).encode(x=x)
    band = base.mark_area(opacity=_BAND_OPACITY, clip=True).encode(y=y, y2="high:Q", color=colour)
    line = base.mark_line(strokeWidth=2.5, clip=True).encode(y="value:Q", color=colour, strokeDash=dash)
    touch = base.mark_point(size=120, opacity=0, clip=True).encode(
        y="value:Q",
        tooltip=[
            alt.Tooltip("option:N", title="Option"),
            alt.Tooltip(f"{along}:Q", title=along.capitalize(), format=",.3~g"),
            alt.Tooltip("shown:N", title="Value"),
        ],
    )
    return alt.layer(band, line, touch)


def _places(plan: Plan, options: Sequence[Option]) -> list[int]:
    """Return each option's place in the palette: the same in every chart, and no two alike in one."""
    fixed = {option.id: place for place, option in enumerate(leading(plan, len(LINE_COLOURS)))}
    free = [place for place in range(len(LINE_COLOURS)) if place not in {fixed.get(option.id) for option in options}]
    return [fixed[option.id] if option.id in fixed else free.pop(0) for option in options]


def _marked_x(field: str, at: float, text: str, foot: int | None = None, line: int = 0) -> Any:
    """Return an upright line at `at` with its name, on the `line` below the top or on the line `foot` above the foot.

    Lines count from 0; names of marks that may be near each other stand on different ones.
    """
    base = alt.Chart(alt.Data(values=[{field: at, "text": text}]))
    height = alt.value(4 + 14 * line) if foot is None else alt.value(alt.expr(f"height - {4 + 14 * foot}"))
    rule = base.mark_rule(strokeWidth=1.5, strokeDash=[2, 3]).encode(x=f"{field}:Q")
    name = base.mark_text(align="left", dx=4, baseline="top" if foot is None else "bottom", fontSize=11).encode(
        x=f"{field}:Q", y=height, text="text:N"
    )
    return alt.layer(rule, name)


def _break_even(at: EstimateValue, text: str, foot: int) -> Any:
    """Return an upright line with its interval as a band: where it breaks even is not sure."""
    base = alt.Chart(alt.Data(values=[{"from": at.low, "to": at.high}]))
    band = base.mark_rect(opacity=0.13, color="#7A7F87", clip=True).encode(x="from:Q", x2="to:Q")
    return alt.layer(band, _marked_x("demand", at.value, text, foot))


def _limit_line(at: float, text: str) -> tuple[Any, Any]:
    """Return a level line at `at` [unit of the y axis] and its name."""
    base = alt.Chart(alt.Data(values=[{"limit": at, "text": text}])).encode(y="limit:Q")
    rule = base.mark_rule(color=LIMIT_COLOUR, strokeWidth=2, strokeDash=[6, 3])
    name = base.mark_text(align="left", baseline="bottom", dx=4, dy=-3, color=LIMIT_COLOUR, fontWeight="bold")
    return rule, name.encode(x=alt.value(0), text="text:N")


def _finish(chart: Any, description: str, height: int = _HEIGHT) -> Any:
    return chart.properties(width=WIDTH, height=height, description=description)
