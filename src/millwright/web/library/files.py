"""The files a request names, from the library."""

from __future__ import annotations

from typing import Any, TypeAlias

from millwright.web.library.store import Library
from millwright.web.work.files import CALIBRATION_FILE
from millwright.web.work.judgements import PLAN_FILE

Files: TypeAlias = tuple[tuple[str, bytes], ...]
"""Names and contents."""


def prepared(library: Library, request: dict[str, Any]) -> tuple[dict[str, Any], Files]:
    """Return the request with every upload it names, by id, and the files; raises NotThereError.

    A scenario names files by their names alone (`trace: trace.csv`). Where a request does not say which upload is
    meant, it is the newest of that name.
    """
    attachments = dict(request.get("attachments") or {})
    scenario = request.get("scenario")
    if isinstance(scenario, str):
        for each in library.attachments():
            if each.name in scenario:
                attachments.setdefault(each.name, each.id)
    found = [(name, library.content(id_)) for name, id_ in attachments.items()]
    if (id_ := request.get("calibration_id")) is not None:
        found.append((CALIBRATION_FILE, library.calibration(id_).text.encode()))
    if (id_ := request.get("plan_id")) is not None:
        found.append((PLAN_FILE, library.plan(id_).plan_json.encode()))
    return ({**request, "attachments": attachments} if attachments else request), tuple(found)
