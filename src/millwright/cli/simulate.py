"""`millwright simulate`: requests against one deployment, and what its users would see."""

from __future__ import annotations

import time
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from millwright.errors import InputError

if TYPE_CHECKING:
    from millwright.catalog.architecture import Architecture
    from millwright.measure.deployed import DeployedStepTime
    from millwright.perf.deployment import Deployment, Engine
    from millwright.simulate import Goodput, RequestOutcomes, Router, ServiceMetrics, Slo
    from millwright.traffic.lengths import Lengths
    from millwright.traffic.requests import Requests

Models = Annotated[list[Path] | None, typer.Option("--models", help="Folder of NAME/config.json to add; may repeat.")]
Devices = Annotated[list[Path] | None, typer.Option("--devices", help="Catalogue file to add; may repeat.")]

_REQUESTS = 10_000

_LENGTH_HELP = "Tokens: 1024, uniform:100-2000, lognormal:MEAN,SIGMA, or a profile's name."


def simulate(
    model: Annotated[str, typer.Option("--model", help="Model of the catalogue, or a config.json.")],
    device: Annotated[str, typer.Option("--device", help="Device of the catalogue.")],
    tp: Annotated[int, typer.Option("--tp", min=1, help="Tensor parallelism: devices of the replica.")] = 1,
    precision: Annotated[
        str, typer.Option("--precision", help="Format of the weights; default: the model's own.")
    ] = "",
    kv_precision: Annotated[str, typer.Option("--kv-precision", help="Format of the KV cache.")] = "bf16",
    engine: Annotated[str, typer.Option("--engine", help="vllm, sglang, tensorrt-llm …")] = "vllm",
    rate: Annotated[float | None, typer.Option("--rate", help="Open loop: requests per second, Poisson.")] = None,
    concurrency: Annotated[int | None, typer.Option("--concurrency", help="Closed loop: so many clients.")] = None,
    trace: Annotated[Path | None, typer.Option("--trace", help="Replay a trace: arrivals and lengths.")] = None,
    input_: Annotated[str, typer.Option("--input", help=_LENGTH_HELP)] = "1024",
    output: Annotated[str, typer.Option("--output", help=_LENGTH_HELP)] = "128",
    requests: Annotated[
        int | None, typer.Option("--requests", min=1, help="How many; 10,000 by default, of a trace all.")
    ] = None,
    replicas: Annotated[int, typer.Option("--replicas", min=1, help="So many replicas behind a router.")] = 1,
    router: Annotated[
        str, typer.Option("--router", help="round-robin, least-requests, prefix-aware …")
    ] = "least-requests",
    seed: Annotated[int, typer.Option("--seed", help="Seed of arrivals and lengths.")] = 0,
    warmup: Annotated[float, typer.Option("--warmup", min=0, max=0.9, help="Share of requests not judged.")] = 0.1,
    ttft: Annotated[str, typer.Option("--ttft", help="SLO: limit on TTFT, such as 500ms.")] = "",
    tpot: Annotated[str, typer.Option("--tpot", help="SLO: limit on TPOT, such as 50ms.")] = "",
    e2e: Annotated[str, typer.Option("--e2e", help="SLO: limit on the whole request, such as 20s.")] = "",
    percentile: Annotated[
        float, typer.Option("--percentile", min=1, max=100, help="SLO: share of requests within it [%].")
    ] = 95.0,
    max_num_seqs: Annotated[int | None, typer.Option("--max-num-seqs", help="Sequences per batch.")] = None,
    max_num_batched_tokens: Annotated[
        int | None, typer.Option("--max-num-batched-tokens", help="Tokens per step.")
    ] = None,
    find_rate: Annotated[
        bool, typer.Option("--find-rate", help="Also find the largest rate that keeps the SLO.")
    ] = False,
    timeline: Annotated[
        Path | None, typer.Option("--timeline", help="Write the first requests as a Chrome trace (ui.perfetto.dev).")
    ] = None,
    models: Models = None,
    devices: Devices = None,
    calibration: Annotated[
        Path | None, typer.Option("--calibration", help="Corrections from `millwright calibrate`.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON only.")] = False,
) -> None:
    """Simulate one deployment under a rate, so many clients, or a trace, and print what its users would see."""
    began_s = time.perf_counter()
    if replicas > 1 and concurrency is not None:
        raise InputError("a closed loop runs on one replica", "--replicas", "Give --rate or --trace for a cluster.")
    if sum(load is not None for load in (rate, concurrency, trace)) != 1:
        raise InputError("a simulation needs exactly one load", remedy="Give one of --rate, --concurrency, --trace.")
    slo = _slo(ttft, tpot, e2e, percentile)
    workload = _workload(trace, rate, input_, output, requests, seed)
    built = _deployment(model, device, tp, precision, kv_precision, engine, models, devices)
    built = replace(built, limits=_limits(built, max_num_seqs, max_num_batched_tokens))
    run = _run(built, workload, _Load(concurrency, replicas, _router(router)), slo, warmup, find_rate, calibration)
    if timeline is not None:
        _write_timeline(run.outcomes, timeline)
    wall_s = time.perf_counter() - began_s
    if as_json:
        _print_json(run, built, wall_s)
    else:
        _print_table(run, built, wall_s)


@dataclass(frozen=True)
class _Load:
    concurrency: int | None
    replicas: int
    router: Router


@dataclass(frozen=True)
class _Run:
    outcomes: RequestOutcomes
    metrics: ServiceMetrics
    slo: Slo | None
    goodput: Goodput | None
    deployed: DeployedStepTime
    simulation_s: float


def _run(
    deployment: Deployment,
    workload: Requests,
    load: _Load,
    slo: Slo | None,
    warmup: float,
    find: bool,
    calibration: Path | None,
) -> _Run:
    import numpy as np

    from millwright.measure.deployed import deployed_step_time
    from millwright.perf.calibration import read_calibration
    from millwright.perf.memory import memory_fit
    from millwright.simulate import (
        Member,
        Slo,
        max_rate_at_slo,
        simulate_closed,
        simulate_cluster,
        simulate_open,
        summarise,
    )

    fit = memory_fit(deployment)
    if not fit.fits:
        raise InputError(f"the deployment does not fit: {fit.reason}")
    context_tokens = float(
        np.average(workload.input_tokens + workload.output_tokens / 2, weights=workload.output_tokens)
    )
    corrections = read_calibration(calibration) if calibration is not None else None
    output_tokens = float(np.mean(workload.output_tokens))
    deployed = deployed_step_time(
        deployment,
        input_tokens=context_tokens - output_tokens / 2,
        output_tokens=output_tokens,
        level=load.concurrency,
        calibration=corrections,
    )
    machine = (deployed.step, deployment.limits, fit.kv_capacity_tokens)
    began_s = time.perf_counter()
    try:
        if load.concurrency is not None:
            # clients of a service don't start together: equal lengths would keep them in step for ever
            outcomes = simulate_closed(
                workload.input_tokens, workload.output_tokens, load.concurrency, *machine, ramp_s=deployed.cycle_s
            )
        elif load.replicas > 1:
            outcomes = simulate_cluster(workload, [Member(*machine)] * load.replicas, load.router)
        else:
            outcomes = simulate_open(workload, *machine)
        simulation_s = time.perf_counter() - began_s
        goodput = max_rate_at_slo(workload, *machine, slo or Slo(), warmup=warmup) if find else None
    except ValueError as error:
        raise InputError(str(error)) from error
    return _Run(outcomes, summarise(outcomes, slo, warmup), slo, goodput, deployed, simulation_s)


# -- what was asked ------------------------------------------------------------------------------------------


def _slo(ttft: str, tpot: str, e2e: str, percentile: float) -> Slo | None:
    from millwright.quantity import Dimension, QuantityError, parse_quantity
    from millwright.simulate import Slo

    limits = {}
    for name, text in (("ttft_s", ttft), ("tpot_s", tpot), ("e2e_s", e2e)):
        if text:
            try:
                limits[name] = parse_quantity(text, Dimension.TIME)
            except QuantityError as error:
                raise InputError(str(error), f"--{name.removesuffix('_s')}") from error
    if not limits:
        return None
    try:
        return Slo(**limits, percentile=percentile)
    except ValueError as error:
        raise InputError(str(error)) from error


def _workload(
    trace: Path | None, rate: float | None, input_: str, output: str, count: int | None, seed: int
) -> Requests:
    """Return the requests; in a closed loop their arrival times only give `--find-rate` a pattern."""
    import numpy as np

    from millwright.traffic.arrivals import Poisson
    from millwright.traffic.lengths import sample
    from millwright.traffic.requests import Requests

    if trace is not None:
        recorded = _read_trace(trace)
        return recorded if count is None else _first(recorded, count)
    if rate is not None and not 0 < rate < float("inf"):
        raise InputError(f"--rate must be above 0 requests per second, got {rate}")
    rng = np.random.default_rng(seed)
    requests = count or _REQUESTS
    return Requests(
        Poisson().times_s(rate or 1.0, requests, rng),
        sample(_lengths(input_, "--input"), requests, rng),
        sample(_lengths(output, "--output"), requests, rng),
    )


def _router(name: str) -> Router:
    from millwright.simulate import Router

    names = {router.name.lower().replace("_", "-"): router for router in Router}
    if name not in names:
        raise InputError(f"no router is called '{name}'", "--router", f"Use one of {', '.join(names)}.")
    return names[name]


def _read_trace(path: Path) -> Requests:
    from millwright.traffic.traces import read_trace

    return read_trace(path)


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
    from millwright.traffic.lengths import Fixed, Lognormal, Uniform
    from millwright.traffic.profile import profile_named, profiles

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
        raise InputError(f"'{text}' is no length", option, f"Use {_LENGTH_HELP.removeprefix('Tokens: ')}") from error
    if not 1 <= lengths.mean_tokens < 1e8:
        raise InputError(f"a mean of {lengths.mean_tokens:.3g} tokens makes no sense", option)
    return lengths


def _tokens(text: str) -> float:
    """Return a number of tokens of at least 1, or raise `ValueError`."""
    tokens = float(text)
    if not 1 <= tokens < 1e8:
        raise ValueError(text)
    return tokens


def _deployment(
    model: str,
    device: str,
    tp: int,
    precision: str,
    kv_precision: str,
    engine: str,
    models: list[Path] | None,
    devices: list[Path] | None,
) -> Deployment:
    from millwright.catalog.catalog import load_catalog
    from millwright.perf.deployment import Deployment

    own_config = Path(model) if model.endswith(".json") else None
    catalog = load_catalog(devices or (), [*(models or ()), *([own_config] if own_config else ())])
    architecture = catalog.model(own_config.parent.name if own_config else model)
    _divided(architecture, tp)
    weights = _precision(precision or architecture.native_precision, "--precision")
    return Deployment(
        model=architecture,
        device=catalog.device(device),
        engine=_engine(engine),
        weights=weights,
        kv=_precision(kv_precision, "--kv-precision"),
        tp=tp,
    )


def _engine(name: str) -> Engine:
    from millwright.perf.deployment import Engine
    from millwright.perf.engines import engine_id, engine_profiles

    known = engine_profiles()
    if engine_id(name) not in known:
        raise InputError(f"no engine is called '{name}'", "--engine", f"Use one of {', '.join(known)}.")
    return Engine(name)


def _divided(model: Architecture, tp: int) -> None:
    """Raise `InputError` when an engine could not share the model's attention heads out among `tp` devices."""
    odd = next((heads for layer in model.layers if (heads := layer.attention.heads) % tp), 0)
    if odd:
        raise InputError(f"{odd} attention heads cannot be shared out among {tp} devices", "--tp", "Use 1, 2, 4 or 8.")


def _precision(text: str, option: str) -> Any:
    from millwright.catalog.precision import Precision

    try:
        return Precision(text.lower())
    except ValueError as error:
        raise InputError(f"no precision is called '{text}'", option, f"Use one of {', '.join(Precision)}.") from error


def _limits(deployment: Deployment, max_num_seqs: int | None, max_num_batched_tokens: int | None) -> Any:
    """Return the engine's own limits, with those of the command line on top."""
    from millwright.perf.deployment import SchedulerLimits
    from millwright.perf.engines import engine_profile

    profile = engine_profile(deployment.engine.name)
    sequences = max_num_seqs or profile.max_num_seqs
    return SchedulerLimits(
        max_num_seqs=sequences,
        max_num_batched_tokens=max_num_batched_tokens or max(profile.max_num_batched_tokens, sequences),
        block_size_tokens=profile.block_size_tokens,
        max_model_len_tokens=max(deployment.model.max_context_tokens, 1),
    )


# -- what is shown -------------------------------------------------------------------------------------------

_LATENCIES = ("ttft_s", "tpot_s", "itl_s", "e2e_s", "queue_s")
_COLUMNS = ("mean", "p50", "p90", "p95", "p99", "p999")


def _print_json(run: _Run, deployment: Deployment, wall_s: float) -> None:
    import json
    from dataclasses import asdict

    metrics = asdict(run.metrics)
    document = {
        "model": deployment.model.name,
        "device": deployment.device.name,
        "engine": deployment.engine.name,
        "precision": deployment.weights,
        "kv_precision": deployment.kv,
        "tp": deployment.tp,
        "limits": asdict(deployment.limits),
        "slo": None if run.slo is None else asdict(run.slo),
        **metrics,
        "totals": asdict(run.outcomes.totals),
        "basis": run.deployed.basis,
        "mean_interval_80": _intervals(run),
        "goodput_search": None if run.goodput is None else _without_metrics(run.goodput),
        "simulation_s": run.simulation_s,
        "wall_s": wall_s,
    }
    typer.echo(json.dumps(document, indent=2, allow_nan=False))


def _intervals(run: _Run) -> dict[str, tuple[float, float]]:
    """Return the 80 % intervals of the simulated means: how far predicted step times may be off."""
    metrics, factors = run.metrics, run.deployed.factors
    means = {name: getattr(metrics, name).mean for name in ("ttft_s", "tpot_s")}
    values = {name: mean.value for name, mean in means.items() if mean is not None}
    values["output_tokens_per_s"] = metrics.output_tokens_per_s
    return {name: (value * factors[name][0], value * factors[name][1]) for name, value in values.items()}


def _without_metrics(goodput: Goodput) -> dict[str, Any]:
    from dataclasses import asdict

    return {name: value for name, value in asdict(goodput).items() if name != "metrics"}


def _write_timeline(outcomes: RequestOutcomes, path: Path) -> None:
    import json

    from millwright.simulate.timeline import chrome_trace

    text = json.dumps(chrome_trace(outcomes), allow_nan=False)
    part = path.with_name(path.name + ".part")
    try:
        part.write_text(text)
        part.replace(path)
    except OSError as error:
        raise InputError(f"the timeline cannot be written: {error.strerror}", str(path)) from error


def _print_table(run: _Run, deployment: Deployment, wall_s: float) -> None:
    from rich.console import Console
    from rich.table import Table

    metrics = run.metrics
    console = Console(highlight=False, soft_wrap=True)
    console.print(
        f"{deployment.model.name} in {deployment.weights} on {deployment.device_count} × {deployment.device.name}, "
        f"{deployment.engine.name}"
    )
    table = Table("", *("p99.9" if name == "p999" else name for name in _COLUMNS))
    for latency in _LATENCIES:
        shown = getattr(metrics, latency)
        cells = [getattr(shown, column) for column in _COLUMNS]
        label = latency.removesuffix("_s")
        table.add_row(
            label.upper() if label != "queue" else label, *("–" if c is None else _time(c.value) for c in cells)
        )
    console.print(table)
    for label, value in _facts(run):
        console.print(f"{label:<22}{value}")
    for warning in metrics.warnings:
        console.print(f"note: {warning}")
    console.print(
        f"{len(run.outcomes):,} requests simulated in {_time(run.simulation_s)}, {_time(wall_s)} with everything"
    )


def _facts(run: _Run) -> list[tuple[str, str]]:
    metrics = run.metrics
    rows = [
        ("requests judged", f"{metrics.requests:,}, {metrics.served:,} served, {metrics.refused:,} refused"),
        (
            "throughput",
            f"{metrics.requests_per_s:.4g} requests/s, {metrics.output_tokens_per_s:,.0f} output tokens/s, "
            f"{metrics.input_tokens_per_s:,.0f} input tokens/s",
        ),
        ("busy", f"{metrics.utilisation:.0%} of the time, {metrics.decode_batch_mean:.1f} sequences decoding"),
        ("KV cache", f"{metrics.kv_mean_share:.0%} full on average, {metrics.kv_peak_share:.0%} at most"),
        ("preemptions", f"{metrics.preemptions:,} ({metrics.recomputed_tokens:,} tokens computed again)"),
    ]
    if metrics.attainment is not None and metrics.goodput_per_s is not None and run.slo is not None:
        holds = "holds" if metrics.slo_holds else "does not hold"
        rows.append(("goodput", f"{metrics.goodput_per_s:.4g} requests/s within the SLO"))
        rows.append(("SLO", f"{holds}: {metrics.attainment.value:.1%} of {run.slo.percentile:g} % asked for"))
    ends = _intervals(run)
    if "ttft_s" in ends and "tpot_s" in ends:
        ttft, tpot = (f"{_time(ends[name][0])} to {_time(ends[name][1])}" for name in ("ttft_s", "tpot_s"))
        rows.append(("80 % interval", f"mean TTFT {ttft}, mean TPOT {tpot}; basis: {run.deployed.basis}"))
    if run.goodput is not None:
        best = run.goodput
        rows.append(("largest rate", f"{best.rate_per_s:.4g}/s ({best.low:.4g} to {best.high:.4g}); {best.reason}"))
    return rows


def _time(seconds: float) -> str:
    if seconds < 0.9995:
        return f"{seconds * 1e3:.3g} ms"
    return f"{seconds:.3g} s" if seconds < 1000 else f"{seconds:,.0f} s"
