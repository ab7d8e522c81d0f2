"""A plan as a file to take away: the report, the paper, the workbook, the wiki page; the very files of the command."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from millwright.web.work.fields import Request
from millwright.web.worker import Tell

if TYPE_CHECKING:
    from millwright.plan.model import Plan


class View(StrEnum):
    """The files that can be had of a plan."""

    REPORT = "report.html"
    PAPER = "brief.pdf"
    WORKBOOK = "plan.xlsx"
    WIKI = "plan.md"


MEDIA_TYPES: Mapping[View, str] = {
    View.REPORT: "text/html; charset=utf-8",
    View.PAPER: "application/pdf",
    View.WORKBOOK: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    View.WIKI: "text/markdown; charset=utf-8",
}


class ViewRequest(Request):
    """A plan, and the file that is wanted of it."""

    plan: dict[str, Any] = Field(description="`plan.json`.")
    view: View


def view(asked: ViewRequest, folder: Path, tell: Tell) -> dict[str, str]:
    """Return the file, in base64. Raises ValidationError where the plan is none."""
    from millwright.plan.model import Plan

    file = folder / str(asked.view)
    _writer(asked.view)(Plan.model_validate(asked.plan), file)
    return {"base64": base64.b64encode(file.read_bytes()).decode("ascii")}


def _writer(view: View) -> Callable[[Plan, Path], None]:
    if view is View.PAPER:
        from millwright.report.brief import write_brief

        return write_brief
    if view is View.WORKBOOK:
        from millwright.report.spreadsheet import write_spreadsheet

        return write_spreadsheet
    if view is View.WIKI:
        from millwright.report.markdown import write_markdown

        return write_markdown
    from millwright.report.html import write_html

    return write_html
