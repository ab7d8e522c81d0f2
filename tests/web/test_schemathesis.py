"""Whatever fits the API's own description, and much that does not, is answered without a fault of the server's.

MILLWRIGHT_API_EXAMPLES sets how many requests are made to each operation.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from hypothesis import HealthCheck, given, settings

from millwright.web.app import create_app
from millwright.web.settings import Limits, Settings

schemathesis = pytest.importorskip("schemathesis", reason="Schemathesis is not installed")

pytestmark = pytest.mark.slow

EXAMPLES = int(os.environ.get("MILLWRIGHT_API_EXAMPLES", "12"))


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The description of a server that runs and takes as many requests as come."""
    file: Path = tmp_path_factory.mktemp("library") / "library.sqlite"
    limits = Limits(requests_per_s=1e6, requests_burst=10**9, jobs_waiting=10**6, job_wall_s=10.0, quick_wall_s=10.0)
    app = create_app(Settings(database_url=f"sqlite:///{file}", limits=limits), page=False)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield schemathesis.openapi.from_url(f"http://127.0.0.1:{port}/api/openapi.json")
    server.should_exit = True
    thread.join()


def test_no_request_makes_the_server_fail(described: Any) -> None:
    operations = [found.ok() for found in described.get_all_operations()]
    assert len(operations) > 30, "the API is described"
    for operation in operations:

        @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:
            answer = case.call(timeout=120)
            assert answer.status_code < 500, f"{case.as_curl_command()}\n{answer.text}"

        ask()
