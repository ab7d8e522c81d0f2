"""The charts of a plan as Vega-Lite specifications: the report's, ready to be drawn by a page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from millwright.web.work.fields import Request
from millwright.web.worker import Tell

if TYPE_CHECKING:
    from millwright.plan.model import Plan

FEW_OPTIONS = 6
"""Options in a bar chart of the page: as many as it shows cards."""


TRADE_CAPTION = (
    "Each point is an option. Those on the dashed line are beaten by none in cost, latency and carbon at once; the "
    "paler ones are. An API's latency is not known, so no API is shown."
)


class FiguresRequest(Request):
    """A plan, to be drawn."""

    plan: dict[str, Any] = Field(description="`plan.json`.")


def draw(asked: FiguresRequest, folder: Path, tell: Tell) -> dict[str, Any]:
    """Return the charts of a plan; raises ValidationError where it is none."""
    from millwright.plan.model import Plan

    return {"figures": drawn(Plan.model_validate(asked.plan))}


def drawn(plan: Plan) -> list[dict[str, Any]]:
    """Return every chart that the plan has something for: its name, section, specification, caption and words."""
    from altair.utils import schemapi

    from millwright.report.figures import Figure, figures
    from millwright.report.trade_chart import trade_chart

    with schemapi.debug_mode(False):  # the charts are our own and tested: to validate them takes longer than to draw
        trade = trade_chart(plan)
        found = [*figures(plan, FEW_OPTIONS)]
        if trade is not None:
            found.append(Figure("trade", "trade", trade, TRADE_CAPTION, f"Cost against latency. {TRADE_CAPTION}"))
        return [
            {
                "name": figure.name,
                "section": figure.section,
                "spec": {k: v for k, v in figure.chart.to_dict(validate=False).items() if k != "config"},
                "caption": figure.caption,
                "words": figure.alt,
            }
            for figure in found
        ]
