"""The measured serving points that fits are made from: which rows, how much each counts, as rows and as arrays."""

from __future__ import annotations

import collections
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from millwright.catalog.catalog import load_catalog
from millwright.measure.points import METRICS, Phase, ServingPoint, points_of
from millwright.measure.predict import point_labels, residual_labels
from millwright.measure.resolve import ResolvedPoint, Resolver
from millwright.measure.serving import Points, arrange_points

Floats = NDArray[np.float64]

PART_WEIGHT = {
    "aic_silicon": 1.0,
    "inferencemax": 1.0,
    "mlenergy": 0.5,
    "trtllm": 0.5,
    "dstack": 0.05,
    "splitwise": 0.1,
    "techgrandpa": 0.05,
    "kyuz0": 0.2,
    "xiongjiedai": 0.2,
    "awsneuron": 0.2,
    "gaudi": 0.2,
    "inferencemax_fork_gaudi": 0.2,
    "inferencex_experimental": 0.3,
    "inferencex_pr": 0.05,
    "argonne": 0.02,
    "mlc": 0.1,
    "premai": 0.03,
    "geerlingguy": 0.05,
}
"""How much a row of each part counts: official and recent ones most, software of 2023 and hobby figures little."""

MAIN_PARTS = ("aic_silicon", "inferencemax", "mlenergy", "trtllm")
"""What coefficients are fitted to first. The other parts (odd builds, old software, hobby machines) then move only what
these leave open: in one fit with them all, TPOT of left-out models was off by 11.8 %, without them by 9.3 %."""

MOST_ROWS = {"argonne": 250, "splitwise": 220, "xiongjiedai": 400, "kyuz0": 260}
CELL_ROWS = 25.0
UNLABELLED_SPECULATION = ("2026-01-14", "2026-01-28", "2026-02-05", "2026-02-06")


@dataclass(frozen=True)
class Sample:
    """The points of the fit, as rows, resolved, as arrays and with labels."""

    table: pl.DataFrame
    resolved: list[ResolvedPoint]
    points: Points
    labels: list[dict[str, str | float]]
    residual_labels: list[dict[str, str]]
    measured: Floats
    weights: Floats


def usable_rows(table: pl.DataFrame, parts: Sequence[str]) -> pl.DataFrame:
    """Leave out what the data's own notes call doubtful, repeats, and unlabelled speculative decoding."""
    speculative = (
        (pl.col("part") == "aic_silicon")
        & (pl.col("engine") == "tensorrt-llm")
        & pl.col("model").str.contains("DeepSeek-R1")
        & pl.col("date").is_in(UNLABELLED_SPECULATION)
    )
    kept = table.filter(
        ~pl.col("use").str.starts_with("doubtful")
        & pl.col("duplicate_of").is_null()
        & ~speculative.fill_null(False)
        & (pl.col("spec_decoding").fill_null("none") == "none")
        & ~pl.col("use").str.contains("definition unclear")
        & pl.col("part").is_in(list(parts))
    )
    pieces = [
        rows.sample(min(rows.height, MOST_ROWS.get(str(key[0]), rows.height)), seed=7)
        for key, rows in kept.sort("row_id").group_by("part", maintain_order=True)
    ]
    return pl.concat(pieces)


def measured_logs(points: Sequence[ServingPoint], table: pl.DataFrame) -> Floats:
    """Return (3, n) logs of what was measured; total throughput and prefill speed are converted."""
    logs = np.full((3, len(points)), np.nan)
    totals, speeds = table["total_tok_s"].to_list(), table["input_tok_s_total"].to_list()
    for column, point in enumerate(points):
        values = dict(point.measured)
        if METRICS[2] not in values and totals[column] and point.phase is Phase.BOTH:
            share = point.output_tokens / (point.input_tokens + point.output_tokens)
            values[METRICS[2]] = totals[column] * share
        if point.phase is Phase.PREFILL:
            values.pop(METRICS[2], None)
            if speeds[column]:
                values[METRICS[0]] = 1e3 * point.input_tokens / speeds[column]
        if point.phase is Phase.DECODE:
            values.pop(METRICS[0], None)
        for row, name in enumerate(METRICS):
            if values.get(name, 0.0) > 0:
                logs[row, column] = math.log(values[name])
    return logs


def row_weights(table: pl.DataFrame, labels: Sequence[Mapping[str, str | float]]) -> Floats:
    """Return how much each row counts: by its source, and a cell's rows together as `CELL_ROWS` at most."""
    cells = [tuple(label[name] for name in ("device", "blocks", "engine", "format", "rig")) for label in labels]
    sizes = collections.Counter(cells)
    by_cell = np.array([min(1.0, CELL_ROWS / sizes[cell]) for cell in cells])
    return np.asarray(by_cell * np.array([PART_WEIGHT[part] for part in table["part"].to_list()]))


def gather(data: Path, parts: Sequence[str] = tuple(PART_WEIGHT)) -> Sample:
    """Return the usable rows of these parts of the data."""
    table = usable_rows(pl.read_parquet(data / "serving_points.parquet"), parts)
    points = points_of(table)
    resolver = Resolver(load_catalog())
    resolved = [resolver.resolve(point) for point in points]
    logs = measured_logs(points, table)
    known = np.array([not each.notes for each in resolved]) & np.isfinite(logs).any(axis=0)
    print(f"{int((~known).sum())} rows left out (unknown name, or nothing measured that is predicted)")
    rows = np.flatnonzero(known)
    resolved = [replace(resolved[row], point=replace(points[row], index=int(i))) for i, row in enumerate(rows)]
    table, logs = table[rows.tolist()], logs[:, rows]
    labels = [point_labels(each) for each in resolved]
    arranged = arrange_points(resolved)
    weights = row_weights(table, labels)
    keys = [residual_labels(each, label) for each, label in zip(resolved, labels, strict=True)]
    return Sample(table, resolved, arranged, labels, keys, logs, weights)
