"""Units at the edge, and the estimate: a value with its interval and where it comes from.

Inside Millwright every number is a plain float in a base unit that its name tells (`ttft_s`, `power_w`,
`memory_bytes`). Text such as `50 ms` becomes such a float here, and only here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

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
            raise ValueError(
                f"an estimate needs low <= value <= high, got {self.low}, {self.value}, {self.high}"
            )

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


class QuantityError(ValueError):
    """A text is no quantity of the dimension asked for; the message says which units are accepted."""


@lru_cache(maxsize=1)
def _registry() -> pint.UnitRegistry[float]:
    import pint

    registry: pint.UnitRegistry[float] = pint.UnitRegistry(preprocessors=[_normalise])
    registry.define("token = [token] = tokens = tok")
    registry.define("ktoken = 1000 token = ktokens")
    registry.define("flop = [flop] = FLOP = op")
    registry.define("request = [] = requests = req")
    return registry


def _normalise(text: str) -> str:
    text = (
        text.strip().replace("%", " percent ").replace("/y", "/year") if "/year" not in text else text.strip()
    )
    text = text.replace("/mon ", "/month ").replace(" per ", "/")
    return f"1{text}" if text.startswith("/") else text


@lru_cache(maxsize=4096)
def parse_quantity(text: str, dimension: Dimension) -> float:
    """Return `text` (such as `50 ms`, `0.5 %/y`, `20 kW`) as a float in the base unit of `dimension`.

    A bare number is read as already being in the base unit. Raises QuantityError on a wrong unit, an unreadable
    text, or a value that is not finite.
    """
    accepted = ", ".join(unit for unit in ACCEPTED_UNITS[dimension] if unit) or "a plain number"
    import pint

    registry = _registry()
    try:
        quantity = registry.Quantity(str(text))
        if quantity.dimensionless and dimension is not Dimension.FRACTION and not quantity.unitless:
            raise pint.DimensionalityError(quantity.units, dimension.value)
        value = (
            float(quantity.magnitude)
            if quantity.unitless
            else float(quantity.to(dimension.value.strip()).magnitude)
        )
    except (
        pint.PintError,
        ValueError,
        TypeError,
        AttributeError,
        AssertionError,
        SyntaxError,
        OverflowError,
    ) as error:
        raise QuantityError(
            f"'{text}' is not a {dimension.name.lower().replace('_', ' ')}; accepted units: {accepted}"
        ) from error
    if not math.isfinite(value):
        raise QuantityError(f"'{text}' is not a finite number; accepted units: {accepted}")
    return value
