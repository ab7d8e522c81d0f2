"""Weekly shapes: how demand goes up and down over the 168 hours of a week, Monday 00:00 first."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from millwright.errors import InputError
from millwright.spans import HOURS_PER_WEEK

WeeklyShape = tuple[float, ...]
"""168 hourly rates relative to the week's mean: they are 0 or more, and their mean is 1."""

FLAT: WeeklyShape = (1.0,) * HOURS_PER_WEEK

_DATA = Path(__file__).parent / "data" / "shapes.json"


@dataclass(frozen=True)
class NamedShape:
    """A shipped shape with its origin."""

    name: str
    title: str
    weights: WeeklyShape
    source: str
    basis: str


def weekly_shape(weights: Sequence[float]) -> WeeklyShape:
    """Return 24 (hours of the day) or 168 (hours of the week) weights as a weekly shape of mean 1.

    Raises ValueError for another number of weights, a negative one, or none above 0.
    """
    if len(weights) not in (24, HOURS_PER_WEEK):
        raise ValueError(f"a shape has 24 or {HOURS_PER_WEEK} weights, not {len(weights)}")
    if min(weights) < 0 or not 0 < max(weights) < float("inf"):
        raise ValueError("a shape's weights are 0 or more, and one at least is above 0")
    highest = max(weights)
    week = [weight / highest for weight in weights] * (HOURS_PER_WEEK // len(weights))  # no overflow in the sum
    mean = sum(week) / HOURS_PER_WEEK
    return tuple(weight / mean for weight in week)


def peak_factor(shape: WeeklyShape) -> float:
    """Return the busiest hour's rate over the week's mean rate [-]."""
    return max(shape) / (sum(shape) / len(shape))


def busiest_day_factor(shape: WeeklyShape) -> float:
    """Return the busiest day's requests over the mean day's [-]."""
    days = [sum(shape[start : start + 24]) for start in range(0, HOURS_PER_WEEK, 24)]
    return max(days) / (sum(days) / 7)


def shape_named(name: str) -> NamedShape:
    """Return the shipped shape of that name; raises InputError with the nearest known names."""
    shapes = named_shapes()
    if name not in shapes:
        near = difflib.get_close_matches(name, shapes, n=1)
        known = f"Known shapes: {', '.join(shapes)}; or give 24 or 168 hourly weights."
        raise InputError(f"no shape is called '{name}'", remedy=f"Did you mean '{near[0]}'? {known}" if near else known)
    return shapes[name]


@lru_cache(maxsize=1)
def named_shapes() -> Mapping[str, NamedShape]:
    """Return the shipped shapes by name."""
    entries = json.loads(_DATA.read_text(encoding="utf-8"))["shapes"]
    return {
        each["name"]: NamedShape(
            each["name"], each["title"], weekly_shape(each["weights"]), each["source"], each["basis"]
        )
        for each in entries
    }
