"""A server with the page and a small plan, started as people start it; and a browser without network."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SCENARIO = """\
# A small chat, to be looked at.
name: small chat
organisation: {country: DE, currency: EUR, sector: technology}
workloads:
  - name: chat
    model: llama-3.1-8b
    traffic: {rate: 4 /s, profile: conversation, shape: office-hours}
    growth: 15 %/y
    slo: {ttft: 2 s, tpot: 60 ms}
    data: {classes: [internal]}
sites:
  - {name: room, kind: owned, hosts: [server-l40s-4, workstation-rtx-5090-1], power: 12 kW}
  - {name: tokens, kind: api, providers: [groq, deepinfra, nebius]}
"""


def seeded(folder: Path) -> tuple[str, str]:
    """Make a library with one scenario and its plan; return its URL and the plan's id."""
    from millwright.plan.make import make_plan
    from millwright.plan.plan_file import plan_as_json
    from millwright.scenario.load import read_scenario
    from millwright.web.library.database import open_library

    url = f"sqlite:///{folder / 'library.sqlite'}"
    plan = make_plan(read_scenario(SCENARIO, folder / "scenario.yaml"), today=dt.date(2026, 11, 21), draws=256)
    library = open_library(url)
    try:
        scenario = library.save_scenario("small chat", SCENARIO)
        return url, library.save_plan(scenario.id, plan_as_json(plan)).id
    finally:
        library.close()


@contextmanager
def serving(url: str) -> Iterator[str]:
    """Run `millwright serve` on a free port; yield its address, stop it by its process id at the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = "from millwright.cli.main import main; main()"
    command = [sys.executable, "-c", program, "serve", "--port", str(port), "--database", url]
    log = Path(url.removeprefix("sqlite:///")).with_name("server.log")
    with log.open("w") as out:
        server = subprocess.Popen(command, stdout=out, stderr=out, env={**os.environ, "OMP_NUM_THREADS": "1"})
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{address}/api/health", server, log)
        yield address
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait_for(address: str, server: subprocess.Popen[bytes], log: Path, patience_s: float = 120.0) -> None:
    ends_s = time.monotonic() + patience_s
    while time.monotonic() < ends_s:
        if server.poll() is not None:
            raise AssertionError(f"the server ended: {log.read_text()[-2000:]}")
        try:
            urllib.request.urlopen(address, timeout=2).close()
            return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"no server after {patience_s} s: {log.read_text()[-2000:]}")


def chromium() -> str | None:
    """Return the browser that is installed, None if there is none."""
    return next(
        (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
    )


@dataclass
class Watched:
    """What a browser did that it should not: errors it logged, addresses outside this machine it asked for."""

    errors: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def watch(self, page: Any) -> None:
        """Write down errors of `page`, and cut it off from everything but this machine."""
        page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))

        def guard(route: Any) -> None:
            url = route.request.url
            if url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:")):
                route.continue_()
            else:
                self.outside.append(url)
                route.abort()

        page.route("**/*", guard)
