"""Numbers for people."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millwright.plan.model import Assumption, Origin
from millwright.report.format import (
    assumption_value,
    count,
    headroom_text,
    in_column,
    listed,
    number_text,
    percent,
    probability_percent,
    shown_number,
    signed_percent,
)


@pytest.mark.parametrize(
    ("value", "low", "high", "unit", "text"),
    [
        (1.1545, 0.964, 1.408, "EUR/Mtok", "1.15 (0.96–1.41) EUR/Mtok"),
        (0.412, 0.35, 0.52, "s", "412 (350–520) ms"),
        (742_000.0, 675_000.0, 830_000.0, "EUR", "742 (675–830) k EUR"),
        (14_904.0, None, None, "W", "14.9 kW"),
        (0.94, 0.7, 1.2, "times the planned demand", "0.94 (0.70–1.20)×"),
        (3_600.0, 3_000.0, 4_000.0, "kg CO2e/month", "3.60 (3.00–4.00) t CO₂e/month"),
        (12.0, 9.0, 15.0, "times today's demand", "12 (9–15)×"),
        (3_600.0, None, None, "kgCO2e/month", "3.60 t CO₂e/month"),
        (145.0, None, None, "gCO2e/Mtok", "145 g CO₂e/Mtok"),
        (6.9, 6.2, 7.8, "1/s", "6.90 (6.20–7.80) requests/s"),
        (6_240.0, None, None, "token/s", "6,240 tokens/s"),
        (0.0, 0.0, 0.0, "EUR", "0 EUR"),
        (-2_380.0, None, None, "EUR/month", "−2,380 EUR/month"),
        (24.0, None, None, "requests/s", "24 requests/s"),
        (5.47e9, None, None, "tokens/month", "5.47 bn tokens/month"),
    ],
)
def test_numbers_read_well(value: float, low: float | None, high: float | None, unit: str, text: str) -> None:
    assert str(shown_number(value, unit, low, high)) == text


def test_a_column_that_names_the_unit_keeps_thousands() -> None:
    dear = in_column(shown_number(34_374.0, "NZD/Mtok", 22_843.0, 49_843.0), "NZD/Mtok")
    assert (dear.value, dear.interval) == ("34 k", "23–50 k")
    cheap = in_column(shown_number(4_979.0, "NZD/Mtok", 3_323.0, 7_383.0), "NZD/Mtok")
    assert (cheap.value, cheap.interval) == ("5,000", "3,300–7,400")
    assert in_column(shown_number(None, "NZD/Mtok"), "NZD/Mtok").value == "–"


def test_what_is_unknown_is_a_dash_without_unit() -> None:
    assert number_text(None, "s") == "–"
    assert number_text(float("nan"), "s") == "–"
    assert percent(None) == "–"
    assert signed_percent(None) == "–"


units = st.sampled_from(["s", "W", "EUR", "EUR/Mtok", "requests/s", "kWh/month", "FTE", "byte"])


@given(st.floats(1e-6, 1e12), st.floats(0.1, 1.0), st.floats(1.0, 10.0), units)
def test_the_shown_value_lies_in_the_shown_interval(value: float, down: float, up: float, unit: str) -> None:
    shown = shown_number(value, unit, value * down, value * up)
    middle = float(shown.value.replace(",", ""))
    if shown.interval:
        low, high = (float(end.replace(",", "")) for end in shown.interval.split("–"))
        assert low <= middle <= high


@given(st.floats(1e-5, 1e11), units)
def test_three_digits_tell_the_value_to_half_a_percent(value: float, unit: str) -> None:
    shown = shown_number(value, unit)
    factor = {
        "ms": 1e-3, "µs": 1e-6, "min": 60, "h": 3600, "kW": 1e3, "MW": 1e6, "MWh/month": 1e3, "GWh/month": 1e6,
        "Wh/month": 1e-3, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40,
    }  # fmt: skip
    prefix, _, rest = shown.unit.partition(" ")
    scale = factor.get(shown.unit, {"k": 1e3, "M": 1e6, "bn": 1e9}.get(prefix, 1.0) if rest or prefix == unit else 1.0)
    assert float(shown.value.replace(",", "")) * scale == pytest.approx(value, rel=5.1e-3)


def test_next_to_certain_is_not_certain() -> None:
    assert [probability_percent(value) for value in (0.0, 0.001, 0.5, 0.999, 1.0)] == [
        "0 %", "< 1 %", "50 %", "> 99 %", "100 %",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("share", "text"), [(None, "–"), (-0.05, "−5 %"), (3.15, "+315 %"), (9.0, "×10"), (738.82, "×740")]
)
def test_headroom_is_a_share_until_it_is_tenfold(share: float | None, text: str) -> None:
    assert headroom_text(share) == text


def test_counting_and_listing() -> None:
    assert count(1, "replica") == "1 replica"
    assert count(1200, "request") == "1,200 requests"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert listed([]) == ""


@pytest.mark.parametrize(
    ("value", "unit", "low", "high", "text"),
    [
        (0.08, "1/year", 0.06, 0.1, "8 (6–10) % a year"),
        ("fp8", "", None, None, "fp8"),
        (True, "", None, None, "yes"),
        (None, "s", None, None, "not known"),
        (3.35e12, "byte/s", None, None, "3.35 TB/s"),
        (84_000.0, "EUR/year", None, None, "84,000 EUR/year"),
    ],
)
def test_an_assumption_is_shown_as_it_was_given(
    value: float | str | bool | None, unit: str, low: float | None, high: float | None, text: str
) -> None:
    assumption = Assumption(id="a", path="p", value=value, unit=unit, low=low, high=high, origin=Origin.USER)
    assert assumption_value(assumption) == text
