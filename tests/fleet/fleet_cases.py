"""Hand-made step times, requests and candidates, shared by the tests of the fleet."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from millwright.catalog.catalog import load_catalog
from millwright.fleet.replica import Candidate, Service, rate_bound
from millwright.perf.deployment import Deployment, SchedulerLimits
from millwright.perf.memory import MemoryFit
from millwright.perf.speculation import Draft, Speculation, accepted_at_rate
from millwright.perf.step_time import StepTime
from millwright.quantity import Basis
from millwright.simulate.slo import Slo
from millwright.traffic.arrivals import Poisson
from millwright.traffic.requests import Requests

CATALOG = load_catalog()
MODEL = CATALOG.model("llama-3.1-8b")
DEVICE = CATALOG.device("h100-sxm")
LIMITS = SchedulerLimits(max_num_seqs=32, max_num_batched_tokens=1024, max_model_len_tokens=100_000)


def step_time(
    per_step_s: float = 5e-3,
    per_token_s: float = 2e-5,
    kv_s: float = 4e-8,
    prefill_s: float = 5e-10,
    seq_s: float = 1e-5,
    *,
    prefill_times: float = 1.0,
    max_tokens: int = 1024,
    log_sigma: float = 0.0,
    basis: Basis = Basis.FITTED,
) -> StepTime:
    """Return affine step times: so much per step and per token, in prefill `prefill_times` as much."""
    tokens = np.arange(max_tokens + 1)
    decode_s = np.where(tokens > 0, per_step_s + per_token_s * tokens, 0.0)
    return StepTime(decode_s * prefill_times, decode_s, kv_s, prefill_s, seq_s, 0.0, log_sigma, log_sigma, basis)


def requests(n: int = 400, mean_input: float = 300.0, mean_output: float = 60.0, seed: int = 0) -> Requests:
    """Return n requests with exponential lengths, one a second."""
    rng = np.random.default_rng(seed)

    def lengths(mean: float) -> NDArray[np.int64]:
        return 1 + rng.exponential(mean, n).astype(np.int64)

    return Requests(np.arange(n, dtype=np.float64), lengths(mean_input), lengths(mean_output))


def service(slo: Slo | None = Slo(ttft_s=2.0, tpot_s=0.05), n: int = 400, seed: int = 0) -> Service:  # noqa: B008
    """Return Poisson requests under an SLO."""
    return Service(requests(n, seed=seed), slo, Poisson(), seed)


def candidate(
    served: Service, step: StepTime, tp: int = 1, kv_capacity_tokens: int = 100_000, limits: SchedulerLimits = LIMITS
) -> Candidate:
    """Return a candidate with these step times, whatever its device could really do."""
    deployment = Deployment(MODEL, DEVICE, tp=tp, limits=limits)
    memory = MemoryFit(True, "", 1e9, 1e3, 0.0, 1e9, 1e11, kv_capacity_tokens)
    return Candidate(deployment, memory, step, rate_bound(served, step, limits, kv_capacity_tokens) / tp)


def scaled(step: StepTime, factor: float) -> StepTime:
    """Return `step` with every time `factor` times as long."""
    return step.stretched(factor, factor)


def log_uniform(low: float, high: float) -> st.SearchStrategy[float]:
    """Draw a positive number whose order of magnitude is uniform."""
    return st.floats(np.log(low), np.log(high)).map(lambda exponent: float(np.exp(exponent)))


@st.composite
def step_times(draw: st.DrawFn, max_tokens: int = 1024) -> StepTime:
    """Draw step times over several orders of magnitude; prefill steps cost from as much to ten times as much."""
    return step_time(
        draw(log_uniform(1e-4, 3e-2)),
        draw(log_uniform(1e-8, 1e-4)),
        draw(st.one_of(st.just(0.0), log_uniform(1e-9, 1e-6))),
        draw(st.one_of(st.just(0.0), log_uniform(1e-11, 1e-8))),
        draw(st.one_of(st.just(0.0), log_uniform(1e-7, 1e-4))),
        prefill_times=draw(st.sampled_from([1.0, 3.0, 10.0])),
        max_tokens=max_tokens,
    )


def drafting(step: StepTime, draft: Draft, most_sequences: int = 64, draft_token_s: float = 0.0) -> StepTime:
    """Return `step` under speculative decoding whose draft takes so long for each token and sequence."""
    draft_s = draft_token_s * draft.tokens * np.arange(most_sequences + 1.0)
    return replace(step, speculation=Speculation(draft, draft_s))


@st.composite
def drafts(draw: st.DrawFn) -> Draft:
    """Draw drafts of one to five tokens, from always wrong to always right, drawn or at their mean rate."""
    tokens = draw(st.sampled_from([1, 2, 5]))
    rate = draw(st.sampled_from([0.0, 0.4, 0.8, 1.0]))
    return Draft(tokens, accepted_at_rate(tokens, rate), sampled=draw(st.booleans()), seed=draw(st.integers(0, 2**40)))
