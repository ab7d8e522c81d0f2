"""Running the server: its socket, its walls, and an end on Ctrl-C that leaves nothing half done."""

from __future__ import annotations

import socket
from collections.abc import Callable

import uvicorn

from millwright.errors import InputError
from millwright.web.app import create_app
from millwright.web.settings import Settings
from millwright.web.walls import forbid_network

MOST_CONNECTIONS = 1000
BACKLOG = 256


def run_server(settings: Settings, told: Callable[[str], None]) -> None:
    """Serve until the process is told to stop; `told` is given the URL once the server answers there.

    Raises InputError where the settings cannot be, or the address is taken.
    """
    app = create_app(settings)
    listening = _listen(settings)
    port = listening.getsockname()[1]
    forbid_network()
    config = uvicorn.Config(
        app,
        log_level="warning",
        server_header=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=5,
        proxy_headers=False,  # the gate must see the address a request really comes from
    )
    _Server(config, lambda: told(_url(settings, port))).run(sockets=[listening])


class _Server(uvicorn.Server):
    """A server that says when it answers."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            self._ready()


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise InputError(
            f"the server cannot listen there: {error.strerror}",
            f"{settings.host}:{settings.port}",
            "Choose another with --port (0 takes a free one) or --host.",
        ) from None
    return listening


def _url(settings: Settings, port: int) -> str:
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"
