"""What handlers share: the services, and answers that are JSON already."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Annotated, Any, cast

from fastapi import Depends, Path, Request, Response
from pydantic import BaseModel

from millwright.web.auth import Identity, identity_of
from millwright.web.services import Services


def _services(request: Request) -> Services:
    return cast("Services", request.app.state.services)


def _who(request: Request) -> Identity:
    return identity_of(request)


Given = Annotated[Services, Depends(_services)]
"""The server's services, as a handler's argument."""


Who = Annotated[Identity, Depends(_who)]
"""Who asks, as a handler's argument."""


Id = Annotated[str, Path(pattern=r"^[0-9a-f]{1,40}$", description="Id of a saved thing.", examples=["0123456789ab"])]


def json_text(text: str, status: int = 200) -> Response:
    """Return an answer whose body is JSON text already."""
    return Response(text, status, media_type="application/json")


async def answered(given: Services, kind: str, asked: BaseModel) -> Response:
    """Return the answer of a quick worker."""
    return json_text(await given.quick.ask(kind, asked.model_dump(mode="json")))


async def while_connected(request: Request, work: Coroutine[Any, Any, Response]) -> Response:
    """Return what comes of the work, which ends with the connection of whoever asked for it."""
    task = asyncio.ensure_future(work)
    try:
        while not task.done():
            await asyncio.wait({task}, timeout=_LOOKS_EVERY_S)
            if not task.done() and await request.is_disconnected():
                task.cancel()
                return Response(status_code=_GONE)
        return task.result()
    finally:
        task.cancel()


_LOOKS_EVERY_S = 0.2
_GONE = 499
"""Nobody reads it; the log says that the client hung up."""
