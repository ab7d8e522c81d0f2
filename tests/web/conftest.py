"""Servers to talk to: in memory where that suffices, without the page, with a library of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the extra `web` is not installed")

from fastapi.testclient import TestClient

from millwright.web.app import create_app
from millwright.web.settings import Settings

Serve = Callable[..., TestClient]


@pytest.fixture
def library_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'library.sqlite'}"


@pytest.fixture
def serve(library_url: str) -> Iterator[Serve]:
    """Return a function that starts a server with the given settings and returns a client of it."""
    with ExitStack() as stack:

        def start(client_address: str = "127.0.0.1", **settings: Any) -> TestClient:
            app = create_app(Settings(**{"database_url": library_url, **settings}), page=False)
            client = TestClient(app, base_url="http://127.0.0.1:8710", client=(client_address, 50000))
            return stack.enter_context(client)

        yield start


@pytest.fixture
def client(serve: Serve) -> TestClient:
    return serve()
