"""A plan as a file: the report, the paper, the workbook, the wiki page."""

from __future__ import annotations

import base64
import json

from fastapi import APIRouter, Response

from millwright.web.library.store import NotThereError
from millwright.web.routes.shared import Given, Id
from millwright.web.services import Services
from millwright.web.work.views import MEDIA_TYPES, View

router = APIRouter(tags=["library"])


@router.get("/library/plans/{id}/files/{view}", response_model=None)
async def plan_file(id: Id, view: View, given: Given) -> Response:
    """Return a saved plan as a file, the very one that `millwright plan --out` writes."""
    return await _file(given, given.library.plan(id).plan_json, view)


@router.get("/plan/files/{view}", response_model=None)
async def opened_plan_file(view: View, given: Given) -> Response:
    """Return the plan that `millwright open` shows as a file."""
    if given.settings.plan_file is None:
        raise NotThereError("plan", "opened")
    return await _file(given, given.settings.plan_file.read_text(encoding="utf-8"), view)


async def _file(given: Services, plan_json: str, view: View) -> Response:
    """Return the file to be kept, not shown: a report is a page of its own, with scripts of its own."""
    came = json.loads(await given.quick.ask("view", {"plan": json.loads(plan_json), "view": str(view)}))
    headers = {"Content-Disposition": f'attachment; filename="{view}"'}
    return Response(base64.b64decode(came["base64"]), media_type=MEDIA_TYPES[view], headers=headers)
