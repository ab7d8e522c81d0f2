"""Examples in the API's documentation; the tests send each of them."""

from __future__ import annotations

from typing import Any

_SCENARIO_TEXT = """\
name: chat
organisation: {country: DE, currency: EUR}
workloads:
  - name: assistant
    model: qwen2.5-7b
    traffic: {requests_per_day: 5000, profile: conversation, shape: office-hours}
    slo: {ttft: 2 s, tpot: 60 ms, percentile: 95}
sites:
  - {name: room, kind: owned, power: 10 kW, rack_units: 20, devices: [l40s]}
"""

_CASE_TEXT = """\
case: Small office
currency: EUR
horizon_months: 36
discount_rate_per_y: 8 %
demand: {input_tokens: 60e6, output_tokens: 18e6, requests: 60000}
options:
  own:
    - hosts: {hosts: 1, price: 11000, life_months: 60, source: an offer}
  tokens:
    - api_tokens: {input_price_per_mtok: 0.6, output_price_per_mtok: 1.2, source: price list, date: 2026-08}
"""

_ID = "0123456789ab"


def _example(summary: str, value: dict[str, Any]) -> dict[str, Any]:
    return {summary.split()[0].lower(): {"summary": summary, "value": value}}


SCENARIO = _example("Scenario of a chat assistant", {"scenario": _SCENARIO_TEXT})

CHECK = _example(
    "Check with a fact assumed", {"scenario": _SCENARIO_TEXT, "as_of": "2026-09-01", "assume": ["dpf-annulled"]}
)

SIMULATE = _example(
    "Open loop of three requests a second",
    {"model": "qwen2.5-7b", "device": "l40s", "rate_per_s": 3, "requests": 2000, "ttft": "2s"},
)

COST = _example("Two ways to serve an office", {"case": _CASE_TEXT})

POINTS = _example("Points that were uploaded", {"points": "points.csv", "attachments": {"points.csv": _ID}})

CALIBRATE = _example(
    "Calibration by two uploads",
    {"points": ["a.csv", "b.json"], "columns": {"tp": "2"}, "attachments": {"a.csv": _ID, "b.json": _ID}},
)

DATA = _example("Prompt log that was uploaded", {"file": "log.jsonl", "attachments": {"log.jsonl": _ID}})

ASSESS = _example(
    "Assessment of a few answers",
    {"answers": "means: {hours_per_month: 20}\nanswers:\n  compute-room: 0\n  data-owner: 1\n", "start": "2026-12-01"},
)

_MACHINE_TEXT = """\
@@ millwright-inventory 1
@@ nvidia-smi
0, NVIDIA L40S, 46068, 570.86.15, 350.00, 4, 16
@@ status nvidia-smi 0
@@ end
"""

INVENTORY = _example("Machine with one accelerator", {"output": _MACHINE_TEXT, "site": "server room"})
