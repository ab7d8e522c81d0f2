"""Readiness and exit as published: how ready the organisation is, what each option asks of it, and the way out."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from millwright.plan.base_model import EstimateValue, Number, PlanModel


class AxisReadiness(PlanModel):
    """The score of one axis, 0 to 100, as the range that the answers leave open."""

    axis: str
    title: str
    low: Number
    high: Number
    questions: int
    answered: int
    proven: int
    """Answers that are documented or measured."""


class ReadinessAction(PlanModel):
    """Something to do to get ready, with its dates, own hours and money."""

    id: str
    title: str
    does: str
    owner: str
    start: str
    """ISO date."""
    end: str
    hours: EstimateValue
    cost: EstimateValue
    cost_per_month: EstimateValue
    critical: bool
    """Whether the end of all waits for it."""
    conditions: tuple[str, ...] = ()
    """Ids of the conditions of options that are met by it."""


class Condition(PlanModel):
    """What an option asks of the organisation and is not known to be there."""

    id: str
    effect: Literal["block", "qualify"]
    state: Literal["not passed", "unknown"]
    question: str
    why: str
    needed: str
    """What must be seen, in the words of the question's level."""


class Readiness(PlanModel):
    """The assessment that the scenario names, and what to do about it for the option advised."""

    axes: tuple[AxisReadiness, ...]
    actions: tuple[ReadinessAction, ...] = ()
    """The first ones; the most urgent first."""
    more_actions: int = Field(default=0, ge=0)
    conditions_met: str | None = None
    """ISO date by which the known open conditions of the option advised are met; null: there are none."""
    until: str | None = None
    """ISO date by which all known gaps are closed."""
    cost: EstimateValue
    cost_per_month: EstimateValue
    hours: EstimateValue
    hours_per_month: Number
    unknown: int = Field(default=0, ge=0)
    """Questions without an answer."""
    narrow_next: tuple[str, ...] = ()
    """What to answer or prove next."""
    notes: tuple[str, ...] = ()


class ExitCause(PlanModel):
    """One cause that holds back who wants to leave."""

    cause: Literal["contract", "data", "formats", "re-tests", "skills", "machines"]
    months: EstimateValue
    cost: EstimateValue
    why: str


class Exit(PlanModel):
    """What it would take to leave an option. Intervals are a range of judgement (quality C), not percentiles."""

    months: EstimateValue
    cost: EstimateValue
    causes: tuple[ExitCause, ...]
    unknown: tuple[str, ...] = ()
    sentence: str
