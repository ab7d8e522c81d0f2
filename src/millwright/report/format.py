"""Numbers for people: sensible digits, sensible units, the interval beside the value.

A value shows no more digits than its interval carries; value, low and high share one unit and number of decimals.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from millwright.plan.model import Assumption, EstimateValue

UNKNOWN = "–"
"""What stands where a number is not known."""
_TENFOLD = 9.0
"""From this share above on (ten times as much), a multiple is told: `+73,882 %` is a number nobody can picture."""

_LARGE = ((1e9, "bn"), (1e6, "M"), (1e4, "k"))
_SCALES: dict[str, tuple[tuple[float, float, str], ...]] = {
    # unit: (from this size on, divide by, shown unit), largest first
    "s": ((7200.0, 3600.0, "h"), (120.0, 60.0, "min"), (0.95, 1.0, "s"), (0.95e-3, 1e-3, "ms"), (0.0, 1e-6, "µs")),
    "W": ((1e6, 1e6, "MW"), (1e3, 1e3, "kW"), (0.0, 1.0, "W")),
    "byte": ((2.0**40, 2.0**40, "TiB"), (0.1 * 2**30, 2.0**30, "GiB"), (0.0, 2.0**20, "MiB")),
    "kWh": ((1e6, 1e6, "GWh"), (1e4, 1e3, "MWh"), (1.0, 1.0, "kWh"), (0.0, 1e-3, "Wh")),
    "kg": ((1e3, 1e3, "t"), (0.0, 1.0, "kg")),
    "g": ((1e3, 1e3, "kg"), (0.0, 1.0, "g")),
    "byte/s": ((1e12, 1e12, "TB/s"), (0.0, 1e9, "GB/s")),
    "flop/s": ((1e15, 1e15, "PFLOP/s"), (0.0, 1e12, "TFLOP/s")),
}
_TIMES = "times "
"""A unit that begins so is a multiple of something, such as `times today's demand`."""
_READ_AS = (("1/s", "requests/s"), ("token/s", "tokens/s"), ("kgCO2e", "kg CO2e"), ("gCO2e", "g CO2e"))
"""Units as the plan has them, and as people read them."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A number as shown: `value` and `interval` without unit (interval empty when there is none), then the unit."""

    value: str
    interval: str
    unit: str

    def __str__(self) -> str:
        interval = f" ({self.interval})" if self.interval else ""
        return join_unit(f"{self.value}{interval}", self.unit)


def bare(shown: Shown, currency: str) -> str:
    """Return the value without the currency that a column's heading already names, such as `742 k`."""
    return join_unit(shown.value, shown.unit.replace(currency, "").replace("/month", "").strip())


def in_column(shown: Shown, unit: str) -> Shown:
    """Return value and interval without the `unit` that a column's heading names; `k` or `M` before it stay."""
    scale = shown.unit.removesuffix(unit).strip()
    interval = join_unit(shown.interval, scale) if shown.interval else ""
    return Shown(join_unit(shown.value, scale), interval, "")


def join_unit(number: str, unit: str) -> str:
    """Return number and unit as one text; the multiplication sign stands close."""
    if not unit or number == UNKNOWN:
        return number
    return f"{number}{unit}" if unit == "×" else f"{number} {unit}"


def shown_estimate(estimate: EstimateValue | None) -> Shown:
    """Return the estimate's value and 80 % interval in one sensible unit."""
    if estimate is None:
        return Shown(UNKNOWN, "", "")
    return shown_number(estimate.value, estimate.unit, estimate.low, estimate.high)


def shown_number(value: float | None, unit: str, low: float | None = None, high: float | None = None) -> Shown:
    """Return `value` [unit], and the interval if both ends are given, scaled to a unit that reads well."""
    if value is None or not math.isfinite(value):
        return Shown(UNKNOWN, "", "")
    factor, shown_unit = _scale(value, unit)
    numbers = [value / factor]
    if low is not None and high is not None and high > low:
        numbers += [low / factor, high / factor]
    decimals = _decimals(numbers)
    texts = [_grouped(number, decimals) for number in numbers]
    interval = f"{texts[1]}–{texts[2]}" if len(texts) == 3 and texts[1] != texts[2] else ""
    return Shown(texts[0], interval, shown_unit.replace("CO2", "CO₂"))


def number_text(value: float | None, unit: str = "") -> str:
    """Return one number with its unit, three significant digits, such as `412 ms` or `1.15 EUR/Mtok`."""
    return str(shown_number(value, unit))


def estimate_text(estimate: EstimateValue | None) -> str:
    """Return such as `1.15 (0.96–1.41) EUR/Mtok`."""
    return str(shown_estimate(estimate))


def percent(share: float | None) -> str:
    """Return a share as a percentage."""
    return UNKNOWN if share is None else f"{100 * share:,.0f} %"


def probability_percent(probability: float) -> str:
    """Return a probability as a percentage; what is next to 0 or 1 is not shown as certain."""
    if 0.0 < probability < 0.01:
        return "< 1 %"
    return "> 99 %" if 0.99 < probability < 1.0 else percent(probability)


def signed_percent(share: float | None) -> str:
    """Return such as `+15 %`."""
    return UNKNOWN if share is None else f"{100 * share:+,.0f} %".replace("-", "−")


def headroom_text(share: float | None) -> str:
    """Return how far the capacity lies above the planned peak: `+15 %`, and from ten times the peak on `×12`."""
    if share is None or share < _TENFOLD:
        return signed_percent(share)
    return f"×{1 + share:,.0f}"


def assumption_value(assumption: Assumption) -> str:
    """Return an assumption's value, its range if it has one, and its unit, such as `8 (6–10) % a year`."""
    value, unit = assumption.value, assumption.unit
    if value is None:
        return "not known"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return join_unit(value, unit)
    factor, unit = _scale(value, unit) if unit in _SCALES else (0.01, "% a year") if unit == "1/year" else (1.0, unit)
    ends = [end for end in (assumption.low, assumption.high) if end is not None]
    numbers = [number / factor for number in (value, *ends)]
    decimals = _decimals(numbers) if len(ends) == 2 else None
    texts = [f"{number:,.6g}" if decimals is None else _grouped(number, decimals) for number in numbers]
    interval = f" ({texts[1]}–{texts[2]})" if len(ends) == 2 else ""
    return join_unit(f"{texts[0]}{interval}", unit.replace("CO2", "CO₂"))


def count(number: int, singular: str, plural: str = "") -> str:
    """Return such as `1 replica` or `3 replicas`."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def listed(items: Iterable[str]) -> str:
    """Return such as `a, b and c`."""
    *most, last = list(items) or [""]
    return f"{', '.join(most)} and {last}" if most else last


def shortened(text: str, most: int) -> str:
    """Return the text, cut at a word where it has more than `most` characters."""
    return text if len(text) <= most else f"{text[: most - 1].rsplit(' ', 1)[0].rstrip(' ,;:')} …"


def _scale(value: float, unit: str) -> tuple[float, str]:
    """Return what to divide by, and the unit then."""
    if unit.startswith(_TIMES):
        return 1.0, "×"
    for written, read in _READ_AS:
        if unit == written or unit.startswith(f"{written}/"):
            unit = unit.replace(written, read, 1)
    head, slash, tail = unit.partition("/")
    first, space, rest = head.partition(" ")
    steps = _SCALES.get(unit) or _SCALES.get(first)
    if steps is not None:
        _, factor, shown = next((step for step in steps if abs(value) >= step[0]), steps[-1])
        if value == 0:
            factor, shown = 1.0, first
        return factor, shown if unit in _SCALES else f"{shown}{space}{rest}{slash}{tail}"
    for least, prefix in _LARGE:
        if abs(value) >= least:
            return (1e3 if prefix == "k" else least), f"{prefix} {unit}".strip()
    return 1.0, unit


def _decimals(numbers: list[float]) -> int:
    """Return the decimals at which half the interval shows two digits and nothing shows more than three."""
    largest = max(abs(number) for number in numbers)
    if largest == 0:
        return 0
    decimals = 2 - math.floor(math.log10(largest))
    width = max(numbers) - min(numbers)
    if width > 0:
        decimals = min(decimals, 1 - math.floor(math.log10(width / 2)))
    if all(number == round(number) for number in numbers):
        return min(0, decimals)
    return decimals


def _grouped(number: float, decimals: int) -> str:
    rounded = round(number, decimals)
    return f"{rounded + 0.0:,.{max(0, decimals)}f}".replace("-", "−")
