"""Arrival processes: their rate and their burstiness."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from millwright.traffic.arrivals import Arrivals, Bursts, Gamma, Poisson

ANY = st.one_of(
    st.just(Poisson()),
    st.builds(Gamma, st.floats(0.1, 5.0)),
    st.builds(Bursts, st.floats(1.1, 50.0), st.floats(0.5, 20.0), st.floats(0.5, 60.0)),
)


def _rng(seed: int = 1) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


@given(ANY, st.floats(0.01, 1000.0), st.integers(0, 300), st.integers(0, 2**32))
@settings(deadline=None)
def test_times_ascend_from_zero_on(arrivals: Arrivals, rate_per_s: float, n: int, seed: int) -> None:
    times = arrivals.times_s(rate_per_s, n, _rng(seed))
    assert len(times) == n
    assert (np.diff(times) >= 0).all()
    assert (times >= 0).all()
    assert np.isfinite(times).all()


@given(ANY, st.integers(0, 2**32))
@settings(deadline=None)
def test_times_depend_on_nothing_but_the_seed(arrivals: Arrivals, seed: int) -> None:
    assert (arrivals.times_s(2.0, 100, _rng(seed)) == arrivals.times_s(2.0, 100, _rng(seed))).all()


@pytest.mark.parametrize("arrivals", [Poisson(), Gamma(0.5), Gamma(3.0), Bursts(10.0, 5.0, 20.0)], ids=str)
@pytest.mark.parametrize("rate_per_s", [0.5, 20.0])
def test_the_mean_rate_is_the_one_asked_for(arrivals: Arrivals, rate_per_s: float) -> None:
    n = 200_000
    times = arrivals.times_s(rate_per_s, n, _rng())
    span = n / rate_per_s
    spread = math.sqrt(arrivals.index_of_dispersion(rate_per_s, span) / n)
    assert n / times[-1] == pytest.approx(rate_per_s, rel=5 * spread)


@pytest.mark.parametrize("cv", [0.3, 1.0, 2.5])
def test_gamma_gaps_have_their_coefficient_of_variation(cv: float) -> None:
    gaps = np.diff(Gamma(cv).times_s(1.0, 200_000, _rng()))
    assert gaps.std() / gaps.mean() == pytest.approx(cv, rel=0.03)


def test_poisson_is_gamma_with_a_cv_of_one() -> None:
    gaps = np.diff(Poisson().times_s(4.0, 100_000, _rng()))
    assert gaps.std() / gaps.mean() == pytest.approx(1.0, rel=0.02)


@pytest.mark.parametrize("window_s", [1.0, 10.0, 60.0])
def test_bursts_are_as_dispersed_as_the_closed_form_says(window_s: float) -> None:
    bursts, rate_per_s = Bursts(15.0, 8.0, 30.0), 5.0
    times = bursts.times_s(rate_per_s, 2_000_000, _rng())
    counts = np.histogram(times, bins=np.arange(0.0, times[-1], window_s))[0]
    assert counts.var() / counts.mean() == pytest.approx(bursts.index_of_dispersion(rate_per_s, window_s), rel=0.08)


def test_bursts_of_ratio_one_are_poisson() -> None:
    assert Bursts(1.0, 5.0, 5.0).index_of_dispersion(7.0, 30.0) == 1.0


def test_every_process_says_what_it_is() -> None:
    assert Poisson().describe() == "Poisson"
    assert Gamma(2.0).describe() == "gamma gaps, cv 2"
    assert "15 times" in Bursts(15.0, 8.0, 30.0).describe()
