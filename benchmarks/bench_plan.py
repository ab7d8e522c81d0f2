"""How long plans take, stage by stage, and what the pruned search saves against simulating every candidate in full.

Plans every example, and Llama 3.3 70B for the Azure conversation hour of 2023 (19,366 requests) where ../shared/data is
there, else for as many requests of the shipped conversation profile, on every host and cloud offer of the catalogue.

    python benchmarks/bench_plan.py [NAME...]    some examples, or `hour`, alone

Wall times on a machine with other work to do say little: processor time is what to compare.
"""

from __future__ import annotations

import datetime as dt
import os
import sys
import tempfile
import time
from pathlib import Path

from millwright.fleet.replica import Service, candidates, evaluate, prospects, with_interval, work_out
from millwright.fleet.search import answer_device
from millwright.fleet.stack import default_limits, engine_for
from millwright.plan.demand import workload_demand
from millwright.plan.make import make_plan
from millwright.scenario.load import LoadedScenario, load_scenario

SHARED = Path(os.environ.get("MILLWRIGHT_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
TRACE = SHARED / "traces" / "azure_2023_conv.parquet"
DEVICES = ("h100-sxm", "l40s", "mi300x", "a100-sxm-80")
TODAY = dt.date(2026, 11, 21)
EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
HOUR = "hour"
WARM_UP = "existing-hardware"

SCENARIO = """\
name: conversation hour
organisation: {{country: US, currency: USD}}
workloads:
  - name: conversation
    model: llama-3.3-70b
    traffic: {traffic}
    slo: {{ttft: 2 s, tpot: 80 ms, percentile: 95}}
"""


def load() -> LoadedScenario:
    columns = "{arrival: arrival_s, input: input_tokens, output: output_tokens}"
    traffic = f"{{trace: {{file: {TRACE}, columns: {columns}}}}}" if TRACE.exists() else "{rate: 5.53 /s}"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scenario.yaml"
        path.write_text(SCENARIO.format(traffic=traffic), encoding="utf-8")
        return load_scenario(path)


def main() -> None:
    names = sys.argv[1:] or [*sorted(path.parent.name for path in EXAMPLES.glob("*/scenario.yaml")), HOUR]
    make_plan(load_scenario(EXAMPLES / WARM_UP / "scenario.yaml"), today=TODAY)  # compiled code is loaded, or compiled
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    for name in names:
        _time_plan(name)
    if HOUR in names:
        _time_search()


def _time_plan(name: str) -> None:
    """Print wall and processor time of one plan, and of each of its stages that takes a tenth of a second or more."""
    loaded = load() if name == HOUR else load_scenario(EXAMPLES / name / "scenario.yaml")
    plan = make_plan(loaded, today=TODAY)
    wall_s, cpu_s = (sum(values) for values in zip(*((t.wall_s, t.cpu_s or 0.0) for t in plan.timings), strict=True))
    print(f"{name}: {wall_s:.1f} s, {cpu_s:.1f} s of CPU; {len(plan.options)} options, {len(plan.refused)} refused")
    for timing in plan.timings:
        if (timing.cpu_s or 0.0) >= 0.1:
            share = (timing.cpu_s or 0.0) / cpu_s
            print(f"  {timing.stage:32s} {timing.wall_s:6.2f} s, {timing.cpu_s:6.2f} s of CPU, {share:4.0%}")


def _time_search() -> None:
    """Print what the pruned search saves."""
    loaded = load()
    workload = loaded.scenario.workloads[0]
    model = loaded.catalog.model(workload.model)
    service = workload_demand(workload, model, loaded.patterns[workload.name], 12, 0).service
    pruned_s = full_s = 0.0
    for name in DEVICES:
        device = loaded.catalog.device(name)
        began_s = time.process_time()
        answer_device(service, model, device, (8,))
        pruned_s += time.process_time() - began_s
        engine = engine_for(device)
        began_s = time.process_time()
        found, _ = candidates(
            service, model, device, engine=engine, most_devices=8, limits=default_limits(engine, model)
        )
        for one in found:
            with_interval(service, evaluate(service, one))
        full_s += time.process_time() - began_s
    print(
        f"CPU to search {len(DEVICES)} devices: pruned {pruned_s:.2f} s, every candidate in full {full_s:.2f} s, ",
        end="",
    )
    print(f"ratio {full_s / pruned_s:.1f}")
    _time_step_times(loaded, service)


def _time_step_times(loaded: LoadedScenario, service: Service) -> None:
    """Print the CPU time of the step times of a device's deployments, one by one and at once."""
    model = loaded.catalog.model("llama-3.3-70b")
    one_s = at_once_s = 0.0
    count = 0
    for name in DEVICES:
        device = loaded.catalog.device(name)
        engine = engine_for(device)
        found, _ = prospects(
            service, model, device, engine=engine, most_devices=8, limits=default_limits(engine, model)
        )
        began_s = time.process_time()
        for each in found:
            _ = each.candidate
        one_s += time.process_time() - began_s
        began_s = time.process_time()
        work_out(found, service, None)
        at_once_s += time.process_time() - began_s
        count += len(found)
    print(
        f"CPU for the step times of {count} deployments: one by one {one_s:.2f} s, at once {at_once_s:.2f} s, "
        f"ratio {one_s / at_once_s:.1f}"
    )


if __name__ == "__main__":
    main()
