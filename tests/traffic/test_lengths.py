"""Length distributions: their means, their quantiles, their samples."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from millwright.traffic.lengths import LONGEST_TOKENS, Empirical, Fixed, Lengths, Lognormal, Quantiles, Uniform, sample

LOGNORMALS = st.builds(Lognormal.from_mean_and_sigma, st.floats(50, 20_000), st.floats(0.05, 1.5))
UNIFORMS = st.tuples(st.integers(1, 5000), st.integers(0, 15_000)).map(
    lambda bounds: Uniform(float(bounds[0]), float(sum(bounds)))
)
EMPIRICALS = st.lists(st.integers(1, 50_000), min_size=1, max_size=200).map(
    lambda tokens: Empirical(np.sort(np.array(tokens, dtype=np.int64)))
)
QUANTILES = st.lists(st.floats(1, 50_000), min_size=2, max_size=20).map(
    lambda tokens: Quantiles(tuple(np.linspace(0, 1, len(tokens))), tuple(sorted(tokens)))
)
ANY = st.one_of(st.builds(Fixed, st.integers(1, 100_000).map(float)), LOGNORMALS, UNIFORMS, EMPIRICALS, QUANTILES)


def _rng(seed: int = 1) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


@given(ANY, st.integers(0, 2**32))
@settings(max_examples=100, deadline=None)
def test_a_sample_has_the_mean_of_its_distribution(lengths: Lengths, seed: int) -> None:
    drawn = sample(lengths, 4000, _rng(seed))
    error = 5 * drawn.std() / math.sqrt(len(drawn)) + 0.51  # rounding to whole tokens moves a mean by half at most
    assert abs(drawn.mean() - lengths.mean_tokens) <= error


@given(ANY, st.integers(0, 2**32), st.integers(1, 500))
@settings(deadline=None)
def test_a_sample_keeps_every_quantile_to_one_request(lengths: Lengths, seed: int, n: int) -> None:
    drawn = np.sort(sample(lengths, n, _rng(seed)))
    edges = lengths.quantile(np.linspace(0, 1, n + 1)[1:-1])
    assert (drawn[:-1] <= np.maximum(np.rint(edges), 1) + 1).all()
    assert (drawn[1:] >= np.minimum(np.rint(edges), LONGEST_TOKENS) - 1).all()


@given(ANY, st.integers(0, 2**32))
@settings(deadline=None)
def test_lengths_are_whole_and_at_least_one(lengths: Lengths, seed: int) -> None:
    drawn = sample(lengths, 100, _rng(seed))
    assert drawn.dtype == np.int64
    assert drawn.min() >= 1
    assert drawn.max() <= LONGEST_TOKENS


@given(UNIFORMS, st.integers(0, 2**32))
@settings(deadline=None)
def test_a_uniform_sample_stays_within_its_bounds(lengths: Uniform, seed: int) -> None:
    drawn = sample(lengths, 200, _rng(seed))
    assert drawn.min() >= lengths.low
    assert drawn.max() <= lengths.high


def test_each_length_of_a_uniform_is_as_likely() -> None:
    counts = np.bincount(sample(Uniform(3.0, 7.0), 5000, _rng()))[3:]
    assert (np.abs(counts - 1000) <= 1).all()


@given(st.integers(1, 1000), st.integers(0, 2**32))
def test_a_sample_depends_on_nothing_but_its_seed(n: int, seed: int) -> None:
    lengths = Lognormal.from_mean_and_sigma(500, 0.8)
    assert (sample(lengths, n, _rng(seed)) == sample(lengths, n, _rng(seed))).all()


@given(st.floats(1, 1e5), st.floats(1.0, 3.86))
def test_a_log_normal_keeps_the_mean_and_p95_it_is_given(mean: float, ratio: float) -> None:
    lengths = Lognormal.from_mean_and_p95(mean, mean * ratio)
    assert lengths.mean_tokens == pytest.approx(mean)
    assert lengths.quantile(np.array([0.95]))[0] == pytest.approx(mean * ratio)


def test_a_log_normal_is_checked_by_hand() -> None:
    # p95/mean = 2: sigma = 1.644854 - sqrt(1.644854^2 - 2 ln 2) = 0.496268
    lengths = Lognormal.from_mean_and_p95(100, 200)
    assert lengths.log_sigma == pytest.approx(0.496268, abs=1e-6)
    assert Lognormal.from_median_and_p95(100, 200).log_sigma == pytest.approx(math.log(2) / 1.644854, rel=1e-6)


@pytest.mark.parametrize("ratio", [0.5, 0.99, 3.9, 10.0])
def test_no_log_normal_has_an_impossible_p95(ratio: float) -> None:
    with pytest.raises(ValueError, match="no log-normal"):
        Lognormal.from_mean_and_p95(100, 100 * ratio)


def test_the_tail_of_a_careless_log_normal_is_bounded() -> None:
    drawn = sample(Lognormal(20.0, 5.0), 1000, _rng())
    assert drawn.max() == LONGEST_TOKENS


def test_the_mean_of_quantiles_is_the_integral_of_their_curve() -> None:
    lengths = Quantiles((0.0, 0.5, 0.9, 1.0), (10.0, 100.0, 100.0, 5000.0))
    fine = lengths.quantile((np.arange(1_000_000) + 0.5) / 1_000_000)
    assert lengths.mean_tokens == pytest.approx(fine.mean(), rel=1e-6)


@pytest.mark.parametrize(
    ("probabilities", "tokens"),
    [
        ((0.0, 1.0), (1.0,)),
        ((0.0,), (1.0,)),
        ((0.1, 1.0), (1.0, 2.0)),
        ((0.0, 0.5, 0.5, 1.0), (1.0, 2.0, 3.0, 4.0)),
        ((0.0, 1.0), (2.0, 1.0)),
        ((0.0, 1.0), (0.0, 1.0)),
    ],
)
def test_wrong_quantiles_are_refused(probabilities: tuple[float, ...], tokens: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match=r"quantiles|probabilities|lengths"):
        Quantiles(probabilities, tokens)


@pytest.mark.parametrize("tokens", [[], [0, 1], [3, 2]])
def test_wrong_observations_are_refused(tokens: list[int]) -> None:
    with pytest.raises(ValueError, match="observed lengths"):
        Empirical(np.array(tokens, dtype=np.int64))


def test_an_empirical_sample_holds_only_what_was_observed() -> None:
    observed = np.array([5, 5, 9, 100], dtype=np.int64)
    drawn = sample(Empirical(observed), 4000, _rng())
    assert dict(zip(*np.unique(drawn, return_counts=True), strict=True)) == {5: 2000, 9: 1000, 100: 1000}


@given(ANY)
@settings(deadline=None)
def test_every_distribution_says_what_it_is(lengths: Lengths) -> None:
    assert "tokens" in lengths.describe() or "lengths" in lengths.describe()
