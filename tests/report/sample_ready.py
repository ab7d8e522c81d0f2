"""A readiness made by hand for the tests of the report: one axis, one action, one condition, a way out."""

from __future__ import annotations

from sample_plan import sample_plan

from millwright.plan.model import EstimateValue, Plan
from millwright.plan.ready_model import AxisReadiness, Condition, Exit, ExitCause, Readiness, ReadinessAction

HOSTILE = "<b>page</b> [red]"


def _span(low: float, high: float, unit: str) -> EstimateValue:
    return EstimateValue(value=(low + high) / 2, low=low, high=high, unit=unit)


def ready_plan() -> Plan:
    """Return the sample plan with a readiness, a condition and a way out; a text that wants to be markup is in it."""
    plan = sample_plan()
    action = ReadinessAction(
        id="purpose-page",
        title=f"Write one {HOSTILE}",
        does="Purpose, limits, who decides.",
        owner="management",
        start="2026-12-01",
        end="2026-12-21",
        hours=_span(4, 16, "h"),
        cost=_span(0, 450, "EUR"),
        cost_per_month=_span(0, 0, "EUR/month"),
        critical=True,
        conditions=("purpose-written",),
    )
    ready = Readiness(
        axes=(AxisReadiness(axis="data", title="Data", low=12, high=57, questions=10, answered=8, proven=2),),
        actions=(action,),
        more_actions=4,
        conditions_met="2027-03-01",
        until="2027-09-01",
        cost=_span(1000, 20_000, "EUR"),
        cost_per_month=_span(50, 900, "EUR/month"),
        hours=_span(100, 400, "h"),
        hours_per_month=40,
        unknown=2,
        narrow_next=("Who decides?",),
        notes=("2 questions have no answer.",),
    )
    way_out = Exit(
        months=_span(1, 7, "month"),
        cost=_span(2200, 16_000, "EUR"),
        causes=(
            ExitCause(
                cause="re-tests", months=_span(0.3, 1, "month"), cost=_span(600, 2300, "EUR"), why="quality is tried"
            ),
            ExitCause(cause="contract", months=_span(0, 1, "month"), cost=_span(0, 0, "EUR"), why="notice"),
        ),
        unknown=("the form of API",),
        sentence="Leaving takes 1.0 to 7.0 months.",
    )
    condition = Condition(
        id="purpose-written",
        effect="qualify",
        state="not passed",
        question="governance-purpose",
        why="What for must be written.",
        needed="It is written in a page.",
    )
    options = tuple(option.model_copy(update={"exit": way_out, "conditions": (condition,)}) for option in plan.options)
    return plan.model_copy(update={"readiness": ready, "options": options})
