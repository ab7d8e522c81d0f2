"""Simulations: requests against one deployment, and what its users would see."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from millwright.web.work.fields import Name, Seed, Text, WithFiles
from millwright.web.work.files import CalibrationId, UploadedName, calibration, uploaded
from millwright.web.worker import Tell

MODELS_FOLDER = "models"

_Short = Annotated[Text, StringConstraints(max_length=100)]

_MOST_REQUESTS = 2_000_000


class SimulateRequest(WithFiles):
    """One deployment and its load: one of `rate_per_s`, `concurrency` and `trace`."""

    model: Name = Field(description="A model of the catalogue, or an attachment `models/NAME/config.json`: NAME.")
    device: Name
    tp: Annotated[int, Field(ge=1, le=1024)] = 1
    precision: _Short = ""
    kv_precision: _Short = "bf16"
    engine: _Short = "vllm"
    rate_per_s: Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)] | None = None
    concurrency: Annotated[int, Field(ge=1, le=100_000)] | None = None
    arrivals: _Short = Field(default="poisson", description="How requests come: poisson, gamma:2, bursts:5,30s,5min.")
    turns: _Short = Field(default="", description="Turns of a session; then rates are those of sessions.")
    system_tokens: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    trace: UploadedName | None = None
    input: _Short = Field(
        default="1024", description="Tokens: 1024, uniform:100-2000, lognormal:MEAN,SIGMA, a profile."
    )
    output: _Short = "128"
    requests: Annotated[int, Field(ge=1, le=_MOST_REQUESTS)] | None = None
    replicas: Annotated[int, Field(ge=1, le=1000)] = 1
    others: tuple[_Short, ...] = Field(
        default=(), max_length=100, description="Further replicas on other devices: h200-sxm:2:fp8."
    )
    outages: tuple[_Short, ...] = Field(
        default=(), max_length=100, description="Replicas that are down for a while: 0:60s:120s, counted from 0."
    )
    router: _Short = "least-requests"
    seed: Seed = 0
    warmup: Annotated[float, Field(ge=0, le=0.9, allow_inf_nan=False)] = 0.1
    ttft: _Short = Field(default="", description="Limit on TTFT, such as 500ms.")
    tpot: _Short = ""
    e2e: _Short = ""
    percentile: Annotated[float, Field(ge=1, le=100, allow_inf_nan=False)] = 95.0
    max_num_seqs: Annotated[int, Field(ge=1, le=100_000)] | None = None
    max_num_batched_tokens: Annotated[int, Field(ge=1, le=10_000_000)] | None = None
    find_rate: bool = False
    think: _Short = Field(default="", description="Closed loop: how long a client waits, such as 2s.")
    speculate: _Short = Field(default="", description="A way of drafting and its tokens: mtp, eagle3:4, ngram.")
    acceptance: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None = None
    offload_gb: Annotated[float, Field(gt=0, lt=1e6, allow_inf_nan=False)] | None = None
    prefill_first: bool | None = Field(
        default=None, description="Decoding waits while there are prompts; null: as the engine does."
    )
    autoscale: Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)] | None = Field(
        default=None, description="Requests under way per replica that an autoscaler aims at, up to `replicas`."
    )
    start: _Short = Field(default="", description="How long a replica takes to start, such as 120s.")
    timeline: Annotated[int, Field(ge=0, le=5000)] = Field(
        default=0, description="So many requests as a timeline (Chrome trace format)."
    )
    calibration_id: CalibrationId = None


def simulate(asked: SimulateRequest, folder: Path, tell: Tell) -> dict[str, Any]:
    """Return the figures, as `millwright simulate --json` prints them, and the timeline where asked for."""
    from millwright.measure.asked import AskedSimulation
    from millwright.measure.simulation import run_simulation, simulation_json
    from millwright.simulate.timeline import chrome_trace

    began_s = time.perf_counter()
    names = [name for name in AskedSimulation.__dataclass_fields__ if name != "trace"]
    trace = None if asked.trace is None else uploaded(folder, asked.trace, "trace")
    wanted = AskedSimulation(trace=trace, **{name: getattr(asked, name) for name in names})
    run = run_simulation(wanted, own_catalog(folder), calibration(folder))
    document = simulation_json(run, time.perf_counter() - began_s)
    if asked.timeline:
        document["timeline"] = chrome_trace(run.outcomes, asked.timeline)
    return document


def own_catalog(folder: Path) -> Any:
    """Return the shipped catalogue, with the models that were uploaded as `models/NAME/config.json`."""
    from millwright.catalog.catalog import load_catalog
    from millwright.web.work.warm import shipped

    models = folder / MODELS_FOLDER
    return load_catalog((), (models,)) if models.is_dir() else shipped()
