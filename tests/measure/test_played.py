"""Benchmarks played in the simulator, each with its own protocol, agree with the closed form that predicts them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from millwright.catalog.catalog import load_catalog
from millwright.measure.played import PLAYED, agreement, play_points, play_table
from millwright.measure.points import points_of
from millwright.measure.predict import PREDICTED, predict_table

CATALOG = load_catalog()


def sample_of(data: Path, rows: int) -> pl.DataFrame:
    table = pl.read_parquet(data / "serving_points.parquet")
    closed = table.filter(
        pl.col("part").is_in(["inferencemax", "aic_silicon"])
        & ~pl.col("disaggregated").fill_null(False)
        & (pl.col("concurrency_or_rate") <= 64)
        & ~pl.col("use").str.starts_with("doubtful")
    )
    return closed.sort("row_id").sample(rows, seed=11)


def test_means_of_played_benchmarks_are_those_predicted(shared_data: Path) -> None:
    table = play_table(predict_table(sample_of(shared_data, 60), CATALOG), CATALOG)
    ttft, tpot, rate = (
        (table[played] / table[predicted]).drop_nulls().to_numpy()
        for played, predicted in zip(PLAYED, PREDICTED, strict=True)
    )
    assert len(tpot) >= 50
    assert np.median(np.abs(tpot - 1.0)) < 0.03
    assert np.median(np.abs(rate - 1.0)) < 0.06
    assert np.median(np.abs(ttft - 1.0)) < 0.25
    assert 0.9 < np.median(ttft) < 1.1
    assert "closed loops simulated" in agreement(table)


def test_what_is_no_closed_loop_is_not_played() -> None:
    row = {"accelerator": "NVIDIA H100 SXM5 80GB", "model": "Llama-3.1-8B", "isl": 100.0, "osl": 20.0}
    loads = ["static batch size", "request rate (Poisson)", "all requests queued at once"]
    rows = [row | {"load_kind": kind, "concurrency_or_rate": 4.0} for kind in loads]
    assert np.isnan(play_points(points_of(pl.DataFrame(rows)), CATALOG)).all()


def test_one_user_alone_waits_for_nobody() -> None:
    row = {
        "accelerator": "NVIDIA H100 SXM5 80GB",
        "model": "Llama-3.1-8B",
        "isl": 500.0,
        "osl": 100.0,
        "load_kind": "concurrency (closed loop)",
        "concurrency_or_rate": 1.0,
    }
    table = predict_table(pl.DataFrame([row]), CATALOG)
    ttft, tpot, rate = play_points(points_of(pl.DataFrame([row])), CATALOG)[:, 0]
    assert abs(tpot / table[PREDICTED[1]][0] - 1.0) < 0.01
    assert abs(1e3 * 100.0 / (ttft + 99.0 * tpot) / rate - 1.0) < 0.01  # Little's law with one user
