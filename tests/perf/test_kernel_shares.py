"""Shares of kernels are shares: of dense models without experts, more with less time, and energy knows them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from millwright.catalog.catalog import load_catalog
from millwright.perf.deployment import Deployment
from millwright.perf.kernel_shares import KernelShares, deployment_kernel_shares
from millwright.perf.power import device_power_w

CATALOG = load_catalog()
H100 = CATALOG.device("h100-sxm")
DENSE = Deployment(CATALOG.model("llama-3.1-8b"), H100)
MIXTURE = Deployment(CATALOG.model("gpt-oss-20b"), H100)

share = st.floats(0.0, 1.0)


@given(st.floats(1.0, 512.0), st.floats(0.0, 4e5), st.floats(1e-5, 1.0))
def test_shares_lie_between_nothing_and_all_and_fall_with_time(sequences: float, cached: float, seconds: float) -> None:
    short = deployment_kernel_shares(DENSE, sequences, sequences, cached, seconds)
    long = deployment_kernel_shares(DENSE, sequences, sequences, cached, 2.0 * seconds)
    for name in ("dense", "expert", "cache"):
        assert 0.0 <= getattr(long, name) <= getattr(short, name) <= 1.0
    assert short.expert == 0.0


def test_a_mixture_spends_time_with_experts() -> None:
    step_s = 0.01
    assert deployment_kernel_shares(MIXTURE, 32.0, 32.0, 32_000.0, step_s).expert > 0.05
    assert deployment_kernel_shares(DENSE, 32.0, 32.0, 32_000.0, step_s).dense > 0.3


def test_a_longer_context_is_more_reading_of_the_cache() -> None:
    few, many = (deployment_kernel_shares(DENSE, 64.0, 64.0, 64.0 * each, 0.02).cache for each in (500.0, 4000.0))
    assert many == pytest.approx(8.0 * few, rel=0.01)


@given(share, share, share, share)
def test_power_grows_with_every_kernel(dense: float, expert: float, cache: float, computing: float) -> None:
    idle = device_power_w(H100, 1.0, computing, KernelShares(0.0, 0.0, 0.0)).value
    some = [
        device_power_w(H100, 1.0, computing, KernelShares(*each)).value
        for each in np.diag([dense, expert, cache]).tolist()
    ]
    every = device_power_w(H100, 1.0, computing, KernelShares(dense, expert, cache)).value
    assert all(idle <= each <= every for each in some)
    assert H100.tdp_w is not None
    assert every <= H100.tdp_w


def test_an_expert_kernel_draws_more_than_a_dense_one_that_waits_for_memory() -> None:
    dense, expert = (
        device_power_w(H100, 1.0, 0.02, each) for each in (KernelShares(0.5, 0.0, 0.0), KernelShares(0.0, 0.5, 0.0))
    )
    assert expert.value > dense.value
