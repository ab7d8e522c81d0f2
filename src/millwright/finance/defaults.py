"""The shipped starting distributions, each with its source: what is assumed where the user says nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from millwright.finance.case import CaseError
from millwright.finance.distributions import UncertainInput, distribution_from


@lru_cache(maxsize=1)
def defaults() -> Mapping[str, UncertainInput]:
    """Return the default inputs by name (`data/defaults.json`)."""
    text = (files("millwright.finance") / "data" / "defaults.json").read_text(encoding="utf-8")
    return MappingProxyType({name: input_from(name, entry) for name, entry in json.loads(text)["inputs"].items()})


def input_from(name: str, entry: Mapping[str, Any]) -> UncertainInput:
    """Return the uncertain input that `entry` describes: one distribution, and unit, source, date, quality, note.

    Raises CaseError on an unknown key or a distribution that cannot be.
    """
    origin = {key: str(entry[key]) for key in ("unit", "source", "date", "quality", "note") if key in entry}
    shape = {key: value for key, value in entry.items() if key not in origin}
    if origin.get("quality", "C") not in ("A", "B", "C"):
        raise CaseError(f"quality is '{origin['quality']}'; it is A (primary), B (checked) or C (claimed, assumed)")
    return UncertainInput(name, distribution_from(shape), **origin)
