"""Energy: the parts add up, power stays between idle and the limit of the devices."""

from __future__ import annotations

import pytest
from test_cluster import LIMITS, MEMBERS, REQUESTS

from millwright.catalog.catalog import load_catalog
from millwright.perf.deployment import Deployment
from millwright.perf.power import idle_power_w
from millwright.simulate import simulate_cluster, simulate_open
from millwright.simulate.energy import energy
from millwright.simulate.outcomes import RequestOutcomes

CATALOG = load_catalog()
DEPLOYMENT = Deployment(CATALOG.model("llama-3.1-8b"), CATALOG.device("h100-sxm"), limits=LIMITS)


def spread_out(factor: float, replicas: int) -> RequestOutcomes:
    requests = REQUESTS.__class__(REQUESTS.arrival_s * factor, REQUESTS.input_tokens, REQUESTS.output_tokens)
    return simulate_cluster(requests, MEMBERS[:1] * replicas)


@pytest.mark.parametrize(("factor", "replicas"), [(1.0, 4), (1.0, 8), (20.0, 4)])
def test_the_phases_add_up_and_power_stays_within_the_devices(factor: float, replicas: int) -> None:
    outcomes = spread_out(factor, replicas)
    taken = energy(outcomes, DEPLOYMENT)
    assert taken is not None
    assert taken.per_output_token_j is not None
    assert taken.total_j.value == pytest.approx(taken.prompt_j + taken.decode_j + taken.idle_j)
    assert taken.total_j.low <= taken.total_j.value <= taken.total_j.high
    assert taken.power_w * outcomes.makespan_s == pytest.approx(taken.total_j.value)
    tdp_w = DEPLOYMENT.device.tdp_w
    assert tdp_w is not None
    assert replicas * idle_power_w(DEPLOYMENT.device) < taken.power_w < replicas * tdp_w


def test_idle_replicas_cost_energy_and_serve_no_token() -> None:
    few, many = (energy(spread_out(1.0, replicas), DEPLOYMENT) for replicas in (4, 16))
    assert few is not None
    assert many is not None
    assert few.per_output_token_j is not None
    assert many.per_output_token_j is not None
    assert many.idle_j > few.idle_j
    assert many.per_output_token_j.value > few.per_output_token_j.value


def test_nothing_served_takes_no_energy() -> None:
    requests = REQUESTS.__class__(REQUESTS.arrival_s[:1], REQUESTS.input_tokens[:1] + 10**7, REQUESTS.output_tokens[:1])
    assert energy(simulate_open(requests, MEMBERS[0].step, LIMITS, 400_000), DEPLOYMENT) is None
