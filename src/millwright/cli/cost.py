"""`millwright cost`: prices a hand-written cash-flow case alone, without any prediction."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from millwright.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from millwright.finance.account import Explanation
    from millwright.finance.bill import Bill, PlanAgainstActual
    from millwright.finance.pricing import BreakEven, PricedFile


_FAULTS_SHOWN = 50
"""Faulty rows of a bill that a terminal shows."""


def cost(
    case: Annotated[Path, typer.Argument(help="The cost case (YAML); see examples/cost-cases.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON only.")] = False,
    explain: Annotated[
        str | None, typer.Option("--explain", metavar="FIGURE", help="Drill down: lcot, npv, hardware, energy …")
    ] = None,
    export: Annotated[
        Path | None, typer.Option("--export", help="Write .xlsx (live formulas) or .csv (FOCUS columns).")
    ] = None,
    futures: Annotated[bool, typer.Option("--futures", help="Show every option under named futures.")] = False,
    bill: Annotated[
        Path | None, typer.Option("--bill", help="Lay a FOCUS or OpenCost bill (CSV) beside the plan, by cause.")
    ] = None,
    option: Annotated[str | None, typer.Option("--option", help="The option meant; default: the cheapest.")] = None,
    draws: Annotated[int, typer.Option(min=64, max=1_000_000, help="Draws of the uncertain inputs.")] = 10_000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draws.")] = 0,
) -> None:
    """Price a cash-flow case: LCOT, present value, odds, and where one option overtakes another."""
    from millwright.finance.account import account
    from millwright.finance.account import explain as explained
    from millwright.finance.case import CaseError
    from millwright.finance.case_file import read_case_file
    from millwright.finance.pricing import price_file

    file = read_case_file(case)
    if option is not None and option not in file.options:
        raise InputError(f"there is no option '{option}'", str(case), f"It has {', '.join(file.options)}.")
    try:
        priced = price_file(file, draws, seed)
    except CaseError as error:
        raise InputError(str(error), str(case)) from None
    if export is not None:
        _export(priced, export)
    chosen = option or priced.ranked[0].name
    if bill is not None:
        _compare_bill(priced, chosen, bill, as_json)
        return
    explanation = None if explain is None else explained(priced, explain, chosen)
    if as_json:
        document = account(priced)
        if explanation is not None:
            document["explanation"] = _explanation_json(explanation)
        typer.echo(json.dumps(document, indent=1, allow_nan=False, ensure_ascii=False))
    elif explanation is not None:
        _show_explanation(explanation)
    elif futures:
        _show_futures(priced)
    else:
        _show(priced)


def _export(priced: PricedFile, path: Path) -> None:
    from millwright.finance.focus_export import export_focus
    from millwright.finance.workbook import export_workbook

    writers = {".xlsx": export_workbook, ".csv": export_focus}
    writer = writers.get(path.suffix.lower())
    if writer is None:
        raise InputError(f"'{path.suffix}' is no format to export to", str(path), "End the name in .xlsx or .csv.")
    try:
        writer(priced, path)
    except OSError as error:
        raise InputError(
            f"the file cannot be written ({error.strerror})", str(path), "Check folder and rights."
        ) from None


def _compare_bill(priced: PricedFile, option: str, path: Path, as_json: bool) -> None:
    from millwright.finance.bill import plan_against_actual, read_bill
    from millwright.finance.focus_export import DEFAULT_START

    bill = read_bill(path, currency=priced.file.currency)
    [flow] = [entry.flow for entry in priced.options if entry.name == option]
    rows = plan_against_actual(flow, priced.file.start or DEFAULT_START, bill)
    if as_json:
        document = {
            "option": option,
            "currency": bill.currency,
            "months": list(bill.months),
            "rows": {"read": bill.rows_read, "faulty": len(bill.faults)},
            "faults": [{"line": fault.line, "reason": fault.reason} for fault in bill.faults],
            "causes": [
                {"cause": row.cause, "planned": row.planned, "actual": row.actual, "difference": row.difference}
                for row in rows
            ],
        }
        typer.echo(json.dumps(document, indent=1, allow_nan=False, ensure_ascii=False))
        return
    _show_bill(option, bill, rows)


def _show_bill(option: str, bill: Bill, rows: tuple[PlanAgainstActual, ...]) -> None:
    from rich.table import Table

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


def _explanation_json(found: Explanation) -> dict[str, object]:
    return {
        "option": found.option,
        "figure": found.figure,
        "value": found.value,
        "unit": found.unit,
        "formula": found.formula,
        "terms": dict(found.terms),
        "lines": [
            {"cause": line.cause, "part": line.part, "present_value": worth, "formula": line.formula}
            for line, worth in found.lines
        ],
    }


def _console() -> Console:
    from rich.console import Console

    return Console(highlight=False, soft_wrap=True)


def _show(priced: PricedFile) -> None:
    from rich.table import Table

    console = _console()
    file, found = priced.file, priced.comparison
    console.print(
        f"[bold]{_safe(file.name)}[/bold]: {file.horizon_months} months, {file.currency}, {len(found.u):,} draws of "
        f"{len(file.inputs)} uncertain inputs\n"
    )
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
    console.print()
    for crossing in priced.break_evens:
        console.print(_break_even_text(crossing))
    worth_knowing = [(name, worth) for name, worth in found.value_of_knowing.items() if worth > 0.0][:3]
    if worth_knowing:
        names = ", ".join(f"{_safe(name)} ({_money(worth)} {file.currency})" for name, worth in worth_knowing)
        console.print(f"\nWorth measuring or negotiating first: {names}.")
    elif len(priced.options) > 1:
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


def _show_futures(priced: PricedFile) -> None:
    from rich.table import Table

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


def _break_even_text(found: BreakEven) -> str:
    option, baseline = _safe(found.option), _safe(found.baseline)
    if found.demand_p50 is None:
        return f"{option}: never cheaper than {baseline}, whatever the demand."
    never = f"; never in {_share(found.never_share)} of the draws" if found.never_share > 0.0 else ""
    if found.cheaper_now:
        when = "from the start" if found.month == 0 else f"from month {found.month}"
        since = "" if found.month is None else f", ahead {when}"
        return f"{option}: cheaper than {baseline} at this demand{since}{never}."
    factor = found.demand_factor
    at = "not at the median inputs" if factor is None else f"from {_times(factor)} this demand"
    span = f"80 % between {_times(found.demand_p10)} and {_times(found.demand_p90)}"
    return f"{option}: overtakes {baseline} {at} ({span}{never})."


def _show_explanation(found: Explanation) -> None:
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


def _safe(text: str) -> str:
    from rich.markup import escape

    return escape(text)


def _money(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1_000.0 else f"{value:,.4g}"


def _share(value: float) -> str:
    return f"{value:.0%}" if value == 0.0 or abs(value) >= 0.01 else "<1%"


def _times(factor: float | None) -> str:
    return "?" if factor is None else f"{factor:,.3g}×"
