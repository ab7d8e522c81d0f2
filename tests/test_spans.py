"""A month is as long in one part of the program as in another."""

from __future__ import annotations

import pytest

from millwright.catalog.units import Measure, parse
from millwright.money import PriceUnit, parse_price
from millwright.quantity import Dimension, parse_quantity
from millwright.spans import DAYS_PER_MONTH, HOURS_PER_MONTH, HOURS_PER_YEAR, SECONDS_PER_MONTH, SECONDS_PER_YEAR


def test_a_month_is_a_twelfth_of_a_year_in_every_unit() -> None:
    assert 12 * SECONDS_PER_MONTH == SECONDS_PER_YEAR == 365.25 * 24 * 3600
    assert 12 * HOURS_PER_MONTH == HOURS_PER_YEAR
    assert 24 * DAYS_PER_MONTH == HOURS_PER_MONTH == 730.5


def test_scenario_catalogue_and_prices_agree_on_the_month() -> None:
    assert parse_quantity("1 month", Dimension.TIME) == SECONDS_PER_MONTH
    assert parse_quantity("30.4375 days", Dimension.TIME) == SECONDS_PER_MONTH
    assert parse("30.4375 days", Measure.TIME) == pytest.approx(1.0)
    assert parse("52.17857142857143 weeks", Measure.TIME) == pytest.approx(parse("1 year", Measure.TIME))
    assert parse_price("1461 EUR/month", PriceUnit.HOUR).amount == pytest.approx(2.0)
    assert parse_price("2 EUR/h", PriceUnit.MONTH).amount == pytest.approx(1461.0)
