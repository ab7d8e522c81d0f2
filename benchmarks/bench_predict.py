"""How fast serving points are predicted and deployments compiled, after warm-up, on one core.

    OMP_NUM_THREADS=1 python benchmarks/bench_predict.py [POINTS]

Without a file it predicts made-up points over the catalogue's devices and models. Prints points per second and
milliseconds per compiled deployment.
"""

from __future__ import annotations

import itertools
import sys
import time
from pathlib import Path

import polars as pl

from millwright.catalog.catalog import load_catalog
from millwright.measure.points import read_table
from millwright.measure.predict import predict_table
from millwright.perf.compile import compile_step_time
from millwright.perf.deployment import Deployment


def made_up_points() -> pl.DataFrame:
    devices = ["NVIDIA H100", "NVIDIA B200", "AMD MI300X", "NVIDIA L40S"]
    models = ["meta-llama/Llama-3.1-70B", "openai/gpt-oss-120b", "deepseek-ai/DeepSeek-R1", "Qwen/Qwen3-32B"]
    loads = [1.0, 4.0, 16.0, 64.0, 256.0]
    lengths = [(1024.0, 1024.0), (8192.0, 1024.0), (1024.0, 8192.0)]
    rows = [
        {
            "accelerator": device,
            "n_accelerators": 8.0,
            "model": model,
            "engine": engine,
            "tp": 8.0,
            "isl": isl,
            "osl": osl,
            "concurrency_or_rate": load,
            "load_kind": "concurrency (closed loop)",
            "isl_dist": "uniform in [0.8x, 1.0x]",  # a benchmark's run, which is played in the simulator
        }
        for device, model, engine, load, (isl, osl) in itertools.product(
            devices, models, ("vllm", "sglang", "tensorrt-llm"), loads, lengths
        )
    ]
    return pl.DataFrame(rows)


def main() -> None:
    catalog = load_catalog()
    table = read_table(Path(sys.argv[1])) if len(sys.argv) > 1 else made_up_points()
    predict_table(table.head(50), catalog)
    begun = time.perf_counter()
    predict_table(table, catalog)
    spent = time.perf_counter() - begun
    print(f"{len(table)} points in {spent:.2f} s: {len(table) / spent:.0f} points/s")
    deployment = Deployment(catalog.model("llama-3.1-70b"), catalog.device("h100-sxm"), tp=4)
    compile_step_time(deployment, context_tokens=1000.0)
    begun = time.perf_counter()
    for context in range(200):
        compile_step_time(deployment, context_tokens=1000.0 + context)
    print(f"{(time.perf_counter() - begun) / 200 * 1e3:.2f} ms per compiled deployment")


if __name__ == "__main__":
    main()
