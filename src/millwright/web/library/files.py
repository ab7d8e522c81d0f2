"""The files a request names, from the library."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from millwright.web.library.store import Library
from millwright.web.work.files import CALIBRATION_FILE
from millwright.web.work.judgements import PLAN_FILE


def files_of(library: Library, request: Mapping[str, Any]) -> tuple[tuple[str, bytes], ...]:
    """Return names and contents of what a request names: uploads, a calibration, a plan; raises NotThereError."""
    found = [(name, library.content(id_)) for name, id_ in (request.get("attachments") or {}).items()]
    if (id_ := request.get("calibration_id")) is not None:
        found.append((CALIBRATION_FILE, library.calibration(id_).text.encode()))
    if (id_ := request.get("plan_id")) is not None:
        found.append((PLAN_FILE, library.plan(id_).plan_json.encode()))
    return tuple(found)
