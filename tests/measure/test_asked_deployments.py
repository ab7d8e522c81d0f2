"""Deployments asked for in words: an engine schedules as its profile says, unless one asks otherwise."""

from __future__ import annotations

from dataclasses import replace

import pytest

from millwright.catalog.catalog import load_catalog
from millwright.measure.asked import AskedSimulation
from millwright.measure.asked_deployments import asked_deployments
from millwright.measure.simulation import run_simulation
from millwright.perf.engines import engine_profiles

CATALOG = load_catalog()
ASKED = AskedSimulation("llama-3.1-8b", "h100-sxm", rate_per_s=5.0)


@pytest.mark.parametrize("engine", list(engine_profiles()))
def test_an_engine_schedules_as_its_profile_says(engine: str) -> None:
    profile = engine_profiles()[engine]
    limits = asked_deployments(replace(ASKED, engine=engine), CATALOG)[0].limits
    assert limits.prefill_first == profile.prefill_first
    assert limits.chunked_prefill == profile.chunked_prefill
    assert limits.reserved_output == profile.reserved_output


def test_what_is_asked_for_goes_before_the_profile() -> None:
    mixed = asked_deployments(replace(ASKED, engine="sglang", prefill_first=False), CATALOG)[0]
    assert not mixed.limits.prefill_first


def test_an_engine_that_reserves_its_answers_preempts_nobody() -> None:
    crowded = replace(ASKED, rate_per_s=60.0, input="4000", output="1500", requests=800)
    found = {engine: run_simulation(replace(crowded, engine=engine), CATALOG) for engine in ("vllm", "trtllm")}
    assert found["vllm"].metrics.preemptions > 0
    assert found["trtllm"].metrics.preemptions == 0


@pytest.mark.parametrize("engine", ["sglang", "llama.cpp"])
def test_step_times_are_corrected_for_the_schedule_they_are_played_in(engine: str) -> None:
    closed = replace(ASKED, rate_per_s=None, concurrency=64, requests=2000, engine=engine)
    own = run_simulation(closed, CATALOG)
    assert own.metrics.e2e_s.mean is not None
    assert own.deployed.cycle_s == pytest.approx(own.metrics.e2e_s.mean.value, rel=0.07)
