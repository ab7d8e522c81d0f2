"""Prompts on some replicas, answers on others: the KV cache travels from the one to the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from millwright.simulate.cluster import Member, simulate_cluster
from millwright.simulate.outcomes import Fate, RequestOutcomes, gap_bins
from millwright.simulate.packing import sum_totals
from millwright.simulate.router import Router
from millwright.traffic.requests import Requests


@dataclass(frozen=True, slots=True)
class KvLink:
    """How the KV cache of a prompt travels: a start [s], then so many seconds per token."""

    start_s: float
    s_per_token: float

    @classmethod
    def of_bandwidth(cls, kv_bytes_per_token: float, bytes_per_s: float, start_s: float = 1e-3) -> KvLink:
        """Return the link over which a replica's whole KV token takes `kv_bytes_per_token` at `bytes_per_s`."""
        return cls(start_s, kv_bytes_per_token / bytes_per_s)

    def transfer_s(self, tokens: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the time that caches of so many tokens take [s]."""
        return self.start_s + self.s_per_token * tokens.astype(np.float64)


def simulate_disaggregated(
    requests: Requests,
    prefill: Sequence[Member],
    decode: Sequence[Member],
    link: KvLink,
    *,
    prefill_router: Router = Router.LEAST_TOKENS,
    decode_router: Router = Router.LEAST_REQUESTS,
    seed: int = 0,
) -> RequestOutcomes:
    """Return what becomes of `requests` whose prompts the `prefill` replicas compute and whose answers `decode` give.

    The first token comes from the prefill replica; then the prompt's cache travels over `link`, and the request joins a
    decode replica, which computes the first token's entry and goes on from there. A request preempted there is
    computed again there, prompt and all. Every transfer has the link to itself, and the prefill replica lets go of the
    cache at once: both flatter a link that is nearly full. `replica` and `replica_totals` count the prefill replicas
    first. Raises `ValueError` as `simulate_cluster` does.
    """
    prompts = replace(requests, output_tokens=np.ones(len(requests), dtype=np.int64))
    first = simulate_cluster(prompts, prefill, prefill_router, seed=seed)
    goes_on = np.flatnonzero(first.served & (requests.output_tokens > 1))
    if len(goes_on) == 0:
        return replace(first, output_tokens=requests.output_tokens)
    sent_s = first.finish_s[goes_on] + link.transfer_s(requests.input_tokens[goes_on])
    order = np.argsort(sent_s, kind="stable")
    goes_on = goes_on[order]
    answers = Requests(
        arrival_s=sent_s[order],
        input_tokens=requests.input_tokens[goes_on] + 1,
        output_tokens=requests.output_tokens[goes_on] - 1,
        priority=None if requests.priority is None else requests.priority[goes_on],
    )
    second = simulate_cluster(answers, decode, decode_router, given_tokens=requests.input_tokens[goes_on], seed=seed)
    return _joined(requests, first, second, goes_on, len(prefill))


def _joined(
    requests: Requests,
    first: RequestOutcomes,
    second: RequestOutcomes,
    goes_on: NDArray[np.int64],
    prefill_count: int,
) -> RequestOutcomes:
    """Return the outcomes of both stages as those of one service."""
    finish_s, fate = first.finish_s.copy(), first.fate.copy()
    queue_s, preemptions = first.queue_s.copy(), first.preemptions.copy()
    replica = None if first.replica is None else first.replica.copy()
    finish_s[goes_on], fate[goes_on] = second.finish_s, second.fate
    queue_s[goes_on] += second.queue_s
    preemptions[goes_on] += second.preemptions
    if replica is not None and second.replica is not None:
        replica[goes_on] = second.replica + prefill_count
    first_token_s = np.where(fate == Fate.SERVED, first.first_token_s, np.nan)
    each = (*first.replica_totals, *second.replica_totals)
    return replace(
        first,
        first_token_s=first_token_s,
        finish_s=finish_s,
        fate=fate,
        queue_s=queue_s,
        preemptions=preemptions,
        replica=replica,
        output_tokens=requests.output_tokens,
        gap_counts=_all_gaps(first_token_s[goes_on], second),
        totals=sum_totals(each),
        replica_totals=each,
    )


def _all_gaps(first_token_s: NDArray[np.float64], second: RequestOutcomes) -> NDArray[np.int64]:
    """Return the gaps between tokens, with that between the first token and the second, which spans the transfer."""
    counts = second.gap_counts.copy()
    served = second.served
    np.add.at(counts, gap_bins(second.first_token_s[served] - first_token_s[served]), 1)
    return counts
