"""Ways to close a gap besides training: roles to hire, contracts and managed services, simplifications; and prices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from millwright.errors import InputError
from millwright.people.figures import figures
from millwright.people.skill import HIGHEST_LEVEL, load_skills, read_data
from millwright.people.traits import Condition, OptionTraits, read_condition


@dataclass(frozen=True)
class Role:
    """Somebody to hire: the levels they bring, their pay over the reference salary, and how long it takes."""

    id: str
    title: str
    pay: float
    lead_months: int
    onboarding_months: int
    skills: Mapping[str, int]
    pay_source: str = ""

    @property
    def ready_month(self) -> int:
        """The first month in which somebody hired now is productive."""
        return self.lead_months + self.onboarding_months


@dataclass(frozen=True)
class External:
    """A contract or managed service. `people`, and seats on a rota by day or around the clock, are per unit of it.

    Costs are in hours of an own engineer: `setup_hours` once, `retainer_hours` (and so many per host) every month, and
    each hour of work at `rate` times an own hour, `most_hours` a month per unit. `sets` are traits that it changes.
    """

    id: str
    kind: str
    title: str
    when: Condition
    skills: Mapping[str, int]
    people: int
    lead_months: int
    rate: float
    most_hours: float
    most_units: int = 1
    setup_hours: float = 0.0
    retainer_hours: float = 0.0
    retainer_hours_per_host: float = 0.0
    rota_seats: int = 0
    day_seats: int = 0
    sets: Mapping[str, Any] = field(default_factory=dict)

    def retainer(self, hosts: int) -> float:
        """Return what one unit costs a month besides its work [hours of an own engineer, before `rate`]."""
        return self.retainer_hours + self.retainer_hours_per_host * hosts


@dataclass(frozen=True)
class Simplification:
    """A simpler choice that asks less of people, and what is lost by it.

    `effect` none: nobody outside notices; performance: the plan must be made anew; promise: less than was asked for.
    """

    id: str
    title: str
    when: Condition
    sets: Mapping[str, Any]
    effect: str
    hours_per_month: float
    loss: str


@dataclass(frozen=True)
class Ways:
    """All shipped ways."""

    roles: tuple[Role, ...]
    externals: tuple[External, ...]
    simplifications: tuple[Simplification, ...]


@dataclass(frozen=True)
class Market:
    """What people cost here. `year_cost` is a full-time engineer's, overhead included [currency].

    `practice_per_h` is the cost of an hour's practice by kind, mentoring included [currency]. `hiring` off: nobody is
    hired; `most_hires` per role. `outside` off: no contract and no managed service.
    """

    currency: str
    year_cost: float
    practice_per_h: Mapping[str, float]
    roles: tuple[Role, ...]
    hiring: bool = True
    outside: bool = True
    most_hires: int = 5
    source: str = ""

    @property
    def hour_cost(self) -> float:
        """Cost of one hour of an own engineer [currency]."""
        return self.year_cost / (12.0 * figures()["hours_per_fte_month"])


def market(
    year_cost: float | None = None,
    currency: str = "USD",
    per_usd: float = 1.0,
    wage_factor: float = 1.0,
    *,
    hiring: bool = True,
    outside: bool = True,
) -> Market:
    """Return the market of a country.

    `year_cost` is what one full-time engineer costs a year [currency], overhead included; not given: the reference
    salary of the United States times the employer's share and the country's `wage_factor` [-]. `per_usd` is the
    currency's amount for one US dollar.
    """
    known = figures()
    source = "as the scenario says"
    if year_cost is None:
        year_cost = known["reference_salary"] * known["employer_cost_factor"] * wage_factor * per_usd
        source = (
            f"US pay (BLS) {known['reference_salary']:,.0f} USD × employer's cost {known['employer_cost_factor']:.2f}"
            f" × wage factor {wage_factor:.2f}"
        )
    hour_cost = year_cost / (12.0 * known["hours_per_fte_month"])
    mentoring = known["mentor_share"] * known["mentor_rate_factor"] * hour_cost
    practice = {
        kind: known[f"practice_cost_{kind.replace('-', '_')}"] * per_usd + mentoring
        for kind in ("desk", "simulator", "local-server", "machine")
    }
    return Market(currency, year_cost, MappingProxyType(practice), load_ways().roles, hiring, outside, source=source)


@lru_cache(maxsize=1)
def load_ways() -> Ways:
    """Return the shipped ways; raises InputError for a skill, level or trait that there is not."""
    raw = read_data("ways.json")
    return Ways(
        tuple(_role(each) for each in raw["roles"]),
        tuple(_external(each) for each in raw["externals"]),
        tuple(_simplification(each) for each in raw["simplifications"]),
    )


def _role(entry: Mapping[str, Any]) -> Role:
    return Role(**{**entry, "skills": _levels(entry)})


def _external(entry: Mapping[str, Any]) -> External:
    changed = {"skills": _levels(entry), "when": read_condition(entry["when"], entry["id"])}
    external = External(**{**entry, **changed})
    if external.sets and external.most_units != 1:
        raise InputError("a service that changes traits comes in one unit", entry["id"])
    return external


def _simplification(entry: Mapping[str, Any]) -> Simplification:
    OptionTraits(frozenset()).changed(entry["sets"])
    return Simplification(**{**entry, "when": read_condition(entry["when"], entry["id"])})


def _levels(entry: Mapping[str, Any]) -> Mapping[str, int]:
    for skill, level in entry["skills"].items():
        if skill not in load_skills() or not 1 <= level <= HIGHEST_LEVEL:
            raise InputError(f"there is no level {level} of a skill '{skill}'", f"ways.json: {entry['id']}")
    return MappingProxyType(dict(entry["skills"]))
