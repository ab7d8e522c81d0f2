"""A paper as a Word document: the least of ECMA-376 (WordprocessingML) that word processors need.

Headings carry their level, so that a reader's outline and screen readers find them; tables repeat their head on each
page. Nothing is read back, and no library is needed.
"""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Iterator
from xml.sax.saxutils import escape

from millwright.report.counsel.paper import Bullets, Grid, Heading, Paper, Paragraph, Steps

_TEXT_WIDTH = 9638
"""Between the margins of A4 [twentieths of a point]."""
_MARGIN = 1134
_STEP = 240
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml"


def paper_as_docx(paper: Paper, made: dt.datetime) -> bytes:
    """Return the paper as a .docx file; the same paper made at the same moment gives the same bytes."""
    parts = {
        "[Content_Types].xml": _content_types(),
        "_rels/.rels": _relations({"document": ("officeDocument", "word/document.xml")}, _CORE_LINK),
        "docProps/core.xml": _core(paper, made),
        "word/document.xml": _document(paper),
        "word/_rels/document.xml.rels": _relations(
            {
                "styles": ("styles", "styles.xml"),
                "list": ("numbering", "numbering.xml"),
                "foot": ("footer", "footer.xml"),
            }
        ),
        "word/styles.xml": _styles(),
        "word/numbering.xml": _numbering(),
        "word/footer.xml": _footer(paper),
    }
    buffer = io.BytesIO()
    stamp = (max(1980, made.year), made.month, made.day, made.hour, made.minute, made.second)
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in parts.items():
            entry = zipfile.ZipInfo(name, stamp)
            entry.compress_type = zipfile.ZIP_DEFLATED
            file.writestr(entry, text.encode("utf-8"))
    return buffer.getvalue()


def _document(paper: Paper) -> str:
    body = [_line(paper.title, "Title"), _line(paper.subtitle), _line(paper.stamp, "Stamp")]
    for block in paper.blocks:
        body += _block(block)
    section = (
        '<w:sectPr><w:footerReference w:type="default" r:id="foot"/><w:pgSz w:w="11906" w:h="16838"/>'
        f'<w:pgMar w:top="{_MARGIN}" w:right="{_MARGIN}" w:bottom="{_MARGIN}" w:left="{_MARGIN}" w:header="567" '
        'w:footer="567" w:gutter="0"/></w:sectPr>'
    )
    content = f"<w:body>{''.join(body)}{section}</w:body>"
    return f'{_HEAD}<w:document xmlns:w="{_WORD}" xmlns:r="{_OFFICE}">{content}</w:document>'


def _block(block: Heading | Paragraph | Bullets | Steps | Grid) -> Iterator[str]:
    if isinstance(block, Heading):
        yield _line(block.text, f"Heading{block.level}")
    elif isinstance(block, Paragraph):
        yield _line(block.text, "Quiet" if block.quiet else "")
    elif isinstance(block, Bullets):
        yield from (_line(item, "ListBullet") for item in block.items)
    elif isinstance(block, Steps):
        yield from (_line(line, "TableText", indent=_STEP * depth) for depth, line in block.lines)
    else:
        yield _table(block)
        yield _line("")  # two tables in a row would become one


def _table(table: Grid) -> str:
    total = sum(table.widths)
    widths = [width * _TEXT_WIDTH // total for width in table.widths]
    rows = [_table_row(table.heads, widths, head=True), *(_table_row(row, widths) for row in table.rows)]
    columns = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    layout = f'<w:tblStyle w:val="Lines"/><w:tblW w:w="{sum(widths)}" w:type="dxa"/><w:tblLayout w:type="fixed"/>'
    return f"<w:tbl><w:tblPr>{layout}</w:tblPr><w:tblGrid>{columns}</w:tblGrid>{''.join(rows)}</w:tbl>"


def _table_row(cells: tuple[str, ...], widths: list[int], *, head: bool = False) -> str:
    style = "TableHead" if head else "TableText"
    texts = "".join(
        f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/></w:tcPr>{_line(cell, style)}</w:tc>'
        for cell, width in zip(cells, widths, strict=True)
    )
    return f"<w:tr>{'<w:trPr><w:tblHeader/></w:trPr>' if head else ''}{texts}</w:tr>"


def _line(text: str, style: str = "", indent: int = 0) -> str:
    properties = f'<w:pStyle w:val="{style}"/>' if style else ""
    properties += f'<w:ind w:left="{indent}"/>' if indent else ""
    properties = f"<w:pPr>{properties}</w:pPr>" if properties else ""
    run = f'<w:r><w:t xml:space="preserve">{_clean(text)}</w:t></w:r>' if text else ""
    return f"<w:p>{properties}{run}</w:p>"


def _clean(text: str) -> str:
    """Return text without the control characters that XML forbids, white space folded."""
    allowed = "".join(sign if sign >= " " and sign not in "\ufffe\uffff" else " " for sign in text)
    return escape(" ".join(allowed.split()))


def _footer(paper: Paper) -> str:
    number = '<w:fldSimple w:instr="PAGE"><w:r><w:t>1</w:t></w:r></w:fldSimple>'
    page = f'<w:r><w:t xml:space="preserve"> Page </w:t></w:r>{number}'
    line = _line(paper.stamp, "Quiet").replace("</w:p>", f"{page}</w:p>")
    return f'{_HEAD}<w:ftr xmlns:w="{_WORD}">{line}</w:ftr>'


def _styles() -> str:
    paragraphs = (
        ("Title", "Title", 40, True, 120, ""),
        ("Heading1", "heading 1", 28, True, 240, "0"),
        ("Heading2", "heading 2", 24, True, 200, "1"),
        ("Heading3", "heading 3", 21, True, 160, "2"),
        ("Stamp", "Stamp", 18, False, 120, ""),
        ("Quiet", "Quiet", 16, False, 60, ""),
        ("TableHead", "Table head", 17, True, 20, ""),
        ("TableText", "Table text", 18, False, 20, ""),
        ("ListBullet", "List Bullet", 21, False, 40, ""),
    )
    styles = [
        '<w:docDefaults><w:rPrDefault><w:rPr><w:rFonts w:ascii="Calibri" w:hAnsi="Calibri" w:cs="Calibri"/>'
        '<w:sz w:val="21"/><w:lang w:val="en-GB"/></w:rPr></w:rPrDefault><w:pPrDefault><w:pPr><w:spacing w:after="80"/>'
        "</w:pPr></w:pPrDefault></w:docDefaults>"
        '<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/></w:style>'
    ]
    for id_, name, size, bold, before, outline in paragraphs:
        level = f'<w:keepNext/><w:spacing w:before="{before}"/><w:outlineLvl w:val="{outline}"/>' if outline else ""
        level = level or f'<w:spacing w:before="{before}"/>'
        if id_ == "ListBullet":
            level = f'<w:numPr><w:numId w:val="1"/></w:numPr>{level}'
        styles.append(
            f'<w:style w:type="paragraph" w:styleId="{id_}"><w:name w:val="{name}"/><w:basedOn w:val="Normal"/>'
            f'<w:pPr>{level}</w:pPr><w:rPr>{"<w:b/>" if bold else ""}<w:sz w:val="{size}"/></w:rPr></w:style>'
        )
    edges = "".join(
        f'<w:{side} w:val="single" w:sz="4" w:color="B8C0C8"/>'
        for side in ("top", "left", "bottom", "right", "insideH", "insideV")
    )
    styles.append(
        '<w:style w:type="table" w:styleId="Lines"><w:name w:val="Lines"/><w:tblPr><w:tblBorders>'
        f"{edges}</w:tblBorders></w:tblPr></w:style>"
    )
    return f'{_HEAD}<w:styles xmlns:w="{_WORD}">{"".join(styles)}</w:styles>'


def _numbering() -> str:
    level = (
        '<w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/><w:lvlText w:val="•"/><w:pPr><w:ind w:left="360" w:hanging="240"/>'
        "</w:pPr></w:lvl>"
    )
    return (
        f'{_HEAD}<w:numbering xmlns:w="{_WORD}"><w:abstractNum w:abstractNumId="0">{level}</w:abstractNum>'
        '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num></w:numbering>'
    )


def _core(paper: Paper, made: dt.datetime) -> str:
    moment = made.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return (
        f'{_HEAD}<cp:coreProperties xmlns:cp="{_PACKAGE}/metadata/core-properties" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<dc:title>{_clean(paper.title)}</dc:title>"
        f'<dcterms:created xsi:type="dcterms:W3CDTF">{moment}</dcterms:created></cp:coreProperties>'
    )


def _content_types() -> str:
    kinds = {
        "/word/document.xml": f"{_TYPE}.document.main+xml",
        "/word/styles.xml": f"{_TYPE}.styles+xml",
        "/word/numbering.xml": f"{_TYPE}.numbering+xml",
        "/word/footer.xml": f"{_TYPE}.footer+xml",
        "/docProps/core.xml": "application/vnd.openxmlformats-package.core-properties+xml",
    }
    parts = "".join(f'<Override PartName="{name}" ContentType="{kind}"/>' for name, kind in kinds.items())
    return (
        f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
        f'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>{parts}</Types>'
    )


_CORE_LINK = (
    f'<Relationship Id="core" Type="{_PACKAGE}/relationships/metadata/core-properties" Target="docProps/core.xml"/>'
)


def _relations(targets: dict[str, tuple[str, str]], more: str = "") -> str:
    links = "".join(
        f'<Relationship Id="{id_}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for id_, (kind, target) in targets.items()
    )
    return f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{links}{more}</Relationships>'
