from pathlib import Path

import pytest
from cost_case_samples import case_of
from hypothesis import given
from hypothesis import strategies as st

from millwright.errors import InputError
from millwright.finance.bill import plan_against_actual, planned_by_month, read_bill
from millwright.finance.case import Fixed, OwnedHosts, Rented
from millwright.finance.case_file import read_case_file
from millwright.finance.cash_flow import cash_flow
from millwright.finance.focus_export import COLUMNS, export_focus, month_start
from millwright.finance.pricing import price_file

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "cost-cases"
HEADER = "ChargePeriodStart,BilledCost,EffectiveCost,BillingCurrency,ServiceCategory\n"


def bill_file(folder: Path, rows: str, header: str = HEADER) -> Path:
    path = folder / "bill.csv"
    path.write_text(header + rows, encoding="utf-8")
    return path


def test_a_bill_is_summed_by_cause_and_month(tmp_path: Path) -> None:
    bill = read_bill(
        bill_file(
            tmp_path,
            "2027-01-01T00:00:00Z,10,8,EUR,Compute\n"
            "2027-01-15T00:00:00Z,5,4.5,EUR,Compute\n"
            "2027-02-01T00:00:00Z,1,1,EUR,AI and Machine Learning\n"
            "2027-02-01T00:00:00Z,2,-2,EUR,Something New\n",
        )
    )
    assert bill.months == ("2027-01", "2027-02")
    assert {cause: amounts.tolist() for cause, amounts in bill.by_cause.items()} == {
        "rent": [12.5, 0.0],
        "api tokens": [0.0, 1.0],
        "other": [0.0, -2.0],
    }
    assert (bill.rows, bill.rows_read, bill.faults) == (4, 4, ())


def test_another_cost_can_be_asked_for(tmp_path: Path) -> None:
    path = bill_file(tmp_path, "2027-01-01T00:00:00Z,10,8,EUR,Compute\n")
    assert read_bill(path, cost_column="BilledCost").total == 10.0
    with pytest.raises(InputError, match="no column 'ListCost'"):
        read_bill(path, cost_column="ListCost")


def test_every_row_that_cannot_be_read_is_listed_by_line(tmp_path: Path) -> None:
    good = "2027-01-01T00:00:00Z,1,1,EUR,Compute\n"
    wrong = [
        ("2027-01-01T00:00:00Z,1,free,EUR,Compute\n", "'free' is no cost"),
        ("2027-01-01T00:00:00Z,1,,EUR,Compute\n", "the cost is empty"),
        ("2027-01-01T00:00:00Z,1,nan,EUR,Compute\n", "no finite cost"),
        ("first of May,1,1,EUR,Compute\n", "is no date"),
        ("2027-13-01T00:00:00Z,1,1,EUR,Compute\n", "is no date"),
        ("2027-01-01T00:00:00Z,1,1,USD,Compute\n", "in USD, the bill is in EUR"),
        ("2027-01-01T00:00:00Z,1,1,Euro,Compute\n", "is no currency"),
        ("2027-01-01T00:00:00Z,1,1,EUR\n", "4 fields, the header has 5"),
        ("2027-01-01T00:00:00Z,1,1,EUR,a,b\n", "6 fields, the header has 5"),
        ('2027-01-01T00:00:00Z,1,1,EUR,"Compute\n', "no CSV"),
    ]
    bill = read_bill(bill_file(tmp_path, good + "".join(row + good for row, _ in wrong)))
    assert [fault.line for fault in bill.faults] == [3 + 2 * k for k in range(len(wrong))]
    for fault, (_, reason) in zip(bill.faults, wrong, strict=True):
        assert reason in fault.reason
    assert bill.rows_read == len(wrong) + 1
    assert bill.total == pytest.approx(len(wrong) + 1)


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\n\x00"), max_size=40), max_size=20))
def test_no_row_is_dropped_in_silence(tmp_path_factory: pytest.TempPathFactory, rows: list[str]) -> None:
    path = bill_file(tmp_path_factory.mktemp("bill"), "".join(f"{row}\n" for row in rows))
    bill = read_bill(path)
    assert bill.rows == sum(bool(row) for row in rows)
    assert bill.rows_read + len(bill.faults) == bill.rows


def test_a_field_may_hold_line_ends(tmp_path: Path) -> None:
    bill = read_bill(bill_file(tmp_path, '2027-01-01T00:00:00Z,1,1,EUR,"Com\npute"\nx,1,1,EUR,Compute\n'))
    assert bill.rows_read == 1
    assert [fault.line for fault in bill.faults] == [4]


def test_opencost_rows_come_already_split(tmp_path: Path) -> None:
    header = "name,start,end,cpuCost,gpuCost,ramCost,pvCost,networkCost,totalCost\n"
    path = bill_file(tmp_path, "llm,2027-01-01T00:00:00Z,2027-01-02T00:00:00Z,1,20,2,3,0.5,26.5\n", header)
    bill = read_bill(path, currency="USD")
    assert {cause: float(amounts.sum()) for cause, amounts in bill.by_cause.items()} == {
        "rent": 23.0,
        "storage": 3.0,
        "network": 0.5,
    }
    with pytest.raises(InputError, match="names no currency"):
        read_bill(path)


@pytest.mark.parametrize(("text", "said"), [("", "empty"), ("a,b\n1,2\n", "neither 'ChargePeriodStart'")])
def test_what_is_no_bill_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_bill(bill_file(tmp_path, "", text))


def test_a_plan_billed_as_planned_differs_by_nothing(tmp_path: Path) -> None:
    priced = price_file(read_case_file(EXAMPLES / "hospital.yaml"), 64)
    export_focus(priced, tmp_path / "all.csv")
    rows = (tmp_path / "all.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    at = COLUMNS.index("x_Option")
    for option in priced.options:
        own = [row for row in rows[1:] if f",{option.name}," in row]
        assert at > 0
        path = tmp_path / "one.csv"
        path.write_text(rows[0] + "".join(own), encoding="utf-8")
        bill = read_bill(path)
        assert bill.faults == ()
        assert bill.total == pytest.approx(option.figures.total_cost, rel=1e-9)
        for row in plan_against_actual(option.flow, "2027-01", bill):
            assert row.difference == pytest.approx(0.0, abs=1e-6)


def test_plan_against_actual_by_hand(tmp_path: Path) -> None:
    flow = cash_flow(case_of(Rented("rent", "q", 1.0, 2.0, 730.0), Fixed("audit", "q", upfront=100.0), months=3))
    rows = "2027-02-01,1500,1500,EUR,Compute\n2027-03-01,1400,1400,EUR,Compute\n2026-11-01,999,999,EUR,Compute\n"
    found = plan_against_actual(flow, "2027-01", read_bill(bill_file(tmp_path, rows)))
    # only February and March are in both: 2 · 1,460 planned, 2,900 billed; the audit of January is in neither
    assert [(row.cause, row.planned, row.actual) for row in found] == [("rent", 2_920.0, 2_900.0), ("audit", 0.0, 0.0)]


def test_a_purchase_belongs_to_the_month_that_begins() -> None:
    flow = cash_flow(case_of(OwnedHosts("hardware", "q", 1.0, 50.0, 2.0), months=4))
    assert planned_by_month(flow)["hardware"].tolist() == [50.0, 0.0, 50.0, 0.0]


def test_bill_and_plan_must_share_currency_and_months(tmp_path: Path) -> None:
    flow = cash_flow(case_of(Fixed("x", "q", per_month=1.0), months=3))
    with pytest.raises(InputError, match="the plan is in EUR, the bill in USD"):
        plan_against_actual(flow, "2027-01", read_bill(bill_file(tmp_path, "2027-01-01,1,1,USD,Compute\n")))
    with pytest.raises(InputError, match="Set the case's 'start'"):
        plan_against_actual(flow, "2027-01", read_bill(bill_file(tmp_path, "2020-01-01,1,1,EUR,Compute\n")))


def test_months_are_counted_over_the_turn_of_the_year() -> None:
    assert [month_start("2027-11", k)[:7] for k in (0, 1, 2, 14)] == ["2027-11", "2027-12", "2028-01", "2029-01"]
