"""Logic with three values after Kleene: yes, no, and unknown, which stays unknown unless the other side decides.

S. C. Kleene, Introduction to Metamathematics (1952), section 64 (strong tables).
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Verdict(StrEnum):
    """A rule's answer to "may it?"; unknown means that a fact is missing."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


def negation(value: Verdict) -> Verdict:
    """Return not `value`: unknown stays unknown."""
    return _OPPOSITE[value]


def conjunction(values: Iterable[Verdict]) -> Verdict:
    """Return yes if all are, no if any is no, else unknown. Of nothing: yes."""
    result = Verdict.YES
    for value in values:
        if value is Verdict.NO:
            return Verdict.NO
        if value is Verdict.UNKNOWN:
            result = Verdict.UNKNOWN
    return result


def disjunction(values: Iterable[Verdict]) -> Verdict:
    """Return no if all are, yes if any is yes, else unknown. Of nothing: no."""
    result = Verdict.NO
    for value in values:
        if value is Verdict.YES:
            return Verdict.YES
        if value is Verdict.UNKNOWN:
            result = Verdict.UNKNOWN
    return result


def verdict(value: bool | None) -> Verdict:
    """Return a two-valued answer, or None for not known, as a verdict."""
    if value is None:
        return Verdict.UNKNOWN
    return Verdict.YES if value else Verdict.NO


_OPPOSITE = {Verdict.YES: Verdict.NO, Verdict.NO: Verdict.YES, Verdict.UNKNOWN: Verdict.UNKNOWN}
