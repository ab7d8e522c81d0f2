"""Can the team run it: every option held against the people that the scenario states, at what cost and from when on.

The plan of people is an integer program of its own (`people`). Options that ask the same of people share one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TypeVar

from millwright.catalog.catalog import Catalog
from millwright.errors import InputError
from millwright.fleet.cores import on_every_core
from millwright.integer_program import Effort
from millwright.people.coverage import ANY_PLAN, cheapest_by, coverage_plan
from millwright.people.demand import skill_demand
from millwright.people.plan import PeoplePlan, Uncovered
from millwright.people.skill import load_skills
from millwright.people.survey import KUBERNETES_FROM_HOSTS
from millwright.people.team import Team
from millwright.people.team_file import stated_team
from millwright.people.traits import OptionTraits, stack_of
from millwright.people.ways import Market, load_ways, market
from millwright.plan.costing import CrewTerms, Inputs
from millwright.plan.counted import installed_first_year
from millwright.plan.model import RefusalReason, RefusedOption, Stage
from millwright.plan.option_model import Option
from millwright.plan.priced import PricedOption, refused_option
from millwright.plan.terms import Pricing
from millwright.scenario.load import LoadedScenario
from millwright.scenario.model import Scenario

SOON = Effort(gap=1e-2, nodes=100, time_s=120.0)
"""For a plan of people: the gap is far below what its figures are worth, and most are done in the first node."""

EARLY_MONTHS = (1, 3)
"""Months that are tried where the scenario does not say by when it must be live."""

LITTLE_MORE = 0.10
"""How much dearer a month of service may be for the sake of an earlier start."""

LATEST_MONTH = 24
"""Until this month it is looked up from when on something refused could be run."""

_STEPS = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128, 192, 256, 384, 512, 768, 1024)
"""Numbers of hosts and devices that are told apart; others count as the next one up. Options then share plans."""


@dataclass(frozen=True)
class Machines:
    """What one part of an option is, as far as people are concerned."""

    kind: str
    site: str
    workload: str
    hosts: int = 0
    devices: int = 0
    device: str | None = None
    engine: str = ""
    devices_per_replica: int = 1
    quantised: bool = False


def traits_of(parts: Iterable[Machines], scenario: Scenario, catalog: Catalog) -> OptionTraits:
    """Return what an option of these parts asks about: where, how many, which stack and engine, what promise."""
    parts = tuple(parts)
    machines = [part for part in parts if part.device is not None]
    hosts = sum(part.hosts for part in machines)
    used = {part.site for part in machines}
    devices = [catalog.device(part.device) for part in machines if part.device is not None]
    return OptionTraits(
        kinds=frozenset(part.kind for part in parts),
        hosts=_step(hosts),
        devices=_step(sum(part.devices for part in machines)),
        workloads=len({part.workload for part in parts}),
        stacks=frozenset(stack_of(device.vendor, str(device.kind)) for device in devices),
        engines=frozenset(part.engine for part in machines if part.engine),
        air_gapped=any(site.name in used and getattr(site, "air_gap", False) for site in scenario.sites),
        kubernetes=hosts >= KUBERNETES_FROM_HOSTS,
        multi_gpu=any(part.devices_per_replica > 1 for part in machines),
        multi_node=any(part.hosts and part.devices_per_replica > part.devices / part.hosts for part in machines),
        quantised=any(part.quantised for part in machines),
        on_call=str(scenario.finance.staff.on_call),
        data_classes=frozenset(str(each) for workload in scenario.workloads for each in workload.data.classes),
        sector=str(scenario.organisation.sector),
    )


def traits_of_option(option: Option, loaded: LoadedScenario) -> OptionTraits:
    """Return the traits of an option of a published plan."""
    return traits_of(
        (
            Machines(
                str(part.kind),
                part.site,
                part.workload,
                part.hosts,
                part.devices,
                part.device,
                part.deployment.engine if part.deployment is not None else "",
                part.deployment.tp * part.deployment.pp if part.deployment is not None else 1,
                part.deployment is not None and _fewer_bits(part.deployment.weights_precision),
            )
            for part in option.fleet
        ),
        loaded.scenario,
        loaded.catalog,
    )


def traits_of_priced(option: PricedOption, scenario: Scenario, catalog: Catalog, central: Inputs) -> OptionTraits:
    """Return the traits of an option before it is published, by its machines of the first year."""

    def machines(part_number: int) -> Machines:
        part = option.parts[part_number]
        draft = part.draft
        where = Machines(str(draft.kind), draft.site_name, draft.asked.workload.name)
        if draft.platform is None or draft.answer is None or draft.answer.performance is None:
            return where
        hosts = installed_first_year(part, central)
        deployment = draft.answer.performance.candidate.deployment
        return replace(
            where,
            hosts=hosts * draft.platform.hosts,
            devices=hosts * draft.platform.device_count,
            device=draft.platform.device.id,
            engine=deployment.engine.name,
            devices_per_replica=deployment.tp * deployment.pp,
            quantised=_fewer_bits(str(deployment.weights)),
        )

    return traits_of((machines(number) for number in range(len(option.parts))), scenario, catalog)


def _fewer_bits(weights: str) -> bool:
    return weights not in ("bf16", "fp16", "fp32")


def _step(number: int) -> int:
    index = bisect_left(_STEPS, number)
    return 0 if number <= 0 else number if index == len(_STEPS) else _STEPS[index]


# --- plans of people --------------------------------------------------------------------------------------------


_SOLVED: dict[tuple[object, ...], PeoplePlan | None] = {}
"""Plans already found, by everything they depend on: a what-if question seldom changes what is asked of people.

None: there is none, and what is uncovered was not asked."""

Plan = TypeVar("Plan", PeoplePlan, PeoplePlan | None)

_MOST_KEPT = 2_000


@lru_cache(maxsize=_MOST_KEPT)
def asked_of_people(traits: OptionTraits) -> str:
    """Return what tells options apart for people: many traits ask for the same skills, hours and rotas."""
    return repr(replace(skill_demand(traits), traits=OptionTraits(kinds=frozenset(), hosts=traits.hosts)))


def _keep(key: tuple[object, ...], found: PeoplePlan | None) -> None:
    if len(_SOLVED) >= _MOST_KEPT:
        _SOLVED.clear()
    _SOLVED[key] = found


def _soon_enough(solve: Callable[[Effort], Plan]) -> Plan:
    """Return what `solve` finds with little effort; the first plan found where that takes more."""
    try:
        return solve(SOON)
    except TimeoutError:
        return solve(replace(SOON, gap=ANY_PLAN, nodes=50 * SOON.nodes))


@dataclass(frozen=True)
class Crew:
    """The team that the scenario states, what people cost there, and by when it must be live."""

    team: Team
    market: Market
    go_live_month: int
    service_months: int
    budget: float | None = None
    allowed: tuple[str, ...] = ()
    may_be_earlier: bool = False
    """Whether nobody asked for that very month: an earlier one is taken that costs little more."""

    def plan(self, traits: OptionTraits) -> PeoplePlan:
        """Return the cheapest plan of people by the month asked for; not feasible: with what is uncovered, and why."""
        latest = self._plan_for_month(traits)
        if self.may_be_earlier and latest.feasible:
            most = (1.0 + LITTLE_MORE) * latest.total_cost / latest.service_months
            for month in (each for each in EARLY_MONTHS if each < self.go_live_month):
                early = self.by(month)._plan_if_any(traits)
                if early is None or (self.budget is not None and early.total_cost > self.budget * (1.0 + 1e-9)):
                    continue
                if early.total_cost / early.service_months <= most:
                    return replace(early, budget=self.budget)
        return latest

    def by(self, month: int) -> Crew:
        """Return the same crew asked to be live in that very month, and to run the service until the same end."""
        end = self.go_live_month + self.service_months
        return replace(self, go_live_month=month, service_months=end - month, may_be_earlier=False)

    def _plan_for_month(self, traits: OptionTraits) -> PeoplePlan:
        """Return the cheapest plan for the month asked for; where there is none, what is uncovered."""
        key = self._key(traits)
        known = _SOLVED.get(key)
        if known is None:
            known = _soon_enough(
                lambda effort: coverage_plan(
                    skill_demand(traits),
                    self.team,
                    self.market,
                    go_live_month=self.go_live_month,
                    budget=self.budget,
                    service_months=self.service_months,
                    allowed=self.allowed,
                    effort=effort,
                )
            )
            _keep(key, known)
        return known

    def _plan_if_any(self, traits: OptionTraits) -> PeoplePlan | None:
        """Return the cheapest plan for the month asked for, whatever it costs; None where there is none."""
        key = replace(self, budget=None)._key(traits)
        if key not in _SOLVED:
            found = _soon_enough(
                lambda effort: cheapest_by(
                    skill_demand(traits),
                    self.team,
                    self.market,
                    self.go_live_month,
                    self.service_months,
                    allowed=self.allowed,
                    effort=effort,
                )
            )
            _keep(key, found)
            return found
        known = _SOLVED[key]
        return known if known is not None and known.feasible else None

    def _key(self, traits: OptionTraits) -> tuple[object, ...]:
        asked = asked_of_people(traits)
        return (repr(self.team), self.market.currency, self.market.year_cost, self.market.hiring, self.market.outside,
                self.go_live_month, self.service_months, self.budget, self.allowed, asked)  # fmt: skip

    def earliest(self, traits: OptionTraits, latest_month: int | None = None) -> PeoplePlan | None:
        """Return a plan for the first month from which people could run it, whatever it costs; None: none by then.

        That there is none for a month is soon known, the best for a month takes long: so months are tried from the
        first on, in growing steps, and then between the last with none and the first with one.
        """
        until = self.go_live_month if latest_month is None else latest_month
        found: PeoplePlan | None = None
        too_early, month, stride = -1, until + 1, 1
        while month - too_early > 1:
            middle = (too_early + month) // 2 if found is not None else min(too_early + stride, until)
            plan = self.by(middle)._plan_if_any(traits)
            if plan is not None:
                month, found = middle, plan
            else:
                too_early, stride = middle, stride + 1
        return found


def crew_of(loaded: LoadedScenario, pricing: Pricing, horizon_months: int) -> Crew | None:
    """Return the crew of a scenario, None where it states no team. Raises ScenarioError for a team that cannot be."""
    team = stated_team(loaded)
    if team is None:
        return None
    _check_allowed(loaded)
    stated, organisation = loaded.scenario.team, loaded.scenario.organisation
    fte_cost, source = pricing.fte_cost(organisation.country)
    prices = market(
        fte_cost, pricing.currency.code, pricing.currency.per_usd, hiring=stated.hiring, outside=stated.outside
    )
    go_live = min(round(stated.go_live_months), horizon_months - 1)
    budget = None if stated.budget is None else pricing.money(stated.budget)
    return Crew(
        team,
        replace(prices, source=source),
        go_live,
        horizon_months - go_live,
        budget,
        tuple(sorted(stated.allow)),
        may_be_earlier="go_live_months" not in stated.model_fields_set,
    )


def _check_allowed(loaded: LoadedScenario) -> None:
    known = {each.id for each in load_ways().simplifications}
    for name in loaded.scenario.team.allow:
        if name not in known:
            where = f"{loaded.path}: team.allow"
            raise InputError(f"there is no simplification '{name}'", where, f"It is {', '.join(sorted(known))}.")


def staffed(
    options: Sequence[PricedOption],
    crew: Crew,
    pricing: Pricing,
    central: Inputs,
    refused: list[RefusedOption],
) -> list[PricedOption]:
    """Return the options that the crew can run, with its costs and date; the others are added to `refused`."""
    kept = []
    asked = [traits_of_priced(option, pricing.scenario, pricing.catalog, central) for option in options]
    distinct = {asked_of_people(traits): traits for traits in asked}
    plans = dict(zip(distinct, on_every_core(crew.plan, distinct.values()), strict=True))
    for option, traits in zip(options, asked, strict=True):
        plan = plans[asked_of_people(traits)]
        if plan.feasible:
            kept.append(_with_crew(option, crew, plan, traits))
        else:
            refused.append(refused_option(option, _reasons(plan, crew, traits)))
    return kept


def look_ahead(options: Iterable[PricedOption], crew: Crew) -> None:
    """Work out, on every core, how early people could run each option, so that it is known when it is asked."""
    terms = [option.staff for option in options if isinstance(option.staff, CrewTerms)]
    asked = {(asked_of_people(each.traits), each.plan.go_live_month): each for each in terms}
    on_every_core(lambda each: crew.earliest(each.traits, each.plan.go_live_month), asked.values())


def _with_crew(option: PricedOption, crew: Crew, plan: PeoplePlan, traits: OptionTraits) -> PricedOption:
    costs = {str(cause): months for cause, months in plan.costs.items() if any(months)}
    source = f"plan of people; one engineer costs {crew.market.year_cost:,.0f} {plan.currency} a year"
    terms = CrewTerms(costs, plan.service_fte, crew.market.year_cost, f"{source} ({crew.market.source})", plan, traits)
    parts = tuple(
        replace(part, serving=replace(part.serving, go_live_month=plan.go_live_month)) for part in option.parts
    )
    return replace(option, staff=terms, parts=parts)


def _reasons(plan: PeoplePlan, crew: Crew, traits: OptionTraits) -> list[RefusalReason]:
    if not plan.uncovered:
        return [RefusalReason(stage=Stage.PEOPLE, summary="people cost more than their budget", text=plan.reason)]
    worst = plan.uncovered[0]
    later = crew.earliest(traits, LATEST_MONTH)
    if later is not None:
        mend = (
            f"It could be run from month {later.go_live_month} on (`team: {{go_live: {later.go_live_month} months}}`)"
        )
    else:
        closed = [f"{key}: false" for key in ("hiring", "outside") if not getattr(crew.market, key)]
        allow = f" without {' and '.join(f'`{each}`' for each in closed)}" if closed else ""
        mend = f"Not within {LATEST_MONTH} months either{f'; look again{allow}' if closed else ''}"
    others = len(plan.uncovered) - 1
    more = f" {others} more are uncovered." if others else ""
    return [
        RefusalReason(
            stage=Stage.PEOPLE,
            summary=_summary(worst),
            text=f"in month {plan.go_live_month}: {worst.what}; {worst.why}.{more} {mend}.",
        )
    ]


def _summary(worst: Uncovered) -> str:
    what = load_skills()[worst.skill].title if worst.skill else "the rota"
    critical = "critical: " if worst.critical else ""
    return f"the team cannot cover it in time ({critical}{what})"
