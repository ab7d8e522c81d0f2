"""`millwright data`: what a prompt log or a set of documents holds, measured on the file."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from millwright.readiness.profile import DataProfile


def data(
    file: Annotated[Path, typer.Argument(help="JSON lines, CSV, TSV, Parquet, or text with a record a line.")],
    seed: Annotated[int, typer.Option("--seed", help="Draws the sample for languages and near duplicates.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON only.")] = False,
) -> None:
    """Profile a file in one pass: size, columns, duplicates, languages, lengths, personal data (shown redacted)."""
    from millwright.readiness.profile import profile_file

    profile = profile_file(file, seed)
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(profile), indent=1, allow_nan=False, ensure_ascii=False))
    else:
        _show(profile)


def _show(profile: DataProfile) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, markup=False)
    records = max(1, profile.records)
    console.print(f"{profile.file}: {profile.size_bytes / 1e6:,.1f} MB, {profile.records:,} records", style="bold")
    if profile.empty_records:
        console.print(f"{profile.empty_records:,} records hold no text.")
    if profile.mended:
        console.print(f"{profile.mended:,} lines are not UTF-8; they were read as another encoding. Check them.")
    if profile.broken:
        console.print(f"{profile.broken:,} lines cannot be read and are left out:", style="yellow")
        for broken in profile.broken_lines[:10]:
            console.print(f"  {profile.file}:{broken.line}: {broken.why}")
    about = "" if profile.repeats_exact else "about "
    console.print(
        f"Duplicates: {about}{profile.repeats / records:.1%} repeat an earlier record, "
        f"{about}{profile.template_repeats / records:.1%} but for case, digits, punctuation and spaces; "
        f"near duplicates {profile.near_duplicate_share:.1%} of a sample of {profile.sample_size:,}."
    )
    languages = ", ".join(f"{name} {share:.0%}" for name, share in list(profile.languages.items())[:8])
    console.print(f"Languages (sample): {languages or 'none'}.")
    lengths = profile.lengths
    console.print(
        f"Lengths, at {lengths.chars_per_token:.1f} characters a token (estimated): mean {lengths.mean:,.0f}, "
        f"p50 {lengths.p50:,.0f}, p95 {lengths.p95:,.0f}, p99 {lengths.p99:,.0f}, most {lengths.largest:,.0f} tokens."
    )
    columns = Table("Column", "Records", "Types", title="Columns")
    for column in profile.columns[:20]:
        types = ", ".join(f"{name} {count:,}" for name, count in column.types.items())
        columns.add_row(column.name[:60], f"{column.records:,}", types)
    console.print(columns)
    personal = Table("Kind", "Records", "Share", "Finds", "Such as (redacted)", title="Personal data")
    for found in profile.personal:
        examples = "; ".join(f"line {each.line}: {each.redacted}" for each in found.examples)
        share = f"{found.records / records:.2%}"
        personal.add_row(str(found.kind), f"{found.records:,}", share, f"{found.finds:,}", examples)
    if profile.personal:
        console.print(personal)
        console.print(f"For the scenario: data: {{classes: [{', '.join(profile.data_classes)}]}}")
    else:
        console.print("No e-mail address, IBAN, card or telephone number was found. Names are not looked for.")
