"""What is asked for: the week's shape, the busiest day, growth, and the summary that people read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from millwright.catalog.catalog import load_catalog
from millwright.plan.demand import (
    SAMPLE_OF_BURSTS,
    SAMPLE_REQUESTS,
    WorkloadDemand,
    batch_window,
    summary,
    workload_demand,
)
from millwright.scenario.load import LoadedScenario, read_scenario
from millwright.traffic.pattern import demand
from millwright.traffic.shape import busiest_day_factor, peak_factor

CATALOG = load_catalog()
HOURS_PER_MONTH = 730.5


def _asked(workload: str, months: int = 24) -> WorkloadDemand:
    loaded: LoadedScenario = read_scenario(
        f"organisation: {{country: DE}}\nworkloads:\n  - {{name: w, model: llama-3.1-8b, {workload}}}\n",
        Path("scenario.yaml"),
        CATALOG,
    )
    one = loaded.scenario.workloads[0]
    return workload_demand(one, loaded.catalog.model(one.model), loaded.patterns[one.name], months, seed=0)


ONLINE = "traffic: {rate: 3 /s, profile: conversation, shape: office-hours}, growth: 20 %/y"
BATCH = "mode: batch, deadline: 6 h, traffic: {requests_per_day: 86400, profile: summarisation, shape: office-hours}"


# --- batch windows ----------------------------------------------------------------------------------------------


@given(deadline=st.floats(0.5, 100.0), busiest=st.floats(1.0, 7.0))
def test_a_batch_window_has_mean_one_and_covers_the_busiest_day(deadline: float, busiest: float) -> None:
    weights = batch_window(deadline, busiest)
    assert weights.shape == (168,)
    assert weights.mean() == pytest.approx(1.0)
    assert weights.min() >= 0.0
    days = weights.reshape(7, 24).sum(axis=1)
    assert days.max() / days.mean() == pytest.approx(busiest)


@given(deadline=st.floats(1.0, 24.0), busiest=st.floats(1.0, 7.0))
def test_a_days_work_is_done_within_the_deadline(deadline: float, busiest: float) -> None:
    for day in batch_window(deadline, busiest).reshape(7, 24):
        assert np.count_nonzero(day) <= deadline
        assert len(np.unique(day[day > 0.0])) <= 1  # evenly


def test_a_whole_day_and_equal_days_are_a_flat_week() -> None:
    np.testing.assert_array_equal(batch_window(24.0, 1.0), np.ones(168))
    np.testing.assert_array_equal(batch_window(72.0, 1.0), np.ones(168))


# --- the demand of a workload -----------------------------------------------------------------------------------


def test_the_peak_is_that_of_the_busiest_hour_and_grows() -> None:
    asked = _asked(ONLINE)
    assert asked.profile.mean_rate_per_s[0] == pytest.approx(3.0)
    assert asked.profile.mean_rate_per_s[12] == pytest.approx(3.6)
    assert asked.profile.peak_rate_per_s[0] == pytest.approx(3.0 * peak_factor(asked.pattern.shape))
    assert len(asked.profile.mean_rate_per_s) == 24


def test_a_nights_batch_needs_the_days_work_over_the_window() -> None:
    asked = _asked(BATCH)
    # 86,400 documents on the busiest day within 6 h are 4 a second
    assert asked.profile.peak_rate_per_s[0] == pytest.approx(4.0)
    assert asked.profile.mean_rate_per_s[0] == pytest.approx(1.0 / busiest_day_factor(asked.pattern.shape))
    assert asked.service.slo is None


def test_online_work_has_its_slo_and_enough_requests_to_judge_by() -> None:
    asked = _asked(ONLINE + ", slo: {ttft: 1 s, e2e: 20 s, percentile: 90}")
    assert asked.service.slo is not None
    assert asked.service.slo.limits() == {"ttft_s": 1.0, "e2e_s": 20.0}
    assert asked.service.slo.percentile == 90.0
    assert len(asked.service.requests) == SAMPLE_OF_BURSTS  # the default profile comes in bursts
    even = _asked(ONLINE.replace("rate: 3 /s", "rate: 3 /s, arrivals: poisson"))
    assert len(even.service.requests) == SAMPLE_REQUESTS


def test_the_sample_has_the_lengths_that_money_counts() -> None:
    asked = _asked(ONLINE)
    sampled = asked.service.requests
    assert sampled.input_tokens.mean() == pytest.approx(asked.tokens.input_tokens_per_request, rel=0.05)
    assert sampled.output_tokens.mean() == pytest.approx(asked.tokens.output_tokens_per_request, rel=0.05)


def test_the_same_seed_asks_for_the_same() -> None:
    one, other = _asked(ONLINE), _asked(ONLINE)
    np.testing.assert_array_equal(one.service.requests.input_tokens, other.service.requests.input_tokens)


# --- the summary ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("workload", [ONLINE, BATCH, "traffic: {rate: 1 /s, input: 500 tokens, output: 100 tokens}"])
def test_the_summary_tells_what_the_traffic_asks_for(workload: str) -> None:
    asked = _asked(workload)
    told, month = summary(asked), demand(asked.pattern)
    assert told.rate_mean_per_s == pytest.approx(month.mean_rate_per_s)
    assert told.input_tokens_per_month == pytest.approx(month.input_tokens_per_month)
    assert told.output_tokens_per_month == pytest.approx(month.output_tokens_per_month)
    assert told.input_length.mean_tokens == pytest.approx(month.mean_input_tokens)
    assert told.rate_peak_per_s == pytest.approx(float(asked.profile.peak_rate_per_s[0]))
    if workload is not BATCH:
        assert told.rate_peak_per_s == pytest.approx(month.peak_rate_per_s)


def test_money_and_summary_count_the_same_tokens() -> None:
    asked = _asked("traffic: {rate: 1 /s, input: 500 tokens, output: 100 tokens}")
    told, billed = summary(asked), asked.tokens.as_case_demand()
    assert told.input_tokens_per_month == pytest.approx(500 * 3600 * HOURS_PER_MONTH)
    assert np.asarray(billed.input_tokens)[0] == pytest.approx(told.input_tokens_per_month)
    assert np.asarray(billed.output_tokens)[0] == pytest.approx(told.output_tokens_per_month)


def test_an_slo_is_told_for_online_work_only() -> None:
    assert [limit.metric for limit in summary(_asked(ONLINE)).slo] == ["ttft", "tpot"]
    assert summary(_asked(BATCH)).slo == ()


def test_a_trace_is_replayed_whole(tmp_path: Path) -> None:
    rows = "\n".join(f"{second},{100 + second % 7},{10 + second % 3}" for second in range(0, 1800, 2))
    (tmp_path / "calls.csv").write_text(f"arrival_s,input_tokens,output_tokens\n{rows}\n", encoding="utf-8")
    loaded = read_scenario(
        "organisation: {country: DE}\n"
        "workloads:\n  - {name: w, model: llama-3.1-8b, traffic: {trace: {file: calls.csv}}}\n",
        tmp_path / "scenario.yaml",
        CATALOG,
    )
    one = loaded.scenario.workloads[0]
    asked = workload_demand(one, loaded.catalog.model(one.model), loaded.patterns["w"], 12, seed=3)
    assert len(asked.service.requests) == 900
    assert asked.service.arrivals is None
    assert asked.service.requests.rate_per_s == pytest.approx(0.5)
    np.testing.assert_array_equal(asked.service.requests.input_tokens[:3], [100, 102, 104])
    assert "900 requests" in summary(asked).traffic
