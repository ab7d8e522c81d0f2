"""What every page has around it: head, navigation, the way past it, and the page's own script and style."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape

from nicegui import ui

from millwright import __version__
from millwright.web.page.strings import t

STATIC = f"/page/{__version__}"
"""Where the page's own files are served; the version lets browsers keep them."""

_THEME = (
    "document.documentElement.dataset.theme=localStorage.getItem('millwright-theme')||'auto';"
    "document.documentElement.lang='en';"
)
"""Before anything is painted, so that a dark page never flashes white."""

_SPOKEN = (
    "recomputing",
    "up_to_date",
    "link_copied",
    "chart_menu",
    "go_to_line",
    "sim_wait",
    "sim_prompt",
    "sim_write",
)


@contextmanager
def shell(current: str, title: str, layout: str = "single") -> Iterator[None]:
    """Lay out one page; what is made inside stands in its main part."""
    told = {"words": {key: t(key) for key in _SPOKEN}, "vega": f"{STATIC}/vega.js"}
    ui.page_title(f"{title} · {t('brand')}")
    ui.add_head_html(
        f"<script>{_THEME}</script>"
        f'<link rel="stylesheet" href="{STATIC}/page.css">'
        f'<script type="application/json" id="millwright-page">{json.dumps(told)}</script>'
        f'<script defer src="{STATIC}/page.js"></script>'
    )
    ui.html(_navigation(current), sanitize=False, tag="header").classes("top")
    with ui.element("main").classes(layout).props('id=content tabindex="-1"'):
        yield


def block(html: str, tag: str = "section", classes: str = "sheet", labelled: str = "") -> ui.html:
    """Return a part of a page whose HTML can be replaced; `labelled` is the id of its heading."""
    made = ui.html(html, sanitize=False, tag=tag).classes(classes)
    return made.props(f"aria-labelledby={labelled}") if labelled else made


def _navigation(current: str) -> str:
    links = (
        ("library", "/", t("nav_library")),
        ("new", "/new", t("nav_new")),
        ("readiness", "/readiness", t("nav_readiness")),
        ("simulation", "/simulation", t("nav_simulation")),
        ("catalogue", "/catalogue", t("nav_catalogue")),
        ("api", "/api-docs", t("nav_api")),
    )
    listed = "".join(
        f'<a href="{href}"{" aria-current=page" if name == current else ""}>{escape(text)}</a>'
        for name, href, text in links
    )
    return (
        f'<a class="skip" href="#content">{escape(t("skip"))}</a>'
        f'<nav aria-label="{escape(t("nav"))}"><a class="brand" href="/">{escape(t("brand"))}</a>{listed}'
        f'<button type="button" class="do push" data-act="theme">{escape(t("nav_theme"))}</button></nav>'
    )
