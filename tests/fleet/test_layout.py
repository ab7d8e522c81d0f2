"""Layouts: what an engine offers, what a model allows, and nothing larger than the machine."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fleet_cases import CATALOG, MODEL, candidate, requests, service, step_time

from millwright.fleet.bounds import Asked, rate_bound
from millwright.fleet.contest import Evaluations, Fate, contest
from millwright.fleet.disaggregate import disaggregated
from millwright.fleet.front import front
from millwright.fleet.layout import layouts
from millwright.fleet.stack import capabilities, engines_of, engines_to_compare
from millwright.fleet.tuning import with_other_limits
from millwright.perf.deployment import Engine
from millwright.simulate.slo import Slo

MIXTURE = CATALOG.model("qwen3-235b-a22b")


@pytest.mark.parametrize("most", [1, 3, 8, 72])
def test_no_layout_is_larger_than_the_machine_and_none_comes_twice(most: int) -> None:
    for model in (MODEL, MIXTURE):
        found = list(layouts(model, Engine("vllm"), most))
        assert all(each.device_count <= most for each in found)
        assert len(set(found)) == len(found)


def test_experts_are_dealt_out_where_there_are_any_and_the_engine_can() -> None:
    assert any(each.ep > 1 and not each.dp_attention for each in layouts(MIXTURE, Engine("vllm"), 8))
    assert any(each.dp_attention for each in layouts(MIXTURE, Engine("sglang"), 8))
    assert all(each.ep == each.dp == 1 for each in layouts(MODEL, Engine("vllm"), 8))
    assert all(each.ep == each.pp == 1 for each in layouts(MIXTURE, Engine("tgi"), 8))
    assert capabilities("an engine nobody knows") == frozenset()


def test_only_measured_engines_are_compared_unless_they_are_named() -> None:
    h100, l4 = CATALOG.device("h100-sxm"), CATALOG.device("raspberry-pi-5-16")
    assert engines_to_compare(h100)[0].name == engines_of(h100)[0]
    assert {each.name for each in engines_to_compare(h100)} >= {"vllm", "sglang", "trtllm"}
    assert [each.name for each in engines_to_compare(l4)] == ["llama.cpp"]
    assert [each.name for each in engines_to_compare(h100, ("TGI", "vllm"))] == ["vllm", "tgi"]


def test_a_tighter_limit_on_tpot_lowers_the_bound_until_nothing_is_left() -> None:
    step = step_time()
    limits = candidate(service(), step).deployment.limits
    bounds = [rate_bound(service(slo), step, limits, 100_000) for slo in (None, Slo(tpot_s=0.03), Slo(tpot_s=0.0058))]
    assert bounds == sorted(bounds, reverse=True)
    assert bounds[1] > bounds[2] > 0.0
    assert rate_bound(service(Slo(tpot_s=0.004)), step, limits, 100_000) == 0.0  # a step takes 5 ms alone


def test_a_smaller_cache_never_raises_the_bound() -> None:
    step = step_time()
    limits = candidate(service(), step).deployment.limits
    bounds = [rate_bound(service(), step, limits, tokens) for tokens in (100_000, 8_000, 4_000, 2_500)]
    assert bounds == sorted(bounds, reverse=True)
    assert bounds[-1] < bounds[0]


def test_every_candidate_has_a_fate_and_a_reason() -> None:
    served = service()
    found = [
        replace(one, deployment=replace(one.deployment, engine=Engine(name)))
        for name, one in (
            ("vllm", candidate(served, step_time())),
            ("sglang", candidate(served, step_time(4.9e-3))),
            ("tgi", candidate(served, step_time(1.0))),
        )
    ]
    outcome = contest(Evaluations(served), found, 1)
    assert len(outcome.considered) == 3
    assert all(each.reason for each in outcome.considered)
    fates = {each.deployment.engine.name: each.fate for each in outcome.considered}
    assert list(fates.values()).count(Fate.BEST) == 1
    assert fates["tgi"] is Fate.PRUNED


def test_other_limits_are_other_candidates_under_a_bound_of_their_own() -> None:
    served = service()
    one = candidate(served, step_time())
    smaller = with_other_limits(Asked.of(served), one, budgets=False)
    assert all(each.deployment.limits.max_num_seqs < one.deployment.limits.max_num_seqs for each in smaller)
    assert all(each.bound_per_device_per_s <= one.bound_per_device_per_s * (1 + 1e-9) for each in smaller)
    assert len({each.key for each in (one, *smaller)}) == len(smaller) + 1


def test_pools_apart_fill_the_machine_and_serve_what_they_are_asked() -> None:
    served = service()
    ways = [candidate(served, step_time(), tp=tp) for tp in (1, 2)]
    pools = disaggregated(Asked.of(served), ways, ways[0], 4)
    assert len(pools) == 1
    assert pools[0].prompts is not None
    assert pools[0].device_count <= 4
    outcomes = pools[0].serve(served.at_rate()(1.0))
    assert outcomes.served.all()
    assert disaggregated(Asked.of(served), ways, ways[0], 1) == []


def test_nothing_on_the_front_is_beaten() -> None:
    served = service()
    small, large = candidate(served, step_time()), candidate(served, step_time(3e-3), tp=2)
    worse = replace(candidate(served, step_time(6e-3)), deployment=replace(small.deployment, engine=Engine("tgi")))
    points = front(served, [(small, 10.0), (large, 15.0), (worse, 9.0)])
    assert [each.candidate for each in points] == [small, large]
    assert points[1].tpot_s < points[0].tpot_s
    assert points[0].tokens_per_s_per_device == pytest.approx(10.0 * requests().output_tokens.mean())
