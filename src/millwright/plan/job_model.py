"""A fine-tuning job as the plan publishes it: where it runs, how long, what it costs."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from millwright.plan.base_model import EstimateValue, MaybeNumber, Number, PlanModel, Share

IdleMonths = Annotated[int, Field(ge=0)]


class JobPlacement(PlanModel):
    """One job of the scenario as one option does it."""

    job: str
    workload: str
    where: str
    """`idle hours`, `rented`, or `idle hours, then rented`."""
    machine: str
    run_time: EstimateValue
    """Of one run [h]: machine-hours, without waits for idle hours."""
    runs_per_month: Number
    idle_months: IdleMonths = 0
    """Months of the horizon in which it fits the idle hours."""
    idle_share: Share | None = None
    """Share of the idle hours that it takes, where it takes most."""
    longest_hours: MaybeNumber = None
    """From the start of a run at the worst time to its end, in idle hours [h]."""
    energy_kwh_per_run: EstimateValue | None = None
    cost_per_month: Number
    """Mean over the horizon, electricity or rent [currency]."""
    text: str
