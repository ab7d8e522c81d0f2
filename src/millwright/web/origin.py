"""Where a request comes from and what it addresses: walls against forged requests and rebound names."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

from millwright.web.settings import Settings, is_loopback

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def addresses_us(settings: Settings, host: str) -> bool:
    """Return whether the header `Host` names this server.

    A name that a stranger's DNS points at this machine does not. Where the server listens at every address, any address
    written as a number does.
    """
    name = host_name(host)
    if name is None:
        return False
    if is_loopback(name) or name == settings.host.lower() or name in {each.lower() for each in settings.allowed_hosts}:
        return True
    if settings.host not in ("0.0.0.0", "::"):
        return False
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def is_forged(method: str, headers: Mapping[str, str]) -> bool:
    """Return whether a browser sent this request on behalf of another site.

    Browsers say where a request comes from (`Sec-Fetch-Site`, or `Origin`), and a page cannot change that. Programs say
    neither; they hold no cookie that another site could use. Upgrades to a web socket count as unsafe.
    """
    if method in SAFE_METHODS and headers.get("upgrade", "").lower() != "websocket":
        return False
    site = headers.get("sec-fetch-site", "")
    if site:
        return site not in ("same-origin", "none")
    origin = headers.get("origin", "")
    return bool(origin) and urlsplit(origin).netloc.lower() != headers.get("host", "").lower()


def host_name(host: str) -> str | None:
    """Return the name in a `Host` header, without its port; none where it is no host."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port
        return parts.hostname
    except ValueError:
        return None
