"""`millwright catalog`: list what the catalogue holds, show an entry with every source, check the whole."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from millwright.errors import InputError

if TYPE_CHECKING:
    from millwright.catalog.catalog import ShippedCatalog
    from millwright.catalog.check import Finding

app = typer.Typer(help="What the world offers: devices, hosts, models, offers, places.", no_args_is_help=True)

Models = Annotated[list[Path] | None, typer.Option("--models", help="Folder of NAME/config.json to add; may repeat.")]
Devices = Annotated[list[Path] | None, typer.Option("--devices", help="Catalogue file to add; may repeat.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON only.")]

_FACTS_IN_A_LIST = 5
"""How many of a kind's facts a list shows: more do not fit a terminal's width."""


@app.command("list")
def list_entries(
    kind: Annotated[
        str | None, typer.Argument(help="devices, hosts, models, cloud, api, providers, countries …")
    ] = None,
    models: Models = None,
    devices: Devices = None,
    as_json: AsJson = False,
) -> None:
    """List the entries of one kind, or how many there are of each."""
    from millwright.catalog.catalog import KINDS

    catalog = _catalog(models, devices)
    if kind is None:
        counts = {each: len(catalog.shelf(each)) for each in KINDS}
        if as_json:
            _print_json(counts)
        else:
            _print_table(("kind", "entries"), [(each, str(count)) for each, count in counts.items()])
        return
    entries = catalog.shelf(kind).entries
    if as_json:
        _print_json([{"id": id_, "name": entry.get("name", id_)} for id_, entry in entries.items()])
        return
    columns = _commonest_facts(entries.values())
    rows = [
        (id_, str(entry.get("name", "")), *(_short(entry.get("facts", {}).get(each)) for each in columns))
        for id_, entry in entries.items()
    ]
    _print_table(("id", "name", *columns), rows)


@app.command("show")
def show(
    name: Annotated[str, typer.Argument(help="An id, name or alias.")],
    kind: Annotated[str | None, typer.Option("--kind", help="Look only among these.")] = None,
    models: Models = None,
    devices: Devices = None,
    as_json: AsJson = False,
) -> None:
    """Show an entry: every field, with its unit, source, date and quality."""
    from millwright.catalog.describe import described

    found = described(_catalog(models, devices), name, kind)
    if as_json:
        _print_json(found[0] if len(found) == 1 else found)
        return
    for each in found:
        _print_entry(each)


@app.command("check")
def check(
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="Day to check for, ISO 8601; today if not given.")
    ] = None,
    max_price_age: Annotated[float, typer.Option(min=0, help="Prices older than this are stale [months].")] = 12.0,
    verbose: Annotated[bool, typer.Option("--verbose", help="Print every warning and note, not their count.")] = False,
    folder: Annotated[Path | None, typer.Option(help="Check these data files, not the shipped ones.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check schema, units, sources, dates, links, conflicts and staleness; exit 1 if there is a fault."""
    from millwright.catalog.check import Severity, check_catalog
    from millwright.catalog.load import DATA

    try:
        day = dt.date.fromisoformat(as_of) if as_of else dt.datetime.now(dt.UTC).date()
    except ValueError:
        raise InputError(f"'{as_of}' is not a day", "--as-of", "Give it as 2026-08-31.") from None
    findings = check_catalog(day, max_price_age, folder or DATA)
    counts = {each.value: sum(finding.severity is each for finding in findings) for each in Severity}
    if as_json:
        _print_json({"as_of": day.isoformat(), "counts": counts, "findings": [asdict(each) for each in findings]})
    else:
        for each in findings:
            if verbose or each.severity is Severity.FAULT:
                field = f" {each.field}" if each.field else ""
                typer.echo(f"{each.severity}: {each.topic}: {each.entry}{field}: {each.message}")
        if not verbose:
            _print_tally(findings)
        typer.echo(", ".join(f"{count} {name}{'' if count == 1 else 's'}" for name, count in counts.items()))
    if counts[Severity.FAULT.value]:
        raise typer.Exit(1)


def _print_tally(findings: list[Finding]) -> None:
    """Print how many warnings and notes there are, by topic and kind of entry."""
    tally: dict[str, int] = {}
    for each in findings:
        if each.severity != "fault":
            line = f"{each.severity}: {each.topic}: {each.entry.split('/')[0]}"
            tally[line] = tally.get(line, 0) + 1
    for line, count in tally.items():
        typer.echo(f"{line}: {count} (--verbose lists them)")


def _catalog(models: list[Path] | None, devices: list[Path] | None) -> ShippedCatalog:
    from millwright.catalog.catalog import load_catalog

    return load_catalog(extra_devices=devices or (), extra_models=models or ())


def _commonest_facts(entries: Iterable[Mapping[str, Any]]) -> list[str]:
    counts: dict[str, int] = {}
    for entry in entries:
        for field in entry.get("facts", {}):
            counts[field] = counts.get(field, 0) + 1
    return sorted(counts, key=lambda field: -counts[field])[:_FACTS_IN_A_LIST]


def _short(raw: Any) -> str:
    if not raw:
        return "–"
    value, unit = (raw[0], raw[1]) if isinstance(raw, list) else (raw["value"], raw["unit"])
    return _plain(value, unit)


def _plain(value: Any, unit: str) -> str:
    """Return a value with its unit as people write it: `3,000,000 USD`, `2022`, `0.24 USD/kWh`."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"{value}"
    if unit in ("year AD", "1"):
        return f"{value:g}"
    return f"{value:,.6g} {unit}".strip() if abs(value) < 1e6 else f"{value:,.0f} {unit}".strip()


def _print_entry(entry: Mapping[str, Any]) -> None:
    typer.echo(f"{entry['id']} ({entry['kind']})")
    if entry["note"]:
        typer.echo(f"  note: {entry['note']}")
    for field, value in entry["fields"].items():
        if isinstance(value, str) and field != "id" and value:
            typer.echo(f"  {field}: {value}")
        elif field == "aliases" and value:
            typer.echo(f"  aliases: {', '.join(value)}")
        elif field == "layers":
            for kind in value:
                typer.echo(f"  {_layers(kind)}")
    rows = [
        (
            field,
            _plain(fact["value"], fact["unit"]),
            f"{fact['quality']} {fact['date']}",
            fact["source"]["title"] if isinstance(fact["source"], dict) else fact["source"],
            "; ".join(part for part in (fact["note"], *fact["conflicts"]) if part),
        )
        for field, fact in entry["facts"].items()
    ]
    if rows:
        _print_table(("fact", "value", "quality", "source", "note"), rows)


def _layers(kind: Mapping[str, Any]) -> str:
    """Return layers that are alike in one line, such as `80 layers: full attention, 64 heads, 8 KV heads; …`."""
    attention, feed_forward = kind.get("attention") or {}, kind.get("feed_forward") or {}
    texts = [f"{attention.get('kind', 'no')} attention"]
    latent = attention.get("kv_lora_rank")
    shown = (("heads", "heads"), ("kv_lora_rank", "latent width") if latent else ("kv_heads", "KV heads"))
    for field, words in shown:
        if attention.get(field):
            texts.append(f"{attention[field]:,} {words}")
    width = f"feed-forward width {feed_forward.get('intermediate_size', 0):,}"
    if feed_forward.get("experts"):
        width += f", {feed_forward['experts']:,} experts, {feed_forward['experts_per_token']:,} of them for each token"
    return f"{kind.get('count', 1):,} layers: {', '.join(texts)}; {width}"


def _print_table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for title in head:
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(*row)
    console = Console()
    # Piped into a file or `less` there is no width to fit.
    Console(width=console.width if console.is_terminal else 200, markup=False).print(table)


def _print_json(value: object) -> None:
    typer.echo(json.dumps(value, indent=1, ensure_ascii=False))
