"""`millwright law`: list the rules, show one with its examples, and say how two rule bases differ."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from millwright.errors import InputError

app = typer.Typer(help="The rules: what they say, from which article, and how they changed.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON only.")]


@app.command("list")
def list_rules(
    instrument: Annotated[str, typer.Option("--instrument", help="Only those of one instrument, such as GDPR.")] = "",
    as_of: Annotated[str, typer.Option("--as-of", metavar="DATE", help="Only those in force that day.")] = "",
    as_json: AsJson = False,
) -> None:
    """List the rules: id, article, effect, status, and the first words of what they say."""
    from rich.console import Console
    from rich.table import Table

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
    table = Table("rule", "article", "effect", "status", "says")
    for each in rules:
        table.add_row(each.id, f"{each.instrument.id} {each.pinpoint}", each.effect, each.status, each.plain)
    Console(highlight=False).print(table)


@app.command("show")
def show(name: Annotated[str, typer.Argument(help="A rule's id.")], as_json: AsJson = False) -> None:
    """Show one rule whole: citation, dates, conditions, exemptions, examples."""
    from millwright.law.load import load_rules
    from millwright.law.publish import rule_json, rule_named

    rule = rule_named(load_rules(), name)
    document = rule_json(rule)
    if as_json:
        typer.echo(json.dumps(document, indent=1, ensure_ascii=False))
        return
    for key, value in document.items():
        if value in ("", [], None):
            continue
        if isinstance(value, list):
            typer.echo(f"{key}:")
            for each in value:
                typer.echo(f"  - {each if isinstance(each, str) else _line(each)}")
        else:
            typer.echo(f"{key}: {value}")


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


def _line(parts: dict[str, Any]) -> str:
    return ": ".join(str(each) for each in parts.values())


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise InputError(f"'{text}' is no date", "--as-of", "Write YYYY-MM-DD, such as 2027-12-02.") from None
