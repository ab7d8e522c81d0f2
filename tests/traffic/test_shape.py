"""Weekly shapes and shipped profiles."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from millwright.errors import InputError
from millwright.spans import HOURS_PER_WEEK
from millwright.traffic.profile import Profile, profile_named, profiles
from millwright.traffic.shape import FLAT, busiest_day_factor, named_shapes, peak_factor, shape_named, weekly_shape

WEIGHTS = st.sampled_from([24, 168]).flatmap(
    lambda size: st.lists(st.floats(0, 1e6), min_size=size, max_size=size).filter(lambda each: max(each) > 1e-6)
)


@given(WEIGHTS)
def test_a_shape_has_168_hours_of_mean_one(weights: list[float]) -> None:
    shape = weekly_shape(weights)
    assert len(shape) == HOURS_PER_WEEK
    assert sum(shape) == pytest.approx(HOURS_PER_WEEK)
    assert min(shape) >= 0


@given(WEIGHTS, st.floats(0.01, 100))
def test_a_shape_does_not_depend_on_the_unit_of_its_weights(weights: list[float], factor: float) -> None:
    assert weekly_shape([weight * factor for weight in weights]) == pytest.approx(weekly_shape(weights))


@given(WEIGHTS)
def test_the_peak_is_never_below_the_mean_nor_the_busiest_day_above_the_peak(weights: list[float]) -> None:
    shape = weekly_shape(weights)
    assert 1 - 1e-9 <= busiest_day_factor(shape) <= peak_factor(shape) + 1e-9
    assert peak_factor(shape) <= HOURS_PER_WEEK + 1e-9


@given(st.lists(st.floats(0.1, 10), min_size=24, max_size=24))
def test_a_day_of_24_hours_is_every_day(day: list[float]) -> None:
    shape = weekly_shape(day)
    assert shape[:24] == shape[24:48] == shape[-24:]
    assert busiest_day_factor(shape) == pytest.approx(1.0)


@pytest.mark.parametrize("weights", [[1.0] * 23, [0.0] * 24, [-1.0] + [1.0] * 23, [float("inf")] * 24, []])
def test_a_wrong_shape_is_refused(weights: list[float]) -> None:
    with pytest.raises(ValueError, match="shape"):
        weekly_shape(weights)


def test_flat_is_flat() -> None:
    assert peak_factor(FLAT) == 1.0
    assert named_shapes()["flat"].weights == FLAT


def test_a_working_day_is_busier_than_a_sunday() -> None:
    office = named_shapes()["office-hours"].weights
    assert sum(office[:24]) > 5 * sum(office[-24:])
    assert 3.0 < peak_factor(office) < 4.0


def test_an_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(InputError, match="Did you mean 'office-hours'"):
        shape_named("office-hour")
    with pytest.raises(InputError, match="Did you mean 'conversation'"):
        profile_named("conversations")


@pytest.mark.parametrize("profile", profiles().values(), ids=lambda each: each.name)
def test_a_profile_says_where_each_part_comes_from(profile: Profile) -> None:
    assert profile.shape in named_shapes()
    assert profile.source
    assert profile.licence
    for note in (profile.input_note, profile.output_note, profile.arrivals_note, profile.shape_note):
        assert "fitted" in note or "assumed" in note


FILES = {
    "conversation": "azure_2023_conv.parquet",
    "code": "azure_2023_code.parquet",
    "long-context": "mooncake_fast25_conversation.parquet",
    "summarisation": "vidur_arxiv_summarization_lengths.parquet",
}


@pytest.mark.shared_data
@pytest.mark.parametrize("name", FILES)
def test_a_profile_is_like_the_trace_it_was_fitted_to(name: str, shared_data: Path) -> None:
    trace, profile = pl.read_parquet(shared_data / "traces" / FILES[name]), profiles()[name]
    for part, fitted in (("input_tokens", profile.input), ("output_tokens", profile.output)):
        observed = trace[part].to_numpy()
        assert fitted.mean_tokens == pytest.approx(observed.mean(), rel=0.001)
        for share in (0.25, 0.5, 0.75, 0.9, 0.95, 0.99):
            assert fitted.quantile(np.array([share]))[0] == pytest.approx(np.quantile(observed, share), rel=0.2, abs=2)
    if "arrival_s" in trace.columns:
        times = np.sort(trace["arrival_s"].to_numpy())
        counts = np.histogram(times, bins=np.arange(0.0, times[-1], 60.0))[0]
        fitted_dispersion = profile.arrivals.index_of_dispersion(len(times) / times[-1], 60.0)
        assert fitted_dispersion == pytest.approx(counts.var() / counts.mean(), rel=0.25)


@pytest.mark.shared_data
@pytest.mark.slow
def test_the_shipped_profiles_are_what_the_script_fits(shared_data: Path) -> None:
    script = Path(__file__).resolve().parents[2] / "scripts" / "fit_profiles.py"
    environment = {**os.environ, "MILLWRIGHT_SHARED_DATA": str(shared_data), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, str(script), "--check"], capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
