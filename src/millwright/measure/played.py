"""Play serving points in the simulator, each with its own protocol, beside the closed form that predicts them.

A closed loop of C users is played as its benchmark runs it: ten requests per user, all users at once, lengths as they
are spread, means over all requests. A row that names no benchmark is played in its steady state. What no step time
holds, the stall of a cold start, is added to the first wave's TTFT as fitted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from millwright.catalog.catalog import Catalog
from millwright.measure.deployed import deployed_step_time
from millwright.measure.points import Load, Phase, ServingPoint, points_of
from millwright.measure.predict import PREDICTED, point_labels
from millwright.measure.resolve import ResolvedPoint, Resolver
from millwright.measure.serving import RUN_LENGTH, arrange_points, first_wave_stall_s
from millwright.perf.calibration import Calibration
from millwright.perf.coefficients import shipped_coefficients
from millwright.perf.timing import Floats
from millwright.simulate.load import simulate_closed
from millwright.simulate.metrics import summarise

if TYPE_CHECKING:
    import polars as pl

PLAYED = ("sim_ttft_ms_mean", "sim_tpot_ms_mean", "sim_output_tok_s_total")

_LEAST_REQUESTS = 60
_MOST_USERS = 4096
_WARMUP = 0.2


def playable(point: ServingPoint) -> bool:
    """Return whether a point is a closed loop of one deployment at a stated concurrency."""
    closed = point.load is Load.CLOSED and point.phase is Phase.BOTH and not point.disaggregated
    return closed and not point.speculative and point.level is not None and 1 <= point.level <= _MOST_USERS


def play_points(
    points: Sequence[ServingPoint], catalog: Catalog, calibration: Calibration | None = None, seed: int = 0
) -> Floats:
    """Return (3, n) mean TTFT [ms], mean TPOT [ms] and output tokens per second as simulated; NaN: not playable."""
    resolver = Resolver(catalog)
    found = np.full((3, len(points)), np.nan)
    for column, point in enumerate(points):
        if playable(point):
            found[:, column] = _played(resolver.resolve(point), calibration, np.random.default_rng([seed, column]))
    return found


def _played(resolved: ResolvedPoint, calibration: Calibration | None, rng: np.random.Generator) -> Floats:
    point, deployment = resolved.point, resolved.deployment
    users = max(1, round((point.level or 1.0) / resolved.replicas))
    deployed = deployed_step_time(
        deployment,
        input_tokens=point.input_tokens,
        output_tokens=point.output_tokens,
        level=users,
        calibration=calibration,
    )
    arranged = arrange_points([resolved])
    steady = not point.protocol
    count = max(int(RUN_LENGTH) * users, _LEAST_REQUESTS)
    cache = arranged.fit_sequences[0] * (point.input_tokens + point.output_tokens)
    limits = replace(
        deployment.limits, max_model_len_tokens=max(deployment.limits.max_model_len_tokens, int(2 * cache / users) + 1)
    )
    outcomes = simulate_closed(
        _lengths(point.input_tokens, point.spread, count, rng),
        _lengths(point.output_tokens, point.spread, count, rng),
        users,
        deployed.step,
        limits,
        int(cache) + 1,
        ramp_s=deployed.cycle_s if steady else 0.0,
    )
    means = summarise(outcomes, None, _WARMUP if steady else 0.0)
    stall_s = 0.0
    if not steady:
        protocol = shipped_coefficients().resolve_protocol([point_labels(resolved)])
        stall_s = float(first_wave_stall_s(protocol, np.array([float(users)]))[0]) / RUN_LENGTH
    ttft, tpot = (each.mean if each is not None else None for each in (means.ttft_s, means.tpot_s))
    return np.array(
        [
            np.nan if ttft is None else (ttft.value + stall_s) * 1e3,
            np.nan if tpot is None else tpot.value * 1e3,
            means.output_tokens_per_s * resolved.replicas,
        ]
    )


def _lengths(mean: float, spread: float, count: int, rng: np.random.Generator) -> Floats:
    """Return whole lengths [token], uniform over mean·(1 ± spread/2)."""
    if spread == 0.0:
        return np.full(count, max(1, round(mean)), dtype=np.int64)
    low, high = mean * (1.0 - spread / 2.0), mean * (1.0 + spread / 2.0)
    return np.maximum(np.round(rng.uniform(low, high, count)), 1).astype(np.int64)


def play_table(table: pl.DataFrame, catalog: Catalog, calibration: Calibration | None = None) -> pl.DataFrame:
    """Return the table with what the simulator makes of its closed loops: three `sim_` columns, null elsewhere."""
    import polars as pl

    played = play_points(points_of(table), catalog, calibration)
    columns = [
        pl.Series(name, [None if np.isnan(value) else float(value) for value in row], dtype=pl.Float64)
        for name, row in zip(PLAYED, played, strict=True)
    ]
    return table.drop([name for name in PLAYED if name in table.columns]).with_columns(columns)


def agreement(table: pl.DataFrame) -> str:
    """Return, in one line, how far simulated means lie from predicted ones: medians of |simulated / predicted − 1|."""
    parts = []
    for simulated, predicted, name in zip(PLAYED, PREDICTED, ("TTFT", "TPOT", "throughput"), strict=True):
        ratio = (table[simulated] / table[predicted]).drop_nulls().to_numpy()
        if len(ratio):
            parts.append(f"{name} {100 * np.median(np.abs(ratio - 1.0)):.1f} %")
    count = table[PLAYED[1]].is_not_null().sum()
    return f"{count} closed loops simulated; median difference from the closed form: {', '.join(parts) or 'none'}"
