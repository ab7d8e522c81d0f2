"""A simulation to be played: its state over time, its requests, its charts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import Field

from millwright.web.work.fields import Name, Request, Seed
from millwright.web.worker import Tell

MOST_REQUESTS = 5_000


class PlaybackRequest(Request):
    """One replica and its load."""

    model: Name
    device: Name
    tp: int = Field(default=1, ge=1, le=64)
    precision: str = Field(default="", max_length=20)
    rate_per_s: float = Field(default=1.0, gt=0.0, le=1e5)
    profile: Name = "conversation"
    requests: int = Field(default=400, ge=1, le=MOST_REQUESTS)
    seed: Seed = 0


def play(asked: PlaybackRequest, folder: Path, tell: Tell) -> dict[str, Any]:
    """Return the figures of a run, its state over time, its requests, and their charts."""
    from altair.utils import schemapi

    from millwright.measure.asked import AskedSimulation
    from millwright.measure.simulation import run_simulation, simulation_json
    from millwright.report.playback_charts import latency_histogram, state_chart
    from millwright.simulate.playback import playback
    from millwright.web.work.warm import shipped

    wanted = AskedSimulation(
        model=asked.model, device=asked.device, tp=asked.tp, precision=asked.precision, rate_per_s=asked.rate_per_s,
        input=asked.profile, output=asked.profile, requests=asked.requests, seed=asked.seed,
    )  # fmt: skip
    run = run_simulation(replace(wanted, warmup=0.0), shipped())
    played = playback(run.outcomes)
    fields = (
        ("waiting", "requests that wait", None),
        ("running", "requests that run", None),
        ("context_tokens", "tokens of context held", played["capacity_tokens"]),
    )
    with schemapi.debug_mode(False):
        charts = [
            {"name": name, "spec": state_chart(played["moments"], name, title, k, most).to_dict(), "words": title}
            for k, (name, title, most) in enumerate(fields)
        ]
        took = "seconds from arrival to the last token"
        histogram = latency_histogram(played["requests"], took).to_dict()
    charts.append({"name": "histogram", "spec": histogram, "words": took})
    for chart in charts:
        chart["spec"].pop("config", None)
    return {"figures": simulation_json(run, 0.0), "charts": charts, **played}
