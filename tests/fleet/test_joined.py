"""Hosts joined by their network: replicas of models that no single machine holds, honest about what lies between."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from fleet_cases import CATALOG, service
from hypothesis import given
from hypothesis import strategies as st

from millwright.fleet.joined import JoinedAnswer, JoinedQuestion, answer_joined, joined_layouts, network_between
from millwright.fleet.replica import fit
from millwright.perf.compile import compile_step_time
from millwright.perf.deployment import Deployment, Engine, HostNetwork
from millwright.perf.operators import step_operators
from millwright.quantity import Basis
from millwright.simulate.slo import Slo

LARGE = CATALOG.model("llama-3.1-405b")
H100, A100, L40S = (CATALOG.device(name) for name in ("h100-sxm", "a100-sxm-80gb", "l40s"))
SLOW_NET = HostNetwork(8, 1e9, 50e-6)
FAST_NET = HostNetwork(8, 400e9, 1e-6)


@cache
def joined(model: str, device: str, count: int) -> JoinedAnswer:
    """Return what hosts of so many devices serve together."""
    question = JoinedQuestion("chat", CATALOG.device(device), count)
    asked = replace(service(), slo=Slo(6.0, 0.15, None, 95.0))
    answer = answer_joined(question, asked, CATALOG.model(model), confidence=0.8)
    assert answer is not None
    return answer


def test_a_model_that_one_host_does_not_hold_is_held_by_two() -> None:
    found = joined("llama-3.1-405b", "a100-sxm-80gb", 8)
    assert found.hosts == 2
    best = found.answer.performance
    assert best is not None
    deployment = best.candidate.deployment
    assert deployment.device_count == 16
    assert deployment.host_count == 2
    assert fit(deployment).fits
    alone = replace(deployment, pp=1, network=None)
    assert not fit(alone).fits
    assert found.answer.replicas_per_machine == 1


def test_its_rate_has_an_interval_and_says_that_the_network_is_assumed() -> None:
    best = joined("llama-3.1-405b", "a100-sxm-80gb", 8).answer.performance
    assert best is not None
    assert best.rate_per_s.low < best.rate_per_s.value < best.rate_per_s.high
    assert best.sure_per_s < best.rate_per_s.value
    assert best.rate_per_s.basis is Basis.ASSUMED


def test_experts_may_be_dealt_out_over_hosts() -> None:
    considered = joined("deepseek-r1", "h100-sxm", 8).answer.considered
    assert any(each.deployment.ep == 16 and each.deployment.dp_attention for each in considered)
    assert any(each.deployment.pp == 2 and each.deployment.tp == 8 for each in considered)


def test_what_eight_hosts_do_not_hold_has_no_answer() -> None:
    question = JoinedQuestion("chat", CATALOG.device("rtx-3060"), 1)
    assert answer_joined(question, service(), LARGE) is None


def test_a_stated_network_is_no_assumption() -> None:
    stated = network_between(H100, 8, 100e9)
    assert stated.bytes_per_s == pytest.approx(12.5e9)
    assert not stated.assumed
    assert network_between(H100, 8).assumed
    assert network_between(L40S, 8).bytes_per_s < network_between(H100, 8).bytes_per_s


@given(tokens=st.integers(1, 4000), layout=st.sampled_from([(8, 2, 1), (16, 1, 1), (4, 4, 1)]))
def test_a_slower_network_never_makes_a_step_shorter_and_one_host_has_none(
    tokens: int, layout: tuple[int, int, int]
) -> None:
    tp, pp, _ = layout
    steps = [_compiled(tp, pp, network) for network in (None, FAST_NET, SLOW_NET)]
    alone, fast, slow = (step.decode_tokens_s[tokens] for step in steps)
    assert alone <= fast <= slow
    assert slow > alone


@cache
def _compiled(tp: int, pp: int, network: HostNetwork | None):  # type: ignore[no-untyped-def]
    deployment = Deployment(LARGE, H100, Engine("vllm"), tp=tp, pp=pp, network=network)
    return compile_step_time(deployment, context_tokens=1000.0)


def test_a_pipeline_hands_over_what_the_equation_says() -> None:
    deployment = Deployment(LARGE, H100, Engine("vllm"), tp=8, pp=4, network=replace(SLOW_NET, devices_per_host=8))
    operators = step_operators(deployment, 1000.0)
    assert deployment.host_count == 4
    assert operators.network_s == pytest.approx(3 * 50e-6)
    assert operators.network_bytes == pytest.approx(3 * LARGE.hidden_size * 2 / 8)
    assert operators.network_bandwidth == 1e9
    assert operators.assumed
    inside = step_operators(replace(deployment, pp=1), 1000.0)
    assert inside.network_s == inside.network_bytes == 0.0


def test_tensor_parallelism_over_hosts_sends_far_more_than_a_pipeline() -> None:
    wide = step_operators(Deployment(LARGE, H100, Engine("vllm"), tp=16, network=SLOW_NET), 1000.0)
    deep = step_operators(Deployment(LARGE, H100, Engine("vllm"), tp=8, pp=2, network=SLOW_NET), 1000.0)
    assert wide.network_bytes > 50 * deep.network_bytes
    assert wide.network_s > 50 * deep.network_s


def test_layouts_use_every_device_and_engines_without_a_pipeline_stay_at_home() -> None:
    found = list(joined_layouts(8, 3)(LARGE, Engine("vllm"), 24))
    assert found
    assert all(each.device_count == 24 for each in found)
    assert list(joined_layouts(8, 3)(LARGE, Engine("llama.cpp"), 24)) == []
    assert np.all([each.pp <= LARGE.layer_count for each in found])
