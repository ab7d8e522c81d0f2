"""One scenario surveyed, for the tests of the paper trail: a room, clouds of three kinds, personal and health data."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from millwright.law.load import load_rules
from millwright.law.survey import Survey, survey
from millwright.scenario.load import load_scenario

NAME = "ward | assistant <b>"
DAY = dt.date(2026, 11, 21)
MADE = dt.datetime(2026, 11, 21, 12, 30, tzinfo=dt.UTC)
RULES = load_rules()

TEXT = """
name: "ward | assistant <b>"
organisation: {country: DE, sector: health, employees: 300}
workloads:
  - {name: "chat *ward*", model: llama-3.3-70b, traffic: {rate: 1 /s}, data: {classes: [health], residency: [EU]}}
  - {name: menus, model: gpt-oss-120b, traffic: {rate: 1 /s}, data: {classes: [public]}}
sites:
  - {name: room, kind: owned}
  - {name: clouds, kind: cloud, providers: [aws, scaleway, lambda], facts: {processor_contract: true, c5: true}}
law: {allowed_jurisdictions: [EU], facts: {purpose: "letters | <script>", legal_basis: true}}
"""


def surveyed(folder: Path, told: dict[str, Any] | None = None, text: str = TEXT) -> Survey:
    """Return the survey of a scenario written to `folder`."""
    path = folder / "scenario.yaml"
    path.write_text(text, encoding="utf-8")
    loaded = load_scenario(path)
    return survey(loaded.scenario, loaded.catalog, RULES, DAY, told or {})
