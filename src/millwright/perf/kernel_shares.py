"""Which kernels a device runs for what part of its time: products with dense weights, with experts, reading the cache.

They draw more power than gaps, waits and collectives do, and not all the same: an expert kernel that gets through
little of its work heats the device for as long as one that gets through much.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from millwright.perf.coefficients import deployment_labels, shipped_coefficients
from millwright.perf.deployment import Deployment
from millwright.perf.operators import step_operators
from millwright.perf.timing import (
    Coefficients,
    Floats,
    Stack,
    head_time_s,
    kv_slope_s,
    product_time_s,
    stack_operators,
)


@dataclass(frozen=True, slots=True)
class KernelShares:
    """Shares of a device's busy time [0 to 1]: products with dense weights, with experts, and reading the cache."""

    dense: float
    expert: float
    cache: float


def kernel_shares(
    stack: Stack, coefficients: Coefficients, tokens: Floats, sequences: Floats, cached_tokens: Floats, seconds: Floats
) -> Floats:
    """Return (3, n): dense, expert and cache shares of steps that take `seconds` [s], each at most 1.

    A step computes `tokens` for `sequences` of them and reads `cached_tokens` together, per replica.
    """
    every = product_time_s(stack, tokens[:, None], coefficients)[:, 0]
    grouped = replace(stack, count=np.where(stack.grouped, stack.count, 0.0))
    experts = product_time_s(grouped, tokens[:, None], coefficients)[:, 0]
    dense = every - experts + head_time_s(stack, sequences[:, None], coefficients)[:, 0]
    cache = cached_tokens * kv_slope_s(stack, coefficients)[0]
    return np.clip(np.stack([dense, experts, cache]) / np.maximum(seconds, 1e-12), 0.0, 1.0)


def deployment_kernel_shares(
    deployment: Deployment, tokens: float, sequences: float, cached_tokens: float, seconds: float
) -> KernelShares:
    """Return the shares of one deployment's steps, under the shipped coefficients (see `kernel_shares`)."""
    stack = stack_operators([step_operators(deployment, cached_tokens / max(sequences, 1.0))])
    coefficients = shipped_coefficients().resolve([deployment_labels(deployment)])
    sizes = (np.array([max(each, 0.0)]) for each in (max(tokens, 1.0), max(sequences, 1.0), cached_tokens, seconds))
    dense, expert, cache = kernel_shares(stack, coefficients, *sizes)[:, 0]
    return KernelShares(float(dense), float(expert), float(cache))
