"""Fit efficiency curves to measured operators and write src/millwright/perf/data/operators.json with the fit's report.

    python scripts/fit_operators.py [--data ../shared/data]

Each curve is the formula the step time uses: a product takes τ + (c³ + m³)^⅓ with c = FLOP/(η_c·peak) and
m = bytes/(η_m·bandwidth); attention and collectives likewise. One (η_c, η_m, τ) per device and data type; the error of
leaving a device out is what its family's median curve makes of it.
"""

from __future__ import annotations

import argparse
import json
import math
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.optimize import least_squares

from millwright.catalog.catalog import load_catalog
from millwright.catalog.device import Device
from millwright.catalog.precision import Compute
from millwright.perf.timing import distinct_experts

Floats = NDArray[np.float64]

REPOSITORY = Path(__file__).resolve().parent.parent
OUT = REPOSITORY / "src" / "millwright" / "perf" / "data" / "operators.json"

DEVICE_OF_SYSTEM = {
    "a100_sxm": "NVIDIA A100 SXM 80GB",
    "h100_sxm": "NVIDIA H100 SXM 80GB",
    "h200_sxm": "NVIDIA H200 SXM 141GB",
    "b200_sxm": "NVIDIA B200",
    "b300_sxm": "NVIDIA B300",
    "gb200": "NVIDIA GB200",
    "gb300": "NVIDIA GB300",
    "l40s": "NVIDIA L40S",
    "rtx_pro_6000_server": "NVIDIA RTX PRO 6000 Blackwell Server Edition",
    "b60": "Intel Arc Pro B60",
}

FORMATS = {  # table's name: (our name, bytes of a weight, arithmetic)
    "bfloat16": ("bf16", 2.0, Compute.BF16),
    "float16": ("bf16", 2.0, Compute.BF16),
    "fp8": ("fp8", 1.0, Compute.FP8),
    "fp8_block": ("fp8_block", 1.0, Compute.FP8),
    "nvfp4": ("nvfp4", 0.5625, Compute.FP4),
    "w4a16_mxfp4": ("mxfp4", 0.53125, Compute.BF16),
    "w4a8_mxfp4_mxfp8": ("mxfp4", 0.53125, Compute.FP8),
    "int8_wo": ("int8_wo", 1.0, Compute.BF16),
    "int4_wo": ("int4", 0.516, Compute.BF16),
}

ROWS_PER_FIT = 3000
LEAST_ROWS = 40


def peak(device: Device, compute: Compute) -> float:
    peaks = device.peak_flop_per_s
    return float(peaks.get(compute) or peaks.get(Compute.BF16) or 1e14)


def robust_fit(model: Callable[[Floats], Floats], measured: Floats, start: Iterable[float]) -> tuple[Floats, Floats]:
    """Return log-parameters that minimise a soft-L1 of log errors, and the errors."""

    def errors(logs: Floats) -> Floats:
        return np.log(model(np.exp(logs)) / measured)

    begin = np.log(np.array(list(start)))
    lower = begin - 5
    upper = np.maximum(begin + 1e-6, np.where(np.exp(begin) < 1e-3, begin + 4, 0.0))  # shares stay at most 1
    solution = least_squares(errors, begin, bounds=(lower, upper), loss="soft_l1", f_scale=0.2)
    return np.exp(solution.x), errors(solution.x)


def product_time(share: Floats, compute: Floats, memory: Floats) -> Floats:
    return share[2] + np.cbrt((compute / share[0]) ** 3 + (memory / share[1]) ** 3)


def describe(values: Floats, names: tuple[str, ...], errors: Floats) -> dict[str, float]:
    report = {name: float(f"{value:.4g}") for name, value in zip(names, values, strict=True)}
    report["rows"] = len(errors)
    report["median_abs_error"] = round(float(np.median(np.abs(np.expm1(errors)))), 4)
    report["p90_abs_error"] = round(float(np.quantile(np.abs(np.expm1(errors)), 0.9)), 4)
    return report


def sampled(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.sample(ROWS_PER_FIT, seed=1) if frame.height > ROWS_PER_FIT else frame


def column(frame: pl.DataFrame, name: str) -> Floats:
    return frame[name].to_numpy().astype(np.float64)


NAMES = ("compute", "memory", "latency_s")
Curves = dict[str, dict[str, float]]


def fit_gemm(data: Path, devices: dict[str, Device]) -> Curves:
    table = pl.read_parquet(data / "ops/aiconfigurator/gemm__gemm_perf.parquet").filter(
        (pl.col("n") >= 512) & (pl.col("k") >= 512) & (pl.col("latency") > 0)
    )
    curves: Curves = {}
    for (system, dtype, backend), rows in table.group_by("_system", "gemm_dtype", "_backend"):
        if system not in devices or dtype not in FORMATS or rows.height < LEAST_ROWS:
            continue
        name, width, compute = FORMATS[str(dtype)]
        device, rows = devices[str(system)], sampled(rows)
        m, n, k = column(rows, "m"), column(rows, "n"), column(rows, "k")
        flop = 2 * m * n * k / peak(device, compute)
        traffic = (n * k * width + 2 * m * (n + k)) / float(device.memory_bandwidth_bytes_per_s or 1e12)
        share, errors = robust_fit(
            lambda s, c=flop, b=traffic: product_time(s, c, b), column(rows, "latency") / 1e3, (0.6, 0.8, 3e-6)
        )
        curves[f"{device.id}|{backend}|{name}"] = describe(share, NAMES, errors)
    return curves


def fit_moe(data: Path, devices: dict[str, Device]) -> Curves:
    table = pl.read_parquet(data / "ops/aiconfigurator/moe__moe_perf.parquet").filter(pl.col("latency") > 0)
    curves: Curves = {}
    for (system, dtype, backend), rows in table.group_by("_system", "moe_dtype", "_backend"):
        if system not in devices or dtype not in FORMATS or rows.height < LEAST_ROWS:
            continue
        name, width, compute = FORMATS[str(dtype)]
        device, rows = devices[str(system)], sampled(rows)
        n, hidden, inner = column(rows, "num_tokens"), column(rows, "hidden_size"), column(rows, "inter_size")
        inner = inner / column(rows, "moe_tp_size")
        ep = column(rows, "moe_ep_size")
        experts, hits = column(rows, "num_experts") / ep, column(rows, "topk") / ep
        size = 3 * hidden * inner
        hit = distinct_experts(experts, hits, n, np.full(len(n), 0.6))
        pairs = n * hits
        flop = 2 * (pairs + np.minimum(8 * hit, 15 * pairs)) * size / peak(device, compute)
        traffic = hit * size * width / float(device.memory_bandwidth_bytes_per_s or 1e12)
        share, errors = robust_fit(
            lambda s, c=flop, b=traffic: product_time(s, c, b), column(rows, "latency") / 1e3, (0.3, 0.7, 20e-6)
        )
        curves[f"{device.id}|{backend}|{name}"] = describe(share, NAMES, errors)
    return curves


def fit_attention(data: Path, devices: dict[str, Device], decode: bool) -> Curves:
    name = "attention__generation_attention_perf" if decode else "attention__context_attention_perf"
    table = pl.read_parquet(data / f"ops/aiconfigurator/{name}.parquet").filter(
        (pl.col("latency") > 0) & (pl.col("head_dim") == 128) & (pl.col("window_size").fill_null(0) <= 0)
    )
    curves: Curves = {}
    for (system, kv, backend), rows in table.group_by("_system", "kv_cache_dtype", "_backend"):
        if system not in devices or rows.height < LEAST_ROWS:
            continue
        device, rows = devices[str(system)], sampled(rows)
        width = 1.0 if "8" in str(kv) else 2.0
        batch, heads, kv_heads = (
            column(rows, "batch_size"),
            column(rows, "num_heads"),
            column(rows, "num_key_value_heads"),
        )
        kv_heads = np.where(kv_heads > 0, kv_heads, heads)
        length = column(rows, "isl") + (column(rows, "step") if decode else 0)
        pairs = batch * length if decode else batch * length**2 / 2
        flop = 4 * pairs * heads * 128 / peak(device, Compute.BF16)
        traffic = batch * length * kv_heads * 256 * width / float(device.memory_bandwidth_bytes_per_s or 1e12)
        share, errors = robust_fit(
            lambda s, c=flop, b=traffic: product_time(s, c, b), column(rows, "latency") / 1e3, (0.5, 0.7, 5e-6)
        )
        curves[f"{device.id}|{backend}|{'fp8' if width == 1 else 'bf16'}"] = describe(share, NAMES, errors)
    return curves


LONG_PROMPT = 8192
FULL_BUS_ELEMENTS = 2.0**26
"""A cache read of so many elements takes far longer than the kernel's latency."""

MLA_PAIR_FLOP, MLA_ABSORBED_FLOP, MLA_ENTRY = 2.0 * (192 + 128), 2.0 * (2 * 512 + 64), 576.0


def attention_shares(data: Path, devices: dict[str, Device]) -> dict[str, dict[str, float]]:
    """Return shares of the peak that attention reaches on long contexts, by `device|engine|cache format|heads`.

    `attention_compute`: prompts, of the bf16 peak. `kv_compute`: latent attention of all 128 heads decoding.
    """
    folder = data / "ops/aiconfigurator"
    found: dict[str, dict[str, float]] = {}

    def note(system: object, engine: object, cache: object, heads: str, name: str, flop: Floats, rows: Any) -> None:
        if system not in devices:
            return
        device = devices[str(system)]
        share = flop / (peak(device, Compute.BF16) * column(rows, "latency") / 1e3)
        key = f"{device.id}|{engine}|{'fp8' if '8' in str(cache) else 'bf16'}|{heads}"
        found.setdefault(key, {})[name] = round(float(np.median(share)), 4)

    by = ("_system", "_backend", "kv_cache_dtype")
    long = (pl.col("isl") >= LONG_PROMPT) & (pl.col("latency") > 0) & (pl.col("num_heads") * pl.col("batch_size") >= 8)
    prompts = pl.read_parquet(folder / "attention__context_attention_perf.parquet").filter(
        long & pl.col("head_dim").is_in([64, 128]) & (pl.col("window_size").fill_null(0) <= 0)
    )
    for (system, engine, cache, size), rows in prompts.group_by(*by, "head_dim"):
        pairs = column(rows, "batch_size") * column(rows, "isl") ** 2 / 2
        flop = 4.0 * pairs * column(rows, "num_heads") * float(str(size))
        note(system, engine, cache, str(size), "attention_compute", flop, rows)
    latent = pl.read_parquet(folder / "mla__context_mla_perf.parquet").filter(long)
    for (system, engine, cache), rows in latent.group_by(*by):
        pairs = column(rows, "batch_size") * column(rows, "isl") ** 2 / 2
        flop = MLA_PAIR_FLOP * pairs * column(rows, "num_heads")
        note(system, engine, cache, "mla", "attention_compute", flop, rows)
    decoding = pl.read_parquet(folder / "mla__generation_mla_perf.parquet").filter(
        (pl.col("latency") > 0)
        & (pl.col("num_heads") == 128)
        & (pl.col("batch_size") * (pl.col("step") + 1.0) * MLA_ENTRY >= FULL_BUS_ELEMENTS)
    )
    for (system, engine, cache), rows in decoding.group_by(*by):
        cached = column(rows, "batch_size") * (column(rows, "step") + 1.0)
        flop = MLA_ABSORBED_FLOP * cached * column(rows, "num_heads")
        note(system, engine, cache, "mla", "kv_compute", flop, rows)
    return dict(sorted(found.items()))


def fit_all_reduce(data: Path, devices: dict[str, Device]) -> Curves:
    """Fit α·log2(ranks) + 2(r−1)/r·bytes/(η·link). Sizes are elements of two bytes: then η stays below 1."""
    table = pl.read_parquet(data / "ops/aiconfigurator/comm__custom_allreduce_perf.parquet").filter(
        pl.col("latency") > 0
    )
    curves: Curves = {}
    for (system, source), rows in table.group_by("_system", "kernel_source"):
        device = devices.get(str(system))
        if device is None or rows.height < 20 or "eager" in str(source).lower():
            continue
        link = device.link_bytes_per_s or device.pcie_bytes_per_s
        if not link:
            continue
        ranks, size = column(rows, "num_gpus"), column(rows, "message_size") * 2.0
        volume = 2 * (ranks - 1) / ranks * size / link
        share, errors = robust_fit(
            lambda s, v=volume, r=ranks: s[1] * np.log2(r) + v / s[0], column(rows, "latency") / 1e3, (0.6, 4e-6)
        )
        curves[f"{device.id}|{source}"] = describe(share, ("link", "latency_s"), errors)
    return curves


def left_out(curves: Curves, names: tuple[str, ...] = ("compute", "memory")) -> dict[str, float]:
    """Return by how much (median |log ratio|) the median of the other devices misses each one's shares."""
    errors: dict[str, list[float]] = {name: [] for name in names}
    for key, curve in curves.items():
        device, *kind = key.split("|")
        others = [c for k, c in curves.items() if k.split("|")[0] != device and k.split("|")[1:] == kind]
        if not others:
            continue
        for name in names:
            if name in curve:
                errors[name].append(abs(math.log(curve[name] / np.median([c[name] for c in others]))))
    return {name: round(float(np.median(found)), 3) for name, found in errors.items() if found}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    default = os.environ.get("MILLWRIGHT_SHARED_DATA", str(REPOSITORY.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=Path(default))
    data = parser.parse_args().data
    catalog = load_catalog()
    devices = {system: catalog.device(name) for system, name in DEVICE_OF_SYSTEM.items()}
    groups: dict[str, Any] = {}
    for name, curves in (
        ("gemm", fit_gemm(data, devices)),
        ("moe", fit_moe(data, devices)),
        ("attention_prefill", fit_attention(data, devices, decode=False)),
        ("attention_decode", fit_attention(data, devices, decode=True)),
        ("all_reduce", fit_all_reduce(data, devices)),
    ):
        groups[name] = {
            "curves": dict(sorted(curves.items())),
            "left_out_log_error": left_out(curves, ("compute", "memory", "link", "latency_s")),
        }
        errors = [curve["median_abs_error"] for curve in curves.values()]
        print(f"{name}: {len(curves)} curves, median absolute error {100 * float(np.median(errors)):.1f} %")
    contents = {
        "kind": "operators",
        "schema": 1,
        "source": "ai-dynamo/aiconfigurator operator tables (Apache-2.0), fitted by scripts/fit_operators.py",
        "groups": groups,
        "attention_shares": attention_shares(data, devices),
    }
    OUT.write_text(json.dumps(contents, indent=1) + "\n")


if __name__ == "__main__":
    main()
