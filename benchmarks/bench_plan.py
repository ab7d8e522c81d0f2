"""How long a plan takes, and what the pruned search saves against simulating every candidate in full.

Plans Llama 3.3 70B for the Azure conversation hour of 2023 (19,366 requests) where ../shared/data is there, else for as
many requests of the shipped conversation profile, on every host and cloud offer of the catalogue.
"""

from __future__ import annotations

import datetime as dt
import os
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
    loaded = load()
    make_plan(loaded, today=TODAY)  # warm-up: the simulator's compiled code is loaded, or compiled
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    plan = make_plan(loaded, today=TODAY)
    whole_s, cpu_s = time.perf_counter() - began_s, time.process_time() - began_cpu_s
    print(f"a plan: {whole_s:.1f} s, {cpu_s:.1f} s of CPU; {os.cpu_count()} cores")
    print(f"{len(plan.options)} options, {len(plan.refused)} refused")
    for timing in plan.timings:
        print(f"  {timing.stage:32s} {timing.wall_s:6.2f} s")

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
