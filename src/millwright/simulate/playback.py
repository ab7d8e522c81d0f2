"""A run to be played: how many requests wait and run, and how much context is held, at every moment of it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from millwright.simulate.outcomes import RequestOutcomes

MOMENTS = 300
"""Moments at which the state is told: as many as a chart can show."""


def playback(outcomes: RequestOutcomes, moments: int = MOMENTS) -> dict[str, Any]:
    """Return the state of a run over time and its requests, as JSON can hold them; times in seconds from its start.

    `context_tokens` is what the running requests have read and written so far; each is taken to read its prompt, and
    then to write its answer, evenly between its own times. `capacity_tokens` is the room for them over all replicas.
    Requests that were not served are left out.
    """
    served = np.flatnonzero(outcomes.served)
    if not len(served):
        return {"moments": [], "requests": [], "capacity_tokens": None}
    begin_s = float(outcomes.arrival_s[served].min())
    arrival_s = outcomes.arrival_s[served] - begin_s
    first_s, finish_s = outcomes.first_token_s[served] - begin_s, outcomes.finish_s[served] - begin_s
    started_s = np.minimum(arrival_s + outcomes.queue_s[served], first_s)
    inputs, outputs = outcomes.input_tokens[served], outcomes.output_tokens[served]
    told = []
    for at_s in np.linspace(0.0, float(finish_s.max()), moments).tolist():
        waiting = (arrival_s <= at_s) & (at_s < started_s)
        running = (started_s <= at_s) & (at_s < finish_s)
        held = inputs * _share(at_s, started_s, first_s) + outputs * _share(at_s, first_s, finish_s)
        told.append(
            {
                "time_s": at_s,
                "waiting": int(waiting.sum()),
                "running": int(running.sum()),
                "context_tokens": float(held[running].sum()),
            }
        )
    totals = outcomes.totals
    return {
        "moments": told,
        "requests": [
            {
                "number": int(number),
                "arrival_s": float(a),
                "started_s": float(s),
                "first_s": float(f),
                "finish_s": float(e),
                "input_tokens": int(i),
                "output_tokens": int(o),
            }
            for number, a, s, f, e, i, o in zip(
                served, arrival_s, started_s, first_s, finish_s, inputs, outputs, strict=True
            )
        ],
        "capacity_tokens": totals.kv_blocks * totals.block_size_tokens or None,
    }


def _share(at_s: float, begin_s: NDArray[np.float64], end_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how much of the way from `begin_s` to `end_s` is behind at `at_s`, 0 … 1."""
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (at_s - begin_s) / (end_s - begin_s)
    return np.clip(np.where(end_s > begin_s, share, (at_s >= end_s) * 1.0), 0.0, 1.0)
