"""Does it fit, and if not, why not: weights, KV cache and activations against device memory."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MemoryFit:
    """Memory of one device in a deployment [bytes] and the KV tokens the whole replica can hold.

    `reason` says why it does not fit (empty when it does). `kv_state_bytes_per_sequence` is what linear layers and
    full sliding windows take per sequence, whatever its length.
    """

    fits: bool
    reason: str
    weights_bytes: float
    kv_bytes_per_token: float
    kv_state_bytes_per_sequence: float
    activation_bytes: float
    usable_bytes: float
    kv_capacity_tokens: int
