"""How fast the simulator is, as ratios and rates in one run: Llama 3.1 8B on an H100, 1024 tokens in, 128 out.

`--long` adds ten million requests on one replica and on 64. Traces are replayed where ../shared/data is there.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from millwright.catalog.catalog import load_catalog
from millwright.perf.compile import compile_step_time
from millwright.perf.deployment import Deployment, SchedulerLimits
from millwright.perf.memory import memory_fit
from millwright.simulate import Member, Router, Slo, max_rate_at_slo, saturated_rate, simulate_cluster, simulate_open
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
    one_s = best_s(lambda: simulate_open(million, *MACHINE), clock=time.perf_counter)
    with ThreadPoolExecutor(2) as pool:
        two_s = best_s(
            lambda: list(pool.map(lambda _: simulate_open(million, *MACHINE), range(2))), clock=time.perf_counter
        )
    print(f"two threads, two runs: {2 * one_s / two_s:.2f} times the rate of one")


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
    from dataclasses import replace

    import polars as pl

    table = pl.read_parquet(mooncake)
    hashes = table["hash_ids"]
    requests = replace(
        read_trace(mooncake),
        prefix_blocks=hashes.explode().to_numpy().astype(np.int64),
        prefix_offsets=np.concatenate([[0], np.cumsum(hashes.list.len().to_numpy())]),
        prefix_block_tokens=512,
    )
    outcomes = simulate_open(requests, *MACHINE)
    took_s = best_s(lambda: simulate_open(requests, *MACHINE))
    share = outcomes.totals.cached_tokens / requests.input_tokens.sum()
    print(f"Mooncake conversation, prefix cache ({share:.0%} found): {len(requests) / took_s:,.0f} requests/s")
    show_goodput(read_trace(SHARED / "traces" / "azure_2023_conv.parquet"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--long", action="store_true", help="also ten million requests")
    long = parser.parse_args().long
    capacity_per_s = saturated_rate(poisson(1.0, 20_000), *MACHINE)
    print(f"capacity of one replica: {capacity_per_s:.1f} requests/s")
    show_one_replica(capacity_per_s, long)
    show_goodput(poisson(1.0, 4_000))
    show_cluster(capacity_per_s, 10_000_000 if long else 1_000_000)
    show_traces()


if __name__ == "__main__":
    main()
