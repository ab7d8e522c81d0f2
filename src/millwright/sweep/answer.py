"""What one cell of a sweep answers: the plan's leading option and its figures, in one flat row."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

from millwright.catalog.catalog import ShippedCatalog, load_catalog
from millwright.errors import InputError
from millwright.plan.make import make_plan
from millwright.plan.model import Plan
from millwright.scenario.load import read_scenario
from millwright.sweep.grid import Cell

Field: TypeAlias = str | int | float | None
Row: TypeAlias = dict[str, Field]

ANSWER_FIELDS = (
    "status", "decision", "option", "title", "probability", "lcot_per_mtok", "lcot_low", "lcot_high", "capex",
    "capex_high", "opex_per_month", "npv_of_costs", "power_mean_w", "currency", "feasible", "refused", "answer",
)  # fmt: skip
"""Columns of an answer; money is in the scenario's currency, LCOT per million tokens, its interval P10 … P90."""


def plan_cell(cell: Cell, as_of: dt.date) -> Row:
    """Return the answer of one cell. A combination of values that makes no sound scenario is an answer too."""
    empty: Row = dict.fromkeys(ANSWER_FIELDS)
    try:
        loaded = read_scenario(cell.text(), Path(cell.base.path), _catalog())
    except InputError as error:
        return empty | {"status": "wrong input", "answer": str(error)}
    return empty | _row(make_plan(loaded, today=as_of, seed=cell.seed, draws=cell.draws))


def _row(plan: Plan) -> Row:
    row: Row = {
        "status": "planned" if plan.options else "nothing feasible",
        "decision": str(plan.answer.decision),
        "currency": plan.header.currency,
        "feasible": len(plan.options),
        "refused": len(plan.refused),
        "answer": plan.answer.sentence,
    }
    if plan.answer.option_id is None:
        return row
    best = plan.option(plan.answer.option_id)
    cost, power = best.cost, best.power.power_mean_w
    return row | {
        "option": best.id,
        "title": best.title,
        "probability": plan.answer.probability,
        "lcot_per_mtok": cost.lcot.value,
        "lcot_low": cost.lcot.low,
        "lcot_high": cost.lcot.high,
        "capex": cost.capex.value,
        "capex_high": cost.capex.high,
        "opex_per_month": cost.opex_per_month.value,
        "npv_of_costs": cost.npv_of_costs.value,
        "power_mean_w": None if power is None else power.value,
    }


@lru_cache(maxsize=1)
def _catalog() -> ShippedCatalog:
    return load_catalog()
