"""What is traded for what: any two of cost, latency, carbon and sovereignty, and the options that nothing beats."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import altair as alt

from millwright.plan.model import EstimateValue, Kind, Option, Plan, SloLimit
from millwright.report.format import estimate_text
from millwright.report.palette import KIND_COLOURS, KIND_SHAPES, LIMIT_COLOUR
from millwright.report.ranking import latency_at, limit_label
from millwright.report.sovereign_text import sovereignty_range
from millwright.report.wording import KIND_WORDS, VERDICT_WORDS

_HEIGHT = 340
_BAND_OPACITY = 0.3
_FAR_APART = 8.0


@dataclass(frozen=True, slots=True)
class Reading:
    """What an option has of a measure: the value it is judged by, its interval, and as people read it."""

    value: float
    low: float
    high: float
    shown: str


@dataclass(frozen=True, slots=True)
class Measure:
    """One axis: less of it is better, or more; an option of which it is not known has no reading."""

    name: str
    title: str
    of: Callable[[Option], Reading | None]
    more_is_better: bool = False
    limit: float | None = None

    def aim(self, option: Option) -> float | None:
        """Return the option's value so that less is better; None where it is not known."""
        reading = self.of(option)
        if reading is None:
            return None
        return -reading.value if self.more_is_better else reading.value


def measures(plan: Plan) -> tuple[Measure, ...]:
    """Return what options can be compared by: those of which at least two options have a reading."""
    limit = next((limit for workload in plan.workloads for limit in workload.slo), None)
    every = [
        Measure("cost", f"{plan.header.currency} per million tokens", lambda option: _estimate(option.cost.lcot)),
        Measure("carbon", "g CO₂e per million tokens", lambda option: _estimate(option.power.carbon_g_per_mtok)),
        Measure("sovereignty", "sovereignty, of 100", _sovereignty, more_is_better=True),
    ]
    if limit is not None:
        latency = Measure("latency", f"{limit_label(limit)} [s]", _latency_of(limit), limit=limit.limit_s)
        every.insert(1, latency)
    return tuple(
        each for each in every if sum(each.of(option) is not None for option in plan.options) >= _FEWEST_POINTS
    )


_FEWEST_POINTS = 2


def axes(plan: Plan) -> tuple[tuple[str, str], ...]:
    """Return the pairs of measures that can be drawn against each other, the usual one first."""
    named = {measure.name: measure for measure in measures(plan)}
    return tuple(
        (across, up)
        for across, up in combinations(named, 2)
        if sum(_both(option, named[across], named[up]) is not None for option in plan.options) >= _FEWEST_POINTS
    )


def trade_chart(plan: Plan, across: str = "cost", up: str = "latency") -> Any:
    """Return one measure against another; None where fewer than two options have both.

    Strong points are beaten by no option in all measures that both have: no worse in each, better in one. The dashed
    line joins those that nothing beats in the two measures drawn. Thin lines are 80 % intervals of strong points; for
    sovereignty the range that missing facts leave open, of which the lower end counts.
    """
    compared = measures(plan)
    named = {measure.name: measure for measure in compared}
    if across not in named or up not in named:
        return None
    x_of, y_of = named[across], named[up]
    known = [option for option in plan.options if _both(option, x_of, y_of) is not None]
    if len(known) < _FEWEST_POINTS:
        return None
    strong = undominated(known, compared)
    front = undominated(known, (x_of, y_of))
    rows = [_row(option, x_of, y_of, compared, option.id in strong, option.id in front) for option in known]
    x = alt.X("x:Q", title=x_of.title, scale=_scale([row["x"] for row in rows]), axis=alt.Axis(tickCount=8))
    y = alt.Y("y:Q", title=y_of.title, scale=_scale([row["y"] for row in rows], zero=y_of.limit is not None))
    base = alt.Chart(alt.Data(values=rows))
    line = (
        base.transform_filter("datum.front")
        .mark_line(strokeDash=[4, 3], strokeWidth=1.5, color="#7A7F87", interpolate="step-after")
        .encode(x=x, y=y, order="x:Q")
    )
    layers = [line, *_intervals(base, known), _points(base, x, y, known, compared)]
    if y_of.limit is not None:
        rule = alt.Chart(alt.Data(values=[{"limit": y_of.limit}]))
        layers.append(rule.mark_rule(color=LIMIT_COLOUR, strokeWidth=2, strokeDash=[6, 3]).encode(y=alt.Y("limit:Q")))
    return alt.layer(*layers).properties(width=720, height=_HEIGHT, description=f"{across} against {up}")


def undominated(options: Sequence[Option], compared: Sequence[Measure]) -> frozenset[str]:
    """Return the ids of those that no other beats: no worse in each measure that both have, and better in one."""
    aims = {option.id: [measure.aim(option) for measure in compared] for option in options}
    return frozenset(
        id_
        for id_, own in aims.items()
        if not any(_beats(theirs, own) for other, theirs in aims.items() if other != id_)
    )


def _beats(theirs: Sequence[float | None], own: Sequence[float | None]) -> bool:
    pairs = [(a, b) for a, b in zip(theirs, own, strict=True) if a is not None and b is not None]
    return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)


def _row(
    option: Option, x_of: Measure, y_of: Measure, compared: Sequence[Measure], strong: bool, front: bool
) -> dict[str, Any]:
    readings = _both(option, x_of, y_of)
    assert readings is not None, "only options that have both are drawn"
    x, y = readings
    shown = {measure.name: "–" if (read := measure.of(option)) is None else read.shown for measure in compared}
    return {
        "option": f"{option.rank}. {option.title}",
        "kind": KIND_WORDS[option.kind],
        "law": VERDICT_WORDS[option.law.verdict],
        "strong": strong,
        "front": front,
        "x": x.value,
        "x_low": x.low,
        "x_high": x.high,
        "y": y.value,
        "y_low": y.low,
        "y_high": y.high,
        **shown,
    }


def _scale(values: Sequence[float], *, zero: bool = False) -> Any:
    """Return the scale of an axis: by multiples where the options lie far apart, so that the near ones can be told."""
    if min(values) > 0.0 and max(values) > _FAR_APART * min(values):
        return alt.Scale(type="log", nice=True)
    return alt.Scale(zero=zero, nice=True)


def _intervals(base: Any, options: Sequence[Option]) -> tuple[Any, Any]:
    """Return the thin lines of the strong points' intervals, along and up."""
    colour = _colour(options)
    mark = base.transform_filter("datum.strong").mark_rule(strokeWidth=2, opacity=_BAND_OPACITY)
    return (
        mark.encode(x="x_low:Q", x2="x_high:Q", y="y:Q", color=colour),
        mark.encode(y="y_low:Q", y2="y_high:Q", x="x:Q", color=colour),
    )


def _points(base: Any, x: Any, y: Any, options: Sequence[Option], compared: Sequence[Measure]) -> Any:
    kinds = _kinds(options)
    shapes = alt.Scale(domain=[KIND_WORDS[kind] for kind in kinds], range=[KIND_SHAPES[kind] for kind in kinds])
    return base.mark_point(filled=True, size=110).encode(
        x=x,
        y=y,
        color=_colour(options),
        shape=alt.Shape("kind:N", scale=shapes, legend=_legend()),
        opacity=alt.condition("datum.strong", alt.value(1.0), alt.value(0.35)),
        tooltip=[
            alt.Tooltip("option:N", title="Option"),
            *(alt.Tooltip(f"{measure.name}:N", title=measure.name.capitalize()) for measure in compared),
            alt.Tooltip("law:N", title="Law"),
        ],
    )


def _colour(options: Sequence[Option]) -> Any:
    kinds = _kinds(options)
    scale = alt.Scale(domain=[KIND_WORDS[kind] for kind in kinds], range=[KIND_COLOURS[kind] for kind in kinds])
    return alt.Color("kind:N", scale=scale, legend=_legend())


def _legend() -> Any:
    return alt.Legend(orient="top", title=None, columns=3, symbolSize=110, symbolOpacity=1.0)


def _kinds(options: Sequence[Option]) -> list[Kind]:
    return [kind for kind in Kind if any(option.kind is kind for option in options)]


def _both(option: Option, x_of: Measure, y_of: Measure) -> tuple[Reading, Reading] | None:
    x, y = x_of.of(option), y_of.of(option)
    return None if x is None or y is None else (x, y)


def _estimate(found: EstimateValue | None) -> Reading | None:
    return None if found is None else Reading(found.value, found.low, found.high, estimate_text(found))


def _sovereignty(option: Option) -> Reading | None:
    """Return what is known for sure as the value, and what missing facts leave open as the interval."""
    found = option.sovereignty
    if found is None:
        return None
    return Reading(found.score.low, found.score.low, found.score.high, f"{sovereignty_range(found)} of 100")


def _latency_of(limit: SloLimit) -> Callable[[Option], Reading | None]:
    def latency(option: Option) -> Reading | None:
        """Return the worst latency of the option's parts that the limit speaks of; None where one is not known."""
        found = [latency_at(part, limit) for part in option.fleet]
        known = [each for each in found if each is not None]
        return None if not known or len(known) < len(found) else _estimate(max(known, key=lambda each: each.value))

    return latency
