"""A small sweep whose cells are quick to plan."""

from __future__ import annotations

from pathlib import Path

SCENARIO = """\
# An API alone: a plan takes a few hundredths of a second.
organisation: {country: IT, currency: EUR, employees: 25}  # kept
workloads:
  - name: assistant
    model: llama-3.3-70b
    traffic: {requests_per_day: 2000, profile: conversation}
    slo: {ttft: 3 s, tpot: 100 ms, percentile: 90}
sites:
  - {name: API, kind: api, countries: [EU]}
"""

SWEEP = """\
scenario: scenario.yaml
vary:
  workloads.assistant.traffic.requests_per_day: [500, 2000, 8000]
  finance.discount_rate: [6 %/y, 10 %/y]
seeds: 2
draws: 64
"""


def write_sweep(folder: Path) -> Path:
    """Write a sweep of twelve cells into `folder`, and return its file."""
    (folder / "scenario.yaml").write_text(SCENARIO)
    (folder / "sweep.yaml").write_text(SWEEP)
    return folder / "sweep.yaml"
