"""One measure against another: what is paler is beaten by something, and what is not is beaten by nothing."""

from __future__ import annotations

from typing import Any

import pytest
from sample_plan import infeasible_plan, sample_plan

from millwright.plan.model import Plan
from millwright.plan.sovereign_model import Sovereignty, SovereigntyScoreValue
from millwright.report.trade_chart import axes, measures, trade_chart, undominated


def with_scores(low: float = 40.0, high: float = 90.0) -> Plan:
    """Return the sample with a score for every option: the dearer, the more sovereign."""
    plan = sample_plan()
    scored = [
        option.model_copy(
            update={
                "sovereignty": Sovereignty(
                    score=SovereigntyScoreValue(value=low + option.rank, low=low + option.rank, high=high),
                    seal_low=0,
                    seal_high=4,
                    objectives=(),
                )
            }
        )
        for option in plan.options
    ]
    return plan.model_copy(update={"options": tuple(scored)})


def without_scores() -> Plan:
    plan = sample_plan()
    return plan.model_copy(
        update={"options": tuple(option.model_copy(update={"sovereignty": None}) for option in plan.options)}
    )


def rows_of(chart: Any) -> list[dict[str, Any]]:
    """Return the rows that the points are drawn from, wherever the layers share them."""
    found: list[list[dict[str, Any]]] = []

    def look(part: Any) -> None:
        if isinstance(part, dict):
            if isinstance(part.get("values"), list):
                found.append(part["values"])
            for each in part.values():
                look(each)
        elif isinstance(part, list):
            for each in part:
                look(each)

    look(chart.to_dict(validate=False))
    return max((rows for rows in found if rows and isinstance(rows[0], dict)), key=len)


def test_the_pairs_are_those_that_two_options_have() -> None:
    assert axes(sample_plan())[0] == ("cost", "latency")
    assert not any("sovereignty" in pair for pair in axes(without_scores()))
    assert ("cost", "sovereignty") in axes(with_scores())
    assert ("latency", "sovereignty") in axes(with_scores())
    assert axes(infeasible_plan()) == ()


def test_no_strong_point_is_beaten_and_every_pale_one_is() -> None:
    plan = with_scores()
    compared = measures(plan)
    strong = undominated(plan.options, compared)
    assert strong
    for option in plan.options:
        own = [measure.aim(option) for measure in compared]
        beaten = False
        for other in plan.options:
            pairs = [(measure.aim(other), aim) for measure, aim in zip(compared, own, strict=True)]
            known = [(a, b) for a, b in pairs if a is not None and b is not None]
            beaten |= other is not option and all(a <= b for a, b in known) and any(a < b for a, b in known)
        assert (option.id in strong) is not beaten


def test_more_sovereignty_is_better_and_only_what_is_known_for_sure_counts() -> None:
    plan = with_scores()
    first, last = plan.options[0], plan.options[-1]
    measure = next(each for each in measures(plan) if each.name == "sovereignty")
    assert (measure.aim(last) or 0.0) < (measure.aim(first) or 0.0), "the last one is more sovereign"
    rows = rows_of(trade_chart(plan, "cost", "sovereignty"))
    assert len(rows) == len(plan.options), "an API has a score, though no latency"
    assert {row["y_high"] for row in rows} == {90.0}
    assert all(row["y"] == row["y_low"] for row in rows)


@pytest.mark.parametrize("pair", axes(with_scores()), ids="-".join)
def test_the_line_goes_up_or_down_and_never_back(pair: tuple[str, str]) -> None:
    front = sorted(
        (row for row in rows_of(trade_chart(with_scores(), *pair)) if row["front"]), key=lambda row: row["x"]
    )
    heights = [row["y"] for row in front]
    assert heights == sorted(heights, reverse=pair[1] != "sovereignty")


@pytest.mark.parametrize("pair", axes(with_scores()), ids="-".join)
def test_it_is_sound_vega_lite(pair: tuple[str, str]) -> None:
    trade_chart(with_scores(), *pair).to_dict(validate=True)


def test_there_is_no_chart_of_nothing() -> None:
    assert trade_chart(infeasible_plan()) is None
    assert trade_chart(without_scores(), "cost", "sovereignty") is None
