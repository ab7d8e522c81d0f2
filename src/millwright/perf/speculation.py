"""Speculative decoding: a cheap draft proposes tokens, and the model checks them all in one step.

With k drafted tokens a decoding sequence takes 1 + k places in its step and gets one token more than were accepted. If
each drafted token is accepted with probability a, as long as all before it were, that makes on average
(1 − a^(k+1))/(1 − a) tokens a step (Leviathan, Kalman and Matias, "Fast inference from transformers via speculative
decoding", ICML 2023, equation 1).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from millwright.catalog.architecture import Architecture
from millwright.catalog.precision import Precision

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True)
class DraftOrigin:
    """What a draft is: its `method` (data/speculation.json), what people call it, the checkpoint that holds it.

    `acceptance` is the probability that a drafted token is accepted when those before it were, `source` who says so
    and `date` when; `quality` is that of a fact of the catalogue, empty where the scenario states it.
    """

    method: str
    title: str
    acceptance: float
    checkpoint: str = ""
    source: str = ""
    date: str = ""
    quality: str = ""


@dataclass(frozen=True)
class Draft:
    """Who drafts, how many tokens a step, and how many of them the model accepts.

    `accepted[a]` is the probability that exactly a of the `tokens` drafted are accepted (tokens + 1 entries, sum 1).
    The draft is a `model` of its own, or so many layers like the served model's last (`layers`; 1: a prediction head;
    0: drafts looked up in the text). A head of its own has logits over so many tokens (`vocabulary`; 0: it uses the
    served model's) and a number format (`weights`; None: the served model's). `sampled`: draw the accepted tokens of
    each step from `seed`; else every sequence advances at the mean rate. `origin` says what it is and who says so.
    `log_sigma` is the spread of the logarithm of the tokens per step, where the acceptance is assumed.
    """

    tokens: int
    accepted: tuple[float, ...]
    model: Architecture | None = None
    layers: float = 1.0
    sampled: bool = True
    seed: int = 0
    vocabulary: int = 0
    weights: Precision | None = None
    origin: DraftOrigin | None = None
    log_sigma: float = 0.0

    def __post_init__(self) -> None:
        if self.tokens < 1:
            raise ValueError(f"a draft needs at least one token, got {self.tokens}")
        if len(self.accepted) != self.tokens + 1 or min(self.accepted) < 0 or abs(sum(self.accepted) - 1.0) > 1e-6:
            raise ValueError(
                f"the acceptance of {self.tokens} drafted tokens takes {self.tokens + 1} probabilities that add up to 1"
            )

    @property
    def tokens_per_step(self) -> float:
        """Mean tokens that a sequence gets per step: the accepted ones and one of the model's own."""
        return 1.0 + sum(count * share for count, share in enumerate(self.accepted))


@dataclass(frozen=True)
class Speculation:
    """What the simulator needs of a draft: `draft_s[n]` [s] is what drafting adds to a step with n decoding."""

    draft: Draft
    draft_s: NDArray[np.float64] = field(repr=False)


def accepted_at_rate(tokens: int, rate: float) -> tuple[float, ...]:
    """Return how likely 0 … `tokens` drafted tokens are accepted, each with probability `rate` after its forerunners.

    Raises ValueError when the rate is no probability.

    >>> accepted_at_rate(2, 0.5)
    (0.5, 0.25, 0.25)
    """
    if not 0.0 <= rate <= 1.0:
        raise ValueError(f"an acceptance rate is a probability from 0 to 1, got {rate}")
    return (*(rate**count * (1.0 - rate) for count in range(tokens)), rate**tokens)


@lru_cache(maxsize=1)
def draft_methods() -> Mapping[str, Draft]:
    """Return the usual ways of drafting by name, with their usual acceptance (data/speculation.json)."""
    entries = json.loads((DATA / "speculation.json").read_text())["entries"]
    return {
        entry["id"]: Draft(
            entry["tokens"], accepted_at_rate(entry["tokens"], entry["acceptance"]), layers=entry["layers"]
        )
        for entry in entries
    }
