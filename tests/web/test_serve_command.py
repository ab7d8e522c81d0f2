"""`millwright serve` and `millwright open`, started as people start them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from millwright.web.library.database import open_library
from millwright.web.library.rows import JobState
from millwright.web.routes import examples

pytestmark = pytest.mark.slow  # each starts a server or two

WEB = httpx2.Client(timeout=120.0)

TOKEN = "a-token-of-24-characters"


@contextlib.contextmanager
def started(*arguments: str, **environment: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start a command that serves; give its process and URL; end it as Ctrl-C does."""
    server = subprocess.Popen(
        [sys.executable, "-m", "millwright.cli.main", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )
    try:
        assert server.stdout is not None
        told = server.stdout.readline()
        assert told.startswith("Millwright is at http://127.0.0.1:"), server.communicate()[1]
        yield server, told.split()[3].rstrip("/")
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(timeout=120)


def refused(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "millwright.cli.main", *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.stderr


def test_it_says_where_it_is_answers_there_and_ends_cleanly(library_url: str) -> None:
    with started("serve", "--port", "0", "--database", library_url) as (server, url):
        assert WEB.get(f"{url}/api/health").json()["version"]
    assert server.returncode in (0, -signal.SIGINT, 130)


def test_beyond_loopback_without_a_token_it_does_not_start(library_url: str) -> None:
    told = refused("serve", "--host", "0.0.0.0", "--database", library_url)
    assert "must know who asks" in told
    assert "--token" in told


def test_the_token_may_come_by_the_environment(library_url: str) -> None:
    arguments = ("serve", "--host", "0.0.0.0", "--port", "0", "--database", library_url)
    with started(*arguments, MILLWRIGHT_TOKEN=TOKEN) as (_, url):
        assert WEB.get(f"{url}/api/jobs").status_code == 401
        assert WEB.get(f"{url}/api/jobs", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200


def test_behind_a_proxy_the_headers_count_and_not_the_address_they_tell(library_url: str) -> None:
    headers = {"X-Forwarded-User": "ada", "X-Forwarded-For": "198.51.100.7", "X-Forwarded-Proto": "https"}
    arguments = ("serve", "--port", "0", "--database", library_url, "--oidc-proxy")
    with started(*arguments, "127.0.0.1") as (_, url):
        assert WEB.get(f"{url}/api/jobs").status_code == 401
        assert WEB.get(f"{url}/api/jobs", headers=headers).status_code == 200
    with started(*arguments, "198.51.100.7") as (_, url):
        assert WEB.get(f"{url}/api/jobs", headers=headers).status_code == 401


def test_an_address_that_is_taken_is_told(library_url: str) -> None:
    with started("serve", "--port", "0", "--database", library_url) as (_, url):
        told = refused("serve", "--port", url.rsplit(":", 1)[1], "--database", library_url + "2")
        assert "cannot listen there" in told


def test_a_library_that_another_server_uses_is_told(library_url: str) -> None:
    with started("serve", "--port", "0", "--database", library_url):
        assert "another server" in refused("serve", "--port", "0", "--database", library_url)


def test_a_job_that_ran_when_the_server_was_killed_is_interrupted_when_it_is_back(library_url: str) -> None:
    asked = {"model": "qwen2.5-7b", "device": "l40s", "rate_per_s": 3, "requests": 2_000_000, "find_rate": True}
    with started("serve", "--port", "0", "--database", library_url) as (server, url):
        job = WEB.post(f"{url}/api/simulations", json=asked).json()["id"]
        while WEB.get(f"{url}/api/jobs/{job}").json()["state"] == "waiting":
            time.sleep(0.1)
        server.kill()
        server.wait()
    with started("serve", "--port", "0", "--database", library_url) as (_, url):
        shown = WEB.get(f"{url}/api/jobs/{job}").json()
        assert shown["state"] == JobState.INTERRUPTED
        assert shown["ended_at"] is not None


@pytest.fixture(scope="module")
def plan_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plan")
    scenario = folder / "scenario.yaml"
    scenario.write_text(examples.SCENARIO["scenario"]["value"]["scenario"])
    subprocess.run(
        [sys.executable, "-m", "millwright.cli.main", "plan", str(scenario), "--json"],
        stdout=(folder / "plan.json").open("w"),
        check=True,
    )
    return folder


def test_a_plan_is_opened_from_its_file_or_folder_and_nothing_can_be_saved(plan_folder: Path) -> None:
    before = (plan_folder / "plan.json").read_bytes()
    for path in (plan_folder, plan_folder / "plan.json"):
        with started("open", str(path)) as (_, url):
            assert WEB.get(f"{url}/api/plan").json() == json.loads(before)
            answer = WEB.post(f"{url}/api/library/scenarios", json={"name": "a", "text": "b"})
            assert answer.status_code == 403
    assert (plan_folder / "plan.json").read_bytes() == before


def test_what_is_no_plan_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text("{}")
    assert "no plan" in refused("open", str(tmp_path))
    assert "no plan.json in this folder" in refused("open", str(tmp_path.parent))
    assert "there is no such file" in refused("open", str(tmp_path / "nothing"))


def test_opening_leaves_the_users_own_library_alone(plan_folder: Path, tmp_path: Path) -> None:
    with started("open", str(plan_folder), XDG_DATA_HOME=str(tmp_path)):
        pass
    assert list(tmp_path.iterdir()) == []


def test_the_default_library_is_the_users_own(tmp_path: Path) -> None:
    with started("serve", "--port", "0", XDG_DATA_HOME=str(tmp_path)) as (_, url):
        WEB.post(f"{url}/api/library/scenarios", json={"name": "mine", "text": "b"})
    library = open_library(f"sqlite:///{tmp_path}/millwright/library.sqlite")
    assert [each.name for each in library.scenarios()] == ["mine"]
    library.close()
