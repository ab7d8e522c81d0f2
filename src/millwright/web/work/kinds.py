"""Every kind of work: what it is called, what may be asked, and the function that does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from millwright.web.work import (
    costs,
    figures,
    judgements,
    plans,
    playback,
    points,
    readiness,
    scenario_form,
    simulations,
    views,
    what_if,
)


@dataclass(frozen=True)
class Kind:
    """One kind of work."""

    request: type[BaseModel]
    run: Callable[..., Any]
    """From the request, a folder with its files and a `Tell` to plain JSON."""
    table: str = ""
    """Key of the result under which its rows are, where it is a table."""


KINDS: Mapping[str, Kind] = {
    "scenario": Kind(plans.ScenarioRequest, plans.check_scenario),
    "plan": Kind(plans.PlanRequest, plans.plan, table="options"),
    "form": Kind(scenario_form.FormRequest, scenario_form.form),
    "playback": Kind(playback.PlaybackRequest, playback.play),
    "figures": Kind(figures.FiguresRequest, figures.draw),
    "view": Kind(views.ViewRequest, views.view),
    "what-if": Kind(what_if.WhatIfRequest, what_if.what_if),
    "check": Kind(judgements.CheckRequest, judgements.check, table="places"),
    "people": Kind(judgements.PeopleRequest, judgements.people, table="options"),
    "simulate": Kind(simulations.SimulateRequest, simulations.simulate),
    "cost": Kind(costs.CostRequest, costs.cost),
    "predict": Kind(points.PredictRequest, points.predict, table="rows"),
    "validate": Kind(points.ValidateRequest, points.validate, table="comparisons"),
    "calibrate": Kind(points.CalibrateRequest, points.calibrate),
    "count-points": Kind(points.PredictRequest, points.count_points),
    "data": Kind(points.DataRequest, points.data),
    "assess": Kind(readiness.AssessRequest, readiness.assess),
    "answers": Kind(readiness.AnswersRequest, readiness.answer),
    "inventory": Kind(readiness.InventoryRequest, readiness.inventory),
}
