"""What became of each request, and what the replicas did meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import IntEnum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from millwright.simulate.autoscaling import Scaled

GAP_BINS_PER_OCTAVE = 64
GAP_OCTAVES = 44
GAP_LOWEST_LOG2 = -30.0 + 0.1234  # the odd shift keeps round numbers such as 10 ms off the edges of the bins
GAP_BINS = GAP_BINS_PER_OCTAVE * GAP_OCTAVES


def gap_bins(gaps_s: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the bins of the histogram of gaps that gaps [s] fall into."""
    with np.errstate(divide="ignore"):
        place = (np.log2(gaps_s) - GAP_LOWEST_LOG2) * GAP_BINS_PER_OCTAVE
    return np.clip(place, 0, GAP_BINS - 1).astype(np.int64)


class Fate(IntEnum):
    """What became of a request."""

    PENDING = 0
    SERVED = 1
    REFUSED_LENGTH = 2
    REFUSED_MEMORY = 3
    LOST = 4


@dataclass(frozen=True, slots=True)
class Totals:
    """What the replicas did from the first arrival to the last token, summed over replicas.

    `busy_s` is the time spent in steps, `prompt_s` in those of them that computed prompts, in which
    `prompt_decode_tokens` of the `decode_tokens` came; `decode_seconds` and `kv_token_seconds` integrate the decoding
    sequences and the tokens held in KV cache over `busy_s`. `prefill_tokens` counts recomputed tokens too;
    `cached_tokens` are those that the prefix cache spared, `loaded_tokens` those of them that came back from the host's
    memory.
    `drafted_tokens` were proposed by speculative decoding; `decode_tokens` are those accepted and the model's own.
    """

    steps: int = 0
    busy_s: float = 0.0
    prompt_s: float = 0.0
    decode_seconds: float = 0.0
    kv_token_seconds: float = 0.0
    prefill_tokens: int = 0
    decode_tokens: int = 0
    prompt_decode_tokens: int = 0
    cached_tokens: int = 0
    loaded_tokens: int = 0
    drafted_tokens: int = 0
    kv_peak_blocks: int = 0
    kv_blocks: int = 0
    kv_blocks_at_end: int = 0
    block_size_tokens: int = 16


@dataclass(frozen=True)
class RequestOutcomes:
    """n requests after the simulation; all arrays have shape (n,), times are absolute [s].

    `cached_tokens` are the prompt tokens found in the prefix cache at first admission.
    `queue_s` is the wait from entering the engine to the first token scheduled. Times of requests that were not
    served are NaN. `gap_counts` is the histogram of gaps between consecutive tokens over logarithmic bins (see
    `gap_percentile_s`). `replica` says where a request ran (all 0 for one replica), `scaled` how many replicas there
    were under an autoscaler.
    """

    arrival_s: NDArray[np.float64]
    first_token_s: NDArray[np.float64]
    finish_s: NDArray[np.float64]
    queue_s: NDArray[np.float64]
    input_tokens: NDArray[np.int64]
    output_tokens: NDArray[np.int64]
    preemptions: NDArray[np.int32]
    fate: NDArray[np.uint8]
    gap_counts: NDArray[np.int64]
    totals: Totals
    replica: NDArray[np.int32] | None = None
    cached_tokens: NDArray[np.int32] | None = None
    retries: NDArray[np.int32] | None = None
    replica_totals: tuple[Totals, ...] = field(default=())
    scaled: tuple[Scaled, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.arrival_s)

    @cached_property
    def served(self) -> NDArray[np.bool_]:
        """Whether each request got all its tokens."""
        served: NDArray[np.bool_] = self.fate == Fate.SERVED
        return served

    @cached_property
    def refused(self) -> NDArray[np.bool_]:
        """Whether each request was refused: longer than the context limit, or than the whole KV cache."""
        refused: NDArray[np.bool_] = (self.fate == Fate.REFUSED_LENGTH) | (self.fate == Fate.REFUSED_MEMORY)
        return refused

    @cached_property
    def ttft_s(self) -> NDArray[np.float64]:
        """Time to first token [s]."""
        return self.first_token_s - self.arrival_s

    @cached_property
    def e2e_s(self) -> NDArray[np.float64]:
        """Time from arrival to last token [s]."""
        return self.finish_s - self.arrival_s

    @cached_property
    def tpot_s(self) -> NDArray[np.float64]:
        """(E2E − TTFT)/(output tokens − 1) [s]; 0 for a single token, which keeps any limit."""
        gaps = np.maximum(self.output_tokens - 1, 1)
        return (self.finish_s - self.first_token_s) / gaps

    def only(self, chosen: NDArray[np.bool_] | slice) -> RequestOutcomes:
        """Return the outcomes of the chosen requests alone; gaps and totals stay those of the whole run."""
        per_request = {
            name: getattr(self, name)[chosen]
            for name in self.__dataclass_fields__
            if isinstance(getattr(self, name), np.ndarray) and name != "gap_counts"
        }
        return replace(self, **per_request)

    @property
    def makespan_s(self) -> float:
        """Time from the first arrival to the last token [s]; 0 if nothing was served."""
        if not self.served.any():
            return 0.0
        return float(np.nanmax(self.finish_s) - np.nanmin(self.arrival_s))

    @property
    def kv_mean_tokens(self) -> float:
        """Tokens held in KV cache, averaged over busy time."""
        return self.totals.kv_token_seconds / self.totals.busy_s if self.totals.busy_s > 0 else 0.0

    @property
    def decode_batch_mean(self) -> float:
        """Decoding sequences per step, averaged over busy time."""
        return self.totals.decode_seconds / self.totals.busy_s if self.totals.busy_s > 0 else 0.0

    def gap_percentile_s(self, percentile: float) -> float:
        """Return a percentile [%] of the gap between consecutive tokens (ITL) [s], NaN if there was none.

        Read from bins 1.1 % wide, interpolated inside the bin on the logarithm.
        """
        total = int(self.gap_counts.sum())
        if total == 0:
            return float("nan")
        rank = percentile / 100.0 * total
        cumulative = np.cumsum(self.gap_counts)
        bin_ = int(np.searchsorted(cumulative, rank, side="left"))
        if bin_ == 0:  # tokens of one draft come together
            return 0.0
        within = (rank - (cumulative[bin_] - self.gap_counts[bin_])) / self.gap_counts[bin_]
        return float(2.0 ** (GAP_LOWEST_LOG2 + (bin_ + within) / GAP_BINS_PER_OCTAVE))
