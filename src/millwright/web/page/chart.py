"""A chart of the report as an element of the page: the same specification, drawn live."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nicegui.element import Element

from millwright.report.palette import chart_config


class Chart(Element, component="static/chart.js"):
    """One figure of the report, as `work.figures` draws it; `show` puts another drawing in its place."""

    def __init__(self, drawn: Mapping[str, Any]) -> None:
        super().__init__()
        self._props["configs"] = {"light": chart_config(), "dark": chart_config(dark=True)}
        self.show(drawn)

    def show(self, drawn: Mapping[str, Any]) -> None:
        """Draw another figure."""
        for name in ("spec", "words", "caption"):
            self._props[name] = drawn[name]
        self.update()
