"""Speculative decoding: a cheap draft proposes tokens, and the model checks them all in one step.

With k drafted tokens a decoding sequence takes 1 + k places in its step and gets one token more than were accepted. If
each drafted token is accepted with probability a, as long as all before it were, that makes on average
(1 − a^(k+1))/(1 − a) tokens a step (Leviathan, Kalman and Matias, "Fast inference from transformers via speculative
decoding", ICML 2023, equation 1).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

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
    def key(self) -> str:
        """What tells drafts of one model apart, in one word."""
        method = "draft" if self.origin is None else self.origin.method
        by = f"{self.layers:g}-layers" if self.model is None else self.model.id
        return f"{method}-{by}-{self.tokens}-tokens-{self.tokens_per_step:.6g}-a-step"

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


@dataclass(frozen=True)
class KnownDraft:
    """A draft that exists for a model: with the assumed acceptance of its method; `shipped` in the very checkpoint."""

    draft: Draft
    shipped: bool


@lru_cache(maxsize=1)
def _data() -> Mapping[str, Any]:
    entries: Mapping[str, Any] = json.loads((DATA / "speculation.json").read_text(encoding="utf-8"))
    return entries


@lru_cache(maxsize=1)
def draft_methods() -> Mapping[str, Draft]:
    """Return the usual ways of drafting by name, with their usual acceptance (data/speculation.json)."""
    return {entry["id"]: _usual(entry) for entry in _data()["entries"] if "acceptance" in entry}


@lru_cache(maxsize=1)
def usual_tokens() -> Mapping[str, int]:
    """Return how many tokens each way of drafting usually drafts, those of which no acceptance is usual too."""
    return {entry["id"]: entry["tokens"] for entry in _data()["entries"]}


@lru_cache(maxsize=256)
def known_drafts(model_id: str) -> tuple[KnownDraft, ...]:
    """Return the drafts that the catalogue knows for a model."""
    found = []
    for entry in _data()["drafts"]:
        if model_id in entry["models"]:
            usual = draft_methods()[entry["method"]]
            assert usual.origin is not None, "every method says where it comes from"
            origin = replace(usual.origin, checkpoint=entry.get("checkpoint", ""))
            weights = Precision(entry["weights"]) if "weights" in entry else None
            draft = replace(usual, vocabulary=entry.get("vocabulary", 0), weights=weights, origin=origin)
            found.append(KnownDraft(draft, entry.get("shipped", False)))
    return tuple(found)


def _usual(entry: Mapping[str, Any]) -> Draft:
    origin = DraftOrigin(
        method=entry["id"],
        title=entry["name"],
        acceptance=entry["acceptance"],
        source=entry["source"],
        date=entry["date"],
        quality=entry["quality"],
    )
    accepted = accepted_at_rate(entry["tokens"], entry["acceptance"])
    return Draft(
        entry["tokens"], accepted, layers=entry["layers"], origin=origin, log_sigma=float(entry.get("log_sigma", 0.0))
    )
