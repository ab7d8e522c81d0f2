"""Supply: who is there, how many hours they have for it, and what they can do, with the evidence for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from millwright.people.figures import figures
from millwright.people.skill import read_data


class Evidence(StrEnum):
    """What a level rests on, weakest first."""

    CLAIMED = "claimed"
    DOCUMENTED = "documented"
    ASSESSED = "assessed"


@dataclass(frozen=True)
class Held:
    """A level somebody has (0–5), and what shows it."""

    level: int
    evidence: Evidence = Evidence.CLAIMED


NOTHING = Held(0)


@dataclass(frozen=True)
class Member:
    """Somebody of the team; `id` need not be a name. `hours_per_month` is what they have for this."""

    id: str
    role: str = ""
    hours_per_month: float = 60.0
    skills: Mapping[str, Held] = field(default_factory=dict)

    def held(self, skill: str) -> Held:
        """Return what they have of `skill`."""
        return self.skills.get(skill, NOTHING)

    def level(self, skill: str) -> int:
        """Return the level that counts: a high level that is only claimed counts one lower until it is shown."""
        held = self.held(skill)
        doubted = held.evidence is Evidence.CLAIMED and held.level >= figures()["claimed_counts_less_from_level"]
        return held.level - 1 if doubted else held.level


@dataclass(frozen=True)
class Team:
    """The people who would run it."""

    members: tuple[Member, ...] = ()
    assumed: bool = False

    def without(self, member_id: str) -> Team:
        """Return the team after somebody left; raises KeyError when there is no such member."""
        if all(member.id != member_id for member in self.members):
            raise KeyError(f"no member '{member_id}'; there are {', '.join(each.id for each in self.members)}")
        return Team(tuple(member for member in self.members if member.id != member_id), self.assumed)


def assumed_team(engineers: float) -> Team:
    """Return the team that stands for `engineers` of whom nothing else is known: generalists, part of their time."""
    whole = int(engineers)
    shares = [1.0] * whole + ([engineers - whole] if engineers > whole else [])
    hours = figures()["default_hours_per_member_month"]
    skills = {
        skill: Held(int(level), Evidence.DOCUMENTED) for skill, level in read_data("generalist.json")["skills"].items()
    }
    members = (
        Member(f"engineer {number}", "IT engineer", hours * share, skills) for number, share in enumerate(shares, 1)
    )
    return Team(tuple(members), assumed=True)
