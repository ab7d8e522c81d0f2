"""Can this team run it? Each option held against the team: what is missing, what closing the gap costs, by when.

The command line and the API ask it; both show what `staffing` finds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from millwright.errors import InputError
from millwright.money import parse_money
from millwright.people.advice import Advice, Staffed, advise, people_until_in_house
from millwright.people.coverage import Front, coverage_plan, front
from millwright.people.demand import Demand, skill_demand
from millwright.people.plan import PeoplePlan
from millwright.people.publish import demand_json, plan_json, skills_json
from millwright.people.survey import Sketch, typical_options
from millwright.people.team import Team, assumed_team
from millwright.people.team_file import stated_team
from millwright.people.traits import OptionTraits
from millwright.people.ways import Market, load_ways, market
from millwright.plan.crew import traits_of_option
from millwright.plan.model import Plan
from millwright.quantity import QuantityError
from millwright.scenario.load import LoadedScenario

SMALL_TEAM = 2
"""Teams of so many are told how many more people would do without help from outside."""

USUAL_GO_LIVE_MONTH = 6
"""Month of going live where neither a month nor a budget is given."""


@dataclass(frozen=True)
class AskedStaffing:
    """What is asked about people.

    With `go_live_month` the cheapest plan for that month, with a `budget` alone (`200 kEUR`) the earliest within it.
    `options` are the ids looked at, all if none; `hosts` those of a typical option, where there is no plan; `without`
    members left out; `allow` simplifications that may be made.
    """

    options: Sequence[str] = ()
    go_live_month: int | None = None
    budget: str = ""
    hosts: int = 2
    without: Sequence[str] = ()
    allow: Sequence[str] = ()
    hiring: bool = True
    outside: bool = True
    fronts: bool = False


@dataclass(frozen=True)
class StaffedOption:
    """One option with what it asks and the plan found."""

    id: str
    title: str
    assumed: tuple[str, ...]
    demand: Demand
    plan: PeoplePlan


@dataclass(frozen=True)
class Staffing:
    """What was found: the team, what people cost, every option, the advice.

    `fronts` is the least cost by month of going live, `further` how many more people would do without help from
    outside; both by option, where asked for or fitting.
    """

    team: Team
    market: Market
    options: tuple[StaffedOption, ...]
    advice: Advice
    fronts: Mapping[str, Front]
    further: Mapping[str, int | None]


def staffing(
    loaded: LoadedScenario, asked: AskedStaffing, *, team: Team | None = None, plan: Plan | None = None
) -> Staffing:
    """Hold the options of a plan, or typical ones, against a team: the one given, the scenario's, an assumed one.

    Raises InputError.
    """
    known = team or stated_team(loaded) or assumed_team(loaded.scenario.team.engineers)
    people = _without(known, asked.without)
    prices = _market(loaded, asked.hiring, asked.outside)
    most = _amount(asked.budget, loaded) if asked.budget else None
    month = USUAL_GO_LIVE_MONTH if asked.go_live_month is None and most is None else asked.go_live_month
    service = round(loaded.scenario.finance.horizon_years * 12)
    options = _options(loaded, plan, asked.hosts, asked.options)
    allowed = _simplifications(asked.allow)
    demands = {traits: skill_demand(traits) for _, _, traits, _ in options}
    plans = {
        traits: coverage_plan(
            demand, people, prices, go_live_month=month, budget=most, service_months=service, allowed=allowed
        )
        for traits, demand in demands.items()
    }
    found = tuple(
        StaffedOption(option_id, title, assumed, demands[traits], plans[traits])
        for option_id, title, traits, assumed in options
    )
    further: dict[str, int | None] = {}
    if plan is None and len(people.members) <= SMALL_TEAM:
        further = {
            each.id: people_until_in_house(each.demand, people, prices, each.plan.go_live_month) for each in found
        }
    lines: dict[str, Front] = {}
    if asked.fronts:
        lines = {each.id: front(each.demand, people, prices, service_months=service, allowed=allowed) for each in found}
    advice = advise([Staffed(each.id, each.title, each.plan) for each in found])
    return Staffing(people, prices, found, advice, lines, further)


def staffing_json(found: Staffing) -> dict[str, Any]:
    """Return what was found as plain JSON."""
    team, prices, advice, fronts = found.team, found.market, found.advice, found.fronts
    return {
        "team": {
            "assumed": team.assumed,
            "members": [
                {"id": each.id, "role": each.role, "hours_per_month": each.hours_per_month} for each in team.members
            ],
        },
        "year_cost_per_engineer": prices.year_cost,
        "year_cost_source": prices.source,
        "currency": prices.currency,
        "options": [
            {
                "id": each.id,
                "title": each.title,
                "assumed": list(each.assumed),
                "demand": demand_json(each.demand),
                "plan": plan_json(each.plan),
                "front": [
                    {"go_live_month": point.go_live_month, "total_cost": round(point.total_cost, 2)}
                    for point in fronts[each.id].points
                ]
                if each.id in fronts
                else None,
                "further_people_until_in_house": found.further.get(each.id),
            }
            for each in found.options
        ],
        **skills_json(need.skill for each in found.options for need in each.demand.needs),
        "advice": {
            "option_id": advice.best.id if advice.best is not None else None,
            "sentence": advice.sentence,
            "actions": [action.what for action in advice.actions],
            "turns": [
                {"option_id": turn.option_id, "saving_per_month": turn.saving_per_month, "sentence": turn.sentence}
                for turn in advice.turns
            ],
        },
    }


def _without(team: Team, members: Sequence[str]) -> Team:
    for member in members:
        try:
            team = team.without(member)
        except KeyError as error:
            raise InputError(str(error.args[0]), "--without") from None
    return team


def _market(loaded: LoadedScenario, hiring: bool, outside: bool) -> Market:
    organisation = loaded.scenario.organisation
    per_usd = 1.0 / loaded.catalog.usd_per(organisation.currency)
    stated = loaded.scenario.finance.staff.fte_cost
    year_cost = None if stated is None else stated.amount * loaded.catalog.usd_per(stated.currency) * per_usd
    wages = loaded.catalog.country(organisation.country).wage_factor or 1.0
    return market(year_cost, organisation.currency, per_usd, wages, hiring=hiring, outside=outside)


def _amount(text: str, loaded: LoadedScenario) -> float:
    try:
        money = parse_money(text)
    except QuantityError as error:
        raise InputError(str(error), "--budget", "Write an amount such as 200 kEUR.") from None
    usd_per_unit = float(loaded.catalog.usd_per(loaded.scenario.organisation.currency))
    return money.amount * float(loaded.catalog.usd_per(money.currency)) / usd_per_unit


def _simplifications(names: Sequence[str]) -> tuple[str, ...]:
    known = {each.id for each in load_ways().simplifications}
    for name in names:
        if name not in known:
            raise InputError(f"there is no simplification '{name}'", "--allow", f"It is {', '.join(sorted(known))}.")
    return tuple(names)


def _options(
    loaded: LoadedScenario, plan: Plan | None, hosts: int, wanted: Sequence[str]
) -> list[tuple[str, str, OptionTraits, tuple[str, ...]]]:
    if plan is None:
        found = [
            (each.id, each.title, each.traits, each.assumed)
            for each in typical_options(loaded.scenario, Sketch(hosts=hosts))
        ]
    else:
        found = [(each.id, each.title, traits_of_option(each, loaded), ()) for each in plan.options]
    known = [each[0] for each in found]
    for name in wanted:
        if name not in known:
            raise InputError(f"there is no option '{name}'", "--option", f"There are {', '.join(known)}.")
    return [each for each in found if not wanted or each[0] in wanted]
