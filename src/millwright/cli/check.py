"""`millwright check`: may each workload run at each place of a scenario; by which article; which fact is missing."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from millwright.cli.exits import EXIT_DONE, EXIT_NO, EXIT_UNKNOWN
from millwright.errors import InputError

if TYPE_CHECKING:
    from millwright.law.evaluate import RuleFinding
    from millwright.law.survey import Place, Survey

_MARKS = {"yes": "yes", "no": "NO", "unknown": "?"}


def check(
    scenario: Annotated[Path, typer.Argument(help="The scenario (YAML).")],
    as_of: Annotated[str, typer.Option("--as-of", metavar="DATE", help="Apply the rules of that day.")] = "",
    assume: Annotated[
        list[str] | None,
        typer.Option("--assume", metavar="KEY=VALUE", help="A fact (site.baa_signed=true) or a what-if; may repeat."),
    ] = None,
    proof: Annotated[bool, typer.Option("--proof", help="Show the whole proof of each verdict.")] = False,
    sovereignty: Annotated[
        bool, typer.Option("--sovereignty", help="Show each place's score after the EU Cloud Sovereignty Framework.")
    ] = False,
    air_gap: Annotated[
        bool, typer.Option("--air-gap", help="Show what places that can be cut off would need from outside.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Write the paper trail: findings, annex, outlines, OSCAL, Rego."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON only.")] = False,
) -> None:
    """Judge by the rules alone; exit 0: all may be used, 1: some may not, 3: of some a fact is missing."""
    from millwright.law.assume import assuming
    from millwright.law.kleene import Verdict
    from millwright.law.load import load_rules
    from millwright.law.survey import survey
    from millwright.law.told import check_told_facts
    from millwright.report.counsel.findings import findings_document
    from millwright.scenario.load import load_scenario

    rules, told = assuming(load_rules(), assume or [])
    loaded = load_scenario(scenario)
    check_told_facts(loaded)
    day = _day(as_of) or loaded.scenario.law.as_of or dt.date.today()
    found = survey(loaded.scenario, loaded.catalog, rules, day, told)
    files = _paper_trail(found, loaded.scenario.name, out) if out is not None else ()
    if as_json:
        typer.echo(json.dumps(findings_document(found, proof=proof), indent=1, allow_nan=False, ensure_ascii=False))
    else:
        _show(found, proof)
        if sovereignty:
            _show_sovereignty(found)
        if air_gap:
            _show_air_gap(found)
        if out is not None:
            typer.echo(f"Written to {out}: {', '.join(str(path.relative_to(out)) for path in files)}.")
    raise typer.Exit({Verdict.YES: EXIT_DONE, Verdict.NO: EXIT_NO, Verdict.UNKNOWN: EXIT_UNKNOWN}[found.verdict])


def _paper_trail(found: Survey, name: str, out: Path) -> tuple[Path, ...]:
    from millwright.report.counsel.folder import write_counsel_folder

    return write_counsel_folder(found, name, out, dt.datetime.now(dt.UTC).replace(microsecond=0))


def _day(text: str) -> dt.date | None:
    if not text:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise InputError(f"'{text}' is no date", "--as-of", "Write YYYY-MM-DD, such as 2027-12-02.") from None


def _show(found: Survey, proof: bool) -> None:
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    from millwright.law.evaluate import DISCLAIMER
    from millwright.law.wording import LEGEND, share_read

    console = Console(highlight=False, soft_wrap=False)

    def say(text: str, indent: int = 0, style: str = "") -> None:
        console.print(Padding(Text(text, style=style), (0, 0, 0, indent)))

    by_workload: dict[str, list[Place]] = {}
    for place in found.places:
        by_workload.setdefault(place.workload, []).append(place)
    for workload, places in by_workload.items():
        say(workload, style="bold")
        for group in _alike(places):
            _show_group(group, say, proof)
        _show_why(places, say)
        _show_open(places, say)
        _show_late(places, say)
    if found.assumed:
        say(f"Assumed (--assume puts another in its place): {_assumed(found)}.", style="dim")
    for sentence in found.not_covered:
        say(sentence, style="dim")
    applying = {each.rule_id: each for place in found.places for each in place.finding.findings}
    say(f"{LEGEND}. {share_read(applying.values())}", style="dim")
    what_if = f" What if: {', '.join(found.rules.assumed)}." if found.rules.assumed else ""
    say(f"As of {found.as_of}, rule base {found.rules.version}.{what_if} {DISCLAIMER}", style="dim")


def _show_group(group: list[Place], say: Any, proof: bool) -> None:
    """Show the places of one verdict for the same reasons, and those reasons by name."""
    from millwright.law.survey import titles

    first = group[0].finding
    style = {"yes": "green", "no": "red", "unknown": "yellow"}[first.verdict]
    say(f"{_MARKS[first.verdict]:>3}  {titles(group)}", 1, style)
    if first.verdict == "no":
        say(f"against {'; '.join(_cited(each) for each in first.deciding)}", 6)
    elif first.verdict == "unknown":
        missing = dict.fromkeys(fact for place in group for fact in place.finding.missing_facts)
        say(f"until you say {', '.join(missing)}", 6)
    for clash in first.contradictions:
        say(f"{clash.rule_id} and {clash.other_rule_id} exclude each other: {clash.reason}.", 6, "red")
    if proof:
        for place in group:
            say(place.title, 6)
            for each in place.finding.deciding:
                for line in each.proof.lines():
                    say(line, 8, "dim")


def _show_why(places: list[Place], say: Any) -> None:
    """Show once each rule that refuses or leaves open, and each question to answer."""
    from millwright.law.wording import wording_of

    rules = {each.rule_id: each for place in places for each in place.finding.deciding if each.verdict != "yes"}
    questions = {fact: text for place in places for fact, text in place.finding.questions.items()}
    if rules:
        say("The rules:", 1)
        for each in rules.values():
            say(f"{wording_of(each).mark} {_cited(each)}: {each.plain}", 3)
            if each.remedy:
                say(f"→ {each.remedy}", 5, "dim")
    if questions:
        say("To settle what is open, answer (under `facts:` in the scenario, or with --assume):", 1)
        for fact, text in questions.items():
            say(f"· {fact}: {text}", 3)


def _show_open(places: list[Place], say: Any) -> None:
    """Show once what is to be done wherever it runs, and what is warned of at places that may be used."""
    from millwright.law.survey import titles
    from millwright.law.wording import wording_of

    usable = [place for place in places if place.finding.verdict != "no"]
    duties: dict[str, RuleFinding] = {}
    warnings: dict[str, RuleFinding] = {}
    where: dict[tuple[str, bool], list[Place]] = {}
    missing: dict[str, dict[str, None]] = {}
    for place in usable:
        duties.update({each.rule_id: each for each in place.finding.duties})
        warnings.update({each.rule_id: each for each in place.finding.warnings})
        for each in place.finding.duties:
            where.setdefault((each.rule_id, True), []).append(place)
        for each in place.finding.warnings:
            known = each in place.finding.risks
            where.setdefault((each.rule_id, known), []).append(place)
            missing.setdefault(each.rule_id, {}).update(dict.fromkeys(() if known else each.missing_facts))
    risks = [each for each in warnings.values() if (each.rule_id, True) in where]
    maybe = [each for each in warnings.values() if (each.rule_id, True) not in where]

    def at(each: RuleFinding, known: bool) -> str:
        found = where.get((each.rule_id, known), [])
        return titles(found, usable) if len(found) < len(usable) else "every place"

    for title, items in (
        ("To do before going live:", list(duties.values())),
        ("Risks at places that may be used:", risks),
        ("Risks that hang on what is not told:", maybe),
    ):
        if items:
            say(title, 1)
        for each in items:
            say(f"{wording_of(each).mark} {_cited(each)}: {each.plain}", 3)
            if items is not maybe and at(each, True) != "every place":
                say(f"at {at(each, True)}", 5, "dim")
            if missing.get(each.rule_id):
                until = f"until you say {', '.join(missing[each.rule_id])}"
                at_which = "" if items is maybe and at(each, False) == "every place" else f", at {at(each, False)}"
                say(f"{'' if items is maybe else 'perhaps, '}{until}{at_which}", 5, "dim")
            if each.note and each.status == "contested":
                say(each.note, 5, "dim")


def _show_late(places: list[Place], say: Any) -> None:
    """Warn of rules that nobody has read again since their review date."""
    late = dict.fromkeys(rule for place in places for rule in place.finding.past_review)
    if late:
        say(f"Past their review date, so that the law may have moved on: {', '.join(late)}.", 1, "yellow")


def _alike(places: list[Place]) -> list[list[Place]]:
    """Group places that have the same verdict by the same rules, those that may be used first."""
    groups: dict[tuple[Any, ...], list[Place]] = {}
    for place in places:
        finding = place.finding
        rules = tuple(each.rule_id for each in finding.deciding) if finding.verdict != "yes" else ()
        groups.setdefault((finding.verdict, rules, finding.contradictions), []).append(place)
    order = ("yes", "unknown", "no")
    return sorted(groups.values(), key=lambda group: order.index(group[0].finding.verdict))


def _cited(finding: RuleFinding) -> str:
    return f"{finding.instrument} {finding.pinpoint}"


def _assumed(found: Survey) -> str:
    """Return what was assumed: what is taken to be so, what not, and numbers."""
    from millwright.law.expression import show_fact

    facts: dict[str, list[str]] = {}
    for each in found.assumed:
        value = f"{each.value:g}" if isinstance(each.value, float) else show_fact(each.value)
        facts.setdefault(value, []).append(each.fact)
    return "; ".join(f"{', '.join(names)} = {value}" for value, names in facts.items())


def _show_sovereignty(found: Survey) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(
        "Place", "Score of 100", "SEAL", title="Sovereignty (EU Cloud Sovereignty Framework, own reading)", min_width=64
    )
    rows = {}
    for place in found.places:
        score = place.sovereignty
        numbers = _span(round(score.low), round(score.high)), _span(score.seal_low, score.seal_high)
        rows[place.title] = (-score.low, place.title, *numbers)
    for row in sorted(rows.values()):
        table.add_row(*row[1:])
    Console(highlight=False).print(table)


def _span(low: int, high: int) -> str:
    return str(low) if low == high else f"{low}–{high}"


def _show_air_gap(found: Survey) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    can = {place.site: place.air_gap for place in found.places if place.air_gap.feasible == "yes"}
    if not can:
        console.print("No place of this scenario can be cut off: clouds and APIs need their network.")
        return
    table = Table("Need", "Carried in", "How", title=f"Cut off: {', '.join(can)}")
    for need in next(iter(can.values())).needs:
        table.add_row(need.what, str(need.carried_in), need.how)
    console.print(table)
