"""What a replica is asked to serve, and what the scenario allows it to be."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from millwright.catalog.precision import Precision
from millwright.perf.speculation import Draft
from millwright.simulate.goodput import RequestsAtRate, stretch
from millwright.simulate.slo import Slo
from millwright.traffic.arrivals import Arrivals
from millwright.traffic.requests import Requests

_PART = 3_000
"""Requests on which candidates are compared, when there are more: enough for a p95 to within a few per cent."""

_DRAFTED = 6_000
"""Requests that a replica is played with that decodes speculatively: every step of it is played, ten times the work."""


@dataclass(frozen=True)
class Allowed:
    """What a scenario allows a deployment to be.

    `precisions` of the weights, none: the usual ones; `kv_precisions` of the cache, none: 16 bits; the context that
    must fit [token], 0: the longest request's; engines by name, None: any; whether prompts may be computed on other
    devices than answers; `drafts` that speculative decoding may use, none: it is not looked at.
    """

    precisions: tuple[Precision, ...] = ()
    kv_precisions: tuple[Precision, ...] = ()
    context_tokens: int = 0
    engines: tuple[str, ...] | None = None
    disaggregated: bool = False
    drafts: tuple[Draft, ...] = ()


@dataclass(frozen=True)
class Service:
    """What is to be served on a replica: sample requests in order of arrival, and the SLO (None: offline work).

    `arrivals` says how requests come at another rate; None: those of the sample, stretched in time (a trace).
    """

    requests: Requests
    slo: Slo | None
    arrivals: Arrivals | None = None
    seed: int = 0
    item_tokens: float = 0.0  # a request is several sequences of about this length [token]; 0: a single one

    def at_rate(self) -> RequestsAtRate:
        """Return a function from a mean rate [1/s] to the same requests coming at that rate, from the same seed."""
        if self.arrivals is None:
            return stretch(self.requests)
        arrivals, requests, seed = self.arrivals, self.requests, self.seed

        def come(rate_per_s: float) -> Requests:
            rng = np.random.Generator(np.random.PCG64(seed))
            return requests.at_times(arrivals.times_s(rate_per_s, len(requests), rng))

        return come

    def part(self) -> Service:
        """Return a run of the requests from the middle, long enough to compare deployments by."""
        return self._middle(_PART)

    def played(self, draft: Draft | None) -> Service:
        """Return the requests that a replica with this draft is played with: all of them without one."""
        return self if draft is None else self._middle(_DRAFTED)

    def _middle(self, most: int) -> Service:
        n = len(self.requests)
        if n <= most:
            return self
        start = (n - most) // 2
        piece = self.requests.pick(np.arange(start, start + most))
        return replace(self, requests=piece.at_times(piece.arrival_s - piece.arrival_s[0]))

    @property
    def output_mean_tokens(self) -> float:
        """Mean length of an answer [token]."""
        return float(self.requests.output_tokens.mean())

    @property
    def context_tokens(self) -> float:
        """Mean context of a decoding sequence: its prompt and half its answer [token], weighted by its steps."""
        outputs = self.requests.output_tokens.astype(np.float64)
        context = self.requests.input_tokens + outputs / 2.0
        return float(np.average(context, weights=outputs))
