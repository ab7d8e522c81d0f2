"""`millwright people`: can this team run it; what is missing, what closing the gap costs, and by when."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from millwright.cli.exits import EXIT_NO
from millwright.quantity import share_text

if TYPE_CHECKING:
    from rich.console import Console

    from millwright.people.plan import PeoplePlan
    from millwright.people.team import Team
    from millwright.plan.staffing import StaffedOption, Staffing

MOST_TURNS_SHOWN = 8


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
                esco = "; ".join(f"{each.label} ({each.match})" for each in skill.esco) or "nothing that fits"
                typer.echo(f"       O*NET {', '.join(skill.onet)} · ESCO {esco}")
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
    from millwright.people.team_file import load_team
    from millwright.plan.plan_file import read_plan
    from millwright.plan.staffing import AskedStaffing, staffing, staffing_json
    from millwright.scenario.load import load_scenario

    asked = AskedStaffing(
        options=tuple(option or ()),
        go_live_month=go_live,
        budget=budget,
        hosts=hosts,
        without=tuple(without or ()),
        allow=tuple(allow or ()),
        hiring=hiring,
        outside=outside,
        fronts=fronts,
    )
    found = staffing(
        load_scenario(scenario),
        asked,
        team=None if team is None else load_team(team),
        plan=None if plan is None else read_plan(plan),
    )
    if as_json:
        typer.echo(json.dumps(staffing_json(found), indent=1, allow_nan=False, ensure_ascii=False))
    else:
        _show(found, month_given=go_live is not None or bool(budget))
    raise typer.Exit(0 if found.advice.best is not None else EXIT_NO)


# --- text ------------------------------------------------------------------------------------------------------


def _show(found: Staffing, *, month_given: bool) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    team, prices, asked, advice, fronts = found.team, found.market, found.options, found.advice, found.fronts
    hours = sum(member.hours_per_month for member in team.members)
    note = " (assumed: generalists; give --team FILE)" if team.assumed else ""
    console.print(f"Team of {len(team.members)}, {hours:,.0f} h a month for this{note}.")
    console.print(
        f"One engineer costs {prices.year_cost:,.0f} {prices.currency} a year ({prices.source}).", style="dim"
    )
    _show_options(console, asked, month_given)
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
        if more := found.further.get(each.id):
            people_like = "1 further person" if more == 1 else f"{more} further people"
            console.print(f"· {each.title}: nobody from outside is needed with {people_like} like {_first(team)}.")
    if advice.actions:
        console.print("Do first:")
        for number, action in enumerate(advice.actions, 1):
            console.print(
                f" {number}. {action.what} ({action.kind}, {_months(action.start_month, action.ready_month)})"
            )


def _show_options(console: Console, asked: Sequence[StaffedOption], month_given: bool) -> None:
    from rich.table import Table

    table = Table("Option", "Can be run", "Live", "Cost", "a month", "FTE", "Bus factor", title="Options")
    for each in asked:
        plan = each.plan
        factor = f"{plan.bus_factor_before.value} → {plan.bus_factor_after.value}"
        if plan.feasible:
            total = f"{plan.total_cost / 1e3:,.0f} k{plan.currency}" + (
                "" if plan.proven else f" (−{share_text(plan.gap, 1)})"
            )
            row = ("yes", f"month {plan.go_live_month}", total, f"{plan.service_cost_per_month:,.0f}")
            table.add_row(each.title, *row, f"{plan.service_fte:.2f}", factor)
        else:
            table.add_row(each.title, "[red]NO[/red]", "–", "–", "–", "–", factor)
    console.print(table)
    months = ", ".join(f"{number}" for number in dict.fromkeys(each.plan.service_months for each in asked))
    console.print(
        f"Cost: people in all, from now to the end of {months} months of service; a month: once in service. Bus "
        "factor, now → with the plan: how many may leave until a skill is gone.",
        style="dim",
    )
    if not month_given:
        console.print(
            "Nobody said when to go live, so the usual month is taken: --go-live MONTH asks for another, --front shows "
            "what each would cost.",
            style="dim",
        )
    assumed = dict.fromkeys(", ".join(each.assumed) for each in asked if each.assumed)
    for text in assumed:
        console.print(f"Taken for machines, for want of a plan (--plan FILE): {text}.", style="dim")


def _show_uncovered(console: Console, asked: StaffedOption) -> None:
    from rich.padding import Padding

    console.print(f"{asked.title}: cannot be run in month {asked.plan.go_live_month}", style="red")
    if asked.plan.reason:
        console.print(Padding(asked.plan.reason, (0, 0, 0, 2)))
    for each in asked.plan.uncovered[:5]:
        console.print(Padding(f"· {each.what}. {each.why}.", (0, 0, 0, 2)))
    if len(asked.plan.uncovered) > 5:
        console.print(Padding(f"… and {len(asked.plan.uncovered) - 5} more", (0, 0, 0, 2)))


def _show_gaps(console: Console, asked: StaffedOption) -> None:
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


def _show_actions(console: Console, asked: StaffedOption) -> None:
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
    from millwright.people.skill import load_skills

    skills = load_skills()
    for path in learning_paths(plan):
        last = max(step.ready_month for step in path.steps)
        steps = "; ".join(f"{skills[step.skill].title} to level {step.to_level}" for step in path.steps)
        console.print(f"{path.member} learns for {path.hours:.0f} h until month {last}: {steps}.")


def _show_bus_factor(console: Console, plan: PeoplePlan) -> None:
    from millwright.people.skill import load_skills

    skills = load_skills()
    for name, found in (("now", plan.bus_factor_before), ("with the plan", plan.bus_factor_after)):
        weakest = _few([skills[each].title for each in found.weakest], between="; ")
        console.print(f"Bus factor {name}: {found.value}; known to fewest: {weakest}.")
        for loss in found.losses:
            if loss.gone or loss.rotas:
                known = _few([skills[each].title for each in loss.gone], between="; ")
                text = f"nobody knows {known}" if loss.gone else "the rota is too short"
                console.print(f"  without {loss.who}: {text}", style="dim")


def _first(team: Team) -> str:
    return team.members[0].id


def _months(start: int, ready: int) -> str:
    return f"month {start}" if start == ready else f"months {start}–{ready}"


def _few(names: Iterable[str], most: int = 4, between: str = ", ") -> str:
    listed = list(names)
    return between.join(listed[:most]) + (f" and {len(listed) - most} more" if len(listed) > most else "") or "–"
