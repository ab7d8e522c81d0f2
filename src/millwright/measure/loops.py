"""Closed loops played in the simulator, each as its benchmark runs it, beside the closed form of the same step times.

The closed form knows no waves: that users who start at once stay in step, that one prompt after another joins a
running batch, that a scheduler computes prompts first. What the simulator makes of these, relative to the closed form
under ideal waits, is a factor on the mean TTFT and TPOT of the point. It depends little on step times, so that fits
hold it fixed while they move them (scripts/fit_engines.py).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from millwright.measure.points import Load, Phase, ServingPoint
from millwright.measure.resolve import ResolvedPoint
from millwright.measure.serving import (
    RUN_LENGTH,
    Points,
    Predicted,
    Rows,
    as_in_theory,
    first_wave_stall_s,
    held_s,
    kept_tokens,
    predict_means,
    take_points,
)
from millwright.perf.coefficients import ProtocolCoefficients
from millwright.perf.compile import step_times_s, time_table, token_grid
from millwright.perf.deployment import SchedulerLimits
from millwright.perf.engines import engine_profile
from millwright.perf.step_time import StepTime
from millwright.perf.timing import Coefficients, Floats, kv_slope_s, pair_slope_s, sequence_slope_s
from millwright.quantity import Basis
from millwright.simulate.load import simulate_closed
from millwright.simulate.metrics import summarise

_PerPoint = TypeVar("_PerPoint", Coefficients, ProtocolCoefficients)

_WARMUP = 0.2
"""Share of a steady loop's requests that is left out of its means."""

_LEAST_REQUESTS = 60
_MOST_USERS = 2048
_MOST_STEPS = 4_000_000

_MOST_FACTOR = 1.2
"""Largest log of a factor: beyond, cache or load are at a brink that neither the closed form nor step times tell of."""


def plays(point: ServingPoint) -> bool:
    """Return whether a point is a closed loop of one deployment at a stated concurrency that can be played."""
    closed = point.load is Load.CLOSED and point.phase is Phase.BOTH and not point.disaggregated
    if not closed or point.speculative or point.level is None:
        return False
    return 1 <= point.level <= _MOST_USERS and RUN_LENGTH * point.output_tokens <= _MOST_STEPS


def play_loop(
    point: ServingPoint,
    users: int,
    step: StepTime,
    limits: SchedulerLimits,
    cache_tokens: int,
    *,
    jitter: float = 0.0,
    ramp_s: float = 0.0,
) -> tuple[float, float, float]:
    """Return (mean TTFT [s], mean TPOT [s], output tokens per second) of one replica with `users` in flight.

    A benchmark is played whole: ten requests per user, all users at once, means over all requests. A point that names
    none is played in its steady state, its users starting over `ramp_s`. Equal lengths are spread by `jitter` [-].
    NaN where no request ended.
    """
    steady = not point.protocol
    count = max(int(RUN_LENGTH) * users, _LEAST_REQUESTS)
    rng = np.random.default_rng([users, round(point.input_tokens), round(point.output_tokens)])
    outcomes = simulate_closed(
        drawn_lengths(point.input_tokens, point.spread or jitter, count, rng),
        drawn_lengths(point.output_tokens, point.spread or jitter, count, rng),
        users,
        step,
        replace(limits, max_model_len_tokens=max(limits.max_model_len_tokens, 2 * cache_tokens // users + 1)),
        cache_tokens + 1,
        ramp_s=ramp_s if steady else 0.0,
    )
    means = summarise(outcomes, None, _WARMUP if steady else 0.0)
    ttft, tpot = (
        math.nan if each is None or each.mean is None else each.mean.value for each in (means.ttft_s, means.tpot_s)
    )
    return ttft, tpot, means.output_tokens_per_s


def drawn_lengths(mean: float, spread: float, count: int, rng: np.random.Generator) -> Floats:
    """Return whole lengths [token], uniform over mean·(1 ± spread/2)."""
    if spread == 0.0:
        return np.full(count, max(1, round(mean)), dtype=np.int64)
    low, high = mean * (1.0 - spread / 2.0), mean * (1.0 + spread / 2.0)
    return np.maximum(np.round(rng.uniform(low, high, count)), 1).astype(np.int64)


def simulated_factors(
    resolved: Sequence[ResolvedPoint],
    points: Points,
    step: Coefficients,
    prefill_step: Coefficients,
    protocol: ProtocolCoefficients,
) -> Floats:
    """Return (2, n): logs of the simulated mean TTFT and TPOT over those of the closed form, 0 where none is played.

    Benchmarks' runs are: a steady service has no wave of users that starts at once, and its closed form stands.
    `points` are `resolved` as arrays. Both sides have the same step times, requests, holds and cold starts.
    """
    logs = np.zeros((2, len(points)))
    rows = np.flatnonzero([bool(each.point.protocol) and plays(each.point) for each in resolved])
    if not len(rows):
        return logs
    loops = take_points(points, rows)
    protocol = as_in_theory(_taken(protocol, rows))
    step, prefill_step = _taken(step, rows), _taken(prefill_step, rows)
    theory = predict_means(loops, step, prefill_step, protocol)
    ttft, tpot = _played([resolved[int(row)] for row in rows], loops, step, prefill_step, protocol)
    arriving = theory.decoding / np.maximum(loops.output_tokens - 1.0, 1.0)
    first = np.where(loops.finite, 1.0 / RUN_LENGTH, 0.0)
    ttft = ttft + (1.0 - first) * held_s(loops, arriving, theory.tpot_s)
    stall_s = first_wave_stall_s(protocol, np.minimum(loops.level, loops.fit_sequences))
    ttft = ttft + first * stall_s * np.where(loops.cold, 1.0, protocol.stall_left)
    found = np.log(np.stack([ttft / theory.ttft_s, tpot / theory.tpot_s]))
    logs[:, rows] = np.where(np.isfinite(found), np.clip(found, -_MOST_FACTOR, _MOST_FACTOR), 0.0)
    return logs


def with_factors(predicted: Predicted, points: Points, logs: Floats) -> Predicted:
    """Return the means times the factors of `simulated_factors`; a loop's throughput follows by Little's law."""
    ttft_s, tpot_s = predicted.ttft_s * np.exp(logs[0]), predicted.tpot_s * np.exp(logs[1])
    tpot_s = np.maximum(tpot_s, predicted.tpot_floor_s)
    gaps = np.maximum(points.output_tokens - 1.0, 0.0)
    cycle = (predicted.ttft_s + gaps * predicted.tpot_s) / (ttft_s + gaps * tpot_s)
    output = np.where(points.loop, predicted.output_per_s * cycle, predicted.output_per_s)
    return replace(predicted, ttft_s=ttft_s, tpot_s=tpot_s, output_per_s=output)


def _played(
    resolved: Sequence[ResolvedPoint],
    loops: Points,
    step: Coefficients,
    prefill_step: Coefficients,
    protocol: ProtocolCoefficients,
) -> tuple[Floats, Floats]:
    """Return mean TTFT and TPOT [s] of each loop; step times are made into tables of one length at a time."""
    limits = [_used_limits(each, level) for each, level in zip(resolved, loops.level, strict=True)]
    sizes = np.array([1 << (each.max_num_batched_tokens - 1).bit_length() for each in limits])
    found = np.full((2, len(loops)), np.nan)
    for size in np.unique(sizes):
        rows = np.flatnonzero(sizes == size)
        some = take_points(loops, rows)
        own, own_prefill = _taken(step, rows), _taken(prefill_step, rows)
        grid = np.broadcast_to(token_grid(int(size)), (len(rows), len(token_grid(int(size)))))
        decode_s, _, head_s = step_times_s(some.decode, grid, own)
        _, mixed_s, _ = step_times_s(some.prefill, grid, own_prefill, some.graph_tokens)
        kv_s, sequence_s = np.maximum(*kv_slope_s(some.decode, own)), sequence_slope_s(some.decode, own) + head_s
        pair_s = np.maximum(*pair_slope_s(some.prefill, own_prefill))
        tokens = np.arange(int(size) + 1, dtype=np.float64)
        for index, row in enumerate(rows):
            timed = StepTime(
                tokens_s=time_table(tokens, grid[index], mixed_s[index]),
                decode_tokens_s=time_table(tokens, grid[index], decode_s[index]),
                kv_s=float(kv_s[index]),
                prefill_s=float(pair_s[index]),
                seq_s=float(sequence_s[index]),
                request_s=float(protocol.request_s[row]),
                decode_log_sigma=0.0,  # played once, at the mean
                prefill_log_sigma=0.0,
                basis=Basis.FITTED,
            )
            found[:, row] = _means(resolved[int(row)], timed, limits[int(row)], loops, int(row))
    return found[0], found[1]


def _means(
    resolved: ResolvedPoint, step: StepTime, limits: SchedulerLimits, loops: Points, row: int
) -> tuple[float, float]:
    point, users = resolved.point, max(1, round(float(loops.level[row])))
    jitter = engine_profile(resolved.deployment.engine.name).arrival_jitter
    cache = int(loops.fit_sequences[row] * kept_tokens(point))
    ttft_s, tpot_s, _ = play_loop(point, users, step, limits, cache, jitter=jitter)
    return ttft_s, tpot_s


def _used_limits(resolved: ResolvedPoint, level: float) -> SchedulerLimits:
    """Return the limits with no more tokens to a step than all users together could ask for."""
    limits, point = resolved.deployment.limits, resolved.point
    users = max(1, round(level))
    longest = math.ceil(point.input_tokens * (1.0 + point.spread)) + 1
    tokens = max(min(limits.max_num_batched_tokens, users * longest), 64)
    return replace(limits, max_num_batched_tokens=tokens, max_num_seqs=min(limits.max_num_seqs, tokens))


def _taken(each: _PerPoint, rows: Rows) -> _PerPoint:
    """Return the values of some points."""
    return replace(each, **{name: getattr(each, name)[rows] for name in each.__dataclass_fields__})
