"""How far a rule's wording was checked: read and quoted, only cited, or the scenario's own promise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from typing import Protocol

from millwright.quantity import share_text


class Wording(StrEnum):
    """What stands behind a rule: a text that was read, a citation alone, or the scenario itself."""

    READ = "read"
    UNVERIFIED = "unverified"
    OWN = "own"

    @property
    def mark(self) -> str:
        """One character for it, as lists show it."""
        return {Wording.READ: "✓", Wording.UNVERIFIED: "?", Wording.OWN: "·"}[self]


LEGEND = "✓ wording read and quoted, ? unverified: article cited, wording not checked, · the scenario's own"


class Quoted(Protocol):
    """A rule, or what one says of a case."""

    @property
    def quote(self) -> str: ...  # noqa: D102

    @property
    def unverified(self) -> bool: ...  # noqa: D102


def wording_of(rule: Quoted) -> Wording:
    """Return how far the wording of a rule was checked."""
    if rule.quote:
        return Wording.READ
    return Wording.UNVERIFIED if rule.unverified else Wording.OWN


def share_read(rules: Iterable[Quoted]) -> str:
    """Return in one sentence how many of the rules were read in their text, and how many are only cited."""
    counts = Counter(wording_of(each) for each in rules)
    lawful = counts[Wording.READ] + counts[Wording.UNVERIFIED]
    own = f"; {counts[Wording.OWN]} more are the scenario's own" if counts[Wording.OWN] else ""
    if not lawful:
        return f"No rule of law{own}."
    share = f"{share_text(counts[Wording.READ] / lawful)}"
    return (
        f"Wording read and quoted: {counts[Wording.READ]} of {lawful} rules ({share}); "
        f"unverified, article cited only: {counts[Wording.UNVERIFIED]}{own}."
    )
