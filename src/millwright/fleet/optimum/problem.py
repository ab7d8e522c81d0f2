"""The mixed fleet as a question: classes of requests over stages and periods, what could serve them, and the limits.

The horizon has stages (years, as a rule), each with the same typical week in a few periods. In each stage and period
every class of requests is shared out among supplies. Machines are held for a tenure of whole stages (bought, reserved)
or switched period by period (on demand, spot); tokens are bought by the request. Everything is linear in these choices,
and machines come in whole numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

LATENCY = "latency"
"""Label of the limits on latency: without them a machine serves what it can at saturation."""

SPARES = "spares"
"""Label of the machines that stand by: without them none does."""


class Measure(StrEnum):
    """What a fleet may have least of."""

    COST = "cost"
    CARBON = "carbon"
    ENERGY = "energy"


@dataclass(frozen=True)
class Amounts:
    """What something takes: present cost [currency], carbon [kgCO2e], electricity at the meter [kWh]."""

    cost: float = 0.0
    carbon_kg: float = 0.0
    energy_kwh: float = 0.0

    def of(self, measure: Measure) -> float:
        """Return one of the three."""
        return {Measure.COST: self.cost, Measure.CARBON: self.carbon_kg, Measure.ENERGY: self.energy_kwh}[measure]

    def times(self, factor: float) -> Amounts:
        """Return `factor` times as much of everything."""
        return Amounts(self.cost * factor, self.carbon_kg * factor, self.energy_kwh * factor)

    def plus(self, other: Amounts) -> Amounts:
        """Return the sum."""
        return Amounts(self.cost + other.cost, self.carbon_kg + other.carbon_kg, self.energy_kwh + other.energy_kwh)


@dataclass(frozen=True)
class Period:
    """Some hours of the typical week: a name and their share of all hours [-]."""

    name: str
    share: float


@dataclass(frozen=True)
class RequestClass:
    """Requests that a router can tell from others: one workload's, or those of some lengths of it.

    `peak_per_s` and `mean_per_s` have shape (stages, periods) [1/s]: the busiest hour's rate, which machines must
    carry, and the mean, which is paid for.
    """

    name: str
    workload: str
    peak_per_s: NDArray[np.float64]
    mean_per_s: NDArray[np.float64]
    tokens_per_request: float = 1.0


@dataclass(frozen=True)
class Tenure:
    """Machines held from stage `first` to stage `last`, both included, whatever the load.

    `each` is what one takes over the tenure, idle power included, less what it fetches at the end. `price` counts
    against the budget of its site. `most` machines can be had (None: any number): those that are there already.
    """

    first: int
    last: int
    each: Amounts
    price: float = 0.0
    most: int | None = None
    existing: bool = False

    def holds(self, stage: int) -> bool:
        """Return whether machines of this tenure are there in `stage`."""
        return self.first <= stage <= self.last


@dataclass(frozen=True)
class Lane:
    """A part of every machine of a kind that serves these `classes` alone: devices, a slice, its turn at their peak.

    `weight` is the share of the machine's device time that it takes when it is full [-].
    """

    name: str
    classes: frozenset[str]
    weight: float = 1.0


@dataclass(frozen=True)
class Machines:
    """Machines of one kind at one site with one deployment on them.

    `goodput_per_s` is what one machine serves of each class alone within the SLO [1/s], `capacity_per_s` at saturation;
    classes that are missing cannot run on it. On one machine, classes share time in proportion; with `lanes` those of
    one lane do, and each lane is there whatever the others have to do. `tenures` are the ways to hold them; or else
    `switched` [stages] is what one takes that is on through a whole stage. `loaded` [stages] is what a fully loaded
    machine takes beyond an idle one. `barred` names the limits that forbid it altogether. Spot machines lose
    `away_share` of their number at any time [-]. `physical` is the same for supplies that share the machines that are
    there already.
    """

    id: str
    title: str
    site: str
    vendor: str
    goodput_per_s: Mapping[str, float]
    capacity_per_s: Mapping[str, float]
    loaded: tuple[Amounts, ...]
    tenures: tuple[Tenure, ...] = ()
    switched: tuple[Amounts, ...] = ()
    power_w: float = 0.0
    rack_units: float = 0.0
    away_share: float = 0.0
    barred: frozenset[str] = frozenset()
    footprint_known: bool = True
    physical: str = ""
    lanes: tuple[Lane, ...] = ()

    def lane_of(self, class_name: str) -> Lane:
        """Return the part of a machine that serves a class: all of it where there are no lanes."""
        return next((lane for lane in self.lanes if class_name in lane.classes), _WHOLE)

    @property
    def kind_of_machine(self) -> str:
        """What tells physical machines apart."""
        return self.physical or self.id


_WHOLE = Lane("", frozenset())


@dataclass(frozen=True)
class Tokens:
    """Tokens bought from an API: `all_of` is the present cost of all requests of a class in each stage (stages,)."""

    id: str
    title: str
    site: str
    vendor: str
    all_of: Mapping[str, tuple[float, ...]]
    barred: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Charge:
    """What is due once any of these supplies (ids) serves at any time, however much: people to mind machines."""

    what: str
    amounts: Amounts
    supplies: frozenset[str]


class Scarce(StrEnum):
    """What a site has only so much of."""

    POWER = "power"
    SPACE = "space"
    BUDGET = "budget"


@dataclass(frozen=True)
class SiteLimit:
    """At most so much power [W], space [rack units] or money for machines [currency] at one site."""

    label: str
    site: str
    scarce: Scarce
    most: float


@dataclass(frozen=True)
class TotalLimit:
    """At most so much of a measure in all: the limit on cost, or one point of a front."""

    label: str
    measure: Measure
    most: float


@dataclass(frozen=True)
class VendorLimit:
    """No vendor serves more than this share of all tokens of a stage [-]."""

    label: str
    most_share: float


Limit: TypeAlias = SiteLimit | TotalLimit | VendorLimit


@dataclass(frozen=True)
class MixProblem:
    """The whole question. `spares` machines of any one kind may fail at each site. `waived` labels do not count.

    `existing_first`: nothing is bought or rented while machines that are there already stand unused.
    """

    stages: int
    periods: tuple[Period, ...]
    classes: tuple[RequestClass, ...]
    machines: tuple[Machines, ...]
    tokens: tuple[Tokens, ...]
    limits: tuple[Limit, ...] = ()
    charges: tuple[Charge, ...] = ()
    spares: int = 0
    existing_first: bool = True
    measure: Measure = Measure.COST
    waived: frozenset[str] = field(default_factory=frozenset)

    def without(self, *labels: str) -> MixProblem:
        """Return the same question with the limits of these labels waived."""
        return replace(self, waived=self.waived | set(labels))

    def least(self, measure: Measure) -> MixProblem:
        """Return the same question for the least of another measure."""
        return replace(self, measure=measure)

    @property
    def labels(self) -> tuple[str, ...]:
        """Every limit that could be waived, in a fixed order."""
        barred = [*(each.barred for each in self.machines), *(each.barred for each in self.tokens)]
        named = [label for labels in barred for label in sorted(labels)]
        named += [limit.label for limit in self.limits]
        if self.spares:
            named.append(SPARES)
        if any(each.goodput_per_s != each.capacity_per_s for each in self.machines):
            named.append(LATENCY)
        return tuple(label for label in dict.fromkeys(named) if label not in self.waived)

    @property
    def spares_kept(self) -> int:
        """How many machines of a kind may fail; 0 where spares are waived."""
        return 0 if SPARES in self.waived else self.spares

    def rates(self, machines: Machines) -> Mapping[str, float]:
        """Return what one of `machines` serves of each class [1/s]: within the SLO, or at saturation without it."""
        known = machines.capacity_per_s if LATENCY in self.waived else machines.goodput_per_s
        return {name: rate for name, rate in known.items() if rate > 0.0}

    def usable_machines(self) -> list[int]:
        """Return the places of the machines that nothing bars, of which the measure is known."""
        return [
            index
            for index, each in enumerate(self.machines)
            if not each.barred - self.waived
            and self.rates(each)
            and (each.footprint_known or self._measures == {Measure.COST})
        ]

    def usable_tokens(self) -> list[int]:
        """Return the places of the APIs that nothing bars; what an API draws is not known, so only cost counts them."""
        if self._measures != {Measure.COST}:
            return []
        return [index for index, each in enumerate(self.tokens) if not each.barred - self.waived]

    @property
    def _measures(self) -> set[Measure]:
        return {self.measure, *(limit.measure for limit in self.kept_limits() if isinstance(limit, TotalLimit))}

    def kept_limits(self) -> tuple[Limit, ...]:
        """Return the limits that are not waived."""
        return tuple(limit for limit in self.limits if limit.label not in self.waived)

    def share_of_requests(self, request_class: RequestClass) -> NDArray[np.float64]:
        """Return the share of a class's requests in each stage that come in each period (stages, periods)."""
        weighted = request_class.mean_per_s * np.array([period.share for period in self.periods])
        total = weighted.sum(axis=1, keepdims=True)
        shares: NDArray[np.float64] = np.divide(weighted, total, out=np.zeros_like(weighted), where=total > 0.0)
        return shares
