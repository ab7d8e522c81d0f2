"""Requests: what arrives when, as arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Requests:
    """n requests in order of arrival.

    `arrival_s` (n,) float64, ascending, from 0; `input_tokens` and `output_tokens` (n,) int64, at least 1.
    `prefix_blocks`: optional prefix-cache identities, flat int64 array with `prefix_offsets` (n + 1,) int64, each
    block standing for `prefix_block_tokens` tokens. `priority` (n,) int64, lower goes first; None: all equal.
    """

    arrival_s: NDArray[np.float64]
    input_tokens: NDArray[np.int64]
    output_tokens: NDArray[np.int64]
    prefix_blocks: NDArray[np.int64] | None = None
    prefix_offsets: NDArray[np.int64] | None = None
    prefix_block_tokens: int = 0
    priority: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.arrival_s)
