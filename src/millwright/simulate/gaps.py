"""Gaps between tokens as a histogram over logarithmic bins: many at once, as a jump brings them."""

from __future__ import annotations

import math
from typing import Any

from millwright.simulate.compiled import compiled, inlined
from millwright.simulate.outcomes import GAP_BINS, GAP_BINS_PER_OCTAVE, GAP_LOWEST_LOG2
from millwright.simulate.state import NONE, Records, Replica


@inlined
def gap_bin(seconds: float) -> int:
    """Return the bin of a gap [s]."""
    if seconds <= 0.0:
        return 0
    return min(max(int((math.log2(seconds) - GAP_LOWEST_LOG2) * GAP_BINS_PER_OCTAVE), 0), GAP_BINS - 1)


@compiled
def count_gaps(rep: Replica, gaps: Any, first_s: float, growth_s: float, steps: int, weight: int) -> None:
    """Count `steps` gaps that grow by `growth_s` from `first_s`, `weight` times each."""
    low = gap_bin(first_s)
    high = gap_bin(first_s + growth_s * (steps - 1))
    counted = 0
    for bin_ in range(low, high):
        edge_s = 2.0 ** (GAP_LOWEST_LOG2 + (bin_ + 1.0) / GAP_BINS_PER_OCTAVE)
        below = min(max(math.ceil((edge_s - first_s) / growth_s), counted), steps)
        gaps[rep.row, bin_] += (below - counted) * weight
        counted = below
    gaps[rep.row, high] += (steps - counted) * weight


@compiled
def count_gaps_after_pause(rep: Replica, records: Records, seconds: float) -> None:
    """Count the gaps of the first step after decoding waited for prompts, which has just ended.

    Whoever decoded before has waited all the time; those whose prompts were computed meanwhile since their own token.
    """
    slots, jobs, gaps = records.slots, records.jobs, records.gaps
    waited = rep.decoding
    slot = rep.newest
    while slot != NONE and slots[rep.row, slot].admission >= rep.pause_first:
        last_token_s: float = jobs[slots[rep.row, slot].request].last_token_s
        gaps[rep.row, gap_bin(rep.now_s - last_token_s)] += 1
        waited -= 1
        slot = slots[rep.row, slot].older
    gaps[rep.row, gap_bin(rep.paused_s + seconds)] += waited
    rep.paused_s = 0.0
