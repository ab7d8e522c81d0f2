"""brief.pdf: the plan as a paper of four to six pages that a board can read, set by Typst without any network.

Typst gets the texts as data, never as markup: nothing in a scenario can form a heading, a link or a command.
"""

from __future__ import annotations

import datetime
import importlib
import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from millwright.errors import InputError
from millwright.plan.model import Plan
from millwright.report.brief_content import brief_content
from millwright.report.brief_room import Room
from millwright.report.figures import Figure, figures
from millwright.whole_file import write_whole

_TEMPLATE = Path(__file__).parent / "templates" / "brief.typ"
_CHART_WIDTH, _CHART_HEIGHT = 580, 160
_HALF_WIDTH, _HALF_HEIGHT = 290, 150
"""Two charts of latency stand beside each other."""
_ROW_SHRINKS_TO = 0.82
"""The paper has less room: rows of a bar chart stand closer than on the page."""
_IN_ROWS = ("lcot", "cost-by-cause")
_OPTIONS_DRAWN = 6

LEAST_PAGES, MOST_PAGES = 4, 6
_SHARES = (1.0, 0.85, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2)
"""How much of the longest paper is tried, until it fits."""
_GROWING_SHARES = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0)
_LAST_PAGE_FILLED = 0.25
"""A last page with less than this on it is none: the paper is cut instead."""


@dataclass(frozen=True, slots=True)
class _End:
    """Where the text ends: on which page, and how far down it (0 to 1)."""

    page: int
    filled: float


def write_brief(plan: Plan, path: Path) -> None:
    """Write the paper to `path`; the file is either whole or what was there before. Raises InputError without Typst."""
    write_whole(path, render_brief(plan))


def render_brief(plan: Plan) -> bytes:
    """Return the paper as PDF, no longer than `MOST_PAGES`. Raises InputError when Typst is not installed."""
    try:
        typst = importlib.import_module("typst")
    except ImportError as error:
        remedy = "Say: pip install 'millwright[paper]'"
        raise InputError("the paper is set by Typst, which is not installed", "", remedy) from error

    with tempfile.TemporaryDirectory(prefix="millwright-") as folder:
        root = Path(folder)
        shutil.copy(_TEMPLATE, root / "brief.typ")
        drawn = figures(plan, _OPTIONS_DRAWN)
        for figure in drawn:
            (root / f"{figure.name}.pdf").write_bytes(_chart_pdf(figure))
        _fit(plan, drawn, root, typst)
        # Only the fonts inside Typst: the paper looks the same on every machine.
        return bytes(
            typst.compile(
                root / "brief.typ",
                root=root,
                ignore_system_fonts=True,
                format="pdf",
                timestamp=_moment(plan.header.created),
            )
        )


def _fit(plan: Plan, drawn: tuple[Figure, ...], root: Path, typst: Any) -> None:
    """Lay down the texts of the longest paper that fits; rather a shorter one than one that ends in a few lines.

    Where nothing is feasible there is nothing to compare, and more is told of what was refused and assumed.
    """
    fitting = ""
    for share in _SHARES if plan.options else _GROWING_SHARES:
        text = json.dumps(brief_content(plan, drawn, Room(share)), allow_nan=False)
        (root / "brief.json").write_text(text, encoding="utf-8")
        end = _end(root, typst)
        if end.page <= MOST_PAGES:
            fitting = fitting or text
            if end.page >= LEAST_PAGES and end.filled >= _LAST_PAGE_FILLED:
                return
    (root / "brief.json").write_text(fitting or text, encoding="utf-8")


def _end(root: Path, typst: Any) -> _End:
    found = typst.query(root / "brief.typ", "<end>", root=root, field="value", one=True, ignore_system_fonts=True)
    return _End(**json.loads(found))


def _chart_pdf(figure: Figure) -> bytes:
    import vl_convert

    from millwright.report.charts import with_theme

    spec = with_theme(figure.chart)
    width, height = _CHART_WIDTH, _CHART_HEIGHT
    if figure.name in _IN_ROWS:
        height = round(_ROW_SHRINKS_TO * spec["height"])
    elif figure.section == "latency":
        width, height = _HALF_WIDTH, _HALF_HEIGHT
    return bytes(vl_convert.vegalite_to_pdf({**spec, "width": width, "height": height}))


def _moment(created: str) -> datetime.datetime:
    """Return the plan's date, so that the same plan gives the same paper; the epoch where it is no date."""
    try:
        moment = datetime.datetime.fromisoformat(created)
    except ValueError:
        return datetime.datetime.fromtimestamp(0, datetime.UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
