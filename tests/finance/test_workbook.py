"""The workbook is valid, and a spreadsheet that works it out anew finds our LCOT."""

import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millwright.finance.case_file import case_from_document, read_case_file
from millwright.finance.pricing import PricedFile, price_file
from millwright.finance.workbook import export_workbook
from millwright.finance.xlsx import MAX_SHEET_NAME, Cell, Sheet, column_name, sheet_name, write_workbook
from millwright.finance.yaml_lines import parse_document

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "cost-cases"
_NS = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}

ALL_ITEMS = """\
case: Every item
currency: EUR
horizon_months: 30
discount_rate_per_y: 7 %
inflation_per_y: 2 %
demand: {input_tokens: {start: 5e8, growth_per_y: 40 %}, output_tokens: 1e8, requests: 1e5}
options:
  "lease: it's one":
    - hosts:
        {hosts: {per_tokens: 4e8}, price: 9e4, life_months: 24, residual_share: 20 %, financing: lease,
         credit: {rate_per_y: 6 %, term_months: 24, down_payment_share: 10 %, balloon_share: 15 %}, source: offer}
  loan:
    - hosts:
        {hosts: {per_tokens: 4e8, spares: 1}, price: 9e4, life_months: 20, residual_share: 20 %, install: 900,
         duty_share: 3 %, irrecoverable_vat_share: 19 %, maintenance_share_per_y: 8 %, decommission: 300,
         price_drift_per_y: -10 %, financing: loan, source: offer,
         credit: {rate_per_y: 5 %, term_months: 18, down_payment_share: 10 %, balloon_share: 20 %}}
    - hosts:
        {cause: interest-free, hosts: 2, price: 5e4, life_months: .inf, residual_share: -5 %, financing: loan,
         source: offer, credit: {rate_per_y: 0, term_months: 36}}
    - energy: {hosts: 3, idle_w: 500, peak_w: 5000, utilisation: 30 %, tariff_per_kwh: 0.2, pue: 1.4,
               demand_charge_per_kw_month: 9, source: tariff}
    - colocation: {committed_kw: 20, price_per_kw_month: 180, remote_hands_h_per_month: 2,
                   remote_hands_price_per_h: 150, source: offer}
    - rented: {instances: {start: 1, growth_per_y: 100 %}, price_per_h: 20, committed_instances: 1,
               committed_price_per_h: 12, upfront: 1000, source: list}
    - api_tokens: {input_price_per_mtok: 1, output_price_per_mtok: 4, cached_input_price_per_mtok: 0.1,
                   cached_share: 40 %, batch_share: 10 %, drift_per_y: -20 %, share: 20 %, source: list}
    - staff: {fte: 0.5, cost_per_fte_y: 1e5, on_call_floor_fte: 2, turnover_per_y: 10 %,
              replacement_cost_share: 50 %, source: payroll}
    - per_unit: {units: 16, price_per_unit_month: 375, source: list}
    - per_mtok: {price_per_mtok: 0.05, source: list}
    - fixed: {cause: migration, upfront: 2e4, per_month: 100, at_end: 500, source: offer}
"""


def priced_text(text: str) -> PricedFile:
    return price_file(case_from_document(parse_document(text.replace("life_months: .inf", "life_months: 1e9"))), 64)


def cells(path: Path, sheet: int = 1) -> dict[str, tuple[str | None, float | None]]:
    with zipfile.ZipFile(path) as archive:
        root = ET.fromstring(archive.read(f"xl/worksheets/sheet{sheet}.xml"))
    found = {}
    for cell in root.iterfind(".//m:c", _NS):
        formula, value = cell.find("m:f", _NS), cell.find("m:v", _NS)
        number = None if value is None or cell.get("t") in {"s", "str", "e"} else float(value.text or "nan")
        found[str(cell.get("r"))] = (None if formula is None else formula.text, number)
    return found


def test_every_amount_of_the_workbook_is_a_formula(tmp_path: Path) -> None:
    found = priced_text(ALL_ITEMS)
    export_workbook(found, tmp_path / "case.xlsx")
    for number, option in enumerate(found.options, start=2):
        formulas = [formula for formula, _ in cells(tmp_path / "case.xlsx", number).values() if formula]
        assert len(formulas) > len(option.flow.lines) * 31
        assert all(":" in part.split(")")[0] for text in formulas for part in text.split("SUMPRODUCT(")[1:])
        assert not re.search(r"(?<![A-Z$'!])[a-z_]{2,}", " ".join(formulas).replace("'", ""))


def test_the_same_case_gives_the_same_bytes(tmp_path: Path) -> None:
    found = priced_text(ALL_ITEMS)
    for name in ("a.xlsx", "b.xlsx"):
        export_workbook(found, tmp_path / name)
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice (soffice) is not installed")
@pytest.mark.parametrize("case", ["every item", "hospital", "small-office"])
def test_libreoffice_recalculates_to_the_same_lcot(tmp_path: Path, case: str) -> None:
    found = (
        priced_text(ALL_ITEMS) if case == "every item" else price_file(read_case_file(EXAMPLES / f"{case}.yaml"), 64)
    )
    export_workbook(found, tmp_path / "ours.xlsx", with_values=False)
    assert cells(tmp_path / "ours.xlsx")["B5"][1] is None
    command = ["soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to", "xlsx"]
    subprocess.run([*command, "--outdir", tmp_path / "out", tmp_path / "ours.xlsx"], check=True, timeout=120)
    recalculated = cells(tmp_path / "out" / "ours.xlsx")
    for row, option in enumerate(found.options, start=5):
        figures = option.figures
        expected = (figures.lcot_per_mtok, figures.lcot_real_per_mtok, figures.npv_cost, figures.total_cost)
        assert [recalculated[f"{column}{row}"][1] for column in "BCDE"] == pytest.approx(expected, rel=1e-9)
        theirs = cells(tmp_path / "out" / "ours.xlsx", row - 3)
        export_workbook(found, tmp_path / "with.xlsx")
        for place, (formula, value) in cells(tmp_path / "with.xlsx", row - 3).items():
            if formula is not None:
                assert theirs[place][1] == pytest.approx(value, rel=1e-9, abs=1e-6), (place, formula)


@given(st.text(max_size=60), st.lists(st.text(min_size=1, max_size=31), max_size=3))
def test_a_sheet_name_is_always_allowed_and_new(text: str, taken: list[str]) -> None:
    name = sheet_name(text, taken)
    assert 1 <= len(name) <= MAX_SHEET_NAME
    assert not set(name) & set("[]:*?/\\'")
    assert name.lower() not in {other.lower() for other in taken}


def test_columns_are_counted_like_a_spreadsheet_does() -> None:
    assert [column_name(k) for k in (0, 25, 26, 51, 52, 701, 702)] == ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]


def test_texts_are_escaped(tmp_path: Path) -> None:
    sheet = Sheet("a & b")
    sheet.add(Cell("<&>\x00"), Cell(1.0, 'IF(1<2,1,0)&""'))
    write_workbook(tmp_path / "x.xlsx", [sheet])
    assert cells(tmp_path / "x.xlsx")["B1"] == ('IF(1<2,1,0)&""', 1.0)


def test_nothing_half_written_is_left(tmp_path: Path) -> None:
    class Broken(Sheet):
        @property
        def rows(self) -> list[list[Cell]]:  # type: ignore[override]
            raise RuntimeError("stopped")

        @rows.setter
        def rows(self, value: list[list[Cell]]) -> None: ...

    with pytest.raises(RuntimeError):
        write_workbook(tmp_path / "x.xlsx", [Broken("a")])
    assert list(tmp_path.iterdir()) == []
