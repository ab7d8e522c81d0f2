"""The workbook holds the plan's own figures, and its one formula agrees with them."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from sample_plan import infeasible_plan, sample_plan
from sample_ready import ready_plan

from millwright.finance.xlsx import Sheet
from millwright.plan.model import Plan
from millwright.report.spreadsheet import sheets_of, write_spreadsheet


def page(plan: Plan, name: str) -> Sheet:
    return next(sheet for sheet in sheets_of(plan) if sheet.name == name)


def column(sheet: Sheet, head: str) -> list[object]:
    index = [cell.value for cell in sheet.rows[0]].index(head)
    return [row[index].value for row in sheet.rows[1:]]


def test_every_option_has_its_figures() -> None:
    plan = sample_plan()
    options = page(plan, "Options")
    unit = f"LCOT [{plan.header.currency}/Mtok]"
    assert column(options, "option") == [option.title for option in plan.options]
    assert column(options, unit) == [option.cost.lcot.value for option in plan.options]
    assert column(options, f"{unit} P10") == [option.cost.lcot.low for option in plan.options]
    assert column(options, "odds of being the cheapest") == [option.cost.probability_best for option in plan.options]


def test_the_present_value_is_that_of_the_months_below_it() -> None:
    plan = sample_plan()
    sheet = page(plan, "Cash flow")
    rate = plan.header.discount_rate_per_year
    months = sheet.rows[6:]
    for index, live in enumerate(sheet.rows[2][1:], start=1):
        paid = [float(row[index].value or 0.0) for row in months]
        by_hand = sum(amount / (1.0 + rate) ** (month / 12) for month, amount in enumerate(paid))
        assert live.value == pytest.approx(by_hand, rel=1e-12)
        assert live.formula is not None
        assert f"7:{'ABCDEFGHIJ'[index]}{6 + len(months)}" in live.formula


def test_each_cause_each_reason_and_each_assumption_is_there() -> None:
    plan = sample_plan()
    assert len(column(page(plan, "Assumptions"), "assumption")) == len(plan.assumptions)
    assert len(column(page(plan, "Refused"), "reason")) == sum(len(each.reasons) for each in plan.refused)
    labels = {cause.label for option in plan.options for cause in option.cost.by_cause}
    assert set(column(page(plan, "By cause"), f"cause, {plan.header.currency} a month")) == labels


def test_readiness_leaving_and_sovereignty_have_sheets_of_their_own() -> None:
    plan = ready_plan()
    assert plan.readiness is not None
    ready = page(plan, "Readiness")
    axes = [[cell.value for cell in row[:3]] for row in ready.rows[1 : 1 + len(plan.readiness.axes)]]
    assert axes == [[each.title, each.low, each.high] for each in plan.readiness.axes]
    cells = [cell.value for row in ready.rows for cell in row]
    assert all(each.title in cells and each.hours.low in cells for each in plan.readiness.actions)
    leaving = page(plan, "Leaving")
    left = [option for option in plan.options if option.exit is not None]
    assert left
    for option in left:
        assert option.exit is not None
        months = [row[3].value for row in leaving.rows[1:] if row[0].value == float(option.rank)]
        assert months == [option.exit.months.low, *(each.months.low for each in option.exit.causes)]
    sovereign = page(plan, "Sovereignty")
    scored = [row for row in sovereign.rows[1:] if row and isinstance(row[0].value, float)]
    scores = {row[0].value: (row[2].value, row[3].value) for row in scored}
    assert scores == {
        float(option.rank): (option.sovereignty.score.low, option.sovereignty.score.high)
        for option in plan.options
        if option.sovereignty is not None
    }


def test_what_a_plan_does_not_judge_has_no_sheet() -> None:
    names = [sheet.name for sheet in sheets_of(infeasible_plan())]
    assert not {"Readiness", "Leaving", "Sovereignty"} & set(names)


def test_a_plan_without_options_has_its_reasons() -> None:
    names = [sheet.name for sheet in sheets_of(infeasible_plan())]
    assert names[0] == "Answer"
    assert "Refused" in names
    assert "Options" not in names


def test_nothing_in_it_is_not_a_number(tmp_path: Path) -> None:
    write_spreadsheet(sample_plan(), tmp_path / "plan.xlsx")
    with zipfile.ZipFile(tmp_path / "plan.xlsx") as archive:
        texts = [archive.read(name).decode() for name in archive.namelist()]
    assert not any(f"<v>{wrong}</v>" in text for text in texts for wrong in ("nan", "inf", "-inf"))
