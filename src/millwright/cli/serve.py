"""`millwright serve`: the HTTP API and the page."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Annotated

import typer

from millwright.errors import InputError

_WEB = ("fastapi", "uvicorn", "nicegui", "sqlalchemy", "alembic")
"""What the extra `web` installs, and a server cannot do without."""


def serve(
    host: Annotated[str, typer.Option("--host", help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port; 0 takes a free one.")] = 8710,
    database: Annotated[
        str, typer.Option("--database", help="sqlite:///FILE or postgresql://…; default: a file of the user's own.")
    ] = "",
    token: Annotated[
        str, typer.Option("--token", envvar="MILLWRIGHT_TOKEN", help="Who gives it is an editor.", show_default=False)
    ] = "",
) -> None:
    """Serve the page and the API until Ctrl-C; only to this machine unless --host says otherwise."""
    require_web()
    import uvicorn

    from millwright.web.app import create_app
    from millwright.web.settings import Settings

    app = create_app(Settings(host=host, port=port, database_url=database, token=token))
    uvicorn.run(app, host=host, port=port, log_level="warning")


def require_web() -> None:
    """Raise InputError where the packages of a server are not installed."""
    missing = [name for name in _WEB if find_spec(name) is None]
    if missing:
        raise InputError(f"a server needs {', '.join(missing)}", remedy="Install them: pip install 'millwright[web]'")
