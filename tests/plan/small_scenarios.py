"""Scenarios small enough to be planned within a second, and their plans, made once."""

from __future__ import annotations

import datetime as dt
from functools import cache
from pathlib import Path

from millwright.catalog.catalog import load_catalog
from millwright.plan.make import make_plan
from millwright.plan.model import Plan
from millwright.scenario.load import LoadedScenario, read_scenario

CATALOG = load_catalog()
TODAY = dt.date(2026, 11, 21)
DRAWS = 128

CHAT = """
  - name: chat
    model: llama-3.1-8b
    traffic: {rate: 4 /s, profile: conversation, shape: office-hours}
    growth: 15 %/y
    slo: {ttft: 2 s, tpot: 60 ms}
    data: {classes: [internal]}
"""
NIGHT = """
  - name: night
    model: llama-3.1-8b
    mode: batch
    deadline: 6 h
    traffic: {requests_per_day: 20000, profile: summarisation}
    data: {classes: [public]}
"""
ROOM = "{name: room, kind: owned, hosts: [server-l40s-4, hgx-h100-8, workstation-rtx-5090-1], power: 12 kW}"
HALL = "{name: hall, kind: colo, hosts: [server-l40s-4]}"
CLOUD = "{name: cloud, kind: cloud, providers: [scaleway]}"
TOKENS = "{name: tokens, kind: api, providers: [groq, deepinfra, nebius]}"
ALL_SITES = (ROOM, HALL, CLOUD, TOKENS)


def scenario(
    workloads: str = CHAT,
    sites: tuple[str, ...] = ALL_SITES,
    more: str = "",
    organisation: str = "{country: DE, currency: EUR, sector: technology}",
) -> LoadedScenario:
    """Return a scenario of these workloads and sites; `more` is added at the end."""
    listed = "\n".join(f"  - {site}" for site in sites)
    text = f"name: small\norganisation: {organisation}\nworkloads:{workloads}sites:\n{listed}\n{more}\n"
    return read_scenario(text, Path("scenario.yaml"), CATALOG)


def plan(loaded: LoadedScenario, seed: int = 0, *, mix: bool = False) -> Plan:
    """Return the plan of a scenario as of a fixed day; a mixed fleet is sought where `mix` asks for it."""
    return make_plan(loaded, today=TODAY, seed=seed, draws=DRAWS, mix=mix)


@cache
def chat_plan() -> Plan:
    """Return the plan of one chat on every sort of site."""
    return plan(scenario())


@cache
def two_workloads_plan() -> Plan:
    """Return the plan of a chat by day and a batch by night."""
    return plan(scenario(CHAT + NIGHT))
