"""Can it run cut off: what a deployment wants from outside, and what of that can be carried in."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from millwright.law.kleene import Verdict
from millwright.law.load import DATA, read_yaml_file
from millwright.perf.engines import engine_id


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
    """Whether a deployment can run cut off, once all of `brought_in` is there, and the list to work through."""

    feasible: Verdict
    needs: tuple[Need, ...]

    @property
    def brought_in(self) -> tuple[Need, ...]:
        """What can be carried in, wholly or on a schedule."""
        return tuple(each for each in self.needs if each.carried_in is not Carried.NO)

    @property
    def left_outside(self) -> tuple[Need, ...]:
        """What cannot be carried in, whether or not it can be done without."""
        return tuple(each for each in self.needs if each.carried_in is Carried.NO)

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


def air_gap(
    kind: str | None,
    engines: Collection[str] = (),
    vendors: Collection[str] = (),
    needs: Iterable[Need] | None = None,
) -> AirGapFinding:
    """Return whether a deployment can run cut off, and what it wants from outside.

    `kind` is owned, colo, cloud or api, None where unknown. `engines` (by any of their names) and `vendors` of devices
    are those it may use; empty stands for any: then every need that one of them may have is listed. `needs` stand in
    place of those of the rule base.
    """
    if kind is None:
        return AirGapFinding(Verdict.UNKNOWN, ())
    used, makers = {engine_id(name) for name in engines}, {name.lower() for name in vendors}
    wanted = tuple(
        each
        for each in (load_needs() if needs is None else needs)
        if (not each.kinds or kind in each.kinds)
        and (not each.engines or not used or not used.isdisjoint(each.engines))
        and (not each.vendors or not makers or not makers.isdisjoint(each.vendors))
    )
    return _found(wanted)


def all_together(findings: Collection[AirGapFinding]) -> AirGapFinding:
    """Return what several parts come to: everything that one of them wants; cut off only where all can be."""
    found = _found(tuple(dict.fromkeys(need for each in findings for need in each.needs)))
    if found.feasible is Verdict.YES and any(each.feasible is Verdict.UNKNOWN for each in findings):
        return AirGapFinding(Verdict.UNKNOWN, found.needs)
    return found


def _found(needs: tuple[Need, ...]) -> AirGapFinding:
    blocked = any(each.blocks and each.carried_in is Carried.NO for each in needs)
    return AirGapFinding(Verdict.NO if blocked else Verdict.YES, needs)
