"""From what the user says of traffic to a pattern that can be sampled: the profile fills in what is not said."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from millwright.errors import InputError
from millwright.scenario.folder import beside
from millwright.scenario.traffic import (
    Arrivals,
    BurstArrivals,
    EmpiricalLength,
    FixedLength,
    GammaArrivals,
    Length,
    LognormalLength,
    Trace,
    Traffic,
    UniformLength,
)
from millwright.spans import HOURS_PER_WEEK, SECONDS_PER_DAY
from millwright.traffic import arrivals, lengths
from millwright.traffic.pattern import TrafficPattern
from millwright.traffic.profile import Profile, profile_named
from millwright.traffic.shape import FLAT, WeeklyShape, busiest_day_factor, peak_factor, shape_named, weekly_shape
from millwright.traffic.traces import Columns, read_lengths, read_trace


@dataclass(frozen=True)
class Filled:
    """A part of the traffic that the scenario left open: its key, what stands in for it, and why."""

    key: str
    value: str
    note: str


def one_pass_pattern(
    pattern: TrafficPattern, filled: tuple[Filled, ...], *, of_items: bool = False
) -> tuple[TrafficPattern, tuple[Filled, ...]]:
    """Return the pattern of work that generates nothing: one result per request counts as a single token.

    `of_items`: what is read is items, each of which counts as a token, and not text.
    """
    known = ("output", "input") if of_items else ("output",)
    left = tuple(each for each in filled if each.key not in known)
    changed = replace(pattern, output=lengths.Fixed(1.0))
    return replace(changed, input=lengths.Fixed(1.0)) if of_items else changed, left


def traffic_pattern(traffic: Traffic, folder: Path) -> tuple[TrafficPattern, tuple[Filled, ...]]:
    """Return the pattern of `traffic`, and what was filled in; files are looked up from `folder`.

    Raises TraceError when a trace or a file of lengths cannot be used.
    """
    if traffic.trace is not None:
        pattern, filled = _from_trace(traffic, traffic.trace, folder)
    else:
        pattern, filled = _from_profile_and_keys(traffic, folder)
    return replace(pattern, mean_rate_per_s=pattern.mean_rate_per_s * traffic.demand_factor), filled


def _from_profile_and_keys(traffic: Traffic, folder: Path) -> tuple[TrafficPattern, tuple[Filled, ...]]:
    """Return the pattern of traffic that is told by its keys; the profile fills in the others."""
    profile = profile_named(traffic.profile)
    filled = []
    if traffic.input is None:
        filled.append(_from_profile("input", profile.input.describe(), profile, profile.input_note))
    if traffic.output is None:
        filled.append(_from_profile("output", profile.output.describe(), profile, profile.output_note))
    if traffic.arrivals is None:
        filled.append(_from_profile("arrivals", profile.arrivals.describe(), profile, profile.arrivals_note))
    if traffic.shape is None:
        filled.append(Filled("shape", profile.shape, f"profile {profile.name}; {profile.shape_note}"))
    shape = _shape(profile.shape if traffic.shape is None else traffic.shape)
    pattern = TrafficPattern(
        mean_rate_per_s=_mean_rate_per_s(traffic, shape),
        input=profile.input if traffic.input is None else _lengths(traffic.input, folder),
        output=profile.output if traffic.output is None else _lengths(traffic.output, folder),
        arrivals=profile.arrivals if traffic.arrivals is None else _arrivals(traffic.arrivals),
        shape=shape,
        items=traffic.items,
    )
    return pattern, tuple(filled)


def _from_profile(key: str, value: str, profile: Profile, note: str) -> Filled:
    return Filled(key, value, f"profile {profile.name}: {note}; {profile.source}")


def _mean_rate_per_s(traffic: Traffic, shape: WeeklyShape) -> float:
    """Return the mean rate over the week [1/s]; what is said of a day is said of the busiest."""
    if traffic.rate_per_s is not None:
        return traffic.rate_per_s
    per_day = traffic.requests_per_day
    if per_day is None:
        per_day = (traffic.users or 0.0) * traffic.requests_per_user_per_day
    return per_day / SECONDS_PER_DAY / busiest_day_factor(shape)


def _shape(shape: str | tuple[float, ...]) -> WeeklyShape:
    return shape_named(shape).weights if isinstance(shape, str) else weekly_shape(shape)


def _lengths(length: Length, folder: Path) -> lengths.Lengths:
    match length:
        case FixedLength():
            return lengths.Fixed(float(round(length.tokens)))
        case UniformLength():
            return lengths.Uniform(float(round(length.low_tokens)), float(round(length.high_tokens)))
        case EmpiricalLength():
            return lengths.Empirical(read_lengths(beside(folder, length.file), length.column))
        case LognormalLength(mean_tokens=float(mean), p95_tokens=float(p95)):
            return lengths.Lognormal.from_mean_and_p95(mean, p95)
        case LognormalLength(median_tokens=float(median), p95_tokens=float(p95)):
            return lengths.Lognormal.from_median_and_p95(median, p95)
        case LognormalLength(mean_tokens=float(mean), sigma=float(sigma)):
            return lengths.Lognormal.from_mean_and_sigma(mean, sigma)
        case LognormalLength(median_tokens=float(median), sigma=float(sigma)):
            return lengths.Lognormal(float(np.log(median)), sigma)
        case _:
            raise AssertionError(f"a length that no case covers: {length!r}")


def _arrivals(said: Arrivals) -> arrivals.Arrivals:
    match said:
        case GammaArrivals():
            return arrivals.Gamma(said.cv)
        case BurstArrivals():
            return arrivals.Bursts(said.ratio, said.burst_s, said.calm_s)
        case _:
            return arrivals.Poisson()


# --- traces ----------------------------------------------------------------------------------------------------


def _from_trace(traffic: Traffic, trace: Trace, folder: Path) -> tuple[TrafficPattern, tuple[Filled, ...]]:
    """Return the pattern of a trace.

    A trace shorter than a day stands for every hour of the week, or, when the scenario names a shape, for the busiest.
    A longer one gives the shape itself, by the hour of its day or (from a week on) of its week.
    """
    columns = trace.columns
    requests = read_trace(
        beside(folder, trace.file),
        trace.format.value,
        None if columns is None else Columns(columns.arrival, columns.input, columns.output),
    )
    if requests.rate_per_s == 0:
        raise InputError(
            "all requests of the trace come at the same moment, so that no rate follows",
            str(beside(folder, trace.file)),
            "Give a trace of some minutes at least, or a rate and a file of lengths.",
        )
    requests = requests.at_times(requests.arrival_s / traffic.trace_scale)
    rate = requests.rate_per_s
    covers_a_day = float(requests.arrival_s[-1]) * traffic.trace_scale >= SECONDS_PER_DAY
    filled: tuple[Filled, ...] = ()
    if traffic.shape is not None:
        shape = _shape(traffic.shape)
        rate = rate if covers_a_day else rate / peak_factor(shape)
    elif covers_a_day:
        shape = _own_shape(requests.arrival_s * traffic.trace_scale)
        filled = (Filled("shape", "the trace's own", "the trace covers a day or more"),)
    else:
        shape = FLAT
        filled = (Filled("shape", "flat", "the trace is shorter than a day: every hour is taken to be like it"),)
    pattern = TrafficPattern(
        mean_rate_per_s=rate,
        input=lengths.Empirical(np.sort(requests.input_tokens)),
        output=lengths.Empirical(np.sort(requests.output_tokens)),
        arrivals=arrivals.Poisson(),
        shape=shape,
        trace=requests,
    )
    return pattern, filled


def _own_shape(arrival_s: np.ndarray[tuple[int], np.dtype[np.float64]]) -> WeeklyShape:
    """Return the shape of a trace of a day or more, its first request falling into hour 0."""
    hours = HOURS_PER_WEEK if arrival_s[-1] >= 7 * SECONDS_PER_DAY else 24
    whole_hours = int(arrival_s[-1] // 3600)
    hour = (arrival_s // 3600).astype(np.int64)
    counts = np.bincount(hour[hour < whole_hours] % hours, minlength=hours)
    times_seen = np.bincount(np.arange(whole_hours) % hours, minlength=hours)
    return weekly_shape(tuple(float(each) for each in counts / times_seen))
