import math
from collections.abc import Callable, Mapping

import numpy as np
import pytest
from cost_case_samples import case_of
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from millwright.finance.case import CaseError, CostCase, Demand, Fixed
from millwright.finance.defaults import defaults
from millwright.finance.discounting import Value
from millwright.finance.distributions import (
    Certain,
    Discrete,
    Distribution,
    LogNormal,
    Normal,
    Triangular,
    UncertainInput,
    Uniform,
    distribution_from,
)
from millwright.finance.uncertainty import compare, sample, sobol, tornado

ONE_MTOK = Demand(1e6, 0.0, 1.0)
X = UncertainInput("x", Uniform(0.0, 2.0))
Z = UncertainInput("z", Uniform(0.0, 1.0))


def costing(price: Callable[[Mapping[str, Value]], Value]) -> Callable[[Mapping[str, Value]], CostCase]:
    """An option that costs `price` once and serves one million tokens: its LCOT is the price."""
    return lambda values: case_of(Fixed("all", "q", upfront=price(values)), months=1, demand=ONE_MTOK)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (Uniform(2.0, 5.0), stats.uniform(2.0, 3.0)),
        (Triangular(1.0, 2.0, 5.0), stats.triang(0.25, 1.0, 4.0)),
        (Normal(3.0, 2.0), stats.norm(3.0, 2.0)),
        (LogNormal(0.8, 1.3), stats.lognorm(math.log(1.3 / 0.8) / 2 / stats.norm.ppf(0.9), scale=math.sqrt(0.8 * 1.3))),
    ],
)
def test_quantiles_agree_with_scipy(ours: Distribution, theirs: stats.rv_continuous) -> None:
    u = np.linspace(0.001, 0.999, 101)
    assert ours.ppf(u) == pytest.approx(theirs.ppf(u), rel=1e-9)


def test_a_lognormal_has_the_p10_and_p90_it_was_given() -> None:
    assert LogNormal(0.8, 1.3).ppf(np.array([0.1, 0.9])) == pytest.approx([0.8, 1.3], rel=1e-9)


def test_a_discrete_value_comes_as_often_as_its_weight_says() -> None:
    drawn = Discrete((3.0, 1.0), (3.0, 1.0)).ppf((np.arange(1000) + 0.5) / 1000)
    assert (drawn == 3.0).mean() == pytest.approx(0.75)


@given(st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=3).map(sorted), st.floats(0.001, 0.999))
def test_a_triangle_stays_between_its_ends(ends: list[float], u: float) -> None:
    value = Triangular(*ends).ppf(np.array([u]))[0]
    slack = 1e-9 * (1 + abs(ends[0]) + abs(ends[2]))
    assert ends[0] - slack <= value <= ends[2] + slack


@pytest.mark.parametrize(
    "shape",
    [
        {"uniform": [2.0, 1.0]},
        {"triangular": [1.0, 5.0, 2.0]},
        {"triangular": [1.0, 2.0]},
        {"lognormal": [0.0, 2.0]},
        {"normal": [1.0, -1.0]},
        {"discrete": {}},
        {"discrete": [1.0]},
        {"gauss": [1.0, 2.0]},
        {"uniform": ["a", 2.0]},
        {"uniform": [0.0, float("inf")]},
        {"uniform": [1.0, 2.0], "normal": [1.0, 2.0]},
        {},
    ],
)
def test_a_distribution_that_cannot_be_is_refused(shape: dict[str, object]) -> None:
    with pytest.raises(CaseError):
        distribution_from(shape)


def test_percentages_are_numbers() -> None:
    assert distribution_from({"uniform": ["-50 %", "0 %/y"]}) == Uniform(-0.5, 0.0)


def test_the_same_seed_gives_the_same_numbers() -> None:
    options = {"a": costing(lambda v: v["x"] + v["z"]), "b": costing(lambda v: 1.2)}
    first, second, other = (compare(options, [X, Z], 500, seed) for seed in (7, 7, 8))
    assert (first.costs == second.costs).all()
    assert (first.costs != other.costs).any()


def test_options_share_their_draws() -> None:
    # b always costs 0.1 more than a: only common draws make that certain.
    options = {"a": costing(lambda v: v["x"]), "b": costing(lambda v: v["x"] + 0.1)}
    assert compare(options, [X], 1_000).probability_best == {"a": 1.0, "b": 0.0}


def test_percentiles_and_odds_by_hand() -> None:
    # x uniform on 0…2 against 1.5 for sure: P10 0.2, P50 1, P90 1.8; x is cheaper with probability 0.75.
    found = compare({"a": costing(lambda v: v["x"]), "b": costing(lambda _: 1.5)}, [X], 8_192)
    quantiles = found.lcot("a")
    assert [quantiles.p10, quantiles.p50, quantiles.p90, quantiles.mean] == pytest.approx(
        [0.2, 1.0, 1.8, 1.0], abs=1e-3
    )
    assert found.probability_best["a"] == pytest.approx(0.75, abs=1e-3)
    assert found.probability_cheaper("b", "a") == pytest.approx(0.25, abs=1e-3)


def test_regret_and_the_value_of_knowing_by_hand() -> None:
    # a costs x, uniform on 0…2; b costs 1. In hindsight E[min] = 3/4, so knowing all is worth 1 − 3/4 = 1/4, and all of
    # that is worth of knowing x. Choosing b when a is best (half of the time) costs E[1 − x | x < 1] = 1/2.
    found = compare({"a": costing(lambda v: v["x"]), "b": costing(lambda _: 1.0)}, [X, Z], 8_192)
    assert found.value_of_perfect_information == pytest.approx(0.25, abs=1e-3)
    assert list(found.value_of_knowing) == ["x", "z"]
    assert found.value_of_knowing["x"] == pytest.approx(0.25, abs=1e-3)
    assert found.value_of_knowing["z"] == pytest.approx(0.0, abs=1e-3)
    assert found.regret_matrix == pytest.approx(np.array([[0.0, 0.5], [0.5, 0.0]]), abs=2e-3)
    assert found.expected_regret["a"] == pytest.approx(0.25, abs=2e-3)


def test_knowing_an_input_is_never_worth_more_than_knowing_all() -> None:
    # A polynomial through the draws of a heavy tail dips below zero, though this option never is the cheapest.
    dear = costing(lambda v: 10.0 + np.exp(6.0 * np.asarray(v["n"])))
    found = compare({"sure": costing(lambda _: 1.0), "dear": dear}, [UncertainInput("n", Normal(0.0, 1.0))], 1_024)
    assert found.value_of_perfect_information == 0.0
    assert found.value_of_knowing["n"] == 0.0


def test_knowing_one_of_two_switches_is_worth_a_part() -> None:
    # a costs s + t, each 0 or 1 by a fair coin; b costs 1. All known: E[min] = 0·¼ + 1·¾ = 3/4, worth 1/4.
    # s alone: s = 0 gives E[a] = 1/2 < 1, s = 1 gives 3/2 > 1: E = ½·½ + ½·1 = 3/4 as well; the same for t.
    s, t = (UncertainInput(name, Discrete((0.0, 1.0), (1.0, 1.0))) for name in "st")
    found = compare({"a": costing(lambda v: v["s"] + v["t"]), "b": costing(lambda _: 1.0)}, [s, t], 8_192)
    assert found.value_of_perfect_information == pytest.approx(0.25, abs=5e-3)
    assert found.value_of_knowing["s"] == pytest.approx(0.25, abs=5e-3)


def test_sobol_indices_of_a_sum_are_the_shares_of_variance() -> None:
    # x on 0…2 has variance 1/3, 3z on 0…3 has 3/4: shares 4/13 and 9/13
    found = {index.input: index for index in sobol(costing(lambda v: v["x"] + 3.0 * v["z"]), [X, Z])}
    assert found["x"].total == pytest.approx(4 / 13, abs=0.01)
    assert found["z"].total == pytest.approx(9 / 13, abs=0.01)
    assert found["z"].first_order == pytest.approx(9 / 13, abs=0.01)


def test_interaction_shows_in_the_total_index_only() -> None:
    # y = (x − 1)(z − ½): both main effects are nil, all of the variance is their product.
    found = sobol(costing(lambda v: 2.0 + (v["x"] - 1.0) * (v["z"] - 0.5)), [X, Z])
    assert [index.first_order for index in found] == pytest.approx([0.0, 0.0], abs=0.05)
    assert [index.total for index in found] == pytest.approx([1.0, 1.0], abs=0.05)


def test_what_cannot_vary_has_no_index() -> None:
    certain = UncertainInput("c", Certain(3.0))
    assert {index.total for index in sobol(costing(lambda v: v["c"]), [certain])} == {0.0}
    assert {index.total for index in sobol(costing(lambda _: 1.0), [X, certain])} == {0.0}


def test_the_widest_swing_comes_first() -> None:
    swings = tornado(costing(lambda v: v["x"] + 3.0 * v["z"]), [X, Z])
    assert [swing.input for swing in swings] == ["z", "x"]
    # x at its median of 1, z at 0.1 and 0.9
    assert (swings[0].at_p10, swings[0].at_p90) == pytest.approx((1.3, 3.7))


@given(st.integers(1, 3_000))
def test_any_number_of_draws_lies_inside_the_unit_cube(draws: int) -> None:
    u = sample([X, Z], draws)
    assert u.shape == (draws, 2)
    assert (u > 0.0).all()
    assert (u < 1.0).all()


def test_without_inputs_every_draw_is_the_same() -> None:
    found = compare({"a": costing(lambda _: 2.0)}, [], 10)
    assert found.lcot("a").p10 == found.lcot("a").p90 == 2.0


def test_every_default_says_where_it_comes_from() -> None:
    assert len(defaults()) >= 15
    for name, entry in defaults().items():
        assert entry.source, name
        assert entry.date, name
        assert entry.unit, name
        assert entry.quantile(0.1) <= entry.median <= entry.quantile(0.9)


def test_resale_defaults_pass_through_the_index_they_cite() -> None:
    # 18 % after 48 months by the power law gives 65, 42 and 28 % after 12, 24 and 36, beside the cited 62, 42 and 30.
    from millwright.finance.owned import residual_value

    for months, cited in ((12.0, 0.62), (24.0, 0.42), (36.0, 0.30)):
        assert residual_value(0.18, 48.0, months) == pytest.approx(cited, abs=0.035)
