"""A simulation as people ask for it: names, lengths, loads and limits in words.

The command line and the HTTP API both ask this way. Errors name the option of the command line that is at fault.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np

from millwright.errors import InputError
from millwright.quantity import Dimension, QuantityError, has_unit, parse_quantity
from millwright.simulate.cluster import Outage
from millwright.simulate.router import Router
from millwright.simulate.sessions import Sessions
from millwright.simulate.slo import Slo
from millwright.traffic.arrivals import Arrivals, Bursts, Gamma, Poisson
from millwright.traffic.lengths import Fixed, Lengths, Lognormal, Uniform, sample
from millwright.traffic.profile import profile_named, profiles
from millwright.traffic.requests import Requests
from millwright.traffic.traces import read_trace

REQUESTS = 10_000
"""Requests that are drawn if nobody says how many."""

LENGTH_FORMS = "1024, uniform:100-2000, lognormal:MEAN,SIGMA, or a profile's name"
ARRIVAL_FORMS = "poisson, gamma:CV, or bursts:RATIO,BURST,CALM such as bursts:5,30s,5min"
OTHER_FORM = "DEVICE[:TP[:PRECISION]], such as h200-sxm:2:fp8"
OUTAGE_FORM = "REPLICA:FROM:TO, such as 0:60s:120s, with :lost at the end if its requests are not retried"


@dataclass(frozen=True)
class AskedSimulation:
    """What to simulate; exactly one of `rate_per_s`, `concurrency` and `trace` says how requests come.

    Lengths are written as `LENGTH_FORMS` says [tokens]; `ttft`, `tpot` and `e2e` as times with a unit, such as `500ms`;
    `percentile` is the share of requests that must keep them [%]; `warmup` the share of requests not judged.
    `think` is how long a client of a closed loop waits before its next request; `speculate` a way of drafting, with its
    number of tokens if another than usual (`eagle3:4`); `offload_gb` host memory of each replica for KV cache [GB];
    `autoscale`: so many requests under way for each of up to `replicas` replicas, one more of which takes `start`.
    `prefill_first` lets decoding wait while there are prompts, as SGLang does; None: as the engine's profile says.
    `arrivals` is written as `ARRIVAL_FORMS` says. With `turns` a rate is that of sessions of so many turns: `input` is
    what a user adds at each, `think` the mean of an exponential pause before the next, `system_tokens` the beginning
    that all prompts share. `others` are further replicas on other devices (`OTHER_FORM`), `outages` times at which one
    is down (`OUTAGE_FORM`; replicas count from 0).
    """

    model: str
    device: str
    tp: int = 1
    precision: str = ""
    kv_precision: str = "bf16"
    engine: str = "vllm"
    rate_per_s: float | None = None
    arrivals: str = "poisson"
    turns: str = ""
    system_tokens: int = 0
    concurrency: int | None = None
    trace: Path | None = None
    input: str = "1024"
    output: str = "128"
    requests: int | None = None
    replicas: int = 1
    others: tuple[str, ...] = ()
    outages: tuple[str, ...] = ()
    router: str = "least-requests"
    seed: int = 0
    warmup: float = 0.1
    ttft: str = ""
    tpot: str = ""
    e2e: str = ""
    percentile: float = 95.0
    max_num_seqs: int | None = None
    max_num_batched_tokens: int | None = None
    find_rate: bool = False
    think: str = ""
    speculate: str = ""
    acceptance: float | None = None
    offload_gb: float | None = None
    prefill_first: bool | None = None
    autoscale: float | None = None
    start: str = ""


def asked_load(asked: AskedSimulation) -> Requests | Sessions:
    """Return what comes; in a closed loop arrival times only give `find_rate` a pattern. Raises InputError."""
    if asked.trace is not None:
        if asked.turns:
            raise InputError("a trace says itself who comes when", "--turns", "Give --rate with it.")
        recorded = read_trace(asked.trace)
        return recorded if asked.requests is None else _first(recorded, asked.requests)
    rate = asked.rate_per_s
    if rate is not None and not 0 < rate < float("inf"):
        raise InputError(f"--rate must be above 0 requests per second, got {rate}")
    rng = np.random.default_rng(asked.seed)
    count = asked.requests or REQUESTS
    come = _arrivals(asked.arrivals)
    if asked.turns:
        return _sessions(asked, come, count, rng)
    return Requests(
        come.times_s(rate or 1.0, count, rng),
        sample(_lengths(asked.input, "--input"), count, rng),
        sample(_lengths(asked.output, "--output"), count, rng),
    )


def _sessions(asked: AskedSimulation, come: Arrivals, most: int, rng: np.random.Generator) -> Sessions:
    """Return sessions with `most` turns together; a pause is exponential, as nobody knows how a user reads."""
    if asked.rate_per_s is None:
        raise InputError("sessions come at a rate", "--turns", "Say with --rate how many begin per second.")
    turns = sample(_lengths(asked.turns, "--turns"), most, rng)
    turns = turns[: int(np.searchsorted(np.cumsum(turns), most)) + 1]
    turns[-1] -= int(turns.sum()) - most
    think_s = asked_time_s(asked.think, "--think") if asked.think else 0.0
    return Sessions(
        start_s=come.times_s(asked.rate_per_s, len(turns), rng),
        turn_offsets=np.concatenate([[0], np.cumsum(turns)]),
        added_tokens=sample(_lengths(asked.input, "--input"), most, rng),
        output_tokens=sample(_lengths(asked.output, "--output"), most, rng),
        think_s=rng.exponential(think_s, most),
        system_tokens=asked.system_tokens,
    )


def _arrivals(text: str) -> Arrivals:
    """Return the arrival process that an option's text means."""
    kind, _, rest = text.partition(":")
    try:
        if kind == "poisson" and not rest:
            return Poisson()
        if kind == "gamma":
            variation = float(rest)
            if 0 < variation < 100:
                return Gamma(variation)
        if kind == "bursts":
            ratio, burst, calm = rest.split(",")
            lengths_s = [parse_quantity(part, Dimension.TIME) for part in (burst, calm)]
            if 1 <= float(ratio) < 1e6 and min(lengths_s) > 0:
                return Bursts(float(ratio), *lengths_s)
    except (ValueError, QuantityError):
        pass
    raise InputError(f"'{text}' is no way to arrive", "--arrivals", f"Use {ARRIVAL_FORMS}.")


def asked_slo(asked: AskedSimulation) -> Slo | None:
    """Return the SLO asked for, None if no limit is given; raises InputError."""
    limits = {}
    for name, text in (("ttft", asked.ttft), ("tpot", asked.tpot), ("e2e", asked.e2e)):
        if text:
            limits[f"{name}_s"] = asked_time_s(text, f"--{name}")
    if not limits:
        return None
    try:
        return Slo(**limits, percentile=asked.percentile)
    except ValueError as error:
        raise InputError(str(error)) from error


def asked_outages(texts: tuple[str, ...]) -> tuple[Outage, ...]:
    """Return the outages that the texts mean; raises InputError."""
    outages = []
    for text in texts:
        replica, *rest = text.split(":")
        retried = rest[2:] != ["lost"]
        try:
            if len(rest) not in (2, 3) or (len(rest) == 3 and retried):
                raise ValueError
            from_s, until_s = (parse_quantity(part, Dimension.TIME) for part in rest[:2])
            outages.append(Outage(int(replica), from_s, until_s, retried))
        except (ValueError, QuantityError) as error:
            raise InputError(f"'{text}' is no outage", "--outage", f"Write it as {OUTAGE_FORM}.") from error
    return tuple(outages)


def asked_router(name: str) -> Router:
    """Return the router of that name; raises InputError."""
    names = {router.name.lower().replace("_", "-"): router for router in Router}
    if name not in names:
        raise InputError(f"no router is called '{name}'", "--router", f"Use one of {', '.join(names)}.")
    return names[name]


def asked_time_s(text: str, option: str) -> float:
    """Return a time with a unit [s]; raises InputError."""
    try:
        time_s = parse_quantity(text, Dimension.TIME)
    except QuantityError as error:
        raise InputError(str(error), option) from error
    if time_s and not has_unit(text):
        raise InputError(f"'{text}' has no unit", option, f"Write {text.strip()}ms or {text.strip()}s.")
    return time_s


def _first(requests: Requests, most: int) -> Requests:
    """Return the first `most` requests."""
    if len(requests) <= most:
        return requests
    per_request = {
        field.name: getattr(requests, field.name)[:most]
        for field in fields(requests)
        if field.name in ("arrival_s", "input_tokens", "output_tokens", "priority")
        and getattr(requests, field.name) is not None
    }
    if requests.prefix_offsets is not None:
        per_request["prefix_offsets"] = requests.prefix_offsets[: most + 1]
    return replace(requests, **per_request)


def _lengths(text: str, option: str) -> Lengths:
    """Return the lengths that an option's text means."""
    kind, _, rest = text.partition(":")
    try:
        if not rest and kind in profiles():
            profile = profile_named(kind)
            return profile.input if option == "--input" else profile.output
        if not rest:
            lengths: Lengths = Fixed(_tokens(kind))
        elif kind == "uniform":
            low, _, high = rest.partition("-")
            lengths = Uniform(_tokens(low), _tokens(high))
        elif kind == "lognormal":
            mean, _, sigma = rest.partition(",")
            lengths = Lognormal.from_mean_and_sigma(_tokens(mean), float(sigma))
        else:
            raise ValueError
    except ValueError as error:
        raise InputError(f"'{text}' is no length", option, f"Use {LENGTH_FORMS}.") from error
    if not 1 <= lengths.mean_tokens < 1e8:
        raise InputError(f"a mean of {lengths.mean_tokens:.3g} tokens makes no sense", option)
    return lengths


def _tokens(text: str) -> float:
    """Return a number of tokens of at least 1, or raise `ValueError`."""
    tokens = float(text)
    if not 1 <= tokens < 1e8:
        raise ValueError(text)
    return tokens
