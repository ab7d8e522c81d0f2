"""The what-if form: its fields filled with what the scenario says now."""

from __future__ import annotations

from typing import Any

from millwright.catalog.precision import Precision
from millwright.plan.model import Plan
from millwright.traffic.shape import named_shapes
from millwright.web.page.render import render

_FORMATS = (Precision.BF16, Precision.FP8, Precision.INT8, Precision.INT4)
"""Weight formats offered beside those of the plan."""


def what_if_form(plan: Plan, *, may_save: bool) -> str:
    """Return the form for a plan; a field whose value the plan does not tell is left empty."""
    first = plan.workloads[0]
    limits: dict[str, Any] = {
        limit.metric: limit.limit_s for workload in reversed(plan.workloads) for limit in workload.slo
    }
    percentile = next((limit.percentile for workload in plan.workloads for limit in workload.slo), "")
    used = [
        part.deployment.weights_precision
        for option in plan.options
        for part in option.fleet
        if part.deployment is not None
    ]
    now = list(dict.fromkeys(used))
    return render(
        "what_if",
        workloads=plan.workloads,
        shapes=[(name, shape.title) for name, shape in named_shapes().items()],
        currency=plan.header.currency,
        growth=first.growth_per_year,
        electricity="",
        discount=plan.header.discount_rate_per_year,
        online=bool(limits),
        ttft=limits.get("ttft", ""),
        tpot=limits.get("tpot", ""),
        e2e=limits.get("e2e", ""),
        percentile=percentile,
        precisions=list(dict.fromkeys([*now, *map(str, _FORMATS)])),
        precisions_now=now,
        spares="",
        may_save=may_save,
    )
