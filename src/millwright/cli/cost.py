"""`millwright cost`: prices a hand-written cash-flow case alone, without any prediction."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from millwright.errors import InputError
from millwright.whole_file import check_writable

if TYPE_CHECKING:
    from collections.abc import Callable

    from millwright.finance.pricing import PricedFile


def cost(
    case: Annotated[str, typer.Argument(help="The cost case (YAML), or preset:NAME for a public study.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON only.")] = False,
    explain: Annotated[
        str | None, typer.Option("--explain", metavar="FIGURE", help="Drill down: lcot, npv, hardware, energy …")
    ] = None,
    export: Annotated[
        Path | None, typer.Option("--export", help="Write .xlsx (live formulas) or .csv (FOCUS columns).")
    ] = None,
    futures: Annotated[bool, typer.Option("--futures", help="Show every option under named futures.")] = False,
    studies: Annotated[
        bool, typer.Option("--studies", help="Set public studies beside the case, and what moves their answer.")
    ] = False,
    bill: Annotated[
        Path | None, typer.Option("--bill", help="Lay a FOCUS or OpenCost bill (CSV) beside the plan, by cause.")
    ] = None,
    option: Annotated[str | None, typer.Option("--option", help="The option meant; default: the cheapest.")] = None,
    draws: Annotated[int, typer.Option(min=64, max=1_000_000, help="Draws of the uncertain inputs.")] = 10_000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draws.")] = 0,
) -> None:
    """Price a cash-flow case: LCOT, present value, odds, and where one option overtakes another."""
    from millwright.cli import cost_display as display
    from millwright.finance.account import account, explanation_account, studies_account
    from millwright.finance.account import explain as explained
    from millwright.finance.case import CaseError
    from millwright.finance.case_file import read_case_file
    from millwright.finance.presets import PREFIX, read_preset
    from millwright.finance.pricing import price_file

    write = None if export is None else _writer(export)
    file = read_preset(case.removeprefix(PREFIX)).file if case.startswith(PREFIX) else read_case_file(Path(case))
    if option is not None and option not in file.options:
        raise InputError(f"there is no option '{option}'", case, f"It has {', '.join(file.options)}.")
    try:
        priced = price_file(file, draws, seed)
    except CaseError as error:
        raise InputError(str(error), case) from None
    if export is not None and write is not None:
        write(priced, export)
    chosen = option or priced.ranked[0].name
    if bill is not None:
        _compare_bill(priced, chosen, bill, as_json)
        return
    explanation = None if explain is None else explained(priced, explain, chosen)
    if as_json:
        document = account(priced)
        if studies:
            document["studies"] = studies_account()
        if explanation is not None:
            document["explanation"] = explanation_account(explanation)
        typer.echo(json.dumps(document, indent=1, allow_nan=False, ensure_ascii=False))
    elif explanation is not None:
        display.show_explanation(explanation)
    elif studies:
        display.show_studies(priced)
    elif futures:
        display.show_futures(priced)
    else:
        display.show_ranking(priced)


def _writer(path: Path) -> Callable[[PricedFile, Path], None]:
    from millwright.finance.focus_export import export_focus
    from millwright.finance.workbook import export_workbook

    writers: dict[str, Callable[[PricedFile, Path], None]] = {".xlsx": export_workbook, ".csv": export_focus}
    if path.suffix.lower() not in writers:
        raise InputError(f"'{path.suffix}' is no format to export to", str(path), "End the name in .xlsx or .csv.")
    check_writable(path)
    return writers[path.suffix.lower()]


def _compare_bill(priced: PricedFile, option: str, path: Path, as_json: bool) -> None:
    from millwright.cli.cost_display import show_bill
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
    show_bill(option, bill, rows)
