"""What every stage of making one plan works with: the scenario and its prices, how deep to go, and who is told."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from millwright.catalog.catalog import ShippedCatalog
from millwright.fleet.search import Progress
from millwright.law.rule import RuleBase
from millwright.perf.calibration import Calibration
from millwright.plan.costing import Currency, Inputs
from millwright.plan.crew import Crew, crew_of
from millwright.plan.demand import WorkloadDemand
from millwright.plan.model import RefusedOption, Timing
from millwright.plan.money import DRAWS
from millwright.plan.ranked import DETAILED_OPTIONS
from millwright.plan.ready import assessment_of
from millwright.plan.sovereign import Sovereigns
from millwright.plan.terms import Pricing
from millwright.plan.uncertain import central_inputs
from millwright.readiness.assessment import Assessment
from millwright.scenario.load import LoadedScenario
from millwright.scenario.model import Scenario

BAND_DRAWS = 256
"""Draws for the bands of the cash flow, where percentiles to a few per cent suffice."""


@dataclass(frozen=True)
class Depth:
    """How much is worked out of each option: everything for a plan, the quick part for a question in between.

    `detailed` leading options, and each kind's best, get cash flow, demand curve and, with `curves`, latency against
    load; the first `break_evens` of them are held against the best API and the best cloud. Without `latency` nothing is
    simulated: rates and machines are there, percentiles are not. Without `mix` no mixed fleet is sought; `front` adds
    the fleets between its least cost and its least carbon.
    """

    draws: int = DRAWS
    band_draws: int = BAND_DRAWS
    detailed: int = DETAILED_OPTIONS
    break_evens: int = 1_000_000
    latency: bool = True
    curves: bool = True
    mix: bool = True
    front: bool = False


@dataclass
class Clock:
    """Wall time and processor time of each stage, for the plan's own record."""

    progress: Progress | None = None
    timings: list[Timing] = field(default_factory=list)
    began_s: float = field(default_factory=time.perf_counter)
    began_cpu_s: float = field(default_factory=time.process_time)

    def done(self, stage: str) -> None:
        """Note that `stage` is over."""
        now_s, cpu_s = time.perf_counter(), time.process_time()
        self.timings.append(Timing(stage=stage, wall_s=now_s - self.began_s, cpu_s=cpu_s - self.began_cpu_s))
        self.began_s, self.began_cpu_s = now_s, cpu_s

    def tell(self, what: str, done: int, of: int) -> None:
        """Tell whoever watches how far the work is."""
        if self.progress is not None:
            self.progress(what, done, of)


@dataclass(frozen=True)
class Making:
    """One plan in the making, as of `today`; `refused` grows from stage to stage.

    `central` are the uncertain inputs at their middle, `assessment` the answers about readiness and `crew` the team,
    where the scenario has them.
    """

    loaded: LoadedScenario
    asked: tuple[WorkloadDemand, ...]
    today: dt.date
    seed: int
    rules: RuleBase
    clock: Clock
    depth: Depth
    calibration: Calibration | None
    pricing: Pricing
    central: Inputs
    assessment: Assessment | None
    crew: Crew | None
    sovereigns: Sovereigns
    refused: list[RefusedOption]

    @classmethod
    def of(
        cls,
        loaded: LoadedScenario,
        asked: Sequence[WorkloadDemand],
        refused: Sequence[RefusedOption] = (),
        *,
        today: dt.date,
        seed: int,
        rules: RuleBase,
        clock: Clock,
        depth: Depth,
        calibration: Calibration | None = None,
    ) -> Making:
        """Return what the stages need. Raises ScenarioError for a team, or answers, that cannot be."""
        scenario, catalog = loaded.scenario, loaded.catalog
        currency = scenario.organisation.currency
        pricing = Pricing(scenario, catalog, Currency(currency, 1.0 / catalog.usd_per(currency)))
        return cls(
            loaded=loaded,
            asked=tuple(asked),
            today=today,
            seed=seed,
            rules=rules,
            clock=clock,
            depth=depth,
            calibration=calibration,
            pricing=pricing,
            central=central_inputs(scenario.finance),
            assessment=assessment_of(loaded),
            crew=crew_of(loaded, pricing, horizon_months(scenario)),
            sovereigns=Sovereigns(scenario, catalog, rules, scenario.law.as_of or today),
            refused=list(refused),
        )

    @property
    def scenario(self) -> Scenario:
        """The scenario as it was read."""
        return self.loaded.scenario

    @property
    def catalog(self) -> ShippedCatalog:
        """The catalogue with the scenario's own entries."""
        return self.loaded.catalog

    @property
    def as_of(self) -> dt.date:
        """The day as of which the law is read."""
        return self.sovereigns.as_of


def horizon_months(scenario: Scenario) -> int:
    """Return how far the plan looks ahead [month], at least one."""
    return max(round(scenario.finance.horizon_years * 12), 1)
