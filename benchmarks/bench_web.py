"""How the server holds up: the first answer, and many people who move sliders at once.

    python benchmarks/bench_web.py [--users 50] [--seconds 120] [--think 4] [SCENARIO]

Each person moves one of the money sliders (demand, electricity, discount rate, prices), looks at the refreshed answer
for `--think` seconds on average (exponential), and moves another. The server runs as `millwright serve` starts it, with
its own limits, on this machine; the people are in this process and take their part of the same cores.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx2

REPOSITORY = Path(__file__).resolve().parent.parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenario", nargs="?", type=Path, default=REPOSITORY / "examples/small-office/scenario.yaml")
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--think", type=float, default=4.0, help="mean time between two changes of one person [s]")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        began_s = time.perf_counter()
        server = subprocess.Popen(
            [sys.executable, "-m", "millwright.cli.main", "serve", "--port", "0", "--database",
             f"sqlite:///{folder}/library.sqlite"],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            assert server.stdout is not None
            url = server.stdout.readline().split()[3].rstrip("/")
            print(f"server answers {time.perf_counter() - began_s:.2f} s after its start, on {os.cpu_count()} cores")
            asyncio.run(measure(url, asked, server.pid))
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(30)


async def measure(url: str, asked: argparse.Namespace, pid: int) -> None:
    async with httpx2.AsyncClient(
        base_url=url, timeout=120.0, limits=httpx2.Limits(max_connections=asked.users + 1)
    ) as client:
        began_s = time.perf_counter()
        page = await client.get("/", headers={"Accept": "text/html"})
        print(f"first view: {time.perf_counter() - began_s:.3f} s until its last byte ({page.status_code})")
        question = await ask_for_plan(client, asked.scenario)
        began_s = time.perf_counter()
        await asyncio.gather(*(client.post("/api/what-if", json=question) for _ in range(4)))
        print(f"first what-if, for which each worker searches the offers: {time.perf_counter() - began_s:.2f} s")
        alone = [(await refreshed(client, question, random.Random(seed)))[0] for seed in range(20)]
        print(
            f"money refresh, one person alone: median {1e3 * statistics.median(alone):.0f} ms, worst {max(alone):.3f} s"
        )

        used_s, busy_s, own_s = cpu_s(pid), busy_cpu_s(), time.process_time()
        ends_s = time.perf_counter() + asked.seconds
        found = await asyncio.gather(*(person(client, question, seed, ends_s, asked) for seed in range(asked.users)))
        used_s, busy_s, own_s = cpu_s(pid) - used_s, busy_cpu_s() - busy_s, time.process_time() - own_s
        times = sorted(took_s for each in found for took_s, _ in each)
        errors = sum(status != 200 for each in found for _, status in each)
        p50, p95, p99 = (times[int(share * (len(times) - 1))] for share in (0.5, 0.95, 0.99))
        print(
            f"{asked.users} people for {asked.seconds:.0f} s, a change each {asked.think:g} s: {len(times)} changes, "
            f"{len(times) / asked.seconds:.1f}/s, {errors} errors; refresh p50 {1e3 * p50:.0f} ms, "
            f"p95 {1e3 * p95:.0f} ms, p99 {1e3 * p99:.0f} ms, worst {times[-1]:.2f} s"
        )
        capacity_s = (os.cpu_count() or 1) * asked.seconds
        print(
            f"CPU: {1e3 * used_s / len(times):.0f} ms of the server a change, {used_s / capacity_s:.0%} of the cores; "
            f"the people {own_s / capacity_s:.0%}, other programs {(busy_s - used_s - own_s) / capacity_s:.0%}"
        )


def cpu_s(pid: int) -> float:
    """Return the CPU time that a process and all below it have used [s]."""
    fields = {int(each.name): _stat(each) for each in Path("/proc").iterdir() if each.name.isdigit()}
    family = {pid}
    while below := {one for one, stat in fields.items() if stat and int(stat[1]) in family} - family:
        family |= below
    return sum(int(stat[11]) + int(stat[12]) for one in family if (stat := fields.get(one))) / os.sysconf("SC_CLK_TCK")


def _stat(folder: Path) -> list[str]:
    """Return the fields after the name of a process: state, parent …; nothing if it has ended."""
    try:
        return (folder / "stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return []


def busy_cpu_s() -> float:
    """Return the CPU time that all programs have used since the machine started [s]."""
    user, nice, system, _, _, irq, soft_irq, *_ = map(int, Path("/proc/stat").read_text().split("\n")[0].split()[1:])
    return (user + nice + system + irq + soft_irq) / os.sysconf("SC_CLK_TCK")


async def ask_for_plan(client: httpx2.AsyncClient, file: Path) -> dict[str, Any]:
    """Return what every what-if asks: the scenario with its files, and the offers of its plan's leading options."""
    began_s = time.perf_counter()
    scenario, attachments = file.read_text(encoding="utf-8"), {}
    for other in sorted(file.parent.iterdir()):
        if other.is_file() and other != file and other.name in scenario:
            sent = await client.post("/api/attachments", files={"file": (other.name, other.read_bytes())})
            attachments[other.name] = sent.json()["id"]
    answer = await client.post("/api/plans", json={"scenario": scenario, "attachments": attachments})
    path = answer.headers["Location"]
    while (state := (await client.get(path)).json()["state"]) in ("waiting", "running"):
        await asyncio.sleep(0.5)
    plan = (await client.get(f"{path}/result")).json()
    print(f"plan: {state} after {time.perf_counter() - began_s:.1f} s, {len(plan['options'])} options")
    leading = {(part["site"], part["offer"]) for option in plan["options"][:8] for part in option["fleet"]}
    day = plan["header"]["created"][:10]
    return {"scenario": scenario, "attachments": attachments, "offers": sorted(leading), "as_of": day}


async def person(
    client: httpx2.AsyncClient, question: dict[str, Any], seed: int, ends_s: float, asked: argparse.Namespace
) -> list[tuple[float, int]]:
    chance = random.Random(seed)
    done = []
    await asyncio.sleep(chance.uniform(0.0, asked.think))
    while time.perf_counter() < ends_s:
        done.append(await refreshed(client, question, chance))
        await asyncio.sleep(chance.expovariate(1.0 / asked.think))
    return done


async def refreshed(client: httpx2.AsyncClient, question: dict[str, Any], chance: random.Random) -> tuple[float, int]:
    """Move one slider somewhere nobody has had it, and return how long the answer took [s] and its status."""
    slider, low, high = chance.choice(
        [
            ("demand", 0.3, 3.0),
            ("electricity_per_kwh", 0.05, 0.5),
            ("discount_rate_per_year", 0.0, 0.2),
            ("host_price", 0.5, 1.5),
            ("api_price", 0.2, 2.0),
        ]
    )
    changes = {slider: round(chance.uniform(low, high), 6)}
    began_s = time.perf_counter()
    answer = await client.post("/api/what-if", json={**question, "changes": changes})
    return time.perf_counter() - began_s, answer.status_code


if __name__ == "__main__":
    main()
