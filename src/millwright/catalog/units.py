"""Units of catalogue facts: a small table, so that the catalogue loads without a unit library.

Each fact states its unit; each field of a dataclass has a base unit, which its `Measure` names.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping
from enum import StrEnum

from millwright.errors import InputError
from millwright.spans import DAYS_PER_MONTH, WEEKS_PER_MONTH


class Measure(StrEnum):
    """What a fact measures; the value is the base unit it is turned into."""

    MEMORY = "B"
    BANDWIDTH = "B/s"
    COMPUTE = "FLOP/s"
    POWER = "W"
    MONEY = "USD"
    MONEY_PER_HOUR = "USD/h"
    MONEY_PER_MTOK = "USD/Mtok"
    MONEY_PER_ENERGY = "USD/kWh"
    CARBON_PER_ENERGY = "g/kWh"
    MASS = "kg"
    TIME = "month"
    RACK_SPACE = "U"
    TOKENS = "token"
    PARAMETERS = "parameter"
    RATIO = "1"
    YEAR = "year AD"
    TEXT = ""


_UNITS: dict[Measure, dict[str, float]] = {
    Measure.MEMORY: {
        "B": 1.0,
        "kB": 1e3,
        "MB": 1e6,
        "GB": 1e9,
        "TB": 1e12,
        "KiB": 2.0**10,
        "MiB": 2.0**20,
        "GiB": 2.0**30,
        "TiB": 2.0**40,
    },
    Measure.BANDWIDTH: {
        "B/s": 1.0,
        "MB/s": 1e6,
        "GB/s": 1e9,
        "TB/s": 1e12,
        "PB/s": 1e15,
        "GiB/s": 2.0**30,
        "Gbit/s": 1.25e8,
    },
    # An integer operation counts as one FLOP: int8 peaks are stated in TOP/s.
    Measure.COMPUTE: {
        "FLOP/s": 1.0,
        "GFLOP/s": 1e9,
        "TFLOP/s": 1e12,
        "PFLOP/s": 1e15,
        "TOP/s": 1e12,
        "POP/s": 1e15,
    },
    Measure.POWER: {"W": 1.0, "kW": 1e3, "MW": 1e6},
    Measure.MONEY: {"USD": 1.0, "kUSD": 1e3, "MUSD": 1e6},
    Measure.MONEY_PER_HOUR: {"USD/h": 1.0},
    Measure.MONEY_PER_MTOK: {"USD/Mtok": 1.0, "USD/ktok": 1e3},
    Measure.MONEY_PER_ENERGY: {"USD/kWh": 1.0, "USD/MWh": 1e-3},
    Measure.CARBON_PER_ENERGY: {"g/kWh": 1.0, "kg/kWh": 1e3, "kg/MWh": 1.0},
    Measure.MASS: {"kg": 1.0, "g": 1e-3, "t": 1e3},
    Measure.TIME: {"month": 1.0, "months": 1.0, "year": 12.0, "years": 12.0}
    | dict.fromkeys(("week", "weeks"), 1.0 / WEEKS_PER_MONTH)
    | dict.fromkeys(("day", "days"), 1.0 / DAYS_PER_MONTH),
    Measure.RACK_SPACE: {"U": 1.0},
    Measure.TOKENS: {"token": 1.0, "tokens": 1.0, "ktokens": 1e3},
    Measure.PARAMETERS: {"parameter": 1.0, "parameters": 1.0, "Mparameters": 1e6, "Bparameters": 1e9},
    Measure.RATIO: {"1": 1.0, "%": 1e-2, "ratio": 1.0, "devices": 1.0},
    Measure.YEAR: {"year AD": 1.0},
    Measure.TEXT: {"": 1.0, "text": 1.0, "yes/no": 1.0},
}

_BY_UNIT: dict[str, tuple[Measure, float]] = {
    unit: (measure, factor) for measure, units in _UNITS.items() for unit, factor in units.items()
}

_CURRENCY_UNIT = re.compile(r"([kM]?)([A-Z]{3})(/h|/Mtok|/ktok|/kWh|/MWh)?")
_QUANTITY = re.compile(r"\s*([-+]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(.*?)\s*")


class UnitError(InputError):
    """A unit is unknown, or it measures something else; the remedy says which units are accepted."""


def accepted_units(measure: Measure) -> tuple[str, ...]:
    """Return the units in which a fact of that measure may be stated."""
    return tuple(_UNITS[measure])


def measure_of(unit: str) -> Measure:
    """Return what `unit` measures; raises UnitError for a unit the catalogue does not know."""
    return _lookup(unit)[0]


def to_base(value: float, unit: str, measure: Measure) -> float:
    """Return `value` in `unit` as a float in the base unit of `measure`; raises UnitError if the unit is another's."""
    found, factor = _lookup(unit)
    if found is not measure:
        raise UnitError(f"'{unit}' is not a unit of {_words(measure)}", remedy=_remedy(measure))
    return value * factor


def parse(text: str | float, measure: Measure, usd_per: Mapping[str, float] | None = None) -> float:
    """Return a text such as `25 kUSD`, `3.35 TB/s` or `80 GB` in the base unit of `measure`.

    A bare number is already in the base unit. Money may be in any currency of `usd_per` (ISO 4217 code -> USD for one
    unit of it). Raises UnitError for anything else, and for values that are not finite.
    """
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        raise UnitError(f"{text!r} is not {_words(measure)}", remedy=_remedy(measure))
    if not isinstance(text, str):
        value, unit = float(text), ""
    else:
        match = _QUANTITY.fullmatch(text)
        if match is None:
            raise UnitError(f"'{text}' is not {_words(measure)}", remedy=_remedy(measure))
        value, unit = float(match[1].replace("_", "")), match[2]
    if not math.isfinite(value):
        raise UnitError(f"'{text}' is not a finite number", remedy=_remedy(measure))
    if not unit:
        return value
    currency = _CURRENCY_UNIT.fullmatch(unit)
    if currency is not None and unit not in _BY_UNIT and usd_per and currency[2] in usd_per:
        value, unit = value * usd_per[currency[2]], f"{currency[1]}USD{currency[3] or ''}"
    return to_base(value, unit, measure)


def _lookup(unit: str) -> tuple[Measure, float]:
    try:
        return _BY_UNIT[unit]
    except KeyError:
        near = difflib.get_close_matches(unit, _BY_UNIT, n=1, cutoff=0.5)
        remedy = f"Did you mean '{near[0]}'?" if near else ""
        raise UnitError(f"'{unit}' is not a unit the catalogue knows", remedy=remedy) from None


def _words(measure: Measure) -> str:
    return measure.name.lower().replace("_", " ")


def _remedy(measure: Measure) -> str:
    units = ", ".join(unit for unit in accepted_units(measure) if unit)
    return f"Accepted units: {units}."
