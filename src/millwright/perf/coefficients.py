"""The fitted coefficients: a base value per parameter and shrunk effects of what a deployment is.

log(coefficient) = base + Σ effects of its labels + slope · (years of the engine's version − reference). A label never
seen (a new device family, a new engine) has no effect: the deployment falls back to the parent. Shares of a peak are
never above 1, whatever the effects sum to.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from millwright.catalog.architecture import AttentionKind
from millwright.perf.deployment import Deployment
from millwright.perf.engines import engine_id, newest_years, version_years
from millwright.perf.kinship import blocks_id
from millwright.perf.timing import Coefficients, Floats

DATA = Path(__file__).parent / "data"

SHARES = (
    "dense_compute",
    "expert_compute",
    "weight_memory",
    "expert_memory",
    "kv_memory",
    "attention_compute",
    "kv_compute",
    "element_memory",
    "link",
    "expert_spread",
    "norm_kernels",
)
"""Parameters that are shares of a peak (or of uniform routing): at most 1."""

PARAMETERS: tuple[str, ...] = tuple(Coefficients.__dataclass_fields__)

REFERENCE_YEARS = 6.0
"""Versions are measured from January 2026 (years since 2020)."""

_NEWEST_YEARS = 7.0


@dataclass(frozen=True, slots=True)
class ProtocolCoefficients:
    """What is fitted besides step times, one value per point."""

    request_s: Floats  # tokenising, HTTP, hand-over: before the first token, not on the device
    interference: Floats  # share of a prompt's time that delays those who decode
    wait: Floats  # waiting for the running step and for other prompts, relative to theory
    burst: Floats  # the first wave's queue, relative to theory
    warm_s: Floats  # stall of the first wave: compilation and graph capture not done before
    transfer_s: Floats  # handing a cache to the decode side (disaggregated)
    lockstep: Floats  # share of later waves that arrive together as the first does, where all lengths are equal
    drain: Floats  # throughput kept while a finite run starts up and runs dry
    stall_left: Floats  # share of that stall after requests that only warm a server up
    warm_growth: Floats  # power of the concurrency (relative to 16) with which that stall grows


@dataclass(frozen=True)
class FittedCoefficients:
    """The shipped fit: base values and effects, all natural logarithms."""

    base: Mapping[str, float]
    effects: Mapping[tuple[str, str, str], float]  # (parameter, dimension, level)
    decode_log_sigma: Mapping[str, float]  # by basis
    prefill_log_sigma: Mapping[str, float]

    def resolve(self, labels: Sequence[Mapping[str, str | float]]) -> Coefficients:
        """Return the coefficients of deployments with these labels, one value each."""
        values = {}
        for name in PARAMETERS:
            logs = [self._log_value(name, each) for each in labels]
            ceiling = 0.0 if name in SHARES else 700.0
            values[name] = np.exp(np.minimum(np.array(logs), ceiling))
        return Coefficients(**values)

    def resolve_protocol(self, labels: Sequence[Mapping[str, str | float]]) -> ProtocolCoefficients:
        """Return the protocol's coefficients of points with these labels, one value each."""
        values = {}
        for name in ProtocolCoefficients.__dataclass_fields__:
            logs = [self._log_value(name, each) for each in labels]
            values[name] = np.exp(np.minimum(np.array(logs), 0.0 if name in ("drain", "stall_left") else 700.0))
        return ProtocolCoefficients(**values)

    def _log_value(self, parameter: str, labels: Mapping[str, str | float]) -> float:
        total = self.base[parameter]
        for dimension, levels in self._by_parameter.get(parameter, ()):
            label = labels.get(dimension, "")
            total += levels.get(label, 0.0) if isinstance(label, str) else levels.get("slope", 0.0) * label
        return total

    @cached_property
    def _by_parameter(self) -> Mapping[str, Sequence[tuple[str, Mapping[str, float]]]]:
        found: dict[str, dict[str, dict[str, float]]] = {}
        for (parameter, dimension, level), value in self.effects.items():
            found.setdefault(parameter, {}).setdefault(dimension, {})[level] = value
        return {parameter: tuple(dimensions.items()) for parameter, dimensions in found.items()}


@lru_cache(maxsize=1)
def shipped_coefficients() -> FittedCoefficients:
    """Return the coefficients that come with the package; scripts/fit_engines.py writes them."""
    return read_coefficients(DATA / "coefficients.json")


def read_coefficients(path: Path) -> FittedCoefficients:
    """Return the coefficients in a file written by the fitting script (or by calibration)."""
    contents = json.loads(path.read_text())
    effects = {
        (parameter, dimension, level): float(value)
        for parameter, dimensions in contents["effects"].items()
        for dimension, levels in dimensions.items()
        for level, value in levels.items()
    }
    spreads = contents["step_log_sigma"]
    return FittedCoefficients(contents["base"], effects, spreads["decode"], spreads["prefill"])


def shape_label(deployment: Deployment) -> str:
    """Return what sort of model it is: `dense`, `moe`, each with `-mla` or `-linear` where layers are so."""
    model = deployment.model
    kinds = {group.attention.kind for group in model.layers}
    label = "moe" if model.is_moe else "dense"
    if AttentionKind.MLA in kinds:
        return f"{label}-mla"
    return f"{label}-linear" if AttentionKind.LINEAR in kinds else label


def attention_label(deployment: Deployment) -> str:
    """Return what sort of attention a device computes: `family|cache format|heads`.

    Heads are `64` or `128` wide (the nearest above), or `mla`; a model without attention has `none`.
    """
    kinds = [group.attention for group in deployment.model.layers]
    attending = [each for each in kinds if each.kind not in (AttentionKind.LINEAR, AttentionKind.NONE)]
    heads = "none"
    if any(each.kind is AttentionKind.MLA for each in attending):
        heads = "mla"
    elif attending:
        heads = "64" if max(each.head_dim for each in attending) <= 64 else "128"
    cache = "fp8" if deployment.kv.bytes_per_weight < 1.5 else "bf16"
    return f"{deployment.device.family}|{cache}|{heads}"


def deployment_labels(deployment: Deployment) -> dict[str, str | float]:
    """Return the labels of a deployment by which effects are looked up; `year` is the engine version's age."""
    device, engine = deployment.device, engine_id(deployment.engine.name)
    years = version_years(deployment.engine.name, deployment.engine.version)
    if years is None:
        years = newest_years(deployment.engine.name)
    shape = shape_label(deployment)
    return {
        "vendor": device.vendor.lower(),
        "kind": device.kind.value,
        "family": device.family,
        "device": device.id,
        "engine": engine,
        "engine-vendor": f"{engine}|{device.vendor.lower()}",
        "engine-family": f"{engine}|{device.family}",
        "shape": shape,
        "engine-shape": f"{engine}|{shape}",
        "family-shape": f"{device.family}|{shape}",
        "format": deployment.weights.value,
        "family-format": f"{device.family}|{deployment.weights.value}",
        "engine-format": f"{engine}|{deployment.weights.value}",
        "attention": attention_label(deployment),
        "link": device.link_kind or "pcie",
        "cache": f"{engine}|{attention_label(deployment)}",
        "model": deployment.model.family,
        "blocks": blocks_id(deployment.model),
        "spread": "spread" if deployment.dp_attention else "joined",
        "engine-spread": f"{engine}|{'spread' if deployment.dp_attention else 'joined'}",
        "engine-family-format": f"{engine}|{device.family}|{deployment.weights.value}",
        "year": float(min(years, _NEWEST_YEARS) - REFERENCE_YEARS),
    }
