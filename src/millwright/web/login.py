"""Signing in by token: a form without a script, and a cookie that stands for the token afterwards."""

from __future__ import annotations

from html import escape
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from millwright.web.auth import COOKIE, SESSION_S, role_of_token, session
from millwright.web.routes.shared import Given

router = APIRouter(include_in_schema=False)

_FORM = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Millwright: sign in</title>
<style>
:root {{ color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }}
main {{ max-width: 24rem; margin: 15vh auto; padding: 0 1rem }}
input, button {{ font: inherit; padding: .5rem .75rem; width: 100%; box-sizing: border-box; margin-top: .5rem }}
</style></head><body><main>
<h1>Millwright</h1>
{told}<form method="post" action="/login">
<label for="token">Token</label>
<input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
<input name="next" type="hidden" value="{next}">
<button>Sign in</button>
</form></main></body></html>
"""


@router.get("/login")
def form(next: str = "/") -> Response:
    """Show the form."""
    return HTMLResponse(_FORM.format(told="", next=escape(_own_path(next), quote=True)))


@router.post("/login")
def sign_in(
    request: Request, given: Given, token: Annotated[str, Form(max_length=1000)], next: Annotated[str, Form()] = "/"
) -> Response:
    """Take the token and begin a session."""
    role = role_of_token(given.settings, token)
    if role is None:
        told = '<p role="alert">This is no token of this server.</p>\n'
        return HTMLResponse(_FORM.format(told=told, next=escape(_own_path(next), quote=True)), 401)
    answer = RedirectResponse(_own_path(next), 303)
    answer.set_cookie(
        COOKIE,
        session(given.settings, role),
        max_age=SESSION_S,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return answer


@router.post("/logout")
def sign_out() -> Response:
    """End the session in this browser."""
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(COOKIE)
    return answer


def _own_path(path: str) -> str:
    """Return a path on this server; whatever leads elsewhere becomes the first page."""
    is_own = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if is_own else "/"
