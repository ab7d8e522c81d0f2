"""Played loops: what the simulator adds to the closed form, point by point."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from millwright.catalog.catalog import load_catalog
from millwright.measure.loops import plays, simulated_factors, with_factors
from millwright.measure.points import points_of
from millwright.measure.predict import point_labels, shipped_factors
from millwright.measure.resolve import ResolvedPoint, Resolver
from millwright.measure.serving import arrange_points, predict_means, take_points
from millwright.perf.coefficients import shipped_coefficients
from millwright.perf.timing import Floats

CATALOG = load_catalog()

ROW: dict[str, Any] = {
    "accelerator": "NVIDIA H100 SXM5 80GB",
    "model": "Llama-3.1-8B",
    "precision_weights": "fp8",
    "engine": "vllm",
    "isl": 1000.0,
    "osl": 200.0,
    "concurrency_or_rate": 8.0,
    "load_kind": "concurrency (closed loop)",
    "isl_dist": "nominal",
}


def resolved(*changes: dict[str, object]) -> list[ResolvedPoint]:
    resolver = Resolver(CATALOG)
    return [resolver.resolve(each) for each in points_of(pl.DataFrame([ROW | change for change in changes]))]


def factors(points: list[ResolvedPoint]) -> Floats:
    return shipped_factors(points, arrange_points(points), [point_labels(each) for each in points])


def test_only_closed_loops_of_one_deployment_are_played() -> None:
    kinds = ["static batch size", "request rate (Poisson)", "all requests queued at once"]
    others = resolved(*({"load_kind": kind} for kind in kinds), {"concurrency_or_rate": 1e5}, {"osl": 1e7})
    assert not any(plays(each.point) for each in others)
    assert (factors(others) == 0.0).all()


def test_a_point_is_played_alike_in_any_company() -> None:
    together = resolved({"concurrency_or_rate": 3.0}, {}, {"isl": 4000.0}, {"load_kind": "static batch size"})
    alone = resolved({})
    assert factors(together)[:, 1] == pytest.approx(factors(alone)[:, 0])


def test_a_steady_service_has_no_waves_to_play() -> None:
    assert (factors(resolved({"isl_dist": ""})) == 0.0).all()


def test_a_user_alone_gets_answers_at_the_speed_of_the_closed_form() -> None:
    assert abs(factors(resolved({"concurrency_or_rate": 1.0}))[1, 0]) < 0.01


def test_equal_requests_stay_in_step_where_prompts_go_first() -> None:
    """Then a prompt waits for all that came with it, round after round; lengths that differ soon part the users."""
    equal, unlike = resolved(
        {"engine": "sglang", "concurrency_or_rate": 32.0},
        {"engine": "sglang", "concurrency_or_rate": 32.0, "isl_dist": "uniform in [0.8x, 1.0x]"},
    )
    in_step, apart = factors([equal, unlike])[0]
    assert in_step > apart + 0.3


def test_longer_times_of_a_loop_mean_lower_throughput() -> None:
    """By Little's law: as many users as before, each in flight for longer."""
    points = resolved({}, {"load_kind": "static batch size"})
    arranged = arrange_points(points)
    labels = [point_labels(each) for each in points]
    fit = shipped_coefficients()
    step = fit.resolve(labels)
    plain = predict_means(arranged, step, step, fit.resolve_protocol(labels))
    longer = with_factors(plain, arranged, np.full((2, 2), np.log(1.5)))
    assert longer.ttft_s == pytest.approx(1.5 * plain.ttft_s)
    assert longer.output_per_s == pytest.approx(plain.output_per_s / np.array([1.5, 1.0]))


def test_played_steps_are_never_below_the_roofline() -> None:
    points = resolved({})
    arranged = arrange_points(points)
    labels = [point_labels(each) for each in points]
    fit = shipped_coefficients()
    step = fit.resolve(labels)
    plain = predict_means(arranged, step, step, fit.resolve_protocol(labels))
    assert with_factors(plain, arranged, np.full((2, 1), -9.0)).tpot_s >= plain.tpot_floor_s


def test_factors_follow_their_points() -> None:
    points = resolved({}, {"concurrency_or_rate": 64.0})
    arranged, labels = arrange_points(points), [point_labels(each) for each in points]
    fit = shipped_coefficients()
    step, protocol = fit.resolve(labels), fit.resolve_protocol(labels)
    both = simulated_factors(points, arranged, step, step, protocol)
    swapped = simulated_factors(points[::-1], take_points(arranged, np.array([1, 0])), step, step, protocol)
    assert swapped == pytest.approx(both[:, ::-1])
