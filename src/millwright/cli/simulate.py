"""`millwright simulate`: requests against one deployment, and what its users would see."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from millwright.errors import InputError
from millwright.quantity import share_text
from millwright.whole_file import check_writable, write_whole

if TYPE_CHECKING:
    from millwright.cli.progress import Tell
    from millwright.measure.simulation import SimulationRun
    from millwright.perf.calibration import Calibration
    from millwright.plan.model import Plan
    from millwright.scenario.load import LoadedScenario
    from millwright.simulate.outcomes import RequestOutcomes

Models = Annotated[list[Path] | None, typer.Option("--models", help="Folder of NAME/config.json to add; may repeat.")]
Devices = Annotated[list[Path] | None, typer.Option("--devices", help="Catalogue file to add; may repeat.")]

PATIENCE_S = 2.0
"""Progress is shown once a run takes longer."""

_LENGTH_HELP = "Tokens: 1024, uniform:100-2000, lognormal:MEAN,SIGMA, or a profile's name."


def simulate(
    scenario: Annotated[
        Path | None,
        typer.Argument(help="A scenario: its traffic and SLO, on what its plan chooses.", show_default=False),
    ] = None,
    workload: Annotated[str, typer.Option("--workload", help="Scenario: which; the first by default.")] = "",
    option: Annotated[
        str, typer.Option("--option", help="Scenario: an option of its plan, by rank or id; the first by default.")
    ] = "",
    plan: Annotated[Path | None, typer.Option("--plan", help="Scenario: its plan.json; made now by default.")] = None,
    model: Annotated[str, typer.Option("--model", help="Model of the catalogue, or a config.json.")] = "",
    device: Annotated[str, typer.Option("--device", help="Device of the catalogue.")] = "",
    tp: Annotated[int, typer.Option("--tp", min=1, help="Tensor parallelism: devices of the replica.")] = 1,
    precision: Annotated[
        str, typer.Option("--precision", help="Format of the weights; default: the model's own.")
    ] = "",
    kv_precision: Annotated[str, typer.Option("--kv-precision", help="Format of the KV cache.")] = "bf16",
    engine: Annotated[str, typer.Option("--engine", help="vllm, sglang, tensorrt-llm …")] = "vllm",
    rate: Annotated[float | None, typer.Option("--rate", help="Open loop: requests, or sessions, per second.")] = None,
    arrivals: Annotated[
        str, typer.Option("--arrivals", help="How they come: poisson, gamma:2.0 (variation), bursts:5,30s,5min.")
    ] = "poisson",
    turns: Annotated[
        str, typer.Option("--turns", help="Sessions: turns of each; --input is what a user adds at each.")
    ] = "",
    system: Annotated[int, typer.Option("--system", min=0, help="Sessions: tokens all prompts begin with.")] = 0,
    concurrency: Annotated[int | None, typer.Option("--concurrency", help="Closed loop: so many clients.")] = None,
    trace: Annotated[Path | None, typer.Option("--trace", help="Replay a trace: arrivals and lengths.")] = None,
    input_: Annotated[str, typer.Option("--input", help=_LENGTH_HELP)] = "1024",
    output: Annotated[str, typer.Option("--output", help=_LENGTH_HELP)] = "128",
    requests: Annotated[
        int | None, typer.Option("--requests", min=1, help="How many; 10,000 by default, of a trace all.")
    ] = None,
    replicas: Annotated[int, typer.Option("--replicas", min=1, help="So many replicas behind a router.")] = 1,
    replica: Annotated[
        list[str] | None, typer.Option("--replica", metavar="DEVICE[:TP[:PRECISION]]", help="One more; may repeat.")
    ] = None,
    outage: Annotated[
        list[str] | None,
        typer.Option(
            "--outage", metavar="N:FROM:TO", help="Replica N (from 0) is down, as 0:60s:120s; :lost: not retried."
        ),
    ] = None,
    router: Annotated[
        str, typer.Option("--router", help="round-robin, least-requests, prefix-aware, sticky …")
    ] = "least-requests",
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of arrivals and lengths.")] = 0,
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
    think: Annotated[
        str, typer.Option("--think", help="Pause of a client, mean pause before a session's next turn, such as 2s.")
    ] = "",
    speculate: Annotated[
        str, typer.Option("--speculate", metavar="METHOD[:k]", help="Draft k tokens a step: mtp, eagle3:4, ngram.")
    ] = "",
    acceptance: Annotated[
        float | None, typer.Option("--acceptance", min=0, max=1, help="Chance that a drafted token is accepted.")
    ] = None,
    offload: Annotated[
        float | None, typer.Option("--offload", metavar="GB", help="Host memory per replica for prefixes dropped.")
    ] = None,
    prefill_first: Annotated[
        bool | None,
        typer.Option(
            "--prefill-first/--mixed", help="Decoding waits for prompts, or shares steps; default: as the engine."
        ),
    ] = None,
    autoscale: Annotated[
        float | None,
        typer.Option("--autoscale", metavar="N", help="Scale up to --replicas: N requests under way each."),
    ] = None,
    start: Annotated[str, typer.Option("--start", help="Start of a replica, such as 120s.")] = "",
    find_rate: Annotated[
        bool, typer.Option("--find-rate", help="Also find the largest rate that keeps the SLO.")
    ] = False,
    timeline: Annotated[
        Path | None, typer.Option("--timeline", help="Write the first requests as a Chrome trace (ui.perfetto.dev).")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option("--plot", help="Draw queue, batch and KV cache over time as an SVG.")
    ] = None,
    models: Models = None,
    devices: Devices = None,
    calibration: Annotated[
        Path | None, typer.Option("--calibration", help="Corrections from `millwright calibrate`.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON only.")] = False,
) -> None:
    """Simulate a deployment under a rate, so many clients, or a trace, or a scenario; print what its users would see.

    For example: millwright simulate --model llama-3.1-8b --device h100-sxm --rate 8 --ttft 500ms
    """
    from millwright.catalog.catalog import load_catalog
    from millwright.cli.progress import progress
    from millwright.measure.asked import AskedSimulation
    from millwright.measure.simulation import asked_terms, run_simulation, simulation_json
    from millwright.perf.calibration import read_calibration

    if scenario is not None:
        from millwright.plan.simulated import simulate_option
        from millwright.scenario.load import load_scenario
    elif not (model and device) or workload or option or plan:
        raise InputError("nothing says what to simulate", remedy=_NEEDED)
    began_s = time.perf_counter()
    own_config = Path(model) if model.endswith(".json") else None
    catalog = load_catalog(devices or (), [*(models or ()), *([own_config] if own_config else ())])
    asked = AskedSimulation(
        model=own_config.parent.name if own_config else model,
        device=device,
        tp=tp,
        precision=precision,
        kv_precision=kv_precision,
        engine=engine,
        rate_per_s=rate,
        arrivals=arrivals,
        turns=turns,
        system_tokens=system,
        concurrency=concurrency,
        trace=trace,
        input=input_,
        output=output,
        requests=requests,
        replicas=replicas,
        others=tuple(replica or ()),
        outages=tuple(outage or ()),
        router=router,
        seed=seed,
        warmup=warmup,
        ttft=ttft,
        tpot=tpot,
        e2e=e2e,
        percentile=percentile,
        max_num_seqs=max_num_seqs,
        max_num_batched_tokens=max_num_batched_tokens,
        find_rate=find_rate,
        think=think,
        speculate=speculate,
        acceptance=acceptance,
        offload_gb=offload,
        prefill_first=prefill_first,
        autoscale=autoscale,
        start=start,
    )
    for path in (timeline, plot):
        if path is not None:
            check_writable(path)
    corrections = read_calibration(calibration) if calibration is not None else None
    with progress() as tell:

        def tell_late(done: int, of: int) -> None:
            if time.perf_counter() - began_s > PATIENCE_S:
                tell("simulating", done, of)

        if scenario is None:
            run, about = run_simulation(asked, catalog, corrections, tell_late), ""
        else:
            if model or device or concurrency or trace or turns or replica or autoscale or find_rate:
                raise InputError("a scenario says itself what is served, where and how well", remedy=_OF_A_SCENARIO)
            loaded = load_scenario(scenario, catalog)
            made = _plan(loaded, plan, seed, corrections, tell)
            run, about = simulate_option(
                loaded, made, asked_terms(asked), option=option, workload=workload, rate_per_s=rate,
                requests=requests, calibration=corrections, tell=tell_late,
            )  # fmt: skip
    if timeline is not None:
        _write_timeline(run.outcomes, timeline)
    if plot is not None:
        _write_plot(run, plot)
    wall_s = time.perf_counter() - began_s
    if as_json:
        import json

        told = {"scenario": about} if about else {}
        typer.echo(json.dumps({**told, **simulation_json(run, wall_s)}, indent=2, allow_nan=False))
    else:
        if about:
            typer.echo(about)
        _print_table(run, wall_s)


_NEEDED = "Give a scenario (and, if you like, --workload, --option and --plan with it), or --model and --device."
_OF_A_SCENARIO = "Leave those options out; with a scenario go --workload, --option, --plan, --rate and --requests."


def _plan(loaded: LoadedScenario, path: Path | None, seed: int, calibration: Calibration | None, tell: Tell) -> Plan:
    """Return the plan in a file, or made now: without a mixed fleet, which has no option of its own."""
    from datetime import date

    from millwright.plan.make import make_plan
    from millwright.plan.plan_file import read_plan

    if path is not None:
        return read_plan(path)
    return make_plan(loaded, today=date.today(), seed=seed, progress=tell, calibration=calibration, mix=False)


# -- what is shown -------------------------------------------------------------------------------------------

_LATENCIES = ("ttft_s", "tpot_s", "itl_s", "e2e_s", "queue_s")
_COLUMNS = ("mean", "p50", "p90", "p95", "p99", "p999")


def _write_timeline(outcomes: RequestOutcomes, path: Path) -> None:
    import json

    from millwright.simulate.timeline import chrome_trace

    write_whole(path, json.dumps(chrome_trace(outcomes), allow_nan=False).encode("utf-8"))


def _write_plot(run: SimulationRun, path: Path) -> None:
    from millwright.report.charts import as_svg
    from millwright.report.run_chart import run_chart

    seen = run.occupancy
    if seen is None or not len(seen.time_s):
        raise InputError("nothing was served that could be drawn", str(path))
    title = f"{run.deployment.model.name} on {run.deployment.device_count} × {run.deployment.device.name}"
    if (replicas := len(run.outcomes.replica_totals)) > 1:
        title += f", {replicas} replicas"
    chart = run_chart(seen.time_s - seen.time_s[0], run.waiting, seen.running, seen.kv_share, title)
    write_whole(path, as_svg(chart).encode("utf-8"))


def _print_table(run: SimulationRun, wall_s: float) -> None:
    from rich.console import Console
    from rich.table import Table

    metrics, deployment = run.metrics, run.deployment
    console = Console(highlight=False, soft_wrap=True)
    console.print(
        f"{deployment.model.name} in {deployment.weights} on {deployment.device_count} × {deployment.device.name}, "
        f"{deployment.engine.name}{_beside(run)}"
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


def _beside(run: SimulationRun) -> str:
    """Return the other replicas in words."""
    count = len(run.outcomes.replica_totals) - len(run.others)
    told = f", {count} replicas" if count > 1 else ""
    others = Counter(f"{each.device_count} × {each.device.name} in {each.weights}" for each in run.others)
    return told + "".join(f", {number if number > 1 else 'one'} more on {name}" for name, number in others.items())


def _facts(run: SimulationRun) -> list[tuple[str, str]]:
    metrics = run.metrics
    rows = [
        ("requests judged", f"{metrics.requests:,}, {metrics.served:,} served, {metrics.refused:,} refused"),
        (
            "throughput",
            f"{metrics.requests_per_s:.4g} requests/s, {metrics.output_tokens_per_s:,.0f} output tokens/s, "
            f"{metrics.input_tokens_per_s:,.0f} input tokens/s",
        ),
        ("busy", f"{share_text(metrics.utilisation)} of the time, {metrics.decode_batch_mean:.1f} sequences decoding"),
        (
            "KV cache",
            f"{share_text(metrics.kv_mean_share)} full on average, {share_text(metrics.kv_peak_share)} at most",
        ),
        *_spared(run),
        *_scaled(run),
        *_retried(run),
        *_energy(run),
        ("preemptions", f"{metrics.preemptions:,} ({metrics.recomputed_tokens:,} tokens computed again)"),
    ]
    if metrics.attainment is not None and metrics.goodput_per_s is not None and run.slo is not None:
        holds = "holds" if metrics.slo_holds else "does not hold"
        rows.append(("goodput", f"{metrics.goodput_per_s:.4g} requests/s within the SLO"))
        for label, met in run.attainment_by_priority.items():
            rows.append((f"priority {label}", f"{share_text(met.value, 1)} within the SLO"))
        rows.append(
            ("SLO", f"{holds}: {share_text(metrics.attainment.value, 1)} of {run.slo.percentile:g} % asked for")
        )
    ends = run.mean_intervals_80
    if "ttft_s" in ends and "tpot_s" in ends:
        ttft, tpot = (f"{_time(ends[name][0])} to {_time(ends[name][1])}" for name in ("ttft_s", "tpot_s"))
        rows.append(("80 % interval", f"mean TTFT {ttft}, mean TPOT {tpot}; basis: {run.deployed.basis}"))
    if run.goodput is not None:
        best = run.goodput
        rows.append(("largest rate", f"{best.rate_per_s:.4g}/s ({best.low:.4g} to {best.high:.4g}); {best.reason}"))
    return rows


def _spared(run: SimulationRun) -> list[tuple[str, str]]:
    totals, rows = run.outcomes.totals, []
    if totals.drafted_tokens:
        tokens = totals.decode_tokens / max(totals.drafted_tokens / run.drafted, 1)
        rows.append(("drafts", f"{totals.drafted_tokens:,} tokens drafted, {tokens:.2f} tokens a step and sequence"))
    if totals.cached_tokens:
        told = f"{share_text(run.metrics.cached_share)} of the prompt tokens found"
        if totals.loaded_tokens:
            told += f", {share_text(totals.loaded_tokens / totals.cached_tokens)} of them in the host's memory"
        rows.append(("prefix cache", told))
    return rows


def _retried(run: SimulationRun) -> list[tuple[str, str]]:
    from millwright.simulate.outcomes import Fate

    retries = 0 if run.outcomes.retries is None else int(run.outcomes.retries.sum())
    lost = int((run.outcomes.fate == Fate.LOST).sum())
    return [("outages", f"{retries:,} requests begun anew, {lost:,} lost or never sent")] if retries or lost else []


def _scaled(run: SimulationRun) -> list[tuple[str, str]]:
    from millwright.simulate.autoscaling import paid_s

    scaled = run.outcomes.scaled
    if not scaled:
        return []
    until_s = scaled[-1].time_s
    mean = paid_s(scaled, until_s) / max(until_s - scaled[0].time_s, 1e-9)
    ups = [each.up for each in scaled]
    return [("replicas", f"{min(ups)} to {max(ups)}, {mean:.2f} on average (those starting counted)")]


def _energy(run: SimulationRun) -> list[tuple[str, str]]:
    taken = run.energy
    if taken is None or taken.per_output_token_j is None:
        return []
    each = taken.per_output_token_j
    shares = ", ".join(
        f"{share_text(part / taken.total_j.value)} {name}"
        for name, part in (("prompts", taken.prompt_j), ("decoding", taken.decode_j), ("idle", taken.idle_j))
    )
    told = f"{each.value:.3g} J per output token ({each.low:.3g} to {each.high:.3g}), {taken.power_w:,.0f} W: {shares}"
    return [("energy of devices", told)]


def _time(seconds: float) -> str:
    if seconds < 0.9995:
        return f"{seconds * 1e3:.3g} ms"
    return f"{seconds:.3g} s" if seconds < 1000 else f"{seconds:,.0f} s"
