"""`millwright serve`: the HTTP API and the page."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated

import typer

from millwright.errors import InputError

if TYPE_CHECKING:
    from millwright.web.settings import Settings

_WEB = ("fastapi", "uvicorn", "nicegui", "sqlalchemy", "alembic")
"""What the extra `web` installs, and a server cannot do without."""


def serve(
    host: Annotated[
        str, typer.Option("--host", help="Address to listen at; other than loopback needs --token or --oidc-proxy.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port; 0 takes a free one.")] = 8710,
    database: Annotated[
        str, typer.Option("--database", help="sqlite:///FILE or postgresql://…; default: a file of the user's own.")
    ] = "",
    token: Annotated[
        str, typer.Option("--token", envvar="MILLWRIGHT_TOKEN", help="Who gives it is an editor.", show_default=False)
    ] = "",
    reader_token: Annotated[
        str,
        typer.Option(
            "--reader-token", envvar="MILLWRIGHT_READER_TOKEN", help="Who gives it is a reader.", show_default=False
        ),
    ] = "",
    oidc_proxy: Annotated[
        list[str] | None,
        typer.Option(
            "--oidc-proxy", metavar="ADDRESS", help="Believe X-Forwarded-User and -Groups from here; may repeat."
        ),
    ] = None,
    editors: Annotated[
        str, typer.Option("--editors", metavar="GROUP", help="Group of the proxy's people who may save.")
    ] = "millwright-editors",
    allow_host: Annotated[
        list[str] | None,
        typer.Option("--allow-host", metavar="NAME", help="A name under which the server is reached; may repeat."),
    ] = None,
) -> None:
    """Serve the page and the API until Ctrl-C; only to this machine unless --host says otherwise."""
    require_web()
    from millwright.web.settings import ProxyHeaders, Settings

    proxy = ProxyHeaders(editors=editors, addresses=tuple(oidc_proxy)) if oidc_proxy else None
    run(
        Settings(
            host=host,
            port=port,
            database_url=database,
            token=token,
            reader_token=reader_token,
            proxy=proxy,
            allowed_hosts=tuple(allow_host or ()),
        )
    )


def run(settings: Settings, path: str = "/") -> None:
    """Serve until Ctrl-C, and say at which URL, once the server answers there."""
    from millwright.web.server import run_server

    def told(url: str) -> None:
        typer.echo(f"Millwright is at {url}{path.removeprefix('/')}  (Ctrl-C ends it)")
        if settings.asks_who:
            typer.echo("It asks who you are: a token, or the headers of the proxy.", err=True)

    run_server(settings, told)


def require_web() -> None:
    """Raise InputError where the packages of a server are not installed."""
    missing = [name for name in _WEB if find_spec(name) is None]
    if missing:
        raise InputError(f"a server needs {', '.join(missing)}", remedy="Install them: pip install 'millwright[web]'")
