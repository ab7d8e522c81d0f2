"""Every kind of work: what it is called, what may be asked, and the function that does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from millwright.web.work import plans, what_if


@dataclass(frozen=True)
class Kind:
    """One kind of work."""

    request: type[BaseModel]
    run: Callable[..., Any]
    """From the request, a folder with its files and a `Tell` to plain JSON."""


KINDS: Mapping[str, Kind] = {
    "scenario": Kind(plans.ScenarioRequest, plans.check_scenario),
    "plan": Kind(plans.PlanRequest, plans.plan),
    "what-if": Kind(what_if.WhatIfRequest, what_if.what_if),
}
