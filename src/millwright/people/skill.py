"""Skills: what running LLM inference asks of people, each with five levels said as what a person can do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from millwright.errors import InputError

HIGHEST_LEVEL = 5


class Practice(StrEnum):
    """Where a skill is practised."""

    DESK = "desk"
    SIMULATOR = "simulator"
    LOCAL_SERVER = "local-server"
    MACHINE = "machine"


class Match(StrEnum):
    """How near a published skill is to one of ours: the same, or overlapping with it or broader."""

    EXACT = "exact"
    CLOSE = "close"


@dataclass(frozen=True)
class EscoSkill:
    """A skill or knowledge of the ESCO classification, with the label it was published under."""

    uri: str
    label: str
    match: Match


@dataclass(frozen=True)
class Skill:
    """One skill. `levels[k]` says what a person at level k + 1 can do; `hours[k]` of practice lead there from level k.

    `after` lists skills (id, level) to be had first, for level 2 and up; `onet` are O*NET-SOC occupations in which it
    is at home; `esco` names what ESCO has for it, read in its list, and is empty where nothing there fits.
    """

    id: str
    area: str
    title: str
    levels: tuple[str, ...]
    hours: tuple[float, ...]
    practice: Practice
    after: tuple[tuple[str, int], ...] = ()
    onet: tuple[str, ...] = ()
    esco: tuple[EscoSkill, ...] = ()

    def can_do(self, level: int) -> str:
        """Return what a person at `level` can do; level 0 is nothing."""
        return self.levels[level - 1] if level > 0 else "nothing yet"

    def lab(self, level: int) -> str:
        """Return the identifier of the exercise that proves `level`."""
        return f"lab/{self.area}/{self.id}/{level}"


@dataclass(frozen=True)
class SkillBook:
    """All skills by id, the titles of their areas, and the published taxonomies they are mapped to."""

    skills: Mapping[str, Skill]
    areas: Mapping[str, str]
    taxonomies: Mapping[str, Mapping[str, str]]

    def __getitem__(self, skill_id: str) -> Skill:
        return self.skills[skill_id]

    def __contains__(self, skill_id: object) -> bool:
        return skill_id in self.skills


def read_data(name: str) -> dict[str, Any]:
    """Return the shipped data file `name` of this package."""
    text = (files("millwright.people") / "data" / name).read_text(encoding="utf-8")
    return dict(json.loads(text))


@lru_cache(maxsize=1)
def load_skills() -> SkillBook:
    """Return the shipped skills; raises InputError where the file contradicts itself."""
    raw = read_data("skills.json")
    areas = {area["id"]: area["title"] for area in raw["areas"]}
    prefix = raw["taxonomies"]["esco"]["uri"]
    skills = {entry["id"]: _skill(entry, areas, prefix) for entry in raw["skills"]}
    for skill in skills.values():
        for before, level in skill.after:
            if before not in skills or not 1 <= level <= HIGHEST_LEVEL:
                raise InputError(f"comes after '{before}' at level {level}, which there is not", skill.id)
    return SkillBook(MappingProxyType(skills), MappingProxyType(areas), MappingProxyType(raw["taxonomies"]))


def _skill(entry: Mapping[str, Any], areas: Mapping[str, str], esco_prefix: str) -> Skill:
    skill = Skill(
        id=entry["id"],
        area=entry["area"],
        title=entry["title"],
        levels=tuple(entry["levels"]),
        hours=tuple(float(each) for each in entry["hours"]),
        practice=Practice(entry["practice"]),
        after=tuple((before, int(level)) for before, level in entry.get("after", ())),
        onet=tuple(entry.get("onet", ())),
        esco=tuple(
            EscoSkill(esco_prefix + each["id"], each["label"], Match(each["match"])) for each in entry.get("esco", ())
        ),
    )
    if skill.area not in areas or len(skill.levels) != HIGHEST_LEVEL or len(skill.hours) != HIGHEST_LEVEL:
        raise InputError("needs a known area, five levels and five numbers of hours", f"skills.json: {skill.id}")
    return skill
