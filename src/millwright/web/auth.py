"""Who asks: told by a token, by a session that began with one, or by a proxy that has signed the person in."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie

from starlette.requests import HTTPConnection

from millwright.web.settings import Role, Settings, is_loopback

COOKIE = "millwright_session"
SESSION_S = 12 * 3600
"""How long a session lasts before the token is asked for again [s]."""

_SCOPE_KEY = "millwright.identity"


@dataclass(frozen=True)
class Identity:
    """Who asks, and what they may do."""

    name: str
    role: Role


def identify(
    settings: Settings, headers: Mapping[str, str], address: str, now_s: float | None = None
) -> Identity | None:
    """Return who asks, none if they must say so first; `headers` have names in lower case.

    Where nobody is asked who they are, only this machine can reach the server, and whoever sits there is an editor (of
    a plan that is only shown: a reader).
    """
    if not settings.asks_who:
        role = Role.READER if settings.plan_file is not None else Role.EDITOR
        return Identity("local", role) if is_loopback(address) or settings.is_loopback else None
    scheme, _, given = headers.get("authorization", "").partition(" ")
    known = role_of_token(settings, given.strip()) if scheme.lower() == "bearer" else None
    known = known or role_of_session(settings, _cookie(headers.get("cookie", "")), now_s)
    if known is not None:
        return Identity(f"{known} by token", known)
    return _by_proxy(settings, headers, address)


def identity_of(connection: HTTPConnection) -> Identity:
    """Return who made a request that has been let in."""
    found: Identity = connection.scope[_SCOPE_KEY]
    return found


def role_of_token(settings: Settings, token: str) -> Role | None:
    """Return the role a token gives; every comparison takes the same time."""
    found = None
    for role, known in ((Role.READER, settings.reader_token), (Role.EDITOR, settings.token)):
        if known and hmac.compare_digest(known.encode(), token.encode("utf-8", "replace")):
            found = role
    return found


def session(settings: Settings, role: Role, now_s: float | None = None) -> str:
    """Return the value of a cookie that stands for a token; a changed token ends it."""
    ends = int((time.time() if now_s is None else now_s) + SESSION_S)
    return f"{role}.{ends}.{_seal(settings, f'{role}.{ends}')}"


def role_of_session(settings: Settings, cookie: str, now_s: float | None = None) -> Role | None:
    """Return the role a session gives; none where it is not ours or has ended."""
    said, _, seal = cookie.rpartition(".")
    role, _, ends = said.partition(".")
    if not hmac.compare_digest(_seal(settings, said).encode(), seal.encode("utf-8", "replace")):
        return None
    if int(ends) < (time.time() if now_s is None else now_s):
        return None
    known = settings.reader_token if role == Role.READER else settings.token
    return Role(role) if known else None


def _seal(settings: Settings, said: str) -> str:
    key = hashlib.sha256(f"{settings.token}\n{settings.reader_token}".encode()).digest()
    return hmac.new(key, said.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def _cookie(header: str) -> str:
    try:
        morsel = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel is not None else ""


def _by_proxy(settings: Settings, headers: Mapping[str, str], address: str) -> Identity | None:
    proxy = settings.proxy
    if proxy is None or address not in proxy.addresses:
        return None
    name = headers.get(proxy.user.lower(), "").strip()
    if not name:
        return None
    groups = {each.strip() for each in headers.get(proxy.groups.lower(), "").split(",")}
    return Identity(name[:200], Role.EDITOR if proxy.editors in groups else Role.READER)
