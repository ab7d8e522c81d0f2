"""What handlers share: the services, and answers that are JSON already."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends, Request, Response

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


def json_text(text: str, status: int = 200) -> Response:
    """Return an answer whose body is JSON text already."""
    return Response(text, status, media_type="application/json")
