"""Demand: which skills, hours and rota an option asks for, by rules that are data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from millwright.errors import InputError
from millwright.people.figures import figures
from millwright.people.skill import HIGHEST_LEVEL, load_skills, read_data
from millwright.people.traits import Condition, OptionTraits, read_condition
from millwright.people.ways import External, Simplification, load_ways


@dataclass(frozen=True)
class Need:
    """So many `people` at `level` of `skill`, because of `rule`. `inside`: of those on the payroll.

    `dropped_by` names simplifications that end the need, `added_by` the simplification or service that brings it.
    """

    skill: str
    level: int
    people: int
    rule: str
    reason: str
    critical: bool = False
    inside: bool = False
    dropped_by: frozenset[str] = frozenset()
    added_by: str = ""

    @property
    def key(self) -> str:
        """The name by which a shortfall of people is known."""
        return f"need:{self.skill}:{self.level}:{self.people}:{self.inside}:{self.rule}:{self.added_by}"


@dataclass(frozen=True)
class Work:
    """Hours a month of a task, to be done by people at `level` of `skill`."""

    task: str
    title: str
    skill: str
    level: int
    hours_per_month: float
    dropped_by: frozenset[str] = frozenset()
    added_by: str = ""


@dataclass(frozen=True)
class Rota:
    """So many `people` take turns on call, each with the `skills` (id, level); standby is outside working hours."""

    id: str
    people: int
    skills: tuple[tuple[str, int], ...]
    standby_hours_per_month: float
    reason: str
    dropped_by: frozenset[str] = frozenset()
    added_by: str = ""

    @property
    def key(self) -> str:
        """The name by which the rota, and a shortfall of seats on it, is known."""
        return f"rota:{self.id}:{self.added_by}"

    def seats_filled_by(self, external: External) -> int:
        """Return the seats that one unit of a contract or service fills."""
        if any(external.skills.get(skill, 0) < level for skill, level in self.skills):
            return 0
        by_day = self.standby_hours_per_month <= 0.0
        return max(external.day_seats, external.rota_seats) if by_day else external.rota_seats


@dataclass(frozen=True)
class Demand:
    """What an option asks of people, and which services and simplifications it leaves open."""

    traits: OptionTraits
    needs: tuple[Need, ...]
    work: tuple[Work, ...]
    rotas: tuple[Rota, ...] = ()
    externals: tuple[External, ...] = ()
    simplifications: tuple[Simplification, ...] = ()

    @property
    def hours_per_month(self) -> float:
        """Hours of work a month, as long as nothing is simplified or handed over."""
        return sum(each.hours_per_month for each in self.work if not each.added_by)

    @property
    def rota_people(self) -> int:
        """People on the rota as asked for."""
        return max((each.people for each in self.rotas if not each.added_by), default=0)

    def standing_needs(self) -> tuple[Need, ...]:
        """Return the needs as the option stands: nothing simplified, nobody brought in."""
        return tuple(need for need in self.needs if not need.added_by)


def skill_demand(traits: OptionTraits) -> Demand:
    """Return what an option with these traits asks of people.

    Every rule, task and rota that holds is in it; so are those that hold only under a simplification or a service
    (`added_by`), and each says which simplifications would end it.
    """
    rules, tasks, rotas = _load_rules()
    ways = load_ways()
    simplifications = tuple(each for each in ways.simplifications if each.when.holds(traits))
    externals = tuple(each for each in ways.externals if each.when.holds(traits))
    ends = {each.id: traits.changed(each.sets) for each in simplifications}
    brings = ends | {each.id: traits.changed(each.sets) for each in externals if each.sets}

    needs: list[Need] = []
    work: list[Work] = []
    turns: list[Rota] = []
    for condition, found in rules:
        needs += [replace(need, **how) for how in _when(condition, traits, ends, brings) for need in found]
    for condition, task, hours in tasks:
        work += [
            replace(task, hours_per_month=hours.of(brings.get(how["added_by"], traits)), **how)
            for how in _when(condition, traits, ends, brings)
        ]
    for condition, rota in rotas:
        turns += [replace(rota, **how) for how in _when(condition, traits, ends, brings)]
    return Demand(traits, _strongest(needs), tuple(work), tuple(turns), externals, simplifications)


def _when(
    condition: Condition,
    traits: OptionTraits,
    ends: Mapping[str, OptionTraits],
    brings: Mapping[str, OptionTraits],
) -> list[dict[str, Any]]:
    """Return how a rule takes part: it holds and some simplifications end it, or it is brought by some change."""
    if condition.holds(traits):
        dropped = frozenset(name for name, changed in ends.items() if not condition.holds(changed))
        return [{"dropped_by": dropped, "added_by": ""}]
    return [
        {"dropped_by": frozenset(), "added_by": name} for name, changed in brings.items() if condition.holds(changed)
    ]


def _strongest(needs: list[Need]) -> tuple[Need, ...]:
    """Return the needs without those that another one, which stands at least as long, includes."""
    return tuple(
        need
        for number, need in enumerate(needs)
        if not any(
            _includes(other, need) and (not _includes(need, other) or before < number)
            for before, other in enumerate(needs)
            if before != number
        )
    )


def _includes(strong: Need, weak: Need) -> bool:
    return (
        strong.skill == weak.skill
        and strong.level >= weak.level
        and strong.people >= weak.people
        and strong.dropped_by <= weak.dropped_by
        and strong.added_by in ("", weak.added_by)
        and strong.critical >= weak.critical
        and strong.inside >= weak.inside
    )


# --- the rules as data -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TaskHours:
    """Hours a month as a sum over what there is of an option."""

    base: float = 0.0
    per_host: float = 0.0
    per_device: float = 0.0
    per_workload: float = 0.0

    def of(self, traits: OptionTraits) -> float:
        """Return the hours a month for `traits`."""
        return (
            self.base
            + self.per_host * traits.hosts
            + self.per_device * traits.devices
            + self.per_workload * traits.workloads
        )


_Rules = list[tuple[Condition, tuple[Need, ...]]]
_Tasks = list[tuple[Condition, Work, TaskHours]]
_Rotas = list[tuple[Condition, Rota]]


@lru_cache(maxsize=1)
def _load_rules() -> tuple[_Rules, _Tasks, _Rotas]:
    raw = read_data("rules.json")
    rules = [(read_condition(each["when"], each["id"]), _needs(each)) for each in raw["rules"]]
    tasks = [(read_condition(each["when"], each["id"]), *_task(each)) for each in read_data("tasks.json")["tasks"]]
    rotas = [(read_condition(each["when"], each["id"]), _rota(each)) for each in raw["rotas"]]
    return rules, tasks, rotas


def _needs(entry: Mapping[str, Any]) -> tuple[Need, ...]:
    return tuple(
        Need(
            *_known(skill, level, entry["id"]),
            people=int(people),
            rule=entry["id"],
            reason=entry["plain"],
            critical="critical" in flags,
            inside="inside" in flags,
        )
        for skill, level, people, *flags in entry["needs"]
    )


def _task(entry: Mapping[str, Any]) -> tuple[Work, TaskHours]:
    skill, level = _known(entry["skill"], entry["level"], entry["id"])
    return Work(entry["id"], entry["title"], skill, level, 0.0), TaskHours(**entry["hours"])


def _rota(entry: Mapping[str, Any]) -> Rota:
    skills = tuple(_known(skill, level, entry["id"]) for skill, level in entry["skills"])
    standby = figures()[entry["standby"]]
    return Rota(entry["id"], int(entry["people"]), skills, standby, entry["plain"])


def _known(skill: str, level: Any, where: str) -> tuple[str, int]:
    if skill not in load_skills() or not 1 <= int(level) <= HIGHEST_LEVEL:
        raise InputError(f"there is no level {level} of a skill '{skill}'", where)
    return skill, int(level)
