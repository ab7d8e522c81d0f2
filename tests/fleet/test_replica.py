"""One replica: the bound is a bound, the search finds what a full search would, intervals hold their value."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fleet_cases import CATALOG, DEVICE, LIMITS, MODEL, candidate, requests, scaled, service, step_time, step_times
from hypothesis import given, settings
from hypothesis import strategies as st

from millwright.catalog.device import Device
from millwright.catalog.precision import Precision
from millwright.fleet.bounds import rate_bound
from millwright.fleet.contest import Contest, Evaluations, Fate, contest
from millwright.fleet.layout import layouts
from millwright.fleet.replica import (
    SERVED_OFFLINE,
    Allowed,
    Candidate,
    Service,
    candidates,
    evaluate,
    prospects,
    slower,
    weight_precisions,
    with_interval,
)
from millwright.fleet.stack import default_limits, engine_for
from millwright.perf.compile import compile_step_time
from millwright.perf.deployment import Deployment, Engine, SchedulerLimits
from millwright.perf.step_time import StepTime
from millwright.simulate.load import simulate_open
from millwright.simulate.slo import Slo
from millwright.traffic.requests import Requests

COARSE = 0.05
"""Relative width at which the comparison of candidates stops."""


# --- the bound --------------------------------------------------------------------------------------------------


@st.composite
def _loads(draw: st.DrawFn) -> tuple[Requests, SchedulerLimits, int]:
    """Draw requests that all wait at the door, limits, and a KV cache that may be tight."""
    n = draw(st.sampled_from([1, 5, 60]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    inputs = rng.integers(1, draw(st.sampled_from([3, 100, 900])) + 1, n)
    if draw(st.booleans()):  # many prompts of one token beside few long ones
        inputs = np.where(rng.random(n) < 0.7, 1, inputs)
    outputs = rng.integers(1, draw(st.sampled_from([2, 50, 300])) + 1, n)
    limits = replace(
        LIMITS,
        max_num_seqs=draw(st.sampled_from([1, 4, 64])),
        max_num_batched_tokens=draw(st.sampled_from([64, 1024])),
    )
    shared = _shared_prompts(rng, inputs) if draw(st.booleans()) else {}
    return Requests(np.zeros(n), inputs, outputs, **shared), limits, draw(st.sampled_from([700, 3000, 1_000_000]))


def _shared_prompts(rng: np.random.Generator, inputs: np.ndarray, block_tokens: int = 16) -> dict[str, object]:
    """Return prefix blocks of prompts of which most go on from an earlier one."""
    prompts: list[list[int]] = []
    fresh = 0
    for tokens in inputs:
        blocks = -(-int(tokens) // block_tokens)
        begin = prompts[rng.integers(len(prompts))][:blocks] if prompts and rng.random() < 0.7 else []
        prompts.append([*begin, *range(fresh, fresh + blocks - len(begin))])
        fresh += blocks
    return {
        "prefix_blocks": np.array([block for prompt in prompts for block in prompt], dtype=np.int64),
        "prefix_offsets": np.cumsum([0, *map(len, prompts)]),
        "prefix_block_tokens": block_tokens,
    }


@settings(max_examples=300, deadline=None)
@given(step=step_times(), load=_loads())
def test_no_schedule_finishes_requests_faster_than_the_bound(
    step: StepTime, load: tuple[Requests, SchedulerLimits, int]
) -> None:
    waiting, limits, kv_capacity_tokens = load
    bound = rate_bound(Service(waiting, None), step, limits, kv_capacity_tokens)
    outcomes = simulate_open(waiting, step, limits, kv_capacity_tokens)
    if outcomes.served.any():
        assert len(waiting) / float(outcomes.finish_s[outcomes.served].max()) <= bound * (1.0 + 1e-9)


@settings(max_examples=60, deadline=None)
@given(step=step_times(), seed=st.integers(0, 1000), offline=st.booleans())
def test_the_bound_is_never_below_what_the_simulator_finds(step: StepTime, seed: int, offline: bool) -> None:
    served = service(None if offline else Slo(ttft_s=5.0, tpot_s=0.2), n=1500, seed=seed)
    one = candidate(served, step)
    found = evaluate(served, one, COARSE)
    # the saturated rate is read from the middle of a finite run, whose requests may be a few per cent lighter
    assert found.rate_per_s.value <= one.bound_per_device_per_s * 1.08


def test_requests_that_are_refused_cost_the_bound_nothing() -> None:
    step = step_time()
    short = requests(50)
    both = Requests(
        np.zeros(100),
        np.concatenate([short.input_tokens, np.full(50, 5000)]),
        np.concatenate([short.output_tokens, np.full(50, 10)]),
    )
    limits = replace(LIMITS, max_model_len_tokens=4000)
    alone = rate_bound(Service(short, None), step, limits, 100_000)
    assert rate_bound(Service(both, None), step, limits, 100_000) == pytest.approx(2.0 * alone)


# --- the search -------------------------------------------------------------------------------------------------


@settings(max_examples=80, deadline=None)
@given(
    times=st.lists(st.tuples(st.sampled_from([1, 2, 4, 8]), st.floats(0.2, 3.0)), min_size=1, max_size=6),
    device_count=st.sampled_from([1, 2, 4, 6, 8]),
    offline=st.booleans(),
)
def test_the_search_finds_what_a_search_without_pruning_would(
    times: list[tuple[int, float]], device_count: int, offline: bool
) -> None:
    # long enough for a backlog to show: of a short run, a rate above what can last looks kept
    served = service(None if offline else Slo(ttft_s=1.0, tpot_s=0.03), n=3000)
    # the weights' format tells candidates of one TP apart; what they take is up to their step times here
    formats = list(Precision)
    found = [
        _in_format(candidate(served, scaled(step_time(), factor), tp=tp), formats[place])
        for place, (tp, factor) in enumerate(times)
    ]
    outcome = contest(Evaluations(served), found, device_count)

    def machine_rate(one: Candidate) -> float:
        alone = Evaluations(served).coarse(one)
        return alone.rate_per_s.value * (device_count // one.deployment.device_count)

    full = max((machine_rate(one) for one in found if one.deployment.tp <= device_count), default=0.0)
    if full == 0.0:
        assert outcome.best is None
        assert all(one.rate_per_s.value == 0.0 for one in outcome.too_slow)
    else:
        assert outcome.best is not None
        assert machine_rate(outcome.best) >= full * (1.0 - 2.5 * COARSE)


def _in_format(one: Candidate, weights: Precision) -> Candidate:
    return replace(one, deployment=replace(one.deployment, weights=weights))


def test_a_pruned_candidate_could_not_have_won() -> None:
    served = service(Slo(ttft_s=1.0, tpot_s=0.03), n=600)
    model = CATALOG.model("llama-3.3-70b")
    for name, count in (("l40s", 8), ("h100-sxm", 4)):
        listed, _ = prospects(served, model, CATALOG.device(name), engine=Engine("vllm"), most_devices=count)
        outcome = contest(Evaluations(served), listed, count)
        assert outcome.best is not None
        best = _machine_rate(served, outcome.best, count)
        pruned = [each.deployment for each in outcome.considered if each.fate is Fate.PRUNED]
        assert pruned
        for one in listed:
            if one.deployment in pruned:  # full enumeration: what was never simulated is simulated here
                assert _machine_rate(served, one.candidate, count) <= best * (1.0 + 2 * COARSE)


def _machine_rate(served: Service, one: Candidate, count: int) -> float:
    return evaluate(served, one, COARSE).rate_per_s.value * (count // one.device_count)


def test_no_step_time_bound_exceeds_the_rooflines() -> None:
    served = service()
    for name in ("l4", "h100-sxm", "mi300x"):
        listed, _ = prospects(served, MODEL, CATALOG.device(name), engine=Engine("vllm"), most_devices=4)
        for one in listed:
            assert one.candidate.bound_per_device_per_s <= one.roofline_per_device_per_s * (1.0 + 1e-9)


def test_what_cannot_win_is_not_simulated() -> None:
    served = service()
    quick, slow = candidate(served, step_time()), candidate(served, scaled(step_time(), 100.0), tp=2)
    outcome = contest(Evaluations(served), [slow, quick], 2)
    assert outcome.best is quick
    pruned = next(each for each in outcome.considered if each.candidate is slow)
    assert pruned.fate is Fate.PRUNED
    assert pruned.rate_per_s is None
    assert "whatever the schedule" in pruned.reason


def test_whole_replicas_count_not_devices() -> None:
    served = service(None)
    on_four = candidate(served, step_time(), tp=4)
    on_one = candidate(served, scaled(step_time(), 5.0), tp=1)
    assert contest(Evaluations(served), [on_four, on_one], 4).best is on_four  # 1 × 1 against 4 × 1/5
    assert contest(Evaluations(served), [on_four, on_one], 7).best is on_one  # 1 × 1 against 7 × 1/5


def test_no_replica_is_larger_than_its_machine() -> None:
    served = service()
    assert contest(Evaluations(served), [candidate(served, step_time(), tp=8)], 4) == Contest(None, (), ())


def test_an_slo_that_no_rate_keeps_leaves_the_reason() -> None:
    served = service(Slo(tpot_s=1e-4))
    outcome = contest(Evaluations(served), [candidate(served, step_time())], 1)
    assert outcome.best is None
    assert "TPOT" in outcome.too_slow[0].goodput.reason


@settings(max_examples=50, deadline=None)
@given(step=step_times(), factor=st.floats(1.3, 4.0), offline=st.booleans())
def test_slower_steps_never_serve_more(step: StepTime, factor: float, offline: bool) -> None:
    served = service(None if offline else Slo(ttft_s=2.0, tpot_s=0.1))
    quick = evaluate(served, candidate(served, step)).rate_per_s.value
    slow = evaluate(served, candidate(served, scaled(step, factor))).rate_per_s.value
    assert slow <= quick * 1.02  # the bisections stop within 1 %
    assert (quick > 0.0) or (slow == 0.0)


@pytest.mark.parametrize("factor", [1.3, 2.0, 8.0])
def test_more_bandwidth_never_lowers_goodput(factor: float) -> None:
    assert DEVICE.memory_bandwidth_bytes_per_s is not None
    faster = replace(DEVICE, memory_bandwidth_bytes_per_s=DEVICE.memory_bandwidth_bytes_per_s * factor)
    for slo in (None, Slo(ttft_s=1.0, tpot_s=0.02)):
        served = service(slo)
        rates = [_goodput_on(served, device) for device in (DEVICE, faster)]
        assert rates[1] >= rates[0] * 0.98


def _goodput_on(served: Service, device: Device) -> float:
    deployment = Deployment(MODEL, device, limits=SchedulerLimits())
    step = compile_step_time(deployment, context_tokens=served.context_tokens)
    return evaluate(served, candidate(served, step, limits=deployment.limits)).rate_per_s.value


# --- candidates -------------------------------------------------------------------------------------------------


def test_a_candidate_fits_and_the_others_say_why_not() -> None:
    served = service()
    device = CATALOG.device("l4")
    model, engine = CATALOG.model("llama-3.3-70b"), Engine("vllm")
    found, unfit = candidates(served, model, device, engine=engine, most_devices=8)
    assert all(one.memory.fits and one.device_count <= 8 for one in found)
    assert all(one.reason for one in unfit)
    assert {one.deployment.tp for one in unfit} >= {1, 2, 4}  # 70 GB and more do not fit 2 × 24 GB
    ways = len(list(layouts(model, engine, 8)))
    assert len(found) + len(unfit) == ways * len(weight_precisions(model, device))
    assert ways > 4


def test_heads_that_cannot_be_shared_out_are_a_reason() -> None:
    model, device = CATALOG.model("qwen2.5-7b"), CATALOG.device("h100-sxm")  # 28 heads
    found, unfit = candidates(service(), model, device, engine=Engine("vllm"), most_devices=8)
    assert {one.deployment.tp for one in found} == {1, 2, 4}
    assert {one.deployment.tp for one in unfit} == {8}
    assert {one.reason for one in unfit} == {"28 attention heads cannot be shared out among 8 devices"}


def test_the_context_asked_for_is_the_longest_request() -> None:
    served = service()
    longest = int((served.requests.input_tokens + served.requests.output_tokens).max())
    found, _ = candidates(served, MODEL, DEVICE, engine=Engine("vllm"), most_devices=1)
    assert {one.deployment.limits.max_model_len_tokens for one in found} == {longest}


def test_a_request_beyond_the_models_context_does_not_widen_it() -> None:
    engine = engine_for(DEVICE)
    long = Requests(np.zeros(1), np.array([10_000_000]), np.array([5]))
    found, _ = candidates(
        Service(long, None), MODEL, DEVICE, engine=engine, most_devices=1, limits=default_limits(engine, MODEL)
    )
    assert {one.deployment.limits.max_model_len_tokens for one in found} == {MODEL.max_context_tokens}


def test_a_context_that_must_fit_is_told_where_it_does_not() -> None:
    asked = Allowed(context_tokens=100_000)
    found, unfit = candidates(
        service(), MODEL, CATALOG.device("l4"), engine=Engine("vllm"), most_devices=2, allowed=asked
    )
    assert all(one.memory.kv_capacity_tokens >= 100_000 for one in found)
    assert {one.deployment.limits.max_model_len_tokens for one in found} == {100_000}
    assert any("less than the 100,000 that must fit" in one.reason for one in unfit)
    beyond = Allowed(context_tokens=10 * MODEL.max_context_tokens)
    found, unfit = candidates(service(), MODEL, DEVICE, engine=Engine("vllm"), most_devices=1, allowed=beyond)
    assert found == []
    assert all("the model's context" in one.reason or "must fit" in one.reason for one in unfit)


def test_a_smaller_cache_format_holds_more_and_is_looked_at_where_it_is_allowed() -> None:
    both = Allowed(precisions=(Precision.FP8,), kv_precisions=(Precision.BF16, Precision.FP8))
    found, _ = candidates(service(), MODEL, DEVICE, engine=Engine("vllm"), most_devices=1, allowed=both)
    room = {one.deployment.kv: one.memory.kv_capacity_tokens for one in found}
    assert room[Precision.FP8] == pytest.approx(2 * room[Precision.BF16], rel=0.01)
    assert len({one.key for one in found}) == len(found) == 2
    usual, _ = candidates(service(), MODEL, DEVICE, engine=Engine("vllm"), most_devices=1)
    assert {one.deployment.kv for one in usual} == {Precision.BF16}


@pytest.mark.parametrize(
    ("model", "device", "formats"),
    [
        ("llama-3.1-8b", "h100-sxm", ("bf16", "fp8")),
        ("llama-3.1-8b", "a100-sxm-80gb", ("bf16", "int8")),
        ("llama-3.1-8b", "v100-sxm2-32gb", ("bf16",)),
        ("gpt-oss-120b", "h100-sxm", ("mxfp4",)),
    ],
)
def test_the_checkpoints_format_and_eight_bits_are_looked_at(model: str, device: str, formats: tuple[str, ...]) -> None:
    found = weight_precisions(CATALOG.model(model), CATALOG.device(device))
    assert tuple(str(each) for each in found) == formats


def test_allowed_formats_go_before_all_others_each_once() -> None:
    allowed = (Precision.INT4, Precision.BF16, Precision.INT4)
    assert weight_precisions(MODEL, DEVICE, allowed) == (Precision.INT4, Precision.BF16)


# --- intervals --------------------------------------------------------------------------------------------------


@settings(max_examples=50, deadline=None)
@given(log_sigma=st.floats(0.0, 0.6), offline=st.booleans(), tpot_s=st.sampled_from([0.01, 0.05]))
def test_an_interval_holds_its_value(log_sigma: float, offline: bool, tpot_s: float) -> None:
    served = service(None if offline else Slo(ttft_s=2.0, tpot_s=tpot_s))
    one = with_interval(served, evaluate(served, candidate(served, step_time(log_sigma=log_sigma))))
    assert one.rate_per_s.low <= one.rate_per_s.value <= one.rate_per_s.high
    assert one.rate_per_s.basis is one.candidate.step.basis
    assert one.log_sigma >= 0.0


@pytest.mark.parametrize("factor", [0.3, 3.0])
def test_an_easier_or_harder_part_of_the_traffic_does_not_widen_the_interval(factor: float) -> None:
    whole = requests(9000)
    middle = (np.arange(9000) > 2500) & (np.arange(9000) < 6500)
    inputs = np.where(middle, np.maximum(whole.input_tokens * factor, 1).astype(np.int64), whole.input_tokens)
    served = replace(service(), requests=replace(whole, input_tokens=inputs))
    one = with_interval(served, evaluate(served, candidate(served, step_time(log_sigma=0.0))))
    assert one.rate_per_s.low >= one.goodput.low * 0.999
    assert one.rate_per_s.high <= one.goodput.high * 1.001


def test_offline_the_interval_is_that_of_the_step_times() -> None:
    served = service(None)
    one = with_interval(served, evaluate(served, candidate(served, step_time(log_sigma=0.2))))
    assert one.log_sigma == pytest.approx(0.2, rel=1e-6)


@settings(max_examples=30, deadline=None)
@given(log_sigma=st.floats(0.05, 0.4), confidence=st.floats(0.55, 0.95), offline=st.booleans())
def test_more_confidence_promises_less(log_sigma: float, confidence: float, offline: bool) -> None:
    served = service(None if offline else Slo(ttft_s=2.0, tpot_s=0.05))
    middle = evaluate(served, candidate(served, step_time(log_sigma=log_sigma)))
    sure, surer = (with_interval(served, middle, each) for each in (confidence, confidence + 0.04))
    assert surer.sure_per_s <= sure.sure_per_s <= sure.rate_per_s.value
    assert sure.chance_of(sure.sure_per_s) == pytest.approx(confidence, abs=1e-6)


def test_offline_the_sure_rate_is_the_quantile_of_the_step_times() -> None:
    served = service(None)
    one = with_interval(served, evaluate(served, candidate(served, step_time(log_sigma=0.2))), 0.8)
    assert one.sure_per_s == pytest.approx(one.rate_per_s.value * np.exp(-0.8416 * 0.2), rel=1e-3)
    assert one.log_sigma_below == pytest.approx(0.2, rel=1e-6)


def test_who_stands_further_from_the_limit_wins_at_confidence() -> None:
    served = service(Slo(ttft_s=5.0, tpot_s=0.05))
    at_the_limit = candidate(served, step_time(0.040, 1e-6, log_sigma=0.3), tp=1)
    far_from_it = candidate(served, step_time(0.012, 1e-3, log_sigma=0.3), tp=4)
    sure = Evaluations(served, 0.9)
    outcome = contest(sure, [at_the_limit, far_from_it], 4)
    assert contest(Evaluations(served, 0.5), [at_the_limit, far_from_it], 4).best is not None
    assert outcome.best is far_from_it
    assert [one.candidate for one in outcome.too_slow] in ([at_the_limit], [])
    assert sure.in_full(far_from_it).sure_per_s > 0.0
    assert sure.coarse(at_the_limit).rate_per_s.value == 0.0


def test_shorter_steps_are_the_inverse_of_longer_ones() -> None:
    step = step_time(log_sigma=0.3)
    there_and_back = slower(slower(step, 1.28), -1.28)
    np.testing.assert_allclose(there_and_back.tokens_s, step.tokens_s)
    np.testing.assert_allclose(there_and_back.decode_tokens_s, step.decode_tokens_s)
    assert slower(step, 1.0).kv_s == pytest.approx(step.kv_s * np.exp(0.3))


# --- requests ---------------------------------------------------------------------------------------------------


@given(rate=st.floats(1e-3, 1e3), seed=st.integers(0, 100))
def test_at_another_rate_the_same_requests_come(rate: float, seed: int) -> None:
    for served in (service(seed=seed, n=300), replace(service(seed=seed, n=300), arrivals=None)):
        come = served.at_rate()
        once, again = come(rate), come(rate)
        np.testing.assert_array_equal(once.arrival_s, again.arrival_s)
        np.testing.assert_array_equal(once.input_tokens, served.requests.input_tokens)
        np.testing.assert_array_equal(once.output_tokens, served.requests.output_tokens)
        assert (np.diff(once.arrival_s) >= 0).all()
        assert once.rate_per_s == pytest.approx(rate, rel=0.3)


def test_a_rate_changes_the_time_scale_and_nothing_else() -> None:
    come = service().at_rate()
    np.testing.assert_allclose(come(2.0).arrival_s, come(1.0).arrival_s / 2.0)


def test_a_part_is_a_run_from_the_middle() -> None:
    whole = service(n=9000)
    part = whole.part()
    n = len(part.requests)
    middle = slice((9000 - n) // 2, (9000 + n) // 2)
    assert n < 9000
    assert part.requests.arrival_s[0] == 0.0
    np.testing.assert_array_equal(np.diff(part.requests.arrival_s), np.diff(whole.requests.arrival_s[middle]))
    np.testing.assert_array_equal(part.requests.input_tokens, whole.requests.input_tokens[middle])
    np.testing.assert_array_equal(part.requests.output_tokens, whole.requests.output_tokens[middle])


def test_few_requests_are_their_own_part() -> None:
    few = service(n=300)
    assert few.part() is few


def test_the_mean_context_weighs_requests_by_their_steps() -> None:
    two = Requests(np.zeros(2), np.array([100, 1000]), np.array([10, 30]))
    assert Service(two, None).context_tokens == pytest.approx((105 * 10 + 1015 * 30) / 40)


# --- offline ----------------------------------------------------------------------------------------------------


def test_offline_work_is_served_at_the_saturated_rate() -> None:
    served = service(None, n=1500)
    found = evaluate(served, candidate(served, step_time()))
    assert found.goodput.binding == "capacity"
    outcomes = simulate_open(replace(served.requests, arrival_s=np.zeros(1500)), found.candidate.step, LIMITS, 100_000)
    whole_run = 1500 / float(outcomes.finish_s.max())
    assert found.rate_per_s.value == pytest.approx(whole_run, rel=0.1)


def test_offline_work_that_is_refused_is_not_served() -> None:
    long = replace(requests(200), input_tokens=np.where(np.arange(200) < 10, 50_000, 100))
    served = Service(long, None)
    assert 1.0 - SERVED_OFFLINE < 10 / 200
    found = evaluate(served, candidate(served, step_time(), kv_capacity_tokens=20_000))
    assert found.rate_per_s.value == 0.0
    assert "5 % of the requests" in found.goodput.reason
    assert evaluate(served, candidate(served, step_time(), kv_capacity_tokens=200_000)).rate_per_s.value > 0.0
