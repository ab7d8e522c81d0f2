"""Cost against latency: what is paler is beaten by something, and what is not is beaten by nothing."""

from __future__ import annotations

from sample_plan import infeasible_plan, sample_plan

from millwright.report.trade_chart import trade_chart


def test_the_front_is_what_nothing_beats() -> None:
    chart = trade_chart(sample_plan())
    rows = next(iter(layer.data.values for layer in chart.layer if len(layer.data.values) > 1), None)
    rows = rows or chart.data.values
    front = [row for row in rows if row["front"]]
    assert front
    for row in rows:
        beaten = [
            other
            for other in rows
            if other["cost"] <= row["cost"] and other["latency"] <= row["latency"] and other is not row
        ]
        if row["front"] and row["carbon"] == "–":
            assert not [o for o in beaten if o["cost"] < row["cost"] or o["latency"] < row["latency"]]
    cheapest = min(rows, key=lambda row: (row["cost"], row["latency"]))
    assert cheapest["front"], "the cheapest of all is beaten by nothing"


def test_it_is_sound_vega_lite() -> None:
    trade_chart(sample_plan()).to_dict(validate=True)


def test_there_is_no_chart_of_nothing() -> None:
    assert trade_chart(infeasible_plan()) is None
