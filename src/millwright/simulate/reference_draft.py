"""Speculative decoding in plain Python, for the reference: how many tokens a step brings a sequence."""

from __future__ import annotations

import math
from itertools import accumulate

from millwright.perf.speculation import Draft

_WORD = 2**64


def draw(seed: int, request: int, token: int) -> float:
    """Return a number from [0, 1) that depends on its arguments alone (SplitMix64, Steele et al. 2014)."""
    x = (seed + (request + 1) * 0x9E3779B97F4A7C15 + token * 0xD1B54A32D192ED03) % _WORD
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 % _WORD
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB % _WORD
    x ^= x >> 31
    return (x >> 11) * 2.0**-53


def tokens_of_pass(draft: Draft, request: int, generated: int, passes: int) -> int:
    """Return the tokens that pass number `passes` (from 0) brings a request that has `generated` so far."""
    if not draft.sampled:
        mean = draft.tokens_per_step
        return math.floor(mean * (passes + 1.0)) - math.floor(mean * passes)
    chance = draw(draft.seed, request, generated)
    below = list(accumulate(draft.accepted))[: draft.tokens]
    return 1 + next((count for count, share in enumerate(below) if chance < share), draft.tokens)
