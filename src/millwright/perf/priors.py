"""What is believed of every coefficient before serving points are seen: its usual value and who may differ by how much.

`USUAL` gives (value, spread of its logarithm). `EFFECTS` lists, per coefficient, the labels that may move it and the
spread of each label's effect; spreads are small, so that effects stay near zero where data are few. Shares of peak per
device family and format start from the operator curves (`data/operators.json`), not from zero.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np

from millwright.perf.kinship import device_families

DATA = Path(__file__).parent / "data"

USUAL: Mapping[str, tuple[float, float]] = {
    "dense_compute": (0.60, 0.15),
    "expert_compute": (0.20, 0.40),
    "weight_memory": (0.82, 0.06),
    "expert_memory": (0.75, 0.15),
    "kv_memory": (0.75, 0.15),
    "attention_compute": (0.50, 0.05),
    "kv_compute": (0.60, 0.10),
    "element_memory": (0.60, 0.25),
    "kernel_s": (4.0e-6, 0.4),
    "expert_kernel_s": (4.0e-6, 0.4),
    "collective_s": (2.8e-6, 0.25),
    "collective_growth": (0.4, 0.5),
    "link": (0.57, 0.15),
    "exchange_s": (15e-6, 0.5),
    "host_step_s": (4.0e-4, 0.4),
    "host_sequence_s": (10e-6, 0.6),
    "eager_kernel_s": (6e-6, 0.5),
    "norm_kernels": (0.80, 0.30),
    "expert_spread": (0.70, 0.20),
    "request_s": (0.015, 0.6),
    "interference": (1.0, 0.05),
    "wait": (1.0, 0.3),
    "burst": (1.0, 0.3),
    "warm_s": (0.4, 0.8),
    "transfer_s": (0.05, 0.8),
    "lockstep": (0.02, 1.0),
    "drain": (0.995, 0.01),
    "stall_left": (0.4, 0.7),
    "warm_growth": (0.3, 1.0),
}

EFFECTS: Mapping[str, Mapping[str, float]] = {
    "dense_compute": {"vendor": 0.10, "family-format": 0.10, "device": 0.05, "engine": 0.10, "engine-format": 0.10},
    "expert_compute": {
        "engine-family-format": 0.15,
        "vendor": 0.15,
        "family-format": 0.15,
        "engine": 0.15,
        "engine-format": 0.15,
        "model": 0.07,
    },
    "weight_memory": {
        "family-format": 0.04,
        "engine": 0.05,
        "engine-family": 0.05,
        "engine-format": 0.05,
        "kind": 0.10,
    },
    "expert_memory": {"engine-family-format": 0.10, "family-format": 0.10, "engine": 0.10, "engine-vendor": 0.05},
    "kv_memory": {"vendor": 0.10, "family": 0.07, "engine": 0.10, "shape": 0.10, "cache": 0.15},
    "attention_compute": {"attention": 0.07, "engine": 0.07},
    "kv_compute": {"attention": 0.10, "engine": 0.10},
    "element_memory": {"vendor": 0.10, "engine": 0.10},
    "kernel_s": {
        "vendor": 0.20,
        "kind": 0.30,
        "family": 0.10,
        "device": 0.04,
        "engine": 0.15,
        "engine-vendor": 0.10,
        "engine-family": 0.15,
        "shape": 0.10,
        "engine-shape": 0.10,
        "format": 0.07,
        "engine-format": 0.07,
        "model": 0.05,
        "rig": 0.10,
        "rig-family": 1.0,
        "year": 0.238,  # 0.1 after SHRINKAGE
    },
    "expert_kernel_s": {
        "vendor": 0.20,
        "family": 0.10,
        "engine": 0.15,
        "engine-vendor": 0.10,
        "engine-family": 0.07,
        "format": 0.10,
        "engine-format": 0.10,
        "model": 0.07,
        "engine-family-format": 0.10,
        "rig": 0.10,
        "rig-family": 1.0,
        "year": 0.238,  # 0.1 after SHRINKAGE
    },
    "collective_s": {
        "vendor": 0.20,
        "family": 0.10,
        "engine": 0.15,
        "engine-vendor": 0.10,
        "engine-family": 0.30,
        "year": 0.05,
    },
    "collective_growth": {"engine-family": 0.3},
    "link": {"vendor": 0.10, "family": 0.10, "link": 0.20, "engine": 0.10},
    "exchange_s": {"engine": 0.30, "family": 0.20},
    "host_step_s": {"engine": 0.30, "vendor": 0.20, "family": 0.20, "year": 0.15},
    "host_sequence_s": {"engine": 0.40, "rig": 0.20, "vendor": 0.10, "family": 0.20, "year": 0.20},
    "eager_kernel_s": {
        "engine": 0.40,
        "vendor": 0.20,
        "family": 0.20,
        "engine-family": 0.15,
        "shape": 0.10,
        "year": 0.15,
    },
    "norm_kernels": {"engine": 0.6},
    "expert_spread": {"model": 0.05, "family": 0.05},
    "request_s": {
        "engine": 0.4,
        "engine-vendor": 0.2,
        "engine-shape": 0.2,
        "vendor": 0.2,
        "family": 0.3,
        "rig": 0.4,
        "year": 0.2,
    },
    "interference": {"engine": 0.07, "rig": 0.10},
    "wait": {"engine": 0.4, "engine-vendor": 0.3, "rig": 0.4, "engine-spread": 2.0},  # attention ranks wait to balance
    "burst": {"engine": 0.3, "rig": 0.3, "shape": 0.1, "engine-shape": 0.1},
    "warm_s": {
        "engine": 0.8,
        "engine-vendor": 0.3,
        "engine-family": 0.2,
        "engine-shape": 0.3,
        "shape": 0.3,
        "rig": 0.6,
        "year": 0.3,
    },
    "transfer_s": {"engine": 0.7, "vendor": 0.3, "rig": 0.3},
    "lockstep": {"rig": 1.0, "engine": 1.0},
    "drain": {"rig": 0.03, "engine-rig": 0.03},
    "stall_left": {"engine": 0.7},
    "warm_growth": {"engine": 1.0, "engine-shape": 1.0},
}

SHRINKAGE = 0.42
"""Factor on the spreads of effects on step times: of 0.3 to 1 about the best for left-out cells, models and devices."""

LOOSER = 0.7
"""The same for what bears on the first token: it differs more between engines, and is worse when pulled harder."""

FIRST_TOKEN = frozenset(
    {
        "attention_compute",
        "eager_kernel_s",
        "interference",
        "request_s",
        "wait",
        "burst",
        "warm_s",
        "stall_left",
        "warm_growth",
        "lockstep",
        "transfer_s",
        "drain",
    }
)
"""Coefficients that matter before the first token, or for it alone."""

DRIFT: Mapping[str, float] = {"kernel_s": -0.3, "expert_kernel_s": -0.3}
"""How much the log of a coefficient is believed to change in a year of software (-).

Engines fuse kernels: throughput of one H200 rose by 8 to 25 % in six months with nothing else changed (the note on
versions beside the measured points), and at low load launching kernels is a third to two thirds of a step."""

UNMEASURED = 0.25
"""Spread of an effect of a sort of attention of which there are no operator tables."""

_WORST_CURVE = 0.35
"""Operator curves that fit worse than this (median error) are not believed."""

_FROM_OPERATORS = {  # coefficient: (group of curves, field)
    "dense_compute": ("gemm", "compute"),
    "weight_memory": ("gemm", "memory"),
    "expert_compute": ("moe", "compute"),
    "expert_memory": ("moe", "memory"),
}


@lru_cache(maxsize=1)
def operator_centres() -> Mapping[tuple[str, str], float]:
    """Return, by (coefficient, `family|format`), by how much the log of a family's curve differs from the usual value.

    The median over a family's devices and engines: the best knowledge there is before serving points.
    """
    families = device_families()
    groups = json.loads((DATA / "operators.json").read_text())["groups"]
    found: dict[tuple[str, str], list[float]] = {}
    for coefficient, (group, name) in _FROM_OPERATORS.items():
        for key, curve in groups[group]["curves"].items():
            device, _, format_ = key.split("|")
            if curve["median_abs_error"] > _WORST_CURVE or device not in families:
                continue
            found.setdefault((coefficient, f"{families[device]}|{format_}"), []).append(math.log(curve[name]))
    usual = {name: math.log(value) for name, (value, _) in USUAL.items()}
    return {key: float(np.median(logs)) - usual[key[0]] for key, logs in found.items()}


@lru_cache(maxsize=1)
def attention_centres() -> Mapping[tuple[str, str], float]:
    """Return, by (coefficient, `family|cache format|heads`), by how much the log of a measured share of the peak
    differs from the usual value.

    Measured at prompts of 8,192 tokens and more, and at caches that fill the memory bus. A path at half of what
    another engine reaches on the device is a fallback and not counted.
    """
    families = device_families()
    found: dict[tuple[str, str], list[float]] = {}
    for key, shares in json.loads((DATA / "operators.json").read_text())["attention_shares"].items():
        device, _, cache, heads = key.split("|")
        for coefficient, share in shares.items():
            found.setdefault((coefficient, f"{families[device]}|{cache}|{heads}"), []).append(share)
    return {
        (name, level): math.log(np.median([each for each in shares if each > 0.5 * max(shares)]) / USUAL[name][0])
        for (name, level), shares in found.items()
    }


@lru_cache(maxsize=1)
def cache_centres() -> Mapping[str, float]:
    """Return, by `engine|family|cache format|heads`, by how much the log of the share of its bandwidth at which a
    cache is read differs from the usual value: on Hopper an fp8 cache is read at two thirds of the rate of bf16."""
    families = device_families()
    found: dict[str, list[float]] = {}
    curves = json.loads((DATA / "operators.json").read_text())["groups"]["attention_decode"]["curves"]
    for key, curve in curves.items():
        device, engine, cache = key.split("|")
        if curve["median_abs_error"] <= _WORST_CURVE and device in families:
            share = math.log(curve["memory"] / USUAL["kv_memory"][0])
            for heads in _HEADS:
                found.setdefault(f"{engine}|{families[device]}|{cache}|{heads}", []).append(share)
    return {key: float(np.median(logs)) for key, logs in found.items()}


_HEADS = ("64", "128")
"""Widths of heads to which the curves of decoding attention apply; latent attention has kernels of its own."""

LATENCY_WEIGHT = 0.4
"""Of the log of an expert layer's latency in operator tables, what is expected of its kernels within a step.

Tables time the layer alone, with all launches. Chosen on the even folds of cells."""


@lru_cache(maxsize=1)
def latency_centres() -> Mapping[str, float]:
    """Return, by `engine|family|format`, where the time per kernel of an expert layer is believed to lie (log)."""
    families = device_families()
    found: dict[str, list[float]] = {}
    for key, curve in json.loads((DATA / "operators.json").read_text())["groups"]["moe"]["curves"].items():
        device, engine, format_ = key.split("|")
        if curve["median_abs_error"] <= _WORST_CURVE and device in families:
            found.setdefault(f"{engine}|{families[device]}|{format_}", []).append(math.log(curve["latency_s"]))
    medians = {key: float(np.median(logs)) for key, logs in found.items()}
    usual = float(np.median(list(medians.values())))
    return {key: LATENCY_WEIGHT * (log - usual) for key, log in medians.items()}


def centre(coefficient: str, dimension: str, level: str) -> float:
    """Return where an effect is believed to lie before the fit: 0, or what the operator curves or the drift say."""
    if dimension == "year":
        return DRIFT.get(coefficient, 0.0)
    if dimension == "attention":
        return attention_centres().get((coefficient, level), 0.0)
    if (coefficient, dimension) == ("expert_kernel_s", "engine-family-format"):
        return latency_centres().get(level, 0.0)
    if (coefficient, dimension) == ("kv_memory", "cache"):
        return cache_centres().get(level, 0.0)
    if dimension != "family-format":
        return 0.0
    return operator_centres().get((coefficient, level), 0.0)


def spread(coefficient: str, dimension: str, level: str) -> float:
    """Return how far an effect may lie from its centre: wider for a sort of attention that no table tells of."""
    if dimension == "attention" and (coefficient, level) not in attention_centres():
        return UNMEASURED
    factor = LOOSER if coefficient in FIRST_TOKEN else SHRINKAGE
    return factor * EFFECTS[coefficient][dimension]
