"""Can it run cut off: what a deployment wants from outside, and what of that can be carried in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from millwright.law.kleene import Verdict
from millwright.law.load import DATA, read_yaml_file


class Carried(StrEnum):
    """Whether something can be brought into a room that is cut off."""

    YES = "yes"
    PARTLY = "partly"
    NO = "no"


@dataclass(frozen=True, slots=True)
class Need:
    """One thing from outside. `blocks`: without it nothing runs, so that what cannot be carried in decides."""

    id: str
    what: str
    carried_in: Carried
    how: str
    blocks: bool = True
    kinds: tuple[str, ...] = ()
    engines: tuple[str, ...] = ()
    vendors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AirGapFinding:
    """Whether a deployment can run cut off, and the list to work through."""

    feasible: Verdict
    needs: tuple[Need, ...]

    @property
    def obstacles(self) -> tuple[Need, ...]:
        """What it cannot do without and cannot be given."""
        return tuple(each for each in self.needs if each.blocks and each.carried_in is Carried.NO)


@cache
def load_needs(path: Path = DATA / "air-gap.yaml") -> tuple[Need, ...]:
    """Return everything that a deployment may want from outside; raises RuleFileError."""
    return tuple(
        Need(
            id=raw["id"],
            what=raw["what"],
            carried_in=Carried(raw["carried_in"]),
            how=raw["how"],
            blocks=raw.get("blocks", True),
            kinds=tuple(raw.get("kinds", ())),
            engines=tuple(raw.get("engines", ())),
            vendors=tuple(raw.get("vendors", ())),
        )
        for raw in read_yaml_file(path)["needs"]
    )


def air_gap(kind: str | None, engine: str = "", vendor: str = "") -> AirGapFinding:
    """Return whether a deployment can run cut off, and what it wants from outside.

    `kind` is owned, colo, cloud or api, None where unknown. An empty `engine` or `vendor` stands for any: then every
    need that one of them may have is listed.
    """
    if kind is None:
        return AirGapFinding(Verdict.UNKNOWN, ())
    needs = tuple(
        each
        for each in load_needs()
        if (not each.kinds or kind in each.kinds)
        and (not each.engines or not engine or engine in each.engines)
        and (not each.vendors or not vendor or vendor.lower() in each.vendors)
    )
    blocked = any(each.blocks and each.carried_in is Carried.NO for each in needs)
    return AirGapFinding(Verdict.NO if blocked else Verdict.YES, needs)
