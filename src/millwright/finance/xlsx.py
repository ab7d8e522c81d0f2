"""Writes an .xlsx workbook with live formulas: the least of ECMA-376 (SpreadsheetML) that spreadsheets need.

A cell is a text, a number, or a formula with the value it has now. Nothing is read back, and no library is needed.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from millwright.whole_file import write_whole


class Style(IntEnum):
    """Index into the styles written below."""

    PLAIN = 0
    BOLD = 1
    MONEY = 2
    INPUT = 3  # blue on yellow: a cell to change
    NOTE = 4
    FACTOR = 5


@dataclass(frozen=True)
class Cell:
    """One cell; a formula without the leading `=`."""

    value: float | str | None = None
    formula: str | None = None
    style: Style = Style.PLAIN


@dataclass
class Sheet:
    """A sheet: rows of cells, widths of the first columns [characters], and how many rows and columns stay in view."""

    name: str
    rows: list[list[Cell]] = field(default_factory=list)
    widths: Sequence[float] = ()
    frozen_rows: int = 0
    frozen_columns: int = 0

    def add(self, *cells: Cell) -> int:
        """Append a row; return its number, counted from 1."""
        self.rows.append(list(cells))
        return len(self.rows)


MAX_SHEET_NAME = 31


def sheet_name(text: str, taken: Sequence[str]) -> str:
    """Return a sheet name that is allowed (31 characters, none of `[]:*?/\\'`) and not yet taken."""
    base = "".join("-" if sign in "[]:*?/\\'" else sign for sign in text).strip()[:MAX_SHEET_NAME] or "Sheet"
    name, number = base, 2
    while name.lower() in (other.lower() for other in taken):
        suffix = f" {number}"
        name, number = base[: MAX_SHEET_NAME - len(suffix)] + suffix, number + 1
    return name


def column_name(index: int) -> str:
    """Return the letters of a column counted from 0: A, B … Z, AA …"""
    name = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def write_workbook(path: Path, sheets: Sequence[Sheet], *, with_values: bool = True) -> None:
    """Write `sheets` to `path`, whole or not at all. Without values every reader must work the formulas out itself.

    Raises InputError where the file cannot be written.
    """
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in _parts(sheets, with_values).items():
            # A fixed date makes the same workbook the same bytes.
            entry = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, text)
    write_whole(path, content.getvalue())


_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_SHEET_ML = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def _parts(sheets: Sequence[Sheet], with_values: bool) -> dict[str, str]:
    numbers = range(1, len(sheets) + 1)
    kinds = "".join(
        f'<Override PartName="/xl/worksheets/sheet{k}.xml" ContentType="{_SHEET_ML}.worksheet+xml"/>' for k in numbers
    )
    listed = "".join(
        f'<sheet name={quoteattr(sheet.name)} sheetId="{k}" r:id="rId{k}"/>'
        for k, sheet in zip(numbers, sheets, strict=True)
    )
    related = "".join(
        f'<Relationship Id="rId{k}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{k}.xml"/>' for k in numbers
    )
    parts = {
        "[Content_Types].xml": f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_SHEET_ML}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_SHEET_ML}.styles+xml"/>{kinds}</Types>',
        "_rels/.rels": f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{listed}</sheets>'
        '<calcPr calcId="0" fullCalcOnLoad="1"/></workbook>',
        "xl/_rels/workbook.xml.rels": f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{related}'
        f'<Relationship Id="rId{len(sheets) + 1}" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": _STYLES,
    }
    for k, sheet in zip(numbers, sheets, strict=True):
        parts[f"xl/worksheets/sheet{k}.xml"] = _sheet_xml(sheet, with_values)
    return parts


_STYLES = (
    f'{_HEAD}<styleSheet xmlns="{_MAIN}">'
    '<numFmts count="2"><numFmt numFmtId="164" formatCode="#,##0.00"/><numFmt numFmtId="165" formatCode="0.000000"/>'
    "</numFmts>"
    '<fonts count="4"><font><sz val="10"/><name val="Calibri"/></font>'
    '<font><b/><sz val="10"/><name val="Calibri"/></font>'
    '<font><sz val="10"/><color rgb="FF1F4E9E"/><name val="Calibri"/></font>'
    '<font><i/><sz val="9"/><color rgb="FF666666"/><name val="Calibri"/></font></fonts>'
    '<fills count="3"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    '<fill><patternFill patternType="solid"><fgColor rgb="FFFFF8DC"/></patternFill></fill></fills>'
    "<borders><border/></borders>"
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="6">'
    '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="0" fontId="2" fillId="2" borderId="0" xfId="0" applyFont="1" applyFill="1"/>'
    '<xf numFmtId="0" fontId="3" fillId="0" borderId="0" xfId="0" applyFont="1"/>'
    '<xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    "</cellXfs></styleSheet>"
)


def _sheet_xml(sheet: Sheet, with_values: bool) -> str:
    columns = "".join(
        f'<col min="{k}" max="{k}" width="{width}" customWidth="1"/>' for k, width in enumerate(sheet.widths, start=1)
    )
    pane = ""
    if sheet.frozen_rows or sheet.frozen_columns:
        corner = f"{column_name(sheet.frozen_columns)}{sheet.frozen_rows + 1}"
        split = (f' xSplit="{sheet.frozen_columns}"' if sheet.frozen_columns else "") + (
            f' ySplit="{sheet.frozen_rows}"' if sheet.frozen_rows else ""
        )
        where = "bottomRight" if sheet.frozen_rows and sheet.frozen_columns else "bottomLeft"
        pane = f'<pane{split} topLeftCell="{corner}" activePane="{where}" state="frozen"/>'
    rows = "".join(
        f'<row r="{number}">{"".join(_cell_xml(cell, number, k, with_values) for k, cell in enumerate(row))}</row>'
        for number, row in enumerate(sheet.rows, start=1)
    )
    return (
        f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">{pane}</sheetView></sheetViews>'
        f"{f'<cols>{columns}</cols>' if columns else ''}<sheetData>{rows}</sheetData></worksheet>"
    )


def _cell_xml(cell: Cell, row: int, column: int, with_values: bool) -> str:
    place = f'r="{column_name(column)}{row}" s="{int(cell.style)}"'
    if cell.formula is not None:
        known = f"<v>{cell.value!r}</v>" if with_values and isinstance(cell.value, int | float) else ""
        return f"<c {place}><f>{escape(cell.formula)}</f>{known}</c>"
    if isinstance(cell.value, str):
        return f'<c {place} t="inlineStr"><is><t xml:space="preserve">{escape(_printable(cell.value))}</t></is></c>'
    return f"<c {place}/>" if cell.value is None else f"<c {place}><v>{float(cell.value)!r}</v></c>"


def _printable(text: str) -> str:
    return "".join(sign for sign in text if sign >= " " or sign in "\t\n")
