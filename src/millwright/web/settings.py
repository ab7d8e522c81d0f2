"""How a server is set up: where it listens, where it keeps things, whom it trusts, how much it takes.

Everything is said once, at the start, and never changes while the server runs.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path

from millwright.errors import InputError

LOOPBACK = "127.0.0.1"
PORT = 8710

MIB = 1 << 20
GIB = 1 << 30


class Role(StrEnum):
    """What a person may do: a reader looks and asks "what if", an editor also saves and starts jobs."""

    READER = "reader"
    EDITOR = "editor"


@dataclass(frozen=True)
class ProxyHeaders:
    """The headers in which an OpenID Connect proxy names the person it has let in.

    They are believed only from `addresses`: nobody but the proxy may reach the server from there, and the proxy must
    remove these headers from what it is sent.
    """

    user: str = "X-Forwarded-User"
    groups: str = "X-Forwarded-Groups"
    editors: str = "millwright-editors"
    """Group whose members are editors; everybody else whom the proxy lets in is a reader."""
    addresses: tuple[str, ...] = (LOOPBACK, "::1")


@dataclass(frozen=True)
class Limits:
    """How much the server takes from one client, and how much one job may use."""

    body_bytes: int = 4 * MIB
    """Largest body of a request that is no upload."""
    upload_bytes: int = 64 * MIB
    """Largest uploaded file."""
    library_upload_bytes: int = 4 * GIB
    """All uploaded files together."""
    requests_per_s: float = 100.0
    """Requests one client may make for long; pages load many small files."""
    requests_burst: int = 500
    """Requests one client may make at once."""
    jobs_at_once: int = 2
    jobs_waiting: int = 50
    job_wall_s: float = 900.0
    job_days: int = 30
    """How long a job and its result are kept after its end; what is to stay is saved in the library."""
    job_memory_bytes: int = 6 * GIB
    """Memory one worker may take beyond what it starts with."""
    quick_workers: int = 2
    """Workers that answer what-ifs and checks at once."""
    quick_wall_s: float = 60.0


@dataclass(frozen=True)
class Settings:
    """Everything a server is told when it starts."""

    host: str = LOOPBACK
    port: int = PORT
    database_url: str = ""
    """Database of the library, as SQLAlchemy writes it; empty: a SQLite file in the user's data folder."""
    token: str = ""
    """Who gives it is an editor; empty: none is asked for on loopback, and none is accepted elsewhere."""
    reader_token: str = ""
    proxy: ProxyHeaders | None = None
    allowed_hosts: tuple[str, ...] = ()
    """Names under which the server may be addressed besides loopback ones and `host`."""
    plan_file: Path | None = None
    """A plan to show read-only, without a library of one's own (`millwright open`)."""
    limits: Limits = field(default_factory=Limits)

    @property
    def is_loopback(self) -> bool:
        """Return whether only this machine can reach the server."""
        return is_loopback(self.host)

    @property
    def asks_who(self) -> bool:
        """Return whether a client must say who it is."""
        return bool(self.token or self.reader_token or self.proxy is not None)

    @property
    def library_url(self) -> str:
        """Return the URL of the database, the default one made out."""
        return self.database_url or f"sqlite:///{default_library_file()}"


def is_loopback(host: str) -> bool:
    """Return whether `host` names this machine alone."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def default_library_file() -> Path:
    """Return where the library lies if nobody says otherwise: the user's data folder, after the XDG rules."""
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "millwright" / "library.sqlite"


def check_settings(settings: Settings) -> None:
    """Raise InputError where the settings would leave the server open to others, or cannot be."""
    if not settings.is_loopback and not settings.asks_who:
        raise InputError(
            "beyond this machine the server must know who asks",
            f"--host {settings.host}",
            "Give --token (or MILLWRIGHT_TOKEN), or --oidc-proxy where a proxy signs people in; or leave --host out.",
        )
    for name, token in (("--token", settings.token), ("--reader-token", settings.reader_token)):
        if token and len(token) < SHORTEST_TOKEN:
            raise InputError(
                f"the token has {len(token)} characters; {SHORTEST_TOKEN} are the least",
                name,
                'Make one with: python3 -c "import secrets; print(secrets.token_urlsafe(24))"',
            )
    if settings.token and settings.token == settings.reader_token:
        raise InputError("readers and editors have the same token", "--reader-token", "Give two different ones.")


SHORTEST_TOKEN = 16
