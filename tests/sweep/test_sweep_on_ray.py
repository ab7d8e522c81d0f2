"""A sweep on a Ray cluster of two nodes, one of which is killed on the way, ends as one on this machine."""

from __future__ import annotations

import datetime as dt
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from sweep_sample import write_sweep

from millwright.errors import InputError
from millwright.sweep.grid import read_grid
from millwright.sweep.on_ray import planned_on_ray
from millwright.sweep.run import run_sweep
from millwright.sweep.workers import planned_here

DAY = dt.date(2026, 11, 21)
ray = pytest.importorskip("ray", reason="the extra `ray` is not installed")


def _ray_start(*options: str) -> subprocess.Popen[bytes]:
    """Start a node that stays in front, so that it is ended by its process id."""
    program = "from ray.scripts.scripts import main; main()"
    quiet = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled"}
    small = ("--num-cpus=1", "--object-store-memory=80000000", "--include-dashboard=false", "--block")
    return subprocess.Popen(
        [
            sys.executable,
            "-c",
            program,
            "start",
            *options,
            *(o for o in small if "dash" not in o or "--head" in options),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | quiet,
        start_new_session=True,
    )


def _end(node: subprocess.Popen[bytes]) -> None:
    if node.poll() is None:
        os.killpg(node.pid, signal.SIGKILL)
        node.wait()


@dataclass(frozen=True)
class Cluster:
    """Where its head answers, and its nodes, the head first."""

    address: str
    nodes: list[subprocess.Popen[bytes]]


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """Two nodes on loopback, one core each."""
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    port = _free_port()
    nodes = [_ray_start("--head", "--node-ip-address=127.0.0.1", f"--port={port}")]
    try:
        _until_answering(port)
        nodes.append(_ray_start(f"--address=127.0.0.1:{port}", "--node-ip-address=127.0.0.2"))
        yield Cluster(f"127.0.0.1:{port}", nodes)
    finally:
        for node in reversed(nodes):
            _end(node)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _until_answering(port: int) -> None:
    for _ in range(600):
        with socket.socket() as attempt:
            if attempt.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("the head of the cluster never answered")


def test_a_node_killed_on_the_way_costs_nothing(tmp_path: Path, cluster: Cluster) -> None:
    path = write_sweep(tmp_path)
    path.write_text(path.read_text().replace("seeds: 2", "seeds: 10"))
    grid = read_grid(path)
    calm = run_sweep(grid, tmp_path / "calm", DAY, partial(planned_here, workers=2))

    def kill_a_node(what: str, done: int, of: int) -> None:
        if done == 10:
            _end(cluster.nodes[1])

    result = run_sweep(grid, tmp_path / "out", DAY, partial(planned_on_ray, address=cluster.address), kill_a_node)
    assert cluster.nodes[1].poll() is not None
    assert result.failed == ()
    assert result.rows == calm.rows


def test_no_cluster_is_told(tmp_path: Path) -> None:
    grid = read_grid(write_sweep(tmp_path))
    with pytest.raises(InputError, match="no Ray cluster answers"):
        run_sweep(grid, tmp_path / "out", DAY, partial(planned_on_ray, address="127.0.0.1:1"))
