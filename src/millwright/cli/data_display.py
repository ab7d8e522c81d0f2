"""A profile of data on a terminal: what is wrong first, then what it holds, then what goes into the scenario."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from millwright.quantity import share_text
from millwright.readiness.facets import FieldUse
from millwright.readiness.profile import DataProfile, Lengths
from millwright.readiness.workload_lengths import snippet

MOST_COLUMNS_SHOWN = 20
MOST_BROKEN_SHOWN = 10


def show_profile(profile: DataProfile) -> None:
    """Print a profile; what may identify a person is printed redacted."""
    console = Console(highlight=False, markup=False)
    kind = f", {profile.kind}" if profile.kind != "records" else ""
    size = f"{profile.size_bytes / 1e6:,.1f} MB"
    console.print(f"{profile.file}: {size}, {profile.records:,} records{kind}", style="bold")
    _show_faults(console, profile)
    _show_text(console, profile)
    _show_facets(console, profile)
    _show_columns(console, profile)
    _show_personal(console, profile)
    if text := snippet(profile):
        console.print("For a workload of the scenario (--into SCENARIO puts it there):", style="bold")
        console.print(text, end="", soft_wrap=True)


def _show_faults(console: Console, profile: DataProfile) -> None:
    if profile.empty_records:
        console.print(f"Records that hold no text: {profile.empty_records:,}.")
    if profile.mended:
        console.print(f"Not UTF-8, read as another encoding: {profile.mended:,}. Check them.")
    if profile.broken:
        console.print(f"Left out, since they cannot be read: {profile.broken:,}.", style="yellow")
        for broken in profile.broken_lines[:MOST_BROKEN_SHOWN]:
            console.print(f"  {profile.file}:{broken.line}: {broken.why}")
        if profile.broken > MOST_BROKEN_SHOWN:
            console.print(f"  and {profile.broken - MOST_BROKEN_SHOWN:,} more")


def _show_text(console: Console, profile: DataProfile) -> None:
    records = max(1, profile.records)
    about = "" if profile.repeats_exact else "about "
    console.print(
        f"Duplicates: {about}{share_text(profile.repeats / records, 1)} repeat an earlier record, "
        f"{about}{share_text(profile.template_repeats / records, 1)} but for case, digits, punctuation and spaces; "
        f"near duplicates {share_text(profile.near_duplicate_share, 1)} of a sample of {profile.sample_size:,}."
    )
    languages = ", ".join(f"{name} {share_text(share)}" for name, share in list(profile.languages.items())[:8])
    console.print(f"Languages (sample): {languages or 'none'}.")
    per_token = profile.lengths.chars_per_token
    console.print(f"Lengths in tokens, at {per_token:.1f} characters a token (estimated): {_spread(profile.lengths)}.")
    for name, lengths in (("asked", profile.asked_lengths), ("answered", profile.answered_lengths)):
        if lengths is not None:
            console.print(f"  {name}: {_spread(lengths)}")


def _spread(lengths: Lengths) -> str:
    return (
        f"mean {lengths.mean:,.0f}, p50 {lengths.p50:,.0f}, p95 {lengths.p95:,.0f}, p99 {lengths.p99:,.0f}, "
        f"most {lengths.largest:,.0f}"
    )


def _show_facets(console: Console, profile: DataProfile) -> None:
    fresh = profile.freshness
    if fresh is not None and fresh.dated:
        rest = [f"{fresh.undated:,} without a date"] if fresh.undated else []
        rest += [f"{fresh.unreadable:,} dates cannot be read"] if fresh.unreadable else []
        rest += [f"{fresh.future:,} lie in the future"] if fresh.future else []
        console.print(
            f"Dates: {fresh.first} to {fresh.last}, half before {fresh.median}; older than a year "
            f"{share_text(fresh.older_than_1y)}, than two {share_text(fresh.older_than_2y)}"
            f"{'; ' if rest else ''}{', '.join(rest)}."
        )
    elif fresh is not None:
        console.print(f"Dates: {fresh.unreadable:,} cannot be read.", style="yellow")
    for name, use in (("Licence", profile.licences), ("Source", profile.sources)):
        if use is not None:
            console.print(f"{name}: {_use(use)}")
        elif profile.kind != "prompts":
            console.print(f"{name}: no field tells it.", style="yellow")
    _show_labels(console, profile)
    if profile.splits is not None:
        records = ", ".join(f"{name} {count:,}" for name, count in profile.splits.records.items())
        console.print(f"Splits: {records}.")
        about = "" if profile.splits.exact else "about "
        for first, second, shared in profile.splits.shared:
            if shared:
                text = (
                    f"  {about}{shared:,.0f} inputs stand in both {first} and {second}: they are learnt, then tested."
                )
                console.print(text, style="red")
    for found in profile.contamination:
        lines = ", ".join(f"{theirs} in {ours}" for theirs, ours in found.examples)
        console.print(
            f"{found.reference}: of {found.records:,} inputs {found.exact:,} stand here word for word, {found.near:,} "
            f"more nearly ({share_text(found.share, 1)}){'; lines ' + lines if lines else ''}.",
            style="red" if found.share else "green",
        )
        if found.near_looked_for < found.records:
            console.print(f"  Near ones were looked for among the first {found.near_looked_for:,}.", style="dim")


def _show_labels(console: Console, profile: DataProfile) -> None:
    use = profile.labels
    if use is None:
        return
    if use.labels.filled:
        console.print(f"Labels: {_use(use.labels)}")
    if use.repeated:
        about = "" if use.exact else "about "
        console.print(
            f"  {about}{use.repeated:,.0f} inputs occur more than once, {about}{use.conflicting:,.0f} of them with "
            "different labels or answers.",
            style="yellow" if use.conflicting else "",
        )
    for each in use.variants:
        console.print(f"  written in {len(each)} ways: {', '.join(repr(name) for name in each)}", style="yellow")


def _use(use: FieldUse) -> str:
    most = ", ".join(f"{name[:50]} {count:,}" for name, count in use.most)
    many = f"{use.distinct:,}{'' if use.distinct_is_exact else ' or more'} different"
    missing = f"; {use.empty:,} records without" if use.empty else ""
    return f"{many}{missing}; most: {most}" if use.distinct < use.filled else f"{many}{missing}"


def _show_columns(console: Console, profile: DataProfile) -> None:
    table = Table("Column", "Records", "Types", title="Columns")
    for column in profile.columns[:MOST_COLUMNS_SHOWN]:
        types = ", ".join(f"{name} {count:,}" for name, count in column.types.items())
        table.add_row(column.name[:60], f"{column.records:,}", types)
    console.print(table)
    if len(profile.columns) > MOST_COLUMNS_SHOWN:
        console.print(f"and {len(profile.columns) - MOST_COLUMNS_SHOWN} more columns")


def _show_personal(console: Console, profile: DataProfile) -> None:
    records = max(1, profile.records)
    table = Table("Kind", "Records", "Share", "Finds", "Such as (redacted)", title="Personal data")
    for found in profile.personal:
        examples = "; ".join(f"line {each.line}: {each.redacted}" for each in found.examples)
        share = f"{share_text(found.records / records, 2)}"
        table.add_row(str(found.kind), f"{found.records:,}", share, f"{found.finds:,}", examples)
    if profile.personal:
        console.print(table)
    else:
        console.print("No e-mail address, IBAN, card or telephone number was found. Names are not looked for.")
    for name, columns in profile.class_hints.items():
        if name not in profile.data_classes:
            console.print(f"Perhaps {name} data: there are columns called {', '.join(columns)}.", style="yellow")
