"""Profiles: lengths, burstiness, daily shape of kinds of use, fitted to public traces by `scripts/fit_profiles.py`."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from millwright.errors import InputError
from millwright.traffic.arrivals import Arrivals, Bursts, Gamma, Poisson
from millwright.traffic.lengths import Lengths, Quantiles

_DATA = Path(__file__).parent / "data" / "profiles.json"


@dataclass(frozen=True)
class Profile:
    """A kind of use: what a scenario need not say. The notes tell where each part comes from."""

    name: str
    title: str
    input: Lengths
    output: Lengths
    arrivals: Arrivals
    shape: str
    source: str
    licence: str
    input_note: str
    output_note: str
    arrivals_note: str
    shape_note: str


def profile_named(name: str) -> Profile:
    """Return the profile of that name; raises InputError with the nearest known names."""
    known = profiles()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
        listing = f"Known profiles: {', '.join(known)}."
        raise InputError(
            f"no profile is called '{name}'", remedy=f"Did you mean '{near[0]}'? {listing}" if near else listing
        )
    return known[name]


@lru_cache(maxsize=1)
def profiles() -> Mapping[str, Profile]:
    """Return the shipped profiles by name."""
    entries = json.loads(_DATA.read_text(encoding="utf-8"))["profiles"]
    return {entry["name"]: _profile(entry) for entry in entries}


def _profile(entry: Mapping[str, Any]) -> Profile:
    return Profile(
        name=entry["name"],
        title=entry["title"],
        input=_quantiles(entry["input"]),
        output=_quantiles(entry["output"]),
        arrivals=_arrivals(entry["arrivals"]),
        shape=entry["shape"]["name"],
        source=entry["source"],
        licence=entry["licence"],
        input_note=entry["input"]["note"],
        output_note=entry["output"]["note"],
        arrivals_note=entry["arrivals"]["note"],
        shape_note=entry["shape"]["note"],
    )


def _quantiles(entry: Mapping[str, Any]) -> Quantiles:
    return Quantiles(tuple(entry["probabilities"]), tuple(entry["tokens"]))


def _arrivals(entry: Mapping[str, Any]) -> Arrivals:
    match entry["kind"]:
        case "bursts":
            return Bursts(entry["ratio"], entry["burst_s"], entry["calm_s"])
        case "gamma":
            return Gamma(entry["cv"])
        case "poisson":
            return Poisson()
        case kind:
            raise ValueError(f"the profile data name a kind of arrivals that nothing here samples: {kind}")
