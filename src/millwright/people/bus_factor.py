"""Bus factor: how many people may leave before a critical skill is gone, and what fails when one of them does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from millwright.people.demand import Demand, Need, Rota
from millwright.people.team import Team


@dataclass(frozen=True)
class Supplier:
    """Somebody who can do something: a member, somebody hired, or a contract that stands for `people`."""

    id: str
    levels: Mapping[str, int]
    people: int = 1
    inside: bool = True
    rota_seats: Mapping[str, int] | None = None
    """Seats filled by rota id; None: one seat where the levels suffice."""

    def can(self, skill: str, level: int) -> bool:
        """Return whether they have the level."""
        return self.levels.get(skill, 0) >= level

    def seats(self, rota: Rota) -> int:
        """Return the seats on `rota` they can fill."""
        if self.rota_seats is not None:
            return self.rota_seats.get(rota.id, 0)
        return int(all(self.can(skill, level) for skill, level in rota.skills))


@dataclass(frozen=True)
class Loss:
    """What happens when one supplier is gone: skills that nobody has any more, too few have, and rotas too short."""

    who: str
    gone: tuple[str, ...]
    thin: tuple[str, ...]
    rotas: tuple[str, ...]


@dataclass(frozen=True)
class BusFactor:
    """`value` people may leave at worst until a critical skill is gone; 0: one is missing already.

    `weakest` names the critical skills that fewest people have. Where none is critical, every skill asked for
    counts.
    """

    value: int
    weakest: tuple[str, ...]
    losses: tuple[Loss, ...]


def suppliers_of(team: Team) -> tuple[Supplier, ...]:
    """Return the members of `team` as suppliers, each with the levels that count."""
    return tuple(
        Supplier(member.id, {skill: member.level(skill) for skill in member.skills}) for member in team.members
    )


def people_at(suppliers: Sequence[Supplier], need: Need) -> int:
    """Return how many people have what `need` asks."""
    return sum(
        each.people for each in suppliers if each.can(need.skill, need.level) and (each.inside or not need.inside)
    )


def bus_factor(
    demand: Demand, suppliers: Sequence[Supplier], needs: Sequence[Need] | None = None, rotas: Sequence[Rota] = ()
) -> BusFactor:
    """Return the bus factor of `suppliers` for `needs` (those standing in `demand`, if not given)."""
    asked = demand.standing_needs() if needs is None else needs
    turns = rotas or tuple(each for each in demand.rotas if not each.added_by)
    people = {need: people_at(suppliers, need) for need in asked}
    critical = {need: number for need, number in people.items() if need.critical} or people
    least = min(critical.values(), default=0)
    weakest = dict.fromkeys(need.skill for need, number in critical.items() if number == least)
    seats = {rota: sum(each.seats(rota) for each in suppliers) for rota in turns}
    losses = tuple(_loss(each, people, seats) for each in suppliers)
    return BusFactor(least, tuple(weakest), losses)


def _loss(leaver: Supplier, people: Mapping[Need, int], seats: Mapping[Rota, int]) -> Loss:
    """Return what is missing without `leaver`, given who meets each need and the seats filled of each rota."""
    gone: dict[str, None] = {}
    thin: dict[str, None] = {}
    for need, before in people.items():
        lost = people_at((leaver,), need)
        after = before - lost
        if lost and after < need.people:
            (thin if after else gone)[need.skill] = None
    short = []
    for rota, filled in seats.items():
        lost = leaver.seats(rota)
        if lost and filled - lost < rota.people:
            short.append(rota.id)
    return Loss(leaver.id, tuple(gone), tuple(skill for skill in thin if skill not in gone), tuple(short))
