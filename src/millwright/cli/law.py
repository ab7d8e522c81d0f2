"""`millwright law`: list the rules, show one with its examples, and say how two rule bases differ."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from millwright.errors import InputError

if TYPE_CHECKING:
    from millwright.law.rule import Rule

app = typer.Typer(help="The rules: what they say, from which article, and how they changed.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON only.")]


@app.command("list")
def list_rules(
    instrument: Annotated[str, typer.Option("--instrument", help="Only those of one instrument, such as GDPR.")] = "",
    as_of: Annotated[str, typer.Option("--as-of", metavar="DATE", help="Only those in force that day.")] = "",
    as_json: AsJson = False,
) -> None:
    """List the rules by instrument: how far each was verified, its article, effect, status, and what it says."""
    from millwright.law.load import load_rules
    from millwright.law.publish import rule_json

    rules = [each for each in load_rules().rules if not instrument or each.instrument.id.lower() == instrument.lower()]
    if instrument and not rules:
        known = sorted({each.instrument.id for each in load_rules().rules})
        raise InputError(f"no instrument is called '{instrument}'", "--instrument", f"Use one of {', '.join(known)}.")
    if as_of:
        rules = [each for each in rules if each.in_force(_day(as_of))]
    if as_json:
        typer.echo(json.dumps([rule_json(each) for each in rules], indent=1, ensure_ascii=False))
        return
    _print_list(rules)


@app.command("show")
def show(name: Annotated[str, typer.Argument(help="A rule's id.")], as_json: AsJson = False) -> None:
    """Show one rule whole: citation, dates, conditions, exemptions, examples."""
    from millwright.law.load import load_rules
    from millwright.law.publish import rule_json, rule_named

    rule = rule_named(load_rules(), name)
    if as_json:
        typer.echo(json.dumps(rule_json(rule), indent=1, ensure_ascii=False))
        return
    _print_rule(rule)


@app.command("facts")
def list_facts(
    of: Annotated[str, typer.Argument(help="Only those of a `site` or a `workload`, or with a word in it.")] = "",
    as_json: AsJson = False,
) -> None:
    """List the facts that rules ask for, each with its question and how to write it."""
    from millwright.law.case import how_written
    from millwright.law.facts import known_facts

    wanted = of.strip().lower()
    rows = [
        (name, how_written(name), question)
        for name, question in known_facts().items()
        if wanted in name.lower() or wanted in question.lower()
    ]
    if not rows:
        raise InputError(f"no fact has '{of}' in its name or question", remedy="Leave it out to see them all.")
    if as_json:
        keys = ("fact", "written", "question")
        typer.echo(json.dumps([dict(zip(keys, row, strict=True)) for row in rows], indent=1, ensure_ascii=False))
        return
    _print_facts(rows)


@app.command("diff")
def diff(
    folder: Annotated[Path, typer.Argument(help="Another rule base: a folder with base.yaml and rules/.")],
    as_json: AsJson = False,
) -> None:
    """Say which rules the shipped base has that the other has not, and the other way round, and which differ."""
    from millwright.law.load import load_rules
    from millwright.law.publish import rule_json

    if not (folder / "base.yaml").is_file():
        raise InputError("this is no rule base", str(folder), "It needs a base.yaml and a folder rules.")
    old = {each.id: rule_json(each) for each in load_rules(folder).rules}
    new = {each.id: rule_json(each) for each in load_rules().rules}
    changed = {id_: sorted(key for key in new[id_] if new[id_][key] != old[id_][key]) for id_ in new if id_ in old}
    found = {
        "added": sorted(new.keys() - old.keys()),
        "removed": sorted(old.keys() - new.keys()),
        "changed": {id_: keys for id_, keys in changed.items() if keys},
    }
    if as_json:
        typer.echo(json.dumps(found, indent=1, ensure_ascii=False))
        return
    for id_ in found["added"]:
        typer.echo(f"+ {id_}: {new[id_]['plain']}")
    for id_ in found["removed"]:
        typer.echo(f"- {id_}: {old[id_]['plain']}")
    for id_, keys in changed.items():
        for key in keys:
            typer.echo(f"~ {id_}.{key}: {old[id_][key]} → {new[id_][key]}")
    if not any(found.values()):
        typer.echo("The two rule bases say the same.")


@app.command("rego")
def rego(
    assume: Annotated[
        list[str] | None, typer.Option("--assume", metavar="WHAT-IF", help="Throw a what-if, such as dpf-annulled.")
    ] = None,
) -> None:
    """Print the rule base as a Rego policy, for OPA and other evaluators."""
    from millwright.law.load import load_rules
    from millwright.law.rego import rego_policy

    rules = load_rules()
    for name in assume or []:
        try:
            rules = rules.assuming(name)
        except KeyError:
            known = ", ".join(each.id for each in rules.switches)
            raise InputError(f"no what-if is called '{name}'", "--assume", f"Use one of {known}.") from None
    typer.echo(rego_policy(rules), nl=False)


def _print_list(rules: Sequence[Rule]) -> None:
    """Print two lines for each rule, and below all how many were verified, by whom, and when they are due."""
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    from millwright.law.wording import LEGEND, share_read, wording_of

    console = Console(highlight=False)
    for instrument, group in groupby(rules, key=lambda each: each.instrument):
        console.print(Text(f"{instrument.id}: {instrument.title}. {instrument.citation}", style="bold"))
        for each in group:
            mark = wording_of(each).mark
            parts = (each.pinpoint, str(each.effect), str(each.status).replace("_", " "), _in_force(each))
            head = f"{mark} {each.id}: {', '.join(part for part in parts if part)}"
            console.print(Padding(Text(head, style=_STYLES.get(mark, "")), (0, 0, 0, 1), expand=False))
            console.print(Padding(Text(each.plain), (0, 0, 0, 3), expand=False))
    due = min((each.review_by for each in rules if each.review_by), default=None)
    reviewers = ", ".join(sorted({each.reviewer for each in rules} - {""})) or "nobody yet: no lawyer has read them"
    review = f" Next review by {due}." if due else ""
    console.print(Text(f"{LEGEND}.", style="dim"))
    console.print(Text(f"{share_read(rules)} Reviewed by {reviewers}.{review}"))


def _print_facts(rows: Sequence[tuple[str, str, str]]) -> None:
    """Print facts as a table, and where to state them."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for title in ("Fact", "Written", "Question"):
        table.add_column(title, no_wrap=title != "Question")
    for row in rows:
        table.add_row(*row)
    console = Console(highlight=False)
    console.print(table)
    console.print(
        Text(
            "In a scenario, without the word before the point: those of a site under its `facts:`, those of a workload "
            "under `law: {facts: …}`. For once: `millwright check SCENARIO --assume NAME=VALUE`.",
            style="dim",
        )
    )


def _print_rule(rule: Rule) -> None:
    """Print a rule for a reader: first what it says and how sure that is, then when and how it is asked."""
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    from millwright.law.wording import Wording, wording_of

    console = Console(highlight=False)

    def say(label: str, text: object) -> None:
        if text:
            console.print(Text.assemble((f"{label}: ", "bold"), str(text)))

    console.print(Text(f"{rule.instrument.citation}, {rule.pinpoint}", style="bold"))
    console.print(Text(rule.plain))
    wording = wording_of(rule)
    if wording is Wording.READ:
        console.print(Text(f"✓ verified: “{rule.quote}”", style="green"))
        console.print(Padding(Text(f"Read in: {rule.read_in}.", style="dim"), (0, 0, 0, 2), expand=False))
    elif wording is Wording.UNVERIFIED:
        console.print(Text("? unverified: the article is cited, its wording was not checked", style="yellow"))
    else:
        console.print(Text("· the scenario's own rule", style="dim"))
    say("link", rule.link)
    say("effect", f"{rule.effect}, {'binds' if rule.binds else 'does not bind'}")
    say("status", ", ".join(part for part in (str(rule.status).replace("_", " "), _in_force(rule)) if part))
    say("review", _review(rule))
    say("applies when", rule.applies)
    say("must not be" if rule.effect == "forbid" else "asks", rule.asks)
    for each in rule.exemptions:
        say("unless", f"{each.pinpoint}{f' ({each.plain})' if each.plain else ''}: {each.when}")
    say("evidence", "; ".join(rule.evidence))
    say("remedy", rule.remedy)
    say("note", rule.note)
    say("examples", "; ".join(f"{each.name}: {each.verdict or 'not applicable'}" for each in rule.examples))
    say("id", f"{rule.id}, version {rule.version}")


_STYLES = {"✓": "green", "?": "yellow"}


def _in_force(rule: Rule) -> str:
    since = f"applies from {rule.since}" if rule.since else ""
    return f"{since} to {rule.until}".strip() if rule.until else since


def _review(rule: Rule) -> str:
    by = f"by {rule.reviewer}" if rule.reviewer else "no lawyer has read it yet"
    if rule.review_by is None:
        return by
    late = ", which has passed: the law may have moved on" if rule.review_by < dt.date.today() else ""
    return f"{by}; to be read again by {rule.review_by}{late}"


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise InputError(f"'{text}' is no date", "--as-of", "Write YYYY-MM-DD, such as 2027-12-02.") from None
