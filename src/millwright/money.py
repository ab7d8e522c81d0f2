"""Money and prices as people write them: `400 kEUR`, `0.24 EUR/kWh`, `200 EUR per kW and month`."""

from __future__ import annotations

import difflib
import math
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from millwright.quantity import (
    LONGEST_QUANTITY,
    NUMBER,
    QuantityError,
    check_no_pointed_thousands,
    shortened,
    split_number,
)
from millwright.spans import DAYS_PER_MONTH, HOURS_PER_MONTH, HOURS_PER_YEAR


@dataclass(frozen=True, slots=True)
class Money:
    """An amount of one currency (ISO 4217 code). Amounts of different currencies do not add up."""

    amount: float
    currency: str

    def __post_init__(self) -> None:
        if not math.isfinite(self.amount):
            raise ValueError(f"an amount of money must be finite, got {self.amount}")

    def __str__(self) -> str:
        return f"{self.amount:,.10g} {self.currency}"


class PriceUnit(StrEnum):
    """What a price is for; the value is the unit that a Price is stated in."""

    KWH = "kWh"
    KW_MONTH = "kW month"
    HOUR = "h"
    MONTH = "month"
    YEAR = "year"
    MTOK = "Mtok"
    TONNE = "t"


@dataclass(frozen=True, slots=True)
class Price:
    """So much money for one `per`, such as 0.24 EUR per kWh."""

    amount: float
    currency: str
    per: PriceUnit

    def __post_init__(self) -> None:
        if not math.isfinite(self.amount):
            raise ValueError(f"a price must be finite, got {self.amount}")

    def __str__(self) -> str:
        return f"{self.amount:,.10g} {self.currency}/{self.per.value}"


_PRICE_UNIT_SIZES: dict[PriceUnit, dict[str, float]] = {
    PriceUnit.KWH: {"kWh": 1.0, "MWh": 1e3, "Wh": 1e-3, "GWh": 1e6},
    PriceUnit.KW_MONTH: {
        "kWmonth": 1.0,
        "kW/month": 1.0,
        "monthkW": 1.0,
        "month/kW": 1.0,
        "kWyear": 12.0,
        "kW/year": 12.0,
        "kW/y": 12.0,
        "Wmonth": 1e-3,
        "W/month": 1e-3,
        "MWmonth": 1e3,
        "MW/month": 1e3,
    },
    PriceUnit.HOUR: {"h": 1.0, "hour": 1.0, "hr": 1.0, "day": 24.0, "month": HOURS_PER_MONTH}
    | dict.fromkeys(("year", "y"), HOURS_PER_YEAR),
    PriceUnit.MONTH: {"month": 1.0, "mo": 1.0, "year": 12.0, "y": 12.0}
    | {"h": 1 / HOURS_PER_MONTH, "day": 1 / DAYS_PER_MONTH},
    PriceUnit.YEAR: {"year": 1.0, "y": 1.0, "yr": 1.0, "month": 1 / 12},
    PriceUnit.MTOK: {
        "Mtok": 1.0,
        "Mtoken": 1.0,
        "Mtokens": 1.0,
        "milliontokens": 1.0,
        "ktok": 1e-3,
        "ktokens": 1e-3,
        "token": 1e-6,
    },
    PriceUnit.TONNE: {"t": 1.0, "tonne": 1.0, "ton": 1.0, "kg": 1e-3},
}
_SYMBOLS = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY", "₹": "INR"}
_MONEY_MULTIPLIER = {"": 1.0, "k": 1e3, "K": 1e3, "M": 1e6, "m": 1e6, "bn": 1e9}
_CURRENCY = re.compile(r"(?P<scale>k|K|M|m|bn)?\s*(?P<code>[A-Z]{3})")


@lru_cache(maxsize=1024)
def parse_money(text: str) -> Money:
    """Return `text` such as `400 kEUR`, `1.2 MUSD`, `EUR 25,000` or `€ 400k` as Money.

    Raises QuantityError when the number, the currency or the order is unreadable.
    """
    money, per = _money_and_per(text, "write an amount and a currency, such as 400 kEUR or 25,000 USD")
    if per:
        raise QuantityError(f"'{shortened(text)}' is a price per '{per}', not an amount of money; write 400 kEUR")
    return money


@lru_cache(maxsize=1024)
def parse_price(text: str, per: PriceUnit) -> Price:
    """Return `text` such as `0.24 EUR/kWh` or `200 EUR per kW and month` as the Price of one `per`.

    Raises QuantityError when it is unreadable or is for something else.
    """
    remedy = f"write an amount, a currency and what it is for, such as {_PRICE_EXAMPLES[per]}"
    money, unit = _money_and_per(text, remedy)
    spelling = re.sub(r"\band\b|[ ·*]", "", re.sub(r"\bper\b", "/", unit)).replace("//", "/").strip("/")
    size = _PRICE_UNIT_SIZES[per].get(spelling)
    if not unit:
        raise QuantityError(f"'{shortened(text)}' does not say what it is for; {remedy}")
    if size is None:
        accepted = ", ".join(f"/{name}" for name in list(_PRICE_UNIT_SIZES[per])[:4])
        raise QuantityError(f"'{shortened(text)}' is not a price per {per.value}; accepted units: {accepted}")
    return Price(money.amount / size, money.currency, per)


_PRICE_EXAMPLES = {
    PriceUnit.KWH: "0.24 EUR/kWh",
    PriceUnit.KW_MONTH: "200 EUR/kW/month",
    PriceUnit.HOUR: "2.50 USD/h",
    PriceUnit.MONTH: "300 EUR/month",
    PriceUnit.YEAR: "90 kEUR/year",
    PriceUnit.MTOK: "0.60 USD/Mtok",
    PriceUnit.TONNE: "80 EUR/t",
}


def _money_and_per(text: str, remedy: str) -> tuple[Money, str]:
    """Return the amount of money and what stands after `/` or `per`."""
    plain = " ".join(str(text).split())
    if len(plain) > LONGEST_QUANTITY:
        raise QuantityError(f"'{shortened(plain)}' is too long for an amount of money; {remedy}")
    for symbol, code in _SYMBOLS.items():
        plain = plain.replace(symbol, f" {code} ").strip()
    if leading := re.match(r"[A-Z]{3}(?=[\s\d])", plain):  # EUR 400k: put the code behind the number
        amount_text = NUMBER.match(rest := plain[3:].lstrip())
        end = amount_text.end() if amount_text else 0
        plain = f"{rest[:end]} {leading.group()}{rest[end:]}"
    number, unit = split_number(plain, remedy)
    match = _CURRENCY.match(unit)
    if match is None:
        if not unit or unit[0] == "/":
            raise QuantityError(f"'{shortened(plain)}' has no currency; {remedy}")
        raise QuantityError(f"'{shortened(plain)}' has no currency that I know: '{unit}'; {remedy}")
    code, scale, rest = match["code"], match["scale"] or "", unit[match.end() :].strip()
    if code not in CURRENCIES:
        close = difflib.get_close_matches(code, sorted(CURRENCIES), n=3, cutoff=0.6)
        hint = f"; near it: {', '.join(close)}" if close else ""
        raise QuantityError(f"'{code}' in '{shortened(plain)}' is no currency (ISO 4217){hint}")
    if rest and not re.match(r"/|per\b", rest):
        raise QuantityError(f"'{shortened(plain)}' goes on after the currency: '{rest}'; {remedy}")
    if not scale and not rest:  # 1.200 kEUR and 1.200 EUR/h have one meaning only
        check_no_pointed_thousands(plain)
    amount = number * _MONEY_MULTIPLIER[scale]
    if not math.isfinite(amount):
        raise QuantityError(f"'{shortened(plain)}' is not a finite amount; {remedy}")
    return Money(amount, code), re.sub(r"^(/|per\b)\s*", "", rest)


_CURRENCY_CODES = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP
CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG
HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL
MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR
RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD
TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
"""

CURRENCIES = frozenset(_CURRENCY_CODES.split())
"""Currencies in use, by ISO 4217 code."""
