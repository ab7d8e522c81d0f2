"""The gate every request passes: does it address us, may it come from there, who is it, how much does it want?"""

from __future__ import annotations

import math
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from millwright.web.auth import Identity, identify
from millwright.web.faults import fault_response
from millwright.web.origin import SAFE_METHODS, addresses_us, is_forged
from millwright.web.outcome import Failure
from millwright.web.rates import Buckets
from millwright.web.settings import Role, Settings

LOGIN = "/login"
OPEN_PATHS = frozenset({LOGIN, "/api/health"})
"""What anybody may ask for."""

READER_POSTS = frozenset({"/api/what-if", "/api/scenarios/check", "/logout"})
"""What readers may post: it changes nothing and is answered at once."""

UPLOAD_PATHS = frozenset({"/api/attachments"})

_LOGINS_PER_S, _LOGINS_AT_ONCE = 0.2, 10


class Gate:
    """Lets a request through to the application, with who made it, or answers it itself."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app, self._settings = app, settings
        self._rates = Buckets(settings.limits.requests_per_s, settings.limits.requests_burst)
        self._logins = Buckets(_LOGINS_PER_S, _LOGINS_AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, web socket or sign of life."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        found = self._identity_or_refusal(scope, headers)
        if isinstance(found, Identity):
            scope["millwright.identity"] = found
            await Bounded(self._app, self._most_bytes(scope["path"]))(scope, receive, send)
        elif scope["type"] == "http":
            await found(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    def _identity_or_refusal(self, scope: Scope, headers: Headers) -> Identity | Response:
        method, path = scope.get("method", "GET"), scope["path"]
        address = scope["client"][0] if scope.get("client") else ""
        if not addresses_us(self._settings, headers.get("host", "")):
            return refusal(
                421, "the server is not known under this name", "Host", "Have it allowed: --allow-host NAME."
            )
        if is_forged(method, headers):
            return refusal(403, "the request comes from another site", "Origin", "Send it from the server's own pages.")
        who = identify(self._settings, headers, address)
        bucket = self._logins if path == LOGIN and method == "POST" else self._rates
        if wait_s := bucket.wait_s(address if who is None else f"{who.name}@{address}"):
            return _slower(wait_s)
        if who is None:
            if path in OPEN_PATHS:
                return Identity("nobody", Role.READER)
            if scope["type"] == "http" and "text/html" in headers.get("accept", ""):
                query = scope.get("query_string", b"").decode("latin-1")
                return RedirectResponse(f"{LOGIN}?next={quote(f'{path}?{query}' if query else path)}", 303)
            refused = refusal(
                401, "the server must know who asks", "Authorization", "Send: Authorization: Bearer TOKEN."
            )
            refused.headers["WWW-Authenticate"] = "Bearer"
            return refused
        if who.role is Role.READER and not _is_for_readers(method, path):
            return refusal(403, f"{who.name} may read and ask, not change", path, "Ask an editor.")
        return who

    def _most_bytes(self, path: str) -> int:
        limits = self._settings.limits
        return limits.upload_bytes if path in UPLOAD_PATHS else limits.body_bytes


def _is_for_readers(method: str, path: str) -> bool:
    return method in SAFE_METHODS or path in READER_POSTS or path == LOGIN or not path.startswith("/api/")


def refusal(status: int, what: str, where: str = "", remedy: str = "") -> JSONResponse:
    """Return an answer that says no, and why."""
    return fault_response(Failure("input", what, where, remedy), status)


def _slower(wait_s: float) -> Response:
    refused = refusal(429, "too many requests", remedy=f"Ask again in {max(math.ceil(wait_s), 1)} s.")
    refused.headers["Retry-After"] = str(max(math.ceil(wait_s), 1))
    return refused


class Bounded:
    """An application that is given no more than `most` bytes of a request's body; what is longer is refused."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app, self._most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and stop it when it grows too long."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        stated = Headers(scope=scope).get("content-length", "0")
        if not stated.isdigit() or int(stated) > self._most:
            await self._too_long()(scope, receive, send)
            return
        seen, refused, answered = 0, False, False

        async def counted() -> Message:
            nonlocal seen, refused
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._most:
                refused = True
                return {"type": "http.disconnect"}
            return message

        async def watched(message: Message) -> None:
            nonlocal answered
            if not refused:
                answered = answered or message["type"] == "http.response.start"
                await send(message)

        try:
            await self._app(scope, counted, watched)
        except Exception:
            if not refused:
                raise
        if refused and not answered:
            await self._too_long()(scope, receive, send)

    def _too_long(self) -> Response:
        size = f"{self._most / (1 << 20):g} MiB"
        refused = refusal(413, f"the request is longer than {size}", remedy=f"Send {size} at most.")
        refused.headers["Connection"] = "close"
        return refused
