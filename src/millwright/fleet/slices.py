"""Requests of one workload in slices by the length of the prompt, which is what a router can see before it chooses."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from millwright.fleet.replica import Service


@dataclass(frozen=True)
class Slice:
    """Requests whose prompts have more than `above` and at most `up_to` tokens: their share of all, and their means."""

    above: float
    up_to: float
    share: float
    input_tokens: float
    output_tokens: float
    service: Service

    @property
    def title(self) -> str:
        """The slice in words; empty for all requests."""
        if np.isinf(self.up_to):
            return f"prompts above {self.above:,.0f} tokens" if self.above > 0.0 else ""
        if self.above <= 0.0:
            return f"prompts up to {self.up_to:,.0f} tokens"
        return f"prompts of {self.above:,.0f} to {self.up_to:,.0f} tokens"

    def holds(self, input_tokens: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return, for each prompt length, whether it belongs here."""
        return np.asarray((input_tokens > self.above) & (input_tokens <= self.up_to))


def slices(service: Service, count: int) -> tuple[Slice, ...]:
    """Return the requests of `service` in up to `count` slices by prompt length, each with about as many tokens.

    Equal tokens rather than equal requests: the few long prompts are as much work as the many short ones. Slices that
    would be empty are left out.
    """
    requests = service.requests
    lengths = requests.input_tokens
    order = np.argsort(lengths, kind="stable")
    tokens = (requests.input_tokens + requests.output_tokens)[order].cumsum()
    cuts = [float(lengths[order[np.searchsorted(tokens, tokens[-1] * k / count)]]) for k in range(1, count)]
    edges = [0.0, *sorted(set(cuts)), np.inf]
    found: list[Slice] = []
    for above, up_to in pairwise(edges):
        index = np.flatnonzero((lengths > above) & (lengths <= up_to))
        if not index.size:
            continue
        piece = requests.pick(index)
        piece = piece.at_times(piece.arrival_s - piece.arrival_s[0])
        found.append(
            Slice(
                above,
                up_to,
                index.size / len(requests),
                float(piece.input_tokens.mean()),
                float(piece.output_tokens.mean()),
                service if index.size == len(requests) else replace(service, requests=piece),
            )
        )
    return tuple(found)
