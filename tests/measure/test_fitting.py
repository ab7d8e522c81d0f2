"""The fit finds what made the points, and leaving points out by one step is nearly what fitting without them gives."""

from __future__ import annotations

from itertools import product

import numpy as np
import polars as pl
import pytest

from millwright.catalog.catalog import load_catalog
from millwright.measure.fitting import HierarchicalFit
from millwright.measure.points import points_of
from millwright.measure.predict import point_labels
from millwright.measure.resolve import Resolver
from millwright.measure.serving import arrange_points


def made_up_fit() -> HierarchicalFit:
    """Return a fit of points that follow the equations at their usual coefficients, but 20 % slower on one device."""
    devices, models = ("NVIDIA H100 SXM5 80GB", "NVIDIA H200 SXM 141GB"), ("Llama-3.1-8B", "openai/gpt-oss-120b")
    rows = [
        {
            "accelerator": device,
            "n_accelerators": 4.0,
            "tp": 4.0,
            "model": model,
            "engine": engine,
            "isl": 1024.0,
            "osl": 512.0,
            "isl_dist": "uniform in [0.8x,1.0x]",
            "load_kind": "concurrency (closed loop)",
            "concurrency_or_rate": users,
        }
        for device, model, engine, users in product(devices, models, ("vllm", "sglang"), (2.0, 16.0, 64.0))
    ]
    resolver = Resolver(load_catalog())
    resolved = [resolver.resolve(point) for point in points_of(pl.DataFrame(rows))]
    labels = [point_labels(each) for each in resolved]
    points = arrange_points(resolved)
    nothing = np.full((3, len(rows)), np.nan)
    fit = HierarchicalFit(points, labels, nothing, np.ones(len(rows)))
    noise = np.random.default_rng(4).normal(0.0, 0.02, nothing.shape)
    fit.measured_logs = fit.predicted_logs(fit.centres) + noise
    slow = np.array([label["device"] == "h200-sxm" for label in labels])
    fit.measured_logs[1, slow] += np.log(1.2)
    return fit


def test_a_slow_device_is_learnt_and_leaving_out_by_one_step_is_like_fitting_anew() -> None:
    fit = made_up_fit()
    everything = np.ones(len(fit.labels), dtype=bool)
    effects = fit.solve(everything)
    error = np.median(np.abs(fit.predicted_logs(effects) - fit.measured_logs)[1])
    assert error < np.median(np.abs(fit.predicted_logs(fit.centres) - fit.measured_logs)[1])
    left = np.array([label["engine"] == "sglang" and label["device"] == "h200-sxm" for label in fit.labels])
    by_step = fit.predicted_logs(fit.leaver(effects)(left))[1, left]
    anew = fit.predicted_logs(fit.solve(~left))[1, left]
    whole = fit.predicted_logs(effects)[1, left]
    assert np.abs(by_step - anew).max() < 0.03
    assert np.abs(whole - anew).max() > np.abs(by_step - anew).max()


def test_what_is_held_stays_where_it_was_fitted() -> None:
    fit = made_up_fit()
    effects = fit.solve(np.ones(len(fit.labels), dtype=bool))
    fit.hold(fit.names, effects, 1e-4)
    fit.measured_logs = fit.measured_logs + 0.3
    moved = fit.solve(np.ones(len(fit.labels), dtype=bool))
    assert moved == pytest.approx(effects, abs=0.01)


def test_an_empty_label_has_no_effect_of_its_own() -> None:
    from millwright.measure.fitting import _levels

    assert _levels(["", "a", "b", "a"]) == ["a", "b"]
    assert _levels(["", ""]) == []
    assert _levels([0.5, 1.0]) == ["slope"]
