"""Play serving points in the simulator, each with its own protocol, beside the closed form that predicts them.

A closed loop of C users is played as its benchmark runs it: ten requests per user, all users at once, lengths as they
are spread, means over all requests. A row that names no benchmark is played in its steady state. What no step time
holds, the stall of a cold start, is added to the first wave's TTFT as fitted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from millwright.catalog.catalog import Catalog
from millwright.measure.deployed import deployed_step_time
from millwright.measure.loops import play_loop, plays
from millwright.measure.points import ServingPoint, points_of
from millwright.measure.predict import PREDICTED, point_labels
from millwright.measure.resolve import ResolvedPoint, Resolver
from millwright.measure.serving import RUN_LENGTH, arrange_points, first_wave_stall_s, held_s, kept_tokens
from millwright.perf.calibration import Calibration
from millwright.perf.coefficients import shipped_coefficients
from millwright.perf.engines import engine_profile
from millwright.perf.timing import Floats

if TYPE_CHECKING:
    import polars as pl

PLAYED = ("sim_ttft_ms_mean", "sim_tpot_ms_mean", "sim_output_tok_s_total")


def play_points(points: Sequence[ServingPoint], catalog: Catalog, calibration: Calibration | None = None) -> Floats:
    """Return (3, n) mean TTFT [ms], mean TPOT [ms] and output tokens per second as simulated; NaN: not playable."""
    resolver = Resolver(catalog)
    found = np.full((3, len(points)), np.nan)
    for column, point in enumerate(points):
        if plays(point):
            found[:, column] = _played(resolver.resolve(point), calibration)
    return found


def _played(resolved: ResolvedPoint, calibration: Calibration | None) -> Floats:
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
    cache = int(arranged.fit_sequences[0] * kept_tokens(point))
    jitter = engine_profile(deployment.engine.name).arrival_jitter
    ttft_s, tpot_s, output = play_loop(
        point, users, deployed.step, deployment.limits, cache, jitter=jitter, ramp_s=deployed.cycle_s
    )
    if point.protocol:
        protocol = shipped_coefficients().resolve_protocol([point_labels(resolved)])
        stall_s = float(first_wave_stall_s(protocol, np.array([float(users)]))[0])
        kept = 1.0 if arranged.cold[0] else float(protocol.stall_left[0])
        held = float(held_s(arranged, np.array([users / max(point.output_tokens, 1.0)]), np.array([tpot_s]))[0])
        ttft_s += stall_s * kept / RUN_LENGTH + held * (1.0 - 1.0 / RUN_LENGTH)
    return np.array([ttft_s * 1e3, tpot_s * 1e3, output * resolved.replicas])


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
