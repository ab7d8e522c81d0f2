"""How fast the simulator is, as ratios and rates in one run: Llama 3.1 8B on an H100, 1024 tokens in, 128 out.

`--long` adds ten million requests on one replica and on 64. Traces are replayed where ../shared/data is there.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from millwright.catalog.catalog import load_catalog
from millwright.perf.compile import compile_step_time
from millwright.perf.deployment import Deployment, SchedulerLimits
from millwright.perf.memory import memory_fit
from millwright.perf.step_time import StepTime
from millwright.quantity import Basis
from millwright.simulate import Member, Router, Slo, max_rate_at_slo, saturated_rate, simulate_cluster, simulate_open
from millwright.simulate.metrics import mean_interval
from millwright.simulate.reference_load import reference_open
from millwright.simulate.state import JOB
from millwright.traffic.requests import Requests
from millwright.traffic.traces import read_trace

SHARED = Path(os.environ.get("MILLWRIGHT_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
CATALOG = load_catalog()
LIMITS = SchedulerLimits()
DEPLOYMENT = Deployment(CATALOG.model("llama-3.1-8b"), CATALOG.device("h100-sxm"), limits=LIMITS)
STEP = compile_step_time(DEPLOYMENT, context_tokens=1088.0)
KV_TOKENS = memory_fit(DEPLOYMENT).kv_capacity_tokens
MACHINE = (STEP, LIMITS, KV_TOKENS)
MADE_AT_PER_S = 20.0
"""About 60 % of what a replica takes, for the runs that only their number matters of."""


def poisson(rate_per_s: float, n: int, seed: int = 0) -> Requests:
    arrival_s = np.cumsum(np.random.default_rng(seed).exponential(1 / rate_per_s, n))
    return Requests(arrival_s, np.full(n, 1024), np.full(n, 128))


def best_s(call: Callable[[], object], times: int = 3, clock: Callable[[], float] = time.process_time) -> float:
    """Return the shortest time of some calls [s], of this process alone: others share the machine."""
    took_s = []
    for _ in range(times):
        began_s = clock()
        call()
        took_s.append(clock() - began_s)
    return min(took_s)


def show_one_replica(capacity_per_s: float, long: bool) -> None:
    few = poisson(0.6 * capacity_per_s, 2000)
    ratio = best_s(lambda: reference_open(few, *MACHINE), 1) / best_s(lambda: simulate_open(few, *MACHINE), 9)
    print(f"engine against step-by-step reference, 60 % load: {ratio:,.0f} times as fast")
    million = poisson(0.6 * capacity_per_s, 1_000_000)
    print(f"60 % load: {len(million) / best_s(lambda: simulate_open(million, *MACHINE)):,.0f} requests/s/core")
    flood = poisson(1.5 * capacity_per_s, 1_000_000)
    print(f"saturated: {len(flood) / best_s(lambda: simulate_open(flood, *MACHINE)):,.0f} requests/s/core")
    for n in (10_000, 100_000, 1_000_000, *((10_000_000,) if long else ())):
        requests = poisson(0.6 * capacity_per_s, n)
        steps = simulate_open(requests, *MACHINE).totals.steps
        took_s = best_s(lambda requests=requests: simulate_open(requests, *MACHINE))
        print(f"  {n:>10,} requests: {took_s / n * 1e9:5.0f} ns per request, {took_s / steps * 1e9:5.1f} ns per step")
    print(f"memory: {JOB.itemsize} bytes per request in the engine, 24 for its arrival and lengths")


def run_apart(pool: Executor, requests: int, seeds: Sequence[int]) -> tuple[float, float]:
    """Return how long independent runs take on the workers of `pool` [s], and the mean CPU time of one [s].

    What they run on is made beforehand.
    """
    began_s = time.perf_counter()
    busy_s = list(pool.map(run_alone, [requests] * len(seeds), seeds))
    return time.perf_counter() - began_s, sum(busy_s) / len(busy_s)


def run_alone(n: int, seed: int) -> float:
    """Simulate n requests at 60 % load and return its CPU time [s]; a worker makes the requests once."""
    requests = made(n, seed)
    began_s = time.thread_time()
    simulate_open(requests, *MACHINE)
    return time.thread_time() - began_s


@lru_cache(maxsize=4)
def made(n: int, seed: int) -> Requests:
    return poisson(MADE_AT_PER_S, n, seed)


def show_two_cores(times: int = 9) -> None:
    """Two independent runs at once against one alone, in threads and in processes: the best of several.

    Others share the machine, so the load average is told with it. CPU time leaves out what others take: it says how
    much one run slows the other down by sharing memory and cache, which no free core would mend.
    """
    n = 1_000_000
    pools: dict[str, Callable[[], Executor]] = {
        "threads": lambda: ThreadPoolExecutor(2),
        "processes": lambda: ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("forkserver")),
    }
    for name, make in pools.items():
        with make() as pool:
            for _ in range(2):  # each worker starts, loads the compiled code and makes its requests
                run_apart(pool, n, (0, 0))
            ones, twos = [], []
            for _ in range(times):
                ones.append(run_apart(pool, n, (0,)))
                twos.append(run_apart(pool, n, (0, 0)))
        (one_s, one_cpu_s), (two_s, two_cpu_s) = (tuple(map(min, zip(*found, strict=True))) for found in (ones, twos))
        print(
            f"two runs at once in {name}: {2 * one_s / two_s:.2f} times the rate of one by the clock, "
            f"{2 * one_cpu_s / two_cpu_s:.2f} by CPU time "
            f"(best of {times}, load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores)"
        )


def show_goodput(requests: Requests) -> None:
    slo = Slo(ttft_s=0.5, tpot_s=0.05)
    found = max_rate_at_slo(requests, *MACHINE, slo)
    took_s = best_s(lambda: max_rate_at_slo(requests, *MACHINE, slo))
    print(f"goodput, {len(requests):,} requests, {len(found.points)} rates: {took_s * 1e3:.0f} ms")


def show_cluster(capacity_per_s: float, n: int) -> None:
    requests = poisson(64 * 0.6 * capacity_per_s, n)
    members = [Member(*MACHINE)] * 64
    took_s = best_s(lambda: simulate_cluster(requests, members, Router.LEAST_REQUESTS), 1)
    print(f"64 replicas, least requests, {n:,} requests: {took_s:.1f} s, {n / took_s:,.0f} requests/s")


def show_traces() -> None:
    mooncake = SHARED / "traces" / "mooncake_fast25_conversation.parquet"
    if not mooncake.exists():
        print("traces: not there")
        return
    requests = read_trace(mooncake)
    outcomes = simulate_open(requests, *MACHINE)
    took_s = best_s(lambda: simulate_open(requests, *MACHINE))
    share = outcomes.totals.cached_tokens / requests.input_tokens.sum()
    print(f"Mooncake conversation, prefix cache ({share:.0%} found): {len(requests) / took_s:,.0f} requests/s")
    show_goodput(read_trace(SHARED / "traces" / "azure_2023_conv.parquet"))


def show_theory(n: int = 400_000) -> None:
    """Print mean waits beside what queueing theory says of them, as rows of a table."""
    print("| system | load | theory [ms] | simulated [ms] | 80 % interval [ms] |\n|---|---|---|---|---|")
    for name, load, expected_s, requests, step, limits in theory_cases(n):
        waits_s = simulate_open(requests, step, limits, 10**9).queue_s[n // 10 :]
        found = mean_interval(waits_s)
        cells = f"{1e3 * found.value:.3f} | {1e3 * found.low:.3f} to {1e3 * found.high:.3f}"
        print(f"| {name} | {load:.0%} | {1e3 * expected_s:.3f} | {cells} |")


def theory_cases(n: int) -> Iterator[tuple[str, float, float, Requests, StepTime, SchedulerLimits]]:
    """Yield systems with a known mean wait: name, load, wait [s], requests, step times, limits."""
    alone, ones = SchedulerLimits(1, 4096, 16, 0.0), np.ones(n, dtype=np.int64)
    flat = np.where(np.arange(4097) > 0, 0.02, 0.0)
    for load in (0.3, 0.6, 0.8):
        requests = arriving(load / 0.02, ones, ones, 1)
        yield "M/D/1", load, load * 0.02 / (2 * (1 - load)), requests, steps(flat), alone
    tokens = np.minimum(np.random.default_rng(2).geometric(1 / 300, n), 4096)
    service_s = 1e-4 * tokens
    for load in (0.3, 0.6, 0.8):
        rate = load / service_s.mean()
        expected_s = rate * (service_s**2).mean() / (2 * (1 - load))
        yield "M/G/1", load, expected_s, arriving(rate, tokens, ones, 3), steps(1e-4 * np.arange(4097)), alone
    lanes, mean_steps, step_s = 8, 2000, 1e-4
    outputs = np.random.default_rng(4).geometric(1 / mean_steps, n)
    for load in (0.6, 0.8):
        offered = load * lanes
        waiting = offered**lanes / math.factorial(lanes) / (1 - load)
        chance = waiting / (sum(offered**k / math.factorial(k) for k in range(lanes)) + waiting)
        expected_s = chance * mean_steps * step_s / (lanes * (1 - load))
        requests = arriving(load * lanes / (mean_steps * step_s), ones, outputs, 5)
        few = SchedulerLimits(lanes, 4096, 16, 0.0)
        yield "M/M/8 (Erlang C)", load, expected_s, requests, steps(flat * (step_s / 0.02)), few


def arriving(rate_per_s: float, inputs: NDArray[np.int64], outputs: NDArray[np.int64], seed: int) -> Requests:
    arrival_s = np.cumsum(np.random.default_rng(seed).exponential(1 / rate_per_s, len(inputs)))
    return Requests(arrival_s, inputs, outputs)


def steps(times_s: NDArray[np.float64]) -> StepTime:
    return StepTime(times_s, times_s, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, Basis.ASSUMED)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--long", action="store_true", help="also ten million requests")
    parser.add_argument("--theory", action="store_true", help="only the table of waits beside queueing theory")
    parser.add_argument("--two-cores", action="store_true", help="only two runs at once against one")
    asked = parser.parse_args()
    if asked.theory or asked.two_cores:
        if asked.theory:
            show_theory()
        if asked.two_cores:
            show_two_cores()
        return
    long = asked.long
    capacity_per_s = saturated_rate(poisson(1.0, 20_000), *MACHINE)
    print(f"capacity of one replica: {capacity_per_s:.1f} requests/s")
    show_one_replica(capacity_per_s, long)
    show_two_cores()
    show_theory()
    show_goodput(poisson(1.0, 4_000))
    show_cluster(capacity_per_s, 10_000_000 if long else 1_000_000)
    show_traces()


if __name__ == "__main__":
    main()
