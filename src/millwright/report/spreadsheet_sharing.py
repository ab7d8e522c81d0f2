"""Sheets of what is done together: machines that several workloads share, and fine-tuning beside the serving."""

from __future__ import annotations

from millwright.finance.xlsx import Cell, Sheet, Style
from millwright.plan.model import Plan
from millwright.report.leading import leading
from millwright.report.sheet_rows import Value, add_rows, spread

_FEW_OPTIONS = 20


def sharing_sheet(plan: Plan) -> Sheet | None:
    """Return every kind of machine that was tried for several workloads, and what each workload gets of it."""
    sharing, currency = plan.sharing, plan.header.currency
    if sharing is None:
        return None
    ranks = {option.id: float(option.rank) for option in plan.options}
    sheet = Sheet("Shared machines", widths=(40, 16, 28, 14, 12, 16, 10, 90))
    sheet.add(Cell("in a word", style=Style.NOTE), Cell(sharing.sentence))
    if not sharing.trials:
        return sheet
    sheet.add()
    head = ("machine", "site", "workloads", "how", "machines", f"{currency} a month", "option", "what came of it")
    add_rows(
        sheet,
        head,
        [
            (
                each.title,
                each.site,
                ", ".join(each.workloads),
                each.how or "no way works",
                None if each.machines is None else float(each.machines),
                each.cost_per_month,
                ranks.get(each.option_id or ""),
                each.text,
            )
            for each in sharing.trials
        ],
    )
    lanes: list[tuple[Value, ...]] = [
        (each.title, each.site, lane.workload, lane.what, lane.step_stretch, lane.step_stretch_worst)
        for each in sharing.trials
        for lane in each.lanes
    ]
    if lanes:
        sheet.add()
        add_rows(sheet, ("machine", "site", "workload", "gets", "steps take × on average", "× at worst"), lanes)
    return sheet


def tuning_sheet(plan: Plan) -> Sheet | None:
    """Return where each leading option does the scenario's fine-tuning, how long it takes and what it costs."""
    currency = plan.header.currency
    rows: list[tuple[Value, ...]] = [
        (
            float(option.rank),
            option.title,
            job.job,
            job.workload,
            job.where,
            job.machine,
            *spread(job.run_time),
            job.runs_per_month,
            *spread(job.energy_kwh_per_run),
            job.idle_share,
            job.longest_hours,
            job.cost_per_month,
            job.text,
        )
        for option in leading(plan, _FEW_OPTIONS)
        for job in option.jobs
    ]
    if not rows:
        return None
    head = (
        "rank", "option", "job", "workload", "where", "machine", "run [h] P10", "run [h]", "run [h] P90",
        "runs a month", "kWh a run P10", "kWh a run", "kWh a run P90", "share of the idle hours",
        "longest wait and run [h]", f"{currency} a month", "in words",
    )  # fmt: skip
    sheet = Sheet("Fine-tuning", widths=(6, 40, 18, 18, 18, 28, *(12 for _ in range(10)), 90), frozen_rows=1)
    add_rows(sheet, head, rows)
    return sheet
