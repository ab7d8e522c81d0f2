"""The charts draw what the plan says, and only that."""

from __future__ import annotations

from typing import Any

import pytest
from sample_plan import infeasible_plan, sample_plan

from millwright.plan.model import Option, Plan
from millwright.report import charts
from millwright.report.figures import figures
from millwright.report.palette import KIND_COLOURS, LINE_COLOURS, chart_config

PLAN = sample_plan()


def _values(spec: Any) -> list[dict[str, Any]]:
    """Return all rows of data anywhere in a specification."""
    if isinstance(spec, dict):
        own = spec.get("data", {}).get("values", []) if isinstance(spec.get("data"), dict) else []
        return [*own, *(row for value in spec.values() for row in _values(value))]
    return [row for value in spec for row in _values(value)] if isinstance(spec, list) else []


def _without(plan: Plan, **cost: object) -> Plan:
    def bare(option: Option) -> Option:
        return option.model_copy(update={"cost": option.cost.model_copy(update=cost)})

    return plan.model_copy(update={"options": tuple(bare(option) for option in plan.options)})


def test_the_ranking_draws_every_option_with_its_interval() -> None:
    rows = _values(charts.lcot_ranking(PLAN).to_dict())
    drawn = {row["rank"]: (row["low"], row["value"], row["high"]) for row in rows if "low" in row}
    assert drawn == {
        option.rank: (option.cost.lcot.low, option.cost.lcot.value, option.cost.lcot.high) for option in PLAN.options
    }


def test_cost_over_time_has_a_band_for_each_month() -> None:
    rows = [row for row in _values(charts.cost_over_time(PLAN).to_dict()) if "month" in row]
    assert {row["month"] for row in rows} == set(range(49))
    assert all(row["low"] <= row["value"] <= row["high"] for row in rows)


def test_latency_is_drawn_with_the_slo_and_the_planned_load() -> None:
    workload = PLAN.workloads[0]
    rows = _values(charts.latency_against_load(PLAN, workload, workload.slo[1]).to_dict())
    assert [row["limit"] for row in rows if "limit" in row].count(50.0) >= 1  # TPOT in ms
    assert {row["load"] for row in rows if "text" in row and "load" in row} == {8.0, 24.0}


def test_a_flat_demand_has_one_line_of_load_not_two_names_on_each_other() -> None:
    flat = PLAN.workloads[0].model_copy(update={"rate_mean_per_s": 24.0, "rate_peak_per_s": 24.0})
    rows = _values(charts.latency_against_load(PLAN, flat, flat.slo[1]).to_dict())
    assert [row["text"] for row in rows if "text" in row and "load" in row] == ["planned load"]


def test_saturated_points_are_left_out_not_drawn_as_zero() -> None:
    workload = PLAN.workloads[0]
    rows = [
        row for row in _values(charts.latency_against_load(PLAN, workload, workload.slo[0]).to_dict()) if "low" in row
    ]
    assert rows
    assert all(row["value"] > 0 for row in rows)


def test_the_causes_of_an_option_add_up_to_its_lcot() -> None:
    rows = [row for row in _values(charts.cost_by_cause(PLAN).to_dict()) if "cause" in row]
    for option in PLAN.options:
        total = sum(row["lcot"] for row in rows if row["rank"] == option.rank)
        assert total == pytest.approx(option.cost.lcot.value)


def test_nothing_to_draw_gives_no_chart() -> None:
    assert figures(infeasible_plan()) == ()
    assert charts.cost_over_time(_without(PLAN, cash_flow=())) is None
    assert charts.break_even_curve(_without(PLAN, demand_curve=())) is None
    assert charts.cost_by_cause(_without(PLAN, by_cause=())) is None


def test_a_demand_curve_without_intervals_is_drawn_as_a_line() -> None:
    def bare(option: Option) -> Option:
        points = [point.model_copy(update={"lcot_low": None, "lcot_high": None}) for point in option.cost.demand_curve]
        return option.model_copy(update={"cost": option.cost.model_copy(update={"demand_curve": tuple(points)})})

    plan = PLAN.model_copy(update={"options": tuple(bare(option) for option in PLAN.options)})
    picture = charts.as_svg(charts.break_even_curve(plan))
    assert "1. 3 × HGX H200 in a Frankfurt colo" in picture
    assert "NaN" not in picture


def test_an_option_keeps_its_colour_from_chart_to_chart() -> None:
    workload = PLAN.workloads[0]
    seen: dict[str, set[str]] = {}

    def collect(part: Any) -> None:
        if isinstance(part, dict):
            scale = part.get("scale")
            if part.get("field") == "option" and isinstance(scale, dict) and str(scale["range"][0]).startswith("#"):
                for name, colour in zip(scale["domain"], scale["range"], strict=True):
                    seen.setdefault(name, set()).add(colour)
            for value in part.values():
                collect(value)
        elif isinstance(part, list):
            for value in part:
                collect(value)

    for chart in (charts.cost_over_time(PLAN), charts.latency_against_load(PLAN, workload, workload.slo[0])):
        collect(chart.to_dict())
    assert len(seen) == 5  # 1 to 4, and 5 in place of the API, which has no latency
    assert all(len(colours) == 1 for colours in seen.values())


@pytest.mark.parametrize("paper", ["#ffffff", "#14181d"])
def test_every_colour_stands_out_from_either_paper(paper: str) -> None:
    for colour in (*KIND_COLOURS.values(), *LINE_COLOURS):
        assert _contrast(colour, paper) >= 2.9  # 3 asked of graphics (WCAG 1.4.11), to rounding
    config = chart_config(dark=paper != "#ffffff")
    assert _contrast(config["text"]["color"], paper) >= 7.0
    assert _contrast(config["axis"]["labelColor"], paper) >= 4.5


def _contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two sRGB colours after WCAG 2.2."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_a_still_picture_holds_the_names_and_no_nan() -> None:
    for figure in figures(PLAN):
        picture = charts.as_svg(figure.chart)
        assert "1. 3 × HGX H200 in a Frankfurt colo" in picture
        assert "NaN" not in picture
        assert "undefined" not in picture
