"""Colours and the charts' theme: told apart by the colour-blind, never by colour alone, for light and dark paper."""

from __future__ import annotations

from typing import Any

from millwright.plan.model import Kind

KIND_COLOURS: dict[Kind, str] = {
    Kind.OWNED: "#0072B2",
    Kind.COLO: "#009E73",
    Kind.CLOUD: "#D98200",
    Kind.API: "#B8558E",
    Kind.MIXED: "#7A7F87",
}
"""After Okabe and Ito's palette, darkened where it was too pale for white paper (contrast of 3 on both papers)."""

KIND_SHAPES: dict[Kind, str] = {
    Kind.OWNED: "circle",
    Kind.COLO: "square",
    Kind.CLOUD: "triangle-up",
    Kind.API: "diamond",
    Kind.MIXED: "cross",
}
LINE_COLOURS: tuple[str, ...] = ("#0072B2", "#D55E00", "#009E73", "#B8558E", "#D98200", "#7A7F87")
LINE_DASHES: tuple[tuple[int, ...], ...] = ((1, 0), (8, 3), (3, 3), (10, 3, 2, 3), (5, 2), (12, 3))
CAUSE_COLOURS: tuple[str, ...] = (
    "#0072B2", "#D98200", "#009E73", "#B8558E", "#56A5DC", "#D55E00", "#8C8C2E", "#7A7F87", "#5B4B9A", "#A0522D",
)  # fmt: skip
LIMIT_COLOUR = "#C8371F"
"""The SLO and other limits."""

FONT = "system-ui, -apple-system, 'Segoe UI', 'Liberation Sans', 'DejaVu Sans', sans-serif"


def chart_config(dark: bool = False) -> dict[str, Any]:
    """Return the Vega-Lite config for light or dark paper; the background stays transparent."""
    ink, faint, grid = ("#E4E7EB", "#A9B1BA", "#39414B") if dark else ("#1D2329", "#59626C", "#E1E5E9")
    text = {"labelColor": faint, "titleColor": ink, "labelFont": FONT, "titleFont": FONT, "labelFontSize": 12}
    return {
        "background": None,
        "font": FONT,
        "view": {"stroke": None},
        "axis": {
            **text,
            "titleFontSize": 12,
            "titleFontWeight": "normal",
            "gridColor": grid,
            "domainColor": faint,
            "tickColor": faint,
            "titlePadding": 8,
        },
        "legend": {**text, "titleFontSize": 12, "labelLimit": 0, "symbolStrokeWidth": 2.5},
        "text": {"color": ink, "font": FONT, "fontSize": 12},
        "rule": {"color": faint},
    }
