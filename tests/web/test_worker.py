"""What strangers send is read in a worker: with limits, without network, and with no files but their own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from millwright.errors import InputError
from millwright.scenario.folder import beside, walled_in
from millwright.web.outcome import Failure, Result
from millwright.web.quick import Quick
from millwright.web.routes import examples
from millwright.web.settings import GIB, Limits
from millwright.web.worker import Work, Worker

SCENARIO: str = examples.SCENARIO["scenario"]["value"]["scenario"]


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    made = Worker(6 * GIB)
    yield made
    made.stop()


def check(worker: Worker, text: str, *files: tuple[str, bytes]) -> Result | Failure:
    return worker.do(Work("scenario", {"scenario": text}, files), wall_s=60.0)


def with_trace(name: str) -> str:
    return SCENARIO.replace(
        "traffic: {requests_per_day: 5000, profile: conversation, shape: office-hours}", f"traffic: {{trace: {name}}}"
    )


TRACE = b"arrival_s,input_tokens,output_tokens\n" + b"".join(b"%d,100,20\n" % i for i in range(200))


# --- files ---


def test_a_trace_that_came_with_the_scenario_is_read(worker: Worker) -> None:
    assert isinstance(check(worker, with_trace("trace.csv"), ("trace.csv", TRACE)), Result)


@pytest.mark.parametrize("kind", ["absolute", "upwards", "link-like"])
def test_no_path_leads_to_the_servers_own_files(worker: Worker, tmp_path: Path, kind: str) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_bytes(TRACE)
    name = {
        "absolute": str(secret),
        "upwards": f"../../../../../../../..{secret}",
        "link-like": f"x/../../../../../../../../..{secret}",
    }[kind]
    came = check(worker, with_trace(name))
    assert isinstance(came, Failure)
    assert "not among the files that came with the scenario" in came.faults[0].what
    assert came.kind == "input"


@pytest.mark.parametrize("field", ["model: qwen2.5-7b", "x"])
def test_no_model_configuration_of_the_server_is_read(worker: Worker, tmp_path: Path, field: str) -> None:
    config = tmp_path / "config.json"
    config.write_text("{}")
    for name in (str(config), str(tmp_path), "/etc/passwd", "/proc/self/environ"):
        came = check(worker, SCENARIO.replace("model: qwen2.5-7b", f"model: {name}"))
        assert isinstance(came, Failure)
        assert "not among the files" in came.faults[0].what
    overridden = check(worker, SCENARIO + f"overrides: {{models: {{qwen2.5-7b: {{config_path: {config}}}}}}}\n")
    assert isinstance(overridden, Failure)


def test_a_file_of_lengths_is_held_to_the_same_walls(worker: Worker) -> None:
    text = SCENARIO.replace("shape: office-hours}", "shape: office-hours, input: {file: /etc/hostname}}")
    came = check(worker, text)
    assert isinstance(came, Failure)
    assert "not among the files" in came.faults[0].what


def test_a_file_of_answers_is_held_to_the_same_walls(worker: Worker) -> None:
    came = check(worker, SCENARIO + "readiness: /etc/hostname\n")
    assert isinstance(came, Failure)
    assert "not among the files" in came.faults[0].what


def test_no_part_of_a_scenario_looks_files_up_past_the_walls() -> None:
    scenario = Path(beside.__code__.co_filename).parent
    past = re.compile(r"folder\s*/\s|\.parent\s*/|\bopen\(")
    found = {
        file.name
        for file in scenario.glob("*.py")
        if file.name != "folder.py" and any(past.search(line) for line in file.read_text().splitlines())
    }
    assert found == set(), "look files up with `beside`"


def test_no_fault_tells_where_on_the_server_it_was_found(worker: Worker) -> None:
    came = check(worker, with_trace("missing.csv"))
    assert isinstance(came, Failure)
    assert "millwright-work" not in json.dumps([came.what, came.where, [each.what for each in came.faults]])


def test_walls_stand_around_one_folder_and_fall_again(tmp_path: Path) -> None:
    with walled_in(tmp_path):
        assert beside(tmp_path, "a.csv") == tmp_path / "a.csv"
        for name in ("../a.csv", "/etc/passwd", "a/../../b", "a\x00b"):
            with pytest.raises(InputError):
                beside(tmp_path, name)
        (tmp_path / "out").symlink_to("/etc")
        with pytest.raises(InputError):
            beside(tmp_path, "out/passwd")
    assert beside(tmp_path, "/etc/passwd") == Path("/etc/passwd")


# --- what is no scenario ---


@pytest.mark.parametrize(
    "text",
    [
        "!!python/object/apply:os.system [echo]",
        "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]",
        "{" * 5000,
        "a: " + "9" * 5000,
        "- - - - -",
        "\ufeff",
        "name: \U0001f600\nworkloads: [[[[[[[]]]]]]]",
    ],
)
def test_odd_yaml_is_told_and_the_worker_lives_on(worker: Worker, text: str) -> None:
    came = check(worker, text)
    assert isinstance(came, Failure)
    assert came.kind == "input", came.what
    assert worker.usable


# --- limits ---


def test_what_takes_too_long_is_stopped() -> None:
    worker = Worker(6 * GIB)
    began_s = time.monotonic()
    asked = {"model": "qwen2.5-7b", "device": "l40s", "rate_per_s": 3.0, "requests": 2_000_000, "find_rate": True}
    came = worker.do(Work("simulate", asked), wall_s=0.5)
    assert isinstance(came, Failure)
    assert came.kind == "limit"
    assert "longer than 0.5 s" in came.what
    assert not worker.usable
    assert time.monotonic() - began_s < 30.0


def test_what_needs_too_much_memory_is_told_so() -> None:
    worker = Worker(64 << 20)
    asked = {"model": "qwen2.5-7b", "device": "l40s", "rate_per_s": 3.0, "requests": 2_000_000}
    came = worker.do(Work("simulate", asked), wall_s=120.0)
    worker.stop()
    assert isinstance(came, Failure)
    assert came.kind == "limit", came.what
    assert "memory" in came.what


def test_superseded_work_ends_at_its_next_step_and_the_worker_lives_on(worker: Worker) -> None:
    steps: list[str] = []

    def supersede(what: str, done: int, of: int) -> None:
        steps.append(what)
        worker.supersede()

    process = worker._process.pid
    came = worker.do(Work("what-if", {"scenario": SCENARIO}), 120.0, supersede)
    assert isinstance(came, Failure)
    assert came.kind == "superseded"
    assert 0 < len(steps) < 10, "a search of everything tells of dozens of steps"
    worker.supersede()  # nothing is being done: it is nobody's
    assert isinstance(check(worker, SCENARIO), Result)
    assert worker._process.pid == process


def test_who_withdraws_a_question_frees_its_worker_for_the_next() -> None:
    async def asked() -> tuple[str, set[int]]:
        quick = Quick(Limits(quick_workers=1))
        quick.start()
        try:
            processes = {each._process.pid for each in quick._workers}
            first = asyncio.ensure_future(quick.ask("what-if", {"scenario": SCENARIO}))
            await asyncio.sleep(0.5)
            first.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await first
            found = await quick.ask("scenario", {"scenario": SCENARIO})
            assert {each._process.pid for each in quick._workers} == processes, "nobody had to be ended for it"
            return found, {pid for pid in processes if pid is not None}
        finally:
            quick.close()

    found, processes = asyncio.run(asked())
    assert json.loads(found)
    assert len(processes) == 1


def test_a_worker_that_dies_is_told_of() -> None:
    worker = Worker(6 * GIB)
    worker._process.kill()
    came = worker.do(Work("scenario", {"scenario": SCENARIO}), wall_s=60.0)
    assert isinstance(came, Failure)
    assert came.kind == "limit"


def test_no_worker_outlives_a_server_that_is_killed() -> None:
    program = """
import time
from millwright.web.worker import Worker
if __name__ == "__main__":
    worker = Worker(1 << 30)
    print(worker._process.pid, flush=True)
    time.sleep(600)
"""
    server = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    pid = int(server.stdout.readline())
    assert Path(f"/proc/{pid}").exists()
    time.sleep(2.0)  # the worker has begun to serve, and asked to end with its parent
    server.kill()
    server.wait()
    for _ in range(200):
        if not Path(f"/proc/{pid}").exists() or Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] == "Z":
            return
        time.sleep(0.05)
    raise AssertionError("the worker lives on")


def test_files_that_cannot_lie_beside_each_other_are_told(worker: Worker) -> None:
    came = check(worker, SCENARIO, ("a", b"x"), ("a/b", b"y"))
    assert isinstance(came, Failure)
    assert came.kind == "input"


@pytest.mark.parametrize(
    ("host", "passes"), [("192.0.2.1", False), ("example.invalid", False), ("127.0.0.1", True), ("::1", True)]
)
def test_no_connection_leaves_this_machine(host: str, passes: bool) -> None:
    program = f"""
import socket
from millwright.web.walls import NetworkForbiddenError, forbid_network
forbid_network()
try:
    socket.create_connection(({host!r}, 9), timeout=0.2)
except NetworkForbiddenError:
    print("forbidden")
except OSError:
    print("tried")
"""
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()
    assert told == ("tried" if passes else "forbidden")
