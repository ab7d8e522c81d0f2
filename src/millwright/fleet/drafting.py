"""Speculative decoding in the search of a replica: which engine offers it, and how it is told to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from string import Template
from typing import Any

from millwright.perf.deployment import Deployment
from millwright.perf.engines import engine_id
from millwright.perf.speculation import Draft

_DATA = Path(__file__).parent / "data" / "drafting.json"


@dataclass(frozen=True)
class DraftSettings:
    """What tells an engine to draft: `flags` for its command line, and what a settings file must hold, if it reads one.

    `source` says who documents them, `date` as of when.
    """

    flags: str
    file: str
    source: str
    date: str


@lru_cache(maxsize=1)
def _engines() -> Mapping[str, Mapping[str, Any]]:
    engines: Mapping[str, Mapping[str, Any]] = json.loads(_DATA.read_text(encoding="utf-8"))["engines"]
    return engines


def _method(deployment: Deployment, draft: Draft) -> Mapping[str, Any] | None:
    method = "" if draft.origin is None else draft.origin.method
    found: Mapping[str, Any] | None = (
        _engines().get(engine_id(deployment.engine.name), {}).get("methods", {}).get(method)
    )
    return found


def offers_draft(deployment: Deployment, draft: Draft) -> bool:
    """Return whether the deployment's engine offers this way of drafting in this layout."""
    method = _method(deployment, draft)
    if method is None or deployment.model.one_pass:
        return False
    return (deployment.pp == 1 or method.get("pipeline", False)) and (
        not deployment.dp_attention or method.get("dp_attention", False)
    )


def draft_settings(deployment: Deployment) -> DraftSettings | None:
    """Return what the engine is told so that it drafts as `deployment` says; None where it does not draft."""
    draft = deployment.draft
    method = None if draft is None else _method(deployment, draft)
    if draft is None or draft.origin is None or method is None:
        return None
    values = {"tokens": draft.tokens, "places": draft.tokens + 1, "checkpoint": draft.origin.checkpoint}
    engine = _engines()[engine_id(deployment.engine.name)]
    return DraftSettings(
        flags=Template(method["flags"]).substitute(values),
        file=Template(method.get("file", "")).substitute(values),
        source=engine["source"],
        date=engine["date"],
    )
