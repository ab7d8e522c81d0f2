"""Sheets of what cannot be added up: readiness with its actions, what leaving takes, sovereignty by objective."""

from __future__ import annotations

from collections.abc import Sequence

from millwright.finance.xlsx import Cell, Sheet, Style
from millwright.plan.model import EstimateValue, Option, Plan
from millwright.report.leading import leading
from millwright.report.readiness import readiness_texts
from millwright.report.sheet_rows import Value, add_rows
from millwright.report.sovereign_text import air_gap_text

_FEW_OPTIONS = 20
_NEED_WORDS = {"yes": "can be carried in", "partly": "can be carried in, in part", "no": "cannot be carried in"}


def readiness_sheet(plan: Plan) -> Sheet | None:
    """Return the score of each axis, what options ask for first, and what to do by when at what cost."""
    ready = plan.readiness
    if ready is None:
        return None
    sheet = Sheet("Readiness", widths=(40, 12, 12, 14, 14, 14, 14, 14, 14, 60))
    add_rows(
        sheet,
        ("axis, 0 to 100", "at least", "at most", "questions", "answered", "proven"),
        [
            (each.title, each.low, each.high, float(each.questions), float(each.answered), float(each.proven))
            for each in ready.axes
        ],
    )
    sheet.add()
    for text in readiness_texts(plan):
        sheet.add(Cell(text, style=Style.NOTE))
    conditions = {
        condition.id: (condition, [option for option in plan.options if condition.id in _asked_by(option)])
        for option in plan.options
        for condition in option.conditions
    }
    if conditions:
        sheet.add()
        add_rows(
            sheet,
            ("asked before going live", "state", "options", "", "", "", "", "", "", "what must be seen"),
            [
                (
                    condition.why,
                    condition.state,
                    ", ".join(str(option.rank) for option in options[:_FEW_OPTIONS]),
                    *[None] * 6,
                    condition.needed,
                )
                for condition, options in conditions.values()
            ],
        )
    if ready.actions:
        currency = plan.header.currency
        sheet.add()
        add_rows(
            sheet,
            (
                "to do", "from", "to", "own hours, least", "most", f"once [{currency}], least", "most",
                f"a month [{currency}], least", "most", "who, and what it brings",
            ),
            [
                (
                    each.title, each.start, each.end, each.hours.low, each.hours.high, each.cost.low, each.cost.high,
                    each.cost_per_month.low, each.cost_per_month.high, f"{each.owner}: {each.does}",
                )
                for each in ready.actions
            ],
        )  # fmt: skip
        if ready.more_actions:
            sheet.add(Cell(f"and {ready.more_actions} more: `millwright assess --roadmap`", style=Style.NOTE))
    return sheet


def leaving_sheet(plan: Plan) -> Sheet | None:
    """Return, for the leading options, what leaving takes: in all, and by cause."""
    options = [option for option in leading(plan, _FEW_OPTIONS) if option.exit is not None]
    if not options:
        return None
    currency = plan.header.currency
    sheet = Sheet("Leaving", widths=(6, 46, 14, 14, 14, 16, 16, 80), frozen_rows=1)
    head = (
        "rank",
        "option",
        "cause",
        "months, least",
        "most",
        f"{currency}, least",
        "most",
        "why, or what is not known",
    )
    rows: list[tuple[Value, ...]] = []
    for option in options:
        way_out = option.exit
        assert way_out is not None
        unknown = f" Not known: {'; '.join(way_out.unknown)}." if way_out.unknown else ""
        rows.append((float(option.rank), option.title, "in all", *_ends(way_out.months), *_ends(way_out.cost),
                     f"{way_out.sentence}{unknown}"))  # fmt: skip
        rows += [
            (float(option.rank), option.title, each.cause, *_ends(each.months), *_ends(each.cost), each.why)
            for each in way_out.causes
        ]
    add_rows(sheet, head, rows)
    return sheet


def sovereignty_sheet(plan: Plan) -> Sheet | None:
    """Return, for the leading options, the score and the level of each objective, and whether it can be cut off."""
    options = [option for option in leading(plan, _FEW_OPTIONS) if option.sovereignty is not None]
    if not options:
        return None
    found = [option.sovereignty for option in options if option.sovereignty is not None]
    sheet = Sheet(
        "Sovereignty", widths=(6, 46, 12, 12, 12, 12, *(16 for _ in found[0].objectives), 50, 80), frozen_rows=1
    )
    head = (
        "rank", "option", "score, at least", "at most", "SEAL, at least", "at most",
        *(f"{each.title} ({each.weight:g} %)" for each in found[0].objectives),
        "cut off from outside", "it narrows when you say",
    )  # fmt: skip
    rows = [
        (
            float(option.rank),
            option.title,
            score.score.low,
            score.score.high,
            float(score.seal_low),
            float(score.seal_high),
            *(_levels(each.level_low, each.level_high) for each in score.objectives),
            None if option.air_gap is None else air_gap_text(option.air_gap),
            "; ".join(each.question for each in score.missing),
        )
        for option, score in zip(options, found, strict=True)
    ]
    add_rows(sheet, head, rows)
    _needs(sheet, options)
    return sheet


def _needs(sheet: Sheet, options: Sequence[Option]) -> None:
    """Add what each leading option wants from outside, once where several want the same."""
    wanted: dict[tuple[str, str, str], list[int]] = {}
    for option in options:
        if option.air_gap is not None:
            for need in (*option.air_gap.bring_in, *option.air_gap.cannot):
                wanted.setdefault((need.what, _NEED_WORDS[need.carried_in], need.how), []).append(option.rank)
    if wanted:
        sheet.add()
        rows = [
            (None, what, carried, ", ".join(map(str, ranks)), how) for (what, carried, how), ranks in wanted.items()
        ]
        add_rows(sheet, ("", "wanted from outside", "carried in", "options", "how"), rows)


def _asked_by(option: Option) -> frozenset[str]:
    return frozenset(each.id for each in option.conditions)


def _ends(each: EstimateValue) -> tuple[float, float]:
    return each.low, each.high


def _levels(low: int, high: int) -> Value:
    return float(low) if low == high else f"{low} to {high}"
