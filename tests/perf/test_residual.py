"""The residual correction helps near measured points, is bounded, and fades where nothing was measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from millwright.perf.residual import LIMITS, fit_residual, read_residual, write_residual


def labels(engine: str) -> dict[str, str]:
    names = ("engine", "family", "shape", "rig", "format", "device", "blocks", "month", "layout")
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


def test_outside_its_box_a_correction_flattens_and_fades() -> None:
    rng = np.random.default_rng(2)
    where = rng.uniform(-1.0, 1.0, size=(80, 4))
    errors = np.tile(0.2 * np.sin(3.0 * where[:, 0]), (3, 1))
    residual = fit_residual([labels("a")] * 80, where, errors, np.ones(80), (0.02, 0.02, 0.02), scales=(3, 3, 3))
    edge = np.clip(where[:1], where.min(axis=0), where.max(axis=0))
    edge[0, 0] = where[:, 0].max()
    away = edge + np.outer(np.arange(0.0, 30.0, 0.5), [1.0, 0.0, 0.0, 0.0])
    found = np.abs(residual.correction([labels("a")] * len(away), away)[1])
    assert found[0] > 0.02
    assert (np.diff(found) <= 0.0).all()  # never a wave that comes back
    assert found[-1] < 1e-6


def test_a_file_keeps_what_a_correction_says(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    where = rng.normal(size=(50, 4))
    residual = fit_residual([labels("a")] * 50, where, rng.normal(0.0, 0.1, (3, 50)), np.ones(50), (0.05, 0.05, 0.05))
    write_residual(tmp_path / "residual.json", residual, "a test")
    read = read_residual(tmp_path / "residual.json")
    probe = np.concatenate([where[:10], where[:10] + 3.0])
    names = [labels("a")] * len(probe)
    assert read.correction(names, probe) == pytest.approx(residual.correction(names, probe), abs=0.02)
