"""What if: a changed scenario, answered while somebody waits."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from millwright.web.routes.shared import Given, answered, while_connected
from millwright.web.work.what_if import WhatIfRequest

router = APIRouter(tags=["plans"])


@router.post("/what-if", response_model=None)
async def what_if(asked: WhatIfRequest, given: Given, request: Request) -> Response:
    """Answer a changed scenario among the `offers` given: money at once, limits on latency within a search of them.

    Who hangs up ends the work on it.
    """
    return await while_connected(request, answered(given, "what-if", asked))
