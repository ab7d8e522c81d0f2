"""`millwright people`: can this team run it; what is missing, what closing the gap costs, and by when."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from millwright.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from millwright.people.advice import Advice
    from millwright.people.coverage import Front
    from millwright.people.demand import Demand
    from millwright.people.plan import PeoplePlan
    from millwright.people.team import Team
    from millwright.people.traits import OptionTraits
    from millwright.people.ways import Market
    from millwright.plan.option_model import Option
    from millwright.scenario.load import LoadedScenario

EXIT_NO = 1
MOST_TURNS_SHOWN = 8
SMALL_TEAM = 2
"""Teams of so many are told how many more people would do without help from outside."""


@dataclass(frozen=True)
class _Asked:
    """One option with what it asks and the plan found."""

    id: str
    title: str
    assumed: tuple[str, ...]
    demand: Demand
    plan: PeoplePlan


def _print_skills(wanted: bool) -> None:
    if not wanted:
        return
    from millwright.people.skill import load_skills

    book = load_skills()
    for area, title in book.areas.items():
        typer.echo(title)
        for skill in book.skills.values():
            if skill.area == area:
                typer.echo(f"  {skill.id}: {skill.title}")
                for level, can_do in enumerate(skill.levels, 1):
                    typer.echo(f"    {level}  {can_do}")
    raise typer.Exit


def people(
    scenario: Annotated[Path, typer.Argument(help="The scenario (YAML).")],
    team: Annotated[Path | None, typer.Option("--team", metavar="FILE", help="The team (YAML or CSV).")] = None,
    plan: Annotated[
        Path | None,
        typer.Option("--plan", metavar="FILE", help="A plan.json: ask of its options, not of typical ones."),
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option("--option", metavar="ID", help="Look at this option only; may repeat.")
    ] = None,
    go_live: Annotated[
        int | None, typer.Option("--go-live", metavar="MONTH", min=0, max=60, help="Live in so many months.")
    ] = None,
    budget: Annotated[
        str, typer.Option("--budget", metavar="AMOUNT", help="Most that people may cost in all, such as 200 kEUR.")
    ] = "",
    hosts: Annotated[int, typer.Option("--hosts", min=1, max=100_000, help="Hosts of a typical option.")] = 2,
    without: Annotated[
        list[str] | None, typer.Option("--without", metavar="MEMBER", help="Leave somebody out; may repeat.")
    ] = None,
    allow: Annotated[
        list[str] | None, typer.Option("--allow", metavar="ID", help="Allow a simplification; may repeat.")
    ] = None,
    hiring: Annotated[bool, typer.Option("--hiring/--no-hiring", help="Whether people may be hired.")] = True,
    outside: Annotated[bool, typer.Option("--outside/--no-outside", help="Whether contracts may be made.")] = True,
    fronts: Annotated[bool, typer.Option("--front", help="Show the least cost of each month of going live.")] = False,
    skills: Annotated[
        bool, typer.Option("--skills", callback=_print_skills, is_eager=True, help="List all skills and leave.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON only.")] = False,
) -> None:
    """Hold each option against the team; exit 0: one can be run, 1: none can.

    With --go-live the cheapest plan for that month, with --budget alone the earliest within it; with neither, the
    cheapest for month 6.
    """
    from millwright.people.advice import Staffed, advise, people_until_in_house
    from millwright.people.coverage import coverage_plan, front
    from millwright.people.demand import skill_demand
    from millwright.scenario.load import load_scenario

    loaded = load_scenario(scenario)
    people_there = _team(loaded, team, without or [])
    prices = _market(loaded, hiring, outside)
    most = _amount(budget, loaded) if budget else None
    month = 6 if go_live is None and most is None else go_live
    service = round(loaded.scenario.finance.horizon_years * 12)
    options = _options(loaded, plan, hosts, option or [])
    allowed = _simplifications(allow or [])

    demands = {traits: skill_demand(traits) for _, _, traits, _ in options}
    plans = {
        traits: coverage_plan(
            demand, people_there, prices, go_live_month=month, budget=most, service_months=service, allowed=allowed
        )
        for traits, demand in demands.items()
    }
    asked = [
        _Asked(option_id, title, assumed, demands[traits], plans[traits])
        for option_id, title, traits, assumed in options
    ]
    advice = advise([Staffed(each.id, each.title, each.plan) for each in asked])
    further: dict[str, int | None] = {}
    if plan is None and len(people_there.members) <= SMALL_TEAM:
        further = {
            each.id: people_until_in_house(each.demand, people_there, prices, each.plan.go_live_month) for each in asked
        }
    lines: dict[str, Front] = {}
    if fronts:
        lines = {
            each.id: front(each.demand, people_there, prices, service_months=service, allowed=allowed) for each in asked
        }
    if as_json:
        document = _as_json(people_there, prices, asked, advice, lines, further)
        typer.echo(json.dumps(document, indent=1, allow_nan=False, ensure_ascii=False))
    else:
        _show(people_there, prices, asked, advice, lines, further)
    raise typer.Exit(0 if advice.best is not None else EXIT_NO)


# --- what is asked ---------------------------------------------------------------------------------------------


def _team(loaded: LoadedScenario, path: Path | None, without: list[str]) -> Team:
    from millwright.people.team import assumed_team
    from millwright.people.team_file import load_team

    team = assumed_team(loaded.scenario.team.engineers) if path is None else load_team(path)
    for member in without:
        try:
            team = team.without(member)
        except KeyError as error:
            raise InputError(str(error.args[0]), "--without") from None
    return team


def _market(loaded: LoadedScenario, hiring: bool, outside: bool) -> Market:
    from millwright.people.ways import market

    organisation = loaded.scenario.organisation
    per_usd = 1.0 / loaded.catalog.usd_per(organisation.currency)
    stated = loaded.scenario.finance.staff.fte_cost
    year_cost = None if stated is None else stated.amount * loaded.catalog.usd_per(stated.currency) * per_usd
    wages = loaded.catalog.country(organisation.country).wage_factor or 1.0
    return market(year_cost, organisation.currency, per_usd, wages, hiring=hiring, outside=outside)


def _amount(text: str, loaded: LoadedScenario) -> float:
    from millwright.money import parse_money
    from millwright.quantity import QuantityError

    try:
        money = parse_money(text)
    except QuantityError as error:
        raise InputError(str(error), "--budget", "Write an amount such as 200 kEUR.") from None
    usd_per_unit = float(loaded.catalog.usd_per(loaded.scenario.organisation.currency))
    return money.amount * float(loaded.catalog.usd_per(money.currency)) / usd_per_unit


def _simplifications(names: list[str]) -> tuple[str, ...]:
    from millwright.people.ways import load_ways

    known = {each.id for each in load_ways().simplifications}
    for name in names:
        if name not in known:
            raise InputError(f"there is no simplification '{name}'", "--allow", f"It is {', '.join(sorted(known))}.")
    return tuple(names)


def _options(
    loaded: LoadedScenario, plan: Path | None, hosts: int, wanted: list[str]
) -> list[tuple[str, str, OptionTraits, tuple[str, ...]]]:
    if plan is None:
        from millwright.people.survey import Sketch, typical_options

        found = [
            (each.id, each.title, each.traits, each.assumed)
            for each in typical_options(loaded.scenario, Sketch(hosts=hosts))
        ]
    else:
        from millwright.plan.plan_file import read_plan

        found = [(each.id, each.title, traits_of_option(each, loaded), ()) for each in read_plan(plan).options]
    known = [each[0] for each in found]
    for name in wanted:
        if name not in known:
            raise InputError(f"there is no option '{name}'", "--option", f"There are {', '.join(known)}.")
    return [each for each in found if not wanted or each[0] in wanted]


def traits_of_option(option: Option, loaded: LoadedScenario) -> OptionTraits:
    """Return what an option of a plan is, as far as people are concerned."""
    from millwright.people.survey import KUBERNETES_FROM_HOSTS
    from millwright.people.traits import OptionTraits, stack_of

    scenario = loaded.scenario
    machines = [part for part in option.fleet if part.device is not None]
    hosts = sum(part.hosts for part in machines)
    devices = {part.device: loaded.catalog.device(part.device) for part in machines if part.device is not None}
    per_replica = [(part.deployment.tp * part.deployment.pp, part) for part in machines if part.deployment is not None]
    used = {part.site for part in machines}
    return OptionTraits(
        kinds=frozenset(str(part.kind) for part in option.fleet),
        hosts=hosts,
        devices=sum(part.devices for part in machines),
        workloads=len({part.workload for part in option.fleet}),
        stacks=frozenset(stack_of(device.vendor, str(device.kind)) for device in devices.values()),
        engines=frozenset(part.deployment.engine for part in machines if part.deployment is not None),
        air_gapped=any(site.name in used and getattr(site, "air_gap", False) for site in scenario.sites),
        kubernetes=hosts >= KUBERNETES_FROM_HOSTS,
        multi_gpu=any(size > 1 for size, _ in per_replica),
        multi_node=any(part.hosts and size > part.devices / part.hosts for size, part in per_replica),
        quantised=any(
            part.deployment is not None and part.deployment.weights_precision not in ("bf16", "fp16", "fp32")
            for part in machines
        ),
        on_call=str(scenario.finance.staff.on_call),
        data_classes=frozenset(str(each) for workload in scenario.workloads for each in workload.data.classes),
        sector=str(scenario.organisation.sector),
    )


# --- JSON ------------------------------------------------------------------------------------------------------


def _as_json(
    team: Team,
    prices: Market,
    asked: list[_Asked],
    advice: Advice,
    fronts: dict[str, Front],
    further: dict[str, int | None],
) -> dict[str, Any]:
    from millwright.people.publish import demand_json, plan_json

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
                "further_people_until_in_house": further.get(each.id),
            }
            for each in asked
        ],
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


# --- text ------------------------------------------------------------------------------------------------------


def _show(
    team: Team,
    prices: Market,
    asked: list[_Asked],
    advice: Advice,
    fronts: dict[str, Front],
    further: dict[str, int | None],
) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    hours = sum(member.hours_per_month for member in team.members)
    note = " (assumed: generalists; give --team FILE)" if team.assumed else ""
    console.print(f"Team of {len(team.members)}, {hours:,.0f} h a month for this{note}.")
    console.print(
        f"One engineer costs {prices.year_cost:,.0f} {prices.currency} a year ({prices.source}).", style="dim"
    )
    _show_options(console, asked)
    for each in asked:
        if not each.plan.feasible:
            _show_uncovered(console, each)
    if advice.best is not None:
        best = next(each for each in asked if each.id == advice.best.id)
        _show_gaps(console, best)
        _show_actions(console, best)
        _show_paths(console, best.plan)
        _show_bus_factor(console, best.plan)
    for option_id, line in fronts.items():
        points = "; ".join(f"month {point.go_live_month}: {point.total_cost:,.0f}" for point in line.points)
        console.print(f"Least cost by month of going live, {option_id}: {points or 'none within a year'}.")
    console.print(advice.sentence, style="bold")
    for turn in advice.turns[:MOST_TURNS_SHOWN]:
        console.print(f"· {turn.sentence}")
    if len(advice.turns) > MOST_TURNS_SHOWN:
        console.print(f"… and {len(advice.turns) - MOST_TURNS_SHOWN} more options; --option ID looks at one.")
    for each in asked:
        if more := further.get(each.id):
            people_like = "1 further person" if more == 1 else f"{more} further people"
            console.print(f"· {each.title}: nobody from outside is needed with {people_like} like {_first(team)}.")
    if advice.actions:
        console.print("Do first:")
        for number, action in enumerate(advice.actions, 1):
            console.print(
                f" {number}. {action.what} ({action.kind}, {_months(action.start_month, action.ready_month)})"
            )


def _show_options(console: Console, asked: list[_Asked]) -> None:
    from rich.table import Table

    table = Table("Option", "Can be run", "Live", "Cost", "a month", "FTE", "Bus factor", title="Options")
    for each in asked:
        plan = each.plan
        factor = f"{plan.bus_factor_before.value} → {plan.bus_factor_after.value}"
        if plan.feasible:
            total = f"{plan.total_cost / 1e3:,.0f} k{plan.currency}" + ("" if plan.proven else f" (−{plan.gap:.1%})")
            row = ("yes", f"month {plan.go_live_month}", total, f"{plan.service_cost_per_month:,.0f}")
            table.add_row(each.title, *row, f"{plan.service_fte:.2f}", factor)
        else:
            table.add_row(each.title, "[red]NO[/red]", "–", "–", "–", "–", factor)
    console.print(table)
    assumed = dict.fromkeys(", ".join(each.assumed) for each in asked if each.assumed)
    for text in assumed:
        console.print(f"Taken for machines, for want of a plan (--plan FILE): {text}.", style="dim")


def _show_uncovered(console: Console, asked: _Asked) -> None:
    from rich.padding import Padding

    console.print(f"{asked.title}: cannot be run in month {asked.plan.go_live_month}", style="red")
    if asked.plan.reason:
        console.print(Padding(asked.plan.reason, (0, 0, 0, 2)))
    for each in asked.plan.uncovered[:5]:
        console.print(Padding(f"· {each.what}. {each.why}.", (0, 0, 0, 2)))
    if len(asked.plan.uncovered) > 5:
        console.print(Padding(f"… and {len(asked.plan.uncovered) - 5} more", (0, 0, 0, 2)))


def _show_gaps(console: Console, asked: _Asked) -> None:
    from rich.table import Table

    from millwright.people.skill import load_skills

    table = Table("Skill", "Level", "People", "Now", "Live", "By", title=f"Gaps: {asked.title}")
    for gap in asked.plan.gaps:
        if gap.have_now < gap.people and gap.asked:
            mark = " (critical)" if gap.critical else " (own people)" if gap.inside else ""
            title = load_skills()[gap.skill].title + mark
            table.add_row(
                title, str(gap.level), str(gap.people), str(gap.have_now), str(gap.have_at_go_live), _few(gap.by)
            )
    console.print(table)


def _show_actions(console: Console, asked: _Asked) -> None:
    from rich.table import Table

    table = Table("What", "Who", "Months", "Cost", title="What to do, besides training")
    for action in asked.plan.actions:
        if action.kind not in ("train", "prove"):
            when = _months(action.start_month, action.ready_month)
            table.add_row(action.what, str(action.kind), when, f"{action.cost:,.0f}")
    if table.row_count:
        console.print(table)


def _show_paths(console: Console, plan: PeoplePlan) -> None:
    from millwright.people.learning import learning_paths

    for path in learning_paths(plan):
        last = max(step.ready_month for step in path.steps)
        steps = ", ".join(f"{step.skill} {step.to_level}" for step in path.steps)
        console.print(f"{path.member} learns for {path.hours:.0f} h until month {last}: {steps}.")


def _show_bus_factor(console: Console, plan: PeoplePlan) -> None:
    for name, found in (("now", plan.bus_factor_before), ("with the plan", plan.bus_factor_after)):
        console.print(f"Bus factor {name}: {found.value}; weakest: {_few(found.weakest)}.")
        for loss in found.losses:
            if loss.gone or loss.rotas:
                text = f"nobody can do {_few(loss.gone)}" if loss.gone else "the rota is too short"
                console.print(f"  without {loss.who}: {text}", style="dim")


def _first(team: Team) -> str:
    return team.members[0].id


def _months(start: int, ready: int) -> str:
    return f"month {start}" if start == ready else f"months {start}–{ready}"


def _few(names: Iterable[str], most: int = 4) -> str:
    listed = list(names)
    return ", ".join(listed[:most]) + (f" and {len(listed) - most} more" if len(listed) > most else "") or "–"
