"""Sections of a page as HTML: templates with the report's own words and number formats; every text is escaped."""

from __future__ import annotations

import math
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from millwright.plan.model import EstimateValue
from millwright.report import wording
from millwright.report.format import assumption_value, number_text, percent, probability_percent, shown_estimate
from millwright.report.leading import ranks_text
from millwright.report.mix_text import gap_text, held_text, machines_text, period_cell, period_head, purchase_texts
from millwright.report.ranking import settings_text
from millwright.report.sovereign_text import missing_words, narrowing_text, sovereignty_line
from millwright.web.page.strings import t

_BEFORE_PER_CENT = re.compile(r"(?<=\d) %")
"""A number and its sign stay on one line."""
_PROSE = ("answer", "options", "compare", "law", "binds", "rest", "mix", "formulas")
"""Templates without fields: what stands in a field may go back into a scenario, as it was."""

_TEMPLATES = Path(__file__).parent / "templates"


def render(template: str, **context: Any) -> str:
    """Return `templates/{template}.html.j2` filled in."""
    html = _environment().get_template(f"{template}.html.j2").render(**context)
    return _BEFORE_PER_CENT.sub("\N{NO-BREAK SPACE}%", html) if template in _PROSE else html


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        t=t,
        kind_words=wording.KIND_WORDS,
        verdict_words=wording.VERDICT_WORDS,
        verdict_marks=wording.VERDICT_MARKS,
        decision_words=wording.DECISION_WORDS,
        stage_words=wording.STAGE_WORDS,
        origin_words=wording.ORIGIN_WORDS,
        basis_words=wording.BASIS_WORDS,
    )
    environment.filters.update(
        shown=shown_estimate,
        bare=_bare,
        low=lambda value: number_text(value.low, value.unit),
        high=lambda value: number_text(value.high, value.unit),
        money=lambda value: number_text(value),
        figure=figure,
        percent=percent,
        percent_odds=probability_percent,
        odds=wording.odds_text,
        value=assumption_value,
        ranks=ranks_text,
        finding_words=wording.finding_words,
        missing_words=missing_words,
        sovereignty_line=sovereignty_line,
        narrowing_text=narrowing_text,
        settings=settings_text,
        coded=_coded,
        gap_text=gap_text,
        held_text=held_text,
        machines_text=machines_text,
        period_cell=period_cell,
        period_head=period_head,
        purchase_texts=purchase_texts,
        safe_link=lambda url: url.lower().startswith(("https://", "http://")),
    )
    return environment


def _coded(text: str) -> Markup:
    """Return a text of ours with what stands in backticks set as code; everything is escaped."""
    parts = [escape(part) for part in text.split("`")]
    closed = len(parts) % 2 == 1
    marked = [
        Markup("<code>{}</code>").format(part) if number % 2 and closed else part for number, part in enumerate(parts)
    ]
    return Markup("" if closed else "`").join(marked)


def _bare(estimate: EstimateValue) -> str:
    """Return value and unit without the interval."""
    return number_text(estimate.value, estimate.unit)


def figure(value: float) -> str:
    """Return a number as an input field holds it: no thousands separators, no needless digits."""
    if not math.isfinite(value):
        return ""
    return f"{value:.9g}" if abs(value) < 1e6 else f"{value:.0f}"
