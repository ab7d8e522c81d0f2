"""A paper as PDF, set by Typst without any network. Typst gets the texts as data, never as markup."""

from __future__ import annotations

import datetime as dt
import importlib
import json
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from millwright.errors import InputError
from millwright.report.counsel.paper import Bullets, Grid, Heading, Paper, Paragraph, Steps

_TEMPLATE = Path(__file__).parent / "counsel.typ"
_KINDS = {Heading: "heading", Paragraph: "paragraph", Bullets: "bullets", Steps: "steps", Grid: "grid"}


def paper_as_pdf(paper: Paper, made: dt.datetime) -> bytes:
    """Return the paper as PDF; the same paper made at the same moment gives the same bytes.

    Raises InputError when Typst is not installed.
    """
    try:
        typst = importlib.import_module("typst")
    except ImportError as error:
        remedy = "Say: pip install 'millwright[paper]'"
        raise InputError("the paper is set by Typst, which is not installed", "", remedy) from error
    with tempfile.TemporaryDirectory(prefix="millwright-") as folder:
        root = Path(folder)
        shutil.copy(_TEMPLATE, root / _TEMPLATE.name)
        (root / "paper.json").write_text(json.dumps(_content(paper)), encoding="utf-8")
        return bytes(
            typst.compile(root / _TEMPLATE.name, root=root, ignore_system_fonts=True, format="pdf", timestamp=made)
        )


def _content(paper: Paper) -> dict[str, Any]:
    blocks = [{"kind": _KINDS[type(block)], **asdict(block)} for block in paper.blocks]
    return {"title": paper.title, "subtitle": paper.subtitle, "stamp": paper.stamp, "blocks": blocks}
