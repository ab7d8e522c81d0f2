"""A fact: one value with its unit, source, date and quality."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Quality(StrEnum):
    """How good a source is: A primary, B secondary but checked, C claimed or estimated."""

    A = "A"
    B = "B"
    C = "C"


@dataclass(frozen=True, slots=True)
class Source:
    """Where facts come from: a document, a table, a price list."""

    id: str
    title: str
    url: str
    licence: str


@dataclass(frozen=True, slots=True)
class Fact:
    """One catalogue value as authored: `value` in `unit`, from source `source` as of `date` (ISO, maybe year only)."""

    value: float | str | bool
    unit: str
    source: str
    date: str
    quality: Quality
    note: str = ""
