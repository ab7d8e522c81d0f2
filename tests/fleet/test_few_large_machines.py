"""Few large machines of many nearly equal kinds, some of which may fail: where a tight bound is hard to come by."""

from __future__ import annotations

import ctypes
from dataclasses import replace

import numpy as np
import pytest
from mix_cases import least_by_trying, one_class_brute_force, owned, question, rented, requests, tokens

from millwright.fleet.optimum.build import build
from millwright.fleet.optimum.problem import Amounts, Charge, Lane, MixProblem, Period
from millwright.fleet.optimum.solve import EXACT, run_highs, solve


def _nearly_equal(seed: int) -> MixProblem:
    """Return a question as a model too large for one device asks it: one to three machines would do, plus spares."""
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.ones(int(rng.integers(1, 3))))
    periods = tuple(Period(f"p{p}", share) for p, share in enumerate(shares))
    peak = [[float(rate) for rate in rng.uniform(0.3, 3.0, len(periods))]]
    kinds = [
        owned(
            f"offer {n}",
            {"chat": float(rng.uniform(0.95, 1.25))},
            float(rng.uniform(95, 110)),
            site=f"site {rng.integers(0, 2)}",
        )
        for n in range(int(rng.integers(1, 4)))
    ]
    kinds += [
        rented(
            f"hourly {n}",
            {"chat": float(rng.uniform(0.95, 1.25))},
            float(rng.uniform(150, 190)),
            site=f"site {rng.integers(0, 2)}",
        )
        for n in range(int(rng.integers(0, 3)))
    ]
    apis = (tokens("api", {"chat": float(rng.uniform(250, 1500))}),) if rng.random() < 0.5 else ()
    return question((requests("chat", peak),), tuple(kinds), apis, periods=periods, spares=int(rng.integers(0, 3)))


@pytest.mark.parametrize("seed", range(80))
def test_no_number_of_nearly_equal_machines_is_cheaper(seed: int) -> None:
    problem = _nearly_equal(seed)
    fleet = solve(problem, EXACT)
    assert fleet is not None
    assert fleet.objective == pytest.approx(one_class_brute_force(problem, 6), rel=1e-6)
    assert fleet.gap <= 1e-9


def _lengths_among_nearly_equal(seed: int) -> MixProblem:
    """Return a question of short and long requests, which some machines serve by lanes."""
    rng = np.random.default_rng(500 + seed)
    names = ("short", "long")
    kinds = []
    for n in range(int(rng.integers(2, 4))):
        rates = {name: float(rng.uniform(0.9, 1.3)) * (2.0 if name == "short" else 1.0) for name in names}
        kind = owned(f"offer {n}", rates, float(rng.uniform(95, 110)), site=f"site {rng.integers(0, 2)}")
        lanes = tuple(Lane(name, frozenset({name}), 0.5) for name in names)
        kinds.append(replace(kind, lanes=lanes) if rng.random() < 0.2 else kind)
    classes = tuple(requests(name, float(rng.uniform(0.3, 1.8))) for name in names)
    api = tokens("api", {name: float(rng.uniform(80, 500)) for name in names})
    return question(classes, tuple(kinds), (api,), spares=int(rng.integers(0, 2)))


@pytest.mark.parametrize("seed", range(40))
def test_no_sharing_out_of_lengths_among_nearly_equal_machines_is_cheaper(seed: int) -> None:
    problem = _lengths_among_nearly_equal(seed)
    fleet = solve(problem, EXACT)
    assert fleet is not None
    assert fleet.objective == pytest.approx(least_by_trying(problem, 5), rel=1e-6)


@pytest.mark.parametrize("seed", [23, 35, 38])
def test_a_solver_prints_nothing_where_its_own_debugging_would(seed: int, capfd: pytest.CaptureFixture[str]) -> None:
    solve(_lengths_among_nearly_equal(seed), EXACT)
    ctypes.CDLL(None).fflush(None)
    assert capfd.readouterr().out == ""


def _bound_of_fractions(problem: MixProblem) -> float:
    """Return the least that the program takes if machines need not be whole."""
    model = build(problem)
    values, _ = run_highs(replace(model, whole=np.zeros_like(model.whole)), EXACT)
    assert values is not None
    return float(model.objective @ values)


def test_fractions_of_eight_kinds_do_not_hide_that_one_machine_stands_by() -> None:
    kinds = tuple(rented(f"offer {n}", {"chat": 1.0}, 100.0 + n) for n in range(8))
    problem = question((requests("chat", 1.5),), kinds, spares=1)
    fleet = solve(problem, EXACT)
    assert fleet is not None
    assert fleet.objective == pytest.approx(300.0)  # two that serve, one that stands by
    assert _bound_of_fractions(problem) == pytest.approx(300.0)


def test_fractions_of_eight_kinds_do_not_hide_what_is_due_once() -> None:
    kinds = tuple(rented(f"offer {n}", {"chat": 1.0}, 10.0) for n in range(8))
    people = Charge("people", Amounts(cost=500.0), frozenset(each.id for each in kinds))
    problem = replace(question((requests("chat", 1.0),), kinds), charges=(people,))
    assert _bound_of_fractions(problem) == pytest.approx(510.0)


@pytest.mark.parametrize("seed", range(20))
def test_the_bound_of_fractions_never_exceeds_the_best_fleet(seed: int) -> None:
    problem = _nearly_equal(seed)
    fleet = solve(problem, EXACT)
    assert fleet is not None
    assert _bound_of_fractions(problem) <= fleet.objective * (1.0 + 1e-9)
