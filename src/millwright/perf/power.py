"""Electrical power of a device: idle, and by how busy it is, which kernels it runs and how much it computes."""

from __future__ import annotations

import json
import math
from functools import lru_cache
from pathlib import Path
from typing import Any

from millwright.catalog.device import Device
from millwright.perf.kernel_shares import KernelShares
from millwright.quantity import Basis, Estimate

DATA = Path(__file__).parent / "data"

IDLE_SHARE = 0.12
"""Idle power as a share of TDP where a datasheet gives none: 70 to 140 W of 700 to 1000 W parts in NVML readings."""

_TYPICAL_COMPUTE_SHARE = 0.04
_ASSUMED_TDP_PER_BANDWIDTH = 700.0 / 3.35e12
_LOOSER = 1.6


@lru_cache(maxsize=1)
def _fit() -> dict[str, Any]:
    contents: dict[str, Any] = json.loads((DATA / "power.json").read_text())
    return contents


def idle_power_w(device: Device) -> float:
    """Return the idle power [W], 12 % of TDP where the catalogue has none."""
    return device.idle_w if device.idle_w is not None else IDLE_SHARE * _tdp_w(device)


def device_power_w(
    device: Device, utilisation: float, compute_share: float | None = None, kernels: KernelShares | None = None
) -> Estimate:
    """Return the mean power of one device [W] that runs steps for a share `utilisation` of the time [0 to 1].

    P = idle + (TDP − idle)·utilisation·(a + f + b·√c + Σ d_k·s_k), with f the part of the device's family (0 of one not
    read), c the arithmetic done while busy as a share of the bf16 peak (`compute_share`; 0.04, typical of decoding, if
    not given), s_k the shares of the busy time in kernels (`kernels`; those typical of the readings if not given) and
    a, f, b, d_k fitted to ML.ENERGY's readings (scripts/fit_power.py). Never outside idle to TDP.
    Raises ValueError when `utilisation` is outside 0 to 1.
    """
    if not 0.0 <= utilisation <= 1.0:
        raise ValueError(f"utilisation is a share from 0 to 1, got {utilisation}")
    fit = _fit()
    tdp, idle = _tdp_w(device), idle_power_w(device)
    computing = _TYPICAL_COMPUTE_SHARE if compute_share is None else min(max(compute_share, 0.0), 1.0)
    busy = (
        fit["busy_share"] + fit["families"].get(device.family, 0.0) + fit["compute_share_root"] * math.sqrt(computing)
    )
    busy += sum(
        share * (fit["typical"][name] if kernels is None else getattr(kernels, name))
        for name, share in fit["kernels"].items()
    )
    power = min(max(idle + (tdp - idle) * utilisation * min(max(busy, 0.0), 1.0), idle), tdp)
    known = device.tdp_w is not None and device.vendor.lower() == "nvidia"
    sigma = fit["log_sigma"] * (1.0 if known else _LOOSER)
    basis = Basis.FITTED if known else Basis.DATASHEET if device.tdp_w is not None else Basis.ASSUMED
    spread = Estimate.with_log_sigma(power, sigma, basis)
    return Estimate(power, max(spread.low, min(idle, power)), min(max(spread.high, power), max(tdp, power)), basis)


def _tdp_w(device: Device) -> float:
    if device.tdp_w is not None:
        return device.tdp_w
    if device.memory_bandwidth_bytes_per_s is not None:
        return max(15.0, device.memory_bandwidth_bytes_per_s * _ASSUMED_TDP_PER_BANDWIDTH)
    return 300.0
