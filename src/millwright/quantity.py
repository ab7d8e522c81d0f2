"""Units at the edge, and the estimate: a value with its interval and where it comes from.

Inside Millwright every number is a plain float in a base unit that its name tells (`ttft_s`, `power_w`,
`memory_bytes`). Text such as `50 ms` becomes such a float here, and `0.24 EUR/kWh` a Price in `money.py`; nowhere else.

The units that people write are looked up in a table; Pint, which takes a third of a second to load, is asked only
about the others (`2 fortnights`, `18 kW*h`).
"""

from __future__ import annotations

import difflib
import math
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

from millwright.spans import SECONDS_PER_DAY, SECONDS_PER_YEAR

if TYPE_CHECKING:
    import pint


class Basis(StrEnum):
    """Where an estimate comes from, best first."""

    MEASURED = "measured"
    FITTED = "fitted"
    EXTRAPOLATED = "extrapolated"
    DATASHEET = "datasheet"
    ASSUMED = "assumed"


_BASIS_ORDER = tuple(Basis)


def weakest(*bases: Basis) -> Basis:
    """Return the weakest of the given bases: a result is no better founded than its worst input."""
    return max(bases, key=_BASIS_ORDER.index)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value, its 80 % interval and its basis; `low <= value <= high`, all in the same unit."""

    value: float
    low: float
    high: float
    basis: Basis

    def __post_init__(self) -> None:
        if not self.low <= self.value <= self.high:
            raise ValueError(f"an estimate needs low <= value <= high, got {self.low}, {self.value}, {self.high}")

    @classmethod
    def exact(cls, value: float, basis: Basis = Basis.MEASURED) -> Estimate:
        """Return an estimate without spread."""
        return cls(value, value, value, basis)

    @classmethod
    def with_log_sigma(cls, value: float, log_sigma: float, basis: Basis) -> Estimate:
        """Return a log-normal estimate around the median `value` [any unit], its 80 % interval from `log_sigma` [-]."""
        factor = math.exp(Z80 * log_sigma)
        return cls(value, value / factor, value * factor, basis)


Z80 = 1.2815515655446004
"""Half-width of the central 80 % of a standard normal, in standard deviations."""


class Dimension(StrEnum):
    """What a quantity measures; the value is the base unit it is turned into."""

    TIME = "second"
    RATE = "1/second"
    LENGTH_TOKENS = "token"
    MEMORY = "byte"
    BANDWIDTH = "byte/second"
    COMPUTE = "flop/second"
    POWER = "watt"
    ENERGY = "joule"
    FRACTION = "dimensionless"
    FRACTION_PER_YEAR = "1/year"
    COUNT = "dimensionless "

    @property
    def phrase(self) -> str:
        """What a reader calls it, with its article."""
        return _PHRASES[self]


_PHRASES = {
    Dimension.TIME: "a time",
    Dimension.RATE: "a rate",
    Dimension.LENGTH_TOKENS: "a number of tokens",
    Dimension.MEMORY: "an amount of memory",
    Dimension.BANDWIDTH: "a bandwidth",
    Dimension.COMPUTE: "a compute rate",
    Dimension.POWER: "a power",
    Dimension.ENERGY: "an energy",
    Dimension.FRACTION: "a fraction",
    Dimension.FRACTION_PER_YEAR: "a rate per year",
    Dimension.COUNT: "a plain number",
}

ACCEPTED_UNITS: dict[Dimension, tuple[str, ...]] = {
    Dimension.TIME: ("us", "ms", "s", "min", "h", "day", "week", "month", "year"),
    Dimension.RATE: ("/s", "/min", "/h", "/day", "/month", "/year"),
    Dimension.LENGTH_TOKENS: ("tokens", "ktokens"),
    Dimension.MEMORY: ("MB", "GB", "TB", "MiB", "GiB"),
    Dimension.BANDWIDTH: ("MB/s", "GB/s", "TB/s", "Gbit/s"),
    Dimension.COMPUTE: ("GFLOP/s", "TFLOP/s", "PFLOP/s"),
    Dimension.POWER: ("W", "kW", "MW"),
    Dimension.ENERGY: ("J", "Wh", "kWh", "MWh"),
    Dimension.FRACTION: ("%", ""),
    Dimension.FRACTION_PER_YEAR: ("%/y", "/y"),
    Dimension.COUNT: ("",),
}

LONGEST_QUANTITY = 64
"""Characters that a quantity may have: a longer text is no quantity, and is refused unread."""


class QuantityError(ValueError):
    """A text is no quantity of the dimension asked for; the message says which units are accepted."""


def accepted_units(dimension: Dimension) -> str:
    """Return the units to write for `dimension`, as one phrase for a message."""
    return ", ".join(unit for unit in ACCEPTED_UNITS[dimension] if unit) or "a plain number"


# --- quantities ------------------------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def parse_quantity(text: str, dimension: Dimension) -> float:
    """Return `text` (such as `50 ms`, `0.5 %/y`, `20 kW`, `2,000 /day`) as a float in the base unit of `dimension`.

    A bare number is read as already being in the base unit. Thousands may be set apart by a comma, a space or an
    underscore; `k` and `M` right after the digits multiply (`1.5k tokens`); `per` may stand for `/`.
    Raises QuantityError on a wrong unit, an unreadable text, or a value that is not finite.
    """
    remedy = f"accepted units: {accepted_units(dimension)}"
    number, unit = split_number(text, remedy)
    if not unit:
        return number
    factor, found = _unit(unit, dimension)
    if factor is None:
        if found is not None:
            raise QuantityError(f"'{shortened(text)}' is {found.phrase}, not {dimension.phrase}; {remedy}")
        folded = {name.casefold(): name for name in ACCEPTED_UNITS[dimension]}
        close = difflib.get_close_matches(unit.casefold(), folded, n=1, cutoff=0.6)
        hint = f"; did you mean '{folded[close[0]]}'?" if close else ""
        raise QuantityError(f"'{shortened(text)}' has a unit that is not {dimension.phrase}: '{unit}'; {remedy}{hint}")
    value = number * factor
    if not math.isfinite(value):
        raise QuantityError(f"'{shortened(text)}' is not a finite number; {remedy}")
    return value


_POINTED = re.compile(r"\s*[+-]?([1-9]\d{0,2})\.(\d{3})(?!\d)", re.ASCII)


def check_no_pointed_thousands(text: str) -> None:
    """Raise QuantityError for `40.000`: forty to some, forty thousand to others, where nobody writes thousandths."""
    if match := _POINTED.match(text):
        whole, rest = match.groups()
        short = float(f"{whole}.{rest}")
        raise QuantityError(f"'{shortened(text)}' may be read in two ways; write {whole},{rest} or {short:g}")


def has_unit(text: str) -> bool:
    """Return whether a readable quantity `text` names a unit (`5 ms` does, `5` and `1.5k` do not)."""
    match = NUMBER.match(text.strip())
    return match is None or bool(text.strip()[match.end() :].strip())


NUMBER = re.compile(
    r"[+-]?(?:\d{1,3}(?:[,_ \u00a0]\d{3})+(?!\d)|\d+)?(?:\.\d+|\.(?!\d))?(?:[eE][+-]?\d+)?(?:[kKMG](?![A-Za-z]))?",
    re.ASCII,
)
_DIGITS = re.compile(r"\d", re.ASCII)
_UNIT_TEXT = re.compile(r"[A-Za-zµμ%·*/ ]*[A-Za-zµμ%]")
_MULTIPLIER = {"k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9}


def split_number(text: str, remedy: str) -> tuple[float, str]:
    """Return the number and the unit text of a quantity."""
    text = str(text)
    if len(text) > LONGEST_QUANTITY:
        raise QuantityError(f"'{shortened(text)}' is too long for a quantity ({len(text):,} characters); {remedy}")
    text = text.strip()
    match = NUMBER.match(text)
    if match is None or not _DIGITS.search(match.group()):
        if text.lower().lstrip("+-.").startswith(("nan", "inf")):
            raise QuantityError(f"'{text}' is not a finite number; {remedy}")
        raise QuantityError(f"'{text}' does not begin with a number; {remedy}")
    digits, unit = match.group(), text[match.end() :].strip()
    if unit.startswith(","):
        raise QuantityError(f"'{text}' has a comma that sets no thousands apart; write the decimals after a point")
    if unit and (unit[0].isdigit() or unit[0] in ".+-"):
        raise QuantityError(f"'{text}' has more than one number; {remedy}")
    multiplier = _MULTIPLIER.get(digits[-1], 1.0)
    number = float(re.sub(r"[,_ \u00a0]", "", digits.rstrip("kKMG")))
    number *= multiplier
    if not math.isfinite(number):
        raise QuantityError(f"'{text}' is not a finite number; {remedy}")
    return number, unit


def share_text(share: float, decimals: int = 0) -> str:
    """Return a share as people read it, the sign of per cent apart from the number.

    >>> share_text(0.142, 1)
    '14.2 %'
    """
    return f"{100 * share:,.{decimals}f} %"


def shortened(text: str) -> str:
    """Return `text` fit for a message, however long it is."""
    return text if len(text) <= LONGEST_QUANTITY else f"{text[:24]}…"


_SECOND, _MINUTE, _HOUR, _DAY, _YEAR = 1.0, 60.0, 3600.0, SECONDS_PER_DAY, SECONDS_PER_YEAR
_TIME_NAMES = {
    "ns": 1e-9,
    "us µs μs microsecond microseconds": 1e-6,
    "ms msec millisecond milliseconds": 1e-3,
    "s sec secs second seconds": _SECOND,
    "min mins minute minutes": _MINUTE,
    "h hr hrs hour hours": _HOUR,
    "d day days": _DAY,
    "week weeks wk": 7 * _DAY,
    "month months mon mo": _YEAR / 12,
    "y yr yrs year years a": _YEAR,
}
_BYTE_NAMES = {
    "B byte bytes": 1.0,
    "kB KB": 1e3,
    "MB": 1e6,
    "GB": 1e9,
    "TB": 1e12,
    "PB": 1e15,
    "KiB": 2.0**10,
    "MiB": 2.0**20,
    "GiB": 2.0**30,
    "TiB": 2.0**40,
}
_BIT_NAMES = {"bit": 0.125, "kbit": 125.0, "Mbit Mb": 1.25e5, "Gbit Gb": 1.25e8, "Tbit Tb": 1.25e11}
_FLOP_NAMES = {
    f"{prefix}FLOP {prefix}OP {prefix}FLOPs {prefix}OPs": 10.0**power
    for prefix, power in (("", 0), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18))
}
_FLOP_RATE_NAMES = {
    f"{prefix}FLOPS {prefix}OPS": 10.0**power for prefix, power in (("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18))
}
_TOKEN_NAMES = {
    "token tokens tok toks": 1.0,
    "ktoken ktokens ktok": 1e3,
    "Mtoken Mtokens Mtok": 1e6,
}
_POWER_NAMES = {"mW": 1e-3, "W watt watts": 1.0, "kW": 1e3, "MW": 1e6, "GW": 1e9}
_ENERGY_NAMES = {"J": 1.0, "kJ": 1e3, "MJ": 1e6, "Wh": 3.6e3, "kWh": 3.6e6, "MWh": 3.6e9, "GWh": 3.6e12}
_REQUEST_NAMES = (
    "",
    "request",
    "requests",
    "req",
    "reqs",
    "query",
    "queries",
    "call",
    "calls",
    "document",
    "documents",
)


def _spread(names: dict[str, float]) -> dict[str, float]:
    return {name: factor for spellings, factor in names.items() for name in spellings.split()}


def _per(names: dict[str, float]) -> dict[str, float]:
    """Return `/s`, `/day`, … with their factors to 1/second."""
    return {f"/{name}": 1.0 / factor for name, factor in _spread(names).items()}


@lru_cache(maxsize=1)
def _unit_table() -> dict[Dimension, dict[str, float]]:
    """Return, by dimension, each spelling without spaces and its factor to the base unit."""
    per_time = _per(_TIME_NAMES)
    seconds = ("/s", "/sec", "/second")
    rate = {f"{what}{per}": factor for what in _REQUEST_NAMES for per, factor in per_time.items()}
    rate |= {"rps": 1.0, "qps": 1.0, "Hz": 1.0}
    percent = {"%": 0.01, "percent": 0.01}
    years = {f"/{name}": _YEAR / factor for name, factor in _spread(_TIME_NAMES).items()}
    per_year = {f"{what}{per}": size * f for what, size in {**percent, "": 1.0}.items() for per, f in years.items()}
    return {
        Dimension.TIME: _spread(_TIME_NAMES),
        Dimension.RATE: rate,
        Dimension.LENGTH_TOKENS: _spread(_TOKEN_NAMES),
        Dimension.MEMORY: _spread(_BYTE_NAMES),
        Dimension.BANDWIDTH: {
            **{
                f"{name}{per}": f
                for name, f in {**_spread(_BYTE_NAMES), **_spread(_BIT_NAMES)}.items()
                for per in seconds
            },
            **{f"{prefix}bps": f for prefix, f in (("k", 125.0), ("M", 1.25e5), ("G", 1.25e8), ("T", 1.25e11))},
        },
        Dimension.COMPUTE: {
            **{f"{name}{per}": factor for name, factor in _spread(_FLOP_NAMES).items() for per in seconds},
            **_spread(_FLOP_RATE_NAMES),
        },
        Dimension.POWER: _spread(_POWER_NAMES),
        Dimension.ENERGY: _spread(_ENERGY_NAMES),
        Dimension.FRACTION: percent,
        Dimension.FRACTION_PER_YEAR: per_year,
        Dimension.COUNT: {},
    }


def _unit(unit: str, dimension: Dimension) -> tuple[float | None, Dimension | None]:
    """Return the factor of `unit` to the base unit of `dimension`, or else the dimension that the unit does have."""
    spelling = re.sub(r"\s*/\s*", "/", re.sub(r"\bper\b|\ba(?=\s+(?:day|week|month|year)\b)", "/", unit))
    spelling = spelling.replace(" ", "")
    table = _unit_table()
    if spelling in table[dimension]:
        return table[dimension][spelling], None
    for other, spellings in table.items():
        if spelling in spellings:
            return None, other
    return _unit_by_pint(unit, dimension)


def _unit_by_pint(unit: str, dimension: Dimension) -> tuple[float | None, Dimension | None]:
    """Ask Pint about a unit that the table does not know."""
    if not _UNIT_TEXT.fullmatch(unit) or "**" in unit:
        return None, None
    import pint

    registry = _registry()
    try:
        quantity = registry.Quantity(1.0, unit.replace("%", "percent"))
        if quantity.dimensionless and dimension in _BARE:
            return (None, None) if dimension is Dimension.COUNT else (float(quantity.to("").magnitude), None)
        for other in Dimension:
            if other not in _BARE and quantity.check(registry.get_dimensionality(other.value)):
                if other is dimension or {other, dimension} <= _PER_TIME:
                    return float(quantity.to(dimension.value).magnitude), None
                return None, other
    except (pint.PintError, ValueError, TypeError, AttributeError, AssertionError, SyntaxError, OverflowError):
        return None, None
    return None, None


_BARE = {Dimension.FRACTION, Dimension.COUNT}
_PER_TIME = {Dimension.RATE, Dimension.FRACTION_PER_YEAR}


@lru_cache(maxsize=1)
def _registry() -> pint.UnitRegistry[float]:
    import pint

    registry: pint.UnitRegistry[float] = pint.UnitRegistry()
    registry.define("token = [token] = tokens = tok")
    registry.define("flop = [flop] = FLOP = op")
    return registry
