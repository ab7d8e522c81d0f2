"""What users see at the planned load: odds of keeping the promise, intervals, and latency that grows with load."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from small_scenarios import CATALOG

from millwright.fleet.contest import Evaluations
from millwright.fleet.replica import ReplicaPerformance, Service, candidates
from millwright.perf.deployment import Engine
from millwright.plan.model import Performance
from millwright.plan.performance import CURVE_LOADS, PlannedLoad, performance, simulate_planned
from millwright.quantity import Basis, Estimate
from millwright.simulate.slo import Slo
from millwright.traffic.arrivals import Poisson
from millwright.traffic.requests import Requests

RNG = np.random.default_rng(0)
REQUESTS = Requests(np.arange(1500.0), RNG.integers(50, 800, 1500), RNG.integers(20, 300, 1500))
SLO = Slo(ttft_s=2.0, tpot_s=0.05)
ONLINE = Service(REQUESTS, SLO, Poisson())
OFFLINE = Service(REQUESTS, None)


def _replica(service: Service) -> ReplicaPerformance:
    [one, *_], _ = candidates(
        service, CATALOG.model("llama-3.1-8b"), CATALOG.device("h100-sxm"), engine=Engine("vllm"), most_devices=1
    )
    return Evaluations(service).in_full(one)


REPLICA = _replica(ONLINE)


def _seen(load: float, *, curves: bool = False, replica: ReplicaPerformance = REPLICA) -> Performance:
    """Return what three replicas show at a share of their goodput."""
    rate_per_s = replica.rate_per_s.value * load
    runs = simulate_planned([PlannedLoad(ONLINE, replica, rate_per_s)], lambda done, of: None)
    return performance(ONLINE, replica, 3, 3 * rate_per_s, 0.3, runs, curves=curves)


def test_the_promise_holds_at_the_goodput_and_percentiles_are_in_order() -> None:
    seen = _seen(1.0)
    assert seen.ttft is not None
    assert seen.tpot is not None
    assert seen.e2e is not None
    assert seen.ttft.p95.value <= 2.0
    assert seen.tpot.p95.value <= 0.05
    for latency in (seen.ttft, seen.tpot, seen.e2e):
        values = [latency.p50.value, latency.p90.value, latency.p95.value, latency.p99.value]
        assert values == sorted(values)
        for each in (latency.p50, latency.p90, latency.p95, latency.p99):
            assert each.low <= each.value <= each.high


def test_more_load_is_slower() -> None:
    light, heavy = _seen(0.2), _seen(1.0)
    assert light.e2e is not None
    assert heavy.e2e is not None
    assert light.e2e.p95.value < heavy.e2e.p95.value
    assert light.utilisation_peak == pytest.approx(0.2)
    assert heavy.utilisation_peak == pytest.approx(1.0)


def test_capacity_is_that_of_all_replicas() -> None:
    seen = _seen(0.5)
    assert seen.capacity.value == pytest.approx(3 * REPLICA.rate_per_s.value)
    assert seen.planned_rate_per_s == pytest.approx(3 * seen.planned_rate_per_replica_per_s)


def _with_interval(value: float, low: float, high: float) -> ReplicaPerformance:
    return replace(REPLICA, rate_per_s=Estimate(value, low, high, Basis.FITTED))


def test_the_odds_of_keeping_the_promise_are_those_of_the_interval() -> None:
    value = REPLICA.rate_per_s.value
    sure = _with_interval(value, value / 1.25, value * 1.25)
    assert _seen(1.0, replica=sure).probability_slo_met == pytest.approx(0.5)
    assert _seen(1.0 / 1.25, replica=sure).probability_slo_met == pytest.approx(0.9, abs=1e-3)
    assert _seen(1.25, replica=sure).probability_slo_met == pytest.approx(0.1, abs=1e-3)
    assert _seen(0.99, replica=_with_interval(value, value, value)).probability_slo_met == 1.0
    assert _seen(1.01, replica=_with_interval(value, value, value)).probability_slo_met == 0.0


def test_curves_are_drawn_for_the_limits_that_are_set() -> None:
    curves = {curve.metric: curve for curve in _seen(0.5, curves=True).curves}
    assert set(curves) == {"ttft", "tpot"}
    for curve in curves.values():
        assert [point.rate_per_s / REPLICA.rate_per_s.value for point in curve.points] == pytest.approx(CURVE_LOADS)
        assert curve.percentile == 95.0
        for point in curve.points:
            assert point.low_s is not None
            assert point.high_s is not None
            assert point.value_s is not None
            assert point.low_s <= point.value_s <= point.high_s
    tpot = [point.value_s for point in curves["tpot"].points]
    assert tpot == sorted(tpot)


def test_offline_work_has_a_throughput_and_no_latency() -> None:
    replica = _replica(OFFLINE)
    seen = performance(OFFLINE, replica, 2, replica.rate_per_s.value, 0.5, {}, curves=True)
    assert seen.ttft is None
    assert seen.curves == ()
    assert seen.output_tokens_per_s is not None
    mean_output = float(REQUESTS.output_tokens.mean())
    assert seen.output_tokens_per_s.value == pytest.approx(2 * replica.rate_per_s.value * mean_output)


def test_the_same_load_is_simulated_once_and_offline_never() -> None:
    told: list[tuple[int, int]] = []
    load = PlannedLoad(ONLINE, REPLICA, 1.0)
    runs = simulate_planned([load, load, PlannedLoad(OFFLINE, REPLICA, 1.0)], lambda done, of: told.append((done, of)))
    assert list(runs) == [load.key]
    assert told == [(1, 1)]


def test_output_tokens_are_those_of_the_requests_that_come() -> None:
    seen = _seen(0.5)
    expected = seen.planned_rate_per_s * float(REQUESTS.output_tokens.mean())
    assert seen.output_tokens_per_s is not None
    assert seen.output_tokens_per_s.value == pytest.approx(expected, rel=0.1)
