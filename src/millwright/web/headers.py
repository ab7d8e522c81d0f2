"""Headers that keep a browser from doing what no page of ours asks for."""

from __future__ import annotations

import re
import secrets

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_PLAIN = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

API_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
"""For answers that are no page: nothing in them may run or load anything."""

_SCRIPT = re.compile(rb"<script(?![^>]*\bnonce=)", re.IGNORECASE)


def page_policy(nonce: str) -> str:
    """Return what a page may do: load from this server, and run the scripts that the server wrote into it.

    `unsafe-eval` is what the charts need (Vega compiles its expressions) and the page's templates (Vue compiles them in
    the browser). Handlers written into elements (`onerror=…`) and scripts added later are not run. Styles may stand in
    elements: the page's widgets set them there.
    """
    return (
        "default-src 'self'; "
        f"script-src 'self' 'nonce-{nonce}' 'unsafe-eval'; "
        "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
        "connect-src 'self'; worker-src 'self' blob:; object-src 'none'; "
        "frame-ancestors 'none'; base-uri 'self'; form-action 'self'"
    )


class SafeHeaders:
    """Adds the headers to every answer, and to a page's own scripts the nonce by which the browser knows them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        nonce = secrets.token_urlsafe(16)
        start: Message | None = None
        body = bytearray()

        async def guarded(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message["headers"])
                is_page = headers.get("content-type", "").startswith("text/html")
                for name, value in _PLAIN.items():
                    headers.setdefault(name, value)
                headers["Content-Security-Policy"] = page_policy(nonce) if is_page else API_POLICY
                if scope["path"].startswith("/api/"):
                    headers.setdefault("Cache-Control", "no-store")
                message["headers"] = headers.raw
                if is_page:
                    start = message
                    return
            elif start is not None and message["type"] == "http.response.body":
                body.extend(message.get("body", b""))
                if message.get("more_body", False):
                    return
                page = _SCRIPT.sub(b'<script nonce="' + nonce.encode() + b'"', bytes(body))
                headers = MutableHeaders(raw=start["headers"])
                headers["Content-Length"] = str(len(page))
                await send({**start, "headers": headers.raw})
                message = {"type": "http.response.body", "body": page}
            await send(message)

        await self._app(_uncompressed(scope), receive, guarded)


def _uncompressed(scope: Scope) -> Scope:
    """Return the request of a page without leave to compress it: its scripts are marked on the way out."""
    headers = scope["headers"]
    if not any(name == b"accept" and b"text/html" in value for name, value in headers):
        return scope
    return {**scope, "headers": [(name, value) for name, value in headers if name != b"accept-encoding"]}
