"""Quantities as people write them."""

from __future__ import annotations

import contextlib
import math
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millwright.money import Money, PriceUnit, parse_money, parse_price
from millwright.quantity import (
    ACCEPTED_UNITS,
    Dimension,
    QuantityError,
    check_no_pointed_thousands,
    has_unit,
    parse_quantity,
)

DAY = 86_400.0
YEAR = 365.25 * DAY


@pytest.mark.parametrize(
    ("text", "dimension", "value"),
    [
        ("50 ms", Dimension.TIME, 0.05),
        ("50ms", Dimension.TIME, 0.05),
        ("2", Dimension.TIME, 2.0),
        ("1.5 min", Dimension.TIME, 90.0),
        ("180 days", Dimension.TIME, 180 * DAY),
        ("4 y", Dimension.TIME, 4 * YEAR),
        ("48 months", Dimension.TIME, 4 * YEAR),
        ("2 fortnights", Dimension.TIME, 28 * DAY),
        ("2 /s", Dimension.RATE, 2.0),
        ("2/s", Dimension.RATE, 2.0),
        ("2 per second", Dimension.RATE, 2.0),
        ("120 req/min", Dimension.RATE, 2.0),
        ("2,000 /day", Dimension.RATE, 2000 / DAY),
        ("20 requests/day", Dimension.RATE, 20 / DAY),
        ("20 requests a day", Dimension.RATE, 20 / DAY),
        ("3.5 rps", Dimension.RATE, 3.5),
        ("1 000 /h", Dimension.RATE, 1000 / 3600),
        ("1200 tokens", Dimension.LENGTH_TOKENS, 1200.0),
        ("1.5k tokens", Dimension.LENGTH_TOKENS, 1500.0),
        ("16k", Dimension.LENGTH_TOKENS, 16000.0),
        ("16 ktokens", Dimension.LENGTH_TOKENS, 16000.0),
        ("96 GB", Dimension.MEMORY, 96e9),
        ("96 GiB", Dimension.MEMORY, 96 * 2**30),
        ("3.2 TB/s", Dimension.BANDWIDTH, 3.2e12),
        ("400 Gbit/s", Dimension.BANDWIDTH, 5e10),
        ("400 TFLOP/s", Dimension.COMPUTE, 4e14),
        ("400 TFLOPS", Dimension.COMPUTE, 4e14),
        ("20 kW", Dimension.POWER, 2e4),
        ("20kW", Dimension.POWER, 2e4),
        ("1.2e3 W", Dimension.POWER, 1200.0),
        ("1 kWh", Dimension.ENERGY, 3.6e6),
        ("18 kW*h", Dimension.ENERGY, 18 * 3.6e6),
        ("5 %", Dimension.FRACTION, 0.05),
        ("5%", Dimension.FRACTION, 0.05),
        ("0.05", Dimension.FRACTION, 0.05),
        ("8 %/y", Dimension.FRACTION_PER_YEAR, 0.08),
        ("-20 %/y", Dimension.FRACTION_PER_YEAR, -0.2),
        ("8 % per year", Dimension.FRACTION_PER_YEAR, 0.08),
        ("1 %/month", Dimension.FRACTION_PER_YEAR, 0.12),
        ("20,000", Dimension.COUNT, 20000.0),
        ("1_000", Dimension.COUNT, 1000.0),
    ],
)
def test_a_quantity_is_read_in_its_base_unit(text: str, dimension: Dimension, value: float) -> None:
    assert parse_quantity(text, dimension) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize("dimension", list(Dimension))
def test_every_unit_that_messages_name_is_accepted(dimension: Dimension) -> None:
    for unit in ACCEPTED_UNITS[dimension]:
        assert math.isfinite(parse_quantity(f"1 {unit}", dimension))


@pytest.mark.parametrize(
    ("text", "dimension", "message"),
    [
        ("2 kW", Dimension.TIME, "is a power, not a time; accepted units: us, ms, s"),
        ("10 GB", Dimension.LENGTH_TOKENS, "is an amount of memory, not a number of tokens"),
        ("10 gb", Dimension.MEMORY, "did you mean 'GB'?"),
        ("2,5 kW", Dimension.POWER, "write the decimals after a point"),
        ("1,2345", Dimension.COUNT, "write the decimals after a point"),
        ("5 5 s", Dimension.TIME, "more than one number"),
        ("fast", Dimension.TIME, "does not begin with a number"),
        ("", Dimension.TIME, "does not begin with a number"),
        (".", Dimension.TIME, "does not begin with a number"),
        ("- 5 s", Dimension.TIME, "does not begin with a number"),
        ("nan", Dimension.TIME, "is not a finite number"),
        ("-inf s", Dimension.TIME, "is not a finite number"),
        ("1e999 s", Dimension.TIME, "is not a finite number"),
        ("1e308 y", Dimension.TIME, "is not a finite number"),
        ("2 parsec", Dimension.TIME, "has a unit that is not a time"),
        ("2 s**9999999", Dimension.TIME, "has a unit that is not a time"),
        ("2 __import__('os')", Dimension.TIME, "has a unit that is not a time"),
        ("3 %", Dimension.COUNT, "is a fraction, not a plain number"),
        ("9" * 5000, Dimension.COUNT, "too long for a quantity (5,000 characters)"),
    ],
)
def test_a_wrong_quantity_is_refused_with_the_accepted_units(text: str, dimension: Dimension, message: str) -> None:
    with pytest.raises(QuantityError) as refused:
        parse_quantity(text, dimension)
    assert message in str(refused.value)
    assert len(str(refused.value)) < 300


@given(st.text(max_size=80), st.sampled_from(list(Dimension)))
def test_any_text_is_a_finite_number_or_a_quantity_error(text: str, dimension: Dimension) -> None:
    with contextlib.suppress(QuantityError):
        assert math.isfinite(parse_quantity(text, dimension))


@given(st.floats(1e-6, 1e9), st.sampled_from(["ms", "s", "min", "h", "day"]))
def test_a_time_keeps_its_value_through_its_text(value: float, unit: str) -> None:
    one = parse_quantity(f"1 {unit}", Dimension.TIME)
    assert parse_quantity(f"{value!r} {unit}", Dimension.TIME) == pytest.approx(value * one, rel=1e-12)


def test_a_bare_number_has_no_unit() -> None:
    assert has_unit("5 ms")
    assert has_unit("5%")
    assert not has_unit("5")
    assert not has_unit(" 1.5k ")


@pytest.mark.parametrize(
    ("text", "money"),
    [
        ("400 kEUR", Money(400_000, "EUR")),
        ("400k EUR", Money(400_000, "EUR")),
        ("400,000 EUR", Money(400_000, "EUR")),
        ("1.2 MUSD", Money(1_200_000, "USD")),
        ("EUR 25,000", Money(25_000, "EUR")),
        ("€ 400k", Money(400_000, "EUR")),
        ("$5", Money(5, "USD")),
        ("12 MUR", Money(12, "MUR")),  # Mauritian rupees, not millions of anything
    ],
)
def test_money_is_read_with_its_currency(text: str, money: Money) -> None:
    assert parse_money(text) == money


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("400", "has no currency"),
        ("400 EURO", "goes on after the currency"),
        ("400 DEM", "is no currency (ISO 4217)"),
        ("400 EUX", "near it: UGX, EUR"),
        ("0.24 EUR/kWh", "is a price per 'kWh'"),
        ("1e999 EUR", "is not a finite number"),
        ("EUR", "does not begin with a number"),
        ("4" * 100 + " EUR", "too long"),
    ],
)
def test_wrong_money_is_refused(text: str, message: str) -> None:
    with pytest.raises(QuantityError) as refused:
        parse_money(text)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("text", "per", "amount"),
    [
        ("0.24 EUR/kWh", PriceUnit.KWH, 0.24),
        ("240 EUR/MWh", PriceUnit.KWH, 0.24),
        ("200 EUR/kW/month", PriceUnit.KW_MONTH, 200.0),
        ("200 EUR per kW and month", PriceUnit.KW_MONTH, 200.0),
        ("2,400 EUR/kW/year", PriceUnit.KW_MONTH, 200.0),
        ("2.5 EUR/h", PriceUnit.HOUR, 2.5),
        ("90 kEUR/year", PriceUnit.MONTH, 7500.0),
        ("0.60 EUR/Mtok", PriceUnit.MTOK, 0.6),
        ("80 EUR/t", PriceUnit.TONNE, 80.0),
    ],
)
def test_a_price_is_read_for_one_of_its_unit(text: str, per: PriceUnit, amount: float) -> None:
    price = parse_price(text, per)
    assert (price.currency, price.per) == ("EUR", per)
    assert price.amount == pytest.approx(amount)
    assert parse_price(str(price), per) == price


@pytest.mark.parametrize("text", ["0.24 EUR", "0.24 EUR/h", "24 ct/kWh", "0.24 /kWh", "EUR/kWh"])
def test_a_wrong_price_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(QuantityError, match="kWh"):
        parse_price(text, PriceUnit.KWH)


@given(st.text(max_size=80))
def test_any_text_is_money_or_a_quantity_error(text: str) -> None:
    for parse in (parse_money, lambda text: parse_price(text, PriceUnit.KWH)):
        with contextlib.suppress(QuantityError):
            assert math.isfinite(parse(text).amount)


def test_usual_units_are_read_without_loading_pint() -> None:
    code = (
        "import sys\n"
        "from millwright.money import *\nfrom millwright.quantity import *\n"
        "parse_quantity('50 ms', Dimension.TIME); parse_price('0.24 EUR/kWh', PriceUnit.KWH)\n"
        "sys.exit('pint' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("text", ["40.000", "1.200 tokens", "12.500", "-40.000"])
def test_points_between_thousands_are_refused_where_asked_for(text: str) -> None:
    with pytest.raises(QuantityError, match="two ways"):
        check_no_pointed_thousands(text)


@pytest.mark.parametrize("text", ["0.125", "40.5", "40.0000", "1200", "1,200", "4.00", "1234.567"])
def test_other_points_are_decimals(text: str) -> None:
    check_no_pointed_thousands(text)
