"""The residual correction helps near measured points, is bounded, and fades where nothing was measured."""

from __future__ import annotations

import numpy as np
import pytest

from millwright.perf.residual import LIMITS, fit_residual


def labels(engine: str) -> dict[str, str]:
    names = ("engine", "family", "shape", "rig", "format", "device", "model-id", "month", "layout")
    return {name: f"{engine}-{name}" for name in names}


def test_it_learns_a_shift_and_has_none_for_strangers() -> None:
    rng = np.random.default_rng(0)
    where = rng.normal(size=(60, 4))
    shift = np.full((3, 60), 0.1)
    residual = fit_residual([labels("a")] * 60, where, shift, np.ones(60), (0.05, 0.05, 0.05))
    near = residual.correction([labels("a")], where[:1])
    far = residual.correction([labels("stranger")], where[:1])
    assert near[1, 0] == pytest.approx(0.1, abs=0.03)
    assert (far == 0.0).all()


def test_it_never_exceeds_its_limits() -> None:
    where = np.zeros((40, 4))
    huge = np.full((3, 40), 50.0)
    residual = fit_residual([labels("a")] * 40, where, huge, np.ones(40), (0.01, 0.01, 0.01), scales=(50, 50, 50))
    correction = residual.correction([labels("a")], where[:1])
    assert (np.abs(correction[:, 0]) <= np.array(LIMITS)).all()


def test_points_that_share_no_group_are_solved_apart_and_alike() -> None:
    rng = np.random.default_rng(1)
    where = rng.normal(size=(40, 4))
    errors = rng.normal(0.0, 0.1, (3, 40))
    names = [labels("a" if row < 25 else "b") for row in range(40)]
    together = fit_residual(names, where, errors, np.ones(40), (0.05, 0.05, 0.05))
    alone = fit_residual(names[:25], where[:25], errors[:, :25], np.ones(25), (0.05, 0.05, 0.05))
    assert together.correction(names[:5], where[:5]) == pytest.approx(alone.correction(names[:5], where[:5]))
