"""Replay the published traces in full and draw queue, batch and KV cache over time into docs/images.

    python scripts/plot_traces.py TRACES_FOLDER [--out docs/images]

Each trace runs on as many H100 replicas of Llama 3.1 8B as keep its queue from growing for ever, the replica with the
least requests first (Mooncake's: the one that has most of the prompt). Prints one row of the table in
docs/simulator.md for each.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from millwright.catalog.catalog import load_catalog
from millwright.measure.deployed import deployed_step_time
from millwright.perf.deployment import Deployment
from millwright.perf.memory import memory_fit
from millwright.report.charts import as_svg
from millwright.report.run_chart import run_chart
from millwright.simulate import Member, Router, Watch, simulate_cluster, summarise
from millwright.simulate.watching import waiting_at
from millwright.traffic.traces import read_trace


@dataclass(frozen=True)
class Replay:
    """One trace, and what serves it."""

    name: str
    title: str
    replicas: int
    router: Router = Router.LEAST_REQUESTS


REPLAYS = (
    Replay("azure_2023_conv", "Azure 2023, conversation", 1),
    Replay("azure_2023_code", "Azure 2023, code", 1),
    Replay("mooncake_fast25_conversation", "Mooncake, conversation", 4, Router.PREFIX_AWARE),
    Replay("mooncake_fast25_synthetic", "Mooncake, synthetic", 4, Router.PREFIX_AWARE),
)


def replay(each: Replay, folder: Path, out: Path) -> str:
    """Replay a trace, draw it, and return its row of the table."""
    catalog = load_catalog()
    deployment = Deployment(catalog.model("llama-3.1-8b"), catalog.device("h100-sxm"))
    requests = read_trace(folder / f"{each.name}.parquet")
    step = deployed_step_time(
        deployment,
        input_tokens=float(np.mean(requests.input_tokens)),
        output_tokens=float(np.mean(requests.output_tokens)),
    ).step
    capacity = memory_fit(deployment).kv_capacity_tokens
    members = [Member(step, deployment.limits, capacity)] * each.replicas
    simulate_cluster(requests, members, each.router)  # compiles, and fills the machine's caches
    began_s = time.process_time()
    outcomes = simulate_cluster(requests, members, each.router)
    took_s = time.process_time() - began_s
    watch = Watch()
    simulate_cluster(requests, members, each.router, watch=watch)
    seen = watch.occupancy()
    waiting = waiting_at(requests.arrival_s + step.request_s, outcomes.queue_s, seen.time_s).astype(np.float64)
    title = f"{each.title}: {len(requests):,} requests on {each.replicas} × H100"
    chart = run_chart(seen.time_s - requests.arrival_s[0], waiting, seen.running, seen.kv_share, title)
    (out / f"{each.name}.svg").write_text(as_svg(chart))
    metrics = summarise(outcomes)
    p99_s = [0.0 if latency.p99 is None else latency.p99.value for latency in (metrics.ttft_s, metrics.tpot_s)]
    return (
        f"| {each.title} | {metrics.requests:,} ({metrics.refused:,} refused) | {each.replicas} | "
        f"{metrics.cached_share:.0%} | {p99_s[0]:.2f} s | {1e3 * p99_s[1]:.0f} ms | {metrics.kv_peak_share:.0%} | "
        f"{len(requests) / took_s:,.0f}/s |"
    )


def main() -> None:
    """Replay all of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("traces", type=Path, help="folder of the traces as Parquet files")
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parents[1] / "docs" / "images")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    print("| trace | requests | replicas | prompt tokens found | TTFT p99 | TPOT p99 | KV peak | simulated |")
    print("|---|---|---|---|---|---|---|---|")
    for each in REPLAYS:
        print(replay(each, asked.traces, asked.out))


if __name__ == "__main__":
    main()
