"""Scripts that the server writes run; what is slipped into a page later does not."""

from __future__ import annotations

import re

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from millwright.web.headers import SafeHeaders

PAGE = '<html><script>one()</script><script src="/a.js"></script><SCRIPT type="module">two()</SCRIPT></html>'


def page(request: Request) -> HTMLResponse:
    return HTMLResponse(PAGE, headers={"X-Encoding-Asked": request.headers.get("accept-encoding", "none")})


def in_parts(request: Request) -> StreamingResponse:
    return StreamingResponse((part.encode() for part in (PAGE[:9], PAGE[9:30], PAGE[30:])), media_type="text/html")


client = TestClient(SafeHeaders(Starlette(routes=[Route("/", page), Route("/parts", in_parts)])))


def nonce_of(policy: str) -> str:
    found = re.search(r"'nonce-([^']+)'", policy)
    assert found is not None
    return found.group(1)


def test_every_script_of_a_page_carries_the_nonce_that_the_policy_names() -> None:
    for path in ("/", "/parts"):
        answer = client.get(path)
        nonce = nonce_of(answer.headers["Content-Security-Policy"])
        assert re.findall(r'<script nonce="([^"]+)"', answer.text) == [nonce] * 3
        assert len(answer.content) == int(answer.headers.get("Content-Length", len(answer.content)))


def test_no_two_answers_have_the_same_nonce() -> None:
    policies = {client.get("/").headers["Content-Security-Policy"] for _ in range(20)}
    assert len({nonce_of(policy) for policy in policies}) == 20


def test_handlers_inside_elements_are_never_allowed() -> None:
    policy = client.get("/").headers["Content-Security-Policy"]
    scripts = next(part for part in policy.split("; ") if part.startswith("script-src"))
    assert "unsafe-inline" not in scripts
    assert "http" not in scripts


def test_a_page_is_not_compressed_before_its_scripts_are_marked() -> None:
    asked = client.get("/", headers={"Accept": "text/html", "Accept-Encoding": "gzip"})
    assert asked.headers["X-Encoding-Asked"] == "none"
