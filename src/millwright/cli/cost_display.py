"""What `millwright cost` shows in a terminal: ranking, futures, studies, a figure explained, a bill beside the plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from millwright.quantity import share_text

if TYPE_CHECKING:
    from millwright.finance.account import Explanation
    from millwright.finance.bill import Bill, PlanAgainstActual
    from millwright.finance.pricing import BreakEven, PricedFile

_FAULTS_SHOWN = 50
"""Faulty rows of a bill that a terminal shows."""


def show_ranking(priced: PricedFile) -> None:
    """Print the ranking, what it is made of, where options overtake one another, and what is worth knowing."""
    console = _console()
    file, found = priced.file, priced.comparison
    drawn = f"{len(found.u):,} draws of {len(file.inputs)} uncertain inputs" if file.inputs else "nothing uncertain"
    console.print(f"[bold]{_safe(file.name)}[/bold]: {file.horizon_months} months, {file.currency}, {drawn}\n")
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("option", f"LCOT [{file.currency}/Mtok]", "80 % between", "present cost", "best in"):
        table.add_column(name, justify="left" if name == "option" else "right")
    for entry in priced.ranked:
        table.add_row(
            _safe(entry.name),
            _money(entry.lcot.p50),
            f"{_money(entry.lcot.p10)} – {_money(entry.lcot.p90)}",
            _money(entry.cost.p50),
            _share(found.probability_best[entry.name]),
        )
    console.print(table)
    console.print()
    for entry in priced.ranked:
        total = float(entry.figures.npv_cost)
        parts = sorted(entry.figures.npv_by_cause.items(), key=lambda pair: -float(pair[1]))
        causes = ", ".join(f"{_safe(cause)} {_share(float(worth) / total)}" for cause, worth in parts) if total else "-"
        console.print(f"{_safe(entry.name)}: {causes}")
    for line in (*_after_tax_lines(priced), *_carbon_lines(priced)):
        console.print(line)
    console.print()
    for crossing in priced.break_evens:
        console.print(_break_even_text(crossing))
    worth_knowing = [(name, worth) for name, worth in found.value_of_knowing.items() if worth > 0.0][:3]
    if worth_knowing:
        names = ", ".join(f"{_safe(name)} ({_money(worth)} {file.currency})" for name, worth in worth_knowing)
        console.print(f"\nWorth measuring or negotiating first: {names}.")
    elif len(priced.options) > 1 and file.inputs:
        console.print("\nKnowing any single input better would not change the choice.")
    shares = [f"{_safe(entry.input)} {_share(entry.total)}" for entry in priced.sensitivities[:4] if entry.total > 0.01]
    if shares and priced.rivals is not None:
        console.print(
            f"What moves '{_safe(priced.rivals[0])}' against '{_safe(priced.rivals[1])}': {', '.join(shares)} "
            "of the variance (with interactions)."
        )
    doubtful = [_safe(entry.name) for entry in file.inputs if entry.quality == "C"]
    if doubtful:
        console.print(f"Claimed or assumed (quality C): {', '.join(doubtful)}.")
    console.print("Drill down with --explain lcot, --explain hardware …")


def _after_tax_lines(priced: PricedFile) -> list[str]:
    tax = priced.file.tax
    if tax is None:
        return []
    shown = [
        f"{_safe(entry.name)} {_money(float(entry.after_tax.lcot_per_mtok))}"
        for entry in priced.ranked
        if entry.after_tax is not None
    ]
    return [f"After tax at {_share(float(tax.rate))}: {', '.join(shown)} {priced.file.currency}/Mtok."]


def _carbon_lines(priced: PricedFile) -> list[str]:
    return [
        f"{_safe(entry.name)}: {float(entry.carbon.total_kg) / 1000.0:,.3g} t CO2e, "
        f"{float(entry.carbon.g_per_mtok):,.3g} g/Mtok (what the case gives figures for)."
        for entry in priced.ranked
        if entry.carbon.total_kg is not None and entry.carbon.g_per_mtok is not None
    ]


def show_futures(priced: PricedFile) -> None:
    """Print every option under every named future."""
    from millwright.finance.pricing import smallest_worst_regret

    console = _console()
    console.print(f"[bold]{_safe(priced.file.name)}[/bold]: LCOT [{priced.file.currency}/Mtok] at the median inputs\n")
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("future")
    names = [option.name for option in priced.ranked]
    for name in names:
        table.add_column(_safe(name), justify="right")
    for entry in priced.futures:
        shown = [_money(entry.lcot_per_mtok[name]) + (" *" if name == entry.best else "  ") for name in names]
        table.add_row(_safe(entry.future.name), *shown)
    console.print(table)
    option, regret = smallest_worst_regret(priced.futures)
    console.print("\n* cheapest. Futures are what-ifs without a probability:")
    for entry in priced.futures[1:]:
        console.print(f"  {_safe(entry.future.name)}: {_safe(entry.future.says)}")
    more = f"{_money(regret)} {priced.file.currency} more than the best"
    console.print(f"Smallest regret in the worst future: {_safe(option)} ({more}).")


def show_studies(priced: PricedFile) -> None:
    """Print public studies beside the case: theirs, ours, and what moves their answer."""
    from millwright.finance.presets import preset_names, read_preset, reproduce, steps

    console = _console()
    console.print(f"[bold]{_safe(priced.file.name)}[/bold] (this case, {priced.file.currency})")
    for option in priced.ranked:
        console.print(f"  {_safe(option.name)}: {_money(option.figures.lcot_per_mtok)} per Mtok")  # type: ignore[arg-type]
    for preset in map(read_preset, preset_names()):
        console.print(f"\n[bold]{_safe(preset.title)}[/bold], {preset.date}\n{preset.url}")
        console.print(f"Covers: {_safe(preset.scope)}\nFound: {_safe(preset.finding)}")
        table = Table(box=None, padding=(0, 2, 0, 0))
        for name in ("published", "", "theirs", "ours", "difference"):
            table.add_column(name, justify="left" if name in {"published", ""} else "right")
        for found in reproduce(preset):
            entry = found.published
            who = f"{entry.option} against {entry.against}" if entry.against else entry.option
            ours = "never" if found.ours is None else _money(found.ours)
            off = "" if found.difference is None else f"{100 * found.difference:+,.1f} %"
            table.add_row(_safe(f"{entry.figure} [{entry.unit}]"), _safe(who), _money(entry.value), ours, off)
        console.print(table)
        table = Table(box=None, padding=(0, 2, 0, 0))
        for name in ("one assumption changed", "LCOT owned", "break-even"):
            table.add_column(name, justify="left" if name == "one assumption changed" else "right")
        for step in steps(preset):
            months = "never" if step.break_even_months is None else f"{step.break_even_months:.3g} months"
            table.add_row(_safe(step.says), _money(step.lcot_per_mtok), months)
        console.print(table)


def _break_even_text(found: BreakEven) -> str:
    option, baseline = _safe(found.option), _safe(found.baseline)
    if found.month == 0 and found.payback_month == 0 and found.irr_per_y is None and found.never_share == 0.0:
        return f"{option}: never dearer than {baseline}, from the first month on."
    if found.demand_p50 is None:
        return f"{option}: never cheaper than {baseline}, up to 1,000 times this demand."
    share = _share(found.never_share)
    never = f"; never up to 1,000× in {share} of the draws" if found.never_share > 0.0 else ""
    if found.cheaper_now:
        when = "from the start" if found.month == 0 else f"from month {found.month}"
        since = "" if found.month is None else f", ahead {when}"
        return f"{option}: cheaper than {baseline} at this demand{since}{never}."
    span = f"80 % between {_times(found.demand_p10)} and {_times(found.demand_p90)}"
    if found.demand_factor is None:
        return f"{option}: overtakes {baseline} in some draws only, not at the medians ({span}{never})."
    return f"{option}: overtakes {baseline} from {_times(found.demand_factor)} this demand ({span}{never})."


def show_explanation(found: Explanation) -> None:
    """Print a figure with its formula and every line under it."""
    from millwright.finance.account import shown_input

    console = _console()
    value = "not stated by the case" if found.value is None else f"{_money(found.value)} {found.unit}"
    console.print(f"[bold]{_safe(found.figure)}[/bold] of '{_safe(found.option)}' = {value}")
    console.print(f"  = {_safe(found.formula)}")
    for name, term in found.terms.items():
        console.print(f"  {_safe(name)} = {term:,.6g}")
    console.print("\nPresent value of each line, at the median inputs:")
    for line, worth in found.lines:
        console.print(f"\n{_money(worth):>14}  {_safe(line.cause)}: {_safe(line.part)}")
        console.print(f"{'':16}= {_safe(line.formula)}")
        for entry in line.inputs:
            console.print(f"{'':18}{_safe(shown_input(entry))}")
        dated = f", {_safe(line.date)}" if line.date else ""
        console.print(f"{'':16}source: {_safe(line.source)}{dated}")


def show_bill(option: str, bill: Bill, rows: tuple[PlanAgainstActual, ...]) -> None:
    """Print plan and bill by cause, and the rows that could not be read."""
    console = _console()
    console.print(
        f"'{_safe(option)}' against {bill.rows_read:,} rows of the bill, {bill.months[0]} to {bill.months[-1]}, "
        f"{bill.currency}; {len(bill.faults):,} rows could not be read"
    )
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("cause", "planned", "billed", "difference"):
        table.add_column(name, justify="left" if name == "cause" else "right")
    for row in rows:
        table.add_row(_safe(row.cause), _money(row.planned), _money(row.actual), _money(row.difference))
    console.print(table)
    for fault in bill.faults[:_FAULTS_SHOWN]:
        console.print(f"line {fault.line}: {_safe(fault.reason)}")
    if len(bill.faults) > _FAULTS_SHOWN:
        console.print(f"… and {len(bill.faults) - _FAULTS_SHOWN:,} more; --json lists them all")


def _console() -> Console:
    return Console(highlight=False, soft_wrap=True)


def _safe(text: str) -> str:
    return escape(text)


def _money(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1_000.0 else f"{value:,.4g}"


def _share(value: float) -> str:
    return f"{share_text(value)}" if value == 0.0 or abs(value) >= 0.01 else "< 1 %"


def _times(factor: float | None) -> str:
    return "?" if factor is None else f"{factor:,.3g}×"
