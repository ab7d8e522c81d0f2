"""The plan as a workbook for whoever keeps the money: options, cash flow, causes, break-even, assumptions, refusals;
and what stands beside the money: readiness, the way out, sovereignty.

Figures are the plan's own. On the cash-flow sheet the discount rate is a cell to change, and the present value of each
option's months follows by formula.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from millwright.finance.xlsx import Cell, Sheet, Style, column_name, write_workbook
from millwright.plan.model import Option, Plan
from millwright.report.leading import leading
from millwright.report.mix_text import PART_HEAD, part_rows, proof_texts
from millwright.report.sheet_rows import Value, add_rows, cell, spread
from millwright.report.spreadsheet_judgements import leaving_sheet, readiness_sheet, sovereignty_sheet
from millwright.report.spreadsheet_sharing import sharing_sheet, tuning_sheet
from millwright.report.wording import DECISION_WORDS, KIND_WORDS, ORIGIN_WORDS, STAGE_WORDS, VERDICT_WORDS, odds_text
from millwright.spans import MONTHS_PER_YEAR

_FEW_OPTIONS = 8


def write_spreadsheet(plan: Plan, path: Path) -> None:
    """Write `plan` to `path` (.xlsx), whole or not at all. Raises InputError where the file cannot be written."""
    write_workbook(path, sheets_of(plan))


def sheets_of(plan: Plan) -> list[Sheet]:
    """Return the sheets; those that would be empty are left out."""
    pages = (_answer(plan), _options(plan), _mixed_fleet(plan), _cash_flow(plan), _causes(plan), _break_even(plan))
    together = (sharing_sheet(plan), tuning_sheet(plan))
    judged = (readiness_sheet(plan), leaving_sheet(plan), sovereignty_sheet(plan))
    return [page for page in (*pages, *together, *judged, _assumptions(plan), _refused(plan)) if page is not None]


def _answer(plan: Plan) -> Sheet:
    header, answer = plan.header, plan.answer
    sheet = Sheet("Answer", widths=(30, 110))
    sheet.add(Cell(header.scenario_name, style=Style.BOLD))
    sheet.add(Cell(answer.sentence))
    sheet.add()
    rows: list[tuple[str, Value]] = [
        ("decision", DECISION_WORDS[answer.decision]),
        ("odds that it is the cheapest", odds_text(answer.probability) if answer.option_id is not None else None),
        *(("would turn it", turn.sentence) for turn in answer.turns),
        *((f"next step {number}", step) for number, step in enumerate(answer.next_steps, start=1)),
        *((f"workload {each.name}", f"{each.model}; {each.traffic}") for each in plan.workloads),
        *(("mind", warning) for warning in plan.warnings),
        ("currency", header.currency),
        ("horizon [months]", float(header.horizon_months)),
        ("made", f"{header.created} by Millwright {header.millwright_version}, scenario {header.scenario_hash}"),
        ("catalogue, rules", f"{header.catalogue_date}, {header.rule_base_version} as of {header.rules_as_of}"),
        ("note", header.disclaimer),
    ]
    for name, value in rows:
        sheet.add(Cell(name, style=Style.NOTE), cell(value))
    return sheet


def _options(plan: Plan) -> Sheet | None:
    currency = plan.header.currency
    money = (f"LCOT [{currency}/Mtok]", f"to buy [{currency}]", f"a month [{currency}]", f"present cost [{currency}]")
    heads = (
        "rank", "option", "how", "sites", "machines", *(f"{name} {q}" for name in money for q in ("P10", "", "P90")),
        "odds of being the cheapest", "law", "FTE", "mean power [kW]",
    )  # fmt: skip
    rows = [
        (
            float(option.rank),
            option.title,
            KIND_WORDS[option.kind],
            ", ".join(dict.fromkeys(part.site for part in option.fleet)),
            float(sum(part.hosts for part in option.fleet)),
            *spread(option.cost.lcot),
            *spread(option.cost.capex),
            *spread(option.cost.opex_per_month),
            *spread(option.cost.npv_of_costs),
            option.cost.probability_best,
            VERDICT_WORDS[option.law.verdict],
            option.people.fte.value,
            None if option.power.power_mean_w is None else option.power.power_mean_w.value / 1e3,
        )
        for option in plan.options
    ]
    return _table("Options", [head.strip() for head in heads], rows, (6, 46, 14, 16, 10))


def _mixed_fleet(plan: Plan) -> Sheet | None:
    mix, currency = plan.mix, plan.header.currency
    if mix is None:
        return None
    sheet = Sheet("Mixed fleet", widths=(46, 16, 22, 16, 16, 60))
    sheet.add(Cell("in a word", style=Style.NOTE), Cell(mix.sentence))
    sheet.add(Cell(f"cost [{currency} a month]", style=Style.NOTE), cell(mix.cost_per_month))
    sheet.add(Cell("over the best single offer, less one", style=Style.NOTE), cell(mix.against_single))
    sheet.add(Cell("gap to the best there could be", style=Style.NOTE), cell(mix.gap))
    for text in (*proof_texts(mix), *mix.warnings):
        sheet.add(Cell("proof" if text not in mix.warnings else "mind", style=Style.NOTE), Cell(text))
    tables: tuple[tuple[tuple[str, ...], list[tuple[Value, ...]]], ...] = (
        (PART_HEAD, [*part_rows(mix)]),
        (
            ("To buy, reserve or use", "Machines", "What to do", "From month", "To month", "Sold then"),
            [
                (each.title, float(each.count), each.action, float(each.first_month), float(each.last_month),
                 "yes" if each.sold else "no")
                for each in mix.purchases
            ],
        ),
        (
            ("Limit", f"{currency} a month", "of the cost", "", "", "in words"),
            [
                (" and ".join(each.limits), each.per_month, each.share, None, None, each.sentence)
                for each in mix.limit_costs
            ],
        ),
    )  # fmt: skip
    for heads, rows in tables:
        if rows:
            sheet.add()
            add_rows(sheet, heads, rows)
    return sheet


def _cash_flow(plan: Plan) -> Sheet | None:
    options = [option for option in leading(plan, _FEW_OPTIONS) if option.cost.cash_flow]
    if not options:
        return None
    sheet = Sheet("Cash flow", widths=(26, *(22 for _ in options)), frozen_rows=6, frozen_columns=1)
    rate = sheet.add(
        Cell("discount rate per year", style=Style.NOTE),
        Cell(plan.header.discount_rate_per_year, style=Style.INPUT),
        Cell("change it: the present values below follow", style=Style.NOTE),
    )
    last = max(month.month for option in options for month in option.cost.cash_flow)
    first_row = 7
    columns = [_paid(option, last) for option in options]
    sheet.add(Cell(f"option, {plan.header.currency}", style=Style.BOLD), *(_title(option) for option in options))
    sheet.add(
        Cell("present value of the months below", style=Style.NOTE),
        *(_present_value(column, index, first_row, rate, plan) for index, column in enumerate(columns, start=1)),
    )
    sheet.add(
        Cell("the plan's present cost", style=Style.NOTE),
        *(Cell(option.cost.npv_of_costs.value, style=Style.MONEY) for option in options),
    )
    sheet.add()
    sheet.add(Cell("month (0: before the start)", style=Style.BOLD), *(Cell("paid, central") for _ in options))
    for month in range(last + 1):
        sheet.add(Cell(float(month)), *(Cell(column[month], style=Style.MONEY) for column in columns))
    return sheet


def _paid(option: Option, last: int) -> list[float]:
    paid = {month.month: month.cost for month in option.cost.cash_flow}
    return [paid.get(month, 0.0) for month in range(last + 1)]


def _present_value(column: Sequence[float], index: int, first_row: int, rate_row: int, plan: Plan) -> Cell:
    """Return the sum of each month's payment over (1 + rate) to the power of its years, live."""
    letter, end = column_name(index), first_row + len(column) - 1
    span, months = f"{letter}{first_row}:{letter}{end}", f"$A{first_row}:$A{end}"
    formula = f"SUMPRODUCT({span},(1+$B${rate_row})^(-{months}/{MONTHS_PER_YEAR}))"
    rate = plan.header.discount_rate_per_year
    value = sum(paid * (1.0 + rate) ** (-month / MONTHS_PER_YEAR) for month, paid in enumerate(column))
    return Cell(value, formula, Style.MONEY)


def _causes(plan: Plan) -> Sheet | None:
    options = leading(plan, _FEW_OPTIONS)
    causes = {cause.cause: cause.label for option in options for cause in option.cost.by_cause}
    rows: list[tuple[Value, ...]] = []
    for name, label in causes.items():
        monthly = [
            next((each.per_month for each in option.cost.by_cause if each.cause == name), 0.0) for option in options
        ]
        rows.append((label, *monthly))
    heads = [f"cause, {plan.header.currency} a month", *(f"{option.rank}. {option.title}" for option in options)]
    return _table("By cause", heads, rows, (30, *(22 for _ in options)))


def _break_even(plan: Plan) -> Sheet | None:
    rows = [
        (
            option.title,
            each.against_title,
            *spread(each.demand_multiple),
            *spread(each.month),
            each.probability,
            each.sentence,
        )
        for option in plan.options
        for each in option.cost.break_even
    ]
    heads = (
        "option", "against", "demand P10 [× today]", "demand", "demand P90", "month P10", "month", "month P90",
        "probability within the horizon", "in words",
    )  # fmt: skip
    return _table("Break-even", heads, rows, (40, 40, 14, 10, 12, 12, 10, 12, 14, 90))


def _assumptions(plan: Plan) -> Sheet | None:
    rows = [
        (
            each.label or each.path,
            str(each.value) if isinstance(each.value, bool) else each.value,
            each.low,
            each.high,
            each.unit,
            f"{'stale, ' if each.stale else ''}{ORIGIN_WORDS[each.origin]}",
            each.quality,
            each.source_title,
            each.date,
            each.path,
            each.note,
        )
        for each in plan.assumptions
    ]
    heads = ("assumption", "value", "P10", "P90", "unit", "origin", "quality", "source", "date", "change it at", "note")
    return _table("Assumptions", heads, rows, (40, 16, 12, 12, 16, 14, 8, 40, 12, 36, 60))


def _refused(plan: Plan) -> Sheet | None:
    rows = [
        (each.title, each.workload, each.site, STAGE_WORDS[reason.stage], reason.text)
        for each in plan.refused
        for reason in each.reasons
    ]
    return _table("Refused", ("option", "workload", "site", "stage", "reason"), rows, (40, 16, 16, 14, 110))


def _table(name: str, heads: Sequence[str], rows: Iterable[Sequence[Value]], widths: Sequence[float]) -> Sheet | None:
    sheet = Sheet(name, widths=widths, frozen_rows=1)
    add_rows(sheet, heads, rows)
    return sheet if len(sheet.rows) > 1 else None


def _title(option: Option) -> Cell:
    return Cell(f"{option.rank}. {option.title}", style=Style.BOLD)
