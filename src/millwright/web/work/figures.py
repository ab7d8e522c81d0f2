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
    "Each point is an option. The dashed line joins those that nothing beats in these two; the paler ones are beaten "
    "in cost, latency, carbon and sovereignty at once, as far as they are known. Thin lines are 80 % intervals of the "
    "others; for sovereignty, what missing facts leave open. An option of which one of the two is not known is not "
    "shown."
)
TRADE = "trade"
"""How the names of these charts begin; the two measures follow."""


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
    from millwright.report.trade_chart import axes, trade_chart

    with schemapi.debug_mode(False):  # the charts are our own and tested: to validate them takes longer than to draw
        found = [*figures(plan, FEW_OPTIONS)]
        for across, up in axes(plan):
            words = f"{across.capitalize()} against {up}. {TRADE_CAPTION}"
            chart = trade_chart(plan, across, up)
            found.append(Figure(f"{TRADE} {across} {up}", TRADE, chart, TRADE_CAPTION, words))
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
