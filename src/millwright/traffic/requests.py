"""Requests: what arrives when, as arrays."""

from __future__ import annotations

from dataclasses import dataclass, replace

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

    @property
    def rate_per_s(self) -> float:
        """Mean rate [1/s]: gaps over the time they take; 0 when fewer than two requests or no time passes."""
        span = float(self.arrival_s[-1] - self.arrival_s[0]) if len(self) > 1 else 0.0
        return (len(self) - 1) / span if span > 0 else 0.0

    def at_times(self, arrival_s: NDArray[np.float64]) -> Requests:
        """Return the same requests at other times [s]."""
        return replace(self, arrival_s=arrival_s)

    def pick(self, index: NDArray[np.int64]) -> Requests:
        """Return the requests at those indices, which ascend so that arrivals do."""
        blocks = offsets = None
        if self.prefix_blocks is not None and self.prefix_offsets is not None:
            sizes = np.diff(self.prefix_offsets)[index]
            offsets = np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
            within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], sizes)
            blocks = self.prefix_blocks[np.repeat(self.prefix_offsets[index], sizes) + within]
        return Requests(
            self.arrival_s[index],
            self.input_tokens[index],
            self.output_tokens[index],
            blocks,
            offsets,
            self.prefix_block_tokens,
            None if self.priority is None else self.priority[index],
        )
